"""A CSV or TSV of pixels, one image in a row, its label first or last or in a column of that name; also gzipped.

Kaggle's digit recognizer is ``label,pixel0,...,pixel783``. A row has N*N pixels, or 3*N*N: three channels that lie one
after the other.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from math import isqrt
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.arrays import MAX_SIZE, MIN_SIZE
from condgan.data.dataset import Contents
from condgan.data.memory import check_room, room
from condgan.data.readers import arrays
from condgan.data.readers.arrays import Arrays, Part
from condgan.data.readers.csv_lines import DELIMITERS, Lines, TooLargeError
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.data.readers.roles import ROLES
from condgan.errors import CondganError
from condgan.recipe import Data

ENDINGS = (".csv.gz", ".tsv.gz", ".csv", ".tsv")
LABELS = frozenset(name for name, role in ROLES.items() if role == "labels") | {"class", "digit", "category"}
FEWEST = MIN_SIZE * MIN_SIZE  # pixels of a row
BLOCK = 1 << 21  # numbers that are read at a time
CERTAIN = 2  # times as many different values as a column of labels has, a column of pixels has

Rows = Iterator[list[str]]
Block = npt.NDArray[np.float32 | np.uint8]


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """The images of a table, in bounded memory: as bytes where they are, else as float32.

    Raises:
        CondganError: there is no column of labels, or a row is not like the first; the file is damaged or too large.
    """
    with opened(path) as rows:
        first = next(rows, None)
        if first is None:
            raise CondganError(f"{path} is empty: expected a row for each image")
        width = len(first)
        header = [cell.strip().lower() for cell in first] if is_header(first) else None
        body = alike(path, rows if header else chain([first], rows), width, 1 + bool(header))
        start = list(islice(body, max(1, BLOCK // width)))
        column = named_column(path, header, width)
        if column is None:
            column = first_or_last(path, start)
        shape = sides(path, width - 1)
        labels: list[str] = []
        blocks: list[Block] = []
        size = 0
        while block := start or list(islice(body, max(1, BLOCK // width))):
            start = []
            pixels, names = numbers(path, block, column, len(labels) + 1 + bool(header))
            labels += names
            size += pixels.nbytes
            check_room(str(path), size)
            blocks.append(pixels)
    if not labels:
        raise CondganError(f"{path} has no rows below its header: expected one for each image")
    count, below = len(labels), 0
    images = room((count, *shape), np.result_type(*blocks))
    blocks.reverse()
    while blocks:  # each is given back once it is copied
        pixels = blocks.pop()
        images[below : below + len(pixels)] = pixels.reshape(-1, *shape)
        below += len(pixels)
    place = "first" if column == 0 else "last" if column == width - 1 else f"number {column + 1}"
    called = f' ("{header[column]}")' if header else ""
    how = f"each row is an image of {'x'.join(map(str, shape))}, its label is the {place} column{called}"
    part = Part(images, label_array(labels), "rows of pixels", "labels")
    del images
    return arrays.contents(name, Arrays(str(path), {"train": part}, how=how), data)


def label_array(labels: list[str]) -> npt.NDArray[np.generic]:
    """Labels as whole numbers, if all are, or else as text."""
    try:
        return np.array([int(label) for label in labels], np.int64)
    except (ValueError, OverflowError):
        pass
    try:
        values = [float(label) for label in labels]
        if all(value == int(value) for value in values):
            return np.array([int(value) for value in values], np.int64)
    except (ValueError, OverflowError):
        pass
    return np.array(labels, dtype=str)


def is_header(first: list[str]) -> bool:
    """Whether a row names columns; a data frame without names numbers them."""
    if all(cell == str(number) for number, cell in enumerate(first)):
        return True
    return not all(is_number(cell) for cell in islice(first, 1, len(first) - 1))


def named_column(path: Path, header: list[str] | None, width: int) -> int | None:
    """Where the labels stand by the names of the columns; none where these do not say.

    Raises:
        CondganError: several columns are labels, or none can be.
    """
    named = [number for number, cell in enumerate(header or []) if cell.replace("_", "") in LABELS]
    if header and len(named) > 1:
        both = " and ".join(header[number] for number in named)
        raise CondganError(f"{path} has columns {both}: expected one of labels, leave the others out")
    if named:
        return named[0]
    if is_images(width):
        raise CondganError(f"{path} has {width} columns, all of them pixels, and no labels: add a first column, label")
    return None


def first_or_last(path: Path, rows: list[list[str]]) -> int:
    """Which column is of labels: the one that is no number, that varies, or that has far fewer different values.

    Raises:
        CondganError: either may be.
    """
    ends = [{row[place] for row in rows} for place in (0, -1)]
    for place, values in ((0, ends[0]), (len(rows[0]) - 1 if rows else 0, ends[1])):
        if not all(map(is_number, values)):
            return place
    (first, last), width = map(len, ends), len(rows[0]) if rows else 1
    if last == 1 or (first > 1 and CERTAIN * first <= last):
        return 0
    if first == 1 or CERTAIN * last <= first:
        return width - 1
    raise CondganError(
        f"{path}: labels may be the first column or the last: add a first row that names it, label,pixel0,pixel1, ..."
    )


def sides(path: Path, pixels: int) -> tuple[int, ...]:
    """The shape of an image of so many pixels.

    Raises:
        CondganError: it is no square.
    """
    for channels in (1, 3):
        side = isqrt(pixels // channels)
        if channels * side * side == pixels and MIN_SIZE <= side <= MAX_SIZE:
            return (side, side) if channels == 1 else (3, side, side)
    raise CondganError(
        f"{path} has {pixels} columns beside the labels: expected N*N (grey) or 3*N*N (red, green, blue), "
        "N from 4 to 1024"
    )


def is_images(pixels: int) -> bool:
    """Whether so many pixels are a square image."""
    return any(channels * isqrt(pixels // channels) ** 2 == pixels >= FEWEST for channels in (1, 3))


def alike(path: Path, rows: Iterable[list[str]], width: int, row: int) -> Rows:
    """The rows, each checked before the next is read, so that a block holds no more cells than it should.

    Raises:
        CondganError: a row has another width.
    """
    for number, cells in enumerate(rows, row):
        if len(cells) != width:
            raise CondganError(f"{path}: row {number} has {len(cells)} columns, expected {width} as the first")
        yield cells


def numbers(path: Path, block: list[list[str]], column: int, row: int) -> tuple[Block, list[str]]:
    """Rows of text (n, width) -> pixels (n, width - 1) and labels.

    Raises:
        CondganError: a row has no label, or a pixel is no number.
    """
    labels = []
    for number, cells in enumerate(block):
        labels.append(cells.pop(column).strip())
        if not labels[-1]:
            raise CondganError(f"{path}: row {row + number} has no label: add it, or leave the row out")
    try:
        pixels = np.array(block, np.float32)
        if ((pixels >= 0) & (pixels <= 255) & (pixels == np.rint(pixels))).all():
            return pixels.astype(np.uint8), labels
        return pixels, labels
    except (ValueError, OverflowError):
        for number, cells in enumerate(block):
            for cell in cells:
                if not is_number(cell):
                    raise CondganError(f'{path}: row {row + number} has "{cell[:20]}" among its pixels') from None
        raise CondganError(f"{path}: rows from {row} on hold what is no number") from None


def is_number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


@contextmanager
def opened(path: Path) -> Iterator[Rows]:
    """The rows of a table, without empty ones.

    Raises:
        CondganError: it is damaged, no text, or too large.
    """
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if zipped else file
        try:
            text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
            yield parsed(Lines(path, text))
        except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError, csv.Error) as error:
            raise CondganError(f"{path} is damaged or no table of text ({error}): write it again") from None


def parsed(lines: Lines) -> Rows:
    """The rows of lines, without empty ones; what separates the columns is what the first line has most of."""
    first = next(lines, "")
    delimiter = max(DELIMITERS, key=first.count)
    lines.separators = {delimiter: lines.separators[delimiter]}
    for row in csv.reader(chain([first], lines), delimiter=delimiter, strict=True):
        lines.end_row()
        if row:
            yield row


def matches(path: Path) -> bool:
    """Whether a file is a table whose rows are as wide as an image and a label, or an image without one."""
    if not path.is_file() or not path.name.lower().endswith(ENDINGS):
        return False
    try:
        with opened(path) as rows:
            return len(next(rows, [])) >= FEWEST
    except TooLargeError:
        return True  # reading it says why it is refused
    except CondganError:
        return False


READER = Reader("csv", "a CSV of pixels", "train", matches, read, endings=ENDINGS)
