"""Measuring while training goes on: the same figures as ``condgan evaluate``, fewer of them, on validation images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from condgan import data as datasets
from condgan import features, figures, sampling, subjects
from condgan.comparison import MEASURES, QUICK, Comparison
from condgan.data import Dataset
from condgan.engines import Engine
from condgan.errors import CondganError
from condgan.features import Say
from condgan.log import Record, rounded
from condgan.measure.network import threads
from condgan.recipe import Recipe
from condgan.reference import Reference, proportions

BETTER: dict[str, Literal["higher", "lower"]] = {"fid": "lower", "kid": "lower", "label_accuracy": "higher"}
"""What checkpoints can be chosen by, and which way is good."""


@dataclass(frozen=True, eq=False)
class Monitor:
    """The evaluations of one training."""

    recipe: Recipe
    reference: Reference

    def measure(self, engine: Engine) -> tuple[Record, npt.NDArray[np.int64] | None]:
        """The content of a log line, and the (K, K) confusion of asked and read classes, if there are classes.

        Nothing of the training is touched: pictures come from (seed, number), and no generator of random numbers moves.
        """
        counts = proportions(self.reference.real.labels, self.reference.classes, self.recipe.evaluation.images)
        asked = np.repeat(np.arange(len(counts)), counts)
        with threads(engine.settings.threads):
            made = sampling.pictures(engine, self.recipe, asked, self.recipe.seed)
            images = subjects.fitted(made, self.reference.dataset)
            compared = Comparison(self.reference, images, asked if self.recipe.conditional else None)
            found = figures.measured(compared, None, [measure for measure in MEASURES if measure.name in QUICK])
        content: Record = {
            "evaluation": {
                name: {"value": None if figure.value is None else rounded(figure.value)}
                | ({} if figure.se is None else {"se": rounded(figure.se)})
                for name, figure in found.items()
            }
        }
        if not self.recipe.conditional:
            return content, None
        names = self.reference.dataset.class_names
        per_class = [None if share is None else rounded(share) for share in compared.accuracy.per_class]
        return content | {"per_class": dict(zip(names, per_class, strict=True))}, compared.accuracy.confusion


def monitor(recipe: Recipe, dataset: Dataset, say: Say) -> Monitor | None:
    """The monitor of a training on a dataset; none where there is nothing to measure, which is said."""
    if recipe.evaluation.every is None:
        return None
    form = features.form(recipe.data).model_copy(update={"train_on": recipe.data.train_on})
    try:
        real = dataset if form == recipe.data else datasets.load(form, recipe.seed)
        return Monitor(recipe, Reference(real, "validation", features.of(real, say)))
    except CondganError as error:
        say(f"this training is not measured: {error}")
        return None


def chosen_by(recipe: Recipe, evaluations: Sequence[Mapping[str, Any]]) -> str | None:
    """The figure that checkpoints are chosen by; KID where too few images make the Frechet distance undefined."""
    for kind in dict.fromkeys((recipe.evaluation.select, "kid")):
        for name in evaluations[-1]["evaluation"] if evaluations else ():
            if name.startswith(kind) and evaluations[-1]["evaluation"][name]["value"] is not None:
                return str(name)
    return None


def best(recipe: Recipe, evaluations: Sequence[Mapping[str, Any]]) -> int | None:
    """The number of the best evaluation, the first of equals; none where nothing can be chosen by."""
    name = chosen_by(recipe, evaluations)
    if name is None:
        return None
    sign = 1 if BETTER[next(kind for kind in BETTER if name.startswith(kind))] == "lower" else -1
    values = [(line["evaluation"].get(name) or {}).get("value") for line in evaluations]
    ranked = [(sign * value, number) for number, value in enumerate(values) if value is not None]
    return min(ranked)[1] if ranked else None


def exhausted(recipe: Recipe, evaluations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the recipe's patience is over: so many evaluations without a new best."""
    found, patience = best(recipe, evaluations), recipe.evaluation.patience
    return patience is not None and found is not None and len(evaluations) - 1 - found >= patience


def sentence(recipe: Recipe, evaluations: Sequence[Mapping[str, Any]]) -> str:
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
