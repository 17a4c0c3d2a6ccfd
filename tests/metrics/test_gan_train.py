import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.arrays import Images, Labels
from condgan.data.fit import fit
from condgan.data.readers.mnist import read_shipped
from condgan.metrics import feature_network
from condgan.metrics.gan_train import gan_train, right, shifted
from conftest import random_images

Labelled = tuple[Images, Labels]
SEEDS, STEPS = 2, 80  # of images of 10 x 10, which learn in a second


@pytest.fixture(scope="module")
def digits_of_two_kinds() -> tuple[Labelled, Labelled, Labelled]:
    """Three sets of MNIST's digits, of 10 x 10: 500 of training, 500 others, 400 of test."""

    def some(stem: str, where: slice) -> Labelled:
        raw = read_shipped(f"{stem}-images-idx3-ubyte")[where]
        return fit(raw, (10, 10), "pad")[:, None], read_shipped(f"{stem}-labels-idx1-ubyte")[where].astype(np.int64)

    return some("train", slice(0, 500)), some("train", slice(500, 1000)), some("t10k", slice(0, 400))


def test_a_generator_of_the_real_images_themselves_is_not_behind(
    digits_of_two_kinds: tuple[Labelled, Labelled, Labelled],
) -> None:
    """Paired by seed the trainings are the same, so that the difference and its error are exactly 0."""
    real, _, test = digits_of_two_kinds
    said: list[str] = []
    result = gan_train(real, real, test, 10, SEEDS, STEPS, said.append)
    assert result.behind == (0, 0)
    assert result.train == result.real
    assert result.real.value > 0.65
    assert result.test.value > result.real.value - 0.05  # it is tested on what it was trained on
    assert said == ["GAN-train: seed 1 of 2", "GAN-train: seed 2 of 2"]


def test_labels_that_say_nothing_teach_nothing_and_noise_is_not_read(
    digits_of_two_kinds: tuple[Labelled, Labelled, Labelled],
) -> None:
    real, (others, truth), test = digits_of_two_kinds
    shuffled = np.random.default_rng(0).permutation(truth)
    result = gan_train((others, shuffled), real, test, 10, 1, STEPS)
    assert result.train.value < 0.3
    assert result.test.value < 0.2
    noise = random_images(500, 10)
    result = gan_train((noise, truth), real, test, 10, 1, STEPS)
    assert result.train.value < 0.3
    assert result.test.value < 0.25


