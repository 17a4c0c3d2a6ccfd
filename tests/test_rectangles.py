"""Images that are no squares, 24 x 32 and 17 x 5, from the data to the figures: heights first, everywhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import data as datasets
from condgan import engines
from condgan.data import Dataset, Split
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.evaluation import features, subjects
from condgan.export import export
from condgan.generation import jobs
from condgan.generation.generator import Generator
from condgan.metrics import gan_train
from condgan.metrics.feature_network import Network, embed, moved
from condgan.pictures.images import GAP
from condgan.recipe import Data, Domain, builtin
from condgan.recipe.rules import broken, unfit
from condgan.storage import cache
from conftest import TINY, Refusal

SIZES = ((24, 32), (17, 5))
NAMES = ("across", "down", "ring")
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads", precision="float32")
FULL = "generator.full_resolution=true", "discriminator.full_resolution=true"
RESIDUAL = *FULL, "generator.network=residual", "discriminator.network=residual"
AUGMENTED = "augment.policy=brightness,translation,cutout", "augment.target=0.6"
NETWORKS = {
    "mlp": ("cgan-lsgan",),
    "dcgan": ("mnist",),
    "dcgan at full resolution": ("mnist", *FULL, "generator.attention=7", *AUGMENTED),
    "residual": ("mnist", *RESIDUAL, "discriminator.attention=7", *AUGMENTED),
    "growing": ("mnist", *RESIDUAL, "growing.images=60"),
}


def figures_of(size: tuple[int, int], count: int, channels: int = 1, seed: int = 0) -> Split:
    """Bars across, bars down, and rings, at random places, whose proportions are those of the image."""
    random = np.random.default_rng(seed)
    (height, width), labels = size, np.arange(count) % 3
    images = random.integers(0, 40, (count, channels, height, width), dtype=np.uint8)
    for image, label, place in zip(images, labels, random.random(count), strict=True):
        row, column = int(place * (height - 2)), int(place * (width - 2))
        if label == 0:
            image[:, row : row + 2] = 220
        elif label == 1:
            image[:, :, column : column + 2] = 220
        else:
            image[:, [0, -1]], image[:, :, [0, -1]] = 220, 220
    return Split(images, labels)


def dataset(size: tuple[int, int], channels: int = 1) -> Dataset:
    train, validation, test = (figures_of(size, n, channels, seed) for seed, n in enumerate((90, 60, 60)))
    return Dataset("figures", NAMES, train, validation, test, "by hand")


def tiny(name: str, size: tuple[int, int], *overrides: str) -> condgan.Recipe:
    height, width = size
    batch = "train.batch=20", f"data.size={height}x{width}"
    return builtin.get(name, (*TINY[name], *batch, *overrides))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("case", NETWORKS)
def test_every_network_steps_samples_and_goes_on_exactly(case: str, size: tuple[int, int]) -> None:
    recipe, figures = tiny(*NETWORKS[case][:1], size, *NETWORKS[case][1:]), dataset(size)
    assert broken(recipe) is None
    assert unfit(recipe, figures.domain()) is None

    def build() -> Any:
        return engines.load("torch").build(recipe, figures.domain(), figures.train, ONE_THREAD)

    whole, first, second = build(), build(), build()
    before = whole.state()
    whole.run(0, 9)
    first.run(0, 4)
    second.load(first.state())
    second.run(4, 5)
    state = whole.state()
    assert all(np.isfinite(array).all() for array in state.values())
    assert any(not np.array_equal(state[name], before[name]) for name in state)
    assert {name: array.tobytes() for name, array in second.state().items()} == {
        name: array.tobytes() for name, array in state.items()
    }
    generator = Generator(recipe, figures.domain(), 0, whole.generator_state())
    images = generator.sample(["down", "ring", "across"], seed=3)
    assert (images.shape, images.dtype) == ((3, 1, *size), np.uint8)
    latents = np.random.default_rng(0).standard_normal((4, recipe.latent.dim)).astype(np.float32)
    assert whole.sample(latents, np.array([0, 1, 2, 0])).shape == (4, 1, *size)
    assert whole.score(figures.test.images[:7], figures.test.labels[:7]).shape == (7,)


@pytest.mark.parametrize("network", ["mlp", "dcgan", "residual"])
@pytest.mark.parametrize("size", [(4, 1024), (1024, 4), (4, 5), (7, 8), (1, 1)])
def test_the_thinnest_images(network: str, size: tuple[int, int]) -> None:
    if size == (1, 1):
        with pytest.raises(CondganError, match="expected 4 to 1024"):
            tiny("mnist", size)
        return
    networks = f"generator.network={network}", f"discriminator.network={network}", *FULL
    small = ("generator.hidden=8", "discriminator.hidden=8", "discriminator.features=none", "generator.norm=none")
    recipe = tiny("mnist", size, *networks, *small, "generator.condition=embedding", "discriminator.norm=none")
    engine = engines.load("torch").build(recipe, dataset(size).domain(), figures_of(size, 20), ONE_THREAD)
    engine.run(0, 1)
    assert engine.sample(np.zeros((2, 6), np.float32), np.array([0, 1])).shape == (2, 1, *size)


def test_the_rules_name_what_goes_with_no_size() -> None:
    for size in SIZES:
        for overrides, reason in (
            (("growing.images=60", "generator.network=mlp", *FULL), "growing.images needs convolutional networks"),
            (("growing.images=60",), "full_resolution=true"),
            (("generator.attention=7", "generator.network=mlp", *FULL), "attention needs a convolutional network"),
        ):
            with pytest.raises(CondganError, match=reason):
                tiny("mnist", size, *overrides)


@pytest.mark.parametrize("wrong", ["24x", "x32", "24x32x3", "3x32", "24x1025", "24*32", "-24x32"])
def test_sizes_that_are_none(wrong: str, refused: Refusal) -> None:
    assert "height and width, as 32x48" in refused("train", "cgan-lsgan", f"data.size={wrong}")


def trained(tmp_path: Path, size: tuple[int, int], *overrides: str, channels: int = 1) -> condgan.Run:
    """An epoch of an MLP."""
    recipe = tiny("cgan-lsgan", size, "output.grid_every=60", *overrides)
    return condgan.train(recipe, data=dataset(size, channels), epochs=1, run=tmp_path / "run")


@pytest.mark.parametrize("size", SIZES)
def test_the_pictures_of_a_training(tmp_path: Path, size: tuple[int, int]) -> None:
    """Ten rows and a column for each class, whose cells have the height and width of an image."""
    run = trained(tmp_path, size)
    assert run.recipe.data.size == f"{size[0]}x{size[1]}"
    scale = -(-48 // min(size))
    height, width = (side * scale for side in size)
    grid = np.asarray(Image.open(max(run.samples.glob("*.png"))))
    header = len(grid) - 10 * (height + GAP) - GAP
    assert grid.shape[1] == 3 * (width + GAP) + GAP
    assert 0 < header < 60
    generator = run.generator()
    images = jobs.grid(run.recipe, generator.domain, run.recipe.seed).samples(generator)
    for number, image in enumerate(images):
        top, left = header + GAP + number // 3 * (height + GAP), GAP + number % 3 * (width + GAP)
        cell = grid[top : top + height, left : left + width]
        assert np.array_equal(cell, image[0].repeat(scale, axis=0).repeat(scale, axis=1))
    scale = -(-64 // min(size))
    assert np.asarray(Image.open(run.result)).shape == (size[0] * scale, 3 * size[1] * scale)
    with Image.open(run.animation) as film:
        assert film.n_frames > 1
        assert film.size[0] / film.size[1] == pytest.approx(grid.shape[1] / grid.shape[0], rel=0.01)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["samples.npz", "samples"])
def test_what_is_exported_loads_again(tmp_path: Path, size: tuple[int, int], channels: int, name: str) -> None:
    run, path = trained(tmp_path, size, f"data.channels={channels}", channels=channels), tmp_path / name
    export.to_file(run.folder, None, per_class=12, output=path, seed=4)
    expected = run.generator().sample_classes(np.arange(36) % 3, 4)
    loaded = datasets.load(Data(source=str(path), size=f"{size[0]}x{size[1]}"))
    assert loaded.train.images.shape[1:] == (channels, *size)
    assert loaded.class_names == NAMES
    for label in range(3):
        found = [split.images[split.labels == label] for split in loaded.splits.values()]
        assert sorted(image.tobytes() for image in np.concatenate(found)) == sorted(
            image.tobytes() for image in expected[label::3]
        )


def test_an_evaluation_gives_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a feature network of these images, which is kept: and trained anew for the same images turned."""
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    monkeypatch.setattr(features, "STEPS", 150)
    size = (24, 32)
    run = trained(tmp_path, size)
    said: list[str] = []
    figures = condgan.evaluate(run.folder, data=dataset(size), small_n=True, gan_train=False, say=said.append).figures
    assert any("one is trained" in line for line in said)
    for name in ("label_accuracy", "kid_features", "coverage", "density", "fid_features"):
        value, floor = figures[name].value, figures[name].floor
        assert value is not None
        assert np.isfinite(value)
        assert floor is not None
    real = dataset(size)
    held = features.of(real, lambda line: pytest.fail(line))
    assert (held.embed(real.test.images).posteriors.argmax(1) == real.test.labels).mean() > 0.9
    assert features.load(next((tmp_path / "cache").rglob("*.safetensors"))).facts["size"] == 32
    lines: list[str] = []
    monkeypatch.setattr(features, "STEPS", 1)
    features.of(dataset((32, 24)), lines.append)
    assert "one is trained" in lines[0]


