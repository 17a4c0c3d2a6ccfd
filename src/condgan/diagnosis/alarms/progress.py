"""Checks of whether a training moves at all, and of learning rates that are to blame if it does not."""

import math
from typing import Any

import numpy as np

from condgan.diagnosis.alarms.alarm import Finding
from condgan.diagnosis.alarms.cures import USUAL, far_above
from condgan.diagnosis.alarms.evaluations import settled
from condgan.diagnosis.alarms.evidence import evidence
from condgan.diagnosis.alarms.logged import Logged, Series
from condgan.diagnosis.alarms.pictures import repetition
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Optimiser
from condgan.results.records import EvaluationRecord

# Chosen on one half of the trainings of benchmarks/zoo.py; docs/diagnosis.md has the result on the other.
REAL_STEPS = 200  # of a training that should have changed something
UNMOVED, HALFWAY = 0.8, 0.5  # of the distance of the untrained generator
UNLIKE = 0.02  # precision and coverage of pictures that resemble no real image
PARTS, STILL, MOVED = 10, 4.0, 10.0  # of a series of scores; in errors of the mean of a part
TREMBLE = 0.1  # of the way that the scores of generated images go
LINES = 40  # least, of a series that is called still
SLOW = 4.0  # so many times below the usual rate is slow
FALLS = 0.15  # of a distance between two evaluations: steep
SURE = 3.0  # standard errors
RATIO = 8.0  # of rates: two time-scale updates (Heusel et al. 2017) differ by up to 5
LITTLE = 0.5  # coverage that calls for a cause, where a rate is far from the usual one
DISTANCES = ("fid", "swd", "kid")
BLAMELESS = ("over-training", "memorisation", "wrong-labels", "nan")  # have other causes, or this cure already


def not_learning(log: Logged) -> Finding | None:
    """A network that does not move: scores of real images stand still, or pictures are those of an untrained one."""
    return still_scores(log) or untrained_pictures(log)


def untrained_pictures(log: Logged) -> Finding | None:
    """The last evaluations find pictures as far from real ones as those before the training."""
    first = log.untrained
    records = [record for record in settled(log, log.evaluations) if record.step >= REAL_STEPS]
    if first is None or not records:
        return None
    for record in records:
        pairs = [(before, now) for _, before, now in distances(first, record)]
        if not pairs or any(now < UNMOVED * before for before, now in pairs):
            return None
    last = records[-1]
    name, before, now = distances(first, last)[0]
    return Finding(
        "The pictures are no nearer to real ones than before the training: the generator does not learn.",
        evidence(("evaluation", last.step, last.epoch), ("untrained", name, now, before)),
        explains=("wrong-labels",),
    )


def distances(first: EvaluationRecord, second: EvaluationRecord) -> list[tuple[str, float, float]]:
    """Distances from real images that both evaluations have: name, the value of each."""
    found = []
    for name, figure in second.evaluation.items():
        before, now = first.value(name), figure.value
        if figure.metric in DISTANCES and before is not None and now is not None:
            found.append((name, before, now))
    return found


def still_scores(log: Logged) -> Finding | None:
    """Real images score about one value from the first line on, while the generator climbs above it unhindered."""
    losses = log.losses
    if losses is None or len(losses.d) < LINES or losses.steps[-1] < REAL_STEPS:
        return None
    trembling, way = (np.ptp(means(series)) for series in (losses.real, losses.fake))
    if drift(losses.real) > STILL or drift(losses.fake) < MOVED or trembling > TREMBLE * way:
        return None
    begin, end = slice(0, losses.last), slice(-losses.last, None)
    if losses.fake[end].mean() <= losses.real.mean():
        return None  # it tells them apart: it has learnt, before the first line
    return Finding(
        "The discriminator does not learn: it scores real images as at the beginning.",
        evidence(
            losses.span(),
            (
                "still", float(losses.real.mean()), float(losses.real.std()), len(losses.real),
                float(losses.fake[begin].mean()), float(losses.fake[end].mean()),
            ),
        ),
    )  # fmt: skip


def means(values: Series) -> Series:
    """Of the parts of a series (N,)."""
    return np.array([part.mean() for part in np.array_split(values, PARTS)])


