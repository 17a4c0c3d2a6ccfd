"""The table of formats that datasets are written in: a new one is a file here and a row."""

from pathlib import Path

from condgan.data.writers import folder, idx, imagefolder, npz, parquet, webdataset
from condgan.data.writers.writer import Writer
from condgan.errors import ArgumentError, CondganError, nearest

WRITERS: tuple[Writer, ...] = (
    folder.WRITER,
    imagefolder.WRITER,
    idx.WRITER,
    npz.WRITER,
    parquet.WRITER,
    webdataset.WRITER,
)


OTHER_FILES = {
    ".7z", ".arrow", ".bz2", ".csv", ".feather", ".gz", ".h5", ".hdf5", ".json", ".jsonl", ".mat", ".npy", ".pickle",
    ".pkl", ".pq", ".pt", ".rar", ".safetensors", ".tfrecord", ".tgz", ".txt", ".xz", ".zip", ".zst",
}  # fmt: skip
"""Endings of files that no writer makes; a folder of such a name would be taken for one."""


def of(path: Path, name: str | None = None) -> Writer:
    """The format of this name, by default that of the path's ending, without one class folders.

    Raises:
        CondganError: there is no such format, or the path has the ending of another one.
    """
    ending = path.suffix.lower()
    by_ending = next((row for row in WRITERS if row.ending and row.ending == ending), None)
    if name is None:
        return by_ending or folder.WRITER
    row = next((row for row in WRITERS if row.name == name), None)
    if row is None:
        names = [row.name for row in WRITERS]
        raise ArgumentError("format", name, f"expected {', '.join(names)}{nearest(name, names)}")
    if by_ending is not None and by_ending is not row:
        raise CondganError(
            f"{path}: {ending} is the ending of `format={by_ending.name}`, and `format={name}` was given"
        )
    return row


def check_ending(path: Path) -> None:
    """Refuse the path of a dataset that has the ending of another kind of file.

    Raises:
        CondganError: naming the endings that are written.
    """
    ending = path.suffix.lower()
    if ending in OTHER_FILES:
        endings = ", ".join(row.ending for row in WRITERS if row.ending)
        raise CondganError(f"{path}: no {ending} is written: choose {endings}, or the name of a new folder")


def listed(vectors: bool = False) -> str:
    """The formats in words, or those that can hold vectors."""
    *others, last = (row.words for row in WRITERS if row.vectors or not vectors)
    return f"{', '.join(others)} or {last}" if others else last
