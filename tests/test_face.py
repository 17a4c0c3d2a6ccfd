"""The public face: its names, their types, and what they accept."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan
from condgan.errors import CondganError
from condgan.recipe import Output, builtin
from condgan.recipe.text import to_json

REQUIRED = {
    "CondganError", "Dataset", "Evaluation", "Generator", "Listener", "Recipe", "Run",
    "diagnose", "evaluate", "load", "recipes", "resume", "train",
}  # fmt: skip
INIT = ast.parse(Path(condgan.__file__).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], "machine.threads=1")


@pytest.fixture(scope="module")
def run(digits: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> condgan.Run:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return condgan.train("cgan-lsgan", *options, data=digits, epochs=1, run=folder)


def test_it_lists_its_names_and_nothing_else() -> None:
    assert set(condgan.__all__) >= REQUIRED
    assert sorted(condgan.__all__) == dir(condgan)
    for name in dir(condgan):
        assert getattr(condgan, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = condgan.nothing  # type: ignore[attr-defined]


def test_type_checkers_see_every_name() -> None:
    """What they import, what is imported at run time, and what is exported are the same."""
    block = next(node for node in INIT.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}".removeprefix("condgan.")
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    places = {name: f"{place}.{name}" for name, place in condgan._PLACES.items()}
    assert imported == places | {"recipes": condgan._PLACES["recipes"]}
    assert set(imported) == set(condgan.__all__)


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys, typing; before = set(sys.modules); import condgan; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["condgan"]


def test_a_run_is_taken_for_its_folder(run: condgan.Run) -> None:
    images = condgan.load(run).sample("2026", seed=7)
    assert np.array_equal(images, condgan.load(run.folder).sample("2026", seed=7))
    assert condgan.resume(run).folder == run.folder
    found = condgan.diagnose(run, data="/nowhere")  # without pictures
    assert found.lines > 0
    from condgan.diagnosis.diagnosis import report

    assert report(found, run) == report(found, str(run.folder))
    assert f"{run.folder}" in report(found, run)


def test_objects_describe_themselves(run: condgan.Run) -> None:
    assert repr(condgan.load(run)) == "<Generator cgan-lsgan: 10 classes -> 1x8x8, 300 images seen, engine=torch>"
    assert "digits" in repr(data := condgan_dataset(run))
    assert repr(data) == "<Dataset digits: 270 train, 30 validation, 30 test of 1x8x8, 10 classes>"
    recipe = condgan.recipes.get("mnist-fast", ["train.epochs=9", "optim.g.betas=0,0.5"])
    assert repr(recipe) == "<Recipe mnist-fast optim.g.betas=0.0,0.5 train.epochs=9>"
    assert repr(condgan.recipes.get("mnist")) == str(condgan.recipes.get("mnist")) == "<Recipe mnist>"
    assert repr(recipe.model_copy(update={"name": "mine"})) == (
        "<Recipe mine: mnist-fast optim.g.betas=0.0,0.5 train.epochs=9>"
    )


def condgan_dataset(run: condgan.Run) -> condgan.Dataset:
    from condgan.data import load
    from condgan.runs.run import Run

    recipe: Any = Run(run.folder).recipe
    recipe = recipe if isinstance(recipe, condgan.Recipe) else recipe()
    return load(recipe.data)


# Recipes in files


def test_a_recipe_file_trains_as_its_recipe(
    digits: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = builtin.get("cgan-lsgan", [*options, f"data.source={digits}", "train.epochs=1"])
    Path("my.json").write_text(to_json(recipe))
    by_name = condgan.train("cgan-lsgan", *options, data=digits, epochs=1, run="by-name")
    for number, given in enumerate(("my.json", Path("my.json"), str(tmp_path / "my.json"), recipe)):
        result = condgan.train(given, run=str(number))
        weights = result.folder / "generator.safetensors"
        assert weights.read_bytes() == (by_name.folder / "generator.safetensors").read_bytes()


def test_the_command_line_takes_recipe_files(
    capsys: pytest.CaptureFixture[str], digits: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: Any
) -> None:
    from condgan.cli import main

    monkeypatch.chdir(tmp_path)
    Path("a=b").mkdir()
    for place in ("my.json", "a=b/my.json"):
        values = json.loads(to_json(builtin.get("cgan-lsgan", options)))
        del values["output"], values["notes"]  # have defaults
        Path(place).write_text(json.dumps(values))
        with pytest.raises(SystemExit) as stopped:
            main(["recipes", place, "train.epochs=1"])
        shown = capsys.readouterr()
        assert (stopped.value.code, shown.err) == (0, "")
        completed = json.loads(shown.out)
        assert completed.pop("output") == Output().model_dump(mode="json")
        assert completed.pop("notes") == []
        assert completed == values | {"train": values["train"] | {"epochs": 1}}
        folder = f"run of {Path(place).parent.name}"
        with pytest.raises(SystemExit) as stopped:
            main(["train", place, "--data", str(digits), "--epochs", "1", "--run", folder])
        assert (stopped.value.code, capsys.readouterr().err) == (0, "")
        assert (Path(folder) / "generator.safetensors").exists()


def test_a_builtin_name_wins_unless_it_is_written_as_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mnist").write_text(to_json(builtin.get("cgan-bce")))
    assert builtin.get("mnist").name == "mnist"
    assert builtin.get("./mnist").name == "cgan-bce"
    assert builtin.names()[0] == "cgan-lsgan"
    assert [builtin.get(name).name for name in builtin.names()] == list(builtin.names())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.json", None, "no recipe can be read from none.json: No such file"),
        ("folder.json", "", "no recipe can be read from folder.json: Is a directory"),
        ("./cgan-lsgan", None, "no recipe can be read from cgan-lsgan: No such file"),
        ("bad.json", "{", "bad.json is not JSON"),
        ("list.json", "[]", "list.json is not a recipe"),
        ("new.json", '{"format": 99}', "upgrade condgan"),
        ("field.json", '{"trian": 1}', 'unknown field "trian" (did you mean "train.'),
    ],
)
def test_a_bad_recipe_file_is_one_line(
    name: str, content: str | None, message: str, refused: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content == "":
        Path(name).mkdir()
    elif content is not None:
        Path(name).write_text(content)
    with pytest.raises(CondganError) as error:
        condgan.train(name)
    assert message in str(error.value)
    for command in ("recipes", "train"):
        assert refused(command, name) == f"condgan: {error.value}\n"


# Moments of a run


def test_every_door_takes_a_moment_of_a_run(
    digits: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, refused: Any
) -> None:
    from condgan.cli import main
    from condgan.evaluation import subjects

    monkeypatch.chdir(tmp_path)
    run = condgan.train("cgan-lsgan", *options, "output.keep_every=1", data=digits, epochs=3, run="run")
    first = run.generator(epoch=1).sample("2026", seed=7)
    assert not np.array_equal(first, condgan.load(run).sample("2026", seed=7))
    assert np.array_equal(first, condgan.load("run@1").sample("2026", seed=7))
    subject = subjects.find(Path("run@1"), None, [], 7, "last")
    assert np.array_equal(
        condgan.load("run@1").sample_classes(np.zeros(3, np.int64), 7), subject.take(np.eye(10, dtype=int)[0] * 3)[0]
    )
    for name, place in (("moment.npz", "run@1"), ("last.npz", "run")):
        with pytest.raises(SystemExit) as stopped:
            main(["sample", place, "--per-class", "2", "--seed", "7", "-o", name])
        assert stopped.value.code == 0, capsys.readouterr().err
    with np.load("moment.npz") as moment, np.load("last.npz") as last:
        assert np.array_equal(moment["images"], condgan.load("run@1").sample_classes(moment["labels"], 7)[:, 0])
        assert not np.array_equal(moment["images"], last["images"])
    whole, early = (condgan.diagnose(place, data="/nowhere") for place in ("run", "run@1"))
    assert whole.lines == 3 * early.lines > 0
    for command in ("sample", "evaluate"):
        assert "epoch 9" in refused(command, "run@9")
        assert '"nowhere"' in refused(command, "nowhere@1")
    with pytest.raises(CondganError, match="run has not reached epoch 9"):
        condgan.diagnose("run@9")
    assert "has not reached epoch 9" in refused("diagnose", "run@9")
    assert "run@2 is a moment of a run: give run" in refused("resume", "run@2")


# Arguments of a wrong type

NUL = "a\0b"


async def later() -> bool:
    return True


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: condgan.train(5), "recipe=5: expected a path"),
        (lambda: condgan.train(b"mnist"), "recipe=b'mnist': expected a path"),
        (lambda: condgan.train("mnist", 5), '"5" is not an override'),
        (lambda: condgan.train("mnist", epochs="x"), "train.epochs=x: "),
        (lambda: condgan.train("mnist", epochs=10**30), "train.epochs=1000"),
        (lambda: condgan.train("mnist", run=5), "run=5: expected a path"),
        (lambda: condgan.train("mnist", run=""), "run='': expected a path"),
        (lambda: condgan.train("mnist", run=NUL), "NUL"),
        (lambda: condgan.train("mnist", listeners=None), "listeners=None: expected a list"),
        (lambda: condgan.train("mnist", listeners=5), "listeners=5: expected a list"),
        (lambda: condgan.train("mnist", stop=5), "stop=5: expected a function"),
        (lambda: condgan.train("mnist", stop=later), "expected a function (not an async one)"),
        (lambda: condgan.train("mnist", data=5), "data=int: expected"),
        (lambda: condgan.train("mnist", data=NUL), "no such path"),
        (lambda: condgan.resume(None), "run=None: expected a path"),
        (lambda: condgan.load(None), "path=None: expected a path"),
        (lambda: condgan.load(NUL), "NUL"),
        (lambda: condgan.evaluate(None), "path=None: expected a path"),
        (lambda: condgan.evaluate("mnist", n="x"), "n='x': expected 2 to 1000000 images, a whole number"),
        (lambda: condgan.evaluate("mnist", n=2.5), "n=2.5: expected 2 to"),
        (lambda: condgan.evaluate("mnist", seed="a"), "seed='a': expected 0 to"),
        (lambda: condgan.evaluate("mnist", inception="nowhere"), "nowhere"),
        (lambda: condgan.diagnose(3.5), "run=3.5: expected a path"),
        (lambda: condgan.Dataset("a", ("b",), *[condgan_split([[1]], [0])] * 3, ""), "images are of type list"),
    ],
)  # fmt: skip
def test_a_wrong_type_is_one_clear_line(call: Any, message: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CondganError) as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def condgan_split(images: Any, labels: Any) -> Any:
    from condgan.data import Split

    return Split(images, labels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.sample(None), "conditions=None: expected classes"),
        (lambda g: g.sample("2", seed="a"), "seed='a': expected 0 to"),
        (lambda g: g.sample("2", seed=1.5), "seed=1.5: expected 0 to"),
        (lambda g: g.sample("2", seed=True), "seed=True: expected 0 to"),
        (lambda g: g.sample("2", first=2**63), "first=9223372036854775808: expected 0 to"),
        (lambda g: g.sample("2", first=2**63 - 1), "expected 0 to 9223372036854775806, a whole number"),
        (lambda g: g.sample_weights(np.ones((1, 10)), first=1.5), "first=1.5: expected 0 to"),
        (lambda g: g.sample_any("a"), "count='a': expected 1 to"),
        (lambda g: g.sample_any(0), "count=0: expected 1 to"),
        (lambda g: g.sample_classes(np.zeros((2, 2), int), 0), "classes are int64 (2, 2): expected indexes"),
        (lambda g: g.sample_classes(np.zeros(2), 0), "classes are float64 (2,): expected indexes"),
    ],
)
def test_a_sampler_refuses_in_one_clear_line(call: Any, message: str) -> None:
    with pytest.raises(CondganError) as raised:
        call(condgan.load("mnist"))
    assert message in str(raised.value)
    assert condgan.load("mnist").sample("2", seed=np.int64(7), first=np.int32(1)).shape == (1, 1, 28, 28)


def test_arrays_that_numpy_cannot_take_are_refused() -> None:
    import torch

    images, labels = np.zeros((4, 8, 8), np.uint8), np.array([0, 1, 0, 1])
    masked = np.ma.masked_array(images, mask=images == 0)
    for given, message in (
        ((torch.zeros(4, 8, 8, requires_grad=True), labels), "are no arrays"),
        ((masked, labels), "are masked: fill what is masked"),
    ):
        with pytest.raises(CondganError) as raised:
            condgan.train("mnist", data=given)
        assert message in str(raised.value)
        assert "\n" not in str(raised.value)
