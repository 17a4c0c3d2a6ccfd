"""Whether a classifier predicts the class that was requested."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, share


class LabelAccuracy(NamedTuple):
    """Overall accuracy, that of each class, and the confusion."""

    overall: Estimate
    per_class: list[float | None]
    """None where a class has no images."""
    confusion: npt.NDArray[np.int64]
    """(K, K) counts: row = requested, column = predicted."""

    @property
    def balanced(self) -> Estimate:
        """The mean of the accuracies of those classes that have images: each class counts as much as any other.

        Brodersen et al. 2010, "The balanced accuracy and its posterior distribution". The standard error is that of a
        mean of independent shares; there is none where a class has one image, whose spread is unknown.
        """
        counts = self.confusion.sum(1)
        present = counts > 0
        counts, shares = counts[present], np.diag(self.confusion)[present] / counts[present]
        if counts.min() < 2:
            return Estimate(float(shares.mean()))
        variances = shares * (1 - shares) / (counts - 1)
        return Estimate(float(shares.mean()), math.sqrt(variances.sum()) / len(counts))


def label_accuracy(predicted: Labels, requested: Labels, classes: int) -> LabelAccuracy:
    """The share of N images whose predicted class, (N,), is the requested one, (N,).

    Raises:
        UndefinedError: there are no images.
        ValueError: a label is not below ``classes``.
    """
    if not len(requested):
        raise UndefinedError("there are no images")
    confusion = np.zeros((classes, classes), np.int64)
    if min(requested.min(), predicted.min()) < 0 or max(requested.max(), predicted.max()) >= classes:
        raise ValueError(f"expected labels in 0..{classes - 1}")
    np.add.at(confusion, (requested, predicted), 1)
    counts = confusion.sum(1)
    per_class = [int(confusion[k, k]) / int(counts[k]) if counts[k] else None for k in range(classes)]
    return LabelAccuracy(share(predicted == requested), per_class, confusion)
