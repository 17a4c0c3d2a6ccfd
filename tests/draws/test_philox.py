"""The random numbers against published vectors, a scalar reimplementation, and statistics."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from condgan.draws import philox as draws
from condgan.draws.philox import DISTRIBUTIONS, Stream
from condgan.recipe import Latent

word = st.integers(0, 2**32 - 1)
seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(0, 2**63 - 1)
streams = st.sampled_from(Stream)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as the paper's figure draws it, one word at a time."""
    (l0, r0, l1, r1), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(l0 * 0xD2511F53, 1 << 32)
        high1, low1 = divmod(l1 * 0xCD9E8D57, 1 << 32)
        l0, r0, l1, r1 = high1 ^ r0 ^ k0, low1, high0 ^ r1 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % (1 << 32), (k1 + 0xBB67AE85) % (1 << 32)
    return [l0, r0, l1, r1]


def words(seed: int, stream: int, number: int, count: int) -> list[int]:
    """The words of one number, from the documented counter: (word // 4, number's halves, stream)."""
    found: list[int] = []
    for block in range(-(-count // 4)):
        found += philox([block, number % (1 << 32), number >> 32, stream], [seed % (1 << 32), seed >> 32])
    return found[:count]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_known_answers_of_random123(counter: list[int], key: list[int], expected: list[int]) -> None:
    assert philox(counter, key) == expected
    drawn = draws.philox(np.array(counter, np.uint64)[:, None], (key[0], key[1]))
    assert drawn.dtype == np.uint32
    assert drawn[:, 0].tolist() == expected


@given(st.lists(st.tuples(word, word, word, word), min_size=1, max_size=5), word, word)
def test_philox_equals_the_scalar_one(counters: list[tuple[int, int, int, int]], k0: int, k1: int) -> None:
    drawn = draws.philox(np.array(counters, np.uint64).T, (k0, k1))
    assert drawn.T.tolist() == [philox(list(counter), [k0, k1]) for counter in counters]


@given(seeds, streams, st.lists(numbers, min_size=1, max_size=4), st.integers(1, 11))
def test_words_follow_the_documented_counter(seed: int, stream: Stream, which: list[int], count: int) -> None:
    drawn = draws.words(seed, stream, np.array(which, np.uint64), count)
    assert drawn.tolist() == [words(seed, stream, number, count) for number in which]


@given(seeds, numbers, st.integers(1, 7))
def test_normal_is_box_muller_on_pairs_of_words(seed: int, number: int, count: int) -> None:
    drawn = words(seed, Stream.SAMPLE_LATENTS, number, 8)
    expected = []
    for first, second in zip(drawn[0::2], drawn[1::2], strict=True):
        radius = math.sqrt(-2 * math.log((first + 0.5) / 2**32))
        expected += [radius * math.cos(2 * math.pi * second / 2**32), radius * math.sin(2 * math.pi * second / 2**32)]
    made = draws.normal(seed, Stream.SAMPLE_LATENTS, [number], count)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made[0], expected[:count], rtol=1e-6, atol=1e-7)


@given(seeds, numbers)
def test_uniform_integers_and_keys_from_words(seed: int, number: int) -> None:
    first, second = words(seed, Stream.STEP, number, 2)
    assert draws.uniform(seed, Stream.STEP, [number], 2)[0].tolist() == [(w >> 8) / 2**24 for w in (first, second)]
    assert draws.integers(seed, Stream.STEP, [number], 1000).tolist() == [first * 1000 >> 32]
    assert draws.keys(seed, Stream.STEP, [number]).tolist() == [(second >> 1 << 32) + first]


@given(seeds, st.integers(0, 2**40), st.integers(1, 40), st.data(), st.sampled_from(sorted(DISTRIBUTIONS)))
def test_a_picture_has_one_latent_in_any_batch(
    seed: int, first: int, count: int, data: st.DataObject, distribution: str
) -> None:
    latent = Latent.model_validate({"distribution": distribution, "dim": 13})
    together = draws.latents(latent, seed, np.arange(first, first + count))
    assert together.shape == (count, 13)
    assert together.dtype == np.float32
    which = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5))
    chosen = draws.latents(latent, seed, first + np.array(which))
    assert np.array_equal(chosen, together[which])
    wider = draws.latents(latent.model_copy(update={"dim": 100}), seed, first + np.array(which))[:, :13]
    if distribution == "hypersphere":  # of another radius
        wider, chosen = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (wider, chosen))
        np.testing.assert_allclose(wider, chosen, atol=1e-6)
    else:
        assert np.array_equal(wider, chosen)  # more dimensions go on where fewer ended


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_no_two_pictures_seeds_or_streams_share_a_latent(distribution: str) -> None:
    latent = Latent.model_validate({"distribution": distribution, "dim": 3})
    numbers = np.array([0, 1, 2, 1 << 32, 1 << 62], np.uint64)
    rows = [draws.latents(latent, seed, numbers, stream) for seed in (0, 1, 1 << 32) for stream in Stream]
    assert len(np.unique(np.concatenate(rows), axis=0)) == 3 * len(Stream) * len(numbers)


