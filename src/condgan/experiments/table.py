"""The figures of several trainings: their mean and spread over trainings, beside the standard error of one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from condgan.experiments.study import Study
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord


@dataclass(frozen=True)
class Spread:
    """A figure over n trainings that differ in their seed alone.

    Attributes:
        name: of the figure.
        metric: what was measured.
        mean: over trainings.
        spread: standard deviation between trainings (n - 1 degrees of freedom); none of a single one.
        se: the standard error of one training's figure, over images (root of the mean square); none if unknown.
        n: trainings that have this figure.
        values: of each training, in their order.
        floor: the same figure of as many real images, where it was measured.
    """

    name: str
    mean: float
    spread: float | None
    se: float | None
    n: int
    values: tuple[float, ...]
    floor: float | None = None
    metric: str = ""

    def as_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def spreads(trainings: Sequence[Mapping[str, Figure]]) -> dict[str, Spread]:
    """Each figure that some training has, over those that have it."""
    names = dict.fromkeys(name for figures in trainings for name in figures)
    return {name: found for name in names if (found := _spread(name, trainings)) is not None}


def _spread(name: str, trainings: Sequence[Mapping[str, Figure]]) -> Spread | None:
    having = [figures[name] for figures in trainings if name in figures]
    values = [figure.value for figure in having if figure.value is not None]
    if not values:
        return None
    errors = [figure.se for figure in having if figure.se is not None]
    floors = [figure.floor for figure in having if figure.floor is not None]
    return Spread(
        name=name,
        mean=float(np.mean(values)),
        spread=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        se=math.sqrt(float(np.mean(np.square(errors)))) if errors else None,
        n=len(values),
        values=tuple(values),
        floor=float(np.mean(floors)) if floors else None,
        metric=having[0].metric,
    )


def last(study: Study) -> dict[str, Mapping[str, Figure]]:
    """The figures of the last evaluation of each finished trial that has one; on validation images."""
    _, outcomes = study.read()
    found: dict[str, Mapping[str, Figure]] = {}
    for name, outcome in outcomes.items():
        evaluations = study.run(name).evaluations() if outcome.state == "finished" else []
        if evaluations:
            found[name] = evaluations[-1].evaluation
    return found


def last_value(evaluations: Sequence[EvaluationRecord], metric: str) -> float | None:
    """The value of a metric in the last evaluation, in whatever space."""
    found = [each.value for each in evaluations[-1].evaluation.values() if each.metric == metric] if evaluations else []
    return next((value for value in found if value is not None), None)
