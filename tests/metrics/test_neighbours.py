import math
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from scipy.spatial.distance import cdist

from condgan.arrays import Features, Images, Labels
from condgan.errors import UndefinedError
from condgan.metrics import neighbours as measured
from condgan.metrics.neighbours import Prdc, duplicates, memorised, nearest, nearest_image, nearest_other, pixels, prdc

seeds = st.integers(0, 2**32 - 1)
SMALL = {"ROWS": 7, "COLUMNS": 11}
TEN = np.arange(10)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SMALL.items():
        monkeypatch.setattr(measured, name, value)


def cloud(count: int, dim: int, seed: int, scale: float = 1.0) -> Features:
    return (np.random.default_rng(seed).normal(size=(count, dim)) * scale).astype(np.float32)


def strokes(count: int, seed: int, side: int = 8) -> tuple[Images, Labels]:
    """Images of ten classes, each on a manifold of its own of six dimensions."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 10
    maps = np.random.default_rng(99).normal(size=(10, 6, side * side))
    flat = np.einsum("nk,nkd->nd", random.normal(size=(count, 6)), maps[labels])
    return np.clip(128 + 25 * flat, 0, 255).astype(np.uint8).reshape(count, 1, side, side), labels


def values(result: Prdc) -> list[float]:
    return [estimate.value for estimate in result]


# nearest


@pytest.mark.usefixtures("small_blocks")
@given(st.integers(1, 40), st.integers(2, 40), st.integers(1, 9), seeds)
def test_nearest_is_what_brute_force_finds(count: int, others: int, dim: int, seed: int) -> None:
    queries, base = cloud(count, dim, seed), cloud(others, dim, seed + 1)
    all_distances = cdist(queries, base)
    distances, indexes = nearest(queries, base)
    assert distances.dtype == np.float64
    assert indexes.dtype == np.int64
    np.testing.assert_allclose(distances, all_distances.min(1), rtol=1e-9)
    np.testing.assert_allclose(all_distances[np.arange(count), indexes], distances, rtol=1e-9)
    among = cdist(base, base)
    np.fill_diagonal(among, np.inf)
    distances, indexes = nearest_other(base)
    np.testing.assert_allclose(distances, among.min(1), rtol=1e-9)
    assert (indexes != np.arange(others)).all()


def test_nearest_over_several_blocks() -> None:
    queries, base = cloud(1100, 30, 0), cloud(4500, 30, 1)
    distances, indexes = nearest(queries, base)
    expected = cdist(queries, base)
    assert np.array_equal(indexes, expected.argmin(1))
    np.testing.assert_allclose(distances, expected.min(1), rtol=1e-12)


@pytest.mark.usefixtures("small_blocks")
@given(st.integers(2, 40), seeds, st.sampled_from([0.0, 1.0, 1e4]))
def test_a_copy_is_at_0_among_images_that_differ_from_it_in_one_grey_level(
    count: int, seed: int, brightness: float
) -> None:
    random = np.random.default_rng(seed)
    base = np.tile(random.integers(0, 256, (1, 1, 28, 28), dtype=np.uint8), (count, 1, 1, 1))
    base.reshape(count, -1)[np.arange(count), random.permutation(784)[:count]] ^= 1
    points = pixels(base) + np.float32(brightness)
    distances, indexes = nearest(points[::-1], points)
    assert (distances == 0).all()
    assert np.array_equal(indexes, np.arange(count)[::-1])


def test_nearest_where_float32_overflows() -> None:
    base = np.array([[0.0], [1e30], [-3e30]], np.float32)
    distances, indexes = nearest(base * np.float32(0.9), base)
    assert indexes.tolist() == [0, 1, 2]
    np.testing.assert_allclose(distances, [0, 1e29, 3e29], rtol=1e-5)


@pytest.mark.parametrize("base", [1, 9, 10, 11, 64])
def test_the_nearest_image_is_the_same_in_parts(base: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(base)
    queries, images = (random.integers(0, 256, (n, 1, 4, 4), dtype=np.uint8) for n in (13, base))
    queries[0] = images[-1]  # a copy in the last part
    whole = nearest(pixels(queries), pixels(images))
    monkeypatch.setattr(measured, "BASE", 3)
    parts = nearest_image(queries, images)
    np.testing.assert_array_equal(parts[0], whole[0])
    assert parts[0][0] == 0
    np.testing.assert_array_equal(
        np.linalg.norm(pixels(queries).astype(float) - pixels(images)[parts[1]], axis=1), parts[0]
    )


def test_nearest_of_none() -> None:
    distances, indexes = nearest(np.empty((0, 3), np.float32), cloud(4, 3, 0))
    assert len(distances) == len(indexes) == 0


def test_nearest_refuses_what_has_no_neighbour() -> None:
    points = cloud(3, 2, 0)
    with pytest.raises(UndefinedError, match="no row to search"):
        nearest(points, points[:0])
    with pytest.raises(UndefinedError, match="no other row"):
        nearest_other(points[:1])
    with pytest.raises(UndefinedError, match="NaN"):
        nearest(points, points * np.float32(np.nan))
    with pytest.raises(ValueError, match="one D"):
        nearest(points, points[:, :1])


def test_memory_does_not_grow_with_the_number_of_pairs() -> None:
    """Torch's blocks are not seen here; that nothing of N x M or N x M x D is made in numpy is."""
    points = cloud(4000, 64, 0)
    tracemalloc.start()
    nearest(points, points)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 2**20


