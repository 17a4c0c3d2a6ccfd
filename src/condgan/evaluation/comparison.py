"""Labelled images held against real ones: one table of figures, each computed when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Features, Images, Labels
from condgan.errors import UndefinedError
from condgan.evaluation.reference import Reference, first_of_each, paired
from condgan.metrics import Embedding, Estimate, bins, check_features, distances, modes, neighbours, parzen
from condgan.metrics.distances import with_error
from condgan.metrics.label_accuracy import LabelAccuracy, label_accuracy
from condgan.metrics.neighbours import Memorisation, Prdc
from condgan.results.figure import Figure

ENOUGH = 2  # times the feature dimension: fewer images make a Frechet distance that is mostly noise and bias
PARZEN_PER_CLASS = 1000  # Mirza & Osindero 2014, section 4.1
MOST_PARZEN = 100_000  # samples of all classes together: more take hours


@dataclass(frozen=True, eq=False)
class Comparison:
    """Some images against a reference.

    Attributes:
        reference: the real images, and their feature network.
        images: uint8 (N, C, H, W), in the form of the reference.
        asked: the class of each, (N,); none where they have none.
        embedded: of ``images``, where it is known already.
        small_n: allow a Frechet distance between small sets.
        window: images for the Parzen window: 1000 of each class.
    """

    reference: Reference
    images: Images
    asked: Labels | None
    embedded: Embedding | None = None
    small_n: bool = False
    window: Callable[[], Images] | None = None

    @cached_property
    def embedding(self) -> Embedding:
        """Of ``images``."""
        return self.embedded or self.reference.features.embed(self.images)

    @property
    def labels(self) -> Labels:
        """The class of each image.

        Raises:
            UndefinedError: they have none.
        """
        if self.asked is None:
            raise UndefinedError("the images have no labels: their generator is unconditional")
        return self.asked

    @cached_property
    def read(self) -> Labels:
        """The class that each image is read as, by the feature network's posteriors."""
        check_features(self.embedding.posteriors)
        read: Labels = self.embedding.posteriors.argmax(1)
        return read

    @cached_property
    def accuracy(self) -> LabelAccuracy:
        """Of what is read, against what was asked for."""
        return label_accuracy(self.read, self.labels, self.reference.classes)

    def modes(self) -> Estimate:
        """How many classes are read at all."""
        return modes.covered(self.read)

    def modes_kl(self) -> Estimate:
        """How the classes read are distributed, against the training images' labels."""
        return modes.divergence(self.read, self.reference.dataset.train.labels, self.reference.classes)

    def fid(self) -> Estimate:
        """In the network's feature space."""
        real, made = self.reference.embedding.features, self.embedding.features
        self.guard("", len(real), len(made))
        distance = distances.frechet_from(real)
        return with_error(lambda kept: distance(made[kept]), len(made))

    def intra_fid(self) -> Estimate:
        """The same within each class, on average."""
        real, made = self.reference.embedding.features, self.embedding.features
        real_labels, labels = self.reference.real.labels, self.labels
        for label, (inside, own) in self.counts().items():
            self.guard(f"class {self.name(label)}: ", inside, own)
        return with_error(lambda kept: distances.intra_frechet(real, real_labels, made[kept], labels[kept]), len(made))

    def counts(self) -> dict[int, tuple[int, int]]:
        """Real and own images of each class that either side has.

        Raises:
            UndefinedError: one side has none of a class.
        """
        real, own = (
            np.bincount(labels, minlength=self.reference.classes)
            for labels in (self.reference.real.labels, self.labels)
        )
        found = {int(label): (int(real[label]), int(own[label])) for label in np.flatnonzero(real + own)}
        for label, sides in found.items():
            if not all(sides):
                raise UndefinedError(f"class {self.name(label)} has no {'generated' if sides[0] else 'real'} images")
        return found

    def guard(self, where: str, real: int, made: int) -> None:
        """Refuse a Frechet distance between sets of these sizes.

        Raises:
            UndefinedError: too few, and ``small_n`` does not allow it.
        """
        dim = self.reference.features.dim
        if min(real, made) < ENOUGH * dim and not self.small_n:
            raise UndefinedError(
                f"{where}{real} real and {made} generated images, at least {ENOUGH * dim} of each are needed for "
                f"{dim} features (`small_n=True` shows it)"
            )

    @cached_property
    def paired(self) -> npt.NDArray[np.int64]:
        """Indexes of those ``images`` that are compared in pairs."""
        labels = np.zeros(len(self.images), np.int64) if self.asked is None else self.asked
        return paired(labels, self.reference.classes)

    @property
    def pair_of_features(self) -> tuple[Features, Features]:
        """Of real images and of these, as far as they are compared in pairs."""
        return self.reference.embedding.features[self.reference.paired], self.embedding.features[self.paired]

    def kid(self) -> Estimate:
        """In the network's feature space."""
        return distances.kernel(*self.pair_of_features)

    def inception_score(self) -> Estimate:
        """Of the network's class posteriors."""
        return distances.inception_score(self.embedding.posteriors)

    @cached_property
    def prdc(self) -> Prdc:
        """In the network's feature space."""
        return neighbours.prdc(*self.pair_of_features)

    @cached_property
    def parzen(self) -> parzen.Parzen:
        """Of the test images; the width is chosen on validation images.

        Raises:
            UndefinedError: there is no window, or it is validation images that are held against.
        """
        if self.window is None or self.reference.split != "test":
            raise UndefinedError("needs a window of samples, and test images that its width was not chosen on")
        if self.reference.classes * PARZEN_PER_CLASS > MOST_PARZEN:
            raise UndefinedError(
                f"{self.reference.classes} classes: the protocol takes {PARZEN_PER_CLASS} samples of each, "
                f"and {MOST_PARZEN} in all are the most that it is computed for"
            )
        samples, validation = self.window(), self.reference.dataset.validation.images
        return parzen.parzen(
            neighbours.pixels(samples), neighbours.pixels(validation), neighbours.pixels(self.reference.real.images)
        )

    def different_bins(self) -> Estimate:
        """Share of bins within the classes that are over- or under-represented."""
        self.counts()
        real = self.reference.real
        return bins.different_bins(self.reference.bins, real.images, real.labels, self.images, self.labels)

    def duplicates(self) -> Estimate:
        """Share of images with a twin."""
        real, few = self.reference.real, self.paired
        return neighbours.duplicates(self.images[few], self.labels[few], real.images, real.labels)

    @cached_property
    def memorisation(self) -> Memorisation:
        """How near the training images lie."""
        train = self.reference.dataset.train.images
        return neighbours.memorised(self.images, train, self.reference.heldout_distances)

    def name(self, label: int) -> str:
        """A class in words."""
        return f'"{self.reference.dataset.class_names[label]}"'


