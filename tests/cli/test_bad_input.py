"""Bad input gives an error of one line: what was given, what was expected, what to do. No file is changed."""

import errno
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

import condgan as package
from condgan.errors import CondganError, DivergedError
from condgan.generation import generator
from condgan.runs import checkpoint, log
from condgan.runs.run import Run
from condgan.storage import weights


@pytest.fixture(scope="module")
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], "machine.threads=1")


@pytest.fixture(scope="module")
def trained(digits: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package.train(
        "cgan-lsgan", *options, data=digits, epochs=1, run=tmp_path_factory.mktemp("runs") / "trained"
    ).folder


@pytest.fixture(scope="module")
def unconditional(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "unconditional"
    return package.train("gan-mlp", *tiny["gan-mlp"], data=digits, epochs=1, run=folder).folder


@pytest.fixture(scope="module")
def zoo(animals: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "zoo"
    return package.train("cgan-lsgan", *options, data=animals, epochs=1, run=folder).folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "copied"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, in which a refused command writes no file."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def nothing_was_written() -> bool:
    return not list(Path().iterdir())


# Recipes and overrides


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["cgan-lsgn"], ['unknown recipe "cgan-lsgn"', 'did you mean "cgan-lsgan"', "cgan-paper"]),
        (["cgan-lsgan", "optim.rl=1"], ['unknown field "optim.rl"', 'did you mean "optim.', "condgan recipes"]),
        (["cgan-lsgan", "train.bacth=32"], ['unknown field "train.bacth"', 'did you mean "train.batch"']),
        (["optim.g.lrr=1"], ['unknown field "optim.g.lrr"', 'did you mean "optim.g.lr"']),
        (["cgan-lsgan", "train=3"], ['unknown field "train"']),
        (["cgan-lsgan", "train.batch.x=3"], ['unknown field "train.batch.x"']),
        (["cgan-lsgan", "train.batch=abc"], ["train.batch=abc", "integer"]),
        (["cgan-lsgan", "train.batch=1"], ["train.batch=1", "greater than or equal to 2"]),
        (["cgan-lsgan", "train.batch=64.5"], ["train.batch=64.5", "integer"]),
        (["cgan-lsgan", "train.epochs=0"], ["train.epochs=0"]),
        (["cgan-lsgan", "--epochs", "0"], ["train.epochs=0", "greater than or equal to 1"]),
        (["cgan-lsgan", "--epochs", "many"], ["--epochs", "integer", "condgan --help"]),
        (["cgan-lsgan", "optim.lr=0"], ["optim.g.lr=0", "optim.d.lr=0", "greater than 0"]),
        (["cgan-lsgan", "optim.lr=nan"], ["optim.g.lr=nan", "finite"]),
        (["cgan-lsgan", "optim.lr=-1"], ["optim.g.lr=-1"]),
        (["cgan-lsgan", "optim.lr="], ["optim.g.lr="]),
        (["cgan-lsgan", "optim.betas=0.5"], ["optim.g.betas", "0.5"]),
        (["cgan-lsgan", "optim.betas=0.5,1.5"], ["betas", "1.5"]),
        (["cgan-lsgan", "optim.name=adan"], ["optim.g.name=adan", "'adam'", 'did you mean "adam"']),
        (["cgan-lsgan", "loss.name=least-square"], ["loss.name=least-square", 'did you mean "least-squares"']),
        (["cgan-lsgan", "loss.halved=maybe"], ["loss.halved=maybe", "boolean"]),
        (["cgan-lsgan", "train.order=gfirst"], ["train.order=gfirst", 'did you mean "g-first"']),
        (["cgan-lsgan", "generator.hidden=128,x"], ["generator.hidden", "integer"]),
        (["cgan-lsgan", "generator.hidden=0"], ["generator.hidden"]),
        (["cgan-lsgan", "generator.condition=none"], ["generator.condition=none", "discriminator.condition=embedding"]),
        (["cgan-lsgan", "generator.activation=maxout"], ["maxout", "pieces"]),
        (["cgan-lsgan", "train.critic_steps=2"], ["critic_steps", "fakes=fresh"]),
        (["cgan-lsgan", "train.generator_batch=full"], ["generator_batch=full", "fakes=fresh"]),
        (["cgan-lsgan", "data.channels=2"], ["data.channels=2"]),
        (["cgan-lsgan", "data.size=2"], ["data.size=2"]),
        (["cgan-lsgan", "seed=-1"], ["seed=-1"]),
        (["cgan-lsgan", "machine.device=tpu"], ["machine.device=tpu"]),
        (["cgan-lsgan", "machine.device=cuda:99"], ["machine.device=cuda:99", "machine.device=cpu"]),
        (["cgan-lsgan", "machine.threads=0"], ["machine.threads=0"]),
        (["cgan-lsgan", "output.checkpoint_every=120"], ["output.checkpoint_every=120", "60"]),
        (["cgan-lsgan", "output.sequence=2x"], ['"x"', "0, 1, 2"]),
        (["cgan-lsgan", "output.sequence="], ["sequence"]),
        (["cgan-lsgan", "banana"], ['"banana" is not an override', "section.field=value"]),
        (["cgan-lsgan", "=3"], ['"=3"', "section.field=value"]),
        (["cgan-lsgan", "--dta", "x"], ["--dta", "--data", "condgan --help"]),
        (["cgan-lsgan", "format=2"], ["format=2"]),
        (["cgan-lsgan", "name=a/b"], ["name=a/b"]),
        (
            ["cgan-lsgan", "train.bacth=1", "optim.lr=x", "generator.norm=layre", "nonsense"],
            ["train.bacth", "optim.g.lr=x", "optim.d.lr=x", "generator.norm=layre", '"nonsense"'],  # all at once
        ),
    ],
)
def test_wrong_recipes(arguments: list[str], parts: list[str], refused: Any, digits: Path) -> None:
    message = refused("train", *arguments, "--data", digits, "--run", "run")
    for part in parts:
        assert part in message
    assert nothing_was_written()


