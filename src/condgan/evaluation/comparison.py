"""Labelled images beside real ones: the table of metrics, each computed on demand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from condgan.arrays import Features, Images, Labels
from condgan.errors import UndefinedError
from condgan.evaluation.reference import MOST_PAIRED, Counts, Indexes, Reference, first_of_each, paired, proportions
from condgan.metrics import Embedding, Estimate, bins, check_features, copies, distances, modes, neighbours, parzen
from condgan.metrics.distances import with_error
from condgan.metrics.label_accuracy import LabelAccuracy, label_accuracy
from condgan.metrics.neighbours import Memorisation, Prdc
from condgan.metrics.sliced import sliced
from condgan.results.figure import Figure

ENOUGH = 2  # times the feature dimension: with fewer images a Frechet distance is mostly noise and bias
PARZEN_PER_CLASS = 1000  # Mirza & Osindero 2014, section 4.1
MOST_PARZEN = 100_000  # samples of all classes together: more take hours


@dataclass(frozen=True, eq=False)
class Comparison:
    """Some images against a reference.

    Attributes:
        reference: the real images, and their feature network.
        images: uint8 (N, C, H, W), in the form of the reference.
        requested: the class of each, (N,); none where they have none.
        embedded: the embedding of ``images``, if it is known already.
        small_n: allow a Frechet distance between small sets.
        window: returns images for the Parzen window: 1000 of each class.
        unlabelled: why the images have no labels, if they have none.
    """

    reference: Reference
    images: Images
    requested: Labels | None
    embedded: Embedding | None = None
    small_n: bool = False
    window: Callable[[], Images] | None = None
    unlabelled: str = "their generator is unconditional"

    @cached_property
    def embedding(self) -> Embedding:
        """Features and posteriors of ``images``."""
        return self.embedded or self.reference.features.embed(self.images)

    @property
    def labels(self) -> Labels:
        """The requested classes; UndefinedError if there are none."""
        if self.requested is None:
            raise UndefinedError(f"the images have no labels: {self.unlabelled}")
        return self.requested

    @cached_property
    def predicted(self) -> Labels:
        """The class of each image according to the feature network, (N,)."""
        check_features(self.embedding.posteriors)
        predicted: Labels = self.embedding.posteriors.argmax(1)
        return predicted

    @cached_property
    def accuracy(self) -> LabelAccuracy:
        """Predicted against requested classes."""
        return label_accuracy(self.predicted, self.labels, self.reference.classes)

    @cached_property
    def paired(self) -> Indexes:
        """Indexes of those ``images`` that are compared in pairs."""
        labels = np.zeros(len(self.images), np.int64) if self.requested is None else self.requested
        return paired(labels, self.reference.classes)

    @property
    def paired_features(self) -> tuple[Features, Features]:
        """Features of the real images, and of these, that are compared in pairs."""
        return self.reference.embedding.features[self.reference.paired], self.embedding.features[self.paired]

    def fid(self) -> Estimate:
        """The Frechet distance in the network's feature space."""
        real, generated = self.reference.embedding.features, self.embedding.features
        self.check_size("", len(real), len(generated))
        distance = distances.frechet_from(real)
        return with_error(lambda kept: distance(generated[kept]), len(generated))

    def intra_fid(self) -> Estimate:
        """The mean over classes of the Frechet distance within the class."""
        real, generated = self.reference.embedding.features, self.embedding.features
        real_labels, labels = self.reference.real.labels, self.labels
        for label, counts in self.class_counts().items():
            self.check_size(f"class {self.name(label)}: ", *counts)
        return with_error(
            lambda kept: distances.intra_frechet(real, real_labels, generated[kept], labels[kept]), len(generated)
        )

    def class_counts(self) -> dict[int, tuple[int, int]]:
        """Real and generated images of each class; UndefinedError if a class is missing on one side."""
        real, own = (
            np.bincount(labels, minlength=self.reference.classes)
            for labels in (self.reference.real.labels, self.labels)
        )
        missing = np.flatnonzero((real == 0) != (own == 0))
        if len(missing):
            side = "generated" if real[missing[0]] else "real"
            raise UndefinedError(f"class {self.name(missing[0])} has no {side} images")
        return {int(label): (int(real[label]), int(own[label])) for label in np.flatnonzero(real)}

    def check_size(self, where: str, real: int, generated: int) -> None:
        """Raise UndefinedError if sets are too small for a Frechet distance and ``small_n`` does not allow it."""
        dim = self.reference.features.dim
        if min(real, generated) < ENOUGH * dim and not self.small_n:
            raise UndefinedError(
                f"{where}{real} real and {generated} generated images, at least {ENOUGH * dim} of each are needed for "
                f"{dim} features (`small_n=True` shows it)"
            )

    @cached_property
    def prdc(self) -> Prdc:
        """Precision, recall, density and coverage in the network's feature space."""
        return neighbours.prdc(*self.paired_features)

    @cached_property
    def parzen(self) -> parzen.Parzen:
        """The log-likelihood of test images; the width is chosen on validation images."""
        if self.window is None or self.reference.split != "test":
            raise UndefinedError("needs a window of samples, and test images that its width was not chosen on")
        if not self.reference.labelled:
            raise UndefinedError("the protocol takes samples of each class, and there are none")
        if self.reference.classes * PARZEN_PER_CLASS > MOST_PARZEN:
            raise UndefinedError(
                f"{self.reference.classes} classes: the protocol takes {PARZEN_PER_CLASS} samples of each, "
                f"and {MOST_PARZEN} in all are the most that it is computed for"
            )
        pixels, reference = neighbours.pixels, self.reference
        validation, test = pixels(reference.dataset.validation.images), pixels(reference.real.images)
        return parzen.parzen(pixels(self.window()), validation, test)

    def different_bins(self) -> Estimate:
        """Share of bins within the classes that are over- or under-represented."""
        self.class_counts()
        real = self.reference.real
        return bins.different_bins(self.reference.bins, real.images, real.labels, self.images, self.labels)

    def duplicates(self) -> Estimate:
        """Share of images with a twin."""
        real, few = self.reference.real, self.paired
        return neighbours.duplicates(self.images[few], self.labels[few], real.images, real.labels)

    @cached_property
    def memorisation(self) -> Memorisation:
        """Distances to the training images, compared with those of held-out images."""
        train = self.reference.dataset.train.images
        return neighbours.memorised(self.images, train, self.reference.heldout_distances)

    def copies(self) -> Estimate:
        """Share of images that are called copies of training images."""
        held_out = self.reference.copy_distances["real"]
        copies.threshold(held_out)  # before the search, which takes longer
        return copies.copies(copies.distances(self.images, self.reference.dataset.train.images), held_out)

    @cached_property
    def matched(self) -> tuple[Indexes, Indexes, Labels]:
        """Indexes of equally many real images and ``images`` of each class, class by class; and the classes.

        At most 10,000 of each side, the first ones. Without labels the real ones are in their own proportions.
        """
        real, classes = self.reference.real.labels, self.reference.classes
        if self.requested is None:
            count = min(len(real), len(self.images), MOST_PAIRED)
            return first_of_each(real, proportions(real, classes, count)), np.arange(count), np.zeros(count, np.int64)
        shared = np.concatenate([np.repeat(label, min(pair)) for label, pair in self.class_counts().items()])
        counts = proportions(shared, classes, min(len(shared), MOST_PAIRED))
        shared = np.repeat(np.arange(classes), counts)
        of_real, own = (
            chosen[np.argsort(labels[chosen], kind="stable")]
            for labels, chosen in ((side, first_of_each(side, counts)) for side in (real, self.requested))
        )
        return of_real, own, shared

    def two_sample(self) -> Estimate:
        """How well a network tells the images from real ones."""
        from condgan.metrics.two_sample import two_sample

        of_real, own, classes = self.matched
        return two_sample(self.reference.real.images[of_real], self.images[own], classes)

    def name(self, label: int) -> str:
        """The quoted name of a class."""
        return f'"{self.reference.dataset.class_names[label]}"'


