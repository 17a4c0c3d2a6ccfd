"""What is due when, against a count of every step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.draws.schedule import Plan
from condgan.errors import CondganError
from condgan.recipe import Recipe, builtin
from condgan.training.agenda import Agenda

PLAN = Plan(images=700, batch=64, epochs=3)  # eleven steps an epoch


def recipe(*overrides: str) -> Recipe:
    return builtin.get("cgan-lsgan", overrides)


@given(st.integers(1, 40), st.integers(0, 32))
def test_batches_are_due_exactly_there(every: int, step: int) -> None:
    due = {number for number in range(1, 34) if number % every == 0} | {PLAN.steps}
    agenda = Agenda(recipe(f"output.grid_every={every}b"), PLAN)
    assert agenda.grid(step) == min(number for number in due if number > step)


@given(st.integers(1, 2000), st.integers(0, 32))
def test_images_are_due_at_the_first_batch_that_reaches_them(every: int, step: int) -> None:
    seen = [PLAN.images_seen(number) for number in range(34)]
    due = {number for number in range(1, 34) if seen[number] // every > seen[number - 1] // every} | {PLAN.steps}
    agenda = Agenda(recipe(f"output.grid_every={every}", f"evaluation.every={every}"), PLAN)
    assert agenda.grid(step) == agenda.evaluation(step) == min(number for number in due if number > step)


@given(st.integers(1, 4), st.integers(0, 32))
def test_generators_are_kept_at_the_end_of_epochs(every: int, step: int) -> None:
    due = {11 * epoch for epoch in range(1, 4) if epoch % every == 0} | {PLAN.steps}
    agenda = Agenda(recipe(f"output.keep_every={every}"), PLAN)
    assert agenda.keeping(step) == min(number for number in due if number > step)
    assert agenda.next(step) <= agenda.keeping(step)


@pytest.mark.parametrize("given", ["0b", "b", "-1b", "1.5b", "10 b", "0", "1000B", "none", "²b"])
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(CondganError, match=r"output\.grid_every"):
        recipe(f"output.grid_every={given}")
