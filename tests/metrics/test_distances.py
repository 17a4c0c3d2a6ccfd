import random
import subprocess
import sys
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from torch import nn

from condgan.arrays import Features
from condgan.errors import UndefinedError
from condgan.metrics import distances as measured
from condgan.metrics.distances import (
    frechet,
    frechet_from,
    frechet_of_few,
    frechet_of_means,
    inception_score,
    intra_frechet,
    jackknife,
    kernel,
    published_inception_score,
    with_error,
)

Matrix = npt.NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)


def cloud(count: int, dim: int, seed: int, scale: float = 1.0) -> Features:
    return (np.random.default_rng(seed).normal(size=(count, dim)) * scale).astype(np.float32)


def correlated(count: int, dim: int, seed: int, decay: float = 1.0) -> Features:
    """Gaussian, about a mean of its own, with variances that fall by ``decay`` from one axis to the next, rotated."""
    generator = np.random.default_rng(seed)
    rotation = np.linalg.qr(generator.normal(size=(dim, dim)))[0]
    scales = decay ** np.arange(dim)
    return ((generator.normal(size=(count, dim)) * scales) @ rotation + generator.normal(size=dim)).astype(np.float32)


def exactly(mean: Matrix, covariance: Matrix, count: int, seed: int) -> Features:
    """A set whose own mean and covariance are these, but for its rounding to float32."""
    drawn = np.random.default_rng(seed).normal(size=(count, len(mean)))
    drawn -= drawn.mean(0)
    white = np.linalg.solve(np.linalg.cholesky(np.cov(drawn.T)), drawn.T)
    return (mean + (np.linalg.cholesky(covariance) @ white).T).astype(np.float32)


def by_scipy(real: Features, generated: Features) -> float:
    """The formula as it stands in the paper, with a matrix's square root."""
    a, b = real.astype(np.float64), generated.astype(np.float64)
    first, second = np.cov(a.T), np.cov(b.T)
    root = sqrtm(first @ second)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second - 2 * np.real(root)))


def by_symmetric_roots(real: Features, generated: Features) -> float:
    """The same where a covariance is singular: tr sqrt(AB) is the sum of the singular values of sqrt(A) sqrt(B)."""
    a, b = real.astype(np.float64), generated.astype(np.float64)
    roots = []
    for points in (a, b):
        _, lengths, axes = np.linalg.svd(points - points.mean(0), full_matrices=False)
        roots.append((axes.T * (lengths / np.sqrt(len(points) - 1))) @ axes)
    overlap = float(np.linalg.svd(roots[0] @ roots[1], compute_uv=False).sum())
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + (roots[0] ** 2).sum() + (roots[1] ** 2).sum() - 2 * overlap)


# the Frechet distance


