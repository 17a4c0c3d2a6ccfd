"""The interval holds the true difference as often as it says, whatever varies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from condgan.verdicts.interval import interval, weights

LABELS = np.repeat(np.arange(4), 60)


@pytest.mark.parametrize(("of_generators", "of_seeds"), [(0.0, 0.0), (0.02, 0.01), (0.01, 0.03)])
@pytest.mark.parametrize("effect", [0.0, 0.06])
def test_it_holds_the_truth_in_98_of_100(of_generators: float, of_seeds: float, effect: float) -> None:
    """Trainings whose images are right by chance, with effects of generators and seeds; 400 of them."""
    random = np.random.default_rng(int(1e4 * (of_generators + of_seeds + effect)))
    outside = 0
    for _ in range(400):
        easy = random.beta(6, 2, len(LABELS)) * 0.9
        shifts = random.normal(0, of_generators, (3, 1, 1)) + random.normal(0, of_seeds, (3, 5, 1))
        base = random.random((5, len(LABELS))) < easy + random.normal(0, of_seeds, (5, 1))
        way = random.random((3, 5, len(LABELS))) < easy + effect + shifts
        found = interval(way, base, weights(LABELS, False), LABELS)
        outside += not found.low <= 100 * effect <= found.high
    assert stats.binomtest(outside, 400, 0.02, "greater").pvalue > 0.001


def test_without_other_variance_it_is_that_of_paired_images() -> None:
    """One generator, and seeds that agree: a paired t-test over images of one class."""
    random = np.random.default_rng(1)
    base, way = random.random(200) < 0.6, random.random(200) < 0.75
    labels = np.zeros(200, np.int64)
    found = interval(np.tile(way, (1, 5, 1)), np.tile(base, (5, 1)), weights(labels, False), labels)
    expected = stats.ttest_rel(way.astype(float), base.astype(float)).confidence_interval(0.98)
    assert found.low == pytest.approx(100 * expected.low)
    assert found.high == pytest.approx(100 * expected.high)


def test_seeds_that_disagree_widen_it() -> None:
    labels = np.zeros(100, np.int64)
    base = np.tile(np.arange(100) < 50, (5, 1))
    alike = np.tile(np.arange(100) < 60, (1, 5, 1))
    apart = np.stack([np.arange(100) < right for right in (40, 80, 50, 70, 60)])[None]
    narrow, wide = (interval(way, base, weights(labels, False), labels) for way in (alike, apart))
    assert narrow.difference == pytest.approx(wide.difference) == pytest.approx(10)
    assert wide.half > 1.5 * narrow.half
    assert wide.of_trainings > wide.of_images


def test_other_ways_tell_how_much_generators_differ() -> None:
    """Two generators that differ by chance: alone, one degree of freedom; with ways in which they agree, more."""
    random = np.random.default_rng(5)
    labels = np.zeros(300, np.int64)
    base = random.random((5, 300)) < 0.5
    way = np.stack([random.random((5, 300)) < share for share in (0.66, 0.74)])
    agreeing = [random.normal(70, 2, (2, 5)) for _ in range(3)]
    alone, more = (interval(way, base, weights(labels, False), labels, others) for others in ((), agreeing))
    assert alone.difference == more.difference
    assert more.half < 0.5 * alone.half
    differing = [each + np.array([[-5.0], [5.0]]) for each in agreeing]
    assert interval(way, base, weights(labels, False), labels, differing).half > more.half


def test_no_difference_at_all_has_no_width() -> None:
    base = np.tile(np.arange(len(LABELS)) % 2 == 0, (5, 1))
    found = interval(np.tile(base, (2, 1, 1)), base, weights(LABELS, True), LABELS)
    assert (found.low, found.difference, found.high) == (0, 0, 0)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=50), st.booleans())
def test_weights_sum_to_one_and_balance_classes(given_labels: list[int], balanced: bool) -> None:
    labels = np.array(given_labels)
    found = weights(labels, balanced)
    assert found.sum() == pytest.approx(1)
    if balanced:
        shares = [found[labels == label].sum() for label in np.unique(labels)]
        assert np.allclose(shares, shares[0])
    only = weights(labels, balanced, int(labels[0]))
    assert only.sum() == pytest.approx(1)
    assert not only[labels != labels[0]].any()