@pytest.mark.parametrize("command", [["recipes", "cgan-lsgn"], ["recipes", "cgan-lsgan", "optim.lrr=1"]])
def test_wrong_recipes_are_not_printed(command: list[str], refused: Any) -> None:
    assert "did you mean" in refused(*command)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["sampel"], ["sampel", "condgan --help"]),
        (["sample"], ["path", "condgan --help"]),
        (["resume"], ["run", "condgan --help"]),
        (["--nonsense"], ["--nonsense"]),
        (["sample", "nowhere"], ['"nowhere"', "condgan train"]),
        (["resume", "nowhere"], ['"nowhere"', "condgan train"]),
        (["resume", "."], ["recipe.json"]),
        (["sample", "."], ["recipe.json"]),
    ],
)
def test_wrong_commands(arguments: list[str], parts: list[str], refused: Any) -> None:
    message = refused(*arguments)
    for part in parts:
        assert part in message
    assert nothing_was_written()


# Data


def test_missing_data(refused: Any, options: tuple[str, ...]) -> None:
    message = refused("train", "cgan-lsgan", *options, "--data", "nowhere.npz", "--run", "run")
    assert "nowhere.npz" in message
    assert "no such path" in message
    assert 'did you mean "mnist"' in refused("train", "cgan-lsgan", *options, "--data", "minst")
    assert nothing_was_written()


def test_a_conditional_recipe_needs_two_classes(refused: Any, options: tuple[str, ...], tmp_path: Path) -> None:
    data = tmp_path / "one.npz"
    np.savez(data, images=np.zeros((30, 8, 8), np.uint8), labels=np.zeros(30, int))
    message = refused("train", "cgan-lsgan", *options, "--data", data, "--run", "run")
    assert "one has one class" in message
    assert "gan-mlp" in message
    assert nothing_was_written()
    package.train("gan-mlp", *options, data=data, epochs=1, run="run")  # what the message advises works


def test_too_few_images(refused: Any, options: tuple[str, ...], tmp_path: Path) -> None:
    data = tmp_path / "few.npz"
    np.savez(data, images=np.zeros((1, 8, 8), np.uint8), labels=np.zeros(1, int))
    assert "at least 2" in refused("train", "gan-mlp", *options, "--data", data)
    assert nothing_was_written()


