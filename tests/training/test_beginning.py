"""What a training begins with: a recipe that suits its data, and the networks of another run."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import cli
from condgan.data import Split
from condgan.data.rows import resampled
from condgan.errors import CondganError
from condgan.recipe.suited import FEW, suggested
from condgan.runs import checkpoint

SHORT = ("evaluation.every=none", "machine.threads=1", "train.epochs=1")


def folder(path: Path, classes: dict[str, int], size: tuple[int, int] = (8, 8)) -> Path:
    random = np.random.default_rng(len(path.name))
    for kind, count in classes.items():
        (path / kind).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (size[1], size[0]), dtype=np.uint8)
            Image.fromarray(pixels).save(path / kind / f"{number}.png")
    return path


# The recipe


class Notices:
    def began(self, training: Any) -> None:
        self.text = " | ".join(training.notices)


def test_without_a_recipe_own_data_get_one_that_suits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listener, path = Notices(), folder(tmp_path / "f", {"bee": 12, "cat": 12}, (12, 12))
    run = condgan.train(None, *SHORT, data=path, listeners=[listener], run="run")
    assert (run.recipe.name, run.recipe.data.size, run.recipe.train.epochs) == ("images-small", 12, 1)
    assert run.recipe.augment.target is not None
    assert "recipe images-small data.size=12" in listener.text
    assert "24 images (fewer than 1000" in listener.text
    assert "2 classes: bee 12, cat 12" in listener.text
    assert "validation and test drawn here" in listener.text


def test_without_a_recipe_built_in_data_keep_the_default(tmp_path: Path, tiny: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()  # an empty folder of that name
    run = condgan.train(None, *tiny["cgan-lsgan"], *SHORT, "output.checkpoint_every=0.1", run="run", stop=lambda: True)
    assert run.recipe.name == "cgan-lsgan"
    assert run.recipe.data.source == "mnist"


@pytest.mark.parametrize("form", ["arrays", "dataset"])
def test_without_a_recipe_arrays_get_one_too(form: str, tmp_path: Path) -> None:
    images, labels = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8), np.arange(30) % 3
    data: Any = (images, labels)
    if form == "dataset":
        part = Split(images[:, None], labels.astype(np.int64))
        data = condgan.Dataset("mine", ("a", "b", "c"), part, part, part, "mine")
    run = condgan.train(None, *SHORT, data=data, run=tmp_path / "run", stop=lambda: True)
    assert (run.recipe.name, run.recipe.data.size) == ("images-small", 8)


@pytest.mark.parametrize(
    ("count", "sizes", "recipe", "size"),
    [
        (50_000, {(28, 28): 50_000}, "images", 28),
        (FEW, {(64, 64): FEW}, "images", 64),
        (FEW - 1, {(500, 375): 400, (375, 500): 599}, "images-small", 64),
        (126, {(30, 20): 60, (20, 30): 66}, "images-small", 30),
        (126, {(30, 20): 60, (20, 33): 66}, "images-small", 32),
        (10, {(2, 2): 10}, "images-small", 32),
    ],
)
def test_what_is_suggested(count: int, sizes: dict[tuple[int, int], int], recipe: str, size: int) -> None:
    suggestion = suggested(count, sizes)
    assert suggestion.recipe == recipe
    assert f"data.size={size}" in suggestion.overrides
    chosen = condgan.recipes.get(recipe, suggestion.overrides)
    steps = chosen.train.epochs * -(-count // chosen.train.batch)
    assert 4_000 <= steps <= 24_000


def test_what_is_given_is_neither_suggested_nor_announced() -> None:
    """A length or a size that is announced is the one that is trained."""
    sizes = {(16, 16): 60}
    free = suggested(60, sizes)
    assert free.overrides == ("data.size=16", "train.epochs=8000")
    assert "8000 epochs" in free.reason
    for given, left in (("train.epochs", ("data.size=16",)), ("data.size", ("train.epochs=8000",))):
        suggestion = suggested(60, sizes, [given])
        assert suggestion.overrides == left
        assert ("epochs" in suggestion.reason) == (given != "train.epochs")
        assert ("pixels" in suggestion.reason) == (given != "data.size")


@pytest.mark.parametrize("seeds", [None, 1])
def test_no_other_length_is_announced_than_that_which_is_typed(seeds: int | None, tmp_path: Path, capsys: Any) -> None:
    data = folder(tmp_path / "pets", {"cat": 20, "dog": 20, "owl": 20})
    fast = ("evaluation.every=none", "generator.width=2", "discriminator.width=2", "machine.threads=1")
    several = [] if seeds is None else ["--seeds", str(seeds)]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["train", "train.epochs=2", *fast, "--data", str(data), "--run", str(tmp_path / "run"), *several])
    told = capsys.readouterr()
    assert stopped.value.code == 0, told.err
    announced = re.findall(r"(\d+) epochs|train\.epochs=(\d+)|to epoch (\d+)", told.out)
    assert {number for found in announced for number in found if number} <= {"2"}
    assert "recipe images-small data.size=8, for 60 images" in told.out
    run = condgan.Run.open(tmp_path / "run" / ("" if seeds is None else "seed-0"))
    assert (run.recipe.train.epochs, run.status.epoch) == (2, 2.0)


# Networks of another run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> condgan.Run:
    path = tmp_path_factory.mktemp("first")
    data = folder(path / "f", {"ant": 20, "bee": 20, "cat": 20})
    return condgan.train("cgan-lsgan", *tiny["cgan-lsgan"], "machine.threads=1", data=data, epochs=3, run=path / "run")


def test_a_start_takes_the_weights_and_nothing_else(first: condgan.Run, tiny: Any, tmp_path: Path) -> None:
    data = folder(tmp_path / "other", {"ant": 9, "bee": 9, "cat": 9})
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "train.batch=4")
    run = condgan.train("cgan-lsgan", *options, data=data, epochs=1, run=tmp_path / "run", start=first)
    sessions = json.loads((run.folder / "provenance.json").read_text())["sessions"]
    assert sessions[0]["start"]["start"] == f".../{first.folder.name}"
    assert sessions[0]["start"]["step"] == checkpoint.load(first.checkpoint()).step > 0
    assert run.records()[0].step <= 6


class Hears:
    """Keeps the opening lines."""

    def began(self, beginning: Any) -> None:
        self.notices = beginning.notices


def test_the_opening_lines_say_what_was_taken_over(first: condgan.Run, tiny: Any, tmp_path: Path) -> None:
    data = folder(tmp_path / "other", {"ant": 9, "bee": 9, "dog": 9})
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "train.batch=4", "discriminator.hidden=12,12,12")
    hears = Hears()
    condgan.train("cgan-lsgan", *options, data=data, epochs=1, run=tmp_path / "run", start=first, listeners=[hears])
    old = checkpoint.load(first.checkpoint()).state
    new = checkpoint.load(tmp_path / "run" / "checkpoints" / "last.safetensors").state
    names = [name for name in new if name.startswith(("generator.", "discriminator.", "ema."))]
    fresh = [name for name in names if name not in old or (new[name].shape != old[name].shape)]
    (said,) = [notice for notice in hears.notices if notice.startswith("begins with")]
    assert f"{len(names) - len(fresh)} of {len(names)} arrays of the networks taken over" in said
    assert f"{len(fresh)} initialised (discriminator." in said
    assert said.endswith("new classes: dog")


class Raises:
    """Ends a training before its first step."""

    def saved(self, saved: Any) -> None:
        raise RuntimeError("enough")


def at_step_0(data: Path, options: tuple[str, ...], start: Any, run: Path, recipe: str = "cgan-lsgan") -> Any:
    """The checkpoint that a training begins with."""
    with pytest.raises(CondganError, match="enough"):
        condgan.train(recipe, *options, data=data, epochs=1, run=run, start=start, listeners=[Raises()])
    return checkpoint.load(run / "checkpoints" / "last.safetensors")


def test_step_0_is_saved_with_the_old_weights(first: condgan.Run, tiny: Any, tmp_path: Path) -> None:
    data = folder(tmp_path / "other", {"ant": 9, "bee": 9, "cat": 9})
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "train.batch=4", "output.checkpoint_every=0.001")
    old = checkpoint.load(first.checkpoint())
    new = at_step_0(data, options, first, tmp_path / "run")
    assert new.step in (0, 1)
    if new.step == 0:
        for name, array in old.state.items():
            if name.startswith(("generator.", "discriminator.")):
                assert np.array_equal(new.state[name], array), name
        assert not any(array.any() for name, array in new.state.items() if name.endswith("exp_avg"))


@pytest.mark.parametrize("recipe", ["cgan-lsgan", "cgan-paper-adam", "mnist-fast"])
def test_classes_go_by_name(recipe: str, tiny: Any, tmp_path: Path) -> None:
    """With classes in another order, and a new one among them, the samples of a known class stay the same."""
    from condgan import engines
    from condgan.data import load
    from condgan.training import beginning, preparation

    options = (*tiny[recipe], "machine.threads=1")
    before = folder(tmp_path / "a", {"bee": 20, "cat": 20, "dog": 20})
    run = condgan.train(recipe, *options, data=before, epochs=1, run=tmp_path / "run")
    after = folder(tmp_path / "b", {"ant": 20, "cat": 20, "bee 2": 20, "dog": 20, "bee": 20})
    planned = condgan.recipes.get(recipe, [*options, f"data.source={after}"])
    dataset = load(planned.data)
    engine, _ = preparation.engine(planned, dataset, None)
    state, words = beginning.Start.open(run).into(engine, planned, dataset.domain())
    assert words.startswith(f"begins with {run.folder} (step {run.status.step}): ")
    assert words.endswith("; new classes: ant, bee 2")
    sampler = engines.load("torch").sampler(planned, dataset.domain(), state)
    latents = np.random.default_rng(0).standard_normal((3, planned.latent.dim)).astype(np.float32)
    old = run.generator().sampler.sample(latents, np.arange(3))
    labels = np.array([dataset.class_names.index(name) for name in ("bee", "cat", "dog")])
    assert np.abs(sampler.sample(latents, labels).astype(int) - old.astype(int)).max() <= 1


def test_what_cannot_be_a_start(first: condgan.Run, tiny: Any, tmp_path: Path) -> None:
    options = (*tiny["mnist-fast"], "machine.threads=1", "evaluation.every=none")
    data = folder(tmp_path / "x", {"a": 9, "b": 9})
    with pytest.raises(CondganError, match="no weights that fit mnist-fast"):
        condgan.train("mnist-fast", *options, data=data, start=first, run=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(CondganError, match='no run and no generator file at "nowhere"'):
        condgan.train("mnist-fast", *options, start="nowhere", run=tmp_path / "run")


# Sampling of classes


@pytest.mark.parametrize("how", ["balanced", "sqrt"])
def test_classes_are_visited_evenly(how: Any) -> None:
    labels = np.repeat([0, 1, 2], [900, 90, 10])
    counts = np.bincount(labels[resampled(labels, how, 3, 7)])
    weights = np.sqrt([900, 90, 10]) if how == "sqrt" else np.ones(3)
    assert np.abs(counts - 1000 * weights / weights.sum()).max() <= 1
    rows = resampled(labels, how, 3, 7)
    assert len(rows) == 1000
    assert np.array_equal(rows, resampled(labels, how, 3, 7))
    assert not np.array_equal(rows, resampled(labels, how, 3, 8))
    visits = np.bincount(rows, minlength=1000)
    for label in range(3):
        of_class = visits[labels == label]
        assert of_class.max() - of_class.min() <= 1  # all of a class before any repeats


def test_a_balanced_training_resumes_exactly(tiny: Any, tmp_path: Path) -> None:
    data = folder(tmp_path / "f", {"bee": 40, "cat": 8})
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "data.sampling=balanced", "train.batch=8")
    whole = condgan.train("cgan-lsgan", *options, data=data, epochs=4, run=tmp_path / "whole")
    half = condgan.train("cgan-lsgan", *options, data=data, epochs=2, run=tmp_path / "half")
    condgan.resume(half, epochs=4)
    assert half.generator_file.read_bytes() == whole.generator_file.read_bytes()
    plain = condgan.train("cgan-lsgan", *options[:-2], "train.batch=8", data=data, epochs=4, run=tmp_path / "plain")
    assert plain.generator_file.read_bytes() != whole.generator_file.read_bytes()
