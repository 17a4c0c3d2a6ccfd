"""Networks of residual blocks with grouped convolutions (Huang et al. 2024)."""

import math

import jittor as jt
import numpy as np
import numpy.typing as npt
from jittor import nn

from condgan.engines.jittor.conditioning import Spec
from condgan.engines.jittor.convolutional import ConvolutionalDiscriminator, ConvolutionalGenerator, Kind, Layer, begun
from condgan.engines.jittor.layers import Identity
from condgan.engines.jittor.linear import Convolution, constant
from condgan.recipe import Domain

WIDER = 2  # times as many channels inside a block
GROUP = 16  # channels that a grouped convolution joins, or as many of them as divide


class Block(nn.Module):
    """x + contract(mix(expand(x))): 1 x 1, grouped 3 x 3, 1 x 1 convolutions; an activation follows the first two."""

    def __init__(self, expand: Layer, mix: Layer, contract: Convolution) -> None:
        super().__init__()
        self.expand, self.mix, self.contract = expand, mix, contract

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, C, H, W) and conditions (N, ...) -> (N, C, H, W)."""
        return x + self.contract(self.mix(self.expand(x, labels), labels))


def halving(side: int) -> npt.NDArray[np.float32]:
    """(ceil(side / 2), side): means of two neighbours, of one at the end of an odd side."""
    means = np.zeros((-(-side // 2), side), np.float32)
    for pixel in range(side):
        means[pixel // 2, pixel] = 1
    return means / means.sum(axis=1, keepdims=True)


def doubling(side: int) -> npt.NDArray[np.float32]:
    """(side, ceil(side / 2)): between the two nearest middles of pixels, as torch's bilinear interpolation."""
    half = -(-side // 2)
    shares = np.zeros((side, half), np.float32)
    for pixel in range(side):
        place = max((pixel + 0.5) * half / side - 0.5, 0.0)
        first = min(int(place), half - 1)
        shares[pixel, first] += 1 - (place - first)
        shares[pixel, min(first + 1, half - 1)] += place - first
    return shares


def resampled(x: jt.Var, by: jt.Var) -> jt.Var:
    """(N, C, s, s) by (t, s) along both axes -> (N, C, t, t)."""
    n, channels, side, _ = x.shape
    wide = nn.matmul(x.reshape(-1, side), by.transpose(1, 0)).reshape(n, channels, side, -1)
    turned = wide.transpose(0, 1, 3, 2)  # (N, C, t, s)
    both = nn.matmul(turned.reshape(-1, side), by.transpose(1, 0)).reshape(n, channels, turned.shape[2], -1)
    return both.transpose(0, 1, 3, 2)


class Up(nn.Module):
    """To twice the side, or one less, by interpolation; first to other channels, where they differ."""

    def __init__(self, channels: nn.Module, side: int) -> None:
        super().__init__()
        self.channels, self._shares = channels, constant(doubling(side))

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, C, ceil(side / 2), ...) -> (N, C', side, side). The condition plays no part."""
        return resampled(self.channels(x), self._shares)


class Down(nn.Module):
    """To half the side, rounded up, by averaging; then to other channels, where they differ."""

    def __init__(self, channels: nn.Module, side: int) -> None:
        super().__init__()
        self.channels, self._means = channels, constant(halving(side))

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, C, side, side) -> (N, C', ceil(side / 2), ...). The condition plays no part."""
        return self.channels(resampled(x, self._means))


class Residual(Kind):
    """Blocks add to what passes through."""

    def __init__(self, spec: Spec, domain: Domain) -> None:
        super().__init__(spec, domain)
        self.blocks = spec.depth
        # Fixup: in a network of L blocks with m layers each, scale by L^(-1 / (2 m - 2)) (Zhang et al. 2019, section 3)
        self.gain = math.sqrt(2) * (spec.depth * len(self.sides)) ** -0.25

    def block(self, channels: int) -> nn.Module:
        """The identity, at first."""
        inner = WIDER * channels
        expand = Convolution(channels, inner, 1, bias=self.bias)
        mix = Convolution(inner, inner, 3, padding=1, groups=inner // math.gcd(inner, GROUP), bias=self.bias)
        expand, mix = begun(expand, self.gain), begun(mix, self.gain)
        # 0 has no direction that spectral normalisation could keep, and gives any other length 1
        contract = begun(Convolution(inner, channels, 1, bias=False), 1.0 if self.spec.spectral else 0.0)
        first, second = (Layer(self.spec, layer, inner, self.domain) for layer in (expand, mix))
        return Block(first, second, contract)

    def up(self, inputs: int, channels: int, side: int) -> nn.Module:
        """Interpolates."""
        return Up(self.channels(inputs, channels), side)

    def down(self, inputs: int, channels: int, side: int) -> nn.Module:
        """Averages."""
        return Down(self.channels(inputs, channels), side)

    def channels(self, inputs: int, channels: int) -> nn.Module:
        """From some channels to as many, at each pixel."""
        return Identity() if inputs == channels else begun(Convolution(inputs, channels, 1, bias=False), 1.0)


class ResidualGenerator(ConvolutionalGenerator):
    """Latents to images."""

    kind = Residual


class ResidualDiscriminator(ConvolutionalDiscriminator):
    """Images to features."""

    kind = Residual
