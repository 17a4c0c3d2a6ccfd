"""Members of zip and tar files, and arrays in them: strictly as condgan writes them, and within bounds."""

import math
import os
import re
import struct
import sys
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from condgan.provenance.files import MOST_FILE, DamagedError
from condgan.storage.manifest import MOST_BYTES

MOST_ARRAY = 1 << 40
"""Bytes of an array that is read part by part."""
PART = 1 << 22  # bytes of a part
MOST_ROWS = 1 << 24  # of an array, and images of a file
MOST_RATIO, SMALL = 200, 16 << 20
"""How many times its size an archive may unpack to, unless it unpacks to few bytes."""
BLOCK = 512  # bytes of a tar
LOCAL, END, END64 = (
    30,
    22,
    76,
)  # bytes of the records of a zip: before a member, at the end, and before that in large ones
GLOBAL, FILE = b"g", b"0"  # kinds of members
ZIP_ERRORS = (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError, OverflowError,
              struct.error, KeyError, IndexError, TypeError, MemoryError)  # fmt: skip
"""What zipfile, zlib and numpy raise for damaged files (zlib.error is caught by name where it occurs)."""


def members(file: BinaryIO) -> dict[str, zipfile.ZipInfo]:
    """The members of a zip by name, each once, and nothing before, between or behind them that readers differ about.

    Raises:
        DamagedError: damaged, or not as condgan writes them.
    """
    if file.read(4) != b"PK\x03\x04":
        raise DamagedError("damaged: it does not begin as an archive does")
    try:
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS as error:
        raise DamagedError(f"damaged: {type(error).__name__}") from None
    entries = archive.infolist()
    names = {entry.filename: entry for entry in entries}
    if len(names) != len(entries):
        raise DamagedError("it has several members of one name")
    if archive.comment or any(entry.flag_bits & 1 for entry in entries):
        raise DamagedError("it is not written as condgan writes archives")
    packed, unpacked = (sum(getattr(entry, size) for entry in entries) for size in ("compress_size", "file_size"))
    if unpacked > MOST_RATIO * packed + SMALL:
        raise DamagedError(f"it unpacks to {unpacked} bytes, more than {MOST_RATIO} times its size")
    if not packed_tightly(file, archive, entries):
        raise DamagedError("it has something before, between or behind its members")
    return names


def packed_tightly(file: BinaryIO, archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo]) -> bool:
    """Whether each byte belongs to a member or to the directory, which ends the file."""
    place = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset != place:
            return False
        file.seek(place)
        header = file.read(LOCAL)
        if len(header) < LOCAL:
            return False
        place += LOCAL + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        place += entry.compress_size
    end = file.seek(-END, os.SEEK_END)
    file.seek(end)
    tail = file.read(END)
    length = int.from_bytes(tail[12:16], "little")
    return place == archive.start_dir and tail[:4] == b"PK\x05\x06" and place + length in (end, end - END64)