@dataclass(frozen=True)
class Metric:
    """A metric: its name, which way is good, and a short description.

    Attributes:
        in_space: its figures name the space of the feature network.
        by_network: its value depends on the feature network.
        by_class: it needs real images with labels.
    """

    name: str
    better: Literal["higher", "lower", "near the floor"]
    text: str
    in_space: bool = field(default=False, kw_only=True)
    by_network: bool = field(default=True, kw_only=True)
    by_class: bool = field(default=False, kw_only=True)

    def figure(self, space: str) -> Figure:
        """A figure of this metric, still without a value."""
        return Figure(metric=self.name, space=space if self.in_space else "")


@dataclass(frozen=True)
class Measure(Metric):
    """A metric that is computed from a comparison; the quick ones also during training."""

    of: Callable[[Comparison], Estimate]
    quick: bool = field(default=False, kw_only=True)


Q, S, P, K = {"quick": True}, {"in_space": True}, {"by_network": False}, {"by_class": True}
MEASURES: tuple[Measure, ...] = (
    Measure("label_accuracy", "higher", "classified as the requested class", lambda c: c.accuracy.overall, **Q, **K),
    Measure("balanced_accuracy", "higher", "the same, mean over classes", lambda c: c.accuracy.balanced, **Q, **K),
    Measure("modes", "higher", "classes that occur among the images", lambda c: modes.covered(c.predicted), **Q, **K),
    Measure("modes_kl", "lower", "nats, class frequencies against real ones",
            lambda c: modes.divergence(c.predicted, c.reference.dataset.train.labels, c.reference.classes), **Q, **K),
    Measure("fid", "lower", "Frechet distance", Comparison.fid, **S, **Q),
    Measure("swd", "lower", "sliced Wasserstein distance", lambda c: sliced(*c.paired_features), **S, **Q),
    Measure("kid", "lower", "kernel distance, unbiased", lambda c: distances.kernel(*c.paired_features), **S, **Q),
    Measure("is", "higher", "Inception Score", lambda c: distances.inception_score(c.embedding.posteriors), **S, **K),
    Measure("precision", "higher", "generated among real images, k = 5", lambda c: c.prdc.precision, **Q),
    Measure("recall", "higher", "real among generated images, k = 5", lambda c: c.prdc.recall, **Q),
    Measure("density", "higher", "real neighbourhoods about each, k = 5", lambda c: c.prdc.density, **Q),
    Measure("coverage", "higher", "real images with a neighbour, k = 5", lambda c: c.prdc.coverage, **Q),
    Measure("intra_fid", "lower", "Frechet distance, mean over classes", Comparison.intra_fid, **K),
    Measure("parzen", "near the floor", "nats, 1000 samples a class (floor: train)", lambda c: c.parzen.value, **P, **K),
    Measure("different_bins", "near the floor", "bins within classes, share not as real",
            Comparison.different_bins, **P, **K),
    Measure("duplicates", "near the floor", "have a near-identical twin", Comparison.duplicates, **P),
    Measure("memorised", "near the floor", "nearer to train than 99 % of held-out", lambda c: c.memorisation.share, **P),
    Measure("copies", "near the floor", "called copies of train (floor: false alarms)", Comparison.copies, **P),
)  # fmt: skip
TWO_SAMPLE = Measure("c2st", "lower", "told from real by a network, 0.5: never", Comparison.two_sample, **P)
"""It takes minutes, and is asked for by itself."""
INCEPTION_SCORE = Measure("is_standard", "higher", "Inception Score as published; ±: deviation of 10 splits",
                          lambda c: distances.published_inception_score(c.embedding.posteriors), **S)  # fmt: skip
