"""A file that declares more than fits is refused before anything is allocated for it."""

import os
from pathlib import Path

from condgan.errors import CondganError

LARGEST = 16 << 30  # bytes; datasets are held in memory whole
DEFLATE_RATIO = 1032  # no deflate stream expands by more


def available() -> int:
    """Bytes of memory that can still be had."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_memory(what: str, size: int) -> None:
    """Refuse ``size`` bytes for ``what`` if that is beyond reason or beyond this machine.

    Raises:
        CondganError: with the sizes, in GiB.
    """
    limit = min(LARGEST, available())
    if size > limit:
        raise CondganError(
            f"{what} needs {size / 2**30:.1f} GiB of memory, the limit is {limit / 2**30:.1f} GiB: "
            "use fewer or smaller images"
        )
