"""Which images a dataset has is a pure function of what is written so far: parts of any size make the same set."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.export.plans import Counted, Listed
from condgan.recipe import Domain

COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any)
SIZES = st.integers(1, 30)


def domain(classes: int) -> Domain:
    return Domain(size=8, class_names=tuple(f"c{k}" for k in range(classes)), data="d", data_sha256="0" * 64)


def sample(conditions: Any, numbers: Any) -> Any:
    """Samples that are their numbers."""
    assert len(conditions) == len(numbers) > 0
    return numbers.copy()


def drawn(plan: Any) -> tuple[list[int], list[int], list[Any]]:
    """All numbers, conditions and states of a plan, each state read back from JSON as a resumed process does."""
    numbers: list[int] = []
    conditions: list[Any] = []
    states: list[Any] = []
    state = None
    while (rows := plan.next(None if state is None else json.loads(json.dumps(state)), sample)) is not None:
        assert np.array_equal(rows.samples, rows.numbers)
        assert len(rows.numbers) == len(rows.conditions)
        numbers += rows.numbers.tolist()
        conditions += rows.conditions.tolist()
        state = rows.state
        states.append(state)
        assert len(states) < 5000
    return numbers, conditions, states


@given(COUNTS, SIZES)
def test_parts_make_the_whole_whatever_their_size(counts: list[int], size: int) -> None:
    classes = len(counts)
    numbers, labels, _ = drawn(Counted(np.array(counts), size, domain(classes)))
    assert numbers == sorted(n * classes + k for k, count in enumerate(counts) for n in range(count))
    assert labels == [number % classes for number in numbers]


@given(COUNTS, SIZES, st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.5, 0.9]))
def test_with_any_filter_a_class_has_the_first_that_pass(counts: list[int], size: int, seed: int, share: float) -> None:
    classes = len(counts)
    passes = np.random.default_rng(seed).random(20_000) < share

    def keep(samples: Any, labels: Any) -> Any:
        assert np.array_equal(samples % classes, labels)
        return passes[samples]

    numbers, labels, states = drawn(Counted(np.array(counts), size, domain(classes), keep))
    assert labels == [number % classes for number in numbers]
    assert numbers == sorted(numbers)
    for k, count in enumerate(counts):
        every = [n * classes + k for n in range(20_000 // classes)]
        assert [number for number in numbers if number % classes == k] == [n for n in every if passes[n]][:count]
        tried = states[-1]["tried"][k]
        assert tried >= count
        assert (tried > 0) == (count > 0)


@given(COUNTS, SIZES, st.integers(0, 50))
def test_a_part_follows_from_the_state_before_it_alone(counts: list[int], size: int, at: int) -> None:
    plan = Counted(np.array(counts), size, domain(len(counts)), lambda samples, labels: samples % 3 != 0)
    try:
        numbers, _, states = drawn(plan)
    except CondganError:  # of a class whose numbers are all multiples of 3
        return
    state = states[at % len(states)]
    again = plan.next(json.loads(json.dumps(state)), sample)
    if again is None:
        assert state == states[-1]
        return
    assert again.state == states[at % len(states) + 1]
    assert {*again.numbers.tolist()} <= {*numbers}


@pytest.mark.parametrize("never", [0, 2])
def test_a_class_that_never_passes_ends_in_an_error(never: int) -> None:
    plan = Counted(np.array([3, 4, 2]), 10, domain(3), lambda samples, labels: labels != never)
    with pytest.raises(CondganError, match=f'class "c{never}"'):
        drawn(plan)


@given(st.integers(1, 40), SIZES, st.booleans())
def test_conditions_are_taken_in_order(count: int, size: int, vectors: bool) -> None:
    given = np.arange(2.0 * count, dtype=np.float32).reshape(count, 2) if vectors else np.arange(count) % 3
    numbers, conditions, _ = drawn(Listed(given, size, domain(3)))
    assert numbers == list(range(count))
    assert conditions == given.tolist()


@given(COUNTS, SIZES)
def test_a_part_is_about_as_large_as_asked(counts: list[int], size: int) -> None:
    """Whole rounds: at least one, and else no more than the size."""
    plan, state = Counted(np.array(counts), size, domain(len(counts))), None
    while (rows := plan.next(state, sample)) is not None:
        assert 1 <= len(rows.numbers) <= max(size, len(counts))
        state = rows.state