def drift(values: Series) -> float:
    """How far the mean of a part of a series (N,) lies from the mean of all, in its errors; that of the farthest part.

    The noise is estimated from differences of neighbours, which a slow drift leaves alone (von Neumann 1941).
    """
    noise = float(np.sqrt(np.mean(np.diff(values) ** 2) / 2))
    parts = np.array_split(values, PARTS)
    apart = max(abs(float(part.mean() - values.mean())) * math.sqrt(len(part)) for part in parts)
    return apart / noise if noise else math.inf if apart else 0.0


def like_nothing(compared: Comparison) -> Finding | None:
    """Pictures resemble no real image, though they differ from each other.

    Raises:
        UndefinedError: too few images.
    """
    found = compared.prdc
    precision, coverage = found.precision.value, found.coverage.value
    if precision > UNLIKE or coverage > UNLIKE or repetition(compared) is not None:
        return None
    return Finding(
        "The pictures resemble no real image: the generator has not learnt what the data looks like.",
        evidence(("pictures", len(compared.images)), ("unlike", precision, coverage)),
    )


def rate_too_high(log: Logged) -> Finding | None:
    """A learning rate far above the usual one, beside another alarm that large steps explain, or a poor coverage."""
    high = [(name, one) for name, one in players(log) if far_above(one)]
    shown = symptom(log) if high else None
    if shown is None:
        return None
    whose = " and ".join(WHOSE[name] for name, _ in high)
    return Finding(
        f"The learning rate of {whose} is far above the usual one.",
        evidence(*(of(name, one) for name, one in high), shown),
    )


def symptom(log: Logged) -> tuple[Any, ...] | None:
    """What large steps explain, as a part of evidence: the worst alarm, or that little of the data is covered."""
    for kind in log.kinds:
        if kind not in BLAMELESS:
            return "together", kind
    covered = [record.value("coverage") for record in settled(log, log.evaluations)]
    if covered and all(value is not None and value < LITTLE for value in covered):
        return "covers", covered[-1]
    return None


WHOSE = {"g": "the generator", "d": "the discriminator"}


def players(log: Logged) -> tuple[tuple[str, Optimiser], ...]:
    """The optimisers, by their section."""
    return ("g", log.recipe.optim.g), ("d", log.recipe.optim.d)


def of(section: str, optimiser: Optimiser) -> tuple[Any, ...]:
    """A learning rate beside the usual one, as a part of evidence."""
    return "rate", section, optimiser.lr, optimiser.name, USUAL[optimiser.name]


def rate_too_low(log: Logged) -> Finding | None:
    """A learning rate far below the usual one, and pictures that still improve fast, or are far from real ones."""
    low = [(name, one) for name, one in players(log) if one.lr * SLOW <= USUAL[one.name]]
    if not low or not settled(log, log.evaluations) or log.evaluations[-1].step < REAL_STEPS:
        return None
    shown = falls(log) or far(log)
    if shown is None:
        return None
    last, whose = log.evaluations[-1], " and ".join(WHOSE[name] for name, _ in low)
    return Finding(
        f"The training has not come to its end: the learning rate of {whose} is far below the usual one.",
        evidence(("evaluation", last.step, last.epoch), shown, *(of(name, one) for name, one in low)),
    )


def falls(log: Logged) -> tuple[Any, ...] | None:
    """A distance from real images that still falls steeply at the end, as a part of evidence."""
    if len(log.evaluations) < 2:
        return None
    before, last = log.evaluations[-2:]
    for name, then, now in distances(before, last):
        if then - now > max(FALLS * abs(then), SURE * math.hypot(last.se(name) or 0.0, before.se(name) or 0.0)):
            return "improving", name, now, then
    return None


def far(log: Logged) -> tuple[Any, ...] | None:
    """Distances that are more than half of those of the untrained generator; one of them as a part of evidence."""
    found = distances(log.untrained, log.evaluations[-1]) if log.untrained else []
    if not found or any(now < HALFWAY * then for _, then, now in found):
        return None
    name, then, now = found[0]
    return "untrained", name, now, then


def out_of_balance(log: Logged) -> Finding | None:
    """Learning rates far apart, where something goes wrong; of different optimisers they cannot be compared."""
    g, d = log.recipe.optim.g, log.recipe.optim.d
    shown = symptom(log)
    if shown is None or g.name != d.name or max(g.lr / d.lr, d.lr / g.lr) < RATIO:
        return None
    faster, ratio = ("generator", g.lr / d.lr) if g.lr > d.lr else ("discriminator", d.lr / g.lr)
    return Finding(
        f"The {faster} learns at {ratio:.3g} times the rate of the other network.",
        evidence(("rates", g.lr, d.lr), shown),
    )
