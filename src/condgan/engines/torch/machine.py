"""Where to compute: the device, the thread count and the precision, by measuring."""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from pydantic import ValidationError

from condgan import threads
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.recipe import Precision, Recipe, Section
from condgan.recipe.text import explain


class Own(Section):
    """The settings that only this engine has."""

    onednn: bool = False
    """Linear layers multiply with oneDNN, where that is much faster than torch's own library."""


def own(settings: Settings) -> Own:
    """Those of a run; a CondganError: they are not this engine's."""
    try:
        return Own.model_validate(settings.own, strict=True)
    except ValidationError as error:
        raise CondganError(f"settings of engine=torch: {'; '.join(explain(error)[:3])}") from None


def device(requested: str | None) -> str:
    """The device that the user named, else CUDA where there is one; a CondganError: it is not there."""
    if requested is None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    if requested.startswith("cuda"):
        number = int(requested.partition(":")[2] or 0)
        if not torch.cuda.is_available() or number >= torch.cuda.device_count():
            reason = "this torch sees no such GPU; machine.device=cpu computes here"
            raise CondganError(f"machine.device={requested}: {reason}")
    return requested


def settings(recipe: Recipe, where: torch.device, step: Callable[[Precision], object]) -> Settings:
    """What is set; of what is open, that with which ``step``, one training step in a precision, is fastest."""

    def work(count: int, precision: Precision) -> None:
        torch.set_num_threads(count)
        step(precision)

    before = torch.get_num_threads()
    count, by = (
        (recipe.machine.threads, "machine.threads")
        if recipe.machine.threads is not None
        else threads.as_set() or ((None, "measured") if where.type == "cpu" else (1, "not needed on a GPU"))
    )
    precisions: Iterable[Precision] = dict.fromkeys((recipe.train.precision, "float32"))
    precision = threads.fastest(partial(work, count or 1), precisions)
    count = count or threads.fastest(lambda count: work(count, precision), threads.counts())
    torch.set_num_threads(before)
    return Settings(device=str(where), threads=count, threads_by=by, precision=precision)
