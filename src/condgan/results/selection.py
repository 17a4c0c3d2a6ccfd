"""Which evaluation of a training is the best, and whether its patience is over: pure functions of the log's lines."""

from collections.abc import Sequence
from typing import Literal

from condgan.recipe import Recipe
from condgan.runs.log import Record, finite

BETTER: dict[str, Literal["higher", "lower"]] = {"fid": "lower", "kid": "lower", "label_accuracy": "higher"}
"""What checkpoints can be chosen by, and which way is good."""


def figure(record: Record, name: str, key: str = "value") -> float | None:
    """A figure of an evaluation, or its standard error (``se``); none if it has none."""
    entry = record["evaluation"].get(name)
    value = entry.get(key) if isinstance(entry, dict) else None
    return float(value) if value is not None and finite(value) else None


def chosen_by(recipe: Recipe, evaluations: Sequence[Record]) -> str | None:
    """The figure that checkpoints are chosen by; KID where too few images make the Frechet distance undefined."""
    for kind in (recipe.evaluation.select, "kid"):
        for name in evaluations[-1]["evaluation"] if evaluations else ():
            if (name == kind or name.startswith(f"{kind}_")) and figure(evaluations[-1], name) is not None:
                return str(name)
    return None


def best(recipe: Recipe, evaluations: Sequence[Record]) -> int | None:
    """The number of the best evaluation, the first of equals; none where nothing can be chosen by."""
    name = chosen_by(recipe, evaluations)
    if name is None:
        return None
    sign = 1 if BETTER[next(kind for kind in BETTER if name.startswith(kind))] == "lower" else -1
    values = [(line["evaluation"].get(name) or {}).get("value") for line in evaluations]
    ranked = [(sign * value, number) for number, value in enumerate(values) if value is not None]
    return min(ranked)[1] if ranked else None


def exhausted(recipe: Recipe, evaluations: Sequence[Record]) -> bool:
    """Whether the recipe's patience is over: so many evaluations without a new best."""
    found, patience = best(recipe, evaluations), recipe.evaluation.patience
    return patience is not None and found is not None and len(evaluations) - 1 - found >= patience


def sentence(recipe: Recipe, evaluations: Sequence[Record]) -> str:
    """The last evaluation in a line, and how it compares with the best."""
    last, found, name = evaluations[-1], best(recipe, evaluations), chosen_by(recipe, evaluations)
    values = {key: figure["value"] for key, figure in last["evaluation"].items() if figure["value"] is not None}
    shown = "  ".join(f"{key} {value:.4g}" for key, value in values.items())
    if name is None or found is None:
        return f"epoch {last['epoch']:g}: {shown}"
    if found == len(evaluations) - 1:
        return f"epoch {last['epoch']:g}: {shown}  (best {name} so far)"
    there, least = evaluations[found]["epoch"], evaluations[found]["evaluation"][name]["value"]
    return f"epoch {last['epoch']:g}: {shown}  (best {name}: {least:.4g} at {there:g})"
