"""Networks of residual blocks with grouped convolutions (Huang et al. 2024)."""

import math
from typing import Any

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.convolutional import Kind, Size, initialised
from condgan.engines.bodies.layers import Layer
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.recipe import Domain

WIDER = 2  # times as many channels inside a block
GROUP = 16  # channels that a grouped convolution joins, or as many of them as divide


class Block(Module):
    """x + contract(mix(expand(x))): 1 x 1, grouped 3 x 3, 1 x 1 convolutions; an activation follows the first two."""

    def __init__(self, ops: Operations, expand: Layer, mix: Layer, contract: Any) -> None:
        super().__init__(ops)
        self.expand, self.mix, self.contract = expand, mix, contract

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, H, W) and conditions (N, ...) -> (N, C, H, W)."""
        return x + self.contract(self.mix(self.expand(x, labels), labels))


class Up(Module):
    """To twice each side, or one less, by interpolation; first to other channels, where they differ."""

    def __init__(self, ops: Operations, channels: Any, size: Size) -> None:
        super().__init__(ops)
        self.channels, self.size = channels, size

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, ceil(H / 2), ceil(W / 2)) -> (N, C', H, W). The condition plays no part."""
        return self.ops.doubled(self.channels(x), self.size)


class Down(Module):
    """To half the size, rounded up, by averaging; then to other channels, where they differ."""

    def __init__(self, ops: Operations, channels: Any) -> None:
        super().__init__(ops)
        self.channels = channels

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, H, W) -> (N, C', ceil(H / 2), ceil(W / 2)). The condition plays no part."""
        return self.channels(self.ops.halved(x))


class Residual(Kind):
    """Blocks add to what passes through."""

    def __init__(self, ops: Operations, spec: Spec, domain: Domain) -> None:
        super().__init__(ops, spec, domain)
        self.blocks = spec.depth
        # Fixup: in a network of L blocks with m layers each, scale by L^(-1 / (2 m - 2)) (Zhang et al. 2019, section 3)
        self.gain = math.sqrt(2) * (spec.depth * len(self.sizes)) ** -0.25

    def block(self, channels: int) -> Any:
        """The identity, at first."""
        inner = WIDER * channels
        expand = self.ops.Convolution(channels, inner, 1, bias=self.bias)
        mix = self.ops.Convolution(inner, inner, 3, padding=1, groups=inner // math.gcd(inner, GROUP), bias=self.bias)
        expand, mix = (initialised(self.ops, linear, self.gain) for linear in (expand, mix))
        # 0 has no direction that spectral normalisation could keep, and gives any other length 1
        contract = self.ops.Convolution(inner, channels, 1, bias=False)
        contract = initialised(self.ops, contract, 1.0 if self.spec.spectral else 0.0)
        first, second = (Layer(self.ops, self.spec, linear, inner, 2, self.domain) for linear in (expand, mix))
        return Block(self.ops, first, second, contract)

    def up(self, inputs: int, channels: int, size: Size) -> Any:
        """Interpolates."""
        return Up(self.ops, self.channels(inputs, channels), size)

    def down(self, inputs: int, channels: int, size: Size) -> Any:
        """Averages."""
        return Down(self.ops, self.channels(inputs, channels))

    def channels(self, inputs: int, channels: int) -> Any:
        """From some channels to as many, at each pixel."""
        if inputs == channels:
            return self.ops.Identity()
        return initialised(self.ops, self.ops.Convolution(inputs, channels, 1, bias=False), 1.0)
