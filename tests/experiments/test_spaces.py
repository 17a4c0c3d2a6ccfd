"""Spaces of settings are read as they are written, and all that is wrong is said at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.experiments.spaces import Choices, Interval, parse
from condgan.recipe import builtin

BASE = builtin.get("cgan-lsgan", [])


def test_ranges_choices_tuples_and_fixed_values() -> None:
    space = parse(
        BASE,
        ["optim.lr=1e-5..1e-3:log", "train.batch=32,64,128", "optim.betas=0.5,0.999/0,0.9", "train.epochs=3",
         "train.critic_steps=1..5", "train.fakes=fresh", "generator.norm=none,batch",
         "discriminator.hidden=512,512/128"],
    )  # fmt: skip
    assert space.base.train.epochs == 3
    assert space.fields == {
        "optim.lr": Interval(1e-5, 1e-3, log=True),
        "train.batch": Choices(("32", "64", "128")),
        "optim.betas": Choices(("0.5,0.999", "0,0.9")),
        "train.critic_steps": Interval(1, 5, whole=True),
        "generator.norm": Choices(("none", "batch")),
        "discriminator.hidden": Choices(("512,512", "128")),
    }
    recipe = space.recipe({"optim.lr": 2e-4, "train.batch": "64", "optim.betas": "0,0.9", "train.critic_steps": 3.0})
    assert (recipe.optim.g.lr, recipe.optim.d.betas, recipe.train.critic_steps) == (2e-4, (0.0, 0.9), 3)


def test_a_choice_may_set_other_fields_with_it() -> None:
    words = ["optim.name=adam,adamw+optim.weight_decay=0.01", "discriminator.hidden=512,512/128+generator.hidden=64,64"]
    space = parse(BASE, words)
    recipe = space.recipe({"optim.name": "adamw+optim.weight_decay=0.01"})
    assert [(o.name, o.weight_decay) for o in (recipe.optim.g, recipe.optim.d)] == [("adamw", 0.01)] * 2
    recipe = space.recipe({"discriminator.hidden": "128+generator.hidden=64,64", "optim.name": "adam"})
    assert (recipe.discriminator.hidden, recipe.generator.hidden) == ((128,), (64, 64))
    assert recipe.optim == BASE.optim
    fixed = parse(BASE, ["optim.name=adamw+optim.weight_decay=0.01", "train.batch=32,64"])
    assert fixed.base.optim.d.weight_decay == 0.01
    assert list(fixed.fields) == ["train.batch"]
    assert parse(BASE, ["optim.lr=1e-4,1e+0"]).fields["optim.lr"] == Choices(("1e-4", "1e+0"))
    with pytest.raises(CondganError, match=r'unknown field "optim\.weight_decoy"'):
        parse(BASE, ["optim.name=adam,adamw+optim.weight_decoy=0.01"])


def test_a_number_for_a_field_of_floats_is_a_float() -> None:
    assert parse(BASE, ["penalty.r1=0..10"]).fields["penalty.r1"] == Interval(0, 10)


@given(low=st.floats(1e-6, 1e-3), high=st.floats(2e-3, 1e-1))
def test_the_ends_of_a_range_come_back(low: float, high: float) -> None:
    space = parse(BASE, [f"optim.lr={low!r}..{high!r}:log"])
    for value in (low, high):
        assert space.recipe({"optim.lr": value}).optim.d.lr == value


def test_all_errors_are_named_at_once() -> None:
    words = ["optim.lr=3..1", "optim.rate=1,2", "generator.norm=none,bach", "loss.name=1..2", "train.batch=-1,5", "x",
             "latent.dim=1,2", "latent.dim=3",
             "penalty.r1=-1..1:log", "data.size=28,28"]  # fmt: skip
    with pytest.raises(CondganError) as raised:
        parse(BASE, words)
    expected = ("optim.lr=3..1", 'unknown field "optim.rate"', "bach", "a range is for numbers", '"x"', "given twice")
    for part in (*expected, "above 0 with :log"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)
