"""Verdicts on figures hold what they promise: few false alarms, other libraries' values, and honesty about one seed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from condgan.cli.compare import sentence
from condgan.experiments.differences import (
    Difference,
    Known,
    Sample,
    detectable,
    holm,
    interval,
    judge,
    p_value,
    power,
    seeds_needed,
    welch,
)

values = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 6)), min_size=2, max_size=8)


@given(values, values)
@settings(deadline=None)
def test_without_earlier_knowledge_it_is_welchs_test(a: list[float], b: list[float]) -> None:
    assume(min(np.std(a), np.std(b)) > 1e-3)  # beside values of up to 1000, where scipy is exact too
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert p_value(Sample(tuple(a)), Sample(tuple(b))) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    between = expected.confidence_interval(0.95)
    assert interval(Sample(tuple(a)), Sample(tuple(b))) == pytest.approx(
        (between.low, between.high), rel=1e-6, abs=1e-9
    )


@given(values, st.floats(0.1, 10), st.integers(1, 50))
def test_a_known_spread_is_pooled_by_degrees_of_freedom(own: list[float], spread: float, df: int) -> None:
    side = Sample(tuple(own), Known(spread, df))
    n = len(own)
    assert side.df == n - 1 + df
    assert side.pooled == pytest.approx(math.sqrt(((n - 1) * np.var(own, ddof=1) + df * spread**2) / (n - 1 + df)))
    assert side.pooled is not None
    assert min(np.std(own, ddof=1), spread) - 1e-9 <= side.pooled
    assert side.pooled <= max(np.std(own, ddof=1), spread) + 1e-9


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_its_definition_says(probabilities: list[float]) -> None:
    named = dict(enumerate(probabilities))
    rejected = holm(named)
    bonferroni = {name for name, p in named.items() if p <= 0.05 / len(named)}
    assert bonferroni <= rejected <= {name for name, p in named.items() if p <= 0.05}
    adjusted, running = {}, 0.0  # Holm's adjusted p-values, the other way to state the procedure
    for rank, name in enumerate(sorted(named, key=named.__getitem__)):
        running = max(running, (len(named) - rank) * named[name])
        adjusted[name] = running
    away = {name for name, p in adjusted.items() if abs(p - 0.05) > 1e-12}
    assert rejected & away == {name for name in away if adjusted[name] <= 0.05}


@pytest.mark.parametrize("known", [None, pytest.param(31, marks=pytest.mark.slow)])
def test_false_alarms_stay_below_their_level(known: int | None) -> None:
    """Of trainings that differ by chance alone, 3 against 3, few have any of ten figures called different."""
    generator = np.random.default_rng(0)
    alarms, pairs = 0, 400
    for _ in range(pairs):
        drawn = generator.normal(size=(10, 2, 3))
        earlier = generator.normal(size=(10, 2, (known or 0) + 1)).std(axis=2, ddof=1) if known else None
        sides = {
            name: tuple(
                Sample(
                    tuple(drawn[name, side]),
                    None if earlier is None or known is None else Known(earlier[name, side], known),
                )
                for side in (0, 1)
            )
            for name in range(10)
        }
        verdicts = judge({name: (a, b) for name, (a, b) in sides.items()}, dict.fromkeys(sides, "higher"))
        alarms += any(one.verdict != "not-distinguishable" for one in verdicts.values())
    assert stats.binomtest(alarms, pairs, 0.05, alternative="greater").pvalue > 0.001


def test_a_large_difference_is_seen_and_has_a_direction() -> None:
    a, b = Sample((0.10, 0.11, 0.12)), Sample((0.50, 0.51, 0.52))
    found = judge({"up": (a, b), "down": (a, b), "near": (a, b)}, {"up": "higher", "down": "lower", "near": 0.1})
    assert [found[name].verdict for name in ("up", "down", "near")] == ["better", "worse", "worse"]
    assert found["up"].difference == pytest.approx(0.4)
    assert found["up"].low is not None
    assert found["up"].high is not None
    assert found["up"].low < 0.4 < found["up"].high
    assert judge({"near": (b, a)}, {"near": 0.1})["near"].verdict == "better"


def test_one_training_cannot_know_and_says_how_many_could() -> None:
    alone, several = Sample((0.9,)), Sample((0.5, 0.51, 0.52))
    for a, b in ((alone, several), (several, alone), (alone, Sample((0.5,)))):
        one = judge({"x": (a, b)}, {"x": "higher"}, {"x": Known(0.2, 30)})["x"]
        assert (one.verdict, one.low, one.high, one.p) == ("cannot-know", None, None, None)
        assert one.seeds is not None
    assert judge({"x": (alone, Sample((0.5,)))}, {"x": "higher"})["x"].seeds is None  # nothing is known of the spread


def test_trainings_that_do_not_differ_at_all() -> None:
    ten, nine = Sample((10.0, 10.0, 10.0)), Sample((9.0, 9.0, 9.0))
    assert welch(ten, nine) == (0.0, 4.0)
    assert p_value(ten, ten) == 1.0
    assert p_value(ten, nine) == pytest.approx(0.1)  # 2 of the 20 ways to part six into three and three
    one = judge({"modes": (ten, nine)}, {"modes": "higher"})["modes"]
    assert (one.verdict, one.low, one.high) == ("not-distinguishable", None, None)


def test_the_number_of_seeds_has_the_power_that_it_promises() -> None:
    n = seeds_needed(1.0, 0.6, 1.1, figures=5)
    assert n is not None
    generator = np.random.default_rng(1)
    trials = 4000
    a, b = generator.normal(0, 0.6, (trials, n)), generator.normal(1, 1.1, (trials, n))
    p = stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue
    share = (p <= 0.05 / 5).mean()
    assert 0.77 < share < 0.9
    assert power(1.0, 0.6, 1.1, n - 1, 0.01) < 0.8 <= power(1.0, 0.6, 1.1, n, 0.01)
    assert seeds_needed(0.0, 1, 1, 1) is None
    assert seeds_needed(1e-6, 1, 1, 1) is None  # more than 1000
    assert seeds_needed(100.0, 1, 1, 10) == 3 or seeds_needed(100.0, 1, 1, 10) == 2


def test_a_detectable_difference_is_detected_as_often_as_promised() -> None:
    known = Known(1.0, 1000)
    a = b = Sample((0.0,) * 4, known)
    least = detectable(a, b, 1)
    assert least is not None
    generator = np.random.default_rng(2)
    drawn = generator.normal(size=(3000, 2, 4))
    error = welch(a, b)
    assert error is not None
    z = (drawn[:, 1].mean(1) + least - drawn[:, 0].mean(1)) / math.sqrt(1 / 2)
    assert (abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.04)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=6), st.lists(st.floats(0.01, 100), min_size=2, max_size=6))
@settings(deadline=None)
def test_ratios_are_compared_by_their_logarithms(a: list[float], b: list[float]) -> None:
    logs = np.log(a), np.log(b)
    assume(min(np.std(logs[0]), np.std(logs[1])) > 1e-3)
    sides = Sample(tuple(a), ratio=True), Sample(tuple(b), ratio=True)
    expected = stats.ttest_ind(logs[1], logs[0], equal_var=False)
    assert p_value(*sides) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    low, high = interval(*sides)
    between = expected.confidence_interval(0.95)
    assert low == pytest.approx(np.mean(a) * np.expm1(between.low), rel=1e-6, abs=1e-9)
    assert high is not None
    assert low is not None
    assert (low > 0 or high < 0) == (expected.pvalue < 0.05) or abs(expected.pvalue - 0.05) < 1e-6


def test_a_ratio_with_a_value_of_0_is_compared_as_it_is() -> None:
    a, b = (0.0, 0.1, 0.2), (0.5, 0.6, 0.8)
    assert p_value(Sample(a, ratio=True), Sample(b, ratio=True)) == p_value(Sample(a), Sample(b))


def test_the_number_of_seeds_is_more_than_there_are() -> None:
    a, b = Sample((0.47, 0.42, 0.51)), Sample((3.2, 2.6, 4.0))
    one = judge(
        {"x": (a, b)} | {f"y{number}": (a, a) for number in range(10)},
        dict.fromkeys(["x", *(f"y{n}" for n in range(10))], "lower"),
    )["x"]
    assert one.verdict == "not-distinguishable"
    assert one.seeds is not None
    assert one.seeds > 3
    ratios = replace(a, ratio=True), replace(b, ratio=True)
    assert judge({"x": ratios}, {"x": "lower"})["x"].verdict == "worse"


@pytest.mark.parametrize(("detectable", "shown"), [(0.05, True), (2.5, False)])
def test_a_difference_beyond_both_values_is_not_spoken_of(detectable: float, shown: bool) -> None:
    """Of a recall, which is 1 at most, 2.5 would have shown: that tells nobody anything."""
    a, b = Sample((0.7, 0.72)), Sample((0.69, 0.71))
    one = Difference(a, b, -0.01, -0.06, 0.04, 0.5, "not-distinguishable", detectable, 24)
    assert ("would have shown" in sentence(one)) == shown
    assert "24 seeds a side would show it" in sentence(one)
