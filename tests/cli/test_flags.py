"""Errors name arguments; the command line names its flags instead. The rest of a message stays the same."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan
from condgan import cli
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation import evaluation, features, subjects
from condgan.export import export
from condgan.generation import generator
from condgan.recipe import Data

ROOT = Path(condgan.__file__).parent
MOST = (1 << 63) - 1


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def python(job: Callable[..., object], *arguments: Any, **options: Any) -> str:
    """The message that a job raises."""
    with pytest.raises(CondganError) as error:
        job(*arguments, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("job", "options", "command", "in_python", "on_the_command_line"),
    [
        (evaluation.evaluate, {"n": 1}, "evaluate mnist --n 1", "n=1: expected 2", "--n 1: expected 2"),
        (evaluation.evaluate, {"split": "a"}, "evaluate mnist --split a", "split=a: expected", "--split a: expected"),
        (evaluation.evaluate, {"seed": -1}, "evaluate mnist --seed -1", "seed=-1: expected", "--seed -1: expected"),
        (
            evaluation.evaluate, {"checkpoint": "x"}, "evaluate mnist --checkpoint x",
            "checkpoint=x: expected last or best", "--checkpoint x: expected last or best",
        ),
        (generator.load, {"checkpoint": "x"}, "sample mnist --checkpoint x", "checkpoint=x: e", "--checkpoint x: e"),
        (export.to_file, {"scale": 0}, "sample mnist --scale 0", "scale=0: expected 1", "--scale 0: expected 1"),
        (export.to_file, {"seed": -1}, "sample mnist --seed -1", "seed=-1: expected", "--seed -1: expected"),
        (
            export.to_file, {"per_class": 0}, "sample mnist --per-class 0",
            "per_class=0: expected", "--per-class 0: expected",
        ),
        (
            export.to_file, {"sequence": "1", "grid": True, "per_class": 2}, "sample mnist 1 --grid --per-class 2",
            "`sequence` and `grid` and `per_class` were given", "SEQUENCE and --grid and --per-class were given",
        ),
        (
            export.to_file, {"output": Path("x.jpg")}, "sample mnist -o x.jpg",
            "(`per_class`: an .npz or a folder; `conditions`: an .npz)",
            "(--per-class: an .npz or a folder; --conditions: an .npz)",
        ),
    ],
)  # fmt: skip
def test_a_message_names_the_argument_in_python_and_the_flag_on_the_command_line(
    job: Callable[..., object],
    options: dict[str, Any],
    command: str,
    in_python: str,
    on_the_command_line: str,
    refused: Any,
) -> None:
    message = python(job, Path("mnist"), **({"sequence": None} | options if job is export.to_file else options))
    shown = refused(*command.split())
    assert in_python in message
    assert on_the_command_line in shown
    assert "--" not in message
    assert not re.search(r"`(n|seed|split|checkpoint|scale|per_class|grid|sequence|conditions)\b", shown)


def test_the_message_about_steps(refused: Any, digits: Path) -> None:
    dataset = subjects.real_images(Data(), str(digits), ["data.size=8"])
    assert python(features.train, dataset, 0) == "steps=0: expected 1 to 1000000"
    assert "--steps 0: expected 1 to 1000000" in refused("features", digits, "data.size=8", "--steps", 0)


def test_messages_about_real_images(refused: Any, animals: Path, tmp_path: Path, digits: Path) -> None:
    from condgan.recipe import builtin

    run = condgan.train(
        "gan-mlp", "data.size=8", "train.batch=64", "evaluation.every=none", data=digits, epochs=1, run="run"
    )
    moved = tmp_path / "moved.json"
    moved.write_text((run.folder / "recipe.json").read_text().replace(str(digits), "/gone.npz"))
    assert builtin.get(str(moved)).data.source == "/gone.npz"
    (run.folder / "recipe.json").write_text(moved.read_text())
    message = python(condgan.resume, run, epochs=2)
    assert "no such path" in message
    other = tmp_path / "other.npz"
    np.savez(other, images=np.zeros((40, 8, 8), np.uint8), labels=np.arange(40) % 4)
    assert "`data` names its place" in python(condgan.resume, run, data=other)
    assert "--data names its place" in refused("resume", run.folder, "--data", other)
    for data, name in ((animals, "animals"), (None, None)):
        if data is not None:
            message = python(condgan.evaluate, "mnist", data=str(data), n=2, gan_train=False)
            assert f'class "0" is not in {name}' in message
            assert "; `data` names" in message
            assert "; --data names" in refused("evaluate", "mnist", "--data", data, "--n", 2)


def test_the_message_about_an_existing_run(refused: Any, digits: Path) -> None:
    Path("taken").mkdir()
    Path("taken/mine.txt").write_text("precious")
    message = python(condgan.train, data=digits, run="taken")
    assert "choose another `run`" in message
    assert "choose another --run" in refused("train", "--data", digits, "--run", "taken")


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("n", "1", "--n 1"),
        ("n", None, "--n"),
        ("small_n", "True", "--small-n"),
        ("hundred", "True", "--100-vs-100"),
        ("gan_train", "False", "--no-gan-train"),
        ("c2st", "False", "--no-c2st"),
        ("inception", "FILE", "--inception FILE"),
        ("output", "x", "--output x"),
        ("as_json", None, "--json"),
        ("path", "x", "PATH x"),
        ("path", None, "PATH"),
        ("run", "x", None),
        ("", None, None),
    ],
)
def test_a_flag_for_each_parameter(argument: str, value: str | None, expected: str | None) -> None:
    import typer

    from condgan.cli.command import flag

    group: Any = typer.main.get_command(cli.app)
    assert flag(argument, value, group.commands["evaluate"].params) == expected


def test_values_and_other_words_stay_the_same() -> None:
    import typer

    from condgan.cli.command import translated

    group: Any = typer.main.get_command(cli.app)
    parameters = group.commands["evaluate"].params
    error = ArgumentError("n", "`seed`", "data=x, `condgan resume n=1`, `best`, `train.n=3`; `data=PATH` is one")
    assert str(error) == "n=`seed`: data=x, `condgan resume n=1`, `best`, `train.n=3`; `data=PATH` is one"
    assert translated(error, parameters) == (
        "--n --seed: data=x, `condgan resume n=1`, `best`, `train.n=3`; --data PATH is one"
    )
    assert translated(CondganError('"seed=3" does not apply here'), parameters) == '"seed=3" does not apply here'
    assert str(ArgumentError("other", 1, "no")) == translated(ArgumentError("other", 1, "no"), parameters)


def texts(source: str) -> list[str]:
    """The strings of a source, without docstrings and whole commands; ``{}`` stands for a value."""
    tree = ast.parse(source)
    skipped = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    strings = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            strings.append("".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values))  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            strings.append(node.value)
    return [re.sub("`condgan [^`]*`|^condgan [a-z]+ .*", "", text) for text in strings]


def flags() -> set[str]:
    """The long flags of all commands."""
    import typer

    group: Any = typer.main.get_command(cli.app)
    return {
        name
        for command in group.commands.values()
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--")
    }


FILES = sorted(path for path in ROOT.rglob("*.py") if "cli" not in path.relative_to(ROOT).parts)


def test_no_message_outside_the_command_line_names_a_flag() -> None:
    named = re.compile(rf"(?<![\w-])({'|'.join(flags())})(?![\w-])")
    assert {"--n", "--data", "--small-n", "--warm"} <= flags()
    named_flags = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in FILES
        for text in texts(path.read_text(encoding="utf-8"))
        if named.search(text)
    }
    assert named_flags == set()


def test_flags_in_messages_are_detected() -> None:
    assert texts('raise X(f"--n {n}: no")') == ["--n {}: no"]
    assert texts('"""Uses --n."""\nx = f"see `condgan resume {n} --n`"') == ["see "]
