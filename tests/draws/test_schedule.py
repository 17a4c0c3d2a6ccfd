"""Steps, images and epochs; learning rates and momenta."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.draws import schedule
from condgan.draws.schedule import FALLS, Plan
from condgan.recipe import Augment, Growing, Optimiser, Train, builtin

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
    recipe = builtin.RECIPES["cgan-paper"]
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


def test_cosine_by_hand() -> None:
    plan = Plan(images=100, batch=10, epochs=4)  # 40 steps
    cosine = Optimiser(lr=0.8, schedule="cosine")
    rates = [schedule.learning_rate(cosine, step, plan) for step in (0, 10, 20, 30, 40, 41)]
    assert rates == pytest.approx([0.8, 0.4 + 0.4 * math.sqrt(0.5), 0.4, 0.4 - 0.4 * math.sqrt(0.5), 0, 0])


def test_a_schedule_may_begin_late() -> None:
    plan = Plan(images=100, batch=10, epochs=4)
    for kind, half in (("linear", 0.25), ("cosine", 0.5 - 0.5 * math.sqrt(0.5))):
        late = Optimiser.model_validate({"lr": 1.0, "schedule": kind, "schedule_from": 0.5})
        rates = [schedule.learning_rate(late, step, plan) for step in (0, 10, 20, 30, 35, 40)]
        assert rates == pytest.approx([1, 1, 1, 0.5, half, 0])


@given(plans, st.sampled_from(["linear", "cosine"]), st.floats(0, 0.999), st.floats(1e-6, 1))
def test_schedules_only_fall_and_end_at_0(plan: Plan, kind: str, start: float, lr: float) -> None:
    optimiser = Optimiser.model_validate({"lr": lr, "schedule": kind, "schedule_from": start})
    rates = [schedule.learning_rate(optimiser, step, plan) for step in range(plan.steps + 1)]
    assert rates[0] == lr
    assert rates == sorted(rates, reverse=True)
    assert all(rate == lr for step, rate in enumerate(rates) if step <= start * plan.steps)
    assert rates[-1] == 0
    mirrored = [rates[i] + rates[-1 - i] for i in range(len(rates))] if start == 0 else []
    assert mirrored == pytest.approx([lr] * len(mirrored))  # both fall alike in either direction


@given(plans, st.floats(0, 0.9), st.floats(0, 0.9), st.integers(1, 5))
def test_momentum_goes_from_start_to_end(plan: Plan, start: float, end: float, epochs: int) -> None:
    rising = Optimiser(name="sgd", momentum=start, momentum_end=end, momentum_epochs=epochs)
    at = [schedule.momentum(rising, epoch * plan.steps_per_epoch, plan) for epoch in range(8)]
    expected = [start + (end - start) * min(1, epoch / epochs) for epoch in range(8)]
    assert at == pytest.approx(expected)
    assert schedule.momentum(Optimiser(name="sgd", momentum=start), 3, plan) == start


@given(plans, st.floats(0, 2), st.integers(1, 5), st.integers(0, 3000))
def test_instance_noise_falls_to_0_or_stays(plan: Plan, noise: float, epochs: int, step: int) -> None:
    assert schedule.instance_noise(Augment(noise=noise), step, plan) == noise
    falling = Augment(noise=noise, noise_epochs=epochs)
    expected = noise * max(0.0, 1 - plan.epoch(step) / epochs)
    assert schedule.instance_noise(falling, step, plan) == pytest.approx(expected)
    assert schedule.instance_noise(falling, 0, plan) == noise
    assert schedule.instance_noise(falling, epochs * plan.steps_per_epoch, plan) == 0


def test_growing_by_hand() -> None:
    """800 images at each resolution, then 400 in which the next fades in; a batch is 100."""
    plan = Plan(images=1000, batch=100, epochs=9)
    growing = Growing(images=800, fade=400)
    at = {0: 0, 8: 0, 9: 0.25, 10: 0.5, 12: 1, 20: 1, 22: 1.5, 24: 2, 60: 2, 1000: 2}
    assert {step: schedule.grown(growing, 3, step, plan) for step in at} == pytest.approx(at)
    assert schedule.grown(growing, 1, 50, plan) == 0  # images of the smallest size have nothing to grow
    assert schedule.grown(Growing(), 3, 0, plan) == 2


@given(plans, st.integers(1, 500), st.integers(1, 500), st.integers(1, 5))
def test_networks_grow_without_a_jump_until_all_are_in_use(plan: Plan, images: int, fade: int, stages: int) -> None:
    growing = Growing(images=images, fade=fade)
    end = plan.step_at((stages - 1) * (images + fade))
    steps = range(0, end + 3, 1 + end // 50)
    at = [schedule.grown(growing, stages, step, plan) for step in steps]
    assert at[0] == 0
    assert schedule.grown(growing, stages, end, plan) == stages - 1
    for before, after, step in zip(at, at[1:], steps, strict=False):
        seen = plan.images_seen(step + steps.step) - plan.images_seen(step)
        assert 0 <= before <= after <= stages - 1
        assert after - before <= seen / fade + 1e-9


@given(st.floats(0, 0.9999), st.integers(0, 10**6))
def test_the_average_warms_up(decay: float, step: int) -> None:
    assert schedule.average_decay(Train(ema=decay), step) == decay
    warm = Train(ema=decay, ema_warmup=True)
    assert schedule.average_decay(warm, step) == min(decay, (1 + step) / (10 + step))
    assert schedule.average_decay(warm, 0) <= 0.1
    assert schedule.average_decay(warm, step) <= schedule.average_decay(warm, step + 1)
    assert schedule.average_decay(Train(), step) == 0


def test_what_depends_on_the_length() -> None:
    assert schedule.depends_on_length(builtin.get("cgan-lsgan")) == []
    assert schedule.depends_on_length(builtin.get("cgan-paper")) == []
    assert schedule.depends_on_length(builtin.get("cgan-lsgan", ["optim.schedule=linear"])) == [
        "optim.g.schedule",
        "optim.d.schedule",
    ]
    assert schedule.depends_on_length(builtin.get("cgan-lsgan", ["optim.d.schedule=cosine"])) == ["optim.d.schedule"]
    assert all(not schedule.depends_on_length(recipe) for recipe in builtin.TABLE)
    assert all(len(schedule.depends_on_length(recipe)) == 2 for recipe in builtin.OWN)


@given(plans, st.sampled_from(["constant", "linear", "cosine", "exponential"]), st.integers(1, 5), st.floats(0, 0.9))
def test_a_step_s_rate_depends_on_the_length_only_where_that_is_said(
    plan: Plan, kind: str, more: int, start: float
) -> None:
    recipe = builtin.get(
        "cgan-lsgan", [f"optim.d.schedule={kind}", f"optim.d.schedule_from={start if kind in FALLS else 0}"]
    )
    longer = Plan(plan.images, plan.batch, plan.epochs + more)
    rates = [
        [schedule.learning_rate(recipe.optim.d, step, length) for step in range(plan.steps)]
        for length in (plan, longer)
    ]
    if not schedule.depends_on_length(recipe):
        assert rates[0] == rates[1]
    elif start < 1 - 2 / plan.steps:
        assert rates[0] != rates[1]
