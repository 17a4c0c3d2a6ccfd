"""GAN-train and GAN-test: the accuracy of a classifier trained on generated images, and of one tested on them.

Shmelkov et al. 2018, "How good is my GAN?". One fixed small network, shifts of two pixels, fixed steps, equal numbers
of images, and no selection by accuracy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from condgan.arrays import Images, Labels
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.metrics import Estimate, feature_network, mean

SEEDS = 5
STEPS = 800
WIDTH = 16
PIXELS = 2  # of shift, at most


class GanTrain(NamedTuple):
    """Accuracies over seeds; standard errors are those of the mean over seeds."""

    train: Estimate
    """Trained on generated images, tested on real ones."""
    test: Estimate
    """Trained on real images, tested on generated ones."""
    real: Estimate
    """Trained on real images, tested on real ones: the reference for both."""
    behind: Estimate
    """real - train, paired by seed."""
    missing: npt.NDArray[np.int64]
    """Test images that all networks trained on real images classify correctly, and none trained on generated ones."""


def gan_train(
    generated: tuple[Images, Labels],
    real: tuple[Images, Labels],
    test: tuple[Images, Labels],
    classes: int,
    seeds: int = SEEDS,
    steps: int = STEPS,
    say: Callable[[str], None] = lambda _: None,
) -> GanTrain:
    """Train on each set of (images, labels), with the same seeds, and test on the other and on held-out real images.

    Args:
        generated: the images to be measured.
        real: training images, as many as there are generated ones.
        test: images that neither network was trained on.
        classes: K; labels lie in 0..K-1.
        seeds: trainings of each kind.
        steps: batches of each training.
        say: receives sentences about the progress.

    Raises:
        ValueError: the sets differ in size.
    """
    if len(generated[0]) != len(real[0]):
        raise ValueError(f"expected equal sets, given {len(generated[0])} generated and {len(real[0])} real images")
    accuracies, missing = [], np.ones(len(test[0]), bool)
    for seed in range(seeds):
        say(f"GAN-train: seed {seed + 1} of {seeds}")
        by_generated, by_real = (
            feature_network.train(*images, classes, steps, seed, WIDTH, shifted) for images in (generated, real)
        )
        hits = [right(by_generated, *test), right(by_real, *generated), right(by_real, *test)]
        accuracies.append([hit.mean() for hit in hits])
        missing &= hits[2] & ~hits[0]
    train, tested, baseline = np.array(accuracies).T
    return GanTrain(mean(train), mean(tested), mean(baseline), mean(baseline - train), np.flatnonzero(missing))


def right(network: feature_network.Network, images: Images, labels: Labels) -> npt.NDArray[np.bool_]:
    """Whether each image is classified as its label, (N,)."""
    return np.asarray(feature_network.embed(network, images).posteriors.argmax(1) == labels)


def shifted(images: Tensor, seed: int, step: int) -> Tensor:
    """Images shifted by whole pixels, each on its own, padded with black."""
    count, channels, height, width = images.shape
    drawn = philox.integers(seed, Stream.AUGMENTATION, np.arange(2 * count) + 2 * count * step, 2 * PIXELS + 1)
    top, left = torch.from_numpy(drawn).reshape(2, count, 1)
    wide = F.pad(images, (PIXELS,) * 4)
    rows, columns = top + torch.arange(height), left + torch.arange(width)  # (N, H), (N, W)
    return wide[
        torch.arange(count)[:, None, None, None],
        torch.arange(channels)[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
