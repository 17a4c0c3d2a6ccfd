"""Classes in words, and the sentence of an evaluation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.recipe import builtin
from condgan.results import classes, selection
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord, from_line, to_line

SHARES = st.dictionaries(st.text(min_size=1, max_size=4), st.none() | st.floats(0, 1), max_size=8)


@given(SHARES, st.integers(0, 9))
def test_the_least_accurate_classes_are_the_lowest(per_class: dict[str, float | None], most: int) -> None:
    known = sorted(value for value in per_class.values() if value is not None)
    chosen = classes.least_accurate(per_class, most)
    assert [value for _, value in chosen] == known[:most]
    assert all(per_class[name] == value for name, value in chosen)


@given(st.lists(st.integers(0, 4), max_size=30))
def test_classes_with_no_or_one_image_are_named_with_their_count(counts: list[int]) -> None:
    names = [f"c{number}" for number in range(len(counts))]
    said = classes.rare(names, counts, "training images")
    few = [f'"{name}" ({count})' for name, count in zip(names, counts, strict=True) if count < 2]
    assert (said == "") == (not few)
    assert [part in said for part in few] == [True] * min(10, len(few)) + [False] * max(0, len(few) - 10)
    assert (f"and {len(few) - 10} more" in said) == (len(few) > 10)


@pytest.mark.parametrize(
    ("counts", "uneven"),
    [([], False), ([7], False), ([5, 5, 5], False), ([5, 6, 5], False), ([5, 7], True), ([0, 2], True)],
)
def test_equal_shares_may_be_rounded(counts: list[int], uneven: bool) -> None:
    assert classes.uneven(counts) == uneven


def record(**per_class: float | None) -> EvaluationRecord:
    known = [value for value in per_class.values() if value is not None]
    figures = (
        Figure(metric="balanced_accuracy", value=float(np.mean(known)) if known else None),
        Figure(metric="label_accuracy", value=0.96 if known else None),
        Figure(metric="kid", space="features", value=0.5),
    )
    return EvaluationRecord(
        step=3, images=9, epoch=1.0, evaluation={figure.name: figure for figure in figures}, per_class=per_class
    )


def test_the_sentence_has_the_worst_class_beside_the_mean() -> None:
    """In the order of the figures, also after a log was read back."""
    recipe = builtin.get("cgan-lsgan")
    for line in (record(cat=1.0, dog=0.0, eel=None), from_line(to_line(record(cat=1.0, dog=0.0, eel=None)))):
        assert isinstance(line, EvaluationRecord)
        said = selection.sentence(recipe, [line])
        assert 'balanced_accuracy 0.5  label_accuracy 0.96 (worst class "dog" 0.00%)  kid_features 0.5' in said


def test_without_labels_there_is_no_worst_class() -> None:
    assert "worst" not in selection.sentence(builtin.get("cgan-lsgan"), [record()])
