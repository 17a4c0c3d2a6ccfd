"""The table of formats that datasets are written in: a new one is a file here and a row."""

from pathlib import Path

from condgan.data.writers import folder, npz
from condgan.data.writers.writer import Writer

WRITERS: tuple[Writer, ...] = (npz.WRITER, folder.WRITER)


def of(path: Path) -> Writer:
    """The format of a path, by its ending."""
    ending = path.suffix.lower()
    return next((row for row in WRITERS if row.ending == ending), next(row for row in WRITERS if not row.ending))


def listed(vectors: bool = False) -> str:
    """The formats in words, or those that can hold vectors."""
    return " or ".join(row.words for row in WRITERS if row.vectors or not vectors)
