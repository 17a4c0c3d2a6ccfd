"""Principal components of pixels: as scikit-learn finds them, and what distances along them mean."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.decomposition import PCA

from condgan.errors import UndefinedError
from condgan.metrics import principal
from condgan.metrics.principal import components, embed
from conftest import random_images


def smooth(count: int, channels: int = 1, seed: int = 0) -> "np.typing.NDArray[np.uint8]":
    """Images whose neighbouring pixels are alike."""
    rough = np.random.default_rng(seed).normal(size=(count, channels, 6, 9)).cumsum(2).cumsum(3)
    return (128 + 8 * rough).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("count", "channels"), [(300, 1), (40, 3)])
def test_features_are_those_of_another_library(count: int, channels: int) -> None:
    """More images than pixels, and fewer; signs are free."""
    images, others = smooth(count, channels), smooth(50, channels, seed=1)
    mean, axes = components(images, 5)
    theirs = PCA(5, svd_solver="full").fit(images.reshape(count, -1) / 255)
    ours = embed(mean, axes, others).features
    expected = theirs.transform(others.reshape(50, -1) / 255)
    np.testing.assert_allclose(np.abs(ours), np.abs(expected), atol=1e-4)
    assert ours.dtype == np.float32
    assert embed(mean, axes, others).posteriors.shape == (50, 0)


def test_distances_are_at_most_those_of_pixels_and_all_components_have_them_whole() -> None:
    images = smooth(30)
    pixels = pdist(images.reshape(30, -1) / 255)
    few, whole = (pdist(embed(*components(images, most), images).features) for most in (4, 64))
    assert (few <= pixels + 1e-5).all()
    assert few.mean() < 0.98 * pixels.mean()
    np.testing.assert_allclose(whole, pixels, atol=1e-4)


def test_a_large_set_is_looked_at_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal, "MOST_IMAGES", 25)
    images = smooth(100)
    for ours, few in zip(components(images, 3), components(images[::4], 3), strict=True):
        assert np.array_equal(ours, few)


def test_images_are_embedded_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    images = smooth(23, 3)
    space = components(images)
    whole = embed(*space, images).features
    monkeypatch.setattr(principal, "CHUNK", 4 * images[0].size)
    np.testing.assert_allclose(embed(*space, images).features, whole, atol=1e-5)


def test_there_are_as_many_components_as_directions() -> None:
    images = random_images(4, 8)
    _, axes = components(images)
    assert axes.shape == (64, 3)
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-5)


def test_images_without_any() -> None:
    with pytest.raises(UndefinedError, match="1 training images: principal components need at least 2"):
        components(random_images(1, 8))
    with pytest.raises(UndefinedError, match="all training images are alike"):
        components(np.full((9, 1, 8, 8), 7, np.uint8))
    with pytest.raises(ValueError, match="expected images of 64 numbers"):
        embed(*components(random_images(9, 8)), random_images(9, 6))