# precision, recall, density, coverage


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.3, 0.8), (0.0, 0.3), (0.0, 2.0), (9.0, 1.0), (100.0, 1.0)])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_prdc_is_that_of_the_authors(shift: float, scale: float, k: int) -> None:
    real, generated = cloud(1300, 12, 0) + np.float32(50), cloud(700, 12, 1, scale) + np.float32(50 + shift)
    expected = compute_prdc(real, generated, k)
    assert values(prdc(real, generated, k)) == pytest.approx([expected[name] for name in Prdc._fields], abs=1e-9)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=30)
@given(st.integers(7, 40), st.integers(7, 40), st.integers(1, 6), seeds)
def test_prdc_over_many_blocks_is_that_of_the_authors(count: int, others: int, k: int, seed: int) -> None:
    real, generated = cloud(count + 1, 5, seed), cloud(others + 1, 5, seed + 1)
    expected = compute_prdc(real, generated, k)
    assert values(prdc(real, generated, k)) == pytest.approx([expected[name] for name in Prdc._fields], abs=1e-9)


@settings(max_examples=30)
@given(seeds)
def test_prdc_ignores_order_rotation_and_a_common_shift(seed: int) -> None:
    random = np.random.default_rng(seed)
    real, generated = cloud(90, 6, seed), cloud(110, 6, seed + 1, 0.9)
    result = prdc(real, generated)
    shuffled = prdc(random.permutation(real), random.permutation(generated))
    assert [tuple(estimate) for estimate in shuffled] == [pytest.approx(tuple(estimate)) for estimate in result]
    rotation = np.linalg.qr(random.normal(size=(6, 6)))[0]
    shift = random.normal(size=6) * 10
    moved = prdc(*((points @ rotation + shift).astype(np.float32) for points in (real, generated)))
    assert values(moved) == pytest.approx(values(result), abs=2 / 90)  # rounded to float32, two may change places


@settings(max_examples=30)
@given(st.integers(7, 80), st.integers(1, 6), seeds)
def test_a_set_covers_itself(count: int, k: int, seed: int) -> None:
    """An image is in its own ball, and in those of k - 1 others on average, as a ball's k-th lies on its edge."""
    points = cloud(count, 4, seed)
    assert values(prdc(points, points[::-1].copy(), k)) == pytest.approx([1, 1, 1, 1])


def test_a_collapsed_generator_is_precise_and_recalls_little() -> None:
    real = cloud(1000, 8, 0)
    precision, recall, _, coverage = values(prdc(real, real[:1] + cloud(1000, 8, 1, 0.01)))
    assert precision > 0.95
    assert recall < 0.02
    assert coverage < 0.1
    precision, recall, _, _ = values(prdc(real, np.repeat(real[:1], 1000, 0)))
    assert (precision, recall) == (1, 0)


def test_what_lies_apart_has_nothing_in_common() -> None:
    assert values(prdc(cloud(100, 8, 0), cloud(100, 8, 1) + np.float32(1000))) == [0, 0, 0, 0]


def test_standard_errors_are_those_over_new_images() -> None:
    """Against the spread over sets of generated images, and of real ones, with the balls' own set held fixed."""
    real, generated = cloud(400, 4, 0), cloud(400, 4, 1, 1.2)
    result = prdc(real, generated)
    draws = [prdc(real, cloud(400, 4, seed, 1.2)) for seed in range(2, 62)]
    for name in ("precision", "density"):
        spread = np.std([getattr(draw, name).value for draw in draws])
        assert getattr(result, name).se == pytest.approx(spread, rel=0.35)
    assert result.recall.se == pytest.approx(math.sqrt(result.recall.value * (1 - result.recall.value) / 399))
    assert result.coverage.se == pytest.approx(math.sqrt(result.coverage.value * (1 - result.coverage.value) / 399))


def test_prdc_refuses_what_has_no_value() -> None:
    points = cloud(10, 2, 0)
    with pytest.raises(UndefinedError, match="more than 5 images, given 5 real and 10 generated"):
        prdc(points[:5], points)
    with pytest.raises(UndefinedError, match="more than 5"):
        prdc(points, points[:5])
    with pytest.raises(UndefinedError, match="NaN"):
        prdc(points, np.full_like(points, np.inf))
    with pytest.raises(ValueError, match="positive k"):
        prdc(points, points, 0)
    with pytest.raises(ValueError, match="one D"):
        prdc(points, points[:, :1])


