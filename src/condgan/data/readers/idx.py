"""IDX files, raw or gzipped: the format that MNIST, Fashion-MNIST, KMNIST and EMNIST come in.

A file is two zero bytes, the type (8: uint8), the number of dimensions, their sizes as big-endian 32-bit words, and
the values. Images have three dimensions, labels one.
"""

import gzip
import math
import struct
import zlib
from itertools import product
from pathlib import Path

import numpy as np

from condgan.arrays import Images, Labels
from condgan.data.dataset import Contents, Split
from condgan.data.memory import DEFLATE_RATIO, check_room, fill, room
from condgan.data.prepare import prepare
from condgan.data.readers.labels import classes
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.tree import is_archive
from condgan.errors import CondganError
from condgan.recipe import Data

STEMS = {"train": "train-images", "test": "t10k-images"}
EXAMPLE = "train-images-idx3-ubyte.gz"


def find(folder: Path, split: str) -> Path | None:
    """The images file of a split under one of its usual names, if the folder holds it."""
    for joint, suffix in product("-.", ("", ".gz")):
        path = folder / f"{STEMS[split]}{joint}idx3-ubyte{suffix}"
        if path.is_file():
            return path
    return None


def labels_beside(images: Path) -> Path:
    """The labels file that belongs to an images file: the same name with images -> labels and idx3 -> idx1.

    Raises:
        CondganError: the name is not that of an images file, or there is no such file.
    """
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    if name == images.name:
        raise CondganError(
            f'{images} is not named like an IDX images file: its name must contain "images", as {EXAMPLE}'
        )
    plain = name.removesuffix(".gz")
    for candidate in (name, plain, plain + ".gz"):
        if (path := images.with_name(candidate)).is_file():
            return path
    raise CondganError(f"{images} has no labels: expected {name} beside it")


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """A folder of IDX files under their usual names (t10k is the test split), or one images file with its labels.

    Raises:
        CondganError: a file is missing, damaged, or does not belong to the other.
    """
    files = {split: find(path, split) for split in STEMS} if path.is_dir() else {"train": path}
    if files["train"] is None:
        raise CondganError(f"{path} holds t10k-images but no train-images: put {EXAMPLE} beside it")
    images: dict[str, Images] = {}
    labels: dict[str, Labels] = {}
    notices: dict[str, None] = {}  # each once, in order
    for split, file in files.items():
        if file is None:
            continue
        labels_file = labels_beside(file)
        raw = read_array(file, dimensions=3)
        labels[split] = read_array(labels_file, dimensions=1).astype(np.int64)
        if len(raw) != len(labels[split]):
            raise CondganError(
                f"{labels_file} has {len(labels[split])} labels for the {len(raw)} images of {file.name}"
            )
        images[split], sentences, *_ = prepare(raw, data)
        notices |= dict.fromkeys(sentences)
    class_names, labels = classes(labels)
    splits = {split: Split(images[split], labels[split]) for split in images}
    return Contents(name, class_names, splits, tuple(notices))


def read_array(path: Path, dimensions: int) -> Images:
    """The uint8 array of an IDX file, raw or gzipped, which must have this many dimensions.

    Raises:
        CondganError: another type or number of dimensions, no values, fewer or more than declared, damaged, too large.
    """
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if gzipped else file
        try:
            head = stream.read(4 + 4 * dimensions)
            expected = bytes([0, 0, 8, dimensions])
            if head[:4] != expected:
                raise CondganError(
                    f"{path} starts with {head[:4].hex() or 'nothing'}, expected {expected.hex()}: "
                    f"IDX of bytes in {dimensions} dimension{'s' * (dimensions > 1)}"
                )
            if len(head) < 4 + 4 * dimensions:
                raise CondganError(f"{path} is truncated: it ends within its header; fetch it again")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            size = math.prod(shape)
            if not size:
                raise CondganError(f"{path} declares no values ({declared(shape)}): expected at least one")
            possible = path.stat().st_size * (DEFLATE_RATIO if gzipped else 1) - len(head)
            if size > possible:
                raise CondganError(
                    f"{path} is truncated: it declares {declared(shape)} = {size} bytes, "
                    f"its size allows {max(possible, 0)}; fetch it again"
                )
            check_room(str(path), size)
            array = room((size,), np.uint8)
            filled = fill(array, stream)
            if filled < size:
                raise CondganError(
                    f"{path} is truncated: it declares {declared(shape)} = {size} bytes, found {filled}; fetch it again"
                )
            if stream.read(1):  # also makes gzip compare its checksum
                raise CondganError(f"{path} is longer than the {declared(shape)} = {size} bytes that it declares")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CondganError(f"{path} is truncated or damaged ({error}): fetch it again") from None
    return array.reshape(shape)


def declared(shape: tuple[int, ...]) -> str:
    """A shape as in 60000x28x28."""
    return "x".join(map(str, shape))


def header(shape: tuple[int, ...]) -> bytes:
    """The first bytes of an IDX file of uint8 in this shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)


def is_idx(path: Path) -> bool:
    """Whether a folder holds IDX files under their usual names, or a file is one, by its name or first bytes."""
    if path.is_dir():
        return any(find(path, split) for split in STEMS)
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return "idx" in path.name or (file.read(3) in (b"\0\0\x08", b"\x1f\x8b\x08") and not is_archive(path))


READER = Reader("idx", "IDX files", "train, and test if t10k files are there", is_idx, read, endings=(".gz",))