# Classes and samples


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([""], ["empty sequence", "0,1,2"]),
        ([" , "], ["empty sequence"]),
        (["20x6"], ['"x"', "10", "0, 1, 2"]),
        (["2,10"], ['"10"', "0, 1, 2"]),
        (["-1"], ["-1"]),
        (["2026", "--grid"], ["SEQUENCE and --grid", "choose one"]),
        (["--grid", "--per-class", "2"], ["--grid and --per-class", "choose one"]),
        (["--per-class", "0"], ["--per-class 0", "expected 1 to"]),
        (["--per-class", "x"], ["--per-class", "integer"]),
        (["2026", "--seed", "-1"], ["--seed -1", "expected 0 to"]),
        (["2026", "--seed", str(1 << 63)], [f"--seed {1 << 63}", "expected 0 to"]),
        (["2026", "--seed", "x"], ["--seed", "integer"]),
        (["--grid", "--seed", "-1"], ["--seed -1", "expected 0 to"]),
        (["--per-class", "1", "--seed", "-1"], ["--seed -1", "expected 0 to"]),
        (["2026", "--scale", "0"], ["--scale 0", "1 to 64"]),
        (["2026", "--scale", "100000"], ["--scale 100000", "1 to 64"]),
        (["2026", "-o", "row.jpg"], ["row.jpg", ".png"]),
        (["2026", "-o", "row"], ["row", ".png", "--per-class"]),
        (["--per-class", "1", "-o", "x.png"], ["x.png", ".npz"]),
        (["2026", "--checkpoint", "first"], ["first", "last or best"]),
        (["2026", "--checkpoint", "best"], ["best", "evaluation"]),
    ],
)
def test_wrong_samples(arguments: list[str], parts: list[str], refused: Any, trained: Path) -> None:
    message = refused("sample", trained, *arguments)
    for part in parts:
        assert part in message
    assert nothing_was_written()


def test_unknown_class_names(refused: Any, zoo: Path) -> None:
    message = refused("sample", zoo, "cat,dgo")
    assert '"dgo"' in message
    assert 'did you mean "dog"' in message
    assert "cat, dog, polar bear" in message
    assert '"3"' in refused("sample", zoo, "cat,3")
    assert "--index 3" in refused("sample", zoo, "--index", "0,3")
    with pytest.raises(CondganError, match='"cow"'):
        package.load(zoo).sample(["cat", "cow"])
    with pytest.raises(CondganError, match="empty"):
        package.load(zoo).sample([])
    with pytest.raises(CondganError, match="class index"):
        package.load(zoo).sample_classes(np.array([0, 3]), 0)
    with pytest.raises(CondganError, match="class index"):
        package.load(zoo).sample_classes(np.array([-1]), 0)


def test_no_sequence_for_a_generator_without_classes(refused: Any, unconditional: Path) -> None:
    message = refused("sample", unconditional, "2026")
    assert "gan-mlp is unconditional" in message
    assert "--grid" in message
    assert "unconditional" in refused("sample", unconditional, "--per-class", "3")
    assert nothing_was_written()


def test_an_existing_dataset_is_not_overwritten(refused: Any, trained: Path) -> None:
    Path("mine.npz").write_text("precious")
    Path("mine").mkdir()
    for output in ("mine.npz", "mine"):
        assert "not overwritten" in refused("sample", trained, "--per-class", 1, "-o", output)
    assert Path("mine.npz").read_text() == "precious"
    assert not list(Path("mine").iterdir())
    assert sorted(path.name for path in Path().iterdir()) == ["mine", "mine.npz"]


def test_paths_that_cannot_be_written(refused: Any, trained: Path, options: tuple[str, ...], digits: Path) -> None:
    Path("file").write_text("precious")
    Path("folder.png").mkdir()
    message = refused("train", "cgan-lsgan", *options, "--data", digits, "--run", "file/run")
    assert "file/run" in message
    assert "--run" in message
    assert "file" in refused("train", "cgan-lsgan", *options, "--data", digits, "--run", "file")
    assert "file/row.png" in refused("sample", trained, "2026", "-o", "file/row.png")
    assert "folder.png" in refused("sample", trained, "2026", "-o", "folder.png")
    assert "file/set.npz" in refused("sample", trained, "--per-class", 1, "-o", "file/set.npz")
    assert Path("file").read_text() == "precious"
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder.png"]


