"""The grids of published sweeps are there for any recipe, and are tried one value at a time."""

from pathlib import Path

import pytest

from condgan import recipes
from condgan.errors import CondganError
from condgan.experiments import grids, proposals
from condgan.experiments.spaces import Choices, parse
from condgan.experiments.study import Study
from condgan.experiments.sweep import Sweep
from condgan.recipe.text import differences, override


@pytest.mark.parametrize("name", recipes.names())
def test_each_setting_changes_one_thing(name: str) -> None:
    recipe = recipes.get(name)
    words, excluded = grids.of(recipe)
    space = parse(recipe, words)
    assert space.base == recipe
    settings = proposals.one_at_a_time(space)
    assert settings[0] == {}
    for setting in settings[1:]:
        (field,) = setting
        changed = {text.partition("=")[0] for text in differences(space.recipe(setting), recipe)}
        assert changed
        assert all(path == field or field == path.replace(".g.", ".").replace(".d.", ".") for path in changed)
    for text in excluded:
        with pytest.raises(CondganError):
            override(recipe, [text])


def test_the_published_sweep_is_covered() -> None:
    recipe = recipes.get("cgan-paper-adam")
    words, excluded = grids.of(recipe)
    assert excluded == []
    space = parse(recipe, words)
    for field, values in {
        "generator.norm": {"batch", "layer", "instance", "group"}, "loss.name": {"least-squares"},
        "generator.activation": {"relu", "prelu", "elu", "silu", "gelu"}, "optim.name": {"adamw", "adamax", "radam"},
        "latent.distribution": {"uniform", "laplace"}, "latent.correlation": {"0.5", "0.9"},
    }.items():  # fmt: skip
        choices = space.fields[field]
        assert isinstance(choices, Choices)
        assert values <= {*choices.values}
    assert {"train.batch", "train.epochs", "optim.lr", "optim.weight_decay", "train.critic_steps"} <= {*space.fields}


def test_a_sweep_of_the_grids_goes_on_as_it_was_planned(tmp_path: Path) -> None:
    from condgan.experiments.sweep import written

    recipe = recipes.get("cgan-lsgan", ["train.epochs=1"])
    words = tuple(grids.of(recipe)[0])
    study = Study(tmp_path / "S")
    plan = Sweep(parse(recipe, words), words, ("fid",), 20, 1, "one-at-a-time", study)
    study.begin(plan)
    assert written(study).settings == plan.settings
    assert plan.trials == len(plan.settings) > 20
