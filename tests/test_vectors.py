"""Vector conditions, and vectors as what is made: trained, resumed, shown, sampled; refused where classes are due."""

import importlib.util
import json
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import condgan as package
from condgan import data
from condgan.data import Dataset, Split
from condgan.diagnosis import diagnosis
from condgan.draws import block
from condgan.draws.block import Block
from condgan.draws.schedule import Plan
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.errors import CondganError, InterruptedTrainingError
from condgan.export import export
from condgan.generation import generator, showing
from condgan.pictures import images, scatter
from condgan.recipe import Data, Domain, builtin
from condgan.runs import checkpoint
from condgan.runs.run import Run
from condgan.storage.manifest import Manifest
from condgan.training import loop
from condgan.training.listeners.listener import Beginning, Listener

RANDOM = np.random.default_rng(0)
COUNT, TRAINED = 210, 189  # rows, and those of train and validation
VECTORS = RANDOM.normal(size=(COUNT, 4)).astype(np.float32)
CONDITIONS = RANDOM.normal(size=(COUNT, 3)).astype(np.float32)
IMAGES = RANDOM.integers(0, 256, (COUNT, 8, 8), dtype=np.uint8)
LABELS = np.arange(COUNT) % 3
ARRAYS = {
    "images": {"images": IMAGES, "labels": LABELS},
    "images, conditions": {"images": IMAGES, "conditions": CONDITIONS},
    "vectors": {"vectors": VECTORS, "labels": LABELS},
    "vectors, conditions": {"vectors": VECTORS, "conditions": CONDITIONS},
}
OTHERS = [kind for kind in ARRAYS if kind != "images"]
NO_IMAGES = [kind for kind in ARRAYS if kind.startswith("vectors")]
TINY = ("data.size=8", "latent.dim=5", "generator.hidden=8,8", "discriminator.hidden=8,8", "train.batch=32")