# Run folders


def test_an_existing_run_is_not_overwritten(refused: Any, copied: Path, options: tuple[str, ...], digits: Path) -> None:
    before = {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()}
    message = refused("train", "cgan-lsgan", *options, "--data", digits, "--run", copied)
    assert str(copied) in message
    assert f"condgan resume {copied}" in message
    assert {path: path.read_bytes() for path in copied.rglob("*") if path.is_file()} == before
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("precious")
    assert "exists and is kept" in refused("train", "cgan-lsgan", *options, "--data", digits, "--run", "mine")
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.tex"]


def test_a_run_that_another_process_trains(refused: Any, copied: Path) -> None:
    code = (
        "import sys; from condgan.runs.run import Run\n"
        "with Run.open(sys.argv[1]).locked(): print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, copied], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        try:
            message = refused("resume", copied, "--epochs", "2")
            package.load(copied).sample("1")  # sampling needs no lock
        finally:
            process.kill()
    assert str(copied) in message
    assert "another process" in message
    assert package.resume(copied, epochs=2).recipe.train.epochs == 2  # a killed process holds no lock


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "not a recipe"),
        (b"{}", "not a recipe"),
        (b'{"format": 4}', "upgrade condgan"),
        (b"[" * 100_000, "not JSON"),
    ],
)
@pytest.mark.parametrize("command", ["resume", "sample"])
def test_a_damaged_recipe(command: str, text: bytes, expected: str, refused: Any, copied: Path) -> None:
    (copied / "recipe.json").write_bytes(text)
    message = refused(command, copied)
    assert "recipe.json" in message
    assert expected in message


def test_a_recipe_with_an_unknown_field(refused: Any, copied: Path) -> None:
    values = json.loads((copied / "recipe.json").read_text())
    values["train"]["bacth"] = values["train"].pop("batch")
    (copied / "recipe.json").write_text(json.dumps(values))
    message = refused("resume", copied)
    assert 'unknown field "train.bacth"' in message
    assert 'did you mean "train.batch"' in message


def test_a_damaged_log(refused: Any, copied: Path) -> None:
    lines = (copied / "log.jsonl").read_text().splitlines()
    (copied / "log.jsonl").write_text("\n".join(["{broken", *lines]) + "\n")
    message = refused("resume", copied, "--epochs", "2")
    assert "log.jsonl, line 1" in message
    with pytest.raises(CondganError, match="line 1"):
        log.read(copied / "log.jsonl")


def test_a_log_line_without_its_figures(refused: Any, copied: Path) -> None:
    (copied / "log.jsonl").write_text('{"step": 5}\n{"step": 5}\n')
    assert "log.jsonl" in refused("resume", copied, "--epochs", "2")


# Checkpoints and generator files


def both(copied: Path) -> list[Path]:
    return [copied / "checkpoints/last.safetensors", copied / "generator.safetensors"]


@pytest.mark.parametrize("length", [0, 1, 7, 8, 100, 0.5, -1])
def test_truncated_files(length: float, refused: Any, copied: Path) -> None:
    for path in both(copied):
        whole = path.read_bytes()
        end = int(length * len(whole)) if 0 < length < 1 else int(length)
        path.write_bytes(whole[:end])
    for arguments in (["sample", copied, "1"], ["resume", copied, "--epochs", "2"]):
        message = refused(*arguments)
        assert str(copied / "checkpoints/last.safetensors") in message
        assert "truncated" in message
    assert "generator.safetensors" in refused("sample", copied / "generator.safetensors", "1")


def test_files_that_condgan_did_not_write(refused: Any, copied: Path) -> None:
    for path in both(copied):
        path.write_bytes(b"<html>not found</html>" * 10)
    for path in (copied, copied / "generator.safetensors"):
        assert "not a whole safetensors file" in refused("sample", path, "1")
    for path in both(copied):
        save_file({"weight": np.zeros(3, np.float32)}, path, {"format": "pt"})
    for path in (copied, copied / "generator.safetensors"):
        assert "was not written by condgan" in refused("sample", path, "1")


