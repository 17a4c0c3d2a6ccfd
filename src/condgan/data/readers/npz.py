"""NumPy archives: images and labels, of one or more splits, under their usual names; optionally names of classes.

Floats (N, D) may stand for either: ``vectors`` for images, ``conditions`` for labels.
"""

import zipfile
from pathlib import Path

import numpy as np

from condgan.arrays import Vectors
from condgan.data.dataset import Contents
from condgan.data.readers import arrays
from condgan.data.readers.archive import Array, array_names, read_arrays, read_lone
from condgan.data.readers.arrays import Arrays, Part
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.readers.roles import Roles, listed, roles
from condgan.data.vectors import vectors
from condgan.errors import CondganError
from condgan.recipe import Data

FILE = "data.npz"  # in a folder that `condgan sample --format npz` has written
OWN = {"numbers", "manifest.json", "README.md"}
"""Members that `condgan sample` adds, and no training needs."""
NPY = np.lib.format.MAGIC_PREFIX


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """What an .npz archive holds.

    Arrays are known by their names: ``images`` and ``labels``, or those of splits (``train_images``, ``x_train``,
    ``val_labels``, ``yTest``, ...). With ``class_names`` (text, one for each class) labels are indexes into it or such
    names; without it the classes are the distinct labels, in order. Objects are never unpickled. Vectors and vector
    conditions are taken as they are.

    Raises:
        CondganError: an array is missing, of the wrong type or shape, or the archive is damaged or too large.
    """
    path = path / FILE if path.is_dir() else path
    present = array_names(path)
    if {*present} >= OWN:
        present = [name for name in present if name not in OWN]
    found = roles(str(path), present, exact=data.reading == 1)
    return arrays.contents(name, assigned(str(path), found, read_arrays(path, found.names)), data)


def assigned(what: str, found: Roles, present: dict[str, Array]) -> Arrays:
    """Arrays by name -> by split and role; ``present`` is used up."""
    return Arrays(
        what,
        {
            split: Part(present.pop(samples), present.pop(conditions), samples, conditions)
            for split, (samples, conditions) in found.splits.items()
        },
        vectors=found.kinds[0] == "vectors",
        conditions=found.kinds[1] == "conditions",
        class_names=present.pop(found.class_names) if found.class_names else None,
        how=found.words,
        skipped=found.skipped,
    )


def read_conditions(path: Path, length: int) -> Vectors:
    """Vector conditions from any file, an .npz with ``conditions`` or an .npy: float32 (N, length).

    Raises:
        CondganError: the array is missing, of the wrong type or shape, or the file is damaged or too large.
    """
    try:
        with path.open("rb") as file:
            lone = file.read(len(NPY)) == NPY
        array = read_lone(path) if lone else lone_conditions(path)
    except OSError as error:
        raise CondganError(f"{path} cannot be read: {error.strerror or error}") from None
    return vectors(f"{path}: conditions", array, length)


def lone_conditions(path: Path) -> Array:
    """The array ``conditions`` of an archive.

    Raises:
        CondganError: it is missing, or the file is damaged or too large.
    """
    present = array_names(path)
    if "conditions" not in present:
        raise CondganError(f"{path} needs an array conditions; its arrays are: {listed(present)}")
    return read_arrays(path, ["conditions"])["conditions"]


def is_archive(path: Path) -> bool:
    """Whether a file is an .npz, by its ending or its content; or a folder that condgan has written one into."""
    if path.is_dir():
        return (path / FILE).is_file() and (path / "manifest.json").is_file()
    if not path.is_file():
        return False
    if path.suffix.lower() == ".npz":
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except Exception:  # zipfile raises a dozen kinds on damaged input
        return False


READER = Reader("npz", "an .npz", "train, and validation and test if it has them", is_archive, read, endings=(".npz",))
