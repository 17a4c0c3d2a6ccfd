import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from condgan.arrays import Images, Labels
from condgan.errors import UndefinedError
from condgan.metrics.bins import class_bins, different_bins

CLASSES = 4


def kinds(count: int, seed: int, only: int | None = None) -> tuple[Images, Labels]:
    """Images of four classes, each with five kinds of its own; or with only one of these kinds."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % CLASSES)
    kind = random.integers(0, 5, count) if only is None else np.full(count, only)
    patterns = np.random.default_rng(99).integers(60, 200, (CLASSES, 5, 1, 6, 6))
    noise = random.normal(0, 12, (count, 1, 6, 6))
    return np.clip(patterns[labels, kind] + noise, 0, 255).astype(np.uint8), labels


TRAIN = kinds(2000, 0)


def test_equal_distributions_differ_by_chance() -> None:
    centres = class_bins(*TRAIN, CLASSES)
    result = [different_bins(centres, *kinds(2000, seed), *kinds(2000, seed + 1)) for seed in range(1, 61, 2)]
    assert np.mean([estimate.value for estimate in result]) == pytest.approx(0.05, abs=0.02)  # of 1200 bins
    assert result[0].se is None
    lenient = [different_bins(centres, *kinds(2000, seed), *kinds(2000, seed + 1), level=0.4) for seed in (1, 3, 5, 7)]
    assert np.mean([estimate.value for estimate in lenient]) == pytest.approx(0.4, abs=0.12)


def test_a_collapse_within_classes_is_seen() -> None:
    centres = class_bins(*TRAIN, CLASSES, per_class=5)
    assert different_bins(centres, *TRAIN, *kinds(1000, 1, only=2)).value == 1
    finer = class_bins(*TRAIN, CLASSES)
    assert different_bins(finer, *TRAIN, *kinds(1000, 1, only=2)).value > 0.9


def test_the_balance_of_classes_does_not_matter() -> None:
    centres = class_bins(*TRAIN, CLASSES, per_class=5)
    images, labels = kinds(4000, 3)
    few = (labels != 1) | (np.arange(4000) % 4 == 0)
    assert different_bins(centres, *TRAIN, images[few], labels[few]).value <= 0.25


def test_one_class_of_four_collapsed() -> None:
    centres = class_bins(*TRAIN, CLASSES, per_class=5)
    images, labels = (part.copy() for part in TRAIN)
    collapsed, _ = kinds(2000, 0, only=4)
    images[labels == 2] = collapsed[labels == 2]  # the same seed: the same labels
    assert different_bins(centres, *TRAIN, images, labels).value == 0.25


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60), st.sampled_from([0.01, 0.05, 0.3]))
def test_it_is_scipys_test_of_two_proportions(seed: int, count: int, others: int, level: float) -> None:
    """The chi-squared test of a 2 x 2 table without continuity correction is the z-test, squared."""
    centres = [np.array([[0.0], [0.5], [1.0]], np.float32)]
    random = np.random.default_rng(seed)
    sides = [
        random.choice(np.array([10, 120, 250], np.uint8), n, p=random.dirichlet(np.ones(3))) for n in (count, others)
    ]
    expected = []
    for grey in (10, 120, 250):
        table = np.array([[(side == grey).sum(), (side != grey).sum()] for side in sides])
        empty = (table.sum(0) == 0).any()
        expected.append(not empty and chi2_contingency(table, correction=False).pvalue < level)
    images = [side[:, None, None, None] for side in sides]
    labels = [np.zeros(len(side), np.int64) for side in sides]
    result = different_bins(centres, images[0], labels[0], images[1], labels[1], level)
    assert result.value == pytest.approx(np.mean(expected))


def test_bins_are_the_kinds_of_a_class() -> None:
    centres = class_bins(*TRAIN, CLASSES, per_class=5)
    patterns = np.random.default_rng(99).integers(60, 200, (CLASSES, 5, 36)) / 255
    for result, true in zip(centres, patterns, strict=True):
        apart = np.linalg.norm(result[:, None] - true[None], axis=2)
        assert result.dtype == np.float32
        assert (apart.min(0) < 0.1).sum() >= 4  # k-means may split one kind and join two


def test_bins_depend_on_nothing_but_the_images_and_the_seed() -> None:
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    first = class_bins(*TRAIN, CLASSES)
    assert np.array_equal(np.random.get_state()[1], before)
    again, other = class_bins(*TRAIN, CLASSES), class_bins(*TRAIN, CLASSES, seed=2**40 + 1)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize(("count", "bins"), [(2000, 10), (4 * 100, 5), (4 * 59, 2), (4 * 30, 1), (4, 1)])
def test_there_are_twenty_images_for_each_bin(count: int, bins: int) -> None:
    assert [len(centres) for centres in class_bins(*kinds(count, 0), CLASSES)] == [bins] * CLASSES


def test_there_are_no_more_bins_than_different_images() -> None:
    images = np.repeat(TRAIN[0][:3], 100, 0)
    assert len(class_bins(images, np.zeros(300, np.int64), 1)[0]) == 3


def test_refusals() -> None:
    images, labels = TRAIN
    centres = class_bins(images, labels, CLASSES)
    without = labels != 3
    with pytest.raises(UndefinedError, match="no training image of class 3"):
        class_bins(images[without], labels[without], CLASSES)
    with pytest.raises(UndefinedError, match="no real image of class 3"):
        different_bins(centres, images[without], labels[without], images, labels)
    with pytest.raises(UndefinedError, match="no generated image of class 3"):
        different_bins(centres, images, labels, images[without], labels[without])
    with pytest.raises(UndefinedError, match="two bins"):
        different_bins([means[:1] for means in centres], images, labels, images, labels)
    with pytest.raises(ValueError, match="level"):
        different_bins(centres, images, labels, images, labels, level=0)
    with pytest.raises(ValueError, match="number of bins"):
        class_bins(images, labels, CLASSES, per_class=0)
