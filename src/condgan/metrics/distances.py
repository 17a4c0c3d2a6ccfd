"""Distances between two sets of features, and the score of one set of posteriors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from condgan.arrays import Features, Labels
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, check_features

if TYPE_CHECKING:
    from torch import Tensor

GROUPS = 20  # of the jackknife
SPLITS = 10  # of the Inception Score
CHUNK = 1000  # rows of a kernel matrix at a time
LARGE = 100.0  # mean square of features from which the cube is not computed in float32


def frechet(real: Features, generated: Features) -> float:
    """The squared Frechet distance between Gaussians fitted to (N, D) and (M, D) features (Heusel et al. 2017, eq. 6).

    It grows as sets shrink: compare only figures of equal N and M, both well above D.

    Raises:
        UndefinedError: fewer than two rows, NaN, or a set without any spread.
    """
    return frechet_from(real)(generated)


def frechet_from(real: Features) -> Callable[[Features], float]:
    """``frechet`` of several sets from one real set, whose moments are computed once."""
    import torch

    check_spread(real)
    real_mean, real_covariance = moments(real)

    def distance(generated: Features) -> float:
        check_spread(generated)
        check_features(real, generated)
        mean, covariance = moments(generated)
        root = torch.linalg.eigvals(real_covariance @ covariance).sqrt().real.sum()
        traces = real_covariance.trace() + covariance.trace()
        value = (real_mean - mean).square().sum() + traces - 2 * root
        return max(float(value), 0.0)  # rounding; in this order a NaN stays one

    return distance


def moments(features: Features) -> "tuple[Tensor, Tensor]":
    """The mean (D,) and the unbiased covariance (D, D) of (N, D) features, float64."""
    rows = double(features)
    mean = rows.sum(0) / len(rows)
    return mean, (rows.T @ rows - len(rows) * (mean[:, None] @ mean[None])) / (len(rows) - 1)


def frechet_of_few(real: Features, generated: Features) -> float:
    """``frechet`` of sets of fewer rows than dimensions, without any (D, D) matrix.

    With covariances A^T A and B^T B of centred rows, the trace of the root of their product is the sum of the singular
    values of A B^T, which is (N, M).

    Raises:
        UndefinedError: as for ``frechet``.
    """
    import torch

    check_spread(real, generated)
    means, roots = [], []
    for rows in (double(real), double(generated)):
        means.append(rows.mean(0))
        roots.append((rows - means[-1]) / (len(rows) - 1) ** 0.5)
    a, b = roots
    traces = a.square().sum() + b.square().sum()
    value = (means[0] - means[1]).square().sum() + traces - 2 * torch.linalg.svdvals(a @ b.T).sum()
    return max(float(value), 0.0)  # rounding; in this order a NaN stays one


def frechet_of_means(real: Features, generated: Features) -> float:
    """The same, but the norm of the means is not squared, as in a published notebook: only to compare with it."""
    difference = double(real).mean(0) - double(generated).mean(0)
    return frechet_of_few(real, generated) - float(difference.square().sum()) + float(difference.norm())


def intra_frechet(real: Features, real_labels: Labels, generated: Features, labels: Labels) -> float:
    """The mean over classes of the Frechet distance within the class (Miyato & Koyama 2018, section 5).

    Raises:
        UndefinedError: a class is missing from a side, or has no spread there.
    """
    distances = []
    for label in np.union1d(real_labels, labels):
        sides = {"real": real[real_labels == label], "generated": generated[labels == label]}
        for name, side in sides.items():
            if not len(side):
                raise UndefinedError(f"class {label} has no {name} images")
        try:
            distances.append(frechet(*sides.values()))
        except UndefinedError as error:
            raise UndefinedError(f"class {label}: {error}") from None
    return float(np.mean(distances))


def kernel(real: Features, generated: Features) -> Estimate:
    """The unbiased squared maximum mean discrepancy under the cubic kernel (Binkowski et al. 2018, KID).

    Over all pairs of the sets rather than over drawn subsets: no random numbers, and a smaller error. The standard
    error is a jackknife over twenty groups of generated rows. May be slightly negative where the sets agree.

    Raises:
        UndefinedError: fewer than two rows, or NaN.
    """
    import torch

    check_spread(real, generated, spread=False)
    groups = min(GROUPS, len(generated))
    group = np.arange(len(generated)) % groups  # every class in every group
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group).tolist()
    a, b = torch.from_numpy(real), torch.from_numpy(generated[order])
    if max(float(rows.double().square().sum(1).max()) for rows in (a, b)) > LARGE * a.shape[1]:
        a, b = a.double(), b.double()
    n = len(a)
    within = sum(cubic(rows, a).sum(dtype=torch.float64) for rows in a.split(CHUNK)) - cubic_of_itself(a).sum()
    across = torch.stack([cubic(rows, a).sum(dtype=torch.float64) for rows in b.split(sizes)])
    pairs = torch.stack(
        [
            torch.stack([part.sum(dtype=torch.float64) for part in cubic(rows, b).split(sizes, dim=1)])
            for rows in b.split(sizes)
        ]
    )  # sums over pairs of groups, from which leaving out one group is a subtraction
    own = torch.stack([part.sum() for part in cubic_of_itself(b).split(sizes)])
    counts = torch.tensor(sizes)

    def distance(kept: "Tensor") -> float:
        m = int(counts[kept].sum())
        among = float(pairs[kept][:, kept].sum() - own[kept].sum()) / (m * (m - 1))
        return float(within) / (n * (n - 1)) + among - 2 * float(across[kept].sum()) / (m * n)

    every = torch.arange(groups)
    value = distance(every >= 0)
    if len(generated) < 2 * GROUPS:
        return Estimate(value)
    return Estimate(value, jackknife([distance(every != out) for out in range(groups)]))


def cubic(rows: "Tensor", columns: "Tensor") -> "Tensor":
    """The kernel (x . y / D + 1)^3 of (N, D) and (M, D) -> (N, M)."""
    product = (rows @ columns.T).div_(rows.shape[1]).add_(1)
    return product.square().mul_(product)


def cubic_of_itself(rows: "Tensor") -> "Tensor":
    """The kernel of each row with itself, (N,) float64."""
    return (rows.double().square().sum(1) / rows.shape[1] + 1) ** 3


def inception_score(posteriors: npt.NDArray[np.float32]) -> Estimate:
    """exp of the mean divergence of (N, K) posteriors from their mean (Salimans et al. 2016), over ten splits.

    The standard error is that of the mean of the splits. Between 1 and K.

    Raises:
        UndefinedError: fewer than twenty rows, or NaN.
    """
    scores = scores_of_splits(posteriors)
    return Estimate(float(scores.mean()), float(scores.std()) / SPLITS**0.5)


def published_inception_score(posteriors: npt.NDArray[np.float32]) -> Estimate:
    """The same as it is published: the mean of ten splits, and their standard deviation (of ten, not of nine).

    The deviation stands where others have a standard error, and is about three times as large.

    Raises:
        UndefinedError: as for ``inception_score``.
    """
    scores = scores_of_splits(posteriors)
    return Estimate(float(scores.mean()), float(scores.std(correction=0)))


def scores_of_splits(posteriors: npt.NDArray[np.float32]) -> "Tensor":
    """The Inception Score of each of ten splits of (N, K) posteriors, (10,) float64, in a fixed random order of rows.

    Raises:
        UndefinedError: as for ``inception_score``.
    """
    import torch

    check_features(posteriors)
    if len(posteriors) < 2 * SPLITS:
        raise UndefinedError(f"{len(posteriors)} images: at least {2 * SPLITS} are needed for {SPLITS} splits")
    posteriors = posteriors[: len(posteriors) // SPLITS * SPLITS]  # splits of equal size
    shuffled = torch.randperm(len(posteriors), generator=torch.Generator().manual_seed(0))
    logits = double(posteriors)[shuffled].clamp_min(1e-30).log()
    return torch.stack(
        [
            (part * (log - part.mean(0).log())).sum(1).mean().exp()
            for part, log in zip(logits.softmax(1).chunk(SPLITS), logits.log_softmax(1).chunk(SPLITS), strict=True)
        ]
    )


def with_error(distance: Callable[[npt.NDArray[np.bool_]], float], count: int) -> Estimate:
    """``distance(kept)`` of all ``count`` generated images, with the jackknife's standard error over twenty groups."""
    value = distance(np.ones(count, bool))
    if count < 2 * GROUPS:
        return Estimate(value)
    group = np.arange(count) % GROUPS  # every class in every group, in any order of the images
    try:
        return Estimate(value, jackknife([distance(group != out) for out in range(GROUPS)]))
    except UndefinedError:  # a class of two images has a distance, and none without one of them
        return Estimate(value)


def jackknife(without: list[float]) -> float:
    """The standard error of a figure from its values with one of G equal groups left out (Efron 1982, chapter 3)."""
    values, count = np.array(without), len(without)
    return float(np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum()))


def check_spread(*sets: Features, spread: bool = True) -> None:
    """Raise UndefinedError for sets that are too small, contain NaN, or (with ``spread``) are one point."""
    check_features(*sets)
    if min(len(features) for features in sets) < 2:
        raise UndefinedError("a set has fewer than two images")
    if spread and any((features == features[0]).all() for features in sets):
        raise UndefinedError("all images of a set are the same: there is no covariance")


def double(features: Features) -> "Tensor":
    """As float64."""
    import torch

    return torch.from_numpy(features).double()
