"""The feature network: a small classifier; images are compared in its last hidden layer."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from condgan import threads
from condgan.arrays import Images, Labels
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.metrics import Embedding

WIDTH = 32  # channels at full size; features are four times as many
COARSEST, FINEST = 8, 32  # the largest sides of the input of the last and the second layer
CHUNK = 1000  # images at a time

BATCH = 128
RATE, DECAY, MOMENTUM = 0.1, 5e-4, 0.9  # of SGD; the rate rises for a fifth of the steps, then falls to 0
SHIFT, TURN, ZOOM = 0.08, 12.0, 0.1  # at most: of each side, degrees, and of the size

PASSES = 30  # over a small dataset
FEWEST = 12  # images of a class: with fewer, on average, a training takes as long as if there were so many
SMALLEST = 16  # batch of a small dataset, an eighth of whose images it has

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)
Augmentation = Callable[[Tensor, int, int], Tensor]
"""Images (N, C, H, W), a seed and the number of the step -> the images for that step."""


class Network(nn.Module):
    """Convolutions at the size, its half, its quarter, ... until the longer side is at most 8; mean over positions;
    class logits. ``size`` is the longer side of the images.
    """

    def __init__(self, channels: int, size: int, classes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.dim = 4 * width
        stride = -(-size // FINEST)
        kernel = 2 * stride + 3  # 5 where every pixel counts
        side = -(-size // stride)
        layers: list[nn.Module] = [block(channels, width, kernel, stride)]
        while side > COARSEST:
            layers += [nn.MaxPool2d(2, ceil_mode=True), block(width, min(2 * width, self.dim))]
            width, side = min(2 * width, self.dim), -(-side // 2)
        layers.append(block(width, self.dim))
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(self.dim, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1] -> features (N, D), logits (N, K)."""
        features = self.body(images - 0.5).mean((2, 3))
        return features, self.head(features)


