import math
import random
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from condgan import threads
from condgan.arrays import Images, Labels
from condgan.data.fit import fit
from condgan.data.readers.mnist import read_shipped
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.metrics import feature_network
from condgan.metrics.feature_network import (
    Network,
    batches,
    by_channel,
    computing,
    embed,
    fastest_threads,
    moved,
    to_float,
    train,
)
from conftest import random_images

Digits = tuple[Images, Labels]


@pytest.fixture(scope="module")
def small_digits() -> tuple[Digits, Digits]:
    """600 of MNIST's training images to learn from and 500 of its test images to be tested on, of 12 x 12."""

    def some(stem: str, count: int) -> Digits:
        raw = read_shipped(f"{stem}-images-idx3-ubyte")[:count]
        return fit(raw, (12, 12), "pad")[:, None], read_shipped(f"{stem}-labels-idx1-ubyte")[:count].astype(np.int64)

    return some("train", 600), some("t10k", 500)


@pytest.fixture(autouse=True)
def _global_states() -> Iterator[None]:
    """Nothing here touches the random states that a user's own code may rely on."""
    torch.manual_seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    yield
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # type: ignore[index]
    assert random.getstate() == before[2]


def untrained(channels: int, size: int, classes: int) -> Network:
    """A network whose normalisations are not those of a new one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        outputs = Network(channels, size, classes, 8)
        for name, tensor in outputs.named_buffers():
            if name.endswith("mean"):
                tensor.uniform_(-0.5, 0.2)
            elif name.endswith("var"):
                tensor.uniform_(0.1, 1)
    return outputs.eval()


# what it sees


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [4, 5, 8, 9, 16, 17, 28, 31, 32, 33, 64])
def test_shapes_for_any_size_and_channels(size: int, channels: int) -> None:
    seen = embed(untrained(channels, size, 7), random_images(3, size, channels))
    assert (seen.features.shape, seen.features.dtype) == ((3, 32), np.float32)
    assert (seen.posteriors.shape, seen.posteriors.dtype) == ((3, 7), np.float32)
    assert np.isfinite(seen.features).all()
    assert seen.features.std() > 0.05
    assert (seen.posteriors >= 0).all()
    np.testing.assert_allclose(seen.posteriors.sum(1), 1, rtol=1e-5)


@pytest.mark.parametrize("size", [64, 200, 1024])
def test_large_images_cost_no_more_positions_than_small_ones(size: int) -> None:
    """The first layer strides: what the layers behind it see has a side of 32 at most, and the last of 8."""
    sides: list[int] = []
    outputs = untrained(1, size, 2)
    for layer in outputs.body:
        layer.register_forward_hook(lambda _, __, out: sides.append(out.shape[3]))
    embed(outputs, random_images(1, size))
    assert max(sides) <= 32
    assert sides[-1] <= 8


def test_every_pixel_counts() -> None:
    """Also at the edges and under strides."""
    for size in (5, 28, 33, 100):
        seen = torch.zeros(1, 1, size, size, requires_grad=True)
        untrained(1, size, 3)(seen + torch.from_numpy(random_images(1, size)).float() / 255)[
            1
        ].square().sum().backward()
        assert seen.grad is not None
        assert (seen.grad != 0).float().mean() > 0.99


def test_features_depend_on_their_image_alone() -> None:
    """Whatever else is in the batch, and however many: 1e-5 is the rounding of sums in another order."""
    outputs, images = untrained(3, 20, 4), random_images(50, 20, 3)
    whole = embed(outputs, images)
    for few in (slice(0, 1), slice(7, 10), slice(None, None, -1)):
        part = embed(outputs, images[few])
        np.testing.assert_allclose(part.features, whole.features[few], atol=1e-5)
        np.testing.assert_allclose(part.posteriors, whole.posteriors[few], atol=1e-5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_network, "CHUNK", 7)
        np.testing.assert_allclose(embed(outputs, images).features, whole.features, atol=1e-5)


def test_an_embedding_of_none() -> None:
    seen = embed(untrained(1, 8, 4), random_images(0, 8))
    assert (seen.features.shape, seen.posteriors.shape) == ((0, 32), (0, 4))


def test_the_order_in_memory_does_not_matter() -> None:
    images = random_images(6, 12, 3)
    turned = np.ascontiguousarray(images.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    outputs = untrained(3, 12, 4)
    np.testing.assert_allclose(embed(outputs, turned).features, embed(outputs, images).features, atol=1e-6)
    assert np.array_equal(to_float(turned).numpy(), images.astype(np.float32) / np.float32(255))


# training


def test_it_learns_digits(small_digits: tuple[Digits, Digits]) -> None:
    """150 batches of 600 images of 12 x 12 are enough for most of the digits of other writers."""
    (images, labels), (others, truth) = small_digits
    steps: list[int] = []
    trained = train(images, labels, 10, 150, 0, width=16, on_step=steps.append)
    assert (embed(trained, others).posteriors.argmax(1) == truth).mean() > 0.8
    assert steps == list(range(1, 151))
    assert not trained.training


def same(one: Network, other: Network) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_a_seed_decides_everything() -> None:
    images, labels = random_images(200, 8), np.arange(200) % 4
    first = train(images, labels, 4, 3, 1, 4)
    torch.rand(9)  # what was drawn before
    torch.manual_seed(5)
    assert same(train(images, labels, 4, 3, 1, 4), first)
    assert not same(train(images, labels, 4, 3, 2, 4), first)
    assert not same(train(images, labels, 4, 2, 1, 4), first)


def test_fewer_images_than_a_batch_and_of_every_form() -> None:
    for channels, size, count in ((1, 4, 2), (3, 33, 5), (1, 64, 1)):
        trained = train(random_images(count, size, channels), np.arange(count) % 2, 2, 2, 0, 2)
        assert np.isfinite(embed(trained, random_images(3, size, channels)).features).all()


@pytest.mark.parametrize("count", [5, 128, 300, 1000])
def test_batches_visit_every_image_once_before_any_twice(count: int) -> None:
    drawn = list(batches(count, 40, 3))
    assert all(len(batch) == 128 for batch in drawn)
    visited = np.concatenate(drawn)
    rounds = [visited[start : start + count] for start in range(0, len(visited) - count + 1, count)]
    assert all(np.array_equal(np.sort(one), np.arange(count)) for one in rounds)
    assert count == 5 or not np.array_equal(rounds[0], rounds[1])
    assert np.array_equal(np.concatenate(list(batches(count, 40, 3))), visited)
    assert not np.array_equal(np.concatenate(list(batches(count, 40, 4))), visited)


# augmentation


def blobs(count: int, size: int = 41) -> Tensor:
    """The same bar in each image: bright, wide, at the centre and horizontal."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    bar = np.exp(-(x**2) / (2 * 6**2) - y**2 / (2 * 2**2)).astype(np.float32)
    return torch.from_numpy(np.tile(bar, (count, 2, 1, 1)))