"""By the classes of an Inception network: in its space alone."""
IN_ANY_SPACE = (*(measure for measure in MEASURES if measure.name in ("fid", "swd", "kid")), INCEPTION_SCORE)
"""What is measured in the space of an Inception network too."""
SEPARATE = (
    Metric("fid_100_vs_100", "lower", "published protocol, biased", **S),
    Metric("fid_100_vs_100_unsquared", "lower", "published protocol, biased; norm of the means unsquared", **S),
    Metric("gan_train", "higher", "trained on these, tested on real images", **P, **K),
    Metric("gan_train_behind", "lower", "gan_train behind its floor, paired by seed", **P, **K),
    Metric("gan_test", "higher", "trained on real images, tested on these", **P, **K),
)
"""Metrics that functions of ``evaluation.figures`` compute."""
METRICS: dict[str, Metric] = {metric.name: metric for metric in (*MEASURES, TWO_SAMPLE, INCEPTION_SCORE, *SEPARATE)}
QUICK = tuple(measure for measure in MEASURES if measure.quick)
"""The metrics measured during training."""
BY_CLASS = tuple(metric.name for metric in METRICS.values() if metric.by_class)


def possible(measures: Iterable[Measure], reference: Reference) -> tuple[Measure, ...]:
    """Those of the measures that real images with vector conditions have, if the reference's have no labels."""
    return tuple(measure for measure in measures if reference.labelled or not measure.by_class)


def floor(reference: Reference, counts: Counts, small_n: bool) -> Comparison:
    """Real images of the other split, counts[k] of class k, against the reference: what a perfect generator gets."""
    other, embedding, train = reference.other, reference.other_embedding, reference.dataset.train
    chosen = first_of_each(other.labels, counts)

    def window() -> Images:
        few = first_of_each(train.labels, np.full(reference.classes, PARZEN_PER_CLASS))
        if len(few) < reference.classes * PARZEN_PER_CLASS:
            raise UndefinedError(f"a class has fewer than {PARZEN_PER_CLASS} training images")
        return train.images[few]

    embedded = Embedding(embedding.features[chosen], embedding.posteriors[chosen])
    return Comparison(reference, other.images[chosen], other.labels[chosen], embedded, small_n, window)
