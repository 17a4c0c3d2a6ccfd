"""Transparency and bars: one ground for a dataset, on which nothing disappears."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan.data import Dataset, load, recorded
from condgan.data.sources import pooled
from condgan.recipe import Data
from condgan.recipe.text import override_section


def ink(level: int, alpha: int = 255) -> Image.Image:
    """A square of ink on transparent paper."""
    pixels = np.zeros((8, 8, 2), np.uint8)
    pixels[2:6, 2:6] = level, alpha
    return Image.fromarray(pixels, "LA")


def folder(path: Path, *pictures: Image.Image) -> Path:
    (path / "a").mkdir(parents=True)
    for number, picture in enumerate(pictures):
        picture.save(path / "a" / f"{number}.png")
    return path


def read(path: Path, *overrides: str, size: Any = 8) -> Dataset:
    return load(override_section("data", Data(source=str(path), size=size), overrides))


@pytest.mark.parametrize(("level", "background"), [(0, "white"), (60, "white"), (255, "black"), (200, "black")])
def test_ink_stays_visible(level: int, background: str, tmp_path: Path) -> None:
    dataset = read(folder(tmp_path / "f", ink(level), ink(level)))
    ground = {"white": 255, "black": 0}[background]
    assert dataset.background == background
    assert (dataset.train.images[:, 0, :2] == ground).all()
    assert (dataset.train.images[:, 0, 2:6, 2:6] == level).all()
    assert any(f"were laid on {background} (data.background)" in notice for notice in dataset.notices)
    assert recorded(Data(source=str(tmp_path / "f")), None, dataset).background == background


def test_black_and_white_ink_in_one_set_both_stay_visible(tmp_path: Path) -> None:
    dataset = read(folder(tmp_path / "f", *[ink(level) for level in (0, 255) * 5]))
    images = dataset.train.images[:, 0].astype(int)
    assert (np.abs(images[:, 3, 3] - images[:, 0, 0]) > 90).all()


@pytest.mark.parametrize("alpha", [64, 128, 200])
def test_half_transparent_pixels_mix(alpha: int, tmp_path: Path) -> None:
    """As Pillow composes them."""
    picture = ink(40, alpha)
    expected = Image.new("L", (8, 8), 255)
    expected.paste(picture.getchannel("L"), mask=picture.getchannel("A"))
    images = read(folder(tmp_path / "f", picture), "data.background=white").train.images
    assert np.abs(images[0, 0].astype(int) - np.asarray(expected)).max() <= 1


def paper(level: int, colour: bool = False) -> Image.Image:
    """A portrait: a drawing in the middle of paper."""
    pixels = np.full((16, 8), level, np.uint8)
    pixels[5:11, 2:6] = 255 - level
    return Image.fromarray(pixels).convert("RGB" if colour else "L")


@pytest.mark.parametrize(("level", "background"), [(255, "white"), (250, "white"), (0, "black"), (90, "90,90,90")])
def test_bars_have_the_colour_of_the_paper(level: int, background: str, tmp_path: Path) -> None:
    dataset = read(folder(tmp_path / "f", *[paper(level)] * 5))
    assert dataset.background == background
    bars = dataset.train.images[:, 0, :, [0, 1, 6, 7]]
    assert (bars == {"white": 255, "black": 0}.get(background, level)).all()
    assert (dataset.train.images[:, 0, 4, 3:5] != bars[0, 0, 0]).all()


def test_photos_without_a_common_border_get_black(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    photos = [Image.fromarray(random.integers(0, 256, (16, 8, 3), dtype=np.uint8)) for _ in range(6)]
    assert read(folder(tmp_path / "f", *photos)).background == "black"


def test_a_colour_and_the_edge(tmp_path: Path) -> None:
    path = folder(tmp_path / "f", *[paper(255)] * 3)
    red = read(path, "data.background=255,0,0").train.images
    assert red.shape[1] == 3
    assert red[0, :, 0, 0].tolist() == [255, 0, 0]
    assert read(path, "data.background=255,0,0", "data.channels=1").train.images[0, 0, 0, 0] == 76  # its luma
    pixels = np.arange(128, dtype=np.uint8).reshape(16, 8)
    edge = folder(tmp_path / "g", Image.fromarray(pixels))
    image = read(edge, "data.background=edge", size=16).train.images[0, 0]
    assert np.array_equal(image, np.pad(pixels, ((0, 0), (4, 4)), mode="edge"))


@pytest.mark.parametrize("background", ["auto", "white", "10,20,30", "edge"])
def test_a_folder_and_an_array_are_padded_alike(background: str, tmp_path: Path) -> None:
    raw = np.stack([np.asarray(paper(255, colour=True))] * 4)
    np.savez(tmp_path / "n.npz", images=raw, labels=[0] * 4)
    path = folder(tmp_path / "f", *[Image.fromarray(image) for image in raw])
    one, other = (
        read(place, f"data.background={background}", "data.channels=3") for place in (path, tmp_path / "n.npz")
    )
    assert one.background == other.background
    assert np.array_equal(one.train.images, other.train.images)


# Ranges of files


def deep(path: Path, arrays: list[np.ndarray]) -> Path:
    (path / "a").mkdir(parents=True)
    for number, array in enumerate(arrays):
        Image.fromarray(array).save(path / "a" / f"{number}.png")
    return path


@pytest.mark.parametrize(("most", "scale"), [(4095, 4095), (3000, 4095), (1000, 1023), (65535, 65535), (40000, 65535)])
def test_deep_files_use_the_range_of_all(most: int, scale: int, tmp_path: Path) -> None:
    ramp = np.linspace(0, most, 64).round().astype(np.uint16).reshape(8, 8)
    dark = (ramp // 9).astype(np.uint16)
    images = pooled(deep(tmp_path / "f", [dark, ramp, dark]), Data(size=8))[0].images[:, 0].astype(int)
    for image, array in zip(images, (dark, ramp, dark), strict=True):
        assert np.abs(image - array * 255.0 / scale).max() <= 0.51


def test_files_of_zeros_and_ones_are_black_and_white(tmp_path: Path) -> None:
    random = np.random.default_rng(0).integers(0, 2, (5, 8, 8), dtype=np.uint8)
    split, _, notices = pooled(deep(tmp_path / "f", list(random)), Data(size=8))
    assert np.array_equal(split.images[:, 0], random * 255)
    assert any("pixels lie in 0..1 and were multiplied by 255/1" in notice for notice in notices)
    split, _, notices = pooled(deep(tmp_path / "g", [*random, np.full((8, 8), 200, np.uint8)]), Data(size=8))
    assert np.array_equal(split.images[:5, 0], random)  # one image shows that the range is that of bytes


@pytest.mark.parametrize("level", [0, 7, 255])
def test_a_set_without_any_picture_is_refused(level: int, tmp_path: Path) -> None:
    from condgan.errors import CondganError

    path = deep(tmp_path / "f", [np.full((8, 8), level, np.uint8)] * 4)
    with pytest.raises(CondganError, match=f"all pixels of all images are {level}"):
        read(path)
