import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.metrics.label_accuracy import label_accuracy

NONE: Labels = np.empty(0, np.int64)


@given(st.integers(1, 6).flatmap(lambda k: st.tuples(st.just(k), pairs(k))))
def test_accuracies_are_counts(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    classes, both = drawn
    read, asked = (np.array(side, np.int64) for side in zip(*both, strict=True))
    found = label_accuracy(read, asked, classes)
    hits = sum(r == a for r, a in both)
    assert found.overall.value == pytest.approx(hits / len(both))
    for k in range(classes):
        mine = [r == k for r, a in both if a == k]
        assert found.per_class[k] == (sum(mine) / len(mine) if mine else None)
    if classes > 1:  # of one it warns
        assert np.array_equal(found.confusion, confusion_matrix(asked, read, labels=range(classes)))
    assert found.confusion.sum() == len(both)
    assert found.confusion.dtype == np.int64


def pairs(classes: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    label = st.integers(0, classes - 1)
    return st.lists(st.tuples(label, label), min_size=1, max_size=60)


def test_rows_are_asked_and_columns_read() -> None:
    found = label_accuracy(np.array([1, 1, 0]), np.array([0, 0, 0]), 2)
    assert found.confusion.tolist() == [[1, 2], [0, 0]]
    assert found.per_class == [pytest.approx(1 / 3), None]


def test_the_error_is_binomial() -> None:
    asked = np.zeros(400, np.int64)
    found = label_accuracy((np.arange(400) % 10 == 0).astype(np.int64), asked, 2).overall
    assert found.value == pytest.approx(0.9)
    assert found.se == pytest.approx(math.sqrt(0.9 * 0.1 / 400), rel=0.01)
    assert label_accuracy(asked, asked, 2).overall == (1, 0)
    assert label_accuracy(asked[:1], asked[:1], 1).overall == (1, None)


def test_refusals() -> None:
    with pytest.raises(UndefinedError, match="no images"):
        label_accuracy(NONE, NONE, 3)
    right, high, negative = np.array([0, 2]), np.array([0, 3]), np.array([-1, 0])
    for read, asked in ((right, high), (high, right), (right, negative), (negative, right)):
        with pytest.raises(ValueError, match=r"labels in 0\.\.2"):
            label_accuracy(read, asked, 3)
