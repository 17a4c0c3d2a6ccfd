"""The log-likelihood of images under a Parzen window of generated ones, as in the first papers on GANs.

It says little about image quality (Theis et al. 2016); it allows comparisons with the tables of these papers.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Features
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, check_features, mean

SIGMAS = tuple(i / 100 for i in range(10, 41))
BLOCK = 2**20  # distances at a time


class Parzen(NamedTuple):
    """A mean log-likelihood in nats, and the chosen width."""

    value: Estimate
    sigma: float
    at_edge: bool  # sigma is the least or the greatest tried: a better one may lie outside


def parzen(samples: Features, validation: Features, test: Features, sigmas: Sequence[float] = SIGMAS) -> Parzen:
    """Mean log-likelihood of test images under Gaussians at generated ones, all float32 (N, D) in [0, 1].

    Sigma is the one of ``sigmas`` under which the validation images are likeliest; the standard error is over test
    images (Breuleux et al. 2011; Goodfellow et al. 2014, section 5; Mirza & Osindero 2014, section 4.1).

    Raises:
        UndefinedError: one of the sets is empty; NaN or infinite.
        ValueError: not (N, D) of one D; no sigma, or one that is not positive.
    """
    check_features(samples, validation, test)
    for name, images in {"generated": samples, "validation": validation, "test": test}.items():
        if not len(images):
            raise UndefinedError(f"there are no {name} images")
    best = int(log_likelihoods(samples, validation, sigmas).mean(1).argmax())
    value = mean(log_likelihoods(samples, test, sigmas[best : best + 1])[0])
    return Parzen(value, sigmas[best], best in (0, len(sigmas) - 1))


def log_likelihoods(samples: Features, points: Features, sigmas: Sequence[float]) -> npt.NDArray[np.float64]:
    """log p of each point (N, D) for each sigma, under Gaussians at the samples (M, D): (len(sigmas), N), in nats.

    p(x) = 1/M sum_i exp(-|x - s_i|^2 / (2 sigma^2)) / (2 pi sigma^2)^(D/2). Distances are in float64: float32's error
    of a squared distance, 1e-5 and more for images, would be multiplied by 1 / (2 sigma^2) = 50. Errors: as `parzen`.
    """
    import torch

    check_features(samples, points)
    if not len(samples):
        raise UndefinedError("there are no generated images")
    if not len(sigmas) or min(sigmas) <= 0:
        raise ValueError(f"expected positive sigmas, given {list(sigmas)}")
    count, dim = samples.shape
    centre = samples.mean(0, dtype=np.float64)
    s = torch.from_numpy(samples - centre)
    lengths = s.square().sum(1)
    logs = torch.empty(len(sigmas), len(points), dtype=torch.float64)
    step = max(1, BLOCK // count)
    for start in range(0, len(points), step):
        x = torch.from_numpy(points[start : start + step] - centre)
        squared = torch.addmm(lengths, x, s.T, alpha=-2).add_(x.square().sum(1)[:, None]).clamp_min_(0)
        near = squared.amin(1)
        beyond = squared.sub_(near[:, None]).float()  # the nearest sample's term is exp(0): float32 does
        for log, sigma in zip(logs, sigmas, strict=True):
            # as a power of 2: torch's exp takes ten times as long where the result is too small for a float32
            total = torch.mul(beyond, -0.5 / sigma**2 / math.log(2)).exp2_().sum(1).double()
            log[start : start + step] = total.log() - near / (2 * sigma**2)
    constants = [np.log(count) + dim / 2 * np.log(2 * np.pi * sigma**2) for sigma in sigmas]
    return logs.numpy() - np.array(constants)[:, None]
