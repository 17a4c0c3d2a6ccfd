import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance

from condgan.arrays import Features
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.errors import UndefinedError
from condgan.metrics.distances import frechet
from condgan.metrics.sliced import SEED, sliced

seeds = st.integers(0, 2**32 - 1)


def cloud(count: int, dim: int, seed: int, scale: float = 1.0) -> Features:
    return (np.random.default_rng(seed).normal(size=(count, dim)) * scale).astype(np.float32)


def axes(directions: int, dim: int) -> Features:
    drawn = philox.normal(SEED, Stream.PROJECTION, np.arange(directions), dim).astype(np.float64)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def assigned(a: np.ndarray, b: np.ndarray) -> float:
    """The mean squared distance of the cheapest assignment, each value repeated until both sides are equally many."""
    common = math.lcm(len(a), len(b))
    costs = (np.repeat(a, common // len(a))[:, None] - np.repeat(b, common // len(b))[None]) ** 2
    return float(costs[linear_sum_assignment(costs)].mean())


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(2, 12), st.integers(1, 5), st.integers(1, 6), seeds)
def test_it_is_the_cheapest_transport_along_each_direction(
    count: int, others: int, dim: int, directions: int, seed: int
) -> None:
    real, made = cloud(count, dim, seed), cloud(others, dim, seed + 1, 1.3)
    expected, least = [], []
    for axis in axes(directions, dim):
        a, b = real.astype(np.float64) @ axis, made.astype(np.float64) @ axis
        expected.append(assigned(a, b))
        least.append(wasserstein_distance(a, b))
    value = sliced(real, made, directions).value
    assert value == pytest.approx(math.sqrt(np.mean(expected)), rel=1e-9)
    assert value >= np.mean(least) * (1 - 1e-9)  # W2 is at least W1


@settings(max_examples=25)
@given(st.integers(2, 60), st.integers(1, 8), seeds)
def test_equal_sets_in_any_order_are_at_0_and_sides_can_be_exchanged(count: int, dim: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    real, made, third = cloud(count, dim, seed), cloud(count + 3, dim, seed + 1), cloud(count, dim, seed + 2, 2.0)
    assert sliced(real, random.permutation(real)).value == pytest.approx(0, abs=1e-12)
    there = sliced(real, made).value
    assert sliced(made, real).value == pytest.approx(there, rel=1e-12)
    assert there <= sliced(real, third).value + sliced(third, made).value + 1e-12
    assert sliced(3 * real, 3 * made).value == pytest.approx(3 * there, rel=1e-6)
    moved = random.normal(size=dim)
    assert sliced(real + moved, made + moved).value == pytest.approx(there, rel=1e-6)


@settings(max_examples=25)
@given(st.integers(2, 60), st.integers(1, 8), seeds)
def test_a_set_that_is_moved(count: int, dim: int, seed: int) -> None:
    """By t: the root of the mean square of t's projections, which tends to |t| / sqrt(D)."""
    real, by = cloud(count, dim, seed).astype(np.float64), np.random.default_rng(seed).normal(size=dim)
    exact = math.sqrt(((axes(50, dim) @ by) ** 2).mean())
    assert sliced(real, real + by, 50).value == pytest.approx(exact, rel=1e-6)
    assert sliced(real, real + by, 4000).value == pytest.approx(np.linalg.norm(by) / math.sqrt(dim), rel=0.1)


def test_a_rotation_changes_nothing_over_many_directions() -> None:
    real, made = cloud(300, 6, 0), cloud(300, 6, 1) * np.linspace(0.5, 2, 6, dtype=np.float32)
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    before = sliced(real, made, 1000).value
    assert sliced(real @ rotation, made @ rotation, 1000).value == pytest.approx(before, rel=0.05)


def test_between_gaussians_it_is_the_frechet_distance_of_projections() -> None:
    """FID is D times its square where only the means differ. Of equal moments FID sees nothing, and this does."""
    real, made = cloud(4000, 4, 0), cloud(4000, 4, 1) + np.float32(0.5)
    assert 4 * sliced(real, made, 400).value ** 2 == pytest.approx(frechet(real, made), rel=0.15)
    signs = np.random.default_rng(3).choice([-1, 1], (4000, 4)).astype(np.float32)
    assert frechet(real, signs) < 0.01
    assert sliced(real, signs).value > 5 * sliced(real, cloud(4000, 4, 4)).value


@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_the_standard_error_is_the_spread_over_generated_sets(scale: float) -> None:
    real = cloud(400, 16, 0)
    draws = [sliced(real, cloud(400, 16, seed, scale), 32) for seed in range(1, 41)]
    stated = np.mean([draw.se for draw in draws if draw.se is not None])
    assert 1 / 1.5 < stated / np.std([draw.value for draw in draws], ddof=1) < 1.5


def test_sliced_refuses_what_has_no_value() -> None:
    points = cloud(50, 3, 0)
    assert sliced(points, points[:39]).se is None  # groups of one
    with pytest.raises(UndefinedError, match="fewer than two"):
        sliced(points, points[:1])
    with pytest.raises(UndefinedError, match="NaN"):
        sliced(points, np.full_like(points, np.nan))
    with pytest.raises(ValueError, match="one D"):
        sliced(points, points[:, :2])
    with pytest.raises(ValueError, match="positive number of directions"):
        sliced(points, points, 0)