# repeated images


def test_images_that_are_repeated_are_duplicates() -> None:
    reference = strokes(2000, 0)
    images, labels = strokes(1000, 1)
    assert duplicates(images, labels, *reference).value < 0.03  # in each class's 100, one may be by chance
    twice = np.tile(labels, 2)
    assert duplicates(np.concatenate([images, images]), twice, *reference).value == 1
    brighter = np.minimum(images, 254) + np.uint8(1)
    assert duplicates(np.concatenate([images, brighter]), twice, *reference).value == 1
    half = duplicates(np.concatenate([images, images[:500], strokes(500, 2)[0]]), twice, *reference)
    assert half.value == pytest.approx(0.5, abs=0.02)
    assert half.se == pytest.approx(math.sqrt(0.5 * 0.5 / 2000), rel=0.02)


def test_real_images_are_no_duplicates() -> None:
    """Equal counts make the distances comparable: a larger reference has nearer neighbours, and is cut."""
    images, labels = strokes(2000, 1)
    assert duplicates(images, labels, *strokes(10_000, 0)).value < 0.01


def test_a_twin_is_of_the_same_class() -> None:
    reference, reference_labels = strokes(200, 0)
    image = reference[:1]
    same = duplicates(np.repeat(image, 2, 0), np.array([0, 0]), reference, reference_labels)
    other = duplicates(np.repeat(image, 2, 0), np.array([0, 1]), reference, reference_labels)
    assert (same.value, other.value) == (1, 0)


def test_copies_are_twins_even_if_the_reference_has_copies() -> None:
    images = np.repeat(strokes(10, 0)[0][:1], 30, 0)
    labels = np.zeros(30, np.int64)
    assert duplicates(images, labels, images, labels).value == 1
    assert duplicates(strokes(300, 1)[0][::10], labels, images, labels).value == 0


def test_duplicates_refuses_a_class_without_reference() -> None:
    images, labels = strokes(100, 0)
    with pytest.raises(UndefinedError, match="class 7"):
        duplicates(images, labels, images[labels != 7], labels[labels != 7])
    with pytest.raises(UndefinedError, match="nothing"):
        duplicates(images[:0], labels[:0], images, labels)


# memorised images


def test_copies_of_training_images_are_memorised() -> None:
    train = strokes(2000, 0)[0]
    heldout = nearest(pixels(strokes(1000, 1)[0]), pixels(train))[0]
    result = memorised(train[50:350], train, heldout)
    assert result.share.value == 1
    assert result.ratio == 0
    assert (result.distances == 0).all()
    assert np.array_equal(result.indexes, np.arange(50, 350))
    noise = np.random.default_rng(2).integers(0, 2, train[:300].shape, dtype=np.uint8)
    assert memorised(np.maximum(train[:300], 1) - noise, train, heldout).share.value > 0.95


def test_held_out_images_are_not_memorised() -> None:
    train = strokes(2000, 0)[0]
    heldout = nearest(pixels(strokes(3000, 1)[0]), pixels(train))[0]
    result = memorised(strokes(3000, 2)[0], train, heldout)
    assert result.share.value == pytest.approx(0.01, abs=0.007)
    assert result.ratio == pytest.approx(1, abs=0.02)
    again = memorised(strokes(3000, 1)[0], train, heldout)
    assert again.share.value == pytest.approx(0.01, abs=1e-3)
    assert again.ratio == 1


def test_a_copy_is_memorised_even_if_some_held_out_images_are_copies() -> None:
    train = strokes(500, 0)[0]
    heldout = nearest(pixels(np.concatenate([train[:30], strokes(970, 1)[0]])), pixels(train))[0]
    assert memorised(train[:100], train, heldout).share.value == 1
    assert memorised(strokes(1000, 1)[0], train, heldout).share.value == 0


def test_memorised_refuses_empty_sets() -> None:
    images = strokes(10, 0)[0]
    distances = np.ones(3)
    for given_images, train, heldout, name in (
        (images[:0], images, distances, "generated"),
        (images, images[:0], distances, "training"),
        (images, images, distances[:0], "held-out"),
        (images, images, np.zeros(3), "copies"),
    ):
        with pytest.raises(UndefinedError, match=name):
            memorised(given_images, train, heldout)


def test_pixels() -> None:
    images: npt.NDArray[np.uint8] = np.array([0, 51, 102, 255], np.uint8).reshape(1, 1, 2, 2)
    assert pixels(images).dtype == np.float32
    np.testing.assert_allclose(pixels(images), [[0, 0.2, 0.4, 1]], rtol=1e-6)
    assert pixels(images[:0]).shape == (0, 4)
