"""How many threads to compute with, by measuring."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

from condgan import threads
from condgan.engines import Settings
from condgan.recipe import Machine


def limited(count: int) -> AbstractContextManager[object]:
    """Jittor's operators and oneDNN compute with so many threads inside; elsewhere in the process it is as before."""
    return threadpool_limits(limits=count)


def settings(machine: Machine, step: Callable[[], object]) -> Settings:
    """The number that is set, or else the one with which ``step``, one training step, is fastest."""

    def work(count: int) -> None:
        with limited(count):
            step()

    by_user = (machine.threads, "machine.threads") if machine.threads is not None else threads.as_set()
    count, by = by_user or (threads.fastest(work, threads.counts()), "measured")
    return Settings(device="cpu", threads=count, threads_by=by, precision="float32")