def test_training_measures_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    monkeypatch.setattr(features, "STEPS", 5)
    run = trained(tmp_path, (17, 5), "evaluation.every=60", "evaluation.images=60")
    records = run.evaluations()
    assert records
    assert records[-1].evaluation["label_accuracy"].value is not None


# What is measured in another form


@pytest.mark.parametrize("fit", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("size", [(24, 32), (32, 24), (14, 28)])
def test_the_way_back_to_square_images_is_the_inverse(fit: Any, size: tuple[int, int]) -> None:
    """A disc that was brought to a rectangle is a disc again: within it, no edge has moved by more than a pixel."""
    y, x = np.mgrid[:28, :28] - 13.5
    disc = np.uint8(255 * (np.hypot(y, x) < 9))[None]
    there = datasets.prepare.prepare(disc, Data(size=f"{size[0]}x{size[1]}", fit=fit))[0]
    assert there.shape == (1, 1, *size)
    square = Split(disc[:, None], np.zeros(1, np.int64))
    back = subjects.fitted(there, Dataset("disc", ("disc",), square, square, square, "by hand"), fit)
    assert back.shape == (1, 1, 28, 28)
    wrong = np.abs(back[0, 0].astype(int) - disc[0]) > 128
    inside = np.abs(x) < 28 * min(1, size[1] / size[0]) / 2 if fit == "crop" else np.abs(x) < 15
    edge = np.abs(np.hypot(y, x) - 9) < 1.5
    assert not (wrong & inside & ~edge).any()


def test_the_protocol_says_how_with_heights_first() -> None:
    before, after = (
        Domain(channels=1, size=h, width=w, class_names=NAMES, data="x", data_sha256="0" * 64)
        for h, w in ((24, 32), (28, None))
    )
    assert subjects.change(before, before, "pad") == ""
    assert subjects.change(before, after, "stretch") == "24x32 grey -> 28x28 grey (stretch)"
    assert subjects.change(after, before, "pad") == "28x28 grey -> 24x32 grey (crop)"
    assert subjects.change(after, after.model_copy(update={"size": 14}), "pad") == "28x28 grey -> 14x14 grey"


# The feature network


@pytest.mark.parametrize("size", [(4, 1024), (1024, 4), (17, 5), (24, 32), (100, 30)])
def test_a_feature_network_sees_any_form(size: tuple[int, int]) -> None:
    network = Network(3, max(size), 5, 8).eval()
    seen = embed(network, figures_of(size, 4, 3).images)
    assert seen.features.shape == (4, 32)
    assert np.isfinite(seen.features).all()


@pytest.mark.parametrize("size", SIZES)
def test_a_turn_keeps_lengths(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Turned about its middle, without a shift or zoom, a rectangle shows what a square around it would."""
    import torch

    from condgan.draws import philox

    (height, width), side = size, 2 * max(size) + 1 - max(size) % 2
    side += (side - height) % 2  # the middles are the same point
    monkeypatch.setattr(philox, "uniform", lambda *_: np.array([[0.5, 0.5, 1.0, 0.5]], np.float32))
    top, left = (side - height) // 2, (side - width) / 2
    if left % 1:  # one column more, so that both lie on the same pixels
        width += 1
        left = (side - width) / 2
    small = torch.rand(1, 1, height, width, generator=torch.Generator().manual_seed(0))
    large = torch.zeros(1, 1, side, side)
    large[..., top : top + height, int(left) : int(left) + width] = small
    turned = moved(large, 0, 0)[..., top : top + height, int(left) : int(left) + width]
    torch.testing.assert_close(moved(small, 0, 0), turned, atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_shifts_of_gan_train(size: tuple[int, int]) -> None:
    import torch

    images = torch.rand(50, 2, *size)
    for before, after in zip(images, gan_train.shifted(images, 3, 1), strict=True):
        wide = torch.nn.functional.pad(before, (2, 2, 2, 2))
        places = [(r, c) for r in range(5) for c in range(5)]
        assert any(torch.equal(after, wide[:, r : r + size[0], c : c + size[1]]) for r, c in places)
