"""What a format of datasets must provide to be read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from condgan.data.dataset import Contents
from condgan.recipe import Data

Progress = Callable[[str, int, int], None]
"""Called with what is read, how many are done, and of how many."""


def silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Reader:
    """A row of ``READERS``: a format of files.

    Attributes:
        name: of the format.
        words: what lies at the path, as in "give the path of ...".
        splits: which splits it brings; missing ones are drawn from train.
        matches: whether an existing path is of this format; the first row of the table that matches reads it.
        read: path, name of the dataset, how images are brought to one shape, and a progress -> what the path holds.
            Raises CondganError if that is damaged.
        endings: of file names that the dataset's name leaves out.
    """

    name: str
    words: str
    splits: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, str, Data, Progress], Contents]
    endings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuiltIn:
    """A row of ``BUILT_IN``: a dataset that comes with condgan, by its name.

    Attributes:
        licence: of the images, in words, and as Hugging Face abbreviates it.
    """

    name: str
    words: str
    splits: str
    read: Callable[[Data], Contents]
    licence: tuple[str, str]
