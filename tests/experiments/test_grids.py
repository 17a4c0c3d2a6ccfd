"""The grids of published sweeps are there for any recipe, and are tried one value at a time."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan import cli, engines, recipes
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.experiments import grids, proposals
from condgan.experiments.spaces import Choices, parse
from condgan.experiments.study import Study
from condgan.experiments.sweep import Sweep
from condgan.recipe import Domain
from condgan.recipe.text import differences, override

TINY = ("generator.hidden=8", "discriminator.hidden=8", "latent.dim=4", "data.size=8", "train.epochs=4")
DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")


@pytest.mark.parametrize("name", recipes.names())
def test_each_setting_changes_one_thing_and_what_it_is_nothing_without(name: str) -> None:
    recipe = recipes.get(name)
    words, excluded = grids.of(recipe)
    space = parse(recipe, words)
    assert space.base == recipe
    settings = proposals.Listed(space).settings
    assert settings[0] == {}
    for setting in settings[1:]:
        (field,) = setting
        changed = {text.partition("=")[0] for text in differences(space.recipe(setting), recipe)}
        assert changed
        both = {path.replace(".g.", ".").replace(".d.", ".") for path in changed}
        assert both <= ({field, "optim.weight_decay"} if "adamw" in setting[field] else {field})
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
        "generator.activation": {"relu", "prelu", "elu", "silu", "gelu"},
        "optim.name": {"adamw+optim.weight_decay=0.01", "adamax", "radam"},
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


def test_each_setting_of_the_published_sweep_takes_steps() -> None:
    recipe = recipes.get("cgan-paper-adam", TINY)
    space = parse(recipe, grids.of(recipe)[0])
    dice = np.random.default_rng(0)
    data = Split(dice.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8), dice.integers(0, 3, 40))
    ended = {}
    for setting in proposals.Listed(space).settings:
        engine = engines.load("torch").build(space.recipe(setting), DOMAIN, data, ONE_THREAD)
        figures = engine.run(0, 4)
        assert all(np.isfinite(values).all() for values in figures.values()), setting
        ended[str(setting)] = b"".join(array.tobytes() for _, array in sorted(engine.state().items()))
    same = {name for name, state in ended.items() if state == ended["{}"]}
    assert {text for text in same if "train.epochs" not in text} == {"{}"}  # each other setting learns otherwise


@pytest.mark.slow
def test_a_sweep_without_values_trains_the_grids(
    digits: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grids, "EPOCHS", ())
    monkeypatch.setattr(grids, "GRIDS", {"latent.correlation": ("0", "0.5"), "optim.name": ("adam", "radam")})
    small = [*TINY[:3], "latent.distribution=uniform", "train.epochs=1", "evaluation.images=100", "machine.threads=1"]
    recipe = recipes.get("cgan-lsgan", small)
    made = tmp_path / "small.json"
    made.write_text(json.dumps(recipe.model_dump(mode="json")))
    words = ["sweep", made, "--one-at-a-time", "--metric", "label_accuracy", "--data", digits, "--workers", "2",
             "--study", tmp_path / "S", "--json"]  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, words)])
    shown = capsys.readouterr()
    assert stopped.value.code == 0, shown.err
    assert "left out, as cgan-lsgan excludes them: latent.correlation=0.5" in shown.err
    settings = json.loads(shown.out)["settings"]
    assert [(row["overrides"], row["state"]) for row in settings] == [
        ([], "finished"), (["optim.name=radam"], "finished"),
    ]  # fmt: skip
    assert Study(tmp_path / "S").run("setting-0001/seed-0").recipe.optim.d.name == "radam"
