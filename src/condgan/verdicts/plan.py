"""The plan of a study of worth: how long generators and classifiers learn, so that all fits the minutes."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condgan import arguments, engines
from condgan.data import Dataset
from condgan.data.dataset import Split
from condgan.errors import ArgumentError, CondganError
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Outcome, Trial
from condgan.metrics import feature_network
from condgan.recipe import Domain, Recipe
from condgan.recipe.text import override
from condgan.results.records import EvaluationRecord
from condgan.verdicts import ways
from condgan.verdicts.trials import BATCH, SEEDS, Effort

GENERATORS = 2
LEAST_MINUTES, MOST_MINUTES = 1.0, 100_000.0
SHARE = 0.45  # of the time, for the generators
USED = 0.8  # of the minutes: machines are busy at times
START = 8.0  # seconds that a training takes to begin and to end
FEWEST, MOST = 60, 1500  # steps of a classifier
REDUCED, FULL = 8, 16  # channels of a classifier, with few and with many minutes
MANY = 10.0  # minutes
PROBED = 1.0  # seconds of steps that are timed


def checked(minutes: object) -> float:
    """The minutes that a study may take.

    Raises:
        ArgumentError: another type, or out of range.
    """
    number = float(minutes) if isinstance(minutes, int | float) and not isinstance(minutes, bool) else float("nan")
    if not LEAST_MINUTES <= number <= MOST_MINUTES:
        raise ArgumentError("minutes", arguments.shown(minutes), f"expected {LEAST_MINUTES:g} to {MOST_MINUTES:g}")
    return number


@dataclass(frozen=True)
class Plan:
    """Generators of seed 0, 1, ..., and what the classifiers then learn.

    Attributes:
        recipe: of the generators, with as many epochs as there is time for.
        minutes: that all may take.
        generators: how many.
    """

    recipe: Recipe
    minutes: float
    generators: int = GENERATORS
    kind = "worth"
    grows = None

    def describe(self) -> dict[str, Any]:
        """All of it."""
        recipe = self.recipe.model_dump(mode="json")
        return {"recipe": recipe, "minutes": self.minutes, "generators": self.generators}

    @classmethod
    def of(cls, recipe: Recipe, described: Mapping[str, Any]) -> "Plan":
        """The plan that was described; a KeyError, TypeError or ValueError: it is damaged."""
        minutes, generators = float(described["minutes"]), int(described["generators"])
        if not (LEAST_MINUTES <= minutes <= MOST_MINUTES and generators == GENERATORS):
            raise ValueError(f"{minutes:g} minutes, {generators} generators")
        return cls(recipe, minutes, generators)

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """The first generator that has not begun."""
        return Seeds(self.recipe, self.generators).next(begun, outcomes)

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Never."""
        return False


def fitted(recipe: Recipe, dataset: Dataset, minutes: float, say: Callable[[str], None]) -> Plan:
    """The plan that fits the minutes, from a few steps of both trainings, which are timed here.

    Raises:
        CondganError: they are too few for one epoch of the generators, or for the shortest training of classifiers.
    """
    seconds = 60 * USED * minutes
    epoch = seconds_of_epoch(recipe, dataset.domain(), dataset.train)
    count = trainings(dataset, GENERATORS)
    least = count * FEWEST * _step(dataset, width(minutes))
    each = min(SHARE * seconds, seconds - least) / GENERATORS - START
    epochs = min(recipe.train.epochs, int(each / epoch))
    if epochs < 1:
        needed = GENERATORS * (epoch + START)
        raise CondganError(
            f"minutes={minutes:g}: an epoch of {len(dataset.train)} images takes a generator {epoch:.0f} s here, and "
            f"the classifiers at least {least:.0f} s: "
            f"give {np.ceil(max(needed / SHARE, needed + least) / 60 / USED):.0f} minutes or more"
        )
    say(
        f"{GENERATORS} generators by {recipe.name}, {epochs} epoch{'s' * (epochs > 1)} each, about "
        f"{GENERATORS * (epochs * epoch + START) / 60:.1f} min; then {count} classifiers, in {minutes:g} minutes in all"
    )
    return Plan(override(recipe, [f"train.epochs={epochs}"]), minutes)


def effort(dataset: Dataset, minutes: float, generators: int, seconds: float) -> Effort:
    """What each classifier may learn in so many seconds for all; less than the least where there is no time."""
    channels = width(minutes)
    steps = int(USED * seconds / (trainings(dataset, generators) * _step(dataset, channels)))
    return Effort(min(MOST, steps), channels)


def width(minutes: float) -> int:
    """Channels of the classifier."""
    return FULL if minutes >= MANY else REDUCED


def trainings(dataset: Dataset, generators: int) -> int:
    """How many classifiers are trained."""
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    return SEEDS * (len(ways.BASES) + len(ways.with_synthetic(ways.BASES[0], counts)) * generators)


def seconds_of_epoch(recipe: Recipe, domain: Domain, images: Split) -> float:
    """Seconds of an epoch of a generator, from a few steps."""
    engine = engines.load(recipe.machine.engine).build(recipe, domain, images, None)
    engine.run(0, 2)
    steps, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < PROBED or steps < 2:
        engine.run(2 + steps, 1)
        steps += 1
    return took / steps * -(-len(images) // recipe.train.batch)


def _step(dataset: Dataset, width: int) -> float:
    """Seconds of a step of a classifier, with the dearest augmentation."""
    split, classes = dataset.train, len(dataset.class_names)

    def train(steps: int) -> float:
        start = time.perf_counter()
        augment, batch = ways.BASES[-1].augment, min(BATCH, len(split))
        feature_network.train(split.images, split.labels, classes, steps, 0, width, augment, batch)
        return time.perf_counter() - start

    train(2)
    steps = max(4, int(PROBED / max(1e-4, train(4) / 4)))
    return train(min(steps, 200)) / min(steps, 200)
