"""When a training has settled: laws of the rule, its error against another library, and what it leaves out."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from condgan.errors import CondganError
from condgan.recipe import builtin
from condgan.results import selection, settling
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord
from condgan.results.settling import LEAST as LAST

SHARES = st.floats(0, 1)
EPOCHS = 10  # planned: a fifth of them is less than five evaluations
WHEN = [float(place) for place in range(1, LAST + 1)]
AUTO = builtin.get("cgan-lsgan", ["evaluation.patience=auto", f"train.epochs={EPOCHS}"])


def evaluations(first: int = 1, **series: Sequence[float | tuple[float, float] | None]) -> list[EvaluationRecord]:
    """Records of the steps ``first``, ..., from a series of values, or of values with their errors, for each figure."""
    records = []
    for step, values in enumerate(zip(*series.values(), strict=True), first):
        figures: Mapping[str, object] = {
            name: named(name, {"value": value[0], "se": value[1]} if isinstance(value, tuple) else {"value": value})
            for name, value in zip(series, values, strict=True)
        }
        records.append(EvaluationRecord.model_validate({"step": step, "images": step, "epoch": float(step)} | {
            "evaluation": figures}))  # fmt: skip
    return records


@given(SHARES, SHARES, st.floats(0, 1e3), st.integers(0, 3 * LAST))
def test_a_constant_course_stops_after_the_last_evaluations_and_not_before(
    accuracy: float, coverage: float, distance: float, count: int
) -> None:
    found = evaluations(label_accuracy=[accuracy] * count, coverage=[coverage] * count, fid_mnist=[distance] * count)
    assert settling.settled(found, EPOCHS) == (count >= LAST)
    assert (selection.exhausted(AUTO, found) is not None) == (count >= LAST)


@given(
    st.sampled_from([("label_accuracy", 1), ("coverage", 1), ("fid_mnist", -1)]),
    st.floats(1e-3, 1e3),
    st.integers(1, 4 * LAST),
    st.floats(0, 0.3),
)
def test_a_steady_gain_of_any_figure_above_its_error_never_stops(
    rising: tuple[str, int], gain: float, count: int, error: float
) -> None:
    name, sign = rising
    series: dict[str, list[float | tuple[float, float] | None]] = {
        one: [0.5] * count for one in ("label_accuracy", "coverage", "fid_mnist")
    }
    series[name] = [(sign * gain * place, gain * error) for place in range(count)]
    found = evaluations(**series)
    assert not any(settling.settled(found[:length], EPOCHS) for length in range(count + 1))


@given(st.lists(SHARES, min_size=LAST, max_size=LAST), st.lists(SHARES, min_size=LAST, max_size=LAST))
def test_what_only_gets_worse_has_settled(accuracy: list[float], coverage: list[float]) -> None:
    falling = evaluations(label_accuracy=sorted(accuracy)[::-1], coverage=sorted(coverage)[::-1])
    assert settling.settled(falling, EPOCHS)


@given(
    st.lists(st.floats(-100, 100), min_size=LAST, max_size=LAST),
    st.lists(st.floats(0, 10), min_size=LAST, max_size=LAST),
)
def test_the_line_and_its_error_are_those_of_least_squares(values: list[float], errors: list[float]) -> None:
    assume(np.ptp(values) > 1e-3)
    found = settling.course("x", WHEN, values, errors, 1)
    line = stats.linregress(range(LAST), values)
    assert found.gain == pytest.approx(line.slope * (LAST - 1), rel=1e-6, abs=1e-9)
    scatter = stats.t(LAST - 2).ppf(0.975) * line.stderr
    drawn = stats.norm.ppf(0.975) * np.sqrt(np.mean(np.square(errors)) / np.square(np.arange(LAST) - 2).sum())
    assert found.error == pytest.approx(max(scatter, drawn) * (LAST - 1), rel=1e-3, abs=1e-6)


@given(st.lists(st.integers(-1000, 1000), min_size=LAST, max_size=LAST), st.integers(-6, 6), st.integers(-1000, 1000))
def test_neither_unit_nor_origin_matter(values: list[int], power: int, shift: int) -> None:
    one = settling.course("x", WHEN, values, [0.0] * LAST, 1)
    assume(abs(one.gain - one.error) > 1e-6 or len({*values}) == 1)
    other = settling.course("x", WHEN, [2.0**power * (value + shift) for value in values], [0.0] * LAST, 1)
    assert one.settled == other.settled


def test_noise_about_a_level_stops_mostly_and_the_level_of_the_test_is_kept() -> None:
    random = np.random.default_rng(0)
    series = 0.9 + 0.01 * random.standard_normal((2000, LAST))
    stopped = np.mean([settling.course("x", WHEN, row.tolist(), [0.01] * LAST, 1).settled for row in series])
    assert 0.97 <= stopped <= 0.995  # the larger of two errors: the level is 97.5 % or more


def test_one_figure_that_still_gets_better_goes_on_whatever_the_others_do() -> None:
    level, rise = [0.9] * LAST, [0.1 * place for place in range(LAST)]
    for still in ("label_accuracy", "coverage", "fid_mnist"):
        series = dict.fromkeys(("label_accuracy", "coverage", "fid_mnist"), level)
        series[still] = rise if still != "fid_mnist" else rise[::-1]
        assert not settling.settled(evaluations(**series), EPOCHS)
        assert settling.settled(evaluations(**series | {still: series[still][::-1]}), EPOCHS)


def test_the_kernel_distance_stands_in_where_no_frechet_distance_is_defined() -> None:
    level, falling = [0.9] * LAST, [1.0 - 0.1 * place for place in range(LAST)]
    undefined: list[float | None] = [None] * LAST
    assert settling.settled(evaluations(coverage=level, fid_mnist=level, kid_mnist=falling), EPOCHS)
    assert not settling.settled(evaluations(coverage=level, fid_mnist=undefined, kid_mnist=falling), EPOCHS)


def test_the_untrained_generator_is_left_out_and_without_any_figure_nothing_settles() -> None:
    found = evaluations(first=0, label_accuracy=[0.9] * (LAST + 1))
    assert not settling.settled(found[:LAST], EPOCHS)
    assert settling.settled(found, EPOCHS)
    assert not settling.settled(evaluations(recall=[0.9] * LAST), EPOCHS)
    assert not settling.settled(evaluations(label_accuracy=[*[0.9] * (LAST - 1), None]), EPOCHS)


@given(st.integers(1, 60), st.integers(1, 400))
def test_what_is_looked_at_covers_a_fifth_of_the_planned_epochs_and_five_evaluations(count: int, epochs: int) -> None:
    every = evaluations(label_accuracy=[0.5] * count)
    found = settling.looked_at(every, epochs)
    assert settling.settled(every, epochs) == (count >= LAST and count >= epochs / 5)
    if found:
        assert found == every[-len(found) :]
        assert len(found) == max(LAST, min(count, epochs // 5 + 1))


def test_the_sentence_has_each_figure_in_a_line() -> None:
    drawn = [(0.9 + 0.001 * place, 0.01) for place in range(LAST)]
    said = selection.exhausted(AUTO, evaluations(label_accuracy=drawn, coverage=[0.5] * LAST))
    assert said is not None
    assert "label_accuracy 0.904 (better by 0.004, error " in said
    assert "coverage 0.5 (not better)" in said
    assert "\n" not in said


@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "soon", "", "1e3"])
def test_another_patience_is_refused_with_what_is_expected(wrong: str) -> None:
    with pytest.raises(CondganError, match=r"evaluation\.patience=.*: expected evaluations, as 5, or auto, or none"):
        builtin.get("cgan-lsgan", [f"evaluation.patience={wrong}"])


def test_patience_is_a_number_auto_or_none() -> None:
    given_, kept = ("auto", "none", "7"), ("auto", None, 7)
    for text, value in itertools.zip_longest(given_, kept):
        assert builtin.get("cgan-lsgan", [f"evaluation.patience={text}"]).evaluation.patience == value
