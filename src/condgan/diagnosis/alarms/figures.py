"""What the evaluations of a training say where it fails."""

import math
from collections.abc import Sequence

import numpy as np

from condgan.diagnosis.alarms.finding import Finding, more_dropout, more_variety, optimisers, patience, rate
from condgan.recipe import Recipe
from condgan.results.records import EvaluationRecord, Record, of_kind
from condgan.results.selection import selected_by

# Calibrated on real evaluations.
SURE, WORSE = 3.0, 0.1  # joint standard errors, share of the best value
POOR, BEHIND = 0.5, 0.3  # of a class's pictures that are read as it; behind the median class
NO_RECALL, NO_COVERAGE, SOME_PRECISION = 0.02, 0.1, 0.1  # collapsed: 0, 0.01 to 0.08; undertrained: 0.01, 0.3


def over_training(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """The best evaluation lies back, and the last two are clearly worse."""
    lines = of_kind(records, EvaluationRecord)
    name = selected_by(recipe, lines)
    if name is None:
        return None
    line = []
    for record in lines:
        value = record.value(name)
        if value is not None:
            line.append((value, record.se(name) or 0.0, record))
    if len(line) < 3:
        return None
    sign = 1 if name == "label_accuracy" else -1
    best, error, when = max(line, key=lambda entry: sign * entry[0])
    for value, its_error, _ in line[-2:]:
        loss = sign * (best - value)
        if loss <= SURE * math.hypot(error, its_error) or loss <= WORSE * abs(best):
            return None
    value, its_error, now = line[-1]
    images, epochs = now.images - when.images, now.epoch - when.epoch
    return Finding(
        "over-training",
        f"The run was best at epoch {when.epoch:g} and has become worse since.",
        f"{name} {best:.4g} (se {error:.2g}) at epoch {when.epoch:g}, {value:.4g} (se {its_error:.2g}) at "
        f"epoch {now.epoch:g}, {epochs:g} epochs and {images} images later",
        (
            f"train.epochs={max(1, math.ceil(when.epoch))}",
            *patience(recipe),
            rate("d", recipe.optim.d.lr / 2),
        ),
    )


def wrong_labels(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """Classes whose pictures are not read as them, in the last evaluations."""
    lines = settled(recipe, [record for record in of_kind(records, EvaluationRecord) if record.per_class is not None])
    bad = [poor({name: value for name, value in (line.per_class or {}).items() if value is not None}) for line in lines]
    if not bad or not all(bad):
        return None
    if len(lines) > 1 and rising(lines[0], lines[1]):
        return None  # it learns them still
    last, read = lines[-1], bad[-1]
    lasting = [name for name in read if all(name in earlier for earlier in bad)]
    if not lasting:
        return None
    overall = last.value("label_accuracy")
    accuracies = ", ".join(f'"{name}" {read[name]:.0%}' for name in lasting[:10])
    return mislabelled(
        recipe,
        lasting,
        nothing=overall is not None and follows_nothing(overall, len(last.per_class or ())),
        evidence=f"evaluation at step {last.step}, epoch {last.epoch:g}: read as the class asked for: "
        f"{accuracies}{'' if overall is None else f'; all classes together {overall:.0%}'}",
    )


def rising(before: EvaluationRecord, now: EvaluationRecord) -> bool:
    """Whether label accuracy has surely grown from one evaluation to the next."""
    values = [line.value("label_accuracy") for line in (before, now)]
    errors = [line.se("label_accuracy") or 0.0 for line in (before, now)]
    return values[0] is not None and values[1] is not None and values[1] - values[0] > SURE * math.hypot(*errors)


def poor(accuracies: dict[str, float], ceiling: dict[str, float] | None = None) -> dict[str, float]:
    """The classes that are read right too seldom, of all by name; ``ceiling`` is how often real images are."""
    if not accuracies:
        return {}
    usual = float(np.median(list(accuracies.values())))
    return {
        name: value
        for name, value in accuracies.items()
        if value < POOR * (ceiling or {}).get(name, 1.0) or value < usual - BEHIND
    }


def follows_nothing(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is little better than guessing one of K classes."""
    return classes > 1 and (accuracy - 1 / classes) / (1 - 1 / classes) < 0.2


def mislabelled(recipe: Recipe, classes: Sequence[str], nothing: bool, evidence: str) -> Finding:
    """The finding about these classes, or about all of them if labels do ``nothing``."""
    named = ", ".join(f'"{name}"' for name in classes[:10]) + (" and others" if len(classes) > 10 else "")
    text = (
        f"Pictures of {named} mostly do not show what was asked for: too little training, or wrong labels in the data."
    )
    if nothing:
        text = "The pictures do not follow the labels: hardly more of them show the class asked for than by chance."
    other = "one-hot" if recipe.generator.condition == "embedding" else "embedding"
    return Finding(
        "wrong-labels",
        text,
        evidence,
        (
            f"train.epochs={2 * recipe.train.epochs}",
            f"generator.condition={other}",
            f"discriminator.condition={other}",
        ),
    )


def collapse(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """Real images have no generated ones near them, while generated ones look real."""
    lines = settled(recipe, of_kind(records, EvaluationRecord))
    for line in lines:
        recall, coverage, precision = (line.value(name) for name in ("recall", "coverage", "precision"))
        if recall is None or coverage is None or precision is None:
            return None
        if recall > NO_RECALL or coverage > NO_COVERAGE or precision < SOME_PRECISION:
            return None
    if not lines:
        return None
    return collapsed(
        recipe,
        "The generator makes a few pictures over and over: they look real but show little of what the data holds.",
        f"evaluation at step {lines[-1].step}, epoch {lines[-1].epoch:g}: precision {precision:.3g}, "
        f"recall {recall:.3g}, coverage {coverage:.3g}",
    )


def collapsed(recipe: Recipe, text: str, evidence: str) -> Finding:
    """The finding about pictures that repeat."""
    norm = () if recipe.generator.norm == "batch" else ("generator.norm=batch",)
    faster, optimiser = max(optimisers(recipe), key=lambda pair: pair[1].lr)  # the generator, where both are equal
    advice = (*norm, rate(faster, optimiser.lr / 2), *more_dropout(recipe))
    return Finding("collapse", text, evidence, (*advice, *more_variety(recipe, advice)))


def settled(recipe: Recipe, lines: Sequence[EvaluationRecord]) -> Sequence[EvaluationRecord]:
    """The evaluations that must agree: the last two, or the last alone once the training is over; else none.

    A generator that has just begun makes one kind of picture, of any class: a single early evaluation proves nothing.
    """
    if lines and lines[-1].epoch >= recipe.train.epochs:
        return lines[-1:]
    return lines[-2:] if len(lines) > 1 else []
