"""Which reader a source needs: the one door to all datasets."""

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from condgan.data.dataset import Dataset, Found, Split
from condgan.data.readers import folder, idx, mnist, npz, stacked_mnist
from condgan.data.splits import complete
from condgan.errors import CondganError, nearest
from condgan.recipe import Data

BUILT_IN: dict[str, Callable[[Data], Found]] = {"mnist": mnist.read, stacked_mnist.NAME: stacked_mnist.read}
KINDS = (
    "a folder of class folders with images, an .npz with images (or vectors) and labels (or conditions), or IDX files"
)


def load(data: Data, seed: int) -> Dataset:
    """The dataset that a recipe names, at its size and channels; the seed draws the splits that it does not have.

    An existing path wins over a built-in name.

    Raises:
        CondganError: there is no such source, or it does not hold labelled images.
    """
    path = Path(os.path.expanduser(data.source))
    try:
        if os.path.exists(path):
            found = read(path, data)
            if data.source in BUILT_IN:
                hides = f"the path {path} here was read, not the built-in dataset of this name"
                found = replace(found, notices=(*found.notices, hides))
        elif data.source in BUILT_IN:
            found = BUILT_IN[data.source](data)
        else:
            raise CondganError(
                f"data.source={data.source}: no such path, and no built-in dataset{nearest(data.source, BUILT_IN)}: "
                f"give {', '.join(BUILT_IN)}, or the path of {KINDS}"
            )
        return complete(found, seed)
    except OSError as error:
        raise CondganError(f"{error.filename or path} cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise CondganError(f"data.source={data.source} does not fit into memory: use fewer or smaller images") from None


def pooled(path: Path, data: Data) -> tuple[Split, tuple[str, ...], tuple[str, ...]]:
    """All labelled images at a path, whatever splits they lie in -> them, their class names, and what was done to them.

    Raises:
        CondganError: there are none, or they are damaged.
    """
    try:
        found = read(path, data)
    except OSError as error:
        raise CondganError(f"{error.filename or path} cannot be read: {error.strerror or error}") from None
    except MemoryError:
        raise CondganError(f"{path} does not fit into memory: use fewer or smaller images") from None
    splits = list(found.splits.values())
    images = np.concatenate([split.images for split in splits])
    labels = np.concatenate([split.labels for split in splits])
    return Split(images, labels), found.class_names, found.notices


def read(path: Path, data: Data) -> Found:
    """What an existing path holds, by what it is rather than by what it is called.

    Raises:
        CondganError: it is none of the kinds that can be read, or is damaged.
    """
    whole = path.resolve()
    if path.is_dir():
        name = printable(whole.name)
        if any(idx.find(path, split) for split in idx.STEMS):
            return idx.read(path, name, data)
        return folder.read(path, name, data)
    if not path.is_file():
        raise CondganError(f"{path} is neither a file nor a folder: give the path of {KINDS}")
    name = printable(whole.name.removesuffix(".gz").removesuffix(whole.suffix if whole.suffix == ".npz" else ""))
    if path.suffix.lower() == ".npz" or zipfile.is_zipfile(path):
        return npz.read(path, name, data)
    with path.open("rb") as file:
        start = file.read(3)
    if "idx" in path.name or start in (b"\0\0\x08", b"\x1f\x8b\x08"):
        return idx.read(path, name, data)
    raise CondganError(f"{path} is not a dataset: give the path of {KINDS}")


def printable(name: str) -> str:
    """A file name that can be written to JSON and to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name) or "data"
