import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics.label_accuracy import label_accuracy

NONE: Labels = np.empty(0, np.int64)


@given(st.integers(1, 6).flatmap(lambda k: st.tuples(st.just(k), pairs(k))))
def test_accuracies_are_counts(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    classes, both = drawn
    read, requested = (np.array(side, np.int64) for side in zip(*both, strict=True))
    result = label_accuracy(read, requested, classes)
    hits = sum(r == a for r, a in both)
    assert result.overall.value == pytest.approx(hits / len(both))
    for k in range(classes):
        mine = [r == k for r, a in both if a == k]
        assert result.per_class[k] == (sum(mine) / len(mine) if mine else None)
    if classes > 1:  # of one it warns
        assert np.array_equal(result.confusion, confusion_matrix(requested, read, labels=range(classes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are read but were not requested
        assert result.balanced.value == pytest.approx(balanced_accuracy_score(requested, read))
    assert result.confusion.sum() == len(both)
    assert result.confusion.dtype == np.int64


def pairs(classes: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    label = st.integers(0, classes - 1)
    return st.lists(st.tuples(label, label), min_size=1, max_size=60)


def test_rows_are_requested_and_columns_predicted() -> None:
    result = label_accuracy(np.array([1, 1, 0]), np.array([0, 0, 0]), 2)
    assert result.confusion.tolist() == [[1, 2], [0, 0]]
    assert result.per_class == [pytest.approx(1 / 3), None]


def test_the_error_is_binomial() -> None:
    requested = np.zeros(400, np.int64)
    result = label_accuracy((np.arange(400) % 10 == 0).astype(np.int64), requested, 2).overall
    assert result.value == pytest.approx(0.9)
    assert result.se == pytest.approx(math.sqrt(0.9 * 0.1 / 400), rel=0.01)
    assert label_accuracy(requested, requested, 2).overall == (1, 0)
    assert label_accuracy(requested[:1], requested[:1], 1).overall == (1, None)


def test_the_error_of_the_balanced_accuracy_is_its_spread_over_draws() -> None:
    """Of two classes, a large one that is read well and a small one that is not: against 4000 draws."""
    random = np.random.default_rng(0)
    requested = np.repeat([0, 1], [300, 30])
    results = []
    for _ in range(4000):
        right = random.random(330) < np.where(requested == 0, 0.9, 0.4)
        results.append(label_accuracy(np.where(right, requested, 1 - requested), requested, 2).balanced)
    values, errors = (np.array(column, float) for column in zip(*results, strict=True))
    assert values.mean() == pytest.approx(0.65, abs=0.005)
    assert errors.mean() == pytest.approx(values.std(), rel=0.05)


def test_the_balanced_accuracy_of_classes_with_one_image_or_none() -> None:
    requested, read = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 2])
    assert label_accuracy(read, requested, 4).balanced == (pytest.approx((2 / 3 + 1) / 2), None)
    equal = label_accuracy(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 2)
    assert equal.balanced.value == equal.overall.value


def test_refusals() -> None:
    with pytest.raises(UndefinedError, match="no images"):
        label_accuracy(NONE, NONE, 3)
    right, high, negative = np.array([0, 2]), np.array([0, 3]), np.array([-1, 0])
    for read, requested in ((right, high), (high, right), (right, negative), (negative, right)):
        with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
            label_accuracy(read, requested, 3)
