"""NumPy archives: ``images`` uint8, ``labels`` of any integer type, and optionally ``class_names``.

Floats (N, D) may stand for either: ``vectors`` for images, ``conditions`` for labels.
"""

import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images, Labels, Vectors
from condgan.data.dataset import Contents, Split
from condgan.data.prepare import prepare
from condgan.data.readers.archive import read_arrays, read_lone
from condgan.data.readers.labels import classes
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.tree import is_zip
from condgan.data.vectors import check_spread, vectors
from condgan.errors import CondganError
from condgan.recipe import Data

NPY = np.lib.format.MAGIC_PREFIX
SHAPES = "(N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W)"


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """What an .npz archive holds.

    With ``class_names`` (text, one for each class) the labels are indexes into it; without it the classes are the
    distinct labels, in order. Objects are never unpickled. Vectors and vector conditions are taken as they are.

    Raises:
        CondganError: an array is missing, of the wrong type or shape, or the archive is damaged or too large.
    """
    return contents(path, name, read_arrays(path, keys_of_data), data)


def contents(what: Path | str, name: str, arrays: Mapping[str, npt.NDArray[Any]], data: Data) -> Contents:
    """A dataset of the arrays that an archive has, in the order of ``keys_of_data``; ``what`` names them in an error.

    Raises:
        CondganError: an array is of the wrong type or shape, or does not belong to the others.
    """
    of, by, *_ = arrays  # images or vectors, labels or conditions
    images, labels = (RAW[key](what, arrays[key]) for key in (of, by))
    if len(images) != len(labels):
        one = f"one {by.removesuffix('s')} for each {of.removesuffix('s')}"
        raise CondganError(f"{what}: {len(images)} {of} but {len(labels)} {by}: expected {one}")
    class_names: tuple[str, ...] = ()
    if by == "labels":
        class_names, labels = named(what, labels, arrays.get("class_names"))
    if of == "images":
        images, notices, *_ = prepare(images, data)
    else:
        notices = check_spread(of, images)
    if by == "conditions":
        notices += check_spread(by, labels)
    return Contents(name, class_names, {"train": Split(images, labels)}, notices)


def read_conditions(path: Path, length: int) -> Vectors:
    """Vector conditions from any file, an .npz with ``conditions`` or an .npy: float32 (N, length).

    Raises:
        CondganError: the array is missing, of the wrong type or shape, or the file is damaged or too large.
    """
    try:
        with path.open("rb") as file:
            lone = file.read(len(NPY)) == NPY
        array = read_lone(path) if lone else read_arrays(path, keys_of_conditions)["conditions"]
    except OSError as error:
        raise CondganError(f"{path} cannot be read: {error.strerror or error}") from None
    return vectors(f"{path}: conditions", array, length)


def named(path: Path | str, labels: Labels, names: npt.NDArray[Any] | None) -> tuple[tuple[str, ...], Labels]:
    """Class names, and labels that are indexes into them.

    Raises:
        CondganError: a label has no name.
    """
    if names is None:
        class_names, remapped = classes({"train": labels})
        return class_names, remapped["train"]
    class_names = raw_names(path, names)
    if labels.max() >= len(class_names):
        raise CondganError(
            f"{path}: label {labels.max()} but only {len(class_names)} class_names: "
            "labels are indexes into class_names, from 0"
        )
    return class_names, labels


def listed(keys: Collection[str]) -> str:
    """Names of arrays, in words."""
    return ", ".join(sorted(keys)[:20]) or "none"


