"""Files with many images -> the images one after another, each with its label and what is said of it.

An array of a set has no manifest of its own for each image: the set's manifest, with the image's class and number, is
that manifest.
"""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from condgan.arrays import MIN_SIZE
from condgan.data.archives import CARD, MANIFEST
from condgan.data.writers import parquet as writer
from condgan.provenance import archives, reading, tables
from condgan.provenance.archives import array, exactly, idx_rows, idx_shape, rows
from condgan.provenance.files import DamagedError, UnreadableError, opened
from condgan.provenance.reading import Entry, Picture
from condgan.storage.manifest import KEY, MOST_BYTES, Manifest, once, pixels_sha256

HUGGING_FACE = b"huggingface"


@dataclass(frozen=True)
class Source:
    """A file with many images.

    Attributes:
        told: the manifest of the set in it.
        entries: its images; reading them raises a DamagedError where the file is damaged.
        names: of the classes that labels stand for, where the file lists them.
    """

    told: Manifest
    entries: Iterator[Entry]
    names: tuple[str, ...] | None = None


def of(told: Manifest, pixels: npt.NDArray[Any], number: int, **condition: Any) -> Picture:
    """An image or a vector of an array, with the manifest that it has as a part of the set."""
    sample = {"seed": (told.sample or {}).get("seed"), **({"index": number} if number else {}), **condition}
    one = told.of("image", sample, content=None, pixels_sha256=pixels_sha256(pixels))
    if pixels.dtype != np.uint8:
        return Picture(vector=pixels, manifest=one)
    return Picture(frames=[pixels], manifest=one)


def npz(file: BinaryIO) -> Source:
    """A NumPy archive.

    Raises:
        DamagedError: damaged, or other members than condgan writes.
    """
    entries = archives.members(file)
    samples = "images" if "images.npy" in entries else "vectors"
    classes = "labels.npy" in entries
    expected = {f"{samples}.npy", "numbers.npy", MANIFEST, CARD}
    expected |= {"labels.npy", "class_names.npy"} if classes else {"conditions.npy"}
    if MANIFEST not in entries:
        raise DamagedError("it has no manifest of condgan")
    if set(entries) != expected:
        other = sorted(set(entries) ^ expected)
        raise DamagedError(f"its members are not those that condgan writes ({', '.join(other)[:100]})")
    archive = zipfile.ZipFile(file)

    def member(name: str, dtype: str) -> npt.NDArray[Any]:
        with _open(archive, f"{name}.npy") as stream:
            return array(stream, dtype)

    with _open(archive, MANIFEST) as stream:
        told = reading.manifest(exactly(stream, MOST_BYTES + 1, short=True))
    numbers = member("numbers", "i8")
    conditions = member("labels", "i8") if classes else member("conditions", "f4")
    names = tuple(map(str, member("class_names", "U"))) if classes else ()
    return Source(
        told,
        _arrays(told, lambda: _open(archive, f"{samples}.npy"), numbers, conditions, names),
        names if classes else None,
    )


def _open(archive: zipfile.ZipFile, name: str) -> Any:
    import zlib

    try:
        return archive.open(name)
    except (*archives.ZIP_ERRORS, zlib.error) as error:
        raise DamagedError(f"damaged: {type(error).__name__}") from None


def _arrays(
    told: Manifest,
    samples: Callable[[], Any],
    numbers: npt.NDArray[np.int64],
    conditions: npt.NDArray[Any],
    names: tuple[str, ...],
) -> Iterator[Entry]:
    """Each row of the arrays of a set."""
    with samples() as stream:
        shape, dtype, parts = rows(stream)
        if (dtype.str, len(shape)) not in {("|u1", 3), ("|u1", 4), ("<f4", 2)} or (len(shape) == 4 and shape[3] != 3):
            raise DamagedError(f"its samples are {dtype} {shape}")
        if dtype == np.uint8 and min(shape[1:3]) < MIN_SIZE:
            raise DamagedError(f"its images are smaller than {MIN_SIZE} pixels")
        if numbers.shape != shape[:1] or conditions.shape[:1] != shape[:1] or conditions.ndim != (1 if names else 2):
            raise DamagedError("its arrays are of different lengths")
        yield from _rows(told, parts, numbers, conditions, names)


def _rows(
    told: Manifest,
    parts: Iterator[npt.NDArray[Any]],
    numbers: npt.NDArray[np.int64],
    conditions: npt.NDArray[Any],
    names: tuple[str, ...],
) -> Iterator[Entry]:
    if names and not (len(set(names)) == len(names) and 0 <= conditions.min() <= conditions.max() < len(names)):
        raise DamagedError("its labels are not those of its class names")
    place = 0
    for part in parts:
        for sample in part:
            condition, number = conditions[place], int(numbers[place])
            label = names[int(condition)] if names else None
            said = {"labels": [label]} if names else {"conditions": [condition.tolist()]}
            position = int(condition) if names else None
            yield Entry(f"image {place}", of(told, sample, number, **said), label, position)
            place += 1


