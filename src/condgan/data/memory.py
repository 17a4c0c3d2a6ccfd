"""Room for arrays: what a file declares is checked before anything is allocated, and large arrays lie in a file."""

import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError
from condgan.storage import cache

LARGEST = 64 << 30  # bytes of an array
MAPPED = 256 << 20  # bytes from which on an array lies in a file, so that memory need not hold it
DEFLATE_RATIO = 1032  # no deflate stream expands by more
BLOCK = 1 << 20  # bytes read at a time


class Readable(Protocol):
    """A file that is open for reading, or what unpacks one."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""


def available() -> int:
    """Bytes of memory that can still be had."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_room(what: str, size: int) -> None:
    """Refuse ``size`` bytes for ``what`` if that is beyond reason or beyond this machine.

    Raises:
        CondganError: with the sizes, in GiB.
    """
    limit, of = (available(), "memory") if size < MAPPED else (max(available(), spare()), "memory or disk")
    limit = min(LARGEST, limit)
    if size > limit:
        raise CondganError(
            f"{what} needs {size / 2**30:.1f} GiB of {of}, the limit is {limit / 2**30:.1f} GiB: "
            "use fewer or smaller images"
        )


def place() -> Path:
    """Where the files of large arrays are made: in the cache, for a temporary folder may lie in memory."""
    folder = cache.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())


def spare() -> int:
    """Bytes of disk for large arrays."""
    return shutil.disk_usage(place()).free


def room(shape: Sequence[int], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array of zeros; a large one is mapped to a file without a name, which is gone when the array is.

    The system reads of it what is used, and takes the memory back when it is short. Without room on the disk the array
    lies in memory.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < MAPPED or size > spare():
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(dir=place()) as file:
        if hasattr(os, "posix_fallocate"):  # a write to a mapped page that the disk has no room for kills
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)
        return np.memmap(file, dtype, "r+", shape=tuple(shape))


def fill(array: npt.NDArray[Any], stream: Readable) -> int:
    """Read an array's bytes, in C order, from a stream -> how many there were."""
    flat, filled = array.reshape(-1).view(np.uint8), 0
    while filled < len(flat) and (block := stream.read(min(BLOCK, len(flat) - filled))):
        flat[filled : filled + len(block)] = np.frombuffer(block, np.uint8)
        filled += len(block)
    return filled
