"""Measuring while training goes on: the same figures as ``condgan evaluate``, fewer of them, on validation images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from condgan import data as datasets
from condgan.data import Dataset
from condgan.data.dataset import check_labelled_images
from condgan.engines import Engine
from condgan.errors import CondganError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.comparison import MEASURES, QUICK, Comparison
from condgan.evaluation.features import Say
from condgan.evaluation.reference import Reference, check_split, proportions
from condgan.generation import sampling
from condgan.metrics.feature_network import computing
from condgan.recipe import Recipe
from condgan.runs.log import Record, rounded


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
        with computing(engine.settings.threads):
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
        check_labelled_images(dataset.name, dataset.train.modality)
        real = dataset if form == recipe.data else datasets.load(form, recipe.seed)
        check_split(real, "validation")  # before a feature network is trained
        return Monitor(recipe, Reference(real, "validation", features.of(real, say)))
    except CondganError as error:
        say(f"this training is not measured: {error}")
        return None
