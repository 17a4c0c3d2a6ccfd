"""IDX files, raw or gzipped: the format that MNIST, Fashion-MNIST, KMNIST, QMNIST and EMNIST come in.

A file is two zero bytes, the type (8: uint8), the number of dimensions, their sizes as big-endian 32-bit words, and
the values. Images have three dimensions, labels one.
"""

import gzip
import math
import re
import struct
import zlib
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels
from condgan.data.dataset import Contents
from condgan.data.memory import DEFLATE_RATIO, check_room, fill, room
from condgan.data.readers import arrays
from condgan.data.readers.arrays import Arrays, Part
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.errors import CondganError
from condgan.recipe import Data

STEMS = {"train": "train-images", "test": "t10k-images"}
EXAMPLE = "train-images-idx3-ubyte.gz"
NAME = re.compile(r"(?:(?P<variant>.{1,80})[-_.])?(?P<split>train|t10k|test)-images[-.]idx3-ubyte(?:\.gz)?")
PLACES = ("", "raw", "gzip", "*/raw", "*/raw/gzip")  # the folder, EMNIST's archive, torchvision's root
TYPES = {"u1": 0x08, ">i4": 0x0C}
LONGEST_NAMES = 1 << 20  # bytes of class_names.txt
LONGEST_MAPPING = 1 << 16
UPRIGHT = "EMNIST's images are stored transposed and were put upright"


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
    qmnist = plain.replace("idx1-ubyte", "idx2-int")
    for candidate in (name, plain, plain + ".gz", qmnist, qmnist + ".gz"):
        if (path := images.with_name(candidate)).is_file():
            return path
    raise CondganError(f"{images} has no labels: expected {name} beside it")


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """A folder of IDX files under their usual names (t10k is the test split), or one images file with its labels.

    Raises:
        CondganError: a file is missing, damaged, or does not belong to the other; or there are several datasets.
    """
    if data.reading == 1:
        files, upright, names = usual(path), False, {}
    else:
        files, variant = chosen(path)
        upright, names = "emnist" in variant, mapping(files["train"], variant) or listed(files["train"])
    parts = {}
    for split, file in files.items():
        labels_file = labels_beside(file)
        raw, labels = read_array(file, dimensions=3), read_labels(labels_file)
        if len(raw) != len(labels):
            raise CondganError(f"{labels_file} has {len(labels)} labels for the {len(raw)} images of {file.name}")
        parts[split] = Part(raw.swapaxes(1, 2) if upright else raw, labels, file.name, labels_file.name)
    how = "; ".join(f"{split}: {part.samples_name}, {part.conditions_name}" for split, part in parts.items())
    found = arrays.contents(name, Arrays(str(path), parts, how=how, notices=(UPRIGHT,) * upright), data)
    return replace(found, class_names=tuple(names.get(label, label) for label in found.class_names))


def usual(path: Path) -> dict[str, Path]:
    """The images files as recipes of formats 1 and 2 found them.

    Raises:
        CondganError: there is none of train.
    """
    found = {split: find(path, split) for split in STEMS} if path.is_dir() else {"train": path}
    if found["train"] is None:
        raise CondganError(f"{path} holds t10k-images but no train-images: put {EXAMPLE} beside it")
    return {split: file for split, file in found.items() if file is not None}


def candidates(path: Path) -> dict[tuple[Path, str], dict[str, Path]]:
    """Each dataset in a folder, or where torchvision and EMNIST's archive put it below: (folder, name) -> its files."""
    found: dict[tuple[Path, str], dict[str, Path]] = {}
    for pattern in PLACES:
        for folder in sorted(path.glob(pattern)) if pattern else [path]:
            for file in sorted(folder.iterdir()) if folder.is_dir() else []:
                match = NAME.fullmatch(file.name)
                if match and file.is_file():
                    split = "train" if match["split"] == "train" else "test"
                    found.setdefault((folder, match["variant"] or ""), {}).setdefault(split, file)
        if found:
            break
    return found


