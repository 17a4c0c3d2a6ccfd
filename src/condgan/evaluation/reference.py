"""Real images that others are held against: what the feature network says of them is kept by the data's hash."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from condgan.data import Dataset, Split
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation.features import FeatureNetwork
from condgan.metrics import Embedding, bins, neighbours
from condgan.storage import cache
from condgan.storage.weights import Arrays

OTHER = {"test": "validation", "validation": "test"}
MOST = 50_000  # real images that are held against
MOST_PAIRED = 10_000  # images of a side that are compared in pairs: the time for all grows with their square
SCHEME = 3  # of what is kept: raised when a computation changes


@dataclass(frozen=True, eq=False)
class Reference:
    """One split of a dataset, in one feature space.

    Attributes:
        dataset: the real images, in the form that is measured.
        split: ``test`` for final figures, ``validation`` for whatever is chosen by them.
        features: the network.
    """

    dataset: Dataset
    split: str
    features: FeatureNetwork

    def __post_init__(self) -> None:
        """Refuse a split that nothing can be held against."""
        check_split(self.dataset, self.split)

    @property
    def classes(self) -> int:
        """The number of classes, K."""
        return len(self.dataset.class_names)

    @cached_property
    def real(self) -> Split:
        """The images that others are held against."""
        return Split(*self.dataset.splits[self.split].take(slice(MOST)))

    @cached_property
    def other(self) -> Split:
        """Real images of which the same figures are the floor."""
        return self.dataset.splits[OTHER[self.split]]

    @cached_property
    def paired(self) -> npt.NDArray[np.int64]:
        """Indexes of those ``real`` images that are compared in pairs."""
        return paired(self.real.labels, self.classes)

    @cached_property
    def embedding(self) -> Embedding:
        """Of ``real``."""
        return self._embedding(self.split, self.real)

    @cached_property
    def other_embedding(self) -> Embedding:
        """Of ``other``."""
        return self._embedding(OTHER[self.split], self.other)

    @cached_property
    def heldout_distances(self) -> npt.NDArray[np.float64]:
        """How far each image of ``real`` is from the nearest training image, in pixels."""

        def make() -> Arrays:
            return {"distances": neighbours.nearest_image(self.real.images, self.dataset.train.images)[0]}

        return self.kept(make, ["distances"], "heldout")["distances"].astype(np.float64)

    @cached_property
    def bins(self) -> list[npt.NDArray[np.float32]]:
        """Centres of bins within each class of the training images."""

        def make() -> Arrays:
            train = self.dataset.train
            return {
                str(label): centres
                for label, centres in enumerate(bins.class_bins(train.images, train.labels, self.classes))
            }

        kept = self.kept(make, map(str, range(self.classes)), "bins")
        return [kept[str(label)].astype(np.float32) for label in range(self.classes)]

    def kept(self, make: Callable[[], Arrays], names: Iterable[str], *key: object) -> Arrays:
        """The arrays of these names that ``make`` gives, from before if they are kept under this key, data, network."""
        parts = (SCHEME, self.dataset.sha256, self.features.sha256, self.split, MOST, *key)
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()
        found = cache.read("real", digest)
        if found is not None and set(found[1]) == set(names):
            return found[1]
        made = make()
        cache.keep("real", digest, {}, made)
        return made

    def _embedding(self, name: str, split: Split) -> Embedding:
        def make() -> Arrays:
            seen = self.features.embed(split.images)
            return {"features": seen.features, "posteriors": seen.posteriors}

        kept = self.kept(make, ["features", "posteriors"], "embedding", name, len(split))
        if {len(array) for array in kept.values()} != {len(split)}:  # not what was kept here
            kept = make()
        return Embedding(kept["features"].astype(np.float32), kept["posteriors"].astype(np.float32))


def check_split(dataset: Dataset, split: str) -> None:
    """Refuse a split that nothing can be held against.

    Raises:
        CondganError: another name than test or validation, or fewer than two images.
    """
    if split not in OTHER:
        raise ArgumentError("split", split, f"expected {' or '.join(OTHER)}")
    if len(dataset.splits[split]) < 2:
        raise CondganError(f"{dataset.name} has {len(dataset.splits[split])} {split} images: at least 2 are needed")


def proportions(labels: npt.NDArray[np.int64], classes: int, count: int) -> npt.NDArray[np.int64]:
    """How many of ``count`` images each class gets, in the proportions of (N,) labels -> (K,): largest remainders."""
    shares = np.bincount(labels, minlength=classes) * count / len(labels)
    counts = np.floor(shares).astype(np.int64)
    first = np.argsort(counts - shares, kind="stable")[: count - int(counts.sum())]
    counts[first] += 1
    return counts


def paired(labels: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """Indexes of the first 10,000 of (N,) labels in their proportions; of all, where there are fewer."""
    if len(labels) <= MOST_PAIRED:
        return np.arange(len(labels))
    return first_of_each(labels, proportions(labels, classes, MOST_PAIRED))


def first_of_each(labels: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Indexes of the first counts[k] images of each class k (as many as there are), in their order."""
    chosen = [np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)]
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)