def rewritten(path: Path, kind: str, arrays: dict[str, Any] | None = None, **changes: Any) -> None:
    """Rewrite a file with another description or other arrays, without condgan's checks."""
    description, written = weights.load(path, kind)
    written |= arrays or {}
    text = json.dumps(description | changes)
    save_file({name: array for name, array in written.items() if array is not None}, path, {weights.KEY: text})


def test_files_of_a_newer_format(refused: Any, copied: Path) -> None:
    rewritten(copied / "checkpoints/last.safetensors", "checkpoint", format=2)
    rewritten(copied / "generator.safetensors", "generator", format=2)
    for arguments in (["sample", copied, "1"], ["resume", copied], ["sample", copied / "generator.safetensors", "1"]):
        message = refused(*arguments)
        assert "format 2" in message
        assert "upgrade condgan" in message


def test_a_recipe_of_a_newer_format_inside(refused: Any, copied: Path) -> None:
    description, _ = weights.load(copied / "generator.safetensors", "generator")
    newer = description["recipe"] | {"format": 4, "unheard_of": 1}
    rewritten(copied / "generator.safetensors", "generator", recipe=newer)
    assert "upgrade condgan" in refused("sample", copied / "generator.safetensors", "1")


def test_a_checkpoint_and_a_generator_file_exchanged(refused: Any, copied: Path) -> None:
    last, generator_file = both(copied)
    message = refused("sample", last, "1")
    assert "is a checkpoint, not a generator" in message
    shutil.copy(generator_file, last)
    for arguments in (["sample", copied, "1"], ["resume", copied]):
        message = refused(*arguments)
        assert str(last) in message
        assert "is a generator, not a checkpoint" in message
    assert "no run folder" in refused("resume", generator_file)


def test_a_checkpoint_of_another_recipe(refused: Any, copied: Path, unconditional: Path) -> None:
    shutil.copy(unconditional / "checkpoints/last.safetensors", copied / "checkpoints/last.safetensors")
    message = refused("resume", copied, "--epochs", "2")
    assert "another recipe" in message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float, refused: Any, copied: Path) -> None:
    broken = np.full(64, value, np.float32)
    rewritten(copied / "generator.safetensors", "generator", {"body.out.bias": broken})
    rewritten(copied / "checkpoints/last.safetensors", "checkpoint", {"generator.body.out.bias": broken})
    for path in (copied, copied / "generator.safetensors"):
        message = refused("sample", path, "1")
        assert "body.out.bias" in message
        assert "NaN or infinite" in message


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        ({"body.out.bias": None}, '"body.out.bias" is missing'),
        ({"extra": np.zeros(1, np.float32)}, '"extra" has no place'),
        ({"body.out.bias": np.zeros(63, np.float32)}, '"body.out.bias" is float32 (63,)'),
        ({"body.out.bias": np.zeros(64, np.float64)}, '"body.out.bias" is float64'),
        ({"body.out.bias": np.zeros(64, np.uint32)}, '"body.out.bias" is'),
        ({"body.out.bias": np.zeros(64, np.float16)}, '"body.out.bias" is float16'),
        ({"body.out.bias": np.zeros((64, 0), np.float32)}, '"body.out.bias" is'),
    ],
)
def test_weights_that_do_not_fit(arrays: dict[str, Any], expected: str, refused: Any, copied: Path) -> None:
    path = copied / "generator.safetensors"
    rewritten(path, "generator", arrays)
    message = refused("sample", path, "1")
    assert str(path) in message
    assert expected in message
    last = copied / "checkpoints/last.safetensors"
    rewritten(last, "checkpoint", {f"generator.{name}": array for name, array in arrays.items()})
    for arguments in (["sample", copied, "1"], ["resume", copied, "--epochs", "2"]):
        assert expected.split('"')[1] in refused(*arguments)