def test_accuracies_and_their_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is trained on what, tested on what, and how seeds are paired, with trainings that are only named."""
    generated, real, test = ((np.full((10, 1, 4, 4), n, np.uint8), np.arange(10)) for n in range(3))
    table = {(0, 2): [0.5, 0.4, 0.3], (1, 0): [0.9, 0.8, 0.4], (1, 2): [0.8, 0.9, 0.7]}  # (trained on, tested on)
    trained: list[tuple[int, int]] = []

    def train(images: Images, labels: Labels, classes: int, steps: int, seed: int, *_: object) -> tuple[int, int]:
        assert (classes, steps) == (10, 11)
        assert labels.tolist() == list(range(10))
        trained.append((int(images[0, 0, 0, 0]), seed))
        return trained[-1]

    def hits(network: tuple[int, int], images: Images, _: Labels) -> npt.NDArray[np.bool_]:
        return np.arange(10) < 10 * table[network[0], int(images[0, 0, 0, 0])][network[1]]

    monkeypatch.setattr("condgan.metrics.feature_network.train", train)
    monkeypatch.setattr("condgan.metrics.gan_train.right", hits)
    result = gan_train(generated, real, test, 10, 3, 11)
    assert sorted(trained) == [(which, seed) for which in (0, 1) for seed in range(3)]
    for estimate, values in (
        (result.train, [0.5, 0.4, 0.3]),
        (result.test, [0.9, 0.8, 0.4]),
        (result.real, [0.8, 0.9, 0.7]),
        (result.behind, [0.3, 0.5, 0.4]),
    ):
        average = sum(values) / 3
        error = math.sqrt(sum((value - average) ** 2 for value in values) / 2) / math.sqrt(3)
        assert tuple(estimate) == pytest.approx((average, error))
    assert result.missing.tolist() == [5, 6]  # of 5 ... 7, of 4 ... 8 and of 3 ... 6


def test_sets_of_unequal_size_are_refused() -> None:
    """More images would make a better classifier: the comparison would not be one."""
    images, labels = random_images(6, 8), np.arange(6) % 2
    with pytest.raises(ValueError, match="5 generated and 6 real"):
        gan_train((images[:5], labels[:5]), (images, labels), (images, labels), 2, 1, 1)


def test_one_seed_has_no_error() -> None:
    images, labels = random_images(6, 8), np.arange(6) % 2
    result = gan_train((images, labels), (images, labels), (images, labels), 2, 1, 1)
    assert [result.train.se, result.test.se, result.real.se, result.behind.se] == [None] * 4


def test_random_states_are_left_as_they_were() -> None:
    torch.manual_seed(11)
    before = torch.get_rng_state()
    images, labels = random_images(6, 8), np.arange(6) % 2
    gan_train((images, labels), (images, labels), (images, labels), 2, 1, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_which_images_are_read_right() -> None:
    images = random_images(40, 8)
    network = feature_network.train(images, np.arange(40) % 3, 3, 2, 0, 4)
    read = np.array([int(feature_network.embed(network, images[i : i + 1]).posteriors[0].argmax()) for i in range(40)])
    assert right(network, images, read).all()
    assert not right(network, images, (read + 1) % 3).any()
    labels = np.where(np.arange(40) < 15, read, (read + 1) % 3)
    assert np.flatnonzero(right(network, images, labels)).tolist() == list(range(15))


def test_shapes_that_the_generated_images_lack_are_found(
    digits_of_two_kinds: tuple[Labelled, Labelled, Labelled],
) -> None:
    """Its sevens are upside down."""
    real, (images, labels), test = digits_of_two_kinds
    lacking = images.copy()
    lacking[labels == 7] = images[labels == 7, :, ::-1]
    result = gan_train((lacking, labels), real, test, 10, SEEDS, STEPS)
    assert (test[1][result.missing] == 7).mean() > 0.5
    assert len(result.missing) > 0.5 * (test[1] == 7).sum()


@settings(max_examples=20)
@given(st.integers(1, 12), st.sampled_from([1, 3]), st.integers(4, 13), st.integers(0, 9), st.integers(0, 99))
def test_shifts_are_by_whole_pixels_and_leave_black_behind(
    count: int, channels: int, size: int, seed: int, step: int
) -> None:
    """Each image is one of its 25 shifts by up to two pixels, made here by rolling and blanking."""
    images = random_images(count, size, channels, seed) | 1  # no pixel is black: each shift is another image
    seen = shifted(torch.from_numpy(images), seed, step).numpy()
    assert seen.shape == images.shape
    for before, after in zip(images, seen, strict=True):
        assert sum(np.array_equal(after, rolled(before, dy, dx)) for dy in range(-2, 3) for dx in range(-2, 3)) == 1


def rolled(image: Images, dy: int, dx: int) -> Images:
    out = np.roll(image, (dy, dx), (1, 2))
    out[:, : max(dy, 0)], out[:, :, : max(dx, 0)] = 0, 0
    if dy < 0:
        out[:, dy:] = 0
    if dx < 0:
        out[:, :, dx:] = 0
    return out


def test_all_shifts_occur_equally_often() -> None:
    point = np.zeros((2500, 1, 9, 9), np.uint8)
    point[:, :, 4, 4] = 1
    seen = shifted(torch.from_numpy(point), 0, 3).numpy()
    counts = seen.sum((0, 1))[2:7, 2:7]
    assert counts.sum() == 2500
    assert counts.min() > 60
    assert counts.max() < 145


def test_shifts_are_a_function_of_seed_and_step() -> None:
    images = torch.from_numpy(random_images(50, 9))
    first = shifted(images, 1, 2)
    assert torch.equal(shifted(images, 1, 2), first)
    assert not torch.equal(shifted(images, 1, 3), first)
    assert not torch.equal(shifted(images, 2, 2), first)
