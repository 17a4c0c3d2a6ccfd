"""The random numbers against published vectors, a scalar reimplementation, and statistics."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan import draws
from condgan.draws import Stream

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


@given(seeds, st.integers(0, 2**40), st.integers(1, 40), st.data(), st.sampled_from(["normal", "uniform"]))
def test_a_picture_has_one_latent_in_any_batch(
    seed: int, first: int, count: int, data: st.DataObject, distribution: str
) -> None:
    together = draws.latents(distribution, 13, seed, np.arange(first, first + count))
    which = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=5))
    chosen = draws.latents(distribution, 13, seed, first + np.array(which))
    assert np.array_equal(chosen, together[which])
    wider = draws.latents(distribution, 100, seed, first + np.array(which))
    assert np.array_equal(wider[:, :13], chosen)  # more dimensions go on where fewer ended


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


def test_neighbouring_dimensions_and_pictures_are_independent() -> None:
    drawn = draws.normal(1, Stream.SAMPLE_LATENTS, np.arange(20_000), 8).astype(np.float64)
    across = np.corrcoef(drawn.T) - np.eye(8)
    assert np.abs(across).max() < 4.5 / math.sqrt(len(drawn))
    radii = np.corrcoef((drawn**2).T) - np.eye(8)  # the two of a pair share a radius, yet are independent
    assert np.abs(radii).max() < 4.5 / math.sqrt(len(drawn))
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 4.5 / math.sqrt(len(drawn))


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
