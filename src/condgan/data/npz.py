"""NumPy archives: ``images`` uint8, ``labels`` of any integer type, and optionally ``class_names``."""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from condgan.data.dataset import Found, Images, Labels, Split
from condgan.data.fit import prepare
from condgan.data.labels import classes
from condgan.data.memory import DEFLATE_RATIO, check_memory
from condgan.errors import CondganError
from condgan.recipe import Data

SHAPES = "(N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W)"
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read(path: Path, name: str, data: Data) -> Found:
    """The images of an .npz archive.

    With ``class_names`` (text, one for each class) the labels are indexes into it; without it the classes are the
    distinct labels, in order. Objects are never unpickled.

    Raises:
        CondganError: an array is missing, of the wrong type or shape, or the archive is damaged or too large.
    """
    arrays = read_arrays(path)
    images = raw_images(path, arrays["images"])
    labels = raw_labels(path, arrays["labels"])
    if len(images) != len(labels):
        raise CondganError(f"{path}: {len(images)} images but {len(labels)} labels: expected one label for each image")
    if "class_names" in arrays:
        class_names = raw_names(path, arrays["class_names"])
        if labels.max() >= len(class_names):
            raise CondganError(
                f"{path}: label {labels.max()} but only {len(class_names)} class_names: "
                "labels are indexes into class_names, from 0"
            )
    else:
        class_names, remapped = classes({"train": labels})
        labels = remapped["train"]
    fitted, notices = prepare(images, data)
    return Found(name, class_names, {"train": Split(fitted, labels)}, notices)


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an archive that condgan knows, each checked before memory is allocated for it.

    Raises:
        CondganError: a needed one is missing, holds objects or is too large; the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            present = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            if not {"images", "labels"} <= present.keys():
                keys = ", ".join(sorted(present)[:20]) or "none"
                raise CondganError(f"{path} needs arrays images and labels; its arrays are: {keys}")
            wanted = [key for key in ("images", "labels", "class_names") if key in present]
            return {key: read_member(path, archive, present[key], key) for key in wanted}
    except (CondganError, OSError):
        raise
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds on damaged input
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CondganError(
            f"{path} is damaged or not an .npz archive ({reason}): write it with numpy.savez_compressed"
        ) from None


def read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, key: str) -> npt.NDArray[Any]:
    """One array. Its header must agree with the size in the archive's directory, and both with the file's size.

    Raises:
        CondganError: they do not, or the array holds objects.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CondganError(f"{path}: {key} has an unusual compression: write it with numpy.savez_compressed")
    with archive.open(member) as stream:
        shape, dtype = read_header(stream)
        start = stream.tell()
    if dtype.hasobject:
        raise CondganError(
            f"{path}: {key} holds Python objects: expected numbers, or text for class_names; "
            "save numpy.stack(images), numpy.array(names, dtype=str)"
        )
    size = math.prod(shape) * dtype.itemsize
    if not 0 <= size <= path.stat().st_size * DEFLATE_RATIO or start + size != member.file_size:
        raise CondganError(
            f"{path}: {key} declares {dtype} {shape} = {size} bytes, the archive has {member.file_size - start}: "
            "it is damaged, write it again"
        )
    check_memory(f"{path}: {key}", size)
    with archive.open(member) as stream:
        array: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        stream.read(1)  # at the end zipfile compares the checksum
    return array


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type from the start of a .npy stream."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"npy version {version}")
    shape, _, dtype = HEADERS[version](stream)
    if any(side < 0 for side in shape):
        raise ValueError(f"shape {shape}")
    return shape, dtype


def raw_images(path: Path, images: npt.NDArray[Any]) -> Images:
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


def raw_labels(path: Path, labels: npt.NDArray[Any]) -> Labels:
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


def raw_names(path: Path, names: npt.NDArray[Any]) -> tuple[str, ...]:
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
