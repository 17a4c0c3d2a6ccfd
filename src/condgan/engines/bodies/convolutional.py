"""What convolutional networks are built of: their resolutions, and the layers of each kind."""

import math
from abc import ABC, abstractmethod
from typing import Any

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.layers import Layer
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.recipe import Domain

SMALLEST = 7
WIDEST = 8  # times the width
NARROWER = 8  # times fewer channels inside an attention


def resolutions(size: int) -> list[int]:
    """An image's side and its halves, rounded up, until one is at most 7: 28, 14, 7."""
    sides = [size]
    while sides[-1] > SMALLEST:
        sides.append(-(-sides[-1] // 2))
    return sides


def channels(size: int, width: int) -> dict[int, int]:
    """Side -> channels: the width at the full resolution, twice as many at each half, at most 8 times."""
    return {side: width * min(2**halvings, WIDEST) for halvings, side in enumerate(resolutions(size))}


def initialised(ops: Operations, linear: Any, gain: float = math.sqrt(2)) -> Any:
    """A linear map with first weights N(0, gain^2 / inputs of a unit) (He et al. 2015) and biases 0."""
    ops.normal(linear, gain / math.sqrt(ops.fan(linear)))
    if linear.bias is not None:
        ops.zero(linear, "bias")
    return linear


class Maps(Module):
    """A linear map from vectors to feature maps."""

    base = "PlainLinear"

    def __init__(self, ops: Operations, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(ops, inputs, channels * side**2, bias)
        self.shape = (channels, side, side)

    def forward(self, x: Array) -> Array:
        """(N, inputs) -> (N, channels, side, side)."""
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
        sides = resolutions(domain.size)
        self.strided_ends = not spec.full_resolution and len(sides) > 1
        self.sides = sides[1:] if self.strided_ends else sides  # of feature maps
        self.bias = spec.norm == "none"  # a normalisation takes a bias away, and has its own

    def initialised(self, linear: Any) -> Any:
        """A linear map with its first weights."""
        return initialised(self.ops, linear)

    @abstractmethod
    def block(self, channels: int) -> Any:
        """Keeps channels and side."""

    @abstractmethod
    def up(self, inputs: int, channels: int, side: int) -> Any:
        """From the half of a side, rounded up, to the side."""

    @abstractmethod
    def down(self, inputs: int, channels: int, side: int) -> Any:
        """From a side to its half, rounded up."""

    def layer(self, linear: Any, channels: int) -> Layer:
        """A linear map and what follows it."""
        return Layer(self.ops, self.spec, self.initialised(linear), channels, 2, self.domain)

    def first(self, inputs: int, channels: int) -> Any:
        """Vectors, (N, inputs), to the smallest feature maps."""
        return self.layer(Maps(self.ops, inputs, channels, self.sides[-1], self.bias), channels)

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

    def level(self, channels: int, side: int) -> dict[str, Any]:
        """The layers that keep a side: blocks, and attention if this side is the nearest to the requested one."""
        layers = {f"block_{number + 1}": self.block(channels) for number in range(self.blocks)}
        requested = self.spec.attention
        if requested is not None and side == min(self.sides, key=lambda other: abs(other - requested)):
            layers["attention"] = Attention(self.ops, channels)
        return layers