@settings(max_examples=15)
@given(st.integers(2, 12), st.integers(30, 90), st.integers(30, 90), st.floats(0.6, 1), seeds)
def test_frechet_is_the_formula_with_scipys_root(dim: int, count: int, others: int, decay: float, seed: int) -> None:
    real, generated = correlated(count, dim, seed, decay), correlated(others, dim, seed + 1, decay)
    assert frechet(real, generated) == pytest.approx(by_scipy(real, generated), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("decay", [0.5, 0.3, 0.1])
def test_frechet_of_nearly_singular_covariances(decay: float) -> None:
    real, generated = correlated(200, 16, 0, decay), correlated(150, 16, 1, decay)
    assert np.linalg.cond(np.cov(real.T)) > 1e8
    assert frechet(real, generated) == pytest.approx(by_symmetric_roots(real, generated), abs=1e-5)


@settings(max_examples=30)
@given(st.integers(2, 30), st.integers(2, 30), seeds)
def test_frechet_of_fewer_images_than_features(count: int, others: int, seed: int) -> None:
    """A covariance without full rank, where many an implementation returns NaN or adds an offset."""
    real, generated = correlated(count, 24, seed), correlated(others, 24, seed + 1)
    assert frechet(real, generated) == pytest.approx(by_symmetric_roots(real, generated), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("count", [20, 2000])
def test_frechet_of_known_moments(count: int) -> None:
    """Of independent axes: the squared distance of the means, and that of the standard deviations."""
    means, deviations = np.array([[0.0, 1, -2], [3, 1, 0]]), np.array([[1.0, 2, 0.1], [1.5, 0.5, 0.1]])
    sets = (exactly(m, np.diag(s**2), count, seed) for seed, (m, s) in enumerate(zip(means, deviations, strict=True)))
    expected = ((means[0] - means[1]) ** 2).sum() + ((deviations[0] - deviations[1]) ** 2).sum()
    assert frechet(*sets) == pytest.approx(expected, rel=1e-5)


def test_frechet_of_two_gaussians_in_the_plane() -> None:
    """tr sqrt(M) of a 2 x 2 matrix is sqrt(tr M + 2 sqrt(det M)): covariances that do not commute."""
    first, second = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([[1.0, -0.3], [-0.3, 3.0]])
    product = first @ second
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    expected = 2.0 + np.trace(first) + np.trace(second) - 2 * root
    sets = exactly(np.zeros(2), first, 50, 0), exactly(np.ones(2), second, 70, 1)
    assert frechet(*sets) == pytest.approx(expected, rel=1e-5)


def test_frechet_of_large_samples_approaches_that_of_the_distributions() -> None:
    assert frechet(cloud(100_000, 3, 0), cloud(100_000, 3, 1, 2.0) + 1) == pytest.approx(3 + 3, rel=0.02)


@settings(max_examples=30)
@given(seeds)
def test_frechet_is_a_symmetric_distance(seed: int) -> None:
    one, other = correlated(60, 6, seed), correlated(80, 6, seed + 1)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one, one[::-1].copy()) == pytest.approx(0, abs=1e-9)
    assert frechet(one, other) > 0
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-9)


@settings(max_examples=30)
@given(seeds, st.floats(0.1, 10))
def test_frechet_ignores_rotation_and_shift_and_squares_scale(seed: int, scale: float) -> None:
    one, other = correlated(60, 6, seed), correlated(80, 6, seed + 1)
    generator = np.random.default_rng(seed)
    rotation, shift = np.linalg.qr(generator.normal(size=(6, 6)))[0], generator.normal(size=6) * 10
    moved = [((points * scale) @ rotation + shift).astype(np.float32) for points in (one, other)]
    assert frechet(*moved) == pytest.approx(scale**2 * frechet(one, other), rel=1e-3)


def test_frechet_grows_as_sets_shrink() -> None:
    """Its bias, because of which only figures of equal counts compare."""
    means = [
        np.mean([frechet(cloud(count, 8, seed), cloud(count, 8, seed + 50)) for seed in range(10)])
        for count in (1000, 300, 100, 30, 10)
    ]
    assert means == sorted(means)
    assert means[0] < 0.1
    assert means[-1] > 2


def test_a_real_set_is_used_again() -> None:
    real = correlated(90, 7, 0)
    distance = frechet_from(real)
    for seed in (1, 2, 1):
        generated = correlated(60 + seed, 7, seed)
        assert distance(generated) == frechet(real, generated)


def test_the_published_formula_has_the_norm_of_the_means() -> None:
    a, b = exactly(np.zeros(4), np.eye(4), 40, 0), exactly(np.full(4, 3.0), np.eye(4), 40, 1)
    assert frechet(a, b) == pytest.approx(36, rel=1e-5)
    assert frechet_of_means(a, b) == pytest.approx(6, rel=1e-5)


