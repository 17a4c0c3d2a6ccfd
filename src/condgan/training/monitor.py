"""Measuring while training goes on: the same figures as ``condgan evaluate``, fewer of them, on validation images."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from condgan import data as datasets
from condgan.data import Dataset
from condgan.data.dataset import check_images
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.comparison import QUICK, Comparison, Measure, possible
from condgan.evaluation.features import Progress, Say
from condgan.evaluation.reference import Reference, check_split, in_turn, proportions
from condgan.generation import sampling
from condgan.metrics import Embedding
from condgan.recipe import Recipe
from condgan.results.classes import rare
from condgan.results.figure import Figure
from condgan.results.records import rounded

Confusion = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Monitor:
    """The evaluations of one training.

    Attributes:
        recipe: of the training.
        dataset: the real images, in the form that is measured.
        threads: of torch, while it measures.
        say, progress: as for `features.of`.
    """

    recipe: Recipe
    dataset: Dataset
    threads: int
    say: Say = lambda _: None
    progress: Progress | None = None

    @cached_property
    def reference(self) -> Reference:
        """The real images and their feature network, which is trained at the first evaluation if none is known."""
        from condgan.metrics.feature_network import computing

        with computing(self.threads):
            reference = Reference(self.dataset, "validation", features.of(self.dataset, self.say, self.progress))
            if reference.weakness:
                self.say(reference.weakness)
        return reference

    def measure(self, sampler: Sampler) -> tuple[dict[str, Figure], dict[str, float | None] | None, Confusion | None]:
        """The figures; and of a generator with classes the accuracy of each class, and the confusion (K, K).

        Where conditions are vectors, images are generated for those of the validation images.

        Nothing of the training is touched: pictures come from (seed, number), and no generator of random numbers moves.
        """
        from condgan.metrics.feature_network import computing

        count, labelled = self.recipe.evaluation.images, self.reference.labelled
        counts = proportions(self.reference.real.labels, self.reference.classes, count)
        requested = np.repeat(np.arange(len(counts)), counts)
        asked = requested if labelled else in_turn(self.dataset.validation.labels, count)
        with computing(self.threads):
            generated = sampling.pictures(sampler, self.recipe, asked, self.recipe.seed)
            images = subjects.fitted(generated, self.dataset, self.recipe.data.fit)
            known = self.recipe.conditional or not labelled
            compared = Comparison(self.reference, images, requested if known else None)
            results = figures.measured(compared, None, possible(QUICK, self.reference))
        evaluation = {
            name: figure.model_copy(update={"value": about(figure.value), "se": about(figure.se), "note": ""})
            for name, figure in results.items()
        }
        if not (self.recipe.conditional and labelled):
            return evaluation, None, None
        evaluation = figures.headline_first(evaluation, counts.tolist())
        names = self.dataset.class_names
        shares = dict(zip(names, map(about, compared.accuracy.per_class), strict=True))
        return evaluation, shares, compared.accuracy.confusion

    def undefined(self, metrics: Collection[str]) -> dict[str, str]:
        """Those of the metrics that no generator has here, and why: real images in its place have not either."""
        from condgan.metrics.feature_network import computing

        reference, chosen = self.reference, np.arange(self.recipe.evaluation.images) % len(self.reference.real)
        known = self.recipe.conditional or not reference.labelled
        with computing(self.threads):
            embedded = Embedding(reference.embedding.features[chosen], reference.embedding.posteriors[chosen])
            labels = reference.real.labels[chosen] if known else None
            compared = Comparison(reference, reference.real.images[chosen], labels, embedded)
            measures = [measure for measure in possible(QUICK, reference) if measure.name in metrics]
            results = figures.measured(compared, None, measures)
        without = {name: f"{self.dataset.name} has no labels" for name in metrics if name not in names_of(measures)}
        return without | {figure.metric: figure.note for figure in results.values() if figure.value is None}


def names_of(measures: Iterable[Measure]) -> set[str]:
    """The names of measures."""
    return {measure.name for measure in measures}


def own_threads(dataset: Dataset) -> int:
    """How many threads are fastest for measuring images of a dataset outside a training."""
    from condgan.metrics.feature_network import fastest_threads

    return fastest_threads(dataset.domain().shape)


def about(value: float | None) -> float | None:
    """A figure as the log keeps it."""
    return None if value is None else rounded(value)


def monitor(
    recipe: Recipe, dataset: Dataset, threads: int, say: Say, progress: Progress | None = None
) -> Monitor | None:
    """``prepared``; none where nothing can be measured, and ``say`` says why."""
    try:
        return prepared(recipe, dataset, threads, say, progress)
    except CondganError as error:
        say(f"this training is not measured: {error}")
        return None


def prepared(recipe: Recipe, dataset: Dataset, threads: int, say: Say, progress: Progress | None = None) -> Monitor:
    """The monitor of a training on a dataset.

    A feature network is looked for now, and not trained before the first evaluation.

    Raises:
        CondganError: nothing can be measured.
    """
    form = features.form(recipe.data).model_copy(update={"train_on": recipe.data.train_on})
    check_images(dataset.name, dataset.train.modality)
    real = dataset if form == recipe.data else datasets.load(form)
    check_split(real, "validation")
    if features.known(real, say) is None:
        features.check_classes(real)
    if not real.class_names:
        say(figures.without_labels(real.name, [measure.name for measure in QUICK if measure.by_class]))
        return Monitor(recipe, real, threads, say, progress)
    counts = np.bincount(real.validation.labels, minlength=len(real.class_names)).tolist()
    few = rare(real.class_names, counts, "validation images")
    if few and recipe.conditional:
        say(few)
    return Monitor(recipe, real, threads, say, progress)
