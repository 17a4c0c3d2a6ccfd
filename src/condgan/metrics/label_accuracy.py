"""Whether images show the class that they were asked for, by a classifier's posteriors."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, share


class LabelAccuracy(NamedTuple):
    """Overall, for each class, and what was read where."""

    overall: Estimate
    per_class: list[float | None]
    """None where a class has no images."""
    confusion: npt.NDArray[np.int64]
    """(K, K) counts: row = asked, column = read."""


def label_accuracy(read: Labels, asked: Labels, classes: int) -> LabelAccuracy:
    """The share of images, (N,), that are read as the class that was asked for.

    Raises:
        UndefinedError: there are no images.
        ValueError: a label is not below ``classes``.
    """
    if not len(asked):
        raise UndefinedError("there are no images")
    confusion = np.zeros((classes, classes), np.int64)
    if min(asked.min(), read.min()) < 0 or max(asked.max(), read.max()) >= classes:
        raise ValueError(f"expected labels in 0..{classes - 1}")
    np.add.at(confusion, (asked, read), 1)
    counts = confusion.sum(1)
    per_class = [int(confusion[k, k]) / int(counts[k]) if counts[k] else None for k in range(classes)]
    return LabelAccuracy(share(read == asked), per_class, confusion)