@settings(max_examples=40)
@given(seeds, st.integers(2, 60), st.integers(2, 60), st.integers(1, 80))
def test_few_images_have_the_same_distance(seed: int, n: int, m: int, dim: int) -> None:
    """Whether there are fewer rows than dimensions or not; here by symmetric matrices, as Heusel et al. write it."""
    one, other = correlated(n, dim, seed), correlated(m, dim, seed + 1, 0.9)
    first, second = (np.atleast_2d(np.cov(points.T.astype(float))) for points in (one, other))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(0)).sum()
    means = one.astype(float).mean(0) - other.astype(float).mean(0)
    expected = (means**2).sum() + np.trace(first) + np.trace(second) - 2 * shared
    assert frechet_of_few(one, other) == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert frechet_of_few(one, other) == pytest.approx(frechet(one, other), rel=1e-3, abs=1e-3)
    assert frechet_of_few(one, one) == pytest.approx(0, abs=1e-5)


def test_few_images_by_hand() -> None:
    """Two points on each of two crossed lines: covariances 2 ee' and 8 ff'; the trace of the root is 4 |e f|."""
    angle = 0.3
    e, f, away = np.array([1.0, 0, 0]), np.array([np.cos(angle), np.sin(angle), 0]), np.array([0, 0, 3.0])
    one, other = (np.stack(points).astype(np.float32) for points in ([e, -e], [away + 2 * f, away - 2 * f]))
    assert frechet_of_few(one, other) == pytest.approx(9 + 2 + 8 - 2 * 4 * np.cos(angle), rel=1e-6)


@pytest.mark.parametrize("frechet", [frechet, frechet_of_few])
def test_frechet_refuses_what_has_no_covariance(frechet: Callable[..., float]) -> None:
    points = cloud(10, 3, 0)
    for wrong, said in (
        (points[:1], "fewer than two"),
        (points[:0], "fewer than two"),
        (np.repeat(points[:1], 9, 0), "the same"),
        (np.where(points == points[3, 1], np.float32(np.nan), points), "NaN"),
        (points * np.float32(np.inf), "NaN or infinite"),
    ):
        with pytest.raises(UndefinedError, match=said):
            frechet(wrong, points)
        with pytest.raises(UndefinedError, match=said):
            frechet(points, wrong)
    with pytest.raises(ValueError, match="one D"):
        frechet(points, points[:, :2])
    with pytest.raises(ValueError, match="one D"):
        frechet(points[0], points[0])


@settings(max_examples=60)
@given(st.floats(-18, 18), st.floats(-18, 18), seeds)
def test_frechet_of_huge_and_tiny_features_is_no_silent_zero(big: float, small: float, seed: int) -> None:
    real, generated = (cloud(9, 3, seed + n, 10.0**power) for n, power in enumerate((big, small)))
    expected = by_symmetric_roots(real, generated)
    assert frechet(real, generated) == pytest.approx(expected, rel=1e-4, abs=1e-4 * 10.0 ** (2 * max(big, small)))


# within classes


def test_intra_frechet_is_the_mean_over_classes() -> None:
    real, generated = correlated(200, 4, 0), correlated(150, 4, 1)
    real_labels, labels = np.arange(200) % 3, np.random.default_rng(2).permutation(np.arange(150) % 3)
    expected = [frechet(real[real_labels == label], generated[labels == label]) for label in range(3)]
    assert intra_frechet(real, real_labels, generated, labels) == pytest.approx(np.mean(expected))


def test_intra_frechet_sees_labels_that_are_shuffled() -> None:
    """The sets as a whole are the same: the distance between them is 0."""
    labels = np.arange(600) % 3
    points = cloud(600, 4, 0) + np.float32(5) * labels[:, None].astype(np.float32)
    shuffled = np.random.default_rng(1).permutation(labels)
    assert intra_frechet(points, labels, points, labels) == pytest.approx(0, abs=1e-6)
    assert intra_frechet(points, labels, points, shuffled) > 50


def test_intra_frechet_names_the_class_that_it_has_none_of() -> None:
    points, labels = cloud(60, 3, 0), np.arange(60) % 3
    some = labels != 2
    with pytest.raises(UndefinedError, match="class 2 has no generated"):
        intra_frechet(points, labels, points[some], labels[some])
    with pytest.raises(UndefinedError, match="class 2 has no real"):
        intra_frechet(points[some], labels[some], points, labels)
    flat = np.where((labels == 1)[:, None], np.float32(0), points)
    with pytest.raises(UndefinedError, match=r"class 1: .*the same"):
        intra_frechet(points, labels, flat, labels)


