"""The generator in the package: there at once, what its file says of it, and that it is true. Its recipe elsewhere."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import condgan
from condgan import data
from condgan.evaluation import evaluation, features
from condgan.generation import generator
from condgan.generation.generator import Generator
from condgan.metrics import feature_network
from condgan.metrics.gan_train import right
from condgan.pictures import images
from condgan.recipe import Data, builtin
from conftest import Process, Refusal

FILE = Path(str(files("condgan.generation") / "files" / "mnist.safetensors"))
RESAMPLED = ("label_accuracy", "precision", "recall", "density", "coverage", "fid_mnist", "intra_fid", "memorised")


@pytest.fixture(scope="module")
def shipped() -> Generator:
    return condgan.load("mnist")


def test_its_recipe_is_the_one_of_its_name(shipped: Generator) -> None:
    """So that anyone can train it again."""
    assert generator.SHIPPED == ("mnist",)
    asked = [f"seed={shipped.recipe.seed}", f"machine.threads={shipped.recipe.machine.threads}"]
    assert shipped.recipe == builtin.get("mnist", asked)
    assert shipped.images_seen == shipped.recipe.train.epochs * 50_000
    assert shipped.facts["provenance"]["command"] == f"condgan train mnist {' '.join(asked)}"
    assert shipped.domain.data_sha256 == data.load(Data()).sha256


def test_its_file_is_small() -> None:
    assert FILE.stat().st_size <= 4_000_000


def test_its_digits_are_read_as_well_as_its_file_says(shipped: Generator) -> None:
    """With other latents than those that were measured."""
    promised = shipped.facts["figures"]["label_accuracy"]
    asked = np.arange(2000) % 10
    seen = features.mnist().embed(shipped.sample_classes(asked, seed=1))
    accuracy = (seen.posteriors.argmax(1) == asked).mean()
    error = np.sqrt(promised["value"] * (1 - promised["value"]) / len(asked))
    assert abs(accuracy - promised["value"]) < 4 * error


@pytest.mark.slow
def test_its_figures_are_those_that_its_file_says(shipped: Generator) -> None:
    """On the test images, by the protocol of ``condgan evaluate``; other processors round otherwise."""
    found = evaluation.evaluate("mnist", gan_train=False).figures
    for name in RESAMPLED:
        assert found[name].value == pytest.approx(shipped.facts["figures"][name]["value"], rel=0.01, abs=0.002), name


def test_it_is_sampled_from_at_once(condgan: Process, shipped: Generator, tmp_path: Path) -> None:
    done = condgan("sample", "mnist", "20261121", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "result.png\n8 images: 2=3, 0=1, 6=1, 1=3\n"), done.stderr
    with Image.open(tmp_path / "result.png") as picture:
        assert np.array_equal(np.asarray(picture), images.row(shipped.sample("20261121")))


def test_the_name_comes_first_unless_a_path_is_written_as_one(
    digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refusal
) -> None:
    monkeypatch.chdir(tmp_path)
    assert condgan.load("mnist").domain.data == "mnist"
    condgan.train("gan-mlp", *tiny["gan-mlp"], data=digits, epochs=1, run="mnist")
    assert condgan.load("mnist").recipe.name == "mnist"
    assert condgan.load("./mnist").recipe.name == "gan-mlp"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "no run" in refused("sample", "./mnist.safetensors", "2")


def test_a_name_that_is_nearly_its_own_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refusal
) -> None:
    monkeypatch.chdir(tmp_path)
    assert 'did you mean "mnist"?' in refused("sample", "mnits", "2")
    assert "mnist is in the package" in refused("sample", "runs/gone", "2")


@pytest.mark.slow
def test_it_is_measured_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = evaluation.evaluate("mnist", n=200, small_n=True, gan_train=False)
    assert found.protocol.subject.recipe == "mnist"
    assert found.figures["label_accuracy"].value is not None


@pytest.mark.slow
def test_its_recipe_learns_other_data(tmp_path: Path) -> None:
    """A thousand colour pictures in class folders, as anyone may have them, and no field changed."""
    random = np.random.default_rng(0)
    shapes = np.stack([shape(kind, random) for kind in np.arange(1000) % len(SHAPES)])  # (N, S, S, 3)
    for number, picture in enumerate(shapes):
        folder = tmp_path / "shapes" / SHAPES[number % len(SHAPES)]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / f"{number}.png")
    options = (f"data.size={shapes.shape[1]}", "evaluation.every=none", "machine.threads=1")
    run = condgan.train("mnist", *options, data=tmp_path / "shapes", run=tmp_path / "run")
    asked = np.arange(400) % len(SHAPES)
    made = condgan.load(run.folder).sample_classes(asked, seed=0)
    kinds = np.argsort(np.argsort(SHAPES))[np.arange(1000) % len(SHAPES)]  # classes are in the order of their names
    judge = feature_network.train(shapes.transpose(0, 3, 1, 2), kinds, len(SHAPES), 600, 0, 16)
    assert right(judge, made, asked).mean() > 0.9
    assert made.std(0).mean() > 0.5 * shapes.std(0).mean()  # neither one picture, nor one colour


SHAPES = ("triangle", "disc", "cross", "square")


def shape(kind: int, random: np.random.Generator, size: int = 20) -> npt.NDArray[np.uint8]:
    """A shape of any colour, place and size on a dark ground, (size, size, 3)."""
    y, x = np.mgrid[:size, :size] - random.uniform(0.4, 0.6, (2, 1, 1)) * size
    radius = random.uniform(0.2, 0.35) * size
    near = np.maximum(abs(x), abs(y)) < radius
    inside = {
        "triangle": near & (abs(x) < (y + radius) / 2),
        "disc": x**2 + y**2 < radius**2,
        "cross": near & (np.minimum(abs(x), abs(y)) < radius / 3),
        "square": near,
    }[SHAPES[kind]]
    return np.where(inside[..., None], random.integers(120, 256, 3), random.integers(0, 60, 3)).astype(np.uint8)