def rows(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], Iterator[npt.NDArray[Any]]]:
    """The shape, the type and the parts of an array in NumPy's format, read as they are asked for.

    Raises:
        DamagedError: no such array, an order or a type that condgan does not write, or too large.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream, max_header_size=10_000)
    except Exception as error:  # whatever NumPy raises for a damaged header
        raise DamagedError(f"damaged: {type(error).__name__} in an array's header") from None
    size = math.prod(shape) * dtype.itemsize
    if fortran or not shape or dtype.hasobject or dtype.kind not in "uifU" or dtype.names:
        raise DamagedError("an array is not of a kind that condgan writes")
    if not 0 <= size <= MOST_ARRAY or shape[0] > MOST_ROWS or min(shape) < 1 or len(shape) > 4:
        raise DamagedError(f"an array has the shape {'x'.join(map(str, shape))}")
    each = size // shape[0]
    if not 0 < each <= MOST_FILE:
        raise DamagedError(f"a row of an array has {each} bytes")
    return shape, dtype, _parts(stream, shape, dtype, each)


def _parts(stream: IO[bytes], shape: tuple[int, ...], dtype: Any, each: int) -> Iterator[npt.NDArray[Any]]:
    most, left = max(1, PART // each), shape[0]
    while left:
        count = min(most, left)
        data = exactly(stream, count * each)
        yield np.frombuffer(data, dtype).reshape(count, *shape[1:])
        left -= count
    if exactly(stream, 1, short=True):
        raise DamagedError("an array has more bytes than it says")


def exactly(stream: IO[bytes], count: int, *, short: bool = False) -> bytes:
    """So many bytes; fewer are an error unless ``short``.

    Raises:
        DamagedError: the file ends before, or its compression is damaged.
    """
    import zlib

    try:
        data = stream.read(count)
    except (*ZIP_ERRORS, zlib.error) as error:
        raise DamagedError(f"damaged: {type(error).__name__}") from None
    if len(data) < count and not short:
        raise DamagedError("damaged: it ends before its end")
    return data


def array(stream: IO[bytes], dtype: str, most: int = 1 << 28) -> npt.NDArray[Any]:
    """A whole array of this type: labels, numbers, conditions.

    Raises:
        DamagedError: as ``rows``, another type, or too large.
    """
    shape, found, parts = rows(stream)
    if found.kind + str(found.itemsize) != dtype and dtype != "U":
        raise DamagedError(f"an array is {found}, expected {dtype}")
    if (dtype == "U" and found.kind != "U") or math.prod(shape) * found.itemsize > most:
        raise DamagedError(f"an array is {found} {shape}")
    whole = np.concatenate(list(parts))
    if dtype == "U" and (found.byteorder == ">" or whole.view(np.uint32).max() > sys.maxunicode):
        raise DamagedError("an array has texts that are none")
    return whole


def tar(file: BinaryIO) -> tuple[dict[str, str], Iterator[tuple[str, bytes]]]:
    """What a tar says in its global header, and the name and content of each of its files.

    Only a header as condgan writes it is read: links, other headers and other kinds of members are refused, since
    readers differ about them.

    Raises:
        DamagedError: damaged, or not as condgan writes them; also while iterating.
    """
    kind, _, size = _header(exactly(file, BLOCK))
    if kind != GLOBAL or size > 2 * MOST_BYTES:
        raise DamagedError("it does not begin with what condgan says of a tar")
    told = _records(_body(file, size))
    return told, _files(file)


def _files(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    while True:
        block = exactly(file, BLOCK)
        if not any(block):
            break
        kind, name, size = _header(block)
        if kind != FILE or size > MOST_FILE:
            raise DamagedError("it has a member that condgan does not write")
        yield name, _body(file, size)
    padding = 0
    while rest := exactly(file, 1 << 20, short=True):
        padding += len(rest)
        if any(rest):
            raise DamagedError("it has bytes after its end")
    if not padding or padding % BLOCK:
        raise DamagedError("damaged: it ends before its end")


def _header(block: bytes) -> tuple[bytes, str, int]:
    """Kind, name and size of a member."""
    try:
        stated, size = _octal(block[148:156]), _octal(block[124:136])
        name = block[:100].rstrip(b"\0").decode("ascii")
    except ValueError:
        raise DamagedError("damaged: a header of a tar") from None
    true = sum(block[:148]) + 8 * 32 + sum(block[156:])
    if stated != true or size < 0 or block[257:262] != b"ustar" or any(block[345:500]):
        raise DamagedError("damaged: a header of a tar")
    return block[156:157], name, size


def _octal(field: bytes) -> int:
    """A number of a tar's header; Python alone would take signs, blanks and underscores, about which readers differ."""
    if not re.fullmatch(rb"[0-7]+[ \0]*", field):
        raise ValueError(f"{field!r} is no octal number")
    return int(field.rstrip(b" \0"), 8)


def _body(file: BinaryIO, size: int) -> bytes:
    return exactly(file, -(-size // BLOCK) * BLOCK)[:size]


def _records(body: bytes) -> dict[str, str]:
    """``length keyword=value`` lines of a PAX header; each keyword once."""
    told: dict[str, str] = {}
    place = 0
    while place < len(body):
        digits = body[place : place + 10].split(b" ", 1)[0]
        if not digits.isdigit() or not len(digits) + 3 <= int(digits) <= len(body) - place:
            raise DamagedError("damaged: the header of a tar")
        keyword, joint, value = body[place + len(digits) + 1 : place + int(digits) - 1].partition(b"=")
        name = keyword.decode("utf-8", "replace")
        if not joint or name in told or body[place + int(digits) - 1 : place + int(digits)] != b"\n":
            raise DamagedError("damaged: the header of a tar")
        told[name] = value.decode("utf-8", "replace")
        place += int(digits)
    return told


def idx_shape(file: BinaryIO, dimensions: int) -> tuple[int, ...]:
    """The shape in the header of an IDX file."""
    head = exactly(file, 4 + 4 * dimensions)
    shape = struct.unpack(f">{dimensions}I", head[4:])
    if head[:4] != bytes([0, 0, 8, dimensions]) or not all(shape):
        raise DamagedError("no IDX file of bytes")
    if shape[0] > MOST_ROWS or any(side > 1 << 14 for side in shape[1:]):
        raise DamagedError(f"an IDX file of {'x'.join(map(str, shape))}")
    return shape


def idx_rows(images: BinaryIO, count: int, height: int, width: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The images of an IDX file whose header was read, (1, h, w) at a time."""
    for _ in range(count):
        yield np.frombuffer(exactly(images, height * width), np.uint8).reshape(1, height, width)
    if exactly(images, 1, short=True):
        raise DamagedError("an array has more bytes than it says")
