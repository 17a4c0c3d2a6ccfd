"""The mark: against formulas written another way, and by laws that hold for any pictures."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import condgan
from condgan.errors import CondganError
from condgan.marks import detection, marking, pattern
from condgan.marks.detection import Evidence, detect
from condgan.marks.keys import Key
from condgan.marks.pattern import patterns

Images = npt.NDArray[np.uint8]
KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)
SHAPES = [(1, 28, 28), (3, 28, 28), (3, 32, 32), (1, 16, 24), (3, 64, 64)]


def scenes(count: int, shape: tuple[int, ...], seed: int = 0) -> Images:
    """Smooth shapes with edges, on black."""
    rng = np.random.default_rng(seed)
    channels, height, width = shape
    y, x = np.mgrid[:height, :width]
    found = np.zeros((count, *shape))
    for image in found:
        for _ in range(3):
            cy, cx, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(3, 0.4 * min(height, width))
            inside = 1 / (1 + np.exp(np.hypot(y - cy, x - cx) - r))
            colour = rng.uniform(60, 240, (channels, 1, 1))
            image[...] = image * (1 - inside) + colour * inside
    return np.rint(found).astype(np.uint8)


@pytest.fixture(scope="module")
def digits() -> Images:
    """Sets of 64, (8, 64, 1, 28, 28)."""
    images = condgan.load("mnist").sample_classes(np.arange(8 * 64) % 10, 11)
    return images.reshape(8, 64, 1, 28, 28)


# Marking


@given(arrays.arrays(np.uint8, st.sampled_from([(2, *shape) for shape in SHAPES])))
@settings(max_examples=40, deadline=None)
def test_no_picture_loses_more_than_40_db(images: Images) -> None:
    made = marking.marked(images, patterns(KEY, images.shape[2:]), "3fa2")
    assert made.shape == images.shape
    assert made.dtype == np.uint8
    error = ((made.astype(np.int64) - images) ** 2).mean(axis=(1, 2, 3))
    assert (10 * np.log10(255**2 / np.maximum(error, 1e-9)) >= 40).all()


@given(st.integers(0, 63), st.integers(1, 63))
@settings(max_examples=20, deadline=None)
def test_a_marked_picture_depends_on_itself_alone(first: int, count: int) -> None:
    images, layout = scenes(64, (1, 28, 28)), patterns(KEY, (28, 28))
    whole = marking.marked(images, layout, "0f0f")
    part = slice(first, first + count)
    np.testing.assert_array_equal(marking.marked(images[part], layout, "0f0f"), whole[part])


def test_all_channels_change_alike() -> None:
    images = np.clip(scenes(4, (3, 32, 32)), 40, 200).astype(np.uint8)
    change = marking.marked(images, patterns(KEY, (32, 32)), "abcd").astype(int) - images
    np.testing.assert_array_equal(change, np.repeat(change[:, :1], 3, axis=1))


def test_a_pattern_lies_in_its_bands_and_has_the_power_that_it_says() -> None:
    from scipy.fft import dctn

    for size in ((28, 28), (16, 24), (64, 64)):
        for layer, edges in zip(patterns(KEY, size).layers("1234"), (pattern.LOW, pattern.HIGH), strict=True):
            power = dctn(layer, norm="ortho") ** 2
            radius = np.hypot(np.arange(size[0])[:, None] / (2 * size[0]), np.arange(size[1]) / (2 * size[1]))
            inside = (radius >= edges[0]) & (radius <= edges[1])
            assert power[~inside].sum() < 1e-6 * power.sum()  # but for rounding
            assert np.isclose((layer**2).mean(), 1, rtol=1e-3)


def test_numbers_of_a_key_are_normal_and_those_of_another_are_others() -> None:
    from scipy.stats import kstest

    one, other = (pattern.normal(key.derived("mark 1"), "x", 20_000) for key in (KEY, OTHER))
    assert kstest(one, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.04
    assert not np.array_equal(one, pattern.normal(KEY.derived("mark 1"), "y", 20_000))


@pytest.mark.parametrize("size", [(15, 28), (28, 8), (2000, 28)])
def test_sizes_that_cannot_have_a_mark_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(CondganError, match="cannot have a mark"):
        patterns(KEY, size)


# Detection


def brute(images: Images, key: Key) -> float:
    """The rate that is stated, by loops, convolutions and integrals instead of the functions of ``detection``."""
    from scipy.fft import dctn
    from scipy.integrate import quad

    layout = patterns(key, images.shape[2:])
    height, width = layout.size
    low, high = np.zeros(layout.size), np.zeros(layout.size)
    for image in images:
        light = image.astype(float).mean(axis=0)
        wide = np.pad(light, 2, mode="symmetric")
        edge = np.pad(light, 2, mode="edge")
        for y in range(height):
            for x in range(width):
                around = wide[y : y + 5, x : x + 5]
                low[y, x] += (light[y, x] - around.mean()) / (20 + around.var())
                rest = light[y, x] - (edge[y : y + 5, x : x + 5] * detection.NEIGHBOURS).sum()
                high[y, x] += 4 * light[y, x] * (255 - light[y, x]) / 255**2 * rest

    def probability(r: float, d: int) -> float:
        if r <= 0:
            return 1.0
        density: Callable[[float], float] = lambda t: (1 - t * t) ** ((d - 3) / 2)  # noqa: E731
        return float(quad(density, r, 1)[0] / quad(density, -1, 1)[0])

    rates = []
    for mirrored in (False, True):
        for down in range(-2, 3):
            for right in range(-2, 3):
                found = []
                for total, places in ((low, layout.low), (high, layout.high)):
                    turned = total[:, ::-1] if mirrored else total
                    moved = np.zeros(layout.size)
                    for y in range(height):
                        for x in range(width):
                            if 0 <= y + down < height and 0 <= x + right < width:
                                moved[y, x] = turned[y + down, x + right]
                    found.append(dctn(moved, norm="ortho").ravel()[places])
                words = [max(digit, key=lambda one: float(one @ found[0])) for digit in layout.digits]
                word = np.sum(words, axis=0)
                cosine = [
                    float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
                    for a, b in zip(found, (word, layout.carrier), strict=True)
                ]
                p_low = min(1.0, 16**4 * probability(cosine[0], len(found[0])))
                p_high = probability(cosine[1], len(found[1]))
                product = p_low * p_high
                rates.append(min(p_low, p_high, product * (1 - np.log(product))))
    return min(1.0, 3 * 2 * 25 * min(rates))


@pytest.mark.parametrize("marked", [True, False])
def test_the_rate_is_that_of_the_formula(marked: bool) -> None:
    images = scenes(3, (3, 20, 18), seed=4)
    if marked:
        images = marking.marked(images, patterns(KEY, (20, 18)), "3fa2")
    found = detect(Evidence.of(images), patterns(KEY, (20, 18)))
    assert np.isclose(np.log(found.false_alarm), np.log(brute(images, KEY)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dimensions", [20, 230])
def test_a_correlation_with_a_random_direction_has_the_stated_tail(dimensions: int) -> None:
    """Whatever the picture: here a vector with all its weight in a few places."""
    rng = np.random.default_rng(3)
    fixed = 1 / np.arange(1, dimensions + 1.0) ** 3
    random = rng.standard_normal((200_000, dimensions))
    r = random @ fixed / np.linalg.norm(random, axis=1) / np.linalg.norm(fixed)
    for level in (0.3, 0.05, 1e-3):
        above = (detection.tail(r, dimensions) <= level).mean()
        assert abs(above - level) < 5 * (level / len(r)) ** 0.5


def test_a_product_of_two_probabilities_has_the_stated_tail() -> None:
    u = np.random.default_rng(4).uniform(size=(400_000, 2)).prod(axis=1)
    for level in (0.3, 0.05, 1e-3):
        assert abs((detection.either(u) <= level).mean() - level) < 5 * (level / len(u)) ** 0.5


def strange() -> dict[str, Images]:
    digit = scenes(1, (1, 28, 28))
    return {
        "black": np.zeros((64, 1, 28, 28), np.uint8), "grey": np.full((64, 1, 28, 28), 128, np.uint8),
        "one image 64 times": digit.repeat(64, axis=0), "one image": digit,
        "noise": np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), np.uint8),
        "stripes": np.tile(np.uint8([0, 255]), (64, 1, 28, 14)), "marked with another key": marking.marked(
            scenes(64, (1, 28, 28)), patterns(OTHER, (28, 28)), "3fa2"),
    }  # fmt: skip


@pytest.mark.parametrize("name", strange())
def test_keys_that_did_not_mark_a_set_find_nothing(name: str) -> None:
    """Rates are upper bounds: of 100 keys, hardly more than two state a rate below 0.02."""
    evidence = Evidence.of(strange()[name])
    rates = np.array([detect(evidence, patterns(Key(bytes([n]) * 32), (28, 28))).false_alarm for n in range(100)])
    assert (rates > 1e-5).all()
    assert (rates < 0.02).sum() <= 8
    if name == "black":
        assert (rates == 1).all()


def test_evidence_adds_up() -> None:
    images = scenes(10, (3, 28, 28))
    whole, parts = Evidence.of(images), Evidence.of(images[:3])
    parts.add(Evidence.of(images[3:]))
    assert parts.count == whole.count == 10
    np.testing.assert_allclose(parts.low, whole.low)
    np.testing.assert_allclose(parts.high, whole.high)


def jpeg(images: Images, quality: int) -> Images:
    out = np.empty_like(images)
    for image, changed in zip(images, out, strict=True):
        file = io.BytesIO()
        Image.fromarray(image[0]).save(file, "JPEG", quality=quality)
        changed[0] = np.asarray(Image.open(file))
    return out


CHANGES: dict[str, Callable[[Images], Images]] = {
    "nothing": lambda images: images,
    "JPEG 75": lambda images: jpeg(images, 75),
    "moved": lambda images: np.pad(images, ((0, 0), (0, 0), (0, 1), (1, 0)))[:, :, 1:, :-1],
    "mirrored": lambda images: images[..., ::-1],
    "noise": lambda images: np.clip(
        np.rint(images + np.random.default_rng(0).normal(0, 8, images.shape)), 0, 255).astype(np.uint8),
    "cropped": lambda images: np.pad(images[:, :, 2:-2, 2:-2], ((0, 0), (0, 0), (2, 2), (2, 2))),
    "8 levels": lambda images: np.rint(np.rint(images / 255 * 7) * 255 / 7).astype(np.uint8),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_sets_of_64_digits_are_found(digits: Images, name: str) -> None:
    found = []
    for number, images in enumerate(digits):
        layout = patterns(Key(bytes([number]) * 32), (28, 28))
        one = detect(Evidence.of(CHANGES[name](marking.marked(images, layout, "3fa2"))), layout)
        assert one.payload in (None, "3fa2")
        found.append(one.found)
    assert sum(found) >= 7


def test_the_alignment_and_the_payload_are_told(digits: Images) -> None:
    layout = patterns(KEY, (28, 28))
    images = marking.marked(digits[:2].reshape(128, 1, 28, 28), layout, "b70e")
    found = detect(Evidence.of(CHANGES["moved"](images)), layout)
    assert (found.shift, found.flip, found.payload) == ((-1, 1), (False, False), "b70e")
    found = detect(Evidence.of(images[..., ::-1]), layout)
    assert (found.shift, found.flip, found.payload) == ((0, 0), (False, True), "b70e")


@pytest.mark.parametrize("shape", SHAPES[:3] + SHAPES[4:])
def test_other_sizes_and_colours_are_found(shape: tuple[int, ...]) -> None:
    layout = patterns(KEY, (shape[1], shape[2]))
    plain = scenes(64, shape)
    assert detect(Evidence.of(marking.marked(plain, layout, "3fa2")), layout).found
    assert not detect(Evidence.of(plain), layout).found


def test_two_keys_in_one_set_are_both_found(digits: Images) -> None:
    one, other = patterns(KEY, (28, 28)), patterns(OTHER, (28, 28))
    for images in (
        marking.marked(marking.marked(digits[0], one, "1111"), other, "2222"),
        np.concatenate([marking.marked(digits[0], one, "1111"), marking.marked(digits[1], other, "2222")]),
    ):
        assert detect(Evidence.of(images), one).found
        assert detect(Evidence.of(images), other).found
        assert not detect(Evidence.of(images), patterns(Key(b"x" * 32), (28, 28))).found


# Many at a time


def scattered() -> Images:
    """Marked images, unmarked ones, black ones, and ones with the mark of another key."""
    plain = scenes(40, (1, 28, 28), seed=9)
    plain[:20] = marking.marked(plain[:20], patterns(KEY, (28, 28)), "3fa2")
    plain[20:25] = marking.marked(plain[20:25], patterns(OTHER, (28, 28)), "3fa2")
    plain[25:28] = 0
    return plain


def test_many_at_a_time_are_found_as_each_alone() -> None:
    images, layout = scattered(), patterns(KEY, (28, 28))
    (parts,) = detection.maps(images)
    together = detection.detect_each(*parts, layout)
    for image, found in zip(images, together, strict=True):
        alone = detect(Evidence.of(image[None]), layout, (detection.STILL,))
        assert np.isclose(np.log(found.false_alarm), np.log(alone.false_alarm))
        assert (found.payload, found.shift, found.flip) == (alone.payload, (0, 0), (False, False))
    assert sum(one.found for one in together[:20]) > 15
    assert not any(one.found for one in together[20:])


def test_a_digit_is_told_only_if_it_is_ahead_of_every_other_by_the_noise() -> None:
    """By the definition: fifteen differences of patterns, one after another."""
    layout, rng, told = patterns(KEY, (28, 28)), np.random.default_rng(6), 0
    for strength in np.linspace(0.02, 2, 60):
        true = rng.integers(0, 16, 4)
        found = strength * layout.digits[np.arange(4), true].sum(axis=0) + rng.standard_normal(len(layout.low))
        values = (layout.digits @ found).argmax(axis=1)
        word = layout.digits[np.arange(4), values].sum(axis=0)
        r = float(word @ found / np.linalg.norm(word) / np.linalg.norm(found))
        noise = np.linalg.norm(found) * max(1 - r * r, 0) ** 0.5 / len(found) ** 0.5
        sure = all(
            (layout.digits[digit, value] - layout.digits[digit, other]) @ found
            > detection.CERTAIN * noise * np.linalg.norm(layout.digits[digit, value] - layout.digits[digit, other])
            for digit, value in enumerate(values)
            for other in range(16)
            if other != value
        )
        said = detection.read(found, layout, values, r)
        assert said == ("".join(f"{value:x}" for value in values) if sure else None)
        told += sure
    assert 10 < told < 55
