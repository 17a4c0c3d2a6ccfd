"""The one door to all datasets: from a recipe's source, or from what is passed as ``data``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from condgan.arrays import MAX_SIZE, MIN_SIZE, Images
from condgan.data import identity, readers
from condgan.data.dataset import Contents, Dataset, Split
from condgan.data.identity import Known
from condgan.data.readers import BUILT_IN, images, passed
from condgan.data.readers.reader import Progress, Reader, Sample, Sizes, silent
from condgan.data.splits import complete, without_empty
from condgan.data.tree import printable
from condgan.errors import CondganError, nearest
from condgan.recipe import Data

Given = str | Path | Dataset | tuple[Any, Any]
"""What ``data=`` takes: a built-in name or a path, a Dataset, or arrays as ``readers.passed.read`` takes them."""


def load(
    data: Data,
    given: Given | None = None,
    known: Known | None = None,
    leave_out: bool = False,
    progress: Progress = silent,
) -> Dataset:
    """The dataset that a recipe names, at its size and channels; missing splits are drawn by ``data.split_seed``.

    What is given wins over the recipe's source; a Dataset stays as it is.

    Args:
        data: of the recipe.
        given: what is passed as ``data``.
        known: the splits of a run; each image that it knows is in its split again.
        leave_out: leave out images that the run does not know; else they are trained on.
        progress: called while many files are read.

    Raises:
        CondganError: there is no such source, or it does not hold labelled images.
    """
    if isinstance(given, Dataset):
        shape = given.train.images.shape[1:]
        if len(shape) == 3 and not MIN_SIZE <= min(shape[1:]) <= max(shape[1:]) <= MAX_SIZE:
            given_size = f"{shape[1]}x{shape[2]}"
            raise CondganError(f"data={given.name}: images of size {given_size}, expected {MIN_SIZE} to {MAX_SIZE}")
        return given
    if given is not None and not isinstance(given, str | Path):
        contents = passed.read(given, data)
    else:
        source = data.source if given is None else str(given)
        with readable(f"data.source={source}", Path(source)):
            contents = named(source, data, progress)
    if contents.class_names:
        contents = without_empty(contents)
    if known is not None and contents.hashes:
        contents, notices = identity.assigned(contents, known, leave_out, data.split_seed)
        contents = replace(contents, notices=(*contents.notices, *notices))
    with readable(contents.name, Path(contents.name)):
        return complete(contents, data.split_seed)


def recorded(data: Data, given: Given | None, dataset: Dataset) -> Data:
    """The recipe's data as a run records it: a path that is found from any folder, or ``arrays``; and what was decided.

    Args:
        data: of the recipe.
        given: what ``load`` was given.
        dataset: what it returned; images of a Dataset that was given have their own size and channels.
    """
    source = data.source if given is None else str(given)
    decided: dict[str, str] = {"train_on": dataset.training_splits(data.train_on)}
    if data.background == "auto":
        decided["background"] = dataset.background
    data = data.model_copy(update=decided)
    if isinstance(given, Dataset) and given.source is not None:
        return data.model_copy(update={"source": given.source})
    if given is None or isinstance(given, str | Path):
        return data.model_copy(update={"source": place(source)})
    form: dict[str, int | str] = {}
    if isinstance(given, Dataset) and dataset.train.images.ndim == 4:
        channels, height, width = dataset.train.images.shape[1:]
        form = {"channels": channels, "size": height if height == width else f"{height}x{width}"}
    return data.model_copy(update={"source": passed.NAME, **form})


def place(source: str) -> str:
    """A source as a run records it: a built-in name, or a path that is found from any folder."""
    path = Path(source).expanduser()
    return str(path.resolve()) if source not in BUILT_IN and path.exists() else source


def pooled(path: Path, data: Data) -> tuple[Split, tuple[str, ...], tuple[str, ...]]:
    """All labelled images at a path, whatever splits they lie in -> them, their class names, and what was done to them.

    Raises:
        CondganError: there are none, or they are damaged.
    """
    with readable(str(path), path):
        contents = read(path, data)
    splits = list(contents.splits.values())
    images = np.concatenate([split.images for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    return Split(images, labels), contents.class_names, contents.notices


def peek(source: str, data: Data) -> tuple[int, Sizes]:
    """How many images there are, and of which (height, width), from a look at some of them.

    Raises:
        CondganError: there is no such source, or it has no images.
    """
    path = Path(os.path.expanduser(source))
    with readable(source, path):
        row = readers.of(path) if source not in BUILT_IN and os.path.exists(path) else None
        if row is not None and (found := row.peek(path)) is not None:
            return found
        contents = named(source, data)
    count = sum(map(len, contents.splits.values()))
    return count, contents.sizes or {contents.splits["train"].images.shape[2:]: count}


def sample(source: str, data: Data, most: int) -> Sample | None:
    """At most so many of the images of a large dataset; none of one that is to be read whole.

    Raises:
        CondganError: as ``load``.
    """
    path = Path(os.path.expanduser(source))
    with readable(f"data.source={source}", path):
        if source in BUILT_IN or "\0" in source or not os.path.exists(path) or (row := readers.of(path)) is None:
            return None
        return row.sample(path, called(path, row), data, most)


def unlabelled(path: Path, data: Data) -> tuple[Images, tuple[str, ...]]:
    """All images below a folder or in an archive, (N, C, H, W), with or without labels; and what was done to them.

    Raises:
        CondganError: there are none, or they are damaged.
    """
    if readers.of(path) is not images.READER:
        raise CondganError(f"{path} is neither a folder nor an archive of images")
    with readable(str(path), path):
        return images.unlabelled(path, data)


def named(source: str, data: Data, progress: Progress = silent) -> Contents:
    """What a built-in dataset holds, or a path; one that has a built-in name is written as a path: ``./mnist``.

    Raises:
        CondganError: there is no such source, or it is damaged.
    """
    if source in BUILT_IN:
        return BUILT_IN[source].read(data)
    path = Path(os.path.expanduser(source))
    if source and "\0" not in source and os.path.exists(path):
        return read(path, data, progress)
    if source == passed.NAME:
        raise CondganError("the data was passed as arrays in Python: pass the same again, as `data=(images, labels)`")
    raise CondganError(
        f"data.source={source}: no such path, and no built-in dataset{nearest(source, BUILT_IN)}: "
        f"give {', '.join(BUILT_IN)}, or the path of {readers.listed()}"
    )


def read(path: Path, data: Data, progress: Progress = silent) -> Contents:
    """What an existing path holds, by what it is rather than by what it is called.

    Raises:
        CondganError: it is of no format that can be read, or is damaged.
    """
    row = readers.of(path)
    if row is None:
        wrong = "not a dataset" if path.is_file() else "neither a file nor a folder"
        raise CondganError(f"{path} is {wrong}: give the path of {readers.listed()}")
    return row.read(path, called(path, row), data, progress)


def called(path: Path, row: Reader) -> str:
    """The name of the dataset at a path."""
    name = path.resolve().name
    if path.is_file():
        for ending in row.endings:
            name = name.removesuffix(ending)
    return printable(name) or "data"


@contextmanager
def readable(what: str, path: Path) -> Iterator[None]:
    """What the system refuses while ``what`` is read is a CondganError."""
    try:
        yield
    except OSError as error:
        raise CondganError(f"{error.filename or path} cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise CondganError(f"{what} does not fit into memory: use fewer or smaller images") from None
