"""What is done before the first training on a dataset: its feature network, and whether what is sought can be measured.

Trainings would find out by themselves, each at its first evaluation, which is late and in a log of its own.
"""

import time
from collections.abc import Callable, Sequence

from condgan.data import Dataset
from condgan.errors import ArgumentError, CondganError, InterruptedTrainingError
from condgan.evaluation import features
from condgan.evaluation.comparison import QUICK
from condgan.evaluation.features import Progress, Say
from condgan.recipe import Recipe
from condgan.storage import cache
from condgan.training import monitor

SHOWN_ANYWAY = " (`small_n=True` shows it)"  # what `evaluate` offers for small sets, and trainings do not
PATIENCE = 10.0  # seconds between two lines about something that takes long


def network(recipe: Recipe, dataset: Dataset, say: Say, interrupted: Callable[[], bool]) -> None:
    """Train the feature network of a dataset, where trainings of this recipe would begin with that.

    Args:
        recipe: of the trainings.
        dataset: that they learn from.
        say: told of it, and every ten seconds how far it is.
        interrupted: whether to stop.

    Raises:
        InterruptedTrainingError: it was stopped.
    """
    included = recipe.data.source in features.SHIPPED or not dataset.class_names
    if recipe.evaluation.every is None or included or cache.path(features.KIND, dataset.sha256).is_file():
        return  # told without torch, which most studies need in their workers only
    watched = monitor.monitor(recipe, dataset, monitor.own_threads(dataset), say, lines(say, interrupted))
    if watched is not None:
        _ = watched.reference  # which trains it


def lines(say: Say, interrupted: Callable[[], bool]) -> Progress:
    """Progress as a line every ten seconds."""
    last = time.monotonic()

    def progressed(what: str, done: int, total: int) -> None:
        nonlocal last
        if interrupted():
            raise InterruptedTrainingError(f"stopped in the training of the {what}: the same command begins it again")
        if time.monotonic() - last >= PATIENCE:
            last = time.monotonic()
            say(f"{what}: {done:,} of {total:,}")

    return progressed


def measurable(recipe: Recipe, dataset: Dataset, metrics: Sequence[str]) -> None:
    """Refuse metrics that no training of this recipe can have on a dataset: that real images have not in its place.

    Args:
        recipe: of the trainings.
        dataset: that they learn from.
        metrics: names of metrics that are measured while training.

    Raises:
        CondganError: some cannot be measured; the message has the reason, and those that can.
    """
    if not metrics:
        return
    if recipe.evaluation.every is None:
        raise ArgumentError(
            "metric", ",".join(metrics), "evaluation.every=none measures nothing: set it, as evaluation.every=300000"
        )
    watched = monitor.prepared(recipe, dataset, monitor.own_threads(dataset), lambda _: None)  # `network` has said it
    missing = watched.undefined(metrics)
    if missing:
        every = [metric.name for metric in QUICK]
        rest = watched.undefined(every)
        can = [name for name in every if name not in rest]
        reasons = "; ".join(dict.fromkeys(missing.values())).replace(SHOWN_ANYWAY, "")
        raise ArgumentError(
            "metric", ",".join(missing), f"{reasons}; {dataset.name} allows {', '.join(can)}" if can else reasons
        )


def checked(metrics: Sequence[str]) -> Callable[[Recipe, Dataset], None]:
    """``measurable`` as ``executor.work`` calls it."""

    def check(recipe: Recipe, dataset: Dataset) -> None:
        try:
            measurable(recipe, dataset, metrics)
        except ArgumentError:
            raise
        except CondganError as error:
            raise ArgumentError("metric", ",".join(metrics), f"nothing can be measured: {error}") from None

    return check
