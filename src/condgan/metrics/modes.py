"""Which classes, the modes of labelled data, occur among the predicted ones, and in what proportions.

Neither figure depends on requested classes, so an unconditional generator has both.
"""

import numpy as np

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate
from condgan.metrics.distances import with_error


def covered(predicted: Labels) -> Estimate:
    """How many classes occur among (N,) predicted ones (Metz et al. 2017, section 3.3.1).

    The standard error is a jackknife's, on average too large rather than too small (Efron & Stein 1981).

    Raises:
        UndefinedError: there are no images.
    """
    if not len(predicted):
        raise UndefinedError("there are no images")
    return with_error(lambda kept: float(len(np.unique(predicted[kept]))), len(predicted))


def divergence(predicted: Labels, real: Labels, classes: int) -> Estimate:
    """KL(predicted || real) in nats between the proportions of (N,) predicted classes and of (M,) real labels.

    This direction is finite where classes are missing: k of K equally frequent ones, generated equally often, have
    log(K / k). Papers call it reverse KL (Lin et al. 2018, section 4). Sampling alone gives about (K - 1) / 2N.

    Raises:
        UndefinedError: no images, or a class is predicted that has no real images.
        ValueError: a label is not below ``classes``.
    """
    if not len(predicted):
        raise UndefinedError("there are no images")
    if min(predicted.min(), real.min(initial=0)) < 0 or max(predicted.max(), real.max(initial=0)) >= classes:
        raise ValueError(f"expected labels in 0..{classes - 1}")
    expected = np.bincount(real, minlength=classes)
    if not expected[predicted].all():
        label = int(predicted[expected[predicted] == 0][0])
        raise UndefinedError(f"class {label} is predicted and has no real images: the divergence is infinite")
    expected = expected / expected.sum()

    def of(kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        counts = np.bincount(predicted[kept], minlength=classes)
        present = counts > 0
        shares = counts[present] / counts.sum()
        return max(float(shares @ np.log(shares / expected[present])), 0.0)  # rounding

    return with_error(of, len(predicted))
