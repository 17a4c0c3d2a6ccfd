"""Measuring while training goes on: the same figures as ``condgan evaluate``, fewer of them, on validation images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from condgan import data as datasets
from condgan.data import Dataset
from condgan.data.dataset import check_labelled_images
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.comparison import QUICK, Comparison
from condgan.evaluation.features import Say
from condgan.evaluation.reference import Reference, check_split, proportions
from condgan.generation import sampling
from condgan.recipe import Recipe
from condgan.results.figure import Figure
from condgan.results.records import rounded

Confusion = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Monitor:
    """The evaluations of one training."""

    recipe: Recipe
    reference: Reference
    threads: int

    def measure(self, sampler: Sampler) -> tuple[dict[str, Figure], dict[str, float | None] | None, Confusion | None]:
        """The figures; and of a conditional generator the accuracy of each class, and the confusion (K, K).

        Nothing of the training is touched: pictures come from (seed, number), and no generator of random numbers moves.
        """
        from condgan.metrics.feature_network import computing

        counts = proportions(self.reference.real.labels, self.reference.classes, self.recipe.evaluation.images)
        requested = np.repeat(np.arange(len(counts)), counts)
        with computing(self.threads):
            generated = sampling.pictures(sampler, self.recipe, requested, self.recipe.seed)
            images = subjects.fitted(generated, self.reference.dataset, self.recipe.data.fit)
            compared = Comparison(self.reference, images, requested if self.recipe.conditional else None)
            results = figures.measured(compared, None, QUICK)
        evaluation = {
            name: figure.model_copy(update={"value": about(figure.value), "se": about(figure.se), "note": ""})
            for name, figure in results.items()
        }
        if not self.recipe.conditional:
            return evaluation, None, None
        names = self.reference.dataset.class_names
        shares = dict(zip(names, map(about, compared.accuracy.per_class), strict=True))
        return evaluation, shares, compared.accuracy.confusion


def about(value: float | None) -> float | None:
    """A figure as the log keeps it."""
    return None if value is None else rounded(value)


def monitor(recipe: Recipe, dataset: Dataset, threads: int, say: Say) -> Monitor | None:
    """The monitor of a training on a dataset; none where nothing can be measured, and ``say`` says why."""
    from condgan.metrics.feature_network import computing

    form = features.form(recipe.data).model_copy(update={"train_on": recipe.data.train_on})
    try:
        check_labelled_images(dataset.name, dataset.train.modality)
        real = dataset if form == recipe.data else datasets.load(form, recipe.seed)
        check_split(real, "validation")  # before a feature network is trained
        with computing(threads):
            return Monitor(recipe, Reference(real, "validation", features.of(real, say)), threads)
    except CondganError as error:
        say(f"this training is not measured: {error}")
        return None