def keys_of_data(path: Path, present: Collection[str]) -> list[str]:
    """The arrays of a dataset: samples, their conditions, and the names of classes if they are given.

    Raises:
        CondganError: one is missing, or there for nothing.
    """
    chosen = [[key for key in pair if key in present] for pair in (("images", "vectors"), ("labels", "conditions"))]
    for both in chosen:
        if len(both) > 1:
            raise CondganError(f"{path} holds {both[0]} and {both[1]}: expected one of them, leave the other out")
    if not all(chosen):
        raise CondganError(
            f"{path} needs arrays images and labels; its arrays are: {listed(present)} "
            "(vectors may stand for images, and conditions for labels)"
        )
    if "class_names" in present and chosen[1] == ["conditions"]:
        raise CondganError(
            f"{path} holds class_names, which conditions have not: save labels, or leave class_names out"
        )
    return [*chosen[0], *chosen[1], *(["class_names"] if "class_names" in present else [])]


def keys_of_conditions(path: Path, present: Collection[str]) -> list[str]:
    """The array of vector conditions.

    Raises:
        CondganError: it is missing.
    """
    if "conditions" not in present:
        raise CondganError(f"{path} needs an array conditions; its arrays are: {listed(present)}")
    return ["conditions"]


def raw_images(path: Path | str, images: npt.NDArray[Any]) -> Images:
    """Whatever layout the images have -> raw images (N, H, W) or (N, H, W, 3).

    Raises:
        CondganError: another type or shape, or no images.
    """
    if images.dtype != np.uint8:
        cure = "images.astype(numpy.uint8) if they lie in 0..255"
        if images.dtype.kind == "f":
            cure = "(images * 255).round().astype(numpy.uint8) if they lie in 0..1"
        raise CondganError(f"{path}: images are {images.dtype}, expected uint8 in 0..255: save {cure}")
    first, last = images.ndim == 4 and images.shape[1] in (1, 3), images.ndim == 4 and images.shape[3] in (1, 3)
    if images.ndim not in (3, 4) or (images.ndim == 4 and first == last):
        raise CondganError(f"{path}: images have shape {images.shape}, expected {SHAPES}")
    if not images.size:
        raise CondganError(f"{path}: images have shape {images.shape}: expected at least one image of one pixel")
    if first:
        images = images.transpose(0, 2, 3, 1)
    return images[..., 0] if images.ndim == 4 and images.shape[3] == 1 else images


def raw_labels(path: Path | str, labels: npt.NDArray[Any]) -> Labels:
    """Labels of any integer type -> int64 (N,).

    Raises:
        CondganError: another type or shape, or a negative label.
    """
    if labels.dtype.kind not in "iu":
        raise CondganError(f"{path}: labels are {labels.dtype}, expected integers: save labels.astype(numpy.int64)")
    if labels.ndim != 1:
        hint = ": save labels.argmax(1) if they are one-hot, or labels.ravel()" if labels.ndim == 2 else ""
        raise CondganError(f"{path}: labels have shape {labels.shape}, expected (N,){hint}")
    if len(labels) and (labels.min() < 0 or labels.max() > np.iinfo(np.int64).max):
        raise CondganError(f"{path}: labels lie in {labels.min()}..{labels.max()}, expected 0 or more: renumber them")
    return labels.astype(np.int64)


def raw_names(path: Path | str, names: npt.NDArray[Any]) -> tuple[str, ...]:
    """Class names as text.

    Raises:
        CondganError: they are no list of text.
    """
    if names.dtype.kind != "U" or names.ndim != 1:
        raise CondganError(
            f"{path}: class_names are {names.dtype} {names.shape}, expected text (K,): "
            "save numpy.array(names, dtype=str)"
        )
    return tuple(names.tolist())


RAW: dict[str, Callable[[Path | str, npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "images": raw_images,
    "vectors": lambda path, values: vectors(f"{path}: vectors", values),
    "labels": raw_labels,
    "conditions": lambda path, values: vectors(f"{path}: conditions", values),
}
"""What an array must be, by its name."""


def is_archive(path: Path) -> bool:
    """Whether a file is an .npz, by its ending or its content."""
    return path.is_file() and (path.suffix.lower() == ".npz" or (zipfile.is_zipfile(path) and not is_zip(path)))


READER = Reader("npz", "an .npz", "train", is_archive, read, endings=(".npz",))