def test_every_distribution_of_a_recipe_is_there() -> None:
    assert set(DISTRIBUTIONS) == set(get_args(Latent.model_fields["distribution"].annotation))


def test_streams_seeds_and_numbers_never_share_a_word() -> None:
    rows = [
        draws.words(seed, stream, [number], 4)[0]
        for seed in (0, 1, 2, 1 << 32, (1 << 32) + 1, 1 << 62)
        for stream in Stream
        for number in (0, 1, 2, 1 << 32, (1 << 32) + 1, 1 << 62)
    ]
    assert len(np.unique(np.array(rows), axis=0)) == len(rows)
    assert len(set(Stream)) == len(Stream)


def test_normal_numbers_are_normal() -> None:
    drawn = np.sort(draws.normal(1, Stream.SAMPLE_LATENTS, np.arange(2000), 100).reshape(-1).astype(np.float64))
    n = len(drawn)
    assert abs(drawn.mean()) < 4 / math.sqrt(n)
    assert abs(drawn.std() - 1) < 4 / math.sqrt(2 * n)
    cdf = 0.5 * (1 + np.array([math.erf(x / math.sqrt(2)) for x in drawn[::10]]))
    distance = np.abs(cdf - np.arange(0, n, 10) / n).max()
    assert distance < 1.95 / math.sqrt(n)  # Kolmogorov-Smirnov at 0.1 %
    assert np.isfinite(drawn).all()


@given(seeds, numbers, st.integers(1, 7), st.floats(0.01, 8))
def test_truncated_is_the_inverse_cdf_of_words(seed: int, number: int, count: int, bound: float) -> None:
    latent = Latent(distribution="truncated", dim=count, truncation=bound)
    made = draws.latents(latent, seed, [number])[0]
    law = stats.truncnorm(-bound, bound)
    expected = [law.ppf((word + 0.5) / 2**32) for word in words(seed, Stream.SAMPLE_LATENTS, number, count)]
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)
    assert (np.abs(made.astype(np.float64)) <= bound).all()


