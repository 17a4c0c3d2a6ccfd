from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from condgan.data.fit import fit, fit_notices, resize, to_grey
from condgan.data.prepare import prepare
from condgan.recipe import Data

RANDOM = np.random.default_rng(0)
sides = st.integers(1, 40)
hows = st.sampled_from(["pad", "crop", "stretch"])
How = Literal["pad", "crop", "stretch"]


def stack(count: int, *shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize(("before", "after"), [(28, 32), (28, 14), (28, 27), (8, 64), (50, 7)])
@pytest.mark.parametrize("how", ["pad", "crop", "stretch"])
def test_square_images_come_out_exactly_as_from_pillow(
    channels: tuple[int, ...], before: int, after: int, how: How
) -> None:
    images = stack(9, before, before, *channels)
    expected = [Image.fromarray(image).resize((after, after), Image.Resampling.BILINEAR) for image in images]
    assert np.array_equal(fit(images, (after, after), how), np.stack(list(map(np.asarray, expected))))


@given(sides, sides, st.integers(4, 32), st.booleans(), hows)
def test_a_stack_is_its_images_one_by_one(height: int, width: int, size: int, colour: bool, how: How) -> None:
    images = stack(5, height, width, *((3,) if colour else ()))
    whole = fit(images, (size, size), how)
    assert whole.shape == (5, size, size, *images.shape[3:])
    assert np.array_equal(whole, np.concatenate([fit(images[i : i + 1], (size, size), how) for i in range(5)]))


def test_chunks_leave_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    images = stack(23, 9, 12, 3)
    whole, grey = fit(images, (8, 8), "pad"), to_grey(images)
    monkeypatch.setattr("condgan.data.fit.CHUNK_PIXELS", 500)
    assert np.array_equal(fit(images, (8, 8), "pad"), whole)
    assert np.array_equal(to_grey(images), grey)


@given(sides, sides, st.integers(4, 32))
def test_pad_keeps_the_whole_image_and_its_proportions(height: int, width: int, size: int) -> None:
    fitted = fit(np.full((1, height, width), 255, np.uint8), (size, size), "pad")[0]
    rows, columns = np.flatnonzero(fitted.any(1)), np.flatnonzero(fitted.any(0))
    assert (fitted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 255).all()
    assert max(len(rows), len(columns)) == size
    assert abs(len(rows) / size - height / max(height, width)) <= 1 / size
    assert abs(len(columns) / size - width / max(height, width)) <= 1 / size
    assert abs(rows[0] - (size - 1 - rows[-1])) <= 1  # centred
    assert abs(columns[0] - (size - 1 - columns[-1])) <= 1


@given(sides, sides, st.integers(4, 32), st.sampled_from(["crop", "stretch"]))
def test_crop_and_stretch_fill_the_picture(height: int, width: int, size: int, how: How) -> None:
    assert (fit(np.full((1, height, width), 200, np.uint8), (size, size), how) == 200).all()


def test_crop_keeps_the_middle() -> None:
    image = np.zeros((1, 8, 24), np.uint8)
    image[:, :, 8:16] = 255
    assert (fit(image, (16, 16), "crop") == 255).all()
    assert (fit(image.swapaxes(1, 2), (16, 16), "crop") == 255).all()


def test_stretch_takes_everything() -> None:
    image = np.zeros((1, 8, 24), np.uint8)
    image[:, :, 12:] = 255
    fitted = fit(image, (8, 8), "stretch")[0]
    assert (fitted[:, :3] == 0).all()
    assert (fitted[:, 5:] == 255).all()


def test_shrinking_averages() -> None:
    """A checkerboard becomes grey, not black or white."""
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[None]
    assert abs(fit(board, (8, 8), "pad").astype(int) - 128).max() < 8


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1)])
@pytest.mark.parametrize("how", ["pad", "crop", "stretch"])
def test_thin_images_do_not_grow_huge_in_between(
    shape: tuple[int, int], how: How, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    original = Image.fromarray

    def watch(array: np.ndarray) -> Image.Image:
        nonlocal largest
        largest = max(largest, array.size)
        return original(array)

    monkeypatch.setattr(Image, "fromarray", watch)
    assert fit(np.full((1, *shape), 9, np.uint8), (1000, 1000), how).shape == (1, 1000, 1000)
    assert largest <= 60_000


def test_nothing_is_resized_that_fits() -> None:
    images = stack(3, 8, 8)
    assert fit(images, (8, 8), "pad") is images
    assert np.array_equal(resize(images, 8, 8), images)


def test_grey_is_luma() -> None:
    assert to_grey(np.array([[[[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]]], np.uint8)).tolist() == [
        [[255, 76, 150, 29]]
    ]


@pytest.mark.parametrize(
    ("shape", "channels", "expected", "notices"),
    [
        ((6, 6), None, 1, 0),
        ((6, 6), 1, 1, 0),
        ((6, 6), 3, 3, 1),
        ((6, 6, 3), None, 3, 0),
        ((6, 6, 3), 3, 3, 0),
        ((6, 6, 3), 1, 1, 1),
    ],
)
def test_channels(
    shape: tuple[int, ...], channels: Literal[1, 3] | None, expected: Literal[1, 3], notices: int
) -> None:
    images, said, *_ = prepare(stack(2, *shape), Data(size=6, channels=channels))
    assert images.shape == (2, expected, 6, 6)
    assert images.flags.c_contiguous
    assert images.flags.writeable
    assert len(said) == notices


def test_one_notice_says_what_was_done() -> None:
    data = Data(size=28)
    assert fit_notices({(28, 28)}, data) == ()
    assert fit_notices({(32, 32)}, data) == ("images of 32x32 were resized to 28x28 (data.size)",)
    assert fit_notices({(500, 375), (28, 28), (31, 40)}, data) == (
        "images of 3 different sizes (28x28 ... 500x375) were padded and resized to 28x28 (data.fit, data.size)",
    )
    crop, stretch = (fit_notices({(4, 5)}, Data(size=28, fit=how))[0] for how in ("crop", "stretch"))
    assert "of 4x5 were cropped and resized to" in crop
    assert "of 4x5 were stretched to" in stretch
