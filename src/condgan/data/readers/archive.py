"""Arrays from .npz and .npy files that anyone may have written: nothing is unpickled, and sizes are checked first."""

import errno
import math
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from condgan.data.memory import BLOCK, DEFLATE_RATIO, check_room, fill, room
from condgan.errors import CondganError

Array = npt.NDArray[Any]

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array_names(path: Path) -> list[str]:
    """The names of the arrays in an archive.

    Raises:
        CondganError: it is damaged.
    """
    with whole(path, ".npz archive", "savez_compressed"), zipfile.ZipFile(path) as archive:
        return list(members(archive))


def read_arrays(path: Path, names: Collection[str]) -> dict[str, Array]:
    """The arrays of these names, which the archive has, each checked before memory is allocated for it.

    Raises:
        CondganError: one holds objects or is too large; the archive is damaged.
    """
    with whole(path, ".npz archive", "savez_compressed"), zipfile.ZipFile(path) as archive:
        present = members(archive)
        return {name: read_member(path, archive, present[name], name) for name in names}


def outlines(path: Path, names: Collection[str]) -> dict[str, Array]:
    """Arrays of zeros as those of these names, which the archive has; they take no memory.

    Raises:
        CondganError: as ``read_arrays``.
    """
    with whole(path, ".npz archive", "savez_compressed"), zipfile.ZipFile(path) as archive:
        present, found = members(archive), {}
        for name in names:
            check_compression(path, present[name], name)
            with archive.open(present[name]) as stream:
                shape, _, dtype = read_header(stream)
                check_header(path, name, shape, dtype, present[name].file_size - stream.tell())
                found[name] = np.broadcast_to(np.zeros((), dtype), shape)
        return found


def some_rows(path: Path, name: str, most: int, read: int) -> tuple[npt.NDArray[np.int64], Array] | None:
    """At most so many rows of an array, evenly spread over as much of it as may be read.

    Args:
        path: of the archive, which has the array.
        name: of the array.
        most: rows.
        read: bytes of the array.

    Returns:
        Their numbers, and the rows; none where rows do not lie one after the other.

    Raises:
        CondganError: as ``read_arrays``.
    """
    with whole(path, ".npz archive", "savez_compressed"), zipfile.ZipFile(path) as archive:
        member = members(archive)[name]
        check_compression(path, member, name)
        with archive.open(member) as stream:
            shape, fortran, dtype = read_header(stream)
            check_header(path, name, shape, dtype, member.file_size - stream.tell())
            if fortran and len(shape) > 1:
                return None
            size = math.prod(shape[1:]) * dtype.itemsize
            within = min(shape[0], max(1, read // max(1, size)))
            step = max(1, -(-within // most))
            rows = np.zeros((-(-within // step), *shape[1:]), dtype)
            for row in rows[:-1]:
                fill(row.reshape(-1), stream)
                passed(stream, (step - 1) * size)
            if rows.nbytes and fill(rows[-1:], stream) < size:
                raise EOFError("it ends too early")
    return np.arange(0, within, step), rows


def passed(stream: IO[bytes], count: int) -> None:
    """Read so many bytes, and keep none."""
    while count > 0 and (block := stream.read(min(BLOCK, count))):
        count -= len(block)


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """What an archive contains, by the names of arrays."""
    return {member.filename.removesuffix(".npy"): member for member in archive.infolist()}


def read_lone(path: Path) -> Array:
    """The array of an .npy file, checked before memory is allocated for it.

    Raises:
        CondganError: it holds objects or is too large; the file is damaged.
    """
    with whole(path, ".npy file", "save"), path.open("rb") as stream:
        shape, fortran, dtype = read_header(stream)
        check_header(path, "the array", shape, dtype, path.stat().st_size - stream.tell())
        return read_values(stream, shape, fortran, dtype)


@contextmanager
def whole(path: Path, what: str, function: str) -> Iterator[None]:
    """Whatever a damaged file raises while it is read is one error, which says what to do."""
    try:
        yield
    except (CondganError, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds on damaged input
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # which is a place before the start of the file
            raise
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CondganError(f"{path} is damaged or not an {what} ({reason}): write it with numpy.{function}") from None


def read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, key: str) -> Array:
    """One array. Its header must agree with the size in the archive's directory, and both with the file's size.

    Raises:
        CondganError: they do not, or the array holds objects.
    """
    check_compression(path, member, key)
    with archive.open(member) as stream:
        shape, fortran, dtype = read_header(stream)
        check_header(path, key, shape, dtype, member.file_size - stream.tell())
        array = read_values(stream, shape, fortran, dtype)
        stream.read(1)  # at the end zipfile compares the checksum
    return array


def check_compression(path: Path, member: zipfile.ZipInfo, key: str) -> None:
    """Refuse a compression that numpy does not write.

    Raises:
        CondganError: with the array's name.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CondganError(f"{path}: {key} has an unusual compression: write it with numpy.savez_compressed")


def read_values(stream: IO[bytes], shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]) -> Array:
    """The array that follows a header."""
    array = room(shape[::-1] if fortran else shape, dtype)
    if array.nbytes and fill(array, stream) < array.nbytes:
        raise EOFError("it ends too early")
    return array.T if fortran else array


def check_header(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any], held: int) -> None:
    """Refuse an array that its file, which holds so many bytes of it, cannot hold, or this machine.

    Raises:
        CondganError: with the sizes; or it holds objects.
    """
    if dtype.hasobject:
        raise CondganError(
            f"{path}: {key} holds Python objects: expected numbers, or text for class_names; "
            "save numpy.stack(images), numpy.array(names, dtype=str)"
        )
    size = math.prod(shape) * dtype.itemsize
    if not 0 <= size <= path.stat().st_size * DEFLATE_RATIO or size != held:
        raise CondganError(
            f"{path}: {key} declares {dtype} {shape} = {size} bytes, the file has {held}: it is damaged, write it again"
        )
    check_room(f"{path}: {key}", size)


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis runs fastest, and type, from the start of a .npy stream."""
    version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise ValueError(f"npy version {version}")
    shape, fortran, dtype = HEADERS[version](stream)
    if any(side < 0 for side in shape):
        raise ValueError(f"shape {shape}")
    return shape, fortran, dtype
