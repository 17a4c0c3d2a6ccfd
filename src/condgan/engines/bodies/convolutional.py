"""What convolutional networks are built of: their resolutions, and the layers of each kind."""

import math
from abc import ABC, abstractmethod
from typing import Any

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.layers import Layer
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.recipe import Domain

Size = tuple[int, int]
"""Height and width of an image or of feature maps."""

SMALLEST = 7
WIDEST = 8  # times the width
NARROWER = 8  # times fewer channels inside an attention


def resolutions(height: int, width: int) -> list[Size]:
    """An image's size and its halves, rounded up, until the longer side is at most 7: 24 x 32, 12 x 16, 6 x 8, 3 x 4.

    Both sides are halved together, so that a pixel of feature maps is as high as it is wide.
    """
    sizes = [(height, width)]
    while max(sizes[-1]) > SMALLEST:
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    return sizes


def name(size: Size) -> str:
    """Of a resolution, in the names of weights: ``28`` if it is square, ``24x32`` if not."""
    height, width = size
    return str(height) if height == width else f"{height}x{width}"


def channels(sizes: list[Size], width: int) -> dict[Size, int]:
    """Of feature maps: ``width`` at the full resolution, twice as many at each half, at most 8 times."""
    return {size: width * min(2**halvings, WIDEST) for halvings, size in enumerate(sizes)}


def initialised(ops: Operations, linear: Any, gain: float = math.sqrt(2)) -> Any:
    """A linear map with first weights N(0, gain^2 / inputs of a unit) (He et al. 2015) and biases 0."""
    ops.normal(linear, gain / math.sqrt(ops.fan(linear)))
    if linear.bias is not None:
        ops.zero(linear, "bias")
    return linear


class Maps(Module):
    """A linear map from vectors to feature maps."""

    base = "PlainLinear"

    def __init__(self, ops: Operations, inputs: int, channels: int, size: Size, bias: bool) -> None:
        super().__init__(ops, inputs, channels * math.prod(size), bias)
        self.shape = (channels, *size)

    def forward(self, x: Array) -> Array:
        """(N, inputs) -> (N, channels, H, W)."""
        return self.ops.maps(super().forward(x), self.shape)


class Attention(Module):
    """Each pixel also sees a mean of all pixels, weighted by likeness (Zhang et al. 2019, equations 1 to 3).

    Its gain is 0 at first, so that a network begins with what lies near.
    """

    def __init__(self, ops: Operations, channels: int) -> None:
        super().__init__(ops)
        inner = max(1, channels // NARROWER)
        f, g, h = (ops.Convolution(channels, inner, 1, bias=False) for _ in range(3))
        self.key, self.query, self.value = f, g, h
        self.out = ops.Convolution(inner, channels, 1, bias=False)  # v
        self.gain = ops.parameter(0.0)

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, H, W) -> the same shape. The condition plays no part."""
        n, _, height, width = x.shape
        key, query, value = (layer(x).reshape(n, -1, height * width) for layer in (self.key, self.query, self.value))
        seen = self.ops.attended(key, query, value).reshape(n, -1, height, width)  # (N, C', H, W)
        return x + self.gain * self.out(seen)


class Stage(Module):
    """Layers one after another, each of which sees the condition."""

    base = "Named"

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, H, W) and conditions (N, ...) -> (N, C', H', W')."""
        for layer in self.values():
            x = layer(x, labels)
        return x


class Kind(ABC):
    """How a kind of convolutional network is built. Its layers take and give feature maps, and see the condition."""

    blocks: int
    """At each resolution."""

    def __init__(self, ops: Operations, spec: Spec, domain: Domain) -> None:
        self.ops, self.spec, self.domain = ops, spec, domain
        _, height, width = domain.shape
        self.size, sizes = (height, width), resolutions(height, width)
        self.strided_ends = not spec.full_resolution and len(sizes) > 1
        self.sizes = sizes[1:] if self.strided_ends else sizes  # of feature maps
        self.bias = spec.norm == "none"  # a normalisation takes a bias away, and has its own

    def initialised(self, linear: Any) -> Any:
        """A linear map with its first weights."""
        return initialised(self.ops, linear)

    @abstractmethod
    def block(self, channels: int) -> Any:
        """Keeps channels and size."""

    @abstractmethod
    def up(self, inputs: int, channels: int, size: Size) -> Any:
        """From the half of a size, rounded up, to the size."""

    @abstractmethod
    def down(self, inputs: int, channels: int, size: Size) -> Any:
        """From a size to its half, rounded up."""

    def layer(self, linear: Any, channels: int) -> Layer:
        """A linear map and what follows it."""
        return Layer(self.ops, self.spec, self.initialised(linear), channels, 2, self.domain)

    def first(self, inputs: int, channels: int) -> Any:
        """Vectors, (N, inputs), to the smallest feature maps."""
        return self.layer(Maps(self.ops, inputs, channels, self.sizes[-1], self.bias), channels)

    def from_image(self, inputs: int, channels: int) -> Any:
        """An image and what stands beside its pixels to maps; not normalised (Radford et al. 2016, section 3)."""
        plain = self.spec.model_copy(update={"norm": "none", "dropout": 0.0})
        return Layer(self.ops, plain, self.initialised(self.entry(inputs, channels)), channels, 2, self.domain)

    def to_image(self, channels: int) -> Any:
        """Feature maps, alone, to an image, neither normalised nor squashed."""
        return self.initialised(self.ops.Convolution(channels, self.domain.channels, 3, padding=1))

    def entry(self, inputs: int, channels: int) -> Any:
        """The first convolution of a discriminator."""
        return self.ops.Convolution(inputs, channels, 3, padding=1)

    def level(self, channels: int, size: Size) -> dict[str, Any]:
        """The layers that keep a size: blocks, and attention if this is the size nearest to the requested one.

        A rectangle counts as the square of its area, on which the cost of attention depends.
        """
        layers = {f"block_{number + 1}": self.block(channels) for number in range(self.blocks)}
        requested = self.spec.attention
        if requested is not None and size == min(
            self.sizes, key=lambda other: abs(math.sqrt(math.prod(other)) - requested)
        ):
            layers["attention"] = Attention(self.ops, channels)
        return layers