def block(before: int, after: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution, normalised."""
    convolution = nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


def moved(images: Tensor, seed: int, step: int) -> Tensor:
    """Images shifted, turned and zoomed a little, by four random numbers each."""
    drawn = philox.uniform(seed, Stream.AUGMENTATION, [step], 4 * len(images))[0]
    x, y, turn, zoom = torch.from_numpy(drawn).reshape(4, -1) * 2 - 1
    turn, zoom = turn * math.radians(TURN), 1 + zoom * ZOOM
    cos, sin = turn.cos() * zoom, turn.sin() * zoom
    high = images.shape[2] / images.shape[3]  # places count in halves of a side: a turn must not shear
    rows = [torch.stack([cos, -sin * high, x * 2 * SHIFT], 1), torch.stack([sin / high, cos, y * 2 * SHIFT], 1)]
    places = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, places, align_corners=False, padding_mode="zeros")


def train(
    images: Images,
    labels: Labels,
    classes: int,
    steps: int,
    seed: int,
    width: int = WIDTH,
    augment: Augmentation = moved,
    batch: int = BATCH,
    rate: float = RATE,
    on_step: Callable[[int], None] = lambda _: None,
    enough: Callable[[int, Network], bool] = lambda *_: False,
) -> Network:
    """A network trained for ``steps`` batches on uint8 (N, C, H, W), augmented.

    ``on_step`` receives the number of steps done after each. The training ends early where ``enough`` says so of the
    number of steps and the network. Torch's own random state does not change.

    Raises:
        ValueError: there are no images.
    """
    if not len(images):
        raise ValueError("expected at least one image to learn from")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = Network(images.shape[1], max(images.shape[2:]), classes, width)
    network = channels_last(network).train()
    optimiser = torch.optim.SGD(network.parameters(), rate, MOMENTUM, weight_decay=DECAY, nesterov=True)
    for step, index in enumerate(batches(len(images), steps, seed, batch)):
        progress = step / steps
        for group in optimiser.param_groups:
            group["lr"] = rate * min(progress / 0.2, (1 - progress) / 0.8, 1)
        augmented = augment(to_float(images[index]), seed, step)
        loss = F.cross_entropy(network(augmented)[1], torch.from_numpy(labels[index]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        on_step(step + 1)
        if enough(step + 1, network):
            break
    return network.eval()


class Size(NamedTuple):
    """How long and how fast a network learns; of a small dataset the training may end early."""

    steps: int
    batch: int = BATCH
    rate: float = RATE
    small: bool = False


def sized(images: int, classes: int, most: int) -> Size:
    """The size of a training on so many images of so many classes: 30 passes, at most ``most`` batches of 128.

    The rate falls with the root of the batch, as gradients of fewer images are noisier.
    """
    seen = PASSES * max(images, FEWEST * classes)
    if seen >= most * BATCH:
        return Size(most)
    batch = min(BATCH, max(SMALLEST, images // 8))
    return Size(min(most, -(-seen // batch)), batch, RATE * math.sqrt(batch / BATCH), True)


def accuracy(network: Network, images: Images, labels: Labels) -> float:
    """The share of uint8 (N, C, H, W) that are predicted as their label, (N,); the network's mode stays as it is."""
    training = network.training
    predicted = embed(network.eval(), images).posteriors.argmax(1)
    network.train(training)
    return float((predicted == labels).mean())


def batches(count: int, steps: int, seed: int, batch: int = BATCH) -> Iterator[npt.NDArray[np.int64]]:
    """Indexes of each step's images: shuffles of all images, one after the other."""
    left, shuffles = np.empty(0, np.int64), itertools.count()
    for _ in range(steps):
        while len(left) < batch:
            left = np.concatenate([left, philox.permutation(seed, Stream.ORDER, next(shuffles), count)])
        yield left[:batch]
        left = left[batch:]


@contextmanager
def computing(threads: int) -> Iterator[None]:
    """Use this many threads within the context."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fastest_threads(shape: tuple[int, ...]) -> int:
    """The thread count that the user has set, else the fastest one for images of this shape, (C, H, W)."""
    setting = threads.as_set()
    if setting is not None:
        return setting[0]
    images = np.zeros((100, *shape), np.uint8)
    with torch.random.fork_rng(devices=[]):
        network = Network(shape[0], max(shape[1:]), 10).eval()

    def embed_with(count: int) -> None:
        torch.set_num_threads(count)
        embed(network, images)

    with computing(torch.get_num_threads()):
        return threads.fastest(embed_with, threads.counts())


def channels_last(network: AnyNetwork) -> AnyNetwork:
    """The network with the memory layout in which convolutions on a CPU are fastest; the numbers stay the same."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it


def to_float(images: Images) -> Tensor:
    """uint8 -> float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images)).float().div_(255)


def restore(channels: int, size: int, classes: int, arrays: Mapping[str, npt.NDArray[Any]]) -> Network:
    """A trained network from its weights, by name; ``size`` is the longer side of its images.

    Raises:
        ValueError: they do not fit.
    """
    with torch.device("meta"):
        network = Network(channels, size, classes)
    expected = {name: (tuple(tensor.shape), str(tensor.dtype)) for name, tensor in network.state_dict().items()}
    if {name: (array.shape, f"torch.{array.dtype}") for name, array in arrays.items()} != expected:
        raise ValueError("its weights do not fit")
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}, assign=True)
    return channels_last(network.eval())


@torch.inference_mode()
def embed(network: Network, images: Images) -> Embedding:
    """Features and posteriors of uint8 (N, C, H, W)."""
    features = np.empty((len(images), network.dim), np.float32)
    posteriors = np.empty((len(images), network.head.out_features), np.float32)
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        hidden, logits = network(to_float(images[part]).contiguous(memory_format=torch.channels_last))
        features[part], posteriors[part] = hidden.numpy(), logits.softmax(1).numpy()
    return Embedding(features, posteriors)


def by_channel(embed: Callable[[Images], Embedding], images: Images) -> Embedding:
    """Apply a network of grey images to each channel: uint8 (N, C, H, W) -> (N, C D) and (N, K^C).

    Features lie side by side. A class is one of K in each channel, the first counting most; its posterior is the
    product of theirs, since the channels are drawn independently of each other.
    """
    channels = [embed(images[:, channel : channel + 1]) for channel in range(images.shape[1])]
    posteriors = channels[0].posteriors
    for one in channels[1:]:
        classes = posteriors.shape[1] * one.posteriors.shape[1]
        posteriors = (posteriors[:, :, None] * one.posteriors[:, None, :]).reshape(len(images), classes)
    return Embedding(np.concatenate([one.features for one in channels], axis=1), posteriors)
