"""Parquet files as Hugging Face writes them: a column of encoded images, and one of labels; needs pyarrow.

Images are bytes, or ``{bytes, path}``. Labels are text, or whole numbers with their names in the schema's metadata. The
splits are those of the file names, ``train-00000-of-00001.parquet``.
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from condgan.data.dataset import Contents, Split
from condgan.data.memory import check_room
from condgan.data.readers.decode import decode
from condgan.data.readers.labels import numbered
from condgan.data.readers.names import SPLITS
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.readers.roles import ROLES, UNLABELLED
from condgan.data.readers.store import Store, finished
from condgan.errors import CondganError
from condgan.recipe import Data

MAGIC = b"PAR1"
PLACES = ("", "data", "*")
LABELS = ("label", "labels", "fine_label", "class", "target", "y", "category")
BATCH = 64  # rows that are in memory at a time
INSTALL = "reading parquet needs pyarrow: pip install condgan[parquet]"


@dataclass(frozen=True)
class Columns:
    """Which columns are images and labels, and the names of classes if the schema has them."""

    image: str
    label: str
    names: tuple[str, ...] = ()


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """The images of all files at a path.

    Raises:
        CondganError: pyarrow is missing; there are no images or labels, or several columns may be; a file or an image
            is damaged or too large.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise CondganError(f"{path}: {INSTALL}") from None
    splits = shards(path)
    with whole(path):
        columns = chosen(splits["train"][0])
        labels, skipped = {}, 0
        for split, files in splits.items():
            labels[split] = np.array([label for file in files for label in rows(file, columns.label)])
            if columns.names and split != "train" and (labels[split] == -1).all():
                skipped += 1  # as Hugging Face marks the images of a test that are not to be known
                del labels[split]
        store = decoded([file for split in labels for file in splits[split]], columns.image, labels, data, progress)
        images, background, notices = finished(store, str(path), data)
    names = np.array(columns.names, dtype=str) if columns.names else None
    class_names, indexes = numbered(str(path), {split: (columns.label, part) for split, part in labels.items()}, names)
    ends = np.cumsum([len(part) for part in labels.values()]).tolist()
    ranges = {split: slice(end - len(part), end) for (split, part), end in zip(labels.items(), ends, strict=True)}
    how = f'images are the column "{columns.image}", labels "{columns.label}"; ' + "; ".join(
        f"{split}: {', '.join(file.name for file in files[:3])}{' ...' * (len(files) > 3)}"
        for split, files in splits.items()
    )
    return Contents(
        name,
        class_names,
        {split: Split(images[part], indexes[split]) for split, part in ranges.items()},
        notices,
        how=how,
        skipped={UNLABELLED: skipped} if skipped else {},
        background=background,
        hashes={} if data.reading == 1 else {split: store.hashes[part] for split, part in ranges.items()},
        sizes=store.facts.sizes,
        pixels=store.facts.range(),
    )


def shards(path: Path) -> dict[str, list[Path]]:
    """The files of each split.

    Raises:
        CondganError: they are in several folders, or none is of train.
    """
    if path.is_file():
        return {"train": [path]}
    folders = below(path)
    if len(folders) > 1:
        listed = ", ".join(folder.name for folder in folders[:10])
        raise CondganError(f"{path} holds several datasets of parquet files: give one of its folders {listed}")
    found: dict[str, list[Path]] = {}
    for file in parquet_files(folders[0]):
        word = re.split(r"[^a-z]+", file.stem.lower())[0]
        found.setdefault(SPLITS.get(word, ""), []).append(file)
    if set(found) == {""}:
        return {"train": found[""]}
    if "" in found:
        raise CondganError(
            f"{folders[0]} holds {found[''][0].name} beside files of splits: rename it, train-, validation- or test-"
        )
    if "train" not in found:
        raise CondganError(f"{folders[0]} holds parquet files of {' and '.join(found)}, but none of train: add them")
    return {split: found[split] for split in ("train", "validation", "test") if split in found}


def below(path: Path) -> list[Path]:
    """The folders that contain parquet files: the path itself, or those one below it."""
    for place in PLACES:
        folders = [folder for folder in (sorted(path.glob(place)) if place else [path]) if folder.is_dir()]
        if folders := [folder for folder in folders if parquet_files(folder)]:
            return folders
    return []


