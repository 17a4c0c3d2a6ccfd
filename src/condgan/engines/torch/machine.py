"""Where to compute: the device, and the thread count, found by measuring."""

import os
import time
from collections.abc import Callable

import torch

from condgan import recipe
from condgan.engines import Settings
from condgan.errors import CondganError

USERS_SETTING = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
MEASURED_STEPS = 6
PATIENCE = 1.5  # seconds for a candidate: on a busy machine a step can take 20 times as long as it should
GAIN = 0.9  # more threads must be at least a tenth faster: they are what suffers when the machine gets busy


def device(asked: str | None) -> str:
    """The device that the user named, else CUDA where there is one.

    Raises:
        CondganError: it is not there.
    """
    if asked is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if asked.startswith("cuda"):
        number = int(asked.partition(":")[2] or 0)
        if not torch.cuda.is_available() or number >= torch.cuda.device_count():
            raise CondganError(f"machine.device={asked}: this torch sees no such GPU; machine.device=cpu computes here")
    return asked


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def as_set(asked: recipe.Machine, where: torch.device) -> Settings | None:
    """The settings that leave nothing to measure: threads that the user has set, or a GPU."""
    if asked.threads is not None:
        return Settings(device=str(where), threads=asked.threads, threads_by="machine.threads")
    for variable in USERS_SETTING:
        value = os.environ.get(variable, "")
        if value.isdecimal() and int(value) > 0:
            return Settings(device=str(where), threads=int(value), threads_by=variable)
    if where.type != "cpu":
        return Settings(device=str(where), threads=1, threads_by="not needed on a GPU")
    return None


def measured(where: torch.device, step: Callable[[], object]) -> Settings:
    """The thread count at which ``step``, one training step, is fastest."""
    before = torch.get_num_threads()
    best, fastest = 1, float("inf")
    count = 1
    while count <= cores():
        torch.set_num_threads(count)
        seconds = _seconds(step)
        if seconds < fastest * (GAIN if count > 1 else 1):
            best, fastest = count, seconds
        count *= 2
    torch.set_num_threads(before)
    return Settings(device=str(where), threads=best, threads_by="measured")


def _seconds(step: Callable[[], object]) -> float:
    """The middle of a few steps' times: one lucky step must not decide for a run of hours."""
    step()  # warm-up
    times: list[float] = []
    while len(times) < MEASURED_STEPS and (not times or sum(times) < PATIENCE):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