@pytest.mark.parametrize("bound", [0.01, 0.7, 2.0, 2.1, 4.3, 8.0])
def test_truncation_is_exact_at_its_ends(bound: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least and the greatest words, of 2**32, are mirror images, where a CDF near 1 would have lost its digits."""
    ends = np.array([[0, 1, 1000, 2**31 - 1, 2**31, 2**32 - 1001, 2**32 - 2, 2**32 - 1]], np.uint32)
    monkeypatch.setattr(draws, "words", lambda *_: ends)
    made = draws.truncated(0, Stream.SAMPLE_LATENTS, [0], 8, bound)[0].astype(np.float64)
    assert (np.abs(made) <= bound).all()
    assert (np.diff(made[[0, 2, 3, 4, 5, 7]]) > 0).all()
    assert np.array_equal(made, -made[::-1])
    outside = stats.norm.cdf(-bound)
    expected = stats.norm.ppf(outside + (ends[0, :3] + 0.5) / 2**32 * (1 - 2 * outside))
    np.testing.assert_allclose(made[:3], expected, rtol=3e-7)


@pytest.mark.parametrize("bound", [0.3, 1.0, 2.0])
def test_truncated_numbers_have_their_law(bound: float) -> None:
    latent = Latent(distribution="truncated", dim=100, truncation=bound)
    drawn = draws.latents(latent, 1, np.arange(2000)).reshape(-1).astype(np.float64)
    law = stats.truncnorm(-bound, bound)
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-3
    assert abs(drawn.mean()) < 4 * law.std() / math.sqrt(len(drawn))
    assert drawn.std() == pytest.approx(law.std(), rel=0.01)


@given(seeds, numbers, st.integers(1, 7))
def test_laplace_is_the_inverse_cdf_of_words(seed: int, number: int, count: int) -> None:
    made = draws.latents(Latent(distribution="laplace", dim=count), seed, [number])[0]
    law = stats.laplace(scale=math.sqrt(0.5))
    expected = [law.ppf((word + 0.5) / 2**32) for word in words(seed, Stream.SAMPLE_LATENTS, number, count)]
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)


def test_laplace_is_a_mirror_at_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = np.array([[0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]], np.uint32)
    monkeypatch.setattr(draws, "words", lambda *_: ends)
    made = draws.laplace(0, Stream.SAMPLE_LATENTS, [0], 6)[0].astype(np.float64)
    assert (np.diff(made) > 0).all()
    assert np.array_equal(made, -made[::-1])
    expected = stats.laplace(scale=math.sqrt(0.5)).ppf((ends[0, :3] + 0.5) / 2**32)
    np.testing.assert_allclose(made[:3], expected, rtol=3e-7)


def test_laplace_numbers_have_their_law_and_the_variance_of_normal_ones() -> None:
    drawn = draws.latents(Latent(distribution="laplace"), 1, np.arange(2000)).reshape(-1).astype(np.float64)
    n = len(drawn)
    assert stats.kstest(drawn, stats.laplace(scale=math.sqrt(0.5)).cdf).pvalue > 1e-3
    assert stats.kstest(drawn, stats.norm.cdf).pvalue < 1e-6
    assert abs(drawn.mean()) < 4 / math.sqrt(n)
    assert drawn.var() == pytest.approx(1, abs=4 * math.sqrt(5 / n))  # kurtosis 6: var(x^2) = 5
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("correlation", [-0.7, 0.5, 0.95])
def test_neighbouring_dimensions_are_correlated_as_asked(correlation: float) -> None:
    dim, count = 12, 40_000
    drawn = draws.latents(Latent(dim=dim, correlation=correlation), 1, np.arange(count)).astype(np.float64)
    lags = np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))
    np.testing.assert_allclose(np.cov(drawn.T), correlation**lags, atol=4.5 * math.sqrt(2 / count))
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=4.5 / math.sqrt(count))
    for column in drawn.T:  # each alone is standard normal
        assert stats.kstest(column, stats.norm.cdf).pvalue > 1e-4
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 4.5 / math.sqrt(count)  # pictures stay independent


@given(seeds, numbers, st.integers(1, 30), st.floats(-0.99, 0.99))
def test_correlated_numbers_are_normal_ones_times_a_cholesky_factor(
    seed: int, number: int, dim: int, correlation: float
) -> None:
    lags = np.abs(np.subtract.outer(np.arange(dim), np.arange(dim)))
    factor = np.linalg.cholesky(correlation**lags) if correlation else np.eye(dim)
    plain = draws.latents(Latent(dim=dim), seed, [number])[0].astype(np.float64)
    made = draws.latents(Latent(dim=dim, correlation=correlation), seed, [number])[0]
    np.testing.assert_allclose(made, factor @ plain, atol=1e-5)


@given(seeds, st.integers(1, 20), st.floats(-0.99, 0.99), st.data())
def test_a_correlated_latent_is_one_in_any_batch_and_goes_on(
    seed: int, count: int, correlation: float, data: st.DataObject
) -> None:
    together = draws.latents(Latent(dim=13, correlation=correlation), seed, np.arange(count))
    which = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5))
    wider = draws.latents(Latent(dim=50, correlation=correlation), seed, np.array(which))
    assert np.array_equal(wider[:, :13], together[which])


def test_a_wide_truncation_is_none() -> None:
    drawn = draws.latents(Latent(distribution="truncated", truncation=8), 1, np.arange(2000)).reshape(-1)
    assert stats.kstest(drawn, stats.norm.cdf).pvalue > 1e-3


@given(seeds, numbers, st.integers(1, 600))
def test_the_sphere_has_the_radius_of_normal_numbers(seed: int, number: int, dim: int) -> None:
    made = draws.latents(Latent(distribution="hypersphere", dim=dim), seed, [number])[0].astype(np.float64)
    assert np.linalg.norm(made) == pytest.approx(math.sqrt(dim), rel=1e-6)
    normal = draws.latents(Latent(dim=dim), seed, [number])[0].astype(np.float64)
    assert made @ normal == pytest.approx(math.sqrt(dim) * np.linalg.norm(normal), rel=1e-6)  # the same direction


def test_directions_are_uniform_on_the_sphere() -> None:
    """Archimedes: on the sphere in three dimensions each coordinate is uniform, along any axes."""
    points = draws.latents(Latent(distribution="hypersphere", dim=3), 1, np.arange(20_000)).astype(np.float64)
    heights = points / math.sqrt(3)
    for column in heights.T:
        assert stats.kstest(column, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    second = heights.T @ heights / len(heights)
    np.testing.assert_allclose(second, np.eye(3) / 3, atol=4.5 / math.sqrt(len(heights)))
    turned = heights @ stats.ortho_group.rvs(3, random_state=0)  # as uniform along any other axis
    assert stats.kstest(turned[:, 0], stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_neighbouring_dimensions_and_pictures_are_independent() -> None:
    drawn = draws.normal(1, Stream.SAMPLE_LATENTS, np.arange(20_000), 8).astype(np.float64)
    across = np.corrcoef(drawn.T) - np.eye(8)
    assert np.abs(across).max() < 4.5 / math.sqrt(len(drawn))
    radii = np.corrcoef((drawn**2).T) - np.eye(8)  # the two of a pair share a radius, yet are independent
    assert np.abs(radii).max() < 4.5 / math.sqrt(len(drawn))
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 4.5 / math.sqrt(len(drawn))


@pytest.mark.parametrize("low", [0.0, -1.0, 0.5])
def test_uniform_latents_fill_their_range(low: float) -> None:
    latent = Latent(dim=100, distribution="uniform", low=low)
    drawn = draws.latents(latent, 1, np.arange(1000)).reshape(-1)
    assert drawn.dtype == np.float32
    assert low <= drawn.min() < drawn.max() <= 1
    assert stats.kstest(drawn, stats.uniform(low, 1 - low).cdf).pvalue > 1e-3


def test_uniform_numbers_lie_in_0_1() -> None:
    drawn = draws.uniform(1, Stream.SAMPLE_LATENTS, np.arange(2000), 100)
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = np.histogram(drawn, 100, (0, 1))[0]
    assert chi_square(counts) < 149  # 99 degrees of freedom, 0.1 %


def chi_square(counts: np.ndarray) -> float:  # type: ignore[type-arg]
    expected = counts.sum() / len(counts)
    return float(((counts - expected) ** 2 / expected).sum())


@pytest.mark.parametrize(("high", "limit"), [(2, 10.9), (10, 27.9), (1000, 1143.9)])  # 0.1 % of chi-square
def test_integers_are_uniform(high: int, limit: float) -> None:
    drawn = draws.integers(3, Stream.GENERATOR_LABELS, np.arange(100_000), high)
    assert drawn.dtype == np.int64
    assert drawn.min() == 0
    assert drawn.max() == high - 1
    assert chi_square(np.bincount(drawn, minlength=high)) < limit


@given(seeds, numbers, st.integers(1, 300))
def test_a_permutation_is_one(seed: int, number: int, count: int) -> None:
    order = draws.permutation(seed, Stream.ORDER, number, count)
    assert order.dtype == np.int64
    assert sorted(order.tolist()) == list(range(count))
    assert np.array_equal(order, draws.permutation(seed, Stream.ORDER, number, count))


def test_permutations_are_uniform() -> None:
    orders = [tuple(draws.permutation(seed, Stream.ORDER, 0, 4).tolist()) for seed in range(12_000)]
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert chi_square(counts) < 49.7  # 23 degrees of freedom, 0.1 %


@given(seeds, st.lists(numbers, min_size=1, max_size=4))
def test_keys_are_seeds_that_a_library_takes(seed: int, which: list[int]) -> None:
    made = draws.keys(seed, Stream.STEP, np.array(which, np.uint64))
    assert made.dtype == np.int64
    assert (made >= 0).all()


def test_numbers_without_correlation_are_as_before() -> None:
    plain = draws.normal(5, Stream.SAMPLE_LATENTS, np.arange(10), 12)
    assert np.array_equal(draws.latents(Latent(dim=12, correlation=0.0), 5, np.arange(10)), plain)
    with pytest.raises(ValueError, match="correlation is for distribution=normal"):
        Latent(distribution="uniform", correlation=0.5)