def parquet_files(folder: Path) -> list[Path]:
    """The parquet files in a folder."""
    return sorted(
        file for file in folder.iterdir() if file.suffix.lower() == ".parquet" and not file.name.startswith(".")
    )


def chosen(file: Path) -> Columns:
    """Which columns are what.

    Raises:
        CondganError: none is, or several may be.
    """
    from pyarrow import parquet, types

    schema = parquet.read_schema(file)
    images, labels = [], []
    for column in schema:
        struct = types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0
        if struct or types.is_binary(column.type) or types.is_large_binary(column.type):
            images.append(column.name)
        elif types.is_integer(column.type) or types.is_string(column.type) or types.is_large_string(column.type):
            labels.append(column.name)
    image = only(file, "images", images, [word for word, role in ROLES.items() if role == "images"], schema.names)
    label = only(file, "labels", labels, LABELS, schema.names)
    return Columns(image, label, class_names(schema.metadata or {}, label))


def only(file: Path, what: str, possible: list[str], usual: Any, present: list[str]) -> str:
    """The one column that may be something, or has its usual name.

    Raises:
        CondganError: there is none, or more than one.
    """
    named = [name for name in possible if name.lower() in usual] or possible
    if len(named) != 1:
        which = f"may have its {what} in {' or '.join(named)}" if named else f"has no column of {what}"
        raise CondganError(
            f"{file} {which}; its columns are: {', '.join(present[:20])}: name one column image, and one label"
        )
    return named[0]


def class_names(metadata: dict[bytes, bytes], label: str) -> tuple[str, ...]:
    """The names of classes in Hugging Face's metadata, or none."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][label]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def rows(file: Path, column: str) -> Iterator[Any]:
    """The values of a column; of images their bytes.

    Raises:
        CondganError: one is missing, or the column is too large.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(file) as table:
        for group in range(table.metadata.num_row_groups):
            check_room(str(file), table.metadata.row_group(group).total_byte_size)
        count = 0
        for batch in table.iter_batches(BATCH, columns=[column]):
            for value in batch.column(0).to_pylist():
                value = value.get("bytes") if isinstance(value, dict) else value
                if value is None:
                    raise CondganError(f"{file}: row {count} has no {column}: add it, or leave the row out")
                yield value
                count += 1


def decoded(files: list[Path], column: str, labels: dict[str, Any], data: Data, progress: Progress) -> Store:
    """The images of some files, brought to one shape.

    Raises:
        CondganError: one is no image, damaged or too large; there are not as many as labels.
    """
    count = sum(map(len, labels.values()))
    check_room(f"{files[0]}: {column}", count * (data.channels or 1) * data.height * data.width)
    store, row = Store(count, data), 0
    for file in files:
        for number, content in enumerate(rows(file, column)):
            if row == count:
                raise CondganError(f"{file} has more images than labels: write it again")
            if not isinstance(content, bytes):
                raise CondganError(f"{file}: row {number} of {column} is no image but {type(content).__name__}")
            store.put(row, decode(io.BytesIO(content), f"{file}: row {number}", by_content=data.reading > 1))
            row += 1
            if row % BATCH == 0 or row == count:
                progress("reading images", row, count)
    if row < count:
        raise CondganError(f"{files[0]}: {row} images but {count} labels: write it again")
    return store


@contextmanager
def whole(path: Path) -> Iterator[None]:
    """Whatever a damaged file raises is one error."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, on images that it reads all the same
            yield
    except (CondganError, MemoryError):
        raise
    except Exception as error:  # pyarrow raises a dozen kinds on damaged files
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CondganError(f"{path} is damaged or no parquet ({reason}): fetch it again") from None


def matches(path: Path) -> bool:
    """Whether a path is a parquet file, or a folder of some, itself or those one below."""
    if path.is_dir():
        return bool(below(path))
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix.lower() == ".parquet" or file.read(len(MAGIC)) == MAGIC


READER = Reader(
    "parquet", "parquet files", "train, and validation and test if they are there", matches, read, (".parquet",)
)
