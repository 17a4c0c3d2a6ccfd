"""The classifier two-sample test: how well a small network tells generated images from real ones.

Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests". One fixed small network, shifts of two pixels, fixed
steps, no choice by any accuracy. Cross-fitted: each image is judged by a network that did not train on it.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images, Labels
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, feature_network, mean, share
from condgan.metrics.gan_train import shifted

FOLDS = 5
FEWEST = 100  # images of each side
STEPS = 800  # of a training, at most
WIDTH = 8
RATE = 0.3  # of the feature network's: at that one, folds of the same images differ by a quarter


def two_sample(
    real: Images,
    generated: Images,
    classes: Labels,
    steps: int = STEPS,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Estimate:
    """The accuracy of networks that tell generated images from real ones: 0.5 where they are alike, at most 1.

    Every fold has equally many images of both sides, and of each class. A network trains on all folds but one and
    judges that one. The standard error is that of N + N independent answers, or that of the mean over folds where it
    is larger: answers of one network err together.

    Args:
        real, generated: uint8 (N, C, H, W) each.
        classes: of the images of either side, (N,).
        steps: batches of each training, at most; few images are seen 30 times each.
        seed: of the folds and the trainings.
        say: receives sentences about the progress.

    Raises:
        UndefinedError: fewer than 100 images a side.
        ValueError: the sides differ in size.
    """
    if not len(real) == len(generated) == len(classes):
        raise ValueError(f"expected equal sides, given {len(real)} real and {len(generated)} generated images")
    if len(real) < FEWEST:
        raise UndefinedError(f"{len(real)} real and as many generated images: at least {FEWEST} of each are needed")
    images, sides = np.concatenate([real, generated]), np.repeat(np.arange(2), len(real))
    fold = np.tile(folds(classes, seed), 2)
    hits = np.zeros(len(images), bool)
    for out in range(FOLDS):
        say(f"two-sample test: fold {out + 1} of {FOLDS}")
        held_out, others = np.flatnonzero(fold == out), np.flatnonzero(fold != out)
        size = feature_network.sized(len(others), 2, steps)
        network = feature_network.train(
            images[others], sides[others], 2, size.steps, seed + out, WIDTH, shifted, size.batch, RATE * size.rate
        )
        judged = feature_network.embed(network, images[held_out]).posteriors.argmax(1)
        hits[held_out] = judged == sides[held_out]
    over_images, over_folds = share(hits), mean(np.array([hits[fold == out].mean() for out in range(FOLDS)]))
    return Estimate(over_images.value, max(over_images.se or 0.0, over_folds.se or 0.0))


def folds(classes: Labels, seed: int) -> npt.NDArray[np.int64]:
    """The fold of each image by its class, (N,) -> (N,): at random, equally many in each, and of each class."""
    order = philox.permutation(seed, Stream.SPLIT, 0, len(classes))
    order = order[np.argsort(classes[order], kind="stable")]  # class by class, in random order within
    fold = np.empty(len(classes), np.int64)
    fold[order] = np.arange(len(classes)) % FOLDS
    return fold
