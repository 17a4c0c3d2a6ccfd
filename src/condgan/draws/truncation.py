"""Latents truncated after they were drawn: each number is moved to the same quantile of its distribution within bounds.

The result has the law of the truncation trick, which draws numbers beyond the bound again (Brock et al. 2019,
"Large Scale GAN Training for High Fidelity Natural Image Synthesis", section 3.1); but it is a function of the latent
that changes continuously with the bound, so that a picture changes little where the bound does.
"""

import numpy as np
import numpy.typing as npt

from condgan.errors import ArgumentError
from condgan.recipe import Latent

Latents = npt.NDArray[np.float32]
MOST = 8.0


def truncated(latent: Latent, drawn: Latents, bound: float) -> Latents:
    """Latents (N, dim) of this distribution, each number within +-``bound``, which lies in (0, 8].

    Raises:
        ArgumentError: another bound, or latents that lie on a sphere, whose numbers cannot be bounded one by one.
    """
    check(bound)
    if latent.distribution == "hypersphere":
        raise ArgumentError("truncation", bound, "the latents of this generator lie on a sphere: leave it out")
    if latent.distribution == "uniform":
        low, high = max(latent.low, -bound), min(1.0, bound)
        inside = low + (drawn.astype(np.float64) - latent.low) * (high - low) / (1 - latent.low)
        return inside.astype(np.float32)
    given = latent.truncation if latent.distribution == "truncated" else np.inf
    if bound >= given:
        return drawn
    # The upper half is the lower one mirrored: probabilities near 0 are exact, those near 1 are not.
    lower = -np.abs(drawn.astype(np.float64))
    cut = _below(latent, -given)
    share = (_below(latent, lower) - cut) / (1 - 2 * cut)
    outside = _below(latent, -bound)
    moved = _quantile(latent, outside + share * (1 - 2 * outside))
    limit = np.float32(bound)
    found: Latents = np.copysign(np.abs(moved), drawn).astype(np.float32).clip(-limit, limit)
    return found


def check(bound: float) -> float:
    """A bound as a float, or an ArgumentError unless it is a number above 0, 8 at most."""
    if isinstance(bound, bool) or not isinstance(bound, int | float) or not 0 < bound <= MOST:
        raise ArgumentError("truncation", bound, f"expected a number above 0, {MOST:g} at most")
    return float(bound)


def _below(latent: Latent, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The probability of a smaller number, for values <= 0."""
    from scipy.special import ndtr

    if latent.distribution == "laplace":  # of variance 1
        return np.asarray(0.5 * np.exp(np.sqrt(2) * np.asarray(values, np.float64)))
    return np.asarray(ndtr(values), np.float64)


def _quantile(latent: Latent, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The number below which this share lies, for shares <= 0.5."""
    from scipy.special import ndtri

    if latent.distribution == "laplace":
        return np.asarray(np.sqrt(0.5) * np.log(2 * shares))
    return np.asarray(ndtri(shares), np.float64)
