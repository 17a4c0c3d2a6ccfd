"""What a format of datasets must provide to be written."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from condgan.arrays import Conditions, Samples

Add = Callable[[Samples, Conditions], None]
"""Takes the next part: raw images (n, H, W) or (n, H, W, 3), or vectors (n, D); and their conditions (n, ...)."""


@dataclass(frozen=True)
class Content:
    """What is to be written: ``count`` samples (C, H, W) or (D,), for classes or conditions of length ``condition``."""

    count: int
    shape: tuple[int, ...]
    class_names: tuple[str, ...] = ()
    condition: int | None = None


@dataclass(frozen=True)
class Writer:
    """A row of the table in ``condgan.data.writers``.

    Attributes:
        name: of the format.
        words: what is written, as in "give the path of ...".
        ending: of its paths; empty for the one that takes all others.
        vectors: whether samples or conditions may be vectors.
        open: creates it at a free path -> what takes its parts; it is complete when the context ends.
    """

    name: str
    words: str
    ending: str
    vectors: bool
    open: Callable[[Path, Content], AbstractContextManager[Add]]
