"""Steps, images and epochs; learning rates and momenta."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan import recipes, schedule
from condgan.recipe import Optimiser
from condgan.schedule import Plan

plans = st.builds(Plan, images=st.integers(2, 500), batch=st.integers(2, 200), epochs=st.integers(1, 7))


def test_mnist_has_938_batches() -> None:
    plan = Plan(images=60_000, batch=64, epochs=100)
    assert plan.steps_per_epoch == 938
    assert plan.images_per_epoch == 60_000
    assert [plan.rows(step) for step in (0, 936, 937, 938)] == [64, 64, 32, 64]
    assert plan.steps == 93_800
    assert plan.images_seen(937) == 59_968
    assert plan.images_seen(938) == 60_000
    assert plan.step_at(64_000) == 1001  # the 63rd batch of the second epoch
    assert plan.epoch(938 + 469) == pytest.approx(1.50026667)


def test_a_lone_last_image_is_left_out() -> None:
    plan = Plan(images=129, batch=64, epochs=2)
    assert plan.images_per_epoch == 128
    assert [plan.rows(step) for step in range(4)] == [64] * 4


@given(plans)
def test_an_epoch_is_all_images_in_full_batches_and_a_rest(plan: Plan) -> None:
    rows = [plan.rows(step) for step in range(plan.steps_per_epoch)]
    assert sum(rows) == plan.images_per_epoch
    assert plan.images - plan.images_per_epoch == (plan.images % plan.batch == 1)
    assert all(count == plan.batch for count in rows[:-1])
    assert 2 <= rows[-1] <= plan.batch
    assert [plan.rows(step + plan.steps_per_epoch) for step in range(plan.steps_per_epoch)] == rows


@given(plans, st.integers(0, 3000))
def test_images_seen_is_the_sum_of_the_rows(plan: Plan, step: int) -> None:
    assert plan.images_seen(step) == sum(plan.rows(number) for number in range(step))
    assert plan.epoch(step) == pytest.approx(plan.images_seen(step) / plan.images_per_epoch)


@given(plans, st.integers(0, 3000))
def test_steps_to_images_and_back(plan: Plan, step: int) -> None:
    assert plan.step_at(plan.images_seen(step)) == step


@given(plans, st.integers(0, 20_000))
def test_step_at_is_the_first_step_after_which_so_many_were_seen(plan: Plan, images: int) -> None:
    step = plan.step_at(images)
    assert plan.images_seen(step) >= images
    assert step == 0 or plan.images_seen(step - 1) < images


def test_the_paper_s_schedules() -> None:
    """SGD "with mini-batches of size 100 and initial learning rate of 0.1 which was exponentially decreased down to
    .000001 with decay factor of 1.00004", momentum "with initial value of .5 which was increased up to 0.7"."""
    recipe = recipes.RECIPES["cgan-paper"]
    plan = Plan(60_000, recipe.train.batch, recipe.train.epochs)
    for optimiser in (recipe.optim.g, recipe.optim.d):
        for step in (0, 1, 1000, 50_000, 287_000):
            assert schedule.learning_rate(optimiser, step, plan) == pytest.approx(0.1 / 1.00004**step)
        reached = math.log(0.1 / 1e-6) / math.log(1.00004)
        assert schedule.learning_rate(optimiser, math.ceil(reached) + 1, plan) == 1e-6
        assert schedule.learning_rate(optimiser, math.floor(reached) - 1, plan) > 1e-6
        assert schedule.learning_rate(optimiser, 10_000_000, plan) == 1e-6
        momenta = [schedule.momentum(optimiser, step, plan) for step in range(0, 600 * 300, 600)]
        assert momenta[0] == 0.5
        assert momenta == sorted(momenta)
        assert momenta[-1] == pytest.approx(0.7)
        assert momenta[optimiser.momentum_epochs // 2] == pytest.approx(0.6)


@given(plans, st.floats(1e-6, 1), st.data())
def test_constant_and_linear(plan: Plan, lr: float, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, plan.steps))
    constant, linear = Optimiser(lr=lr), Optimiser(lr=lr, schedule="linear")
    assert schedule.learning_rate(constant, step, plan) == lr
    assert schedule.learning_rate(linear, step, plan) == pytest.approx(lr * (plan.steps - step) / plan.steps, abs=1e-12)
    assert schedule.learning_rate(linear, plan.steps + 5, plan) == 0


@given(plans, st.floats(0, 0.9), st.floats(0, 0.9), st.integers(1, 5))
def test_momentum_goes_from_start_to_end(plan: Plan, start: float, end: float, epochs: int) -> None:
    rising = Optimiser(name="sgd", momentum=start, momentum_end=end, momentum_epochs=epochs)
    at = [schedule.momentum(rising, epoch * plan.steps_per_epoch, plan) for epoch in range(8)]
    expected = [start + (end - start) * min(1, epoch / epochs) for epoch in range(8)]
    assert at == pytest.approx(expected)
    assert schedule.momentum(Optimiser(name="sgd", momentum=start), 3, plan) == start


def test_what_depends_on_the_length() -> None:
    assert schedule.depends_on_length(recipes.get("cgan-lsgan")) == []
    assert schedule.depends_on_length(recipes.get("cgan-paper")) == []
    assert schedule.depends_on_length(recipes.get("cgan-lsgan", ["optim.schedule=linear"])) == [
        "optim.g.schedule",
        "optim.d.schedule",
    ]
    assert schedule.depends_on_length(recipes.get("cgan-lsgan", ["optim.d.schedule=linear"])) == ["optim.d.schedule"]
    assert all(not schedule.depends_on_length(recipe) for recipe in recipes.RECIPES.values())