def idx(folder: Path, told: Manifest) -> Source:
    """A folder of IDX files, with the numbers of their images."""

    def entries() -> Iterator[Entry]:
        with (
            opened(folder / "train-images-idx3-ubyte") as images,
            opened(folder / "train-labels-idx1-ubyte") as labelled,
            opened(folder / "numbers.npy") as numbered,
        ):
            count, height, width = idx_shape(images, 3)
            (same,) = idx_shape(labelled, 1)
            numbers = array(numbered, "i8")
            labels = np.frombuffer(exactly(labelled, same), np.uint8).astype(np.int64)
            names = _names(folder, labels)
            if not count == same == len(numbers) == numbers.size or exactly(labelled, 1, short=True):
                raise DamagedError("its files are of different lengths")
            yield from _rows(told, idx_rows(images, count, height, width), numbers, labels, names)

    return Source(told, entries())


def _names(folder: Path, labels: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """The names of classes of IDX files; without a list, numbers."""
    place = folder / "class_names.txt"
    if not place.exists():
        return tuple(str(label) for label in range(int(labels.max()) + 1))
    with opened(place) as file:
        text = exactly(file, 1 << 20, short=True)
    try:
        return tuple(text.decode().split("\n")[:-1])
    except UnicodeDecodeError:
        raise DamagedError("class_names.txt is not UTF-8") from None


def parquet(file: BinaryIO) -> Source:
    """A parquet file as Hugging Face's datasets write it.

    Raises:
        UnreadableError: pyarrow is missing.
        DamagedError: damaged, or other columns than condgan writes.
    """
    table, sizes = tables.opened(file)
    import pyarrow as pa

    schema = table.schema_arrow
    said = schema.metadata or {}
    if KEY.encode() not in said:
        raise DamagedError("it has no manifest of condgan")
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    if schema.remove_metadata() != pa.schema([("image", image), ("label", pa.int64())]):
        raise DamagedError("its columns are not those that condgan writes: image and label")
    told = reading.manifest(said[KEY.encode()])
    try:
        features = json.loads(said[HUGGING_FACE])["info"]["features"]
        names = features["label"]["names"]
        if not all(isinstance(name, str) for name in names) or said[HUGGING_FACE] != writer.features(names):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamagedError("it does not say what its labels are") from None
    if set(said) - {HUGGING_FACE, KEY.encode(), writer.CARD}:
        raise DamagedError("it says more of itself than condgan writes")

    def entries() -> Iterator[Entry]:
        place = 0
        try:
            for batch in table.iter_batches(tables.at_once(sizes)):
                for row in zip(batch.column("image").to_pylist(), batch.column("label").to_pylist(), strict=True):
                    yield _cell(place, *row, names)
                    place += 1
        except (pa.ArrowException, *archives.ZIP_ERRORS) as error:
            raise DamagedError(f"damaged: {type(error).__name__}") from None

    return Source(told, entries(), tuple(names))


def _cell(place: int, image: Any, label: Any, names: list[str]) -> Entry:
    if image and not re.fullmatch(r"[0-9]{6,12}\.png", image["path"] or ""):
        return Entry(f"row {place}", DamagedError("a path that condgan does not write"), None)
    if not image or image["bytes"] is None or label is None or not 0 <= label < len(names):
        return Entry(f"row {place}", DamagedError("an empty row, or a label without a name"), None)
    return Entry(f"row {place}", encoded(image["bytes"]), names[label], label)


def encoded(data: bytes) -> Picture | UnreadableError:
    """A PNG within another file."""
    try:
        return reading.png(data)
    except UnreadableError as error:
        return error


def tar(file: BinaryIO) -> Source:
    """A tar as webdataset reads it: for each image a .png, a .cls and a .json.

    Raises:
        DamagedError: damaged, or other members than condgan writes.
    """
    said, members = archives.tar(file)
    if KEY not in said:
        raise DamagedError("it has no manifest of condgan")
    if not set(said) <= {KEY, "condgan.card"}:
        raise DamagedError("its header is not as condgan writes it")
    return Source(reading.manifest(said[KEY]), _triples(members))


def _triples(members: Iterator[tuple[str, bytes]]) -> Iterator[Entry]:
    seen: dict[int, str] = {}
    last = -1
    for name, data in members:
        labels = next(members, ("", b"")), next(members, ("", b""))
        stem = name.removesuffix(".png")
        if not re.fullmatch(r"[0-9]{9}", stem) or int(stem) <= last:
            raise DamagedError(f"it has a member that condgan does not write: {name}")
        if [one for one, _ in labels] != [f"{stem}.cls", f"{stem}.json"]:
            raise DamagedError(f"its members are not a .png, a .cls and a .json of each image: {name}")
        last = int(stem)
        try:
            number, told = int(labels[0][1]), json.loads(labels[1][1], object_pairs_hook=once)
            label = told["label"]
            if set(told) != {"label"} or not isinstance(label, str) or str(number).encode() != labels[0][1]:
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DamagedError(f"it does not say the class of {name}") from None
        if seen.setdefault(number, label) != label:
            label = f"{label} and {seen[number]}"  # which no manifest says
        yield Entry(name, encoded(data), label, number)


FILES: dict[str, Callable[[BinaryIO], Source]] = {".npz": npz, ".parquet": parquet, ".tar": tar}
"""What reads a file with many images, by its ending."""
