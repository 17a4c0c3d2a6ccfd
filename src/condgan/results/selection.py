"""Which evaluation of a training is the best, and whether its patience is over: pure functions of its evaluations."""

from collections.abc import Sequence
from typing import Literal

from condgan.recipe import Recipe
from condgan.results import classes, settling
from condgan.results.records import EvaluationRecord

BETTER: dict[str, Literal["higher", "lower"]] = {"fid": "lower", "kid": "lower", "label_accuracy": "higher"}
"""What checkpoints can be selected by, and which way is good."""


def selected_by(recipe: Recipe, evaluations: Sequence[EvaluationRecord]) -> str | None:
    """The name of the figure that checkpoints are selected by.

    It is KID where too few images make the Frechet distance undefined.
    """
    for metric in (recipe.evaluation.select, "kid"):
        for name, figure in evaluations[-1].evaluation.items() if evaluations else ():
            if figure.metric == metric and figure.value is not None:
                return name
    return None


def best(recipe: Recipe, evaluations: Sequence[EvaluationRecord]) -> int | None:
    """The position of the best evaluation, the first of equals; none where nothing can be selected by.

    The untrained generator's, of step 0, is never the best.
    """
    name = selected_by(recipe, evaluations)
    if name is None:
        return None
    sign = 1 if BETTER[evaluations[-1].evaluation[name].metric] == "lower" else -1
    values = [record.value(name) if record.step else None for record in evaluations]
    ranked = [(sign * value, position) for position, value in enumerate(values) if value is not None]
    return min(ranked)[1] if ranked else None


def exhausted(recipe: Recipe, evaluations: Sequence[EvaluationRecord]) -> str | None:
    """Why the recipe's patience is over, in words; none where it is not.

    It is after so many evaluations without a new best, or where the training has settled.
    """
    patience = recipe.evaluation.patience
    if patience == "auto":
        epochs = recipe.train.epochs
        return settling.sentence(evaluations, epochs) if settling.settled(evaluations, epochs) else None
    position = best(recipe, evaluations)
    if patience is None or position is None or len(evaluations) - 1 - position < patience:
        return None
    return f"{patience} evaluations without a new best"


def sentence(recipe: Recipe, evaluations: Sequence[EvaluationRecord]) -> str:
    """The last evaluation in a line, the worst class beside the label accuracy, and how it compares with the best."""
    last, position, name = evaluations[-1], best(recipe, evaluations), selected_by(recipe, evaluations)
    worst = classes.worst(last.per_class)
    shown = f"epoch {last.epoch:g}: " + "  ".join(
        f"{key} {figure.value:.4g}" + (f" ({worst})" if worst and figure.metric == "label_accuracy" else "")
        for key, figure in last.evaluation.items()
        if figure.value is not None
    )
    if name is None or position is None:
        return shown
    if position == len(evaluations) - 1:
        return f"{shown}  (best {name} so far)"
    there = evaluations[position]
    return f"{shown}  (best {name}: {there.value(name):.4g} at {there.epoch:g})"
