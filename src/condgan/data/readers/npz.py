"""NumPy archives: images and labels, of one or more splits, under their usual names; optionally names of classes.

Floats (N, D) may stand for either: ``vectors`` for images, ``conditions`` for labels.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from condgan.arrays import Vectors
from condgan.data.archives import arrays_in
from condgan.data.dataset import Contents
from condgan.data.readers import arrays
from condgan.data.readers.archive import Array, array_names, outlines, read_arrays, read_lone, some_rows
from condgan.data.readers.arrays import Arrays, Part, check_length, raw_images
from condgan.data.readers.labels import numbered
from condgan.data.readers.reader import Progress, Reader, Sample, Sizes, silent
from condgan.data.readers.roles import Roles, listed, roles
from condgan.data.vectors import vectors
from condgan.errors import CondganError
from condgan.recipe import Data

FILE = "data.npz"  # in a folder that `condgan sample --format npz` has written
OWN = {"numbers", "manifest.json", "README.md"}
"""Members that `condgan sample` adds, and no training needs."""
SAMPLED_BYTES = 64 << 20  # of images, at most about, that a sample has
READ_BYTES = 1 << 30  # of images that are unpacked for a sample
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
    path, found = roles_of(path, exact=data.reading == 1)
    return arrays.contents(name, assigned(str(path), found, read_arrays(path, found.names)), data)


def roles_of(path: Path, exact: bool = False) -> tuple[Path, Roles]:
    """The archive at a path, and what its arrays are.

    Raises:
        CondganError: an array is missing, or the archive is damaged.
    """
    path = path / FILE if path.is_dir() else path
    present = array_names(path)
    if {*present} >= OWN:
        present = [name for name in present if name not in OWN]
    return path, roles(str(path), present, exact=exact)


def peek(path: Path) -> tuple[int, Sizes] | None:
    """How many images there are, and of which (height, width), by the headers; none of vectors.

    Raises:
        CondganError: as ``read``.
    """
    path, found = roles_of(path)
    if found.kinds[0] == "vectors":
        return None
    forms, sizes = outlines(path, found.names), Counter[tuple[int, int]]()
    for samples, conditions in found.splits.values():
        images = raw_images(str(path), samples, forms[samples], len(forms[conditions]) if forms[conditions].ndim else 0)
        sizes[images.shape[1:3]] += len(images)
    return sizes.total(), sizes


def sample(path: Path, name: str, data: Data, most: int) -> Sample | None:
    """Some images of a large archive, with all labels; none of a small one, of vectors and of vector conditions.

    Raises:
        CondganError: as ``read``.
    """
    path, found = roles_of(path)
    what, forms = str(path), outlines(path, [samples for samples, _ in found.splits.values()])
    if found.kinds != ("images", "labels") or any(form.ndim < 3 for form in forms.values()):
        return None
    count, size = sum(map(len, forms.values())), sum(form.nbytes for form in forms.values())
    step = max(-(-count // most), -(-size // SAMPLED_BYTES))
    if step <= 1:
        return None
    rows = {}
    for key, form in forms.items():
        some = some_rows(path, key, -(-len(form) // step), READ_BYTES * len(form) // count)
        if some is None:
            return None
        rows[key] = some
    others = read_arrays(path, [key for key in found.names if key not in forms])
    labels = {split: (key, others[key]) for split, (_, key) in found.splits.items()}
    class_names, indexes = numbered(what, labels, others.get(found.class_names or ""))
    parts = {}
    for split, (samples, conditions) in found.splits.items():
        numbers, images = rows[samples]
        check_length(what, len(forms[samples]), samples, len(indexes[split]), conditions)
        parts[split] = Part(images, indexes[split][numbers], samples, conditions)
    part = Arrays(what, parts, class_names=np.array(class_names), how=found.words, skipped=found.skipped)
    counts = {split: np.bincount(every, minlength=len(class_names)) for split, every in indexes.items()}
    return Sample(arrays.contents(name, part, data), counts)


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
        return bool(arrays_in(path))
    except Exception:  # zipfile raises a dozen kinds on damaged input
        return False


READER = Reader("npz", "an .npz", "train, and validation and test if it has them", is_archive, read,
                (".npz",), peek, sample)  # fmt: skip