def moments(images: Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where each image's centre of mass is, (N, 2), its angle in degrees, (N,), and its extent, (N,)."""
    size = images.shape[3]
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    mass = images[:, 0].numpy().astype(np.float64)
    mass /= mass.sum((1, 2), keepdims=True)
    mx, my = ((mass * axis).sum((1, 2)) for axis in (x, y))
    dx, dy = x[None] - mx[:, None, None], y[None] - my[:, None, None]
    xx, yy, xy = ((mass * product).sum((1, 2)) for product in (dx * dx, dy * dy, dx * dy))
    return np.stack([mx, my], 1), np.degrees(np.arctan2(2 * xy, xx - yy) / 2), np.sqrt(xx + yy)


def test_images_are_moved_turned_and_zoomed_a_little_each_on_its_own() -> None:
    """By their moments: up to 8 % of the side, 12 degrees and 10 %, in both directions and evenly."""
    images = blobs(400)
    seen = moved(images, 0, 0)
    assert seen.shape == images.shape
    assert torch.equal(seen[:, 0], seen[:, 1])  # the channels of an image move together
    (places, angles, extents), (_, _, before) = moments(seen), moments(images)
    places, zooms = places / 41, extents / before
    for result, most in ((places[:, 0], 0.08), (places[:, 1], 0.08), (angles, 12), (zooms - 1, 0.1)):
        reach = most * (math.cos(math.radians(12)) + math.sin(math.radians(12))) / 0.9  # a shift, turned and zoomed
        assert np.abs(result).max() < reach
        assert (result < -most / 2).mean() == pytest.approx(0.25, abs=0.07)
        assert (result > most / 2).mean() == pytest.approx(0.25, abs=0.07)
    everything = np.stack([*places.T, angles, zooms])
    assert np.abs(np.corrcoef(everything) - np.eye(4)).max() < 0.2


@pytest.mark.parametrize(("channels", "size"), [(1, 4), (3, 4), (1, 28), (3, 33), (1, 64)])
def test_moved_images_keep_their_shape_and_range(channels: int, size: int) -> None:
    images = to_float(random_images(9, size, channels))
    seen = moved(images, 3, 5)
    assert (seen.shape, seen.dtype) == (images.shape, images.dtype)
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert torch.equal(moved(images, 3, 5), seen)
    assert not torch.equal(moved(images, 3, 6), seen)
    assert not torch.equal(moved(images, 4, 5), seen)


def test_an_image_that_nothing_moves_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def middle(_: int, stream: Stream, numbers: list[int], count: int) -> npt.NDArray[np.float32]:
        assert stream == Stream.AUGMENTATION
        return np.full((len(numbers), count), 0.5, np.float32)

    monkeypatch.setattr(philox, "uniform", middle)
    images = to_float(random_images(5, 12, 3))
    np.testing.assert_allclose(moved(images, 0, 0).numpy(), images.numpy(), atol=1e-5)


# threads


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with computing(before + 1):
        assert torch.get_num_threads() == before + 1
        with computing(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with pytest.raises(KeyError), computing(before + 2):
        raise KeyError
    assert torch.get_num_threads() == before


def test_a_count_that_the_user_has_set_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(threads.USERS_SETTING[0], "3")
    assert fastest_threads((1, 8, 8)) == 3


def test_measuring_which_count_is_fastest_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the random state, which a network is made from."""
    for variable in threads.USERS_SETTING:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(threads, "PATIENCE", 0.0)
    before = torch.get_num_threads()
    assert 1 <= fastest_threads((3, 8, 8)) <= threads.cores()
    assert torch.get_num_threads() == before


# channels that are read one by one


@pytest.mark.parametrize("count", [0, 1, 7])
def test_channels_are_read_one_by_one_and_their_classes_are_a_number(count: int) -> None:
    """Against loops over images, channels and classes."""
    feature_network, images = untrained(1, 8, 3), random_images(count, 8, 3)
    result = by_channel(lambda part: embed(feature_network, part), images)
    assert result.features.shape == (count, 3 * feature_network.dim)
    assert result.posteriors.shape == (count, 27)
    for image, features, posteriors in zip(images, result.features, result.posteriors, strict=True):
        alone = [embed(feature_network, channel[None, None]) for channel in image]
        np.testing.assert_allclose(features, np.concatenate([one.features[0] for one in alone]), atol=1e-5)
        red, green, blue = (one.posteriors[0] for one in alone)
        for label, posterior in enumerate(posteriors):
            expected = red[label // 9] * green[label // 3 % 3] * blue[label % 3]
            assert posterior == pytest.approx(expected, rel=1e-4, abs=1e-9)
        assert posteriors.sum() == pytest.approx(1, abs=1e-5)
