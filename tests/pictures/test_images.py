"""Pictures contain the images at their places, and files the pictures and texts that were written."""

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngImageFile

from condgan.errors import CondganError
from condgan.pictures.images import GAP, GIF_SIDE, GREY, grid, row, save_gif, save_png
from condgan.storage.manifest import Manifest, begin, pixels_sha256

Pixels = npt.NDArray[np.uint8]

PICTURE = begin("someone")


def pictures(n: int, channels: int, height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (n, channels, height, width), dtype=np.uint8)


def enlarged(image: Pixels, scale: int) -> Pixels:
    """(C, H, W) -> (h, w) or (h, w, 3), by Pillow's nearest neighbour."""
    pixels = image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))
    return np.asarray(Image.fromarray(pixels).resize((image.shape[2] * scale, image.shape[1] * scale), 0))


shapes = st.tuples(st.integers(1, 9), st.sampled_from([1, 3]), st.integers(1, 7), st.integers(1, 7))


@settings(max_examples=60)
@given(shape=shapes, columns=st.integers(1, 5), scale=st.integers(1, 4), titled=st.booleans())
def test_a_grid_has_image_i_at_row_and_column_of_i(
    shape: tuple[int, int, int, int], columns: int, scale: int, titled: bool
) -> None:
    images = pictures(*shape)
    n, channels, height, width = shape
    picture = grid(images, columns, ["title"] * columns if titled else None, scale)
    rows, h, w = -(-n // columns), height * scale, width * scale
    header = len(picture) - rows * (h + GAP) - GAP
    assert (header > 0) == titled
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (columns * (w + GAP) + GAP, 3)[: 1 + (channels == 3)]
    between = np.ones(picture.shape[:2], bool)
    for i in range(rows * columns):
        top, left = header + GAP + i // columns * (h + GAP), GAP + i % columns * (w + GAP)
        tile = picture[top : top + h, left : left + w]
        np.testing.assert_array_equal(tile, enlarged(images[i], scale) if i < n else np.zeros_like(tile))
        between[top : top + h, left : left + w] = False
    assert (picture[header:][between[header:]] == GREY).all()


@given(shape=shapes, scale=st.integers(1, 4))
def test_a_row_is_the_images_side_by_side(shape: tuple[int, int, int, int], scale: int) -> None:
    images = pictures(*shape)
    expected = np.concatenate([enlarged(image, scale) for image in images], axis=1)
    np.testing.assert_array_equal(row(images, scale), expected)


@given(height=st.integers(1, 200), width=st.integers(1, 200))
def test_without_a_scale_tiles_are_large_enough_and_no_larger(height: int, width: int) -> None:
    images = np.zeros((1, 1, height, width), np.uint8)
    for picture, least in ((row(images), 64), (grid(images, 1)[2 * GAP :, 2 * GAP :], 48)):
        scale = len(picture) // height
        assert picture.shape == (height * scale, width * scale)
        assert min(picture.shape) >= least
        assert scale == 1 or min(height, width) * (scale - 1) < least


def test_a_title_is_ink_above_its_own_column_only() -> None:
    images = np.zeros((3, 1, 28, 28), np.uint8)
    for middle in (
        "x",
        "a very long name of a class that never fits above a tile",
        "ß" * 200,
        "犬" * 9,
        "\udcff\n\t x",
    ):
        picture = grid(images, 3, ["", middle, " "])
        header = picture[: len(picture) - len(grid(images, 3))]
        left, right = 2 * GAP + 56, 2 * GAP + 2 * 56
        assert (header[:, left:right] > 128).any()
        assert (header[:, :left] == GREY).all()
        assert (header[:, right:] == GREY).all()


def test_names_that_differ_are_drawn_differently() -> None:
    images = np.zeros((1, 1, 64, 64), np.uint8)
    for one, other in (("3", "8"), ("é", "è"), ("Кот", "Пёс"), ("α", "β")):
        assert (grid(images, 1, [one]) != grid(images, 1, [other])).any(), (one, other)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 1, 4, 4), np.float32),
        np.zeros((1, 4, 4), np.uint8),
        np.zeros((1, 2, 4, 4), np.uint8),
        np.zeros((0, 1, 4, 4), np.uint8),
    ],
)
def test_other_types_and_shapes_are_refused(images: Pixels) -> None:
    with pytest.raises(ValueError, match="expected uint8 images"):
        row(images)
    with pytest.raises(ValueError, match="expected uint8 images"):
        grid(images, 1)


