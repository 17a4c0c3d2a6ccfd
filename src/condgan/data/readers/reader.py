"""What a format of datasets must provide to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.data.dataset import Contents
from condgan.recipe import Data

Progress = Callable[[str, int, int], None]
"""Called with what is read, how many are done, and of how many."""


def silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Some images of a source, and how many there are of each class.

    Attributes:
        contents: the images, evenly spread over what was read; a class may have none.
        counts: images of each class, (K,), in every split of the source.
    """

    contents: Contents
    counts: Mapping[str, npt.NDArray[np.int64]]


Sizes = Mapping[tuple[int, int], int]


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
        peek: how many images there are, and of which (height, width), from a look at headers; none of what has to be
            read to know.
        sample: as read, of a dataset of many images, at most so many; none of what is to be read whole.
    """

    name: str
    words: str
    splits: str
    matches: Callable[[Path], bool]
    read: Callable[[Path, str, Data, Progress], Contents]
    endings: tuple[str, ...] = ()
    peek: Callable[[Path], tuple[int, Sizes] | None] = lambda path: None
    sample: Callable[[Path, str, Data, int], Sample | None] = lambda path, name, data, most: None


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
