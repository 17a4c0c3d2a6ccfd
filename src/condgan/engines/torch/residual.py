"""Networks of residual blocks with grouped convolutions (Huang et al. 2024)."""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from condgan.engines.torch.conditioning import Spec
from condgan.engines.torch.convolutional import Kind, Layer, begun
from condgan.engines.torch.growing import ConvolutionalDiscriminator, ConvolutionalGenerator
from condgan.recipe import Domain

WIDER = 2  # times as many channels inside a block
GROUP = 16  # channels that a grouped convolution joins, or as many of them as divide


class Block(nn.Module):
    """x + contract(mix(expand(x))): 1 x 1, grouped 3 x 3, 1 x 1 convolutions; an activation follows the first two."""

    def __init__(self, expand: Layer, mix: Layer, contract: nn.Conv2d) -> None:
        super().__init__()
        self.expand, self.mix, self.contract = expand, mix, contract

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, C, H, W) and conditions (N, ...) -> (N, C, H, W)."""
        return x + self.contract(self.mix(self.expand(x, labels), labels))


class Up(nn.Module):
    """To twice the side, or one less, by interpolation; first to other channels, where they differ."""

    def __init__(self, channels: nn.Module, side: int) -> None:
        super().__init__()
        self.channels, self.side = channels, side

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, C, ceil(side / 2), ...) -> (N, C', side, side). The condition plays no part."""
        return F.interpolate(self.channels(x), size=(self.side, self.side), mode="bilinear")


class Down(nn.Module):
    """To half the side, rounded up, by averaging; then to other channels, where they differ."""

    def __init__(self, channels: nn.Module) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, C, side, side) -> (N, C', ceil(side / 2), ...). The condition plays no part."""
        return self.channels(F.avg_pool2d(x, 2, ceil_mode=True))


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
        expand = nn.Conv2d(channels, inner, 1, bias=self.bias)
        mix = nn.Conv2d(inner, inner, 3, padding=1, groups=inner // math.gcd(inner, GROUP), bias=self.bias)
        expand, mix = begun(expand, self.gain), begun(mix, self.gain)
        # 0 has no direction that spectral normalisation could keep, and gives any other length 1
        contract = begun(nn.Conv2d(inner, channels, 1, bias=False), 1.0 if self.spec.spectral else 0.0)
        first, second = (Layer(self.spec, layer, inner, self.domain) for layer in (expand, mix))
        return Block(first, second, contract)

    def up(self, inputs: int, channels: int, side: int) -> nn.Module:
        """Interpolates."""
        return Up(self.channels(inputs, channels), side)

    def down(self, inputs: int, channels: int, side: int) -> nn.Module:
        """Averages."""
        return Down(self.channels(inputs, channels))

    def channels(self, inputs: int, channels: int) -> nn.Module:
        """From some channels to as many, at each pixel."""
        return nn.Identity() if inputs == channels else begun(nn.Conv2d(inputs, channels, 1, bias=False), 1.0)


class ResidualGenerator(ConvolutionalGenerator):
    """Latents to images."""

    kind = Residual


class ResidualDiscriminator(ConvolutionalDiscriminator):
    """Images to features."""

    kind = Residual
