"""Whether a training has settled: its last evaluations differ by less than their error. Pure functions of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from condgan.results.records import EvaluationRecord

SHARE, LEAST = 0.2, 5
"""What is looked at: the last fifth of the epochs that are planned, at least so many evaluations. With fewer, or over a
shorter time, a pause in the training looks like its end."""
LEVEL = 0.975
"""How often the error of a gain, on the one side, holds what chance does: the bound of a 95 % interval."""
FIGURES = {"label_accuracy": 1, "coverage": 1, "fid": -1}
"""The metrics that have to settle, and the sign of a gain. KID does where no Frechet distance is measured."""
INSTEAD = {"fid": {"kid": -1}}


@dataclass(frozen=True)
class Course:
    """How a figure went over some evaluations, by the line of least squares through them.

    Attributes:
        name: of the figure.
        value: of the last evaluation.
        gain: by which the line got better from the first to the last evaluation; below 0: worse.
        error: of the gain; one of 0 seems larger once in forty times.
    """

    name: str
    value: float
    gain: float
    error: float

    @property
    def settled(self) -> bool:
        """Whether the gain is within its error."""
        return self.gain <= self.error


def course(name: str, when: Sequence[float], values: Sequence[float], errors: Sequence[float], sign: int) -> Course:
    """The course of a figure.

    The error of its gain is the larger of two: what the drawn images vary, by the standard errors, and what the
    evaluations scatter about the line, which also holds how the training itself wavers.

    Args:
        name: of the figure.
        when: epoch of each evaluation, (N,), rising, N at least 3.
        values, errors: of each evaluation, (N,).
        sign: 1 where higher is better, else -1.
    """
    from scipy.stats import norm, t

    count = len(when)
    middle = sum(when) / count
    places = [epoch - middle for epoch in when]
    length = math.hypot(*places)
    rises = [sign * (value - values[0]) for value in values]  # zeros where nothing moves, whatever is rounded
    mean = sum(rises) / count
    slope = sum(place / length * rise for place, rise in zip(places, rises, strict=True)) / length
    rest = math.hypot(*(rise - mean - slope * place for place, rise in zip(places, rises, strict=True)))
    scatter = float(t(count - 2).ppf(LEVEL)) * rest / math.sqrt(count - 2)
    drawn = float(norm.ppf(LEVEL)) * math.hypot(*errors) / math.sqrt(count)
    span = when[-1] - when[0]
    return Course(name, values[-1], slope * span, max(scatter, drawn) / length * span)


def looked_at(evaluations: Sequence[EvaluationRecord], epochs: int) -> list[EvaluationRecord]:
    """The last evaluations of a training of so many epochs; nothing where there are not enough yet.

    The untrained generator's, of step 0, does not count.
    """
    trained = [record for record in evaluations if record.step]
    span = SHARE * epochs * (1 + 1e-9)
    if len(trained) < LEAST or trained[-1].epoch * (1 + 1e-8) < span:
        return []
    since = min(trained[-1].epoch - span, trained[-LEAST].epoch)
    last = [record for record in trained if record.epoch >= since]
    return last if last[0].epoch < last[-1].epoch else []


def courses(evaluations: Sequence[EvaluationRecord], epochs: int) -> tuple[Course, ...]:
    """The course of each figure that has to settle and is defined in all that is looked at; none before."""
    last = looked_at(evaluations, epochs)
    found = []
    for metric, sign in FIGURES.items() if last else ():
        for one, its_sign in ((metric, sign), *INSTEAD.get(metric, {}).items()):
            named = next((name for name, figure in last[-1].evaluation.items() if figure.metric == one), None)
            values = [value for record in last if named and (value := record.value(named)) is not None]
            if named is not None and len(values) == len(last):
                errors = [record.se(named) or 0.0 for record in last]
                found.append(course(named, [record.epoch for record in last], values, errors, its_sign))
                break
    return tuple(found)


def settled(evaluations: Sequence[EvaluationRecord], epochs: int) -> bool:
    """Whether no figure got better by more than its error, over the last fifth of so many epochs."""
    found = courses(evaluations, epochs)
    return bool(found) and all(one.settled for one in found)


def sentence(evaluations: Sequence[EvaluationRecord], epochs: int) -> str:
    """What has settled, each figure with its gain and the error of that."""
    told = ", ".join(
        f"{one.name} {one.value:.4g} (better by {one.gain:.2g}, error {one.error:.2g})"
        if one.gain > 0
        else f"{one.name} {one.value:.4g} (not better)"
        for one in courses(evaluations, epochs)
    )
    since = looked_at(evaluations, epochs)[0].epoch
    return f"since epoch {since:g} no figure got better by more than its error: {told}"
