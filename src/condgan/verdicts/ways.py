"""The ways to train a classifier that are compared: real images as they are or augmented, and with synthetic ones."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.metrics import feature_network
from condgan.metrics.feature_network import Augmentation

UNEVEN = 1.5  # the largest class over the smallest from which on rare classes are filled up, and classes count alike
MOST_SYNTHETIC = 100_000  # images
FLIPS = 4  # in the key of the random numbers, so that flips and moves are drawn apart


def as_they_are(images: Tensor, seed: int, step: int) -> Tensor:
    """No augmentation."""
    return images


def flipped(images: Tensor, seed: int, step: int) -> Tensor:
    """Each image mirrored left to right, or not, with even chances."""
    drawn = philox.uniform(seed + FLIPS, Stream.AUGMENTATION, [step], len(images))[0]
    chosen = torch.from_numpy(drawn < 0.5)[:, None, None, None]
    return torch.where(chosen, images.flip(3), images)


def moved_and_flipped(images: Tensor, seed: int, step: int) -> Tensor:
    """Both."""
    return flipped(feature_network.moved(images, seed, step), seed, step)


@dataclass(frozen=True)
class Way:
    """What a classifier is trained on.

    Attributes:
        name: as it is told.
        augment: of all images.
        ratio: synthetic images for each real one, class by class.
        fills: whether synthetic images bring each class to the size of the largest.
        real: whether it sees real images.
    """

    name: str
    augment: Augmentation = as_they_are
    ratio: float = 0.0
    fills: bool = False
    real: bool = True

    @property
    def synthetic(self) -> bool:
        """Whether it sees synthetic images."""
        return self.ratio > 0 or self.fills

    def wanted(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """How many synthetic images of each class it takes, (K,), beside so many real ones."""
        if self.fills:
            return np.asarray(counts.max() - counts)
        share = min(1.0, MOST_SYNTHETIC / max(1.0, self.ratio * counts.sum()))
        return np.asarray(np.ceil(self.ratio * share * counts), np.int64)


BASES = (
    Way("real"),
    Way("real, moved", feature_network.moved),
    Way("real, moved and flipped", moved_and_flipped),
)
"""Without synthetic images: as they are; shifted, turned and zoomed a little; mirrored too."""


def uneven(counts: npt.NDArray[np.int64]) -> bool:
    """Whether the sizes of the classes differ."""
    return bool(counts.max() > UNEVEN * max(1, counts.min()))


def with_synthetic(base: Way, counts: npt.NDArray[np.int64]) -> tuple[Way, ...]:
    """The ways that add synthetic images to a base, for classes of so many real images, and those without real ones."""
    added = [Way(f"{base.name} + {ratio:g} x synthetic", base.augment, ratio) for ratio in (1.0, 3.0)]
    if uneven(counts):
        added.append(Way(f"{base.name} + synthetic where rare", base.augment, fills=True))
    return (*added, Way("synthetic alone", base.augment, 1.0, real=False))
