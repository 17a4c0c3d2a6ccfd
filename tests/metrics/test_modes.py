import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics.modes import covered, divergence

NONE: Labels = np.empty(0, np.int64)
labels = st.lists(st.integers(0, 6), min_size=1, max_size=90)


@given(labels, labels)
def test_both_are_what_counting_gives(generated: list[int], other: list[int]) -> None:
    read, real = np.array(generated), np.array(other + generated)  # every class that is read is real
    assert covered(read).value == len(set(generated))
    seen, expected = Counter(generated), Counter(real.tolist())
    by_hand = sum(n / len(read) * math.log(n / len(read) / (expected[k] / len(real))) for k, n in seen.items())
    result = divergence(read, real, 7).value
    assert result == pytest.approx(by_hand, abs=1e-12)
    shares = [np.bincount(side, minlength=7) for side in (read, real)]
    assert result == pytest.approx(entropy(*shares), abs=1e-12)
    assert result >= 0


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 4))
def test_some_of_equal_classes(k: int, more: int, each: int) -> None:
    """A generator that makes k of K equally frequent classes, equally often: k modes, and log(K / k) nats."""
    real = np.tile(np.arange(k + more), 3)
    read = np.tile(np.arange(k), each)
    assert covered(read).value == k
    assert divergence(read, real, k + more).value == pytest.approx(math.log((k + more) / k), abs=1e-12)


@given(
    labels.filter(lambda generated: len(generated) < 40), st.randoms(use_true_random=False), st.permutations(range(7))
)
def test_neither_the_order_nor_the_names_of_classes_matter(
    generated: list[int], shuffler: random.Random, names: list[int]
) -> None:
    read, real = np.array(generated), np.repeat(np.arange(7), [1, 2, 3, 4, 5, 6, 7])
    renamed = np.array(names)
    mixed = np.array(shuffler.sample(generated, len(generated)))
    assert covered(mixed) == covered(renamed[read]) == covered(read)
    expected = pytest.approx(divergence(read, real, 7).value, abs=1e-12)
    assert divergence(mixed, real, 7).value == expected
    assert divergence(renamed[read], renamed[real], 7).value == expected


def test_the_same_proportions_are_no_divergence() -> None:
    real = np.repeat([0, 1, 3], [30, 20, 50])  # a class without real images is of no matter where none is read
    assert divergence(real[::10], real, 4).value == pytest.approx(0, abs=1e-12)
    assert divergence(real, real, 4) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=0.01))


def drawn(count: int, classes: int, draws: int) -> list[Labels]:
    generator = np.random.default_rng(0)
    return [generator.integers(0, classes, count) for _ in range(draws)]


def test_the_error_of_modes_is_rather_too_large() -> None:
    """On average over many draws of a perfect generator, against how far the figure really moves."""
    result = [covered(read) for read in drawn(200, 80, 300)]
    truly = np.std([value for value, _ in result])
    said = np.sqrt(np.mean([se**2 for _, se in result if se is not None]))
    assert truly < said < 2 * truly


def test_the_error_and_the_bias_of_the_divergence() -> None:
    """An unequal generator's error is about right; an equal one has (K - 1) / 2N from sampling alone."""
    real = np.arange(40)
    unequal = [np.where(read < 20, read // 2, read) for read in drawn(2000, 40, 100)]
    result = [divergence(read, real, 40) for read in unequal]
    said = np.mean([se for _, se in result if se is not None])
    assert said == pytest.approx(np.std([value for value, _ in result]), rel=0.3)
    of_sampling = np.mean([divergence(read, real, 40).value for read in drawn(2000, 40, 100)])
    assert of_sampling == pytest.approx(39 / 4000, rel=0.1)


def test_few_images_have_no_error() -> None:
    assert covered(np.arange(39)) == (39, None)
    assert divergence(np.arange(39), np.arange(39), 39).se is None
    assert covered(np.zeros(40, np.int64)) == (1, 0)


def test_refusals() -> None:
    with pytest.raises(UndefinedError, match="no images"):
        covered(NONE)
    with pytest.raises(UndefinedError, match="no images"):
        divergence(NONE, np.arange(3), 3)
    with pytest.raises(UndefinedError, match="class 2 is predicted and has no real images"):
        divergence(np.array([0, 2, 2]), np.array([0, 1]), 3)
    with pytest.raises(UndefinedError, match="class 0 is predicted"):
        divergence(np.array([0]), NONE, 3)
    for read, real in (([0, 3], [0]), ([0], [0, 3]), ([-1], [0]), ([0], [-1, 0])):
        with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
            divergence(np.array(read), np.array(real), 3)
