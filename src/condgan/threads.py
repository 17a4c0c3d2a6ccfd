"""How many threads to compute with: what the user has set, else what is fastest when measured.

Counting cores is not enough: on a machine that is busy, threads wait for each other, and two can be twenty times slower
than one.
"""

import os
import time
from collections.abc import Callable

USERS_SETTING = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
MEASURED = 6  # times that a candidate is tried
PATIENCE = 1.5  # seconds for a candidate
GAIN = 0.9  # more threads must be at least a tenth faster: they are what suffers when the machine gets busy


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


def fastest(work: Callable[[], object], use: Callable[[int], object]) -> int:
    """The thread count, of 1, 2, 4, ... up to the cores, at which ``work`` is fastest; ``use`` sets a count."""
    best, least = 1, float("inf")
    count = 1
    while count <= cores():
        use(count)
        seconds = _seconds(work)
        if seconds < least * (GAIN if count > 1 else 1):
            best, least = count, seconds
        count *= 2
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
