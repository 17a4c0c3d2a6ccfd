"""The commands as a user runs them: every recipe through the command line, and the files of a run."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import condgan as package
from condgan import cli
from condgan.data import load as load_data
from condgan.engines.torch.fast import products
from condgan.recipe import Data, Recipe, builtin
from condgan.recipe import text as recipe_text
from condgan.results.records import StepRecord
from condgan.runs import checkpoint
from condgan.runs import session as provenance
from condgan.storage import weights
from condgan.storage.manifest import Manifest
from condgan.training.listeners.terminal import Lines

Pixels = npt.NDArray[np.uint8]
LINE = re.compile(r"\[Epoch (\d+)/(\d+)\] \[Batch (\d+)/(\d+)\] \[D loss: (-?\d+\.\d{6})\] \[G loss: (-?\d+\.\d{6})\]")
FILES = {
    "recipe.json",
    "provenance.json",
    "splits.json",
    "log.jsonl",
    "loss.png",
    "progress.gif",
    "status.json",
    "result.png",
    "generator.safetensors",
    "checkpoints/last.safetensors",
}


@pytest.fixture(scope="module")
def trained(
    digits: Path, tiny: dict[str, tuple[str, ...]], condgan: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Any]:
    """Train a recipe in a process of its own, once -> (run folder, process)."""
    done: dict[str, Any] = {}
    folder = tmp_path_factory.mktemp("trained")

    def train(name: str) -> Any:
        if name not in done:
            options = (*tiny[name], "machine.threads=1", "--data", digits, "--epochs", 2, "--run", folder / name)
            done[name] = folder / name, condgan("train", name, *options, "output.grid_every=320")
        return done[name]

    return train


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command, which must succeed, in this process -> its stdout."""

    def run(*arguments: object) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert stopped.value.code == 0, shown.err
        assert shown.err == ""
        return shown.out

    return run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def pixels(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)