def overrides(kind: str) -> list[str]:
    """What a tiny recipe needs for a kind of data."""
    found = [*TINY, "train.ema=0.5", "output.log_every=3", f"output.grid_every={2 * TRAINED}"]
    found += ["generator.output=linear"] * kind.startswith("vectors")
    found += ["generator.condition=vector", "discriminator.condition=vector"] * kind.endswith("conditions")
    return found + ["evaluation.every=none"] * (kind == "images")


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A dataset of each kind."""
    folder = tmp_path_factory.mktemp("archives")
    found = {kind: folder / f"toy{number}.npz" for number, kind in enumerate(ARRAYS)}
    for kind, path in found.items():
        np.savez(path, **ARRAYS[kind])
    return found


class Heard(Listener):
    """Remembers what was said; presses Ctrl-C after the block that reaches a step."""

    def __init__(self, stop: int = 1 << 60) -> None:
        self.said: list[str] = []
        self.stop = stop

    def began(self, training: Beginning) -> None:
        self.said += [*training.notices, training.opening]

    def notified(self, text: str) -> None:
        self.said.append(text)

    def block(self, block: Any) -> None:
        if block.step >= self.stop:
            os.kill(os.getpid(), signal.SIGINT)
            self.stop = 1 << 60


@pytest.fixture(scope="module")
def trained(archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Run, Heard]]:
    """Two epochs of each kind, and what was said meanwhile; trained when it is first asked for."""
    found: dict[str, tuple[Run, Heard]] = {}
    folder = tmp_path_factory.mktemp("runs")

    def run(kind: str) -> tuple[Run, Heard]:
        if kind not in found:
            heard = Heard()
            place = folder / kind.replace(", ", "-")
            made = package.train(
                "cgan-bce", *overrides(kind), data=archives[kind], epochs=2, run=place, listeners=[heard]
            )
            found[kind] = made, heard
        return found[kind]

    return run


def dataset(kind: str, archives: dict[str, Path]) -> Dataset:
    return data.load(Data(source=str(archives[kind]), size=8))


# What a step draws


def draw(first: int, steps: int, *changes: str) -> Block:
    recipe = builtin.get("cgan-bce", ["latent.dim=2", "train.batch=16", *changes])
    return block.draw(recipe, Plan(COUNT, 16, 1000), Split(CONDITIONS, CONDITIONS), 0, first, steps)


@given(st.integers(0, 20), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_any_split_of_a_block_draws_the_same_conditions(first: int, parts: list[int]) -> None:
    changes = ("train.fakes=fresh", "train.critic_steps=2")
    whole = draw(first, sum(parts), *changes)
    starts = first + np.cumsum([0, *parts[:-1]])
    split = [draw(int(start), steps, *changes) for start, steps in zip(starts, parts, strict=True)]
    assert np.array_equal(whole.generator.labels, np.concatenate([part.generator.labels for part in split]))
    for turn in range(2):
        assert np.array_equal(whole.critic[turn].labels, np.concatenate([part.critic[turn].labels for part in split]))


def test_uniform_conditions_are_those_of_rows_drawn_alike_often() -> None:
    drawn = draw(0, 2000).generator.labels
    assert drawn.shape == (2000, 16, 3)
    assert drawn.dtype == np.float32
    rows = {row.tobytes(): number for number, row in enumerate(CONDITIONS)}
    counts = np.bincount([rows[row.tobytes()] for row in drawn.reshape(-1, 3)], minlength=COUNT)
    expected = 2000 * 16 / COUNT
    squares = ((counts - expected) ** 2 / expected).sum()
    assert abs(squares - (COUNT - 1)) < 4 * math.sqrt(2 * (COUNT - 1))  # chi-square


def test_real_conditions_are_those_of_the_real_batch() -> None:
    drawn = draw(0, 20, "train.fake_labels=real")
    assert np.array_equal(drawn.generator.labels, CONDITIONS[drawn.index])


# Training


@pytest.mark.parametrize("kind", ARRAYS)
def test_going_on_is_exact(
    kind: str, trained: Any, archives: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(kind)[0]
    monkeypatch.setattr(loop, "BLOCK_SECONDS", 1e-9)  # blocks of one step, so that it stops within an epoch
    run = Run(tmp_path / "run")
    with pytest.raises(InterruptedTrainingError):
        package.train("cgan-bce", *overrides(kind), data=archives[kind], epochs=2, run=run.folder, listeners=[Heard(4)])
    assert checkpoint.load(run.checkpoint()).step == 4
    package.resume(run.folder)
    mine, other = checkpoint.load(run.checkpoint()), checkpoint.load(whole.checkpoint())
    assert (mine.step, mine.domain) == (other.step, other.domain) == (12, dataset(kind, archives).domain())
    assert mine.state.keys() == other.state.keys()
    assert all(mine.state[name].tobytes() == other.state[name].tobytes() for name in mine.state)
    assert run.generator_file.read_bytes() == whole.generator_file.read_bytes()
    assert run.result.read_bytes() == whole.result.read_bytes()
    assert [path.read_bytes() for path in sorted(run.samples.iterdir())] == [
        path.read_bytes() for path in sorted(whole.samples.iterdir())
    ]
    figures = [
        [
            {key: value for key, value in json.loads(line).items() if key != "seconds"}
            for line in log.read_text().splitlines()
        ]
        for log in (run.log, whole.log)
    ]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("kind", OTHERS)
def test_what_a_training_says_and_leaves(kind: str, trained: Any, archives: dict[str, Path]) -> None:
    run, heard = trained(kind)
    modality = dataset(kind, archives).train.modality
    measured = kind not in NO_IMAGES
    assert (
        [text for text in heard.said if "not measured" in text] == []
        if measured
        else [
            f"this training is not measured: {archives[kind].stem}: {modality}, and only images can be measured: judge "
            "what `condgan sample` writes by a measure of your own"
        ]
    )
    assert f" on {TRAINED} {kind.partition(',')[0]} of toy" in " ".join(heard.said)
    assert sorted(path.name for path in run.samples.iterdir()) == ["000000000.png", "000000378.png"]
    assert run.animation.exists()
    assert run.loss_plot.exists()
    assert run.metrics_plot.exists() == bool(run.evaluations()) == measured
    assert run.domain() == dataset(kind, archives).domain()
    found = diagnosis.diagnose(run.folder)
    assert (found.pictures > 0, len(found.skipped)) == (measured, 1)
    if not measured:
        assert "no pictures were checked: toy" in found.skipped[0]
        assert len(diagnosis.report(found, run.folder).splitlines()) == 2


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("vectors, conditions", ["generator.condition=one-hot"], "one-hot is for classes"),
        ("vectors, conditions", ["discriminator.condition=one-hot"], "one-hot is for classes"),
        ("vectors, conditions", ["discriminator.condition=auxiliary"], "auxiliary reads classes"),
        ("vectors, conditions", ["generator.output=tanh"], "generator.output=linear makes vectors"),
        ("vectors, conditions", ["output.sequence=012"], "output.sequence names classes"),
        ("vectors", ["generator.condition=vector"], "condition=vector is for vector conditions"),
        ("vectors", ["generator.output=sigmoid"], "generator.output=linear makes vectors"),
        ("images", ["discriminator.condition=vector"], "condition=vector is for vector conditions"),
        ("images", ["generator.output=linear"], "generator.output=linear makes vectors"),
        ("images, conditions", ["generator.condition=one-hot"], "one-hot is for classes"),
    ],
)
def test_recipes_that_do_not_fit_the_data(
    kind: str, changes: list[str], says: str, archives: dict[str, Path], refused: Any, tmp_path: Path
) -> None:
    options = [*overrides(kind), *changes]
    message = refused("train", "cgan-bce", *options, "--data", archives[kind], "--run", tmp_path / "run")
    assert says in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_convolutions_have_nothing_to_do_with_vectors(network: str, archives: dict[str, Path], refused: Any) -> None:
    options = [*overrides("vectors"), f"{network}.network=dcgan"]
    message = refused("train", "cgan-bce", *options, "--data", archives["vectors"])
    assert "generator.output=linear makes vectors, which are no images" in message


@pytest.mark.parametrize("kind", ["images, conditions", "vectors, conditions"])
def test_an_unconditional_generator_needs_no_conditions(kind: str, archives: dict[str, Path], tmp_path: Path) -> None:
    options = [text for text in overrides(kind) if "condition=" not in text]
    run = package.train("gan-mlp", *options, data=archives[kind], epochs=1, run=tmp_path / "run")
    made = package.load(run.folder)
    assert made.sample_any(3, seed=1).shape == ((3, 1, 8, 8) if kind.startswith("images") else (3, 4))
    with pytest.raises(CondganError, match="unconditional"):
        made.sample(CONDITIONS)
    if kind.startswith("images"):
        for grid, shape in ((False, (64, 640)), (True, (502, 502))):
            with Image.open(export.to_file(run.folder, None, grid=grid, output=tmp_path / f"{grid}.png")) as picture:
                assert np.asarray(picture).shape == shape
    else:
        with pytest.raises(CondganError, match=r"unconditional: Generator\.sample_any"):
            export.to_file(run.folder, None, output=tmp_path / "a.npz")


# What a training shows


def test_a_grid_has_a_column_for_each_of_the_first_validation_conditions(
    trained: Any, archives: dict[str, Path]
) -> None:
    run, _ = trained("images, conditions")
    held = dataset("images, conditions", archives).validation.labels[:10]
    made = package.load(run.folder)
    rows = [made.sample(held, seed=0, first=10 * row) for row in range(10)]
    with Image.open(sorted(run.samples.iterdir())[-1]) as picture:
        assert np.array_equal(np.asarray(picture), images.grid(np.concatenate(rows), 10))
    with Image.open(run.result) as picture:
        assert np.array_equal(np.asarray(picture), images.row(made.sample(held, seed=0)))


@pytest.mark.parametrize("kind", ["vectors", "vectors, conditions"])
def test_vectors_are_shown_beside_real_ones_of_the_same_conditions(
    kind: str, trained: Any, archives: dict[str, Path]
) -> None:
    run, _ = trained(kind)
    real = dataset(kind, archives).validation
    made = package.load(run.folder)
    asked = real.labels if kind.endswith("conditions") else [str(label) for label in real.labels]
    expected = scatter.vectors(real.images, made.sample(asked, seed=0))
    for path in (sorted(run.samples.iterdir())[-1], run.result):
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture), expected)
            assert Manifest.from_json(picture.text["condgan"]).images_seen == 2 * TRAINED


def test_data_without_validation_shows_what_it_trains_on(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", vectors=VECTORS[:2], conditions=CONDITIONS[:2])
    found = showing.first(data.load(Data(source=str(tmp_path / "two.npz"))), 10)
    assert sorted(row.tobytes() for row in found.labels) == sorted(row.tobytes() for row in CONDITIONS[:2])


def places(picture: Any, colour: tuple[int, int, int]) -> Any:
    """Where a colour, or one faded over white, is in a plot: (rows, columns), without the legend above it."""
    fade = 255 - picture[40:].astype(float)
    wanted = 255 - np.array(colour, float)
    likeness = (fade @ wanted) / np.maximum(np.linalg.norm(fade, axis=2) * np.linalg.norm(wanted), 1e-9)
    return np.nonzero((likeness > 0.999) & (np.linalg.norm(fade, axis=2) > 60))


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_the_plot_has_real_ones_in_green_and_generated_ones_in_pink(dimensions: int) -> None:
    real = np.random.default_rng(1).normal([0] * dimensions, 1, (300, dimensions)).astype(np.float32)
    made = (real[:50] * 0.1 + 2).astype(np.float32)  # above and to the right
    made[0] = 1e30  # far outside: at the edge
    picture = scatter.vectors(real, made)
    assert picture.shape == (600, 600, 3)
    assert picture.dtype == np.uint8
    green, pink = places(picture, (0, 158, 115)), places(picture, (204, 121, 167))
    assert len(green[0]) > 300
    assert len(pink[0]) > 50
    assert np.median(pink[1]) > np.median(green[1]) + 80
    if dimensions > 1:
        assert np.median(pink[0]) < np.median(green[0]) - 80
    assert not np.array_equal(scatter.vectors(real, made[1:]), picture)


def test_the_frame_of_a_plot_is_that_of_the_real_ones() -> None:
    """So that the pictures of a training compare: green lies where it did, whatever is generated."""
    near, far = (scatter.vectors(VECTORS, np.full((1, 4), place, np.float32)) for place in (100, 1e6))
    assert np.array_equal(near, far)
    constant = scatter.vectors(np.ones((9, 2), np.float32), np.ones((9, 2), np.float32))
    assert constant.min() < 100  # a frame of no width is none


# Sampling


@pytest.mark.parametrize("kind", ["images, conditions", "vectors, conditions"])
@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_samples_are_written_in_the_order_of_the_conditions(
    kind: str, suffix: str, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from condgan.cli import main

    monkeypatch.chdir(tmp_path)
    if suffix == ".npz":
        np.savez("asked.npz", conditions=CONDITIONS[:17].astype(np.float64), extra=np.arange(3))
    else:
        np.save("asked.npy", CONDITIONS[:17])
    run = trained(kind)[0].folder
    with pytest.raises(SystemExit) as stopped:
        main(["sample", str(run), "--conditions", f"asked{suffix}", "--seed", "7", "-o", "out.npz"])
    assert (stopped.value.code, capsys.readouterr().out) == (
        0,
        f"out.npz\n17 {kind.split(',')[0]}, one for each condition\n",
    )
    made = package.load(run).sample(CONDITIONS[:17], seed=7)
    with np.load("out.npz", allow_pickle=False) as written:
        assert set(written.files) == {kind.partition(",")[0], "conditions", "numbers", "manifest.json", "README.md"}
        assert np.array_equal(written["conditions"], CONDITIONS[:17])
        found = written["vectors"] if kind.startswith("vectors") else written["images"][:, None]
        assert np.array_equal(found, made)
    again = data.load(Data(source="out.npz", size=8))  # what is written can be trained on
    assert sum(map(len, again.splits.values())) == 17


def test_images_for_conditions_are_a_row_too(trained: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "asked.npy", CONDITIONS[:3])
    run = trained("images, conditions")[0].folder
    path = export.to_file(run, None, seed=5, conditions=tmp_path / "asked.npy", output=tmp_path / "row.png")
    with Image.open(path) as picture:
        assert np.array_equal(np.asarray(picture), images.row(package.load(run).sample(CONDITIONS[:3], seed=5)))


def test_vectors_of_classes_are_a_dataset(trained: Any, tmp_path: Path) -> None:
    run = trained("vectors")[0].folder
    made = package.load(run)
    path = export.to_file(run, None, seed=5, per_class=4, output=tmp_path / "each.npz")
    with np.load(path) as written:
        assert written["labels"].tolist() == [0, 1, 2] * 4
        assert written["class_names"].tolist() == ["0", "1", "2"]
        assert np.array_equal(written["vectors"], made.sample([0, 1, 2] * 4, seed=5))
    path = export.to_file(run, "2102", seed=5, output=tmp_path / "asked.npz")
    with np.load(path) as written:
        assert np.array_equal(written["vectors"], made.sample("2102", seed=5))
    assert np.array_equal(made.sample_any(5, seed=5), made.sample([0, 1, 2, 0, 1], seed=5))


def test_a_sample_depends_on_its_seed_number_and_condition_alone(trained: Any) -> None:
    """Up to rounding: a matrix product sums in an order that depends on how many rows it has."""
    made = package.load(trained("vectors, conditions")[0].folder)
    whole = made.sample(CONDITIONS, seed=3)
    assert whole.dtype == np.float32
    assert len(np.unique(whole, axis=0)) == COUNT
    for number in (0, 1, 57, COUNT - 1):
        alone = made.sample(CONDITIONS[number : number + 1], seed=3, first=number)
        np.testing.assert_allclose(alone[0], whole[number], rtol=1e-5, atol=1e-6)
    others = CONDITIONS.copy()
    others[:50] += 1
    np.testing.assert_allclose(made.sample(others, seed=3)[50:], whole[50:], rtol=1e-5, atol=1e-6)
    assert np.abs(made.sample(others, seed=3)[:50] - whole[:50]).max(axis=1).min() > 1e-4  # what is asked for counts
    assert np.abs(made.sample(CONDITIONS, seed=4) - whole).max(axis=1).min() > 1e-4


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (np.ones((2, 4)), r"conditions have shape \(2, 4\), expected \(N, 3\)"),
        (np.ones(3), r"shape \(3,\)"),
        (np.ones((0, 3)), r"shape \(0, 3\)"),
        (np.ones((2, 3), int), "are int64, expected floats"),
        ([[1, 2, 3]], "are int64, expected floats"),
        (np.full((2, 3), np.nan), "NaN"),
        ("2026", "expected floats"),
        ([[1.0, 2.0, 3.0], [4.0]], "different lengths"),
    ],
)
def test_conditions_that_cannot_be_asked_for(asked: Any, says: str, trained: Any) -> None:
    made = package.load(trained("vectors, conditions")[0].folder)
    with pytest.raises(CondganError, match=says):
        made.sample(asked)


def test_who_has_conditions_is_not_asked_for_classes_and_the_reverse(trained: Any) -> None:
    conditional, classes = (package.load(trained(kind)[0].folder) for kind in ("images, conditions", "vectors"))
    for ask in (lambda: conditional.sample_any(3), lambda: conditional.sample_classes(np.zeros(1, np.int64), 0)):
        with pytest.raises(CondganError, match="cgan-bce has vector conditions"):
            ask()
    with pytest.raises(CondganError, match="cgan-bce has 3 classes: it takes no vector conditions"):
        classes.sample(CONDITIONS)
    with pytest.raises(CondganError, match="seed=-1"):
        conditional.sample(CONDITIONS, seed=-1)


ASKED = {"good": CONDITIONS[:2], "wide": np.ones((2, 4)), "nan": np.full((2, 3), np.nan), "ints": np.ones((2, 3), int)}


@pytest.mark.parametrize(
    ("kind", "arguments", "says"),
    [
        ("vectors, conditions", [], ["vector conditions of length 3", "--conditions FILE.npz", "(N, 3)"]),
        ("vectors, conditions", ["012"], ["--conditions FILE.npz"]),
        ("vectors, conditions", ["--grid"], ["--conditions FILE.npz"]),
        ("vectors, conditions", ["--per-class", "3"], ["--conditions FILE.npz"]),
        ("images, conditions", ["--grid"], ["--conditions FILE.npz"]),
        ("vectors, conditions", ["012", "--conditions", "good.npy"], ["SEQUENCE and --conditions", "choose one"]),
        ("vectors, conditions", ["--conditions", "wide.npy"], ["shape (2, 4), expected (N, 3)"]),
        ("vectors, conditions", ["--conditions", "nan.npy"], ["nan.npy: conditions hold NaN"]),
        ("vectors, conditions", ["--conditions", "ints.npy"], ["are int64, expected floats"]),
        ("vectors, conditions", ["--conditions", "nowhere.npz"], ["nowhere.npz", "No such file"]),
        ("vectors, conditions", ["--conditions", "good.npy", "-o", "x.png"], ["x.png: vectors are written to an .npz"]),
        ("vectors, conditions", ["--conditions", "good.npy", "-o", "good.npz"], ["good.npz exists already"]),
        ("images, conditions", ["--conditions", "good.npy", "-o", "x.jpg"], ["x.jpg", "--conditions: an .npz"]),
        ("images", ["--conditions", "good.npy"], ["cgan-bce has 3 classes: it takes no vector conditions"]),
        ("vectors", ["--conditions", "good.npy"], ["has 3 classes"]),
        ("vectors", ["--grid"], ["generates vectors, which have no picture"]),
        ("vectors", ["--per-class", "3", "-o", "folder"], ["folder: vectors are written to an .npz"]),
        ("vectors", ["9"], ['no class "9"']),
    ],
)
def test_samples_that_cannot_be_made(
    kind: str,
    arguments: list[str],
    says: list[str],
    trained: Any,
    refused: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trained(kind)[0].folder
    monkeypatch.chdir(tmp_path)
    for name, asked in ASKED.items():
        np.save(f"{name}.npy", asked)
    np.savez("good.npz", conditions=CONDITIONS)
    before = sorted(tmp_path.iterdir())
    message = refused("sample", run, *arguments)
    for part in says:
        assert part in message
    assert sorted(tmp_path.iterdir()) == before


# Measuring


@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_images_is_not_measured(
    kind: str, trained: Any, archives: dict[str, Path], refused: Any, digits: Path
) -> None:
    held = dataset(kind, archives).train.modality
    run, archive = trained(kind)[0], archives[kind]
    only = f": {held}, and only images can be measured"
    assert f"{archive.stem}{only}" in refused("evaluate", run.folder)
    assert f"{archive.stem}{only}" in refused("features", archive)
    assert f"{archive.stem}{only}" in refused("evaluate", run.generator_file, "--data", archive)
    assert f"cgan-bce{only}" in refused("evaluate", run.generator_file, "--data", digits, "data.size=8")
    assert f"{archive}{only}" in refused("evaluate", archive, "--data", digits, "data.size=8")


def test_a_generator_file_that_contradicts_itself_is_refused(trained: Any, tmp_path: Path) -> None:
    made = package.load(trained("vectors, conditions")[0].folder)
    recipe = builtin.get("cgan-bce", overrides("images"))
    generator.save(tmp_path / "a.safetensors", recipe, made.domain, 0, made.state)
    with pytest.raises(CondganError, match=r"a.safetensors is damaged: generator.output=linear makes vectors"):
        package.load(tmp_path / "a.safetensors")


# The paper, and a task with a known answer

DOCS = Path(__file__).parents[1] / "docs"


def test_the_second_experiment_of_the_paper() -> None:
    """Mirza & Osindero 2014, section 4.2, as docs/vectors.md writes it: layers counted by hand."""
    text = (DOCS / "vectors.md").read_text()
    command = text.partition("condgan train cgan-paper ")[2].partition("\n\n")[0].replace("\\", " ").split()
    recipe = builtin.get("cgan-paper", [word for word in command if "=" in word])
    domain = Domain(vector=200, condition=4096, data="words", data_sha256="0" * 64)
    made, judge = Generator(recipe.generator, recipe.latent.dim, domain), Discriminator(recipe.discriminator, domain)
    linear: Callable[[int, int], int] = lambda inputs, outputs: inputs * outputs + outputs  # noqa: E731
    assert [sum(p.numel() for p in network.parameters()) for network in (made, judge)] == [
        linear(100, 500) + linear(4096, 2000) + linear(2500, 200),
        linear(200, 500 * 2) + linear(4096, 1200 * 2) + linear(1700, 1000 * 3) + linear(1000, 1),
    ]
    assert (recipe.generator.activation, recipe.latent.distribution, recipe.train.batch) == ("relu", "normal", 100)
    assert (recipe.generator.dropout, recipe.discriminator.dropout) == (0.5, 0.5)
    assert (recipe.optim.g.lr, recipe.optim.g.lr_floor, recipe.optim.g.decay) == (0.1, 1e-6, 1.00004)
    assert (recipe.optim.g.momentum, recipe.optim.g.momentum_end) == (0.5, 0.7)


@pytest.fixture(scope="module")
def example() -> Any:
    spec = importlib.util.spec_from_file_location("vectors_example", DOCS / "examples" / "vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_s_figures_know_the_truth(example: Any) -> None:
    """Of true samples they are near 0, and each sees its own fault."""
    random = np.random.default_rng(2)
    c = example.conditions(40, random)
    true = example.draw(np.repeat(c, 800, axis=0), random).reshape(40, 800, 4)
    centre, to_mode = example.mean(c)[:, None], example.offset(c)[:, None]
    noise = random.multivariate_normal(np.zeros(4), example.NOISE, (40, 800))
    sets = {
        "true": true,
        "shifted": true + 0.3,
        "one mode": centre + to_mode + noise,
        "no noise": centre + to_mode * random.choice([-1, 1], (40, 800, 1)),
        "elsewhere": true + np.array([0, 0, 1, 1]),
    }
    rows = {name: list(example.figures(samples, c).values()) for name, samples in sets.items()}
    mean, covariance, spread, within, share, least = rows["true"]
    assert mean < 0.03
    assert covariance < 0.06
    assert spread == pytest.approx(1, abs=0.03)
    assert within == pytest.approx(0.999, abs=0.001)
    assert share == pytest.approx(0.485, abs=0.01)
    assert least > 0.42
    assert rows["shifted"][0] == pytest.approx(0.3, abs=0.02)
    assert rows["shifted"][1] == pytest.approx(covariance, abs=1e-6)
    assert rows["one mode"][0] == pytest.approx(0.8 / 2, abs=0.03)  # root-mean-square of (0.8, 0, 0, 0) turned
    assert max(rows["one mode"][4:]) < 0.01
    assert rows["no noise"][2] < 1e-6
    assert rows["elsewhere"][3] < 0.01


@pytest.mark.slow
def test_the_example_learns_the_conditional_distribution(example: Any, tmp_path: Path) -> None:
    found = example.main(tmp_path, rows=20_000, epochs=60, asked=50, each=200)
    made, truth, blind = (list(found[side].values()) for side in ("generated", "truth", "no condition"))
    assert truth[0] < made[0] < 0.2 * blind[0]
    assert truth[1] < made[1] < 0.3 * blind[1]
    assert made[3] > 0.9
    assert made[4] > 0.4  # both modes
    assert (tmp_path / "vectors.png").exists()
    assert example.table(found).count("\n") == 7
