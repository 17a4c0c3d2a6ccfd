"""Which classes, the modes of labelled data, images are read as at all, and in what proportions.

Neither figure looks at the class that was asked for, so an unconditional generator has both.
"""

import numpy as np

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate
from condgan.metrics.distances import with_error


def covered(read: Labels) -> Estimate:
    """How many classes at least one image is read as: (N,) classes (Metz et al. 2017, section 3.3.1).

    The standard error is a jackknife's, on average too large rather than too small (Efron & Stein 1981).

    Raises:
        UndefinedError: there are no images.
    """
    if not len(read):
        raise UndefinedError("there are no images")
    return with_error(lambda kept: float(len(np.unique(read[kept]))), len(read))


def divergence(read: Labels, real: Labels, classes: int) -> Estimate:
    """The divergence KL(read || real) in nats of the proportions of (N,) classes read from those of (M,) real labels.

    This direction is finite where classes are missing: k of K equally frequent ones, made equally often, have
    log(K / k). Papers call it reverse KL (Lin et al. 2018, section 4). Sampling alone gives about (K - 1) / 2N.

    Raises:
        UndefinedError: no images, or a class is read that has no real images.
        ValueError: a label is not below ``classes``.
    """
    if not len(read):
        raise UndefinedError("there are no images")
    if min(read.min(), real.min(initial=0)) < 0 or max(read.max(), real.max(initial=0)) >= classes:
        raise ValueError(f"expected labels in 0..{classes - 1}")
    expected = np.bincount(real, minlength=classes)
    if not expected[read].all():
        label = int(read[expected[read] == 0][0])
        raise UndefinedError(f"class {label} is read, and has no real images: the divergence is infinite")
    expected = expected / expected.sum()

    def of(kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
        counts = np.bincount(read[kept], minlength=classes)
        seen = counts > 0
        shares = counts[seen] / counts.sum()
        return max(float(shares @ np.log(shares / expected[seen])), 0.0)  # rounding

    return with_error(of, len(read))
