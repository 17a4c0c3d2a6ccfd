"""The sliced Wasserstein distance between two sets of features: optimal transport along random directions."""

from typing import TYPE_CHECKING

import numpy as np

from condgan.arrays import Features
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.metrics import Estimate
from condgan.metrics.distances import GROUPS, check_spread, double, jackknife

if TYPE_CHECKING:
    from torch import Tensor

DIRECTIONS = 128
SEED = 0


def sliced(real: Features, generated: Features, directions: int = DIRECTIONS, seed: int = SEED) -> Estimate:
    """The root of the mean square of the Wasserstein-2 distances of (N, D) and (M, D) features along random directions.

    Between projections the distance is exact, since sorted values are matched (Bonneel et al. 2015, section 3; of
    features of images: Berthet et al. 2026, arXiv 2605.06797). W2 rather than W1, as the Frechet distance is W2 between
    Gaussians, squared. Moving one of two equal sets by t gives |t| / sqrt(D), on average over directions. Between
    samples of one distribution it is not 0, but falls as they grow: compare with the floor. The directions depend on
    seed and D only. The standard error is a jackknife over twenty groups of generated rows.

    Raises:
        UndefinedError: fewer than two rows, or NaN.
        ValueError: not (N, D) and (M, D); directions is not positive.
    """
    check_spread(real, generated, spread=False)
    if directions < 1:
        raise ValueError(f"expected a positive number of directions, given {directions}")
    axes = double(philox.normal(seed, Stream.PROJECTION, np.arange(directions), real.shape[1]))
    axes /= axes.norm(dim=1, keepdim=True)
    a = (axes @ double(real).T).sort().values  # (directions, N)
    b, order = (axes @ double(generated).T).sort()
    value = transport(a, b)
    if len(generated) < 2 * GROUPS:
        return Estimate(value)
    group = order % GROUPS  # every class in every group, in any order of the images
    return Estimate(value, jackknife([transport(a, b[group != out].reshape(directions, -1)) for out in range(GROUPS)]))


def transport(a: "Tensor", b: "Tensor") -> float:
    """The root of the mean over rows of the squared Wasserstein-2 distance of sorted values, (P, N) and (P, M).

    It is the integral of the squared difference of the quantile functions, which are constant between multiples of 1/N
    and of 1/M (Peyre & Cuturi 2019, remark 2.30).
    """
    import torch

    n, m = a.shape[1], b.shape[1]
    if n == m:
        return float((a - b).square().mean().sqrt())
    ends = torch.cat([torch.arange(1, n + 1) * m, torch.arange(1, m + 1) * n]).unique()  # in units of 1 / NM
    widths = torch.diff(ends, prepend=torch.zeros(1, dtype=ends.dtype)).double() / (n * m)
    difference = a[:, (ends - 1) // m] - b[:, (ends - 1) // n]
    return float((difference.square_() @ widths).mean().sqrt())
