"""What a study needs is made, and what it cannot measure is refused, before its first training."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan import cli, recipes
from condgan import data as datasets
from condgan.errors import ArgumentError, CondganError, InterruptedTrainingError
from condgan.evaluation import features
from condgan.evaluation.comparison import QUICK
from condgan.experiments import ready, seeds, sweep
from condgan.recipe import Data
from condgan.storage import cache
from condgan.training import training

TINY = (
    "generator.hidden=4", "discriminator.hidden=4", "latent.dim=4", "train.epochs=1", "evaluation.every=600",
    "evaluation.images=100", "output.grid_every=1000000", "machine.threads=1",
)  # fmt: skip


@pytest.fixture
def shades(tmp_path: Path) -> Path:
    """240 images of 8 x 8 in two classes of different brightness."""
    rng = np.random.default_rng([*str(tmp_path).encode()])  # others in each test: networks are cached by their data
    labels = np.arange(240) % 2
    images = (60 + 120 * labels[:, None, None] + rng.integers(-40, 40, (240, 8, 8))).astype(np.uint8)
    np.savez(tmp_path / "shades.npz", images=images, labels=labels)
    return tmp_path / "shades.npz"


def test_a_metric_that_needs_more_images_is_refused_before_any_training(shades: Path, capsys: Any) -> None:
    words = ["sweep", "cgan-lsgan", *TINY, "optim.lr=1e-4,1e-3", "--metric", "seconds,fid"]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, "--data", str(shades), "--study", str(shades.parent / "S")])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--metric fid: 24 real and 100 generated images, at least " in told
    assert "small_n" not in told
    named = re.search(r"shades allows (.*)", told)
    assert named is not None
    assert os.listdir(shades.parent) == ["shades.npz"]
    # what is named can be sought, and what is not cannot: by the last evaluation of a real training
    source = f"data.source={shades}"
    run = training.train("cgan-lsgan", *TINY, source, run=shades.parent / "run")
    figures = run.evaluations()[-1].evaluation
    having = {figure.metric for figure in figures.values() if figure.value is not None}
    assert having == {*named[1].split(", ")}
    assert having < {metric.name for metric in QUICK}


@pytest.mark.parametrize(
    ("overrides", "says"),
    [((), "fid"), (("evaluation.images=1000000",), "fid"), (("evaluation.every=none",), "measures nothing")],
)
def test_what_cannot_be_measured(overrides: tuple[str, ...], says: str, shades: Path) -> None:
    recipe = recipes.get("cgan-lsgan", [*TINY, f"data.source={shades}", "data.size=8", *overrides])
    dataset = datasets.load(recipe.data)
    with pytest.raises(ArgumentError, match=says):
        ready.measurable(recipe, dataset, ["fid"])
    ready.measurable(recipe, dataset, [])
    unconditional = recipes.get("gan-mlp", [*TINY, f"data.source={shades}", "data.size=8"])
    ready.measurable(unconditional, dataset, ["kid", "recall"])
    with pytest.raises(ArgumentError, match="unconditional"):
        ready.measurable(unconditional, dataset, ["label_accuracy"])


def test_data_of_one_class_has_no_feature_network(shades: Path) -> None:
    with np.load(shades) as arrays:
        np.savez(shades.parent / "one.npz", images=arrays["images"], labels=np.zeros(240, np.int64))
    words = (*TINY, "optim.lr=1e-4,1e-3")
    with pytest.raises(CondganError, match="metric=kid: nothing can be measured: one has one class"):
        sweep.sweep("gan-mlp", *words, metric="kid", data=shades.parent / "one.npz", study=shades.parent / "S")


def test_seeds_train_the_feature_network_first_and_say_so(shades: Path) -> None:
    said: list[str] = []
    study = seeds.train_seeds("cgan-lsgan", *TINY, seeds=1, data=shades, study=shades.parent / "A", say=said.append)
    [line] = [text for text in said if "no feature network is known for shades: one is trained" in text]
    assert said.index(line) < said.index("seed-0: begins")
    assert cache.path(features.KIND, datasets.load(study.run("seed-0").recipe.data).sha256).is_file()
    assert "no feature network" not in (study.logs / "seed-0.log").read_text()
    again: list[str] = []
    seeds.train_seeds("cgan-lsgan", *TINY, seeds=1, data=shades, study=shades.parent / "B", say=again.append)
    assert not [text for text in again if "feature network" in text]


def test_its_training_can_be_interrupted(shades: Path) -> None:
    recipe = recipes.get("cgan-lsgan", [*TINY, f"data.source={shades}", "data.size=16"])
    dataset = datasets.load(recipe.data)
    with pytest.raises(InterruptedTrainingError, match="the same command begins it again"):
        ready.network(recipe, dataset, lambda _: None, lambda: True)
    assert features.known(dataset) is None
    ready.network(recipes.get("cgan-lsgan", ["evaluation.every=none"]), dataset, lambda _: None, lambda: True)
    mnist = datasets.load(Data())
    ready.network(recipes.get("cgan-lsgan"), mnist, lambda _: None, lambda: True)  # whose network is included


def test_it_says_how_far_it_is(monkeypatch: Any) -> None:
    said: list[str] = []
    now = iter([0.0, 4.0, 11.0, 11.0, 15.0, 22.0, 22.0])
    monkeypatch.setattr("condgan.experiments.ready.time.monotonic", lambda: next(now))
    progressed = ready.lines(said.append, lambda: False)
    for step in (1, 2, 3, 1500):
        progressed("feature network", step, 1500)
    assert said == ["feature network: 2 of 1,500", "feature network: 1,500 of 1,500"]
