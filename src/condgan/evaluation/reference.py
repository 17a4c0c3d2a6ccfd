"""Real images that others are compared with; their embedding is cached by the data's hash."""

import hashlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels, Vectors
from condgan.data import Dataset, Split
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation.features import FeatureNetwork
from condgan.metrics import Embedding, bins, copies, neighbours
from condgan.metrics.label_accuracy import label_accuracy
from condgan.storage import cache
from condgan.storage.weights import Arrays

Indexes = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

OTHER = {"test": "validation", "validation": "test"}
MOST = 50_000  # real images of a reference
MOST_PAIRED = 10_000  # images of a side that are compared in pairs: the time for all grows with their square
SCHEME = 3  # of the cache: raised when a computation changes


@dataclass(frozen=True, eq=False)
class Reference:
    """One split of a dataset, in one feature space.

    Attributes:
        dataset: the real images, in the form that is measured.
        split: ``test`` for final figures, ``validation`` for choices that depend on figures.
        features: the network.
    """

    dataset: Dataset
    split: str
    features: FeatureNetwork

    def __post_init__(self) -> None:
        """Check the split."""
        check_split(self.dataset, self.split)

    @property
    def labelled(self) -> bool:
        """Whether the real images have labels; those with vector conditions are all of one class without a name."""
        return bool(self.dataset.class_names)

    @property
    def classes(self) -> int:
        """The number of classes, K; 1 where they have no labels."""
        return len(self.dataset.class_names) or 1

    @cached_property
    def real(self) -> Split:
        """The images of the split, 50,000 at most."""
        return of_classes(Split(*self.dataset.splits[self.split].take(slice(MOST))))

    @property
    def other(self) -> Split:
        """Real images of the other split, whose figures are the floor."""
        return of_classes(self.dataset.splits[OTHER[self.split]])

    @cached_property
    def paired(self) -> Indexes:
        """Indexes of those ``real`` images that are compared in pairs."""
        return paired(self.real.labels, self.classes)

    @cached_property
    def embedding(self) -> Embedding:
        """Features and posteriors of ``real``."""
        return self._embedding(self.split, self.real)

    @cached_property
    def other_embedding(self) -> Embedding:
        """Features and posteriors of ``other``."""
        return self._embedding(OTHER[self.split], self.other)

    @cached_property
    def heldout_distances(self) -> npt.NDArray[np.float64]:
        """The distance of each image of ``real`` to its nearest training image, in pixels, (N,)."""

        def compute() -> Arrays:
            return {"distances": neighbours.nearest_image(self.real.images, self.dataset.train.images)[0]}

        return self.cached(compute, ["distances"], "heldout")["distances"].astype(np.float64)

    @cached_property
    def copy_distances(self) -> dict[str, npt.NDArray[np.float64]]:
        """Distances to training images by which copies are detected: of ``real``, and of each kind of planted ones."""

        def compute() -> Arrays:
            train = self.dataset.train.images
            looked_at = {"real": self.real.images, **copies.planted(train)}
            return {name: copies.distances(images, train) for name, images in looked_at.items()}

        cached = self.cached(compute, ["real", *copies.KINDS], "copies")
        return {name: found.astype(np.float64) for name, found in cached.items()}

    @cached_property
    def bins(self) -> list[npt.NDArray[np.float32]]:
        """Centres of bins within each class of the training images."""
        names = [str(label) for label in range(self.classes)]

        def compute() -> Arrays:
            train = self.dataset.train
            return dict(zip(names, bins.class_bins(train.images, train.labels, self.classes), strict=True))

        cached = self.cached(compute, names, "bins")
        return [cached[name].astype(np.float32) for name in names]

    @cached_property
    def weakness(self) -> str:
        """Why figures of the feature network say little, in a sentence; empty where it reads the real images.

        It is weak where its mean accuracy over classes is within two standard errors of guessing, or within a tenth of
        the way from guessing to all right.
        """
        present = len(np.unique(self.real.labels))
        if "accuracy" not in self.features.facts or present < 2:  # as the Inception network, which knows other classes
            return ""
        read = self.embedding.posteriors.argmax(1)
        accuracy = label_accuracy(read, self.real.labels, self.classes).balanced.value
        chance = 1 / present
        noise = math.sqrt(chance * (1 - chance) / len(self.real))
        if accuracy > chance + max(2 * noise, (1 - chance) / 10):
            return ""
        return (
            f"the feature network reads {accuracy:.1%} of the {self.split} images correctly (mean over classes), and "
            f"guessing gives {chance:.1%}: its figures say little; more training images help"
        )

    def cached(self, compute: Callable[[], Arrays], names: Iterable[str], *key: object) -> Arrays:
        """The arrays of these names from the cache, by this key, the data and the network; else ``compute()``."""
        parts = (SCHEME, self.dataset.sha256, self.features.sha256, self.split, MOST, *key)
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        entry = cache.read("real", digest)
        if entry is not None and set(entry[1]) == set(names):
            return entry[1]
        arrays = compute()
        cache.keep("real", digest, {}, arrays)
        return arrays

    def _embedding(self, name: str, split: Split) -> Embedding:
        def compute() -> Arrays:
            return vars(self.features.embed(split.images))

        arrays = self.cached(compute, ["features", "posteriors"], "embedding", name, len(split))
        if {len(array) for array in arrays.values()} != {len(split)}:  # somebody else's entry
            arrays = compute()
        return Embedding(arrays["features"].astype(np.float32), arrays["posteriors"].astype(np.float32))


def of_classes(split: Split) -> Split:
    """A split; images with vector conditions are of one class, (N,) zeros."""
    return split if split.labels.ndim == 1 else Split(split.images, np.zeros(len(split), np.int64))


def in_turn(conditions: Vectors, count: int) -> Vectors:
    """``count`` of the conditions (N, V), evenly spread: each as often as any other, or once more -> (count, V)."""
    return conditions[np.arange(count) * len(conditions) // count]


def check_split(dataset: Dataset, split: str) -> None:
    """Check that a split can be a reference.

    Raises:
        CondganError: neither test nor validation, or fewer than two images.
    """
    if split not in OTHER:
        raise ArgumentError("split", split, f"expected {' or '.join(OTHER)}")
    if len(dataset.splits[split]) < 2:
        raise CondganError(f"{dataset.name} has {len(dataset.splits[split])} {split} images: at least 2 are needed")


def proportions(labels: Labels, classes: int, count: int) -> Counts:
    """``count`` images divided in the proportions of (N,) labels, by largest remainders -> counts (K,)."""
    shares = np.bincount(labels, minlength=classes) * count / len(labels)
    counts = np.floor(shares).astype(np.int64)
    first = np.argsort(counts - shares, kind="stable")[: count - int(counts.sum())]
    counts[first] += 1
    return counts


def paired(labels: Labels, classes: int) -> Indexes:
    """Indexes of the first 10,000 of (N,) labels in their proportions; of all, where there are fewer."""
    if len(labels) <= MOST_PAIRED:
        return np.arange(len(labels))
    return first_of_each(labels, proportions(labels, classes, MOST_PAIRED))


def first_of_each(labels: Labels, counts: Counts) -> Indexes:
    """Indexes of the first counts[k] images of each class k (or of all there are), in ascending order."""
    chosen = [np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)
