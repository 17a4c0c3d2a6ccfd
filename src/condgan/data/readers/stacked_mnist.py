"""Stacked MNIST: three digits as the red, green and blue channel of an image, 1000 classes "000" ... "999".

Made to count the modes that a generator covers (Metz et al. 2017, "Unrolled generative adversarial networks"; Lin et
al. 2018, "PacGAN"). Their draws are not published; here every class has equally many images, so that the distribution
over the modes is exactly the uniform one that they compare with.
"""

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels
from condgan.data.dataset import Contents, Split, joined
from condgan.data.readers import mnist
from condgan.data.readers.mnist import LICENCE
from condgan.data.readers.reader import BuiltIn
from condgan.draws.philox import Stream, permutation
from condgan.errors import CondganError
from condgan.recipe import Data

NAME = "stacked-mnist"
DIGITS, CHANNELS = 10, 3
CLASSES = DIGITS**CHANNELS
CLASS_NAMES = tuple(f"{label:03}" for label in range(CLASSES))
PLACES = (100, 10, 1)  # what a channel's digit counts: red, green, blue
SEED = 0
RULE = (
    "each split stacks digits of MNIST's own split: 50 training images of each class from its first 50,000 training "
    "images, 10 validation images from the other 10,000, 10 test images from its test images"
)


def read(data: Data) -> Contents:
    """The 70,000 stacks, uint8 (N, 3, H, W), training and validation images side by side in memory.

    Raises:
        CondganError: one channel is asked for; or as for MNIST.
    """
    if data.channels == 1:
        raise CondganError(f"data.channels=1: {NAME} has a digit in each of 3 channels: leave it out, or give 3")
    digits = mnist.read(data.model_copy(update={"channels": 1}))
    drawn = [stacks(split.labels, number) for number, split in enumerate(digits.splits.values())]
    (train, labels), (validation, validation_labels), (test, test_labels) = drawn
    pool = joined(digits.splits["train"].images, digits.splits["validation"].images)[:, 0]
    images = pool[np.concatenate([train, validation + len(labels)])]
    splits = {
        "train": Split(images[: len(labels)], labels),
        "validation": Split(images[len(labels) :], validation_labels),
        "test": Split(digits.splits["test"].images[:, 0][test], test_labels),
    }
    return Contents(NAME, CLASS_NAMES, splits, digits.notices, RULE, drawn=digits.drawn)


def stacks(digits: Labels, number: int) -> tuple[npt.NDArray[np.int64], Labels]:
    """As many stacks as there are MNIST images of these digits, (N,) -> which images, (N, 3), and the classes, (N,).

    The classes take equal shares, in random order; so do, in each channel, all images of a digit. ``number`` tells one
    draw from another.
    """
    labels = order(number, 0, len(digits)) % CLASSES
    members = [np.flatnonzero(digits == digit) for digit in range(DIGITS)]
    chosen = np.empty((len(digits), CHANNELS), np.int64)
    for channel, place in enumerate(PLACES):
        asked = labels // place % DIGITS
        for digit, images in enumerate(members):
            where = np.flatnonzero(asked == digit)
            shuffled = images[order(number, 1 + channel * DIGITS + digit, len(images))]
            chosen[where, channel] = np.resize(shuffled, len(where))
    return chosen, labels


def order(number: int, part: int, count: int) -> npt.NDArray[np.int64]:
    """The order of ``count`` things in one part of a draw."""
    return permutation(SEED, Stream.SPLIT, number << 32 | part, count)


BUILT_IN = BuiltIn(NAME, "digits stacked as colours, 1000 classes", "train, validation, test", read, LICENCE)