@pytest.mark.parametrize(
    "changes",
    [
        {"step": -1},
        {"step": None},
        {"step": "x"},
        {"step": float("inf")},
        {"step": float("nan")},
        {"step": 10**30},
        {"images_seen": float("inf")},
        {"seconds": None},
        {"seconds": float("nan")},
        {"settings": None},
        {"settings": {}},
        {"settings": {"device": "abacus", "threads": 1, "threads_by": "x"}},
        {"settings": {"device": "cuda:77", "threads": 1, "threads_by": "x"}},
        {"settings": {"device": "cpu", "threads": 0, "threads_by": "x"}},
        {"settings": {"device": "cpu", "threads": -3, "threads_by": "x"}},
        {"settings": {"device": "cpu", "threads": 10**30, "threads_by": "x"}},
        {"domain": None},
        {"domain": []},
        {"recipe": None},
        {"recipe": "cgan-lsgan"},
    ],
    ids=repr,
)
def test_checkpoints_with_a_damaged_header(changes: dict[str, Any], refused: Any, copied: Path) -> None:
    rewritten(copied / "checkpoints/last.safetensors", "checkpoint", **changes)
    refused("resume", copied, "machine.threads=none", "--epochs", "2")


@pytest.mark.parametrize(
    "arrays",
    [
        {"log.d_loss": np.zeros((2, 2), np.float32)},
        {"log.d_loss": np.zeros((), np.float32)},
        {"log.d_loss": np.zeros(3, np.float32)},
    ],
    ids=["2-D", "0-D", "unequal"],
)
def test_checkpoints_with_damaged_pending_figures(arrays: dict[str, Any], refused: Any, copied: Path) -> None:
    rewritten(copied / "checkpoints/last.safetensors", "checkpoint", arrays)
    refused("resume", copied, "--epochs", "2")