# Training


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_every_recipe_trains_and_writes_all_files_of_a_run(name: str, trained: Any, digits: Path) -> None:
    folder, process = trained(name)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}
    events = {path for path in files if "events.out.tfevents." in path}
    grids = {path for path in files if path.startswith("samples/")}
    assert {str(Path(path).parent) for path in events} == {".", "discriminator", "generator"}
    assert files - events - grids == FILES

    batch = builtin.RECIPES[name].train.batch
    per_epoch = -(-300 // batch)
    ends = [(epoch * 300 + min(batch * inside, 300)) for epoch in (0, 1) for inside in range(per_epoch + 1)]
    first_grid = min(seen for seen in ends if seen >= 320)
    assert grids == {"samples/000000000.png", f"samples/{first_grid:09d}.png", "samples/000000600.png"}

    lines = process.stdout.splitlines()
    losses = [line for line in lines if line.startswith("[")]
    read = [LINE.fullmatch(line) for line in losses]
    assert all(read)
    assert [match.groups()[:4] for match in read if match] == [
        (str(epoch), "2", str(batch), str(per_epoch)) for epoch in (0, 1) for batch in range(0, per_epoch, 50)
    ]
    (opening,) = [line for line in lines if " trains to epoch " in line]
    assert f": {name} trains" in opening
    assert "300 images of digits" in opening
    shown = [line for line in lines if (Path(line).is_file())]
    assert {Path(line).name for line in shown} == {
        "000000600.png", "result.png", "progress.gif", "loss.png", "generator.safetensors",
    }  # fmt: skip
    assert lines[-1] == f"next: condgan evaluate {folder}"

    text = (folder / "recipe.json").read_text()
    kept = recipe_text.from_json(text, "recipe.json")
    assert kept.name == name
    assert kept.data.source == str(digits)
    records = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [record["images"] for record in records][-1] == 600
    assert all(np.isfinite(list(record["spread"].values())).all() for record in records)
    assert pixels(folder / "loss.png").shape[:2] == (700, 900)
    with Image.open(folder / "progress.gif") as gif:
        assert gif.n_frames == 3  # the first one is noise
    result = pixels(folder / "result.png")
    assert result.shape == (64, 640)
    tiles = result[::8, ::8].reshape(8, 10, 8).swapaxes(0, 1)
    assert np.array_equal(np.repeat(np.repeat(result[::8, ::8], 8, 0), 8, 1), result)
    sampled = package.load(folder).sample_any(10, seed=0)[:, 0]
    assert np.abs(sampled.astype(int) - tiles.astype(int)).max() <= 1


def test_what_a_run_records(trained: Any, digits: Path) -> None:
    folder, _ = trained("cgan-lsgan")
    facts = json.loads((folder / "provenance.json").read_text())
    dataset = load_data(Data(source=str(digits), size=8))
    assert facts["domain"] == json.loads(dataset.domain().model_dump_json())
    assert facts["splits"] == {
        "rule": "validation and test are each 10 % of every class of train, drawn with seed 0",
        "images": {"train": 270, "validation": 30, "test": 30},
        "trained_on": "train+validation",
    }
    (session,) = facts["sessions"]
    assert session["step"] == 0
    assert session["settings"] == {
        "device": "cpu",
        "threads": 1,
        "threads_by": "machine.threads",
        "precision": "float32",
        "own": {"onednn": products.faster()},
    }
    assert "train cgan-lsgan" in session["command"]
    assert session["condgan"] == provenance.version()
    assert session["numpy"] == np.__version__
    for key in ("started", "python", "torch", "platform", "processor"):
        assert session[key]


def test_a_run_without_a_name_gets_a_folder_of_its_own(
    run: Any, tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path
) -> None:
    for _ in range(2):  # within a minute
        out = run("train", "cgan-lsgan", *tiny["cgan-lsgan"], "--data", digits, "--epochs", 1, "output.sequence=2026")
    folders = sorted((tmp_path / "runs").iterdir())
    assert len(folders) == 2
    assert re.fullmatch(r"\d{8}-\d{4}-cgan-lsgan-[0-9a-f]{4}", folders[0].name)
    assert "next: condgan evaluate runs/" in out
    assert folders[1].name in out
    a, b = (folder / "generator.safetensors" for folder in folders)
    assert a.read_bytes() == b.read_bytes()  # the same command, the same bytes
    assert pixels(folders[0] / "result.png").shape == (64, 4 * 64)  # the sequence, not each class


def test_a_line_every_fifty_batches_as_published(
    digits: Path, tiny: dict[str, tuple[str, ...]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    printed = {}
    for log_every in (50, 1):
        folder = tmp_path / str(log_every)
        options = (*tiny["cgan-lsgan"], "train.batch=4", f"output.log_every={log_every}")  # 75 batches
        capsys.readouterr()
        package.train("cgan-lsgan", *options, data=digits, epochs=2, run=folder, listeners=[Lines()])
        read = [LINE.fullmatch(line) for line in capsys.readouterr().out.splitlines()[1:]]
        shown = [tuple(map(float, match.groups())) for match in read if match]
        assert [line[:4] for line in shown] == [(e, 2, b, 75) for e in (0, 1) for b in (0, 50)]
        records = package.Run.open(folder).records()
        assert len(records) == (4 if log_every == 50 else 150)
        if log_every == 1:  # each batch has a record of its own
            for epoch, _, batch, _, d_loss, g_loss in shown:
                record = records[int(epoch * 75 + batch)]
                assert isinstance(record, StepRecord)
                assert record.mean["d_loss"] == record.last["d_loss"] == pytest.approx(d_loss, abs=2e-6)
                assert record.mean["g_loss"] == record.last["g_loss"] == pytest.approx(g_loss, abs=2e-6)
                assert record.spread["d_loss"] == 0
        printed[log_every] = shown
    assert printed[1] == printed[50]  # whatever the log's windows are


def test_resume_from_the_command_line(trained: Any, run: Any, tmp_path: Path) -> None:
    source, _ = trained("cgan-bce")
    folder = shutil.copytree(source, tmp_path / "copy")
    before = checkpoint.load(folder / "checkpoints/last.safetensors")
    out = run("resume", folder)
    assert "finished" in out
    run("resume", folder, "--epochs", 3, "output.log_every=2")
    after = checkpoint.load(folder / "checkpoints/last.safetensors")
    assert (before.step, after.step) == (10, 15)
    assert after.recipe.train.epochs == 3
    assert after.recipe.output.log_every == 2
    assert after.recipe.train.model_copy(update={"epochs": 2}) == before.recipe.train
    steps = [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]
    assert steps == [5, 10, 12, 14, 15]


# Sampling


@pytest.mark.parametrize("name", [name for name in builtin.RECIPES if name != "gan-mlp"])
def test_a_row_shows_the_sequence(name: str, trained: Any, run: Any, tmp_path: Path) -> None:
    folder, _ = trained(name)
    out = run("sample", folder, "2026", "--seed", 7, "-o", "deep/row.png")
    assert out == f"{Path('deep/row.png')}\n4 images: 2=2, 0=1, 6=1\n"
    row = pixels(tmp_path / "deep/row.png")
    assert row.shape == (64, 4 * 64)
    sampled = package.load(folder).sample([2, 0, 2, 6], seed=7)
    assert sampled.shape == (4, 1, 8, 8)
    assert sampled.dtype == np.uint8
    assert np.array_equal(row[::8, ::8], np.concatenate(list(sampled[:, 0]), axis=1))
    assert not np.array_equal(sampled[0], sampled[2])  # the same class, another latent


def test_the_same_seed_gives_the_same_bytes_from_command_line_and_python(trained: Any, run: Any, condgan: Any) -> None:
    folder, _ = trained("cgan-lsgan")
    run("sample", folder, "2026", "--seed", 7, "-o", "a.png")
    run("sample", folder / "generator.safetensors", "2026", "--seed", "7", "-o", "b.png")
    process = condgan("sample", folder, "2026", "--seed", 7, "--checkpoint", "last", "-o", "c.png")
    assert (process.returncode, process.stderr) == (0, "")
    run("sample", folder, "2026", "--seed", 8, "-o", "d.png")
    a, b, c, d = (Path(f"{letter}.png").read_bytes() for letter in "abcd")
    assert a == b == c
    assert a != d
    generator = package.load(folder)
    assert np.array_equal(generator.sample("2026", 7), package.load(str(folder)).sample(["2", 0, "2", 6], seed=7))
    assert np.array_equal(generator.sample("2026", 7)[2:], generator.sample("26", 7, first=2))


def test_the_text_in_a_picture(trained: Any, run: Any) -> None:
    folder, _ = trained("cgan-lsgan")
    run("sample", folder, "2026", "--seed", 7)
    with Image.open("result.png") as image:
        told = Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]
    generator = package.load(folder)
    assert (told.kind, told.software, told.images_seen) == ("row", f"condgan {provenance.version()}", 600)
    assert (told.recipe, told.data, told.generator_sha256) == ("cgan-lsgan", "digits", generator.sha256)
    assert told.sample == {"seed": 7, "labels": ["2", "0", "2", "6"], "scale": 8}
    with Image.open(folder / "samples/000000600.png") as image:
        last = Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]
    assert (last.kind, last.images_seen, last.generator_sha256) == ("grid", 600, generator.sha256)
    assert last.recipe_sha256 == told.recipe_sha256
    with Image.open(folder / "samples/000000000.png") as image:
        first = Manifest.from_json(image.text["condgan"])  # type: ignore[attr-defined]
    assert (first.images_seen, first.generator_sha256 == told.generator_sha256) == (0, False)


def tiles(grid: Pixels, columns: int, side: int) -> Pixels:
    """The tiles of a grid of ten rows, enlarged to ``side`` with gaps of 2, below its header -> (10, columns, 8, 8)."""
    body = grid[-(10 * (side + 2) + 2) :]
    assert body.shape[1] == columns * (side + 2) + 2
    rows = [body[2 + r * (side + 2) :][:side] for r in range(10)]
    scale = side // 8
    return np.array(
        [[row[:, 2 + c * (side + 2) :][:, :side][::scale, ::scale] for c in range(columns)] for row in rows]
    )


def test_a_grid_has_a_class_in_each_column(trained: Any, run: Any) -> None:
    folder, _ = trained("cgan-lsgan")
    run("sample", folder, "--grid", "--seed", 3)
    grid = pixels(Path("grid.png"))
    assert len(grid) > 10 * 50 + 2  # a header with the names
    expected = package.load(folder).sample_classes(np.tile(np.arange(10), 10), seed=3).reshape(10, 10, 8, 8)
    assert np.array_equal(tiles(grid, 10, 48), expected)
    during = pixels(folder / "samples/000000600.png")
    shown = package.load(folder).sample_classes(np.tile(np.arange(10), 10), seed=0).reshape(10, 10, 8, 8)
    assert np.abs(tiles(during, 10, 48).astype(int) - shown.astype(int)).max() <= 1


def test_a_scale_enlarges(trained: Any, run: Any) -> None:
    folder, _ = trained("cgan-lsgan")
    run("sample", folder, "012", "--scale", 3, "-o", "small.png")
    small = pixels(Path("small.png"))
    assert small.shape == (24, 72)
    assert np.array_equal(small[::3, ::3], np.concatenate(list(package.load(folder).sample("012")[:, 0]), axis=1))


def test_a_dataset_of_generated_images(trained: Any, run: Any) -> None:
    folder, _ = trained("cgan-lsgan")
    assert run("sample", folder, "--per-class", 3, "--seed", 5).splitlines()[0] == "samples.npz"
    with np.load("samples.npz") as arrays:
        assert set(arrays.files) == {"images", "labels", "class_names", "numbers", "manifest.json", "README.md"}
        images, labels, names = arrays["images"], arrays["labels"], arrays["class_names"]
    assert (images.shape, images.dtype) == ((30, 8, 8), np.uint8)
    assert (labels.shape, labels.dtype) == ((30,), np.int64)
    assert names.tolist() == list("0123456789")
    assert np.bincount(labels).tolist() == [3] * 10
    assert np.array_equal(images, package.load(folder).sample_classes(labels, 5)[:, 0])

    run("sample", folder, "--per-class", 5, "--seed", 5, "-o", "more.npz")
    with np.load("more.npz") as arrays:
        assert np.array_equal(arrays["images"][:30], images)  # more images extend fewer

    run("sample", folder, "--per-class", 3, "--seed", 5, "-o", "folder")
    assert sorted(path.name for path in Path("folder").iterdir()) == [*"0123456789", "README.md", "manifest.json"]
    for label in range(10):
        files = sorted((Path("folder") / str(label)).iterdir())
        assert np.array_equal([pixels(file) for file in files], images[labels == label])
    again = load_data(Data(source="samples.npz", size=8))
    assert again.class_names == tuple("0123456789")


def test_classes_with_names(animals: Path, tiny: dict[str, tuple[str, ...]], run: Any) -> None:
    """RGB images of three named classes, from training to a dataset."""
    run("train", "cgan-lsgan", *tiny["cgan-lsgan"], "train.batch=16", "--data", animals, "--epochs", 1, "--run", "zoo")
    run("sample", "zoo", "polar bear,cat,dog,cat", "-o", "names.png")
    run("sample", "zoo", "--index", "2,0,1,0", "-o", "numbers.png")
    names = pixels(Path("names.png"))
    assert names.shape == (64, 256, 3)
    assert np.array_equal(names, pixels(Path("numbers.png")))
    sampled = package.load("zoo").sample(["polar bear", "cat", "dog", "cat"])
    assert sampled.shape == (4, 3, 8, 8)
    assert np.array_equal(names[::8, ::8], np.concatenate(list(sampled.transpose(0, 2, 3, 1)), axis=1))
    run("sample", "zoo", "--grid")
    assert pixels(Path("grid.png")).shape[1] == 3 * 50 + 2
    run("sample", "zoo", "--per-class", 2, "-o", "zoo.npz")
    with np.load("zoo.npz") as arrays:
        assert arrays["images"].shape == (6, 8, 8, 3)
        assert arrays["class_names"].tolist() == ["cat", "dog", "polar bear"]
    run("sample", "zoo", "--per-class", 2, "-o", "copies")
    assert sorted(path.name for path in Path("copies").iterdir() if path.is_dir()) == ["cat", "dog", "polar bear"]
    assert load_data(Data(source="copies", size=8)).class_names == ("cat", "dog", "polar bear")


def test_a_generator_without_classes(trained: Any, run: Any) -> None:
    folder, _ = trained("gan-mlp")
    run("sample", folder, "-o", "row.png")
    assert pixels(Path("row.png")).shape == (64, 640)
    run("sample", folder, "--grid", "-o", "grid.png")
    assert pixels(Path("grid.png")).shape == (502, 502)  # no header
    generator = package.load(folder)
    assert generator.sample_any(3).shape == (3, 1, 8, 8)
    with pytest.raises(package.CondganError, match="unconditional"):
        generator.sample("1")


def test_a_generator_file_needs_no_other_file(trained: Any) -> None:
    folder, _ = trained("cgan-paper")
    description, arrays = weights.load(folder / "generator.safetensors", "generator")
    assert Recipe.model_validate(description["recipe"]).name == "cgan-paper"
    assert description["domain"]["class_names"] == list("0123456789")
    assert description["images_seen"] == 600
    state = checkpoint.load(folder / "checkpoints/last.safetensors").state
    assert {f"generator.{name}" for name in arrays} == {name for name in state if name.startswith("generator.")}
    assert all(np.array_equal(arrays[name], state[f"generator.{name}"]) for name in arrays)
    loaded = package.load(folder / "generator.safetensors")
    assert (loaded.recipe.name, loaded.domain.classes, loaded.images_seen) == ("cgan-paper", 10, 600)


# The other commands


def test_recipes_are_listed(run: Any) -> None:
    out = run("recipes")
    for name in builtin.RECIPES:
        assert re.search(rf"^{name}\b", out, re.MULTILINE)
    assert "cgan-lsgan (default)" in " ".join(out.split())


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_a_recipe_is_printed_as_json(name: str, run: Any) -> None:
    assert recipe_text.from_json(run("recipes", name), name) == builtin.RECIPES[name]
    out = run("recipes", name, "optim.lr=1e-5", "data.size=20", "output.sequence=none")
    printed = recipe_text.from_json(out, name)
    assert printed.optim.g.lr == printed.optim.d.lr == 1e-5
    assert printed == builtin.get(name, ["optim.lr=1e-5", "data.size=20"])
    assert out == json.dumps(json.loads(out), indent=2, ensure_ascii=False) + "\n"


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["doctor"])
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert all(line[:4] in ("ok  ", "BAD ", "    ") for line in lines)
    assert stopped.value.code == int(any(line.startswith("BAD ") for line in lines))
    assert any(line == f"ok  condgan: {provenance.version()}" for line in lines)
    assert shown.err == ""


