import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.neighbors import KernelDensity

from condgan.arrays import Features
from condgan.errors import UndefinedError
from condgan.metrics import parzen as measured
from condgan.metrics.parzen import SIGMAS, log_likelihoods, parzen

seeds = st.integers(0, 2**32 - 1)


def cloud(count: int, dim: int, seed: int, scale: float = 1.0) -> Features:
    return (np.random.default_rng(seed).normal(size=(count, dim)) * scale).astype(np.float32)


def pictures(count: int, seed: int) -> Features:
    """Mostly black and white, 28 x 28: as long, and as far apart, as MNIST's."""
    maps = np.random.default_rng(9).normal(size=(12, 784))
    return np.clip(np.random.default_rng(seed).normal(size=(count, 12)) @ maps * 0.3, 0, 1).astype(np.float32)


@pytest.mark.parametrize("brightness", [0.0, 100.0])
def test_log_likelihoods_are_those_of_scikit_learn(brightness: float) -> None:
    samples, points = pictures(300, 0) + np.float32(brightness), pictures(60, 1) + np.float32(brightness)
    points[:5] = samples[:5]
    result = log_likelihoods(samples, points, SIGMAS)
    assert result.shape == (31, 60)
    assert result.dtype == np.float64
    for sigma, row in zip(SIGMAS[::6], result[::6], strict=True):
        # in one leaf: with its tree of several, scikit-learn's bounds are wrong by thousands of nats in 784 dimensions
        density = KernelDensity(kernel="gaussian", bandwidth=sigma, leaf_size=300).fit(samples.astype(np.float64))
        np.testing.assert_allclose(row, density.score_samples(points.astype(np.float64)), rtol=0, atol=2e-5)


@settings(max_examples=50)
@given(st.integers(1, 6), st.floats(0.05, 2), seeds)
def test_one_sample_is_a_gaussian(dim: int, sigma: float, seed: int) -> None:
    sample, points = cloud(1, dim, seed), cloud(9, dim, seed + 1)
    expected = multivariate_normal(sample[0], sigma**2 * np.eye(dim)).logpdf(points)
    np.testing.assert_allclose(log_likelihoods(sample, points, [sigma])[0], expected, rtol=1e-7, atol=1e-7)


@settings(max_examples=30)
@given(seeds, st.integers(1, 40))
def test_neither_order_nor_blocks_nor_repetition_matter(seed: int, block: int) -> None:
    samples, points = cloud(20, 3, seed), cloud(15, 3, seed + 1)
    whole = log_likelihoods(samples, points, (0.2, 0.5))
    shuffled = np.random.default_rng(seed).permutation(np.repeat(samples, 3, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured, "BLOCK", block)
        np.testing.assert_allclose(log_likelihoods(shuffled, points, (0.2, 0.5)), whole, rtol=1e-5, atol=1e-5)


def test_it_is_a_density() -> None:
    """Its integral over the line is 1."""
    line = np.linspace(-8, 8, 20_001, dtype=np.float32)[:, None]
    densities = np.exp(log_likelihoods(cloud(50, 1, 0), line, (0.1, 0.3)))
    np.testing.assert_allclose(np.trapezoid(densities, line[:, 0].astype(np.float64), axis=1), 1, rtol=1e-4)


@pytest.mark.parametrize("truth", [0.15, 0.25, 0.33])
def test_sigma_is_that_of_the_noise(truth: float) -> None:
    """Images that are a sample plus noise of 0.25 are likeliest under windows of 0.25."""
    samples = cloud(40, 100, 0, 3.0)
    validation, test = (np.repeat(samples, 20, 0) + cloud(800, 100, seed, truth) for seed in (1, 2))
    result = parzen(samples, validation, test)
    assert result.sigma == pytest.approx(truth, abs=0.011)
    assert not result.at_edge
    entropy = np.log(40) + 50 * np.log(2 * np.pi * np.e * truth**2)  # the samples are too far apart to share an image
    assert result.value.se is not None
    assert result.value.value == pytest.approx(-entropy, abs=4 * result.value.se + 0.5)
    assert result.value.se == pytest.approx(np.sqrt(50 / 800), rel=0.1)  # half a chi-squared of 100 degrees


@pytest.mark.parametrize(("truth", "edge"), [(0.02, 0.1), (0.9, 0.4)])
def test_a_sigma_at_the_edge_is_said(truth: float, edge: float) -> None:
    samples = cloud(40, 50, 0, 3.0)
    images = np.repeat(samples, 5, 0) + cloud(200, 50, 1, truth)
    result = parzen(samples, images, images)
    assert result.at_edge
    assert result.sigma == edge


def test_the_test_images_do_not_choose_sigma() -> None:
    samples, validation, test = pictures(200, 0), pictures(100, 1), pictures(50, 2)
    result = parzen(samples, validation, test)
    best = int(log_likelihoods(samples, validation, SIGMAS).mean(1).argmax())
    assert result.sigma == SIGMAS[best]
    assert result.value.value == pytest.approx(log_likelihoods(samples, test, SIGMAS)[best].mean())


def test_training_images_are_likelier_than_noise() -> None:
    """The order of Theis et al.'s table: real images, then a blurred half of them, then noise."""
    validation, test = pictures(200, 1), pictures(200, 2)
    noise = np.random.default_rng(0).random((1000, 784), np.float32)
    mean = np.repeat(pictures(1000, 0).mean(0, keepdims=True), 1000, 0)
    real, one, none = (parzen(samples, validation, test).value.value for samples in (pictures(1000, 0), mean, noise))
    assert real > one > none


def test_the_grid() -> None:
    assert SIGMAS[0] == 0.1
    assert SIGMAS[-1] == 0.4
    np.testing.assert_allclose(np.diff(SIGMAS), 0.01)


def test_refusals() -> None:
    points = cloud(5, 3, 0)
    for sets, name in (
        ((points[:0], points, points), "generated"),
        ((points, points[:0], points), "validation"),
        ((points, points, points[:0]), "test"),
        ((points, points, points * np.float32(np.nan)), "NaN"),
    ):
        with pytest.raises(UndefinedError, match=name):
            parzen(*sets)
    with pytest.raises(UndefinedError, match="generated"):
        log_likelihoods(points[:0], points, SIGMAS)
    for wrong in ((), (0.1, 0.0), (-1.0,)):
        with pytest.raises(ValueError, match="sigmas"):
            log_likelihoods(points, points, wrong)
    with pytest.raises(ValueError, match="one D"):
        parzen(points, points[:, :2], points)
    with pytest.raises(ValueError, match="one D"):
        log_likelihoods(points[0], points, SIGMAS)
