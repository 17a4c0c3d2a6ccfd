"""How many threads to compute with: what the user has set, else what is fastest when measured.

Counting cores is not enough: on a machine that is busy, threads wait for each other, and two can be twenty times slower
than one.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

USERS_SETTING = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
MEASURED = 6  # times that a candidate is tried
PATIENCE = 1.5  # seconds for a candidate
GAIN = 0.9  # the next way must be at least a tenth faster: more threads suffer when the machine gets busy

Way = TypeVar("Way")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def as_set() -> tuple[int, str] | None:
    """The count that the user has set in the environment, and by which variable."""
    for variable in USERS_SETTING:
        value = os.environ.get(variable, "")
        if value.isdecimal() and int(value) > 0:
            return int(value), variable
    return None


def counts() -> Iterator[int]:
    """1, 2, 4, ... up to the cores."""
    count = 1
    while count <= cores():
        yield count
        count *= 2


def fastest(work: Callable[[Way], object], ways: Iterable[Way]) -> Way:
    """The way in which ``work`` is fastest, or the first of those that are nearly so."""
    best, *others = ways
    least = _seconds(partial(work, best)) if others else 0.0
    for way in others:
        seconds = _seconds(partial(work, way))
        if seconds < least * GAIN:
            best, least = way, seconds
    return best


def _seconds(work: Callable[[], object]) -> float:
    """The middle of a few times: one lucky try must not decide for hours."""
    work()  # warm-up
    times: list[float] = []
    while len(times) < MEASURED and (not times or sum(times) < PATIENCE):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