# the kernel distance


def brute_force(real: Features, generated: Features) -> float:
    """Equation 4 of Gretton et al. 2012, pair by pair."""

    def k(x: Features, y: Features) -> float:
        return (sum(float(a) * float(b) for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    n, m = len(real), len(generated)
    within = sum(k(real[i], real[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    among = sum(k(generated[i], generated[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    across = sum(k(x, y) for x in real for y in generated) / (n * m)
    return within + among - 2 * across


@settings(max_examples=30)
@given(st.integers(2, 14), st.integers(2, 45), st.integers(1, 5), seeds)
def test_kernel_is_the_sum_over_pairs(count: int, others: int, dim: int, seed: int) -> None:
    real, generated = correlated(count, dim, seed), correlated(others, dim, seed + 1)
    scale = float(max((np.abs(s) ** 2).sum(1).max() for s in (real, generated)) / dim + 1) ** 3
    assert kernel(real, generated).value == pytest.approx(brute_force(real, generated), rel=1e-4, abs=1e-6 * scale)


@pytest.mark.parametrize("count", [10, 150, 1203])
def test_kernel_is_that_of_torchmetrics_over_one_subset_of_all(count: int) -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    real, generated = correlated(count, 12, 0), correlated(count, 12, 1)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the memory that features take
        metric = KernelInceptionDistance(feature=nn.Identity(), subsets=1, subset_size=count)
    metric.update(torch.from_numpy(real).double(), real=True)
    metric.update(torch.from_numpy(generated).double(), real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        expected = float(metric.compute()[0])
    assert kernel(real, generated).value == pytest.approx(expected, rel=1e-5)


class Given(nn.Module):
    """The network of a torchmetrics metric that takes features rather than images."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.num_features = dim

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


@pytest.mark.parametrize(("count", "others", "dim"), [(300, 300, 12), (2, 150, 3), (20, 35, 64), (900, 431, 128)])
def test_frechet_distance_is_that_of_torchmetrics_to_the_bit(count: int, others: int, dim: int) -> None:
    """Figures of runs measured with torchmetrics stay comparable to the last digit."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, generated = correlated(count, dim, 0, 0.9), correlated(others, dim, 1, 0.9)
    metric = FrechetInceptionDistance(feature=Given(dim))
    metric.update(torch.from_numpy(real).double(), real=True)
    metric.update(torch.from_numpy(generated).double(), real=False)
    assert frechet(real, generated) == max(float(metric.compute()), 0.0)


@pytest.mark.parametrize(("count", "scale"), [(20, 1.0), (437, 5.0), (1000, 300.0)])
def test_inception_score_is_that_of_torchmetrics_to_the_bit(count: int, scale: float) -> None:
    from torchmetrics.image.inception import InceptionScore

    posteriors = softmax(np.random.default_rng(0).normal(size=(count, 7)) * scale)
    taken = torch.from_numpy(posteriors[: count // 10 * 10]).double().clamp_min(1e-30).log()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the memory that posteriors take
        metric = InceptionScore(feature=nn.Identity(), splits=10)
        metric.update(taken)
        torch.manual_seed(0)
        value, deviation = metric.compute()
    assert inception_score(posteriors) == (float(value), float(deviation) / 10**0.5)
    as_published = published_inception_score(posteriors)
    assert as_published.value == float(value)
    assert as_published.se == pytest.approx(float(deviation) * (9 / 10) ** 0.5)  # numpy's deviation divides by ten


def test_kernel_over_several_chunks() -> None:
    real, generated = correlated(70, 5, 0), correlated(85, 5, 1)
    whole = kernel(real, generated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured, "CHUNK", 9)
        assert kernel(real, generated) == pytest.approx(whole)


def test_kernel_is_unbiased() -> None:
    """Equal distributions give 0 on average at any size, which a Frechet distance does not, so it is often negative."""
    for count, others in ((8, 12), (60, 40)):
        values = np.array([kernel(cloud(count, 4, seed), cloud(others, 4, seed + 1000)).value for seed in range(225)])
        assert abs(values.mean()) < 4 * values.std() / 15
        assert 0.2 < (values < 0).mean() < 0.9


def test_kernel_grows_with_the_distance_and_not_as_sets_shrink() -> None:
    def mean(count: int, shift: float) -> float:
        return float(
            np.mean([kernel(cloud(count, 4, s), cloud(count, 4, s + 99) + np.float32(shift)).value for s in range(40)])
        )

    assert mean(100, 0) < mean(100, 0.5) < mean(100, 1)
    assert mean(25, 1) == pytest.approx(mean(100, 1), rel=0.15)


def test_kernel_refuses_what_has_no_pairs() -> None:
    points = cloud(10, 3, 0)
    for wrong, said in ((points[:1], "fewer than two"), (points * np.float32(np.nan), "NaN")):
        with pytest.raises(UndefinedError, match=said):
            kernel(wrong, points)
        with pytest.raises(UndefinedError, match=said):
            kernel(points, wrong)
    with pytest.raises(ValueError, match="one D"):
        kernel(points, points[:, :2])
    assert np.isfinite(kernel(points, np.repeat(points[:1], 10, 0)).value)  # one point has no covariance, but pairs


# standard errors


def test_the_errors_of_distances_are_the_spread_over_new_generated_images() -> None:
    """With the real images held fixed, as in an evaluation."""
    real = cloud(500, 4, 0)
    distance = frechet_from(real)
    sets = [cloud(400, 4, seed, 1.3) + np.float32(0.5) for seed in range(1, 61)]
    kernels = [kernel(real, generated) for generated in sets]
    frechets = [with_error(lambda kept, rows=generated: distance(rows[kept]), 400) for generated in sets]  # type: ignore[misc]
    for result in (kernels, frechets):
        spread = np.std([estimate.value for estimate in result], ddof=1)
        errors = [estimate.se for estimate in result if estimate.se is not None]
        assert len(errors) == 60
        assert np.mean(errors) == pytest.approx(spread, rel=0.3)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """In closed form: of groups of one, it is s / sqrt(n)."""
    values = np.random.default_rng(0).normal(size=20)
    result = with_error(lambda kept: float(np.repeat(values, 2)[kept].mean()), 40)
    order = np.arange(40) % 20
    groups = np.array([np.repeat(values, 2)[order == g].mean() for g in range(20)])
    assert result.value == pytest.approx(values.mean())
    assert result.se == pytest.approx(groups.std(ddof=1) / np.sqrt(20))
    assert jackknife([float(np.delete(values, i).mean()) for i in range(20)]) == pytest.approx(
        values.std(ddof=1) / np.sqrt(20)
    )


def test_the_kernels_own_jackknife_leaves_groups_out() -> None:
    """Its arithmetic over pairs of groups, against the distance computed again without each group."""
    real, generated = correlated(50, 5, 0), correlated(131, 5, 1)
    again = with_error(lambda kept: kernel(real, generated[kept]).value, 131)
    assert again.se is not None
    assert kernel(real, generated) == pytest.approx(again, rel=1e-4)


def test_few_images_have_no_error() -> None:
    points = cloud(50, 3, 0)
    assert kernel(points, points[:39]).se is None
    assert kernel(points, points[:40]).se is not None
    assert with_error(lambda kept: float(kept.sum()), 39) == (39, None)


# the Inception Score


def softmax(logits: Matrix) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True)).astype(np.float32)


def score_of(posteriors: npt.NDArray[np.float32]) -> float:
    p = posteriors.astype(np.float64)
    return float(np.exp((p * (np.log(p) - np.log(p.mean(0)))).sum(1).mean()))


def test_inception_score_is_the_formula() -> None:
    """The ten splits are shuffled, and so large that each is almost the whole."""
    posteriors = softmax(np.random.default_rng(0).normal(size=(20_000, 7)) * 2)
    result = inception_score(posteriors)
    assert result.value == pytest.approx(score_of(posteriors), rel=0.01)
    random_splits = np.random.default_rng(1).permutation(20_000).reshape(10, -1)
    deviation = np.std([score_of(posteriors[part]) for part in random_splits], ddof=1)
    assert result.se == pytest.approx(deviation / np.sqrt(10), rel=1)


def test_the_ends_of_the_inception_score() -> None:
    identical = softmax(np.tile(np.random.default_rng(0).normal(size=(1, 10)), (1000, 1)))
    assert inception_score(identical).value == pytest.approx(1, abs=1e-6)
    certain = np.eye(10, dtype=np.float32)[np.arange(20_000) % 10]
    assert inception_score(certain).value == pytest.approx(10, rel=0.005)
    assert inception_score(certain[certain.argmax(1) < 4]).value == pytest.approx(4, rel=0.005)


@settings(max_examples=30)
@given(st.integers(20, 200), st.integers(2, 9), st.floats(0, 20), seeds)
def test_inception_score_lies_between_1_and_the_number_of_classes(count: int, k: int, scale: float, seed: int) -> None:
    result = inception_score(softmax(np.random.default_rng(seed).normal(size=(count, k)) * scale))
    assert 1 - 1e-6 <= result.value <= k + 1e-6


def test_inception_score_is_the_same_each_time_whatever_was_drawn_before() -> None:
    posteriors = softmax(np.random.default_rng(0).normal(size=(200, 5)) * 3)
    first = inception_score(posteriors)
    torch.rand(3)
    assert inception_score(posteriors) == first


def test_inception_score_refuses_what_cannot_be_split() -> None:
    posteriors = softmax(np.random.default_rng(0).normal(size=(20, 5)))
    inception_score(posteriors)
    with pytest.raises(UndefinedError, match="19 images: at least 20"):
        inception_score(posteriors[:19])
    with pytest.raises(UndefinedError, match="NaN"):
        inception_score(posteriors * np.float32(np.nan))


# what measuring must leave alone


@pytest.mark.parametrize(
    "measure",
    [
        lambda: frechet(cloud(40, 3, 0), cloud(40, 3, 1)),
        lambda: kernel(cloud(40, 3, 0), cloud(40, 3, 1)),
        lambda: with_error(lambda kept: frechet(cloud(40, 3, 0), cloud(40, 3, 1)[kept]), 40),
        lambda: intra_frechet(cloud(40, 3, 0), np.arange(40) % 2, cloud(40, 3, 1), np.arange(40) % 2),
        lambda: inception_score(softmax(np.random.default_rng(0).normal(size=(60, 5)))),
    ],
)
def test_global_random_states_are_left_as_they_were(measure: Callable[[], object]) -> None:
    torch.manual_seed(11)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    measure()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
    assert random.getstate() == before[2]


def test_inputs_are_left_as_they_were() -> None:
    real, generated = cloud(60, 3, 0), cloud(60, 3, 1)
    posteriors = softmax(cloud(60, 3, 2).astype(np.float64))
    before = real.copy(), generated.copy(), posteriors.copy()
    frechet(real, generated)
    kernel(real, generated)
    inception_score(posteriors)
    for array, old in zip((real, generated, posteriors), before, strict=True):
        assert np.array_equal(array, old)


def test_measuring_does_not_import_torchmetrics() -> None:
    code = (
        "import sys, numpy as np\n"
        "from condgan.metrics import distances\n"
        "points = np.random.default_rng(0).random((40, 3), np.float32)\n"
        "distances.frechet(points, points), distances.kernel(points, points), distances.inception_score(points)\n"
        "print([name for name in ('torchmetrics', 'torchvision', 'torch_fidelity') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[]\n", "")