def test_a_domain_that_does_not_fit_the_weights(refused: Any, copied: Path) -> None:
    path = copied / "generator.safetensors"
    description, _ = weights.load(path, "generator")
    for change in ({"size": 1024}, {"channels": 3}, {"class_names": ["a"]}, {"class_names": []}, {"size": 1 << 40}):
        rewritten(path, "generator", domain=description["domain"] | change)
        assert str(path) in refused("sample", path, "--grid")
        rewritten(path, "generator", domain=description["domain"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def with_header(path: Path, text: str) -> Path:
    """A safetensors file with this description."""
    header = json.dumps({"__metadata__": {weights.KEY: text}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


@given(st.text() | json_values.map(json.dumps))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_header_is_refused_or_read(tmp_path: Path, text: str) -> None:
    path = with_header(tmp_path / "hostile.safetensors", text)
    for load in (generator.load, checkpoint.load):
        with pytest.raises(CondganError, match=re.escape(str(path))):
            load(path)


def test_a_deeply_nested_header(refused: Any, tmp_path: Path) -> None:
    path = with_header(tmp_path / "deep.safetensors", "[" * 100_000)
    assert "deep.safetensors" in refused("sample", path, "1")


@given(
    st.sampled_from(["recipe", "domain", "step", "images_seen", "settings", "seconds", "kind", "format"]), json_values
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_field_of_a_header_is_refused_or_read(trained: Path, tmp_path: Path, field: str, value: Any) -> None:
    source = trained / "checkpoints/last.safetensors"
    path = tmp_path / "hostile.safetensors"
    description, arrays = weights.load(source, "checkpoint")
    save_file(dict(arrays), path, {weights.KEY: json.dumps(description | {field: value})})
    try:
        read = checkpoint.load(path)
    except CondganError as error:
        message = str(error)
    else:
        assert read.step >= 0
        assert read.settings.threads >= 1
        return
    assert str(path) in message


@given(st.binary(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(data)
    with pytest.raises(CondganError, match=re.escape(str(path))):
        package.load(path)


# Failures while a command runs


def test_a_training_that_diverges(refused: Any, options: tuple[str, ...], digits: Path, capsys: Any) -> None:
    arguments = (*options, "optim.name=sgd", "optim.lr=1e30", "--data", digits, "--run", "run")
    message = refused("train", "cgan-lsgan", *arguments)
    step = re.search(r"NaN or infinite at step (\d+)", message)
    assert step
    assert int(step[1]) < 5
    assert "optim.g.lr=0.1 optim.d.lr=0.1" in message
    assert "no checkpoint was due yet" in message
    assert not (Path("run") / "checkpoints").exists()


def test_the_last_good_checkpoint_survives_a_divergence(refused: Any, copied: Path) -> None:
    """Weights so large that the next losses overflow."""
    last = copied / "checkpoints/last.safetensors"
    _, arrays = weights.load(last, "checkpoint")
    name = "discriminator.head.logit.weight"
    rewritten(last, "checkpoint", {name: arrays[name] + np.float32(3e38)})
    before = last.read_bytes()
    message = refused("resume", copied, "--epochs", "3")
    assert re.search(r"NaN or infinite at step \d+ \(epoch \d+\.\d\d\)", message)
    assert f"`{last}` is the state before" in message
    assert last.read_bytes() == before
    with pytest.raises(DivergedError):
        package.resume(copied)


def test_weights_that_overflow_are_not_saved(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The losses of the last step are finite, its weights are not."""
    from condgan.engines.torch.engine import TorchEngine

    last = Run(copied).checkpoint()
    before = last.read_bytes()
    state = TorchEngine.state

    def broken(self: Any) -> Any:
        return state(self) | {"generator.body.out.bias": np.full(64, np.nan, np.float32)}

    monkeypatch.setattr(TorchEngine, "state", broken)
    with pytest.raises(DivergedError, match=r"generator\.body\.out\.bias"):
        package.resume(copied, epochs=2)
    assert last.read_bytes() == before


FULL_DISK = """
    import resource, signal, sys
    from condgan import cli
    from condgan.training import loop
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    cli.main(sys.argv[2:])
"""


def on_a_full_disk(limit: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(limit), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("limit", [20_000, 6_000, 400])  # too small for the checkpoint, the log, and the recipe
def test_a_full_disk(limit: int, copied: Path, trained: Path, tmp_path: Path) -> None:
    last = copied / "checkpoints/last.safetensors"
    assert last.stat().st_size > 20_000
    before = last.read_bytes()
    process = on_a_full_disk(limit, "resume", copied, "--epochs", "16", "output.log_every=1")
    assert process.returncode == 2, process.stderr
    (line,) = process.stderr.splitlines()
    assert line.startswith("condgan: ")
    assert os.strerror(errno.EFBIG) in line  # a full disk gives ENOSPC at the same places
    assert str(copied) in line
    assert last.read_bytes() == before
    assert not list(copied.rglob("*.tmp"))

    other = Path(shutil.copytree(trained, tmp_path / "other"))
    a = package.resume(copied, "output.log_every=1", epochs=16)
    b = package.resume(other, "output.log_every=1", epochs=16)
    assert a.generator_file.read_bytes() == b.generator_file.read_bytes()
    without = [[record.model_copy(update={"seconds": 0.0}) for record in run.records()] for run in (a, b)]
    assert without[0] == without[1]


def test_a_full_disk_while_sampling(copied: Path) -> None:
    for arguments, name in (
        (("2026", "-o", "row.png", "--scale", 64), "row.png"),
        (("--per-class", 500), "samples.npz"),
    ):
        process = on_a_full_disk(2_000, "sample", copied, *arguments)
        assert process.returncode == 2, process.stderr
        (line,) = process.stderr.splitlines()
        assert name in line
        assert nothing_was_written()


def test_a_closed_pipe(trained: Path) -> None:
    code = f"{sys.executable} -m condgan recipes cgan-lsgan | head -c 1"
    process = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=60)
    assert process.stdout == "{"
    assert process.stderr == ""


@pytest.mark.parametrize("field", ["discriminator.features", "generator.condition_dim", "discriminator.condition_dim"])
def test_a_layer_larger_than_torch_allows_is_refused(field: str, condgan: Any, tmp_path: Path) -> None:
    process = condgan("train", "mnist", f"{field}={10**18}", "--run", tmp_path / "run")
    assert process.returncode == 2
    assert process.stderr == f"condgan: {field}={10**18}: input should be less than or equal to 65536\n"
    assert not (tmp_path / "run").exists()