def test_other_columns_titles_and_scales_are_refused() -> None:
    images = pictures(4, 1, 4, 4)
    with pytest.raises(ValueError, match="columns"):
        grid(images, 0)
    with pytest.raises(ValueError, match="title"):
        grid(images, 2, ["one"])
    with pytest.raises(ValueError, match="scale"):
        row(images, 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_keeps_pixels_and_what_it_says_of_itself(tmp_path: Path, channels: int) -> None:
    picture = row(pictures(2, channels, 5, 4), 1)
    path = tmp_path / "folder" / "picture.png"
    save_png(path, picture, PICTURE)
    with Image.open(path) as image:
        assert isinstance(image, PngImageFile)
        np.testing.assert_array_equal(np.asarray(image), picture)
        told = Manifest.from_json(image.text["condgan"])
    assert told == PICTURE.model_copy(update={"pixels_sha256": pixels_sha256(picture)})


def test_a_png_that_cannot_be_written_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(CondganError, match="it is a folder"):
        save_png(tmp_path, row(pictures(1, 1, 4, 4)), PICTURE)


def frames(path: Path) -> tuple[list[Pixels], list[int]]:
    """The frames of a GIF as RGB, and their durations in milliseconds."""
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        pairs = [(np.asarray(f.convert("RGB")), f.info["duration"]) for f in ImageSequence.Iterator(image)]
    return [pixels for pixels, _ in pairs], [duration for _, duration in pairs]


def pngs(folder: Path, count: int, channels: int = 1) -> list[Path]:
    paths = [folder / f"{i:04d}.png" for i in range(count)]
    for i, path in enumerate(paths):
        tone = np.full((1, channels, 6, 4), 0, np.uint8)
        tone[0, 0] = i  # the colour of a frame is its number
        save_png(path, row(tone, 1), PICTURE)
    return paths


@pytest.mark.parametrize(("count", "most"), [(1, 100), (2, 100), (30, 100), (30, 30), (30, 7), (200, 100)])
def test_a_gif_shows_the_frames_in_order_thinned_evenly_and_stops_at_the_last(
    tmp_path: Path, count: int, most: int
) -> None:
    path = tmp_path / "progress.gif"
    save_gif(path, pngs(tmp_path, count), PICTURE, most_frames=most)
    shown, durations = frames(path)
    numbers = [int(pixels[0, 0, 0]) for pixels in shown]
    assert len(numbers) == min(count, most)
    assert numbers[-1] == count - 1
    if count > 1:
        assert numbers[0] == 0
        steps = np.diff(numbers)
        assert steps.min() >= 1
        assert steps.max() - steps.min() <= 1
    assert durations[-1] == 2000
    assert set(durations[:-1]) <= {min(round(800 / len(numbers)) * 10, 500)}


def test_a_grey_gif_is_exact_and_a_coloured_one_close(tmp_path: Path) -> None:
    for channels, tolerance in ((1, 0), (3, 48)):
        paths = [tmp_path / f"{channels}-{i}.png" for i in range(3)]
        smooth = np.linspace(0, 255, 28 * 28).reshape(1, 1, 28, 28).repeat(channels, axis=1).astype(np.uint8)
        pictures_ = [row(np.roll(smooth, 5 * i, axis=3), 1) for i in range(3)]
        for path, picture in zip(paths, pictures_, strict=True):
            save_png(path, picture, PICTURE)
        save_gif(tmp_path / "progress.gif", paths, PICTURE)
        shown, _ = frames(tmp_path / "progress.gif")
        for pixels, picture in zip(shown, pictures_, strict=True):
            expected = picture if channels == 3 else picture[:, :, None].repeat(3, axis=2)
            assert np.abs(pixels.astype(int) - expected).max() <= tolerance


def test_a_gif_leaves_out_frames_that_cannot_be_read(tmp_path: Path) -> None:
    paths = pngs(tmp_path, 6)
    paths[0].unlink()
    paths[2].write_bytes(b"")
    paths[3].write_bytes(paths[3].read_bytes()[:40])
    save_png(paths[4], row(pictures(1, 1, 3, 3), 1), PICTURE)  # another size
    save_gif(tmp_path / "progress.gif", paths, PICTURE)
    assert [int(pixels[0, 0, 0]) for pixels in frames(tmp_path / "progress.gif")[0]] == [1, 5]


def test_a_gif_survives_any_damage_to_a_frame(tmp_path: Path) -> None:
    good, bad = pngs(tmp_path, 2)
    save_png(bad, row(pictures(1, 3, 6, 4), 1), PICTURE)
    content, luck = bad.read_bytes(), random.Random(0)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(luck.randint(1, 4)):
            damaged[luck.randrange(8, len(damaged))] = luck.randrange(256)
        bad.write_bytes(damaged[: luck.randint(8, len(damaged))] if luck.random() < 0.5 else damaged)
        save_gif(tmp_path / "progress.gif", [bad, good], PICTURE)
        assert frames(tmp_path / "progress.gif")[0]


def test_large_frames_are_made_smaller(tmp_path: Path) -> None:
    save_png(tmp_path / "large.png", np.zeros((GIF_SIDE, 2 * GIF_SIDE), np.uint8), PICTURE)
    save_gif(tmp_path / "progress.gif", [tmp_path / "large.png"], PICTURE)
    assert frames(tmp_path / "progress.gif")[0][0].shape == (GIF_SIDE // 2, GIF_SIDE, 3)


def test_no_frames_make_no_gif(tmp_path: Path) -> None:
    save_gif(tmp_path / "progress.gif", [], PICTURE)
    save_gif(tmp_path / "progress.gif", [tmp_path / "missing.png"], PICTURE)
    assert not (tmp_path / "progress.gif").exists()


def test_heavy_packages_are_not_imported_with_the_modules() -> None:
    modules = "condgan.pictures.images, condgan.storage.files, condgan.pictures.curves, condgan.doctor"
    program = f"import sys; import {modules}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"PIL", "matplotlib", "torch"} & set(loaded)