def chosen(path: Path) -> tuple[dict[str, Path], str]:
    """The images files of the one dataset at a path, and the name that stands before theirs.

    Raises:
        CondganError: there are several datasets, or none with images of train.
    """
    if path.is_file():
        match = NAME.fullmatch(path.name)
        variant = match["variant"] or "" if match else path.name
        others = candidates(path.parent).get((path.parent, variant), {}) if match and match["split"] == "train" else {}
        return {**others, "train": path}, variant
    found = candidates(path)
    if len(found) > 1:
        listed = ", ".join(str(files.get("train") or files["test"]) for files in list(found.values())[:10])
        raise CondganError(f"{path} holds {len(found)} datasets of IDX files: give the images file of one, {listed}")
    ((_, variant), files), *_ = found.items()
    if "train" not in files:
        raise CondganError(f"{path} holds {split_name(files['test'])} but no train-images: put {EXAMPLE} beside it")
    return dict(sorted(files.items(), reverse=True)), variant


def split_name(file: Path) -> str:
    """An images file without its type, as ``t10k-images``."""
    return re.split(r"[-.]idx3", file.name)[0]


def listed(file: Path) -> dict[str, str]:
    """The names of classes in class_names.txt beside, a line for each, as `condgan sample --format idx` writes it."""
    beside = file.with_name("class_names.txt")
    if not beside.is_file() or beside.stat().st_size > LONGEST_NAMES:
        return {}
    names = beside.read_text(encoding="utf-8", errors="replace").splitlines()
    return {str(label): name for label, name in enumerate(names)}


def mapping(file: Path, variant: str) -> dict[str, str]:
    """EMNIST's names of classes, from the file beside: lines of a label and the ASCII codes of its characters."""
    beside = file.with_name(f"{variant}-mapping.txt")
    names: dict[str, str] = {}
    if variant and beside.is_file() and beside.stat().st_size < LONGEST_MAPPING:
        for line in beside.read_text("ascii", errors="replace").splitlines():
            match = re.fullmatch(r"\s*(\d{1,4})\s+(\d{2,3})(?:\s+\d{2,3})?\s*", line)
            if match and chr(int(match[2])).isprintable():
                names[str(int(match[1]))] = chr(int(match[2]))
    return names if len(set(names.values())) == len(names) else {}


def read_labels(path: Path) -> Labels:
    """The labels of a file: bytes (N,), or the first column of QMNIST's, integers (N, 8).

    Raises:
        CondganError: as ``read_array``.
    """
    if "idx2-int" in path.name:
        return read_array(path, dimensions=2, dtype=">i4")[:, 0].astype(np.int64)
    return read_array(path, dimensions=1).astype(np.int64)


def read_array(path: Path, dimensions: int, dtype: str = "u1") -> npt.NDArray[Any]:
    """The array of an IDX file, raw or gzipped, which must have this type and this many dimensions.

    Raises:
        CondganError: another type or number of dimensions, no values, fewer or more than declared, damaged, too large.
    """
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if gzipped else file
        try:
            head = stream.read(4 + 4 * dimensions)
            expected = bytes([0, 0, TYPES[dtype], dimensions])
            if head[:4] != expected:
                kind, plural = "bytes" if dtype == "u1" else "integers", "s" * (dimensions > 1)
                raise CondganError(
                    f"{path} starts with {head[:4].hex() or 'nothing'}, expected {expected.hex()}: "
                    f"IDX of {kind} in {dimensions} dimension{plural}"
                )
            if len(head) < 4 + 4 * dimensions:
                raise CondganError(f"{path} is truncated: it ends within its header; fetch it again")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            size = math.prod(shape) * np.dtype(dtype).itemsize
            if not size:
                raise CondganError(f"{path} declares no values ({declared(shape)}): expected at least one")
            possible = path.stat().st_size * (DEFLATE_RATIO if gzipped else 1) - len(head)
            if size > possible:
                raise CondganError(
                    f"{path} is truncated: it declares {declared(shape)} = {size} bytes, "
                    f"its size allows {max(possible, 0)}; fetch it again"
                )
            check_room(str(path), size)
            array = room((size // np.dtype(dtype).itemsize,), dtype)
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
        return any(find(path, split) for split in STEMS) or bool(candidates(path))
    if not path.is_file():
        return False
    if "idx" in path.name:
        return True
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith(b"\x1f\x8b"):
            try:
                start = gzip.GzipFile(fileobj=file).read(4)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return False
    return start[:3] == b"\0\0\x08"


READER = Reader("idx", "IDX files", "train, and test if t10k files are there", is_idx, read, endings=(".gz",))
