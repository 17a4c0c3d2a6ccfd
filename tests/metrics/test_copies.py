import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from condgan.arrays import Images
from condgan.data.readers.mnist import read_shipped
from condgan.errors import UndefinedError
from condgan.metrics import neighbours
from condgan.metrics.copies import KINDS, NOTHING, copies, distances, magnitudes, planted, threshold
from conftest import random_images


def digits(start: int, stop: int, stem: str = "train") -> Images:
    return read_shipped(f"{stem}-images-idx3-ubyte")[start:stop][:, None]


@settings(max_examples=40)
@given(st.integers(2, 16), st.integers(2, 16), st.sampled_from([1, 3]), st.integers(0, 2**32 - 1))
def test_magnitudes_of_all_frequencies_have_the_length_of_the_pixels(h: int, w: int, channels: int, seed: int) -> None:
    """Parseval; a cyclic shift changes nothing; no distance is larger than that of the pixels."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (2, channels, h, w), dtype=np.uint8)
    seen, pixels = magnitudes(images), neighbours.pixels(images)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), np.linalg.norm(pixels, axis=1), rtol=1e-5)
    moved = np.roll(images, random.integers(0, 16, 2), (2, 3))
    np.testing.assert_allclose(magnitudes(moved), seen, atol=1e-5)
    assert np.linalg.norm(seen[0] - seen[1]) <= np.linalg.norm(pixels[0] - pixels[1]) + 1e-5


def test_only_low_frequencies_are_compared() -> None:
    """So that the time for large images is that for small ones, and fine noise is not seen."""
    assert magnitudes(random_images(3, 28)).shape == (3, 17 * 9)
    assert magnitudes(random_images(3, 64)).shape == (3, 17 * 9)
    stripes = np.zeros((1, 1, 32, 32), np.uint8)
    stripes[..., ::2] = 200
    even = np.full_like(stripes, 100)
    np.testing.assert_allclose(magnitudes(stripes), magnitudes(even), atol=1e-5)
    assert magnitudes(stripes[:0]).shape[0] == 0


def test_planted_copies_are_what_they_are_called() -> None:
    train = random_images(40, 12, 3)
    kinds = planted(train)
    assert tuple(kinds) == KINDS
    assert all(images.shape == train.shape and images.dtype == np.uint8 for images in kinds.values())
    np.testing.assert_array_equal(kinds["exact"], train)  # all, as there are fewer than 1000
    middle = (train > 40) & (train < 215)
    apart = kinds["noise"].astype(int) - train
    assert apart[middle].std() == pytest.approx(8, rel=0.05)
    assert apart[middle].mean() == pytest.approx(0, abs=0.5)
    file = io.BytesIO()
    Image.fromarray(train[5].transpose(1, 2, 0)).save(file, "JPEG", quality=90)
    np.testing.assert_array_equal(kinds["jpeg"][5].transpose(1, 2, 0), np.asarray(Image.open(file)))
    found = set()
    for image, copy in zip(train, kinds["shifted"], strict=True):
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                if np.array_equal(np.roll(image, (down, right), (1, 2))[:, 1:-1, 1:-1], copy[:, 1:-1, 1:-1]):
                    found.add((down, right))
    assert len(found - {(0, 0)}) == len(found) == 8
    assert len(planted(random_images(1001, 8))["exact"]) == 1000


def test_planted_copies_are_detected_and_held_out_images_are_not() -> None:
    """Of digits: at least 95 % of each kind, with false alarms of 1 % of images that the threshold was not set by."""
    train = digits(0, 10_000)
    held_out = distances(digits(20_000, 25_000), train)
    for kind, images in planted(train).items():
        assert copies(distances(images[:500], train), held_out).value >= 0.95, kind
    alarms = copies(distances(digits(30_000, 35_000), train), held_out)
    assert alarms.value == pytest.approx(0.01, abs=0.005)  # three times its error, that of the threshold included
    assert alarms.se == pytest.approx(np.sqrt(alarms.value * (1 - alarms.value) / 4999))


def test_a_training_image_that_occurs_twice_is_detected() -> None:
    """A distance relative to that of the second neighbour would miss it."""
    train = digits(0, 1000)
    held_out = distances(digits(2000, 3000), train)
    assert copies(distances(train[:50], np.concatenate([train, train])), held_out).value == 1


def test_copies_among_held_out_images_do_not_hide_exact_ones() -> None:
    train = digits(0, 300)
    held_out = distances(np.concatenate([train[:10], digits(2000, 2200)]), train)
    assert threshold(held_out) == NOTHING
    assert copies(distances(train, train), held_out).value == 1
    changed = train.copy()
    changed[:, :, 14, 14] ^= 16
    assert copies(distances(changed, train), held_out).value == 0


def test_copies_refuses_what_has_no_value() -> None:
    images = digits(0, 3)
    with pytest.raises(UndefinedError, match="99 held-out images: false alarms of 1% need at least 100"):
        threshold(np.ones(99))
    with pytest.raises(UndefinedError, match="nothing to average"):
        copies(distances(images[:0], images), np.ones(100))
    with pytest.raises(UndefinedError, match="no training images"):
        distances(images, images[:0])
