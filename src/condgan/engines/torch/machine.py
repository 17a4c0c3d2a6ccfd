"""Where to compute: the device, and the thread count, found by measuring."""

from collections.abc import Callable

import torch

from condgan import recipe, threads
from condgan.engines import Settings
from condgan.errors import CondganError


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


def as_set(asked: recipe.Machine, where: torch.device) -> Settings | None:
    """The settings that leave nothing to measure: threads that the user has set, or a GPU."""
    if asked.threads is not None:
        return Settings(device=str(where), threads=asked.threads, threads_by="machine.threads")
    users = threads.as_set()
    if users is not None:
        return Settings(device=str(where), threads=users[0], threads_by=users[1])
    if where.type != "cpu":
        return Settings(device=str(where), threads=1, threads_by="not needed on a GPU")
    return None


def measured(where: torch.device, step: Callable[[], object]) -> Settings:
    """The thread count at which ``step``, one training step, is fastest."""
    before = torch.get_num_threads()
    best = threads.fastest(step, torch.set_num_threads)
    torch.set_num_threads(before)
    return Settings(device=str(where), threads=best, threads_by="measured")
