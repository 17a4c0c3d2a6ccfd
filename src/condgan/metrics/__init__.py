"""Metrics of labelled images: feature networks, and pure functions from features or pixels to numbers.

A metric that has no value for its arguments raises ``UndefinedError`` with the reason; none returns NaN.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Features
from condgan.errors import UndefinedError

__all__ = [
    "Embedding", "Estimate", "bins", "check_features", "copies", "distances", "feature_network", "gan_train",
    "inception", "inception_weights", "label_accuracy", "mean", "modes", "neighbours", "parzen", "people", "principal",
    "sliced", "two_sample",
]  # fmt: skip


@dataclass(frozen=True)
class Embedding:
    """The output of a feature network for N images: features (N, D) and class posteriors (N, K), float32."""

    features: npt.NDArray[np.float32]
    posteriors: npt.NDArray[np.float32]


class Estimate(NamedTuple):
    """A figure, and its standard error where one exists."""

    value: float
    se: float | None = None


def share(hits: npt.NDArray[np.bool_]) -> Estimate:
    """The share of N answers that are true, with the binomial standard error; see ``mean``."""
    return mean(hits.astype(np.float64))


def mean(values: npt.NDArray[np.float64]) -> Estimate:
    """The mean of N independent values, with its standard error.

    Raises:
        UndefinedError: N is 0.
    """
    if not len(values):
        raise UndefinedError("there is nothing to average")
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Estimate(float(values.mean()), error)


def check_features(*sets: Features) -> None:
    """Check that distances between features can be computed.

    Raises:
        UndefinedError: NaN or infinite.
        ValueError: not (N, D) of one D.
    """
    if any(features.ndim != 2 for features in sets) or len({features.shape[1] for features in sets}) != 1:
        raise ValueError(f"expected features (N, D) of one D, given {', '.join(str(f.shape) for f in sets)}")
    if not all(np.isfinite(features).all() for features in sets):
        raise UndefinedError("features are NaN or infinite")
