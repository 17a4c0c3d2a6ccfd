"""The tables of what can be read: a new format of files, or a new built-in dataset, is a file here and a row."""

from pathlib import Path

from condgan.data.readers import cifar, csv_pixels, idx, images, mnist, npy, npz, parquet, stacked_mnist
from condgan.data.readers.reader import BuiltIn, Reader

READERS: tuple[Reader, ...] = (
    npz.READER,
    npy.READER,
    csv_pixels.READER,
    idx.READER,
    cifar.READER,
    parquet.READER,
    images.READER,
)
BUILT_IN: dict[str, BuiltIn] = {row.name: row for row in (mnist.BUILT_IN, stacked_mnist.BUILT_IN)}


def of(path: Path) -> Reader | None:
    """The format of an existing path, by what it is rather than by what it is called; none that is known."""
    return next((row for row in READERS if row.matches(path)), None)


def listed() -> str:
    """The formats in words."""
    *others, last = (row.words for row in READERS)
    return f"{', '.join(others)}, or {last}"