def test_help_and_version(run: Any) -> None:
    everything = run("--help")
    assert run() == everything
    assert run("-h") == everything
    for command in ("train", "resume", "sample", "recipes", "doctor"):
        assert re.search(rf"^\s+{command}\b", everything, re.MULTILINE)
        assert f" {command} " in run(command, "--help")
    for option in ("--data", "--epochs", "--run"):
        assert option in run("train", "--help")
    for option in ("--seed", "--output", "-o", "--grid", "--per-class", "--checkpoint", "--scale"):
        assert option in run("sample", "--help")
    assert run("--version") == f"{provenance.version()}\n"


def test_help_and_refusals_import_nothing_heavy(condgan: Any) -> None:
    code = (
        "import sys, condgan.cli\n"
        "try: condgan.cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'torch', 'matplotlib', 'tensorboard', 'PIL'} & sys.modules.keys()), 'end', file=sys.stderr)\n"
    )
    for arguments in (["--help"], ["train", "--help"], ["recipes"], ["train", "no-such-recipe"]):
        process = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
        assert process.stderr.splitlines()[-1].split() == ["end"], arguments


def test_sampling_and_training_do_not_import_the_compiler_of_torch(
    digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    """Its import takes longer than sampling a row of images."""
    code = (
        "import sys, condgan.cli\n"
        "try: condgan.cli.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'torch', 'torch._dynamo', 'torch._inductor'} & sys.modules.keys()), file=sys.stderr)\n"
    )
    train = ("train", "gan-mlp", *tiny["gan-mlp"], "--data", digits, "--epochs", "1", "--run", "run")
    for arguments in (("sample", "mnist", "2026"), train):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == "torch", arguments
