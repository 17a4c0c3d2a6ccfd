"""Checks of a training's evaluations."""

import math
from collections.abc import Sequence

from condgan.diagnosis.alarms.alarm import Finding
from condgan.diagnosis.alarms.evidence import evidence
from condgan.diagnosis.alarms.logged import Logged
from condgan.results.records import EvaluationRecord
from condgan.results.selection import BETTER, selected_by

# Calibrated on real evaluations.
SURE, WORSE = 3.0, 0.1  # joint standard errors, share of the best value
POOR = 0.5  # label accuracy of a class, of that on real images
NO_RECALL, NO_COVERAGE, SOME_PRECISION = 0.02, 0.1, 0.1  # collapsed: 0, 0.01 to 0.08; undertrained: 0.01, 0.3
ONE_FOR_ALL = "The generator has collapsed: it shows the same for every class."


def over_training(log: Logged) -> Finding | None:
    """The last two evaluations are clearly worse than the best one."""
    name = selected_by(log.recipe, log.evaluations)
    if name is None:
        return None
    values = ((record.value(name), record.se(name) or 0.0, record) for record in log.evaluations)
    series = [(value, error, record) for value, error, record in values if value is not None]
    if len(series) < 3:
        return None
    sign = 1 if BETTER[series[0][2].evaluation[name].metric] == "higher" else -1
    if min(value for value, _, _ in series) < 0:  # an unbiased estimate of a distance, of which 0 is the best
        series = [(max(value, 0.0), error, record) for value, error, record in series]
    best, error, then = max(series, key=lambda entry: sign * entry[0])
    for value, its_error, _ in series[-2:]:
        loss = sign * (best - value)
        if loss <= SURE * math.hypot(error, its_error) or loss <= WORSE * abs(best):
            return None
    value, its_error, now = series[-1]
    images, epochs = now.images - then.images, now.epoch - then.epoch
    return Finding(
        f"The run was best at epoch {then.epoch:g} and has become worse since.",
        evidence(
            ("best", name, best, error, then.epoch), ("last", value, its_error, now.epoch), ("later", epochs, images)
        ),
        (f"train.epochs={max(1, math.ceil(then.epoch))}",),
    )


def wrong_labels(log: Logged) -> Finding | None:
    """Classes whose generated images are mostly classified as others, in the last evaluations."""
    records = settled(log, [record for record in log.evaluations if record.per_class is not None])
    bad = [poor({name: v for name, v in (record.per_class or {}).items() if v is not None}) for record in records]
    if not bad or not all(bad):
        return None
    if len(records) > 1 and rising(records[0], records[1]):
        return None  # the generator still learns them
    last, accuracies = records[-1], bad[-1]
    persistent = [name for name in accuracies if all(name in earlier for earlier in bad)]
    if not persistent:
        return None
    overall = last.value("label_accuracy")
    shares = ", ".join(f'"{name}" {accuracies[name]:.0%}' for name in persistent[:10])
    return Finding(
        mislabelled(persistent, overall is not None and near_chance(overall, len(last.per_class or ()))),
        evidence(
            ("evaluation", last.step, last.epoch), ("right", shares), None if overall is None else ("over-all", overall)
        ),
    )


def rising(before: EvaluationRecord, now: EvaluationRecord) -> bool:
    """Whether label accuracy has surely grown from one evaluation to the next."""
    values = [record.value("label_accuracy") for record in (before, now)]
    errors = [record.se("label_accuracy") or 0.0 for record in (before, now)]
    return values[0] is not None and values[1] is not None and values[1] - values[0] > SURE * math.hypot(*errors)


def poor(accuracies: dict[str, float], ceiling: dict[str, float] | None = None) -> dict[str, float]:
    """The classes most of whose images are read as others; ``ceiling`` is the accuracy on real images."""
    return {name: value for name, value in accuracies.items() if value < POOR * (ceiling or {}).get(name, 1.0)}


def near_chance(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is little better than guessing one of K classes."""
    return classes > 1 and (accuracy - 1 / classes) / (1 - 1 / classes) < 0.2


def mislabelled(classes: Sequence[str], all_wrong: bool) -> str:
    """The sentence of the alarm for these classes, or for all if labels have no effect."""
    if all_wrong:
        return "The pictures do not follow the labels: hardly more of them show the requested class than by chance."
    names = listed([f'"{name}"' for name in classes])
    return (
        f"Most pictures of {names} do not show the requested class: too little training, or wrong labels in the data."
    )


def listed(names: Sequence[str]) -> str:
    """At most ten names, in words."""
    return ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")


def collapse(log: Logged) -> Finding | None:
    """Few real images have generated ones near them, or all generated ones are of one class, while they look real."""
    records = settled(log, log.evaluations)
    alike = bool(records) and all(map(of_one_class, records))
    for record in records:
        recall, coverage, precision = (record.value(name) for name in ("recall", "coverage", "precision"))
        if recall is None or coverage is None or precision is None:
            return None
        if precision < SOME_PRECISION or not (alike or (recall <= NO_RECALL and coverage <= NO_COVERAGE)):
            return None
    if not records:
        return None
    last = records[-1]
    shown = evidence(
        ("evaluation", last.step, last.epoch),
        ("collapsed", precision, recall, coverage),
        ("modes", last.value("modes"), len(last.per_class or ())) if alike else None,
    )
    if alike:
        return Finding(ONE_FOR_ALL, shown, explains=("wrong-labels",))
    return Finding("The generator repeats a few pictures: they look real but cover little of the data.", shown)


def of_one_class(record: EvaluationRecord) -> bool:
    """Whether the pictures of all classes are read as one and the same class."""
    modes, classes = record.value("modes"), len(record.per_class or ())
    return modes is not None and modes <= 1 < classes


def settled(log: Logged, records: Sequence[EvaluationRecord]) -> Sequence[EvaluationRecord]:
    """The evaluations that must agree: the last two, or the last alone once the training has ended; else none.

    A young generator repeats one picture for every class: a single early evaluation proves nothing.
    """
    if records and records[-1].epoch >= log.recipe.train.epochs:
        return records[-1:]
    return records[-2:] if len(records) > 1 else []