@dataclass(frozen=True)
class Metric:
    """A metric: its name, which way is good, and what it is in a few words.

    Attributes:
        in_space: its value depends on the feature network, whose space its figures name.
    """

    name: str
    better: Literal["higher", "lower", "near the floor"]
    text: str
    in_space: bool = field(default=False, kw_only=True)

    def figure(self, space: str) -> Figure:
        """A figure of it, without its value."""
        return Figure(metric=self.name, space=space if self.in_space else "")


@dataclass(frozen=True)
class Measure(Metric):
    """A metric that is computed from a comparison; the quick ones at each evaluation of a training."""

    of: Callable[[Comparison], Estimate]
    quick: bool = field(default=False, kw_only=True)


Q, S = {"quick": True}, {"in_space": True}
MEASURES = (
    Measure("label_accuracy", "higher", "read as the requested class", lambda c: c.accuracy.overall, **Q),
    Measure("modes", "higher", "classes that images are read as", Comparison.modes, **Q),
    Measure("modes_kl", "lower", "nats, of classes read from real ones", Comparison.modes_kl, **Q),
    Measure("fid", "lower", "Frechet distance", Comparison.fid, **S, **Q),
    Measure("kid", "lower", "kernel distance, unbiased", Comparison.kid, **S, **Q),
    Measure("is", "higher", "Inception Score", Comparison.inception_score, **S),
    Measure("precision", "higher", "generated among real images, k = 5", lambda c: c.prdc.precision, **Q),
    Measure("recall", "higher", "real among generated images, k = 5", lambda c: c.prdc.recall, **Q),
    Measure("density", "higher", "real neighbourhoods about each, k = 5", lambda c: c.prdc.density, **Q),
    Measure("coverage", "higher", "real images with a neighbour, k = 5", lambda c: c.prdc.coverage, **Q),
    Measure("intra_fid", "lower", "Frechet distance, mean over classes", Comparison.intra_fid),
    Measure("parzen", "near the floor", "nats, 1000 samples a class (floor: train)", lambda c: c.parzen.value),
    Measure("different_bins", "near the floor", "bins within classes, share not as real", Comparison.different_bins),
    Measure("duplicates", "near the floor", "have a near-identical twin", Comparison.duplicates),
    Measure("memorised", "near the floor", "nearer to train than 99 % of held-out", lambda c: c.memorisation.share),
)  # fmt: skip
APART = (
    Metric("fid_100_vs_100", "lower", "published protocol, biased", **S),
    Metric("fid_100_vs_100_unsquared", "lower", "published protocol, biased; norm of the means unsquared", **S),
    Metric("gan_train", "higher", "trained on these, tested on real images"),
    Metric("gan_train_behind", "lower", "gan_train behind its floor, paired by seed"),
    Metric("gan_test", "higher", "trained on real images, tested on these"),
)
"""Computed by functions of their own in ``evaluation.figures``."""
METRICS: dict[str, Metric] = {metric.name: metric for metric in (*MEASURES, *APART)}
QUICK = tuple(measure for measure in MEASURES if measure.quick)
"""What is measured during training."""


def floor(reference: Reference, counts: npt.NDArray[np.int64], small_n: bool) -> Comparison:
    """Real images of the other split, counts[k] of class k, against the reference: what a perfect generator gets."""
    other, seen = reference.other, reference.other_embedding
    chosen = first_of_each(other.labels, counts)
    train = reference.dataset.train

    def window() -> Images:
        chosen = first_of_each(train.labels, np.full(reference.classes, PARZEN_PER_CLASS))
        if len(chosen) < reference.classes * PARZEN_PER_CLASS:
            raise UndefinedError(f"a class has fewer than {PARZEN_PER_CLASS} training images")
        return train.images[chosen]

    return Comparison(
        reference=reference,
        images=other.images[chosen],
        asked=other.labels[chosen],
        embedded=Embedding(seen.features[chosen], seen.posteriors[chosen]),
        small_n=small_n,
        window=window,
    )
