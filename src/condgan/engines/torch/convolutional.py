"""What convolutional networks are built of: their resolutions, and the layers of each kind."""

import math
from abc import ABC, abstractmethod
from typing import TypeVar

import torch
from torch import Tensor, nn

from condgan.engines.resolutions import resolutions
from condgan.engines.torch.attention import Attention
from condgan.engines.torch.conditioning import Spec
from condgan.engines.torch.layers import ACTIVATIONS, Dropout, norm
from condgan.recipe import Domain

Linear = TypeVar("Linear", nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def begun(linear: Linear, gain: float = math.sqrt(2)) -> Linear:
    """A linear map with first weights N(0, gain^2 / inputs of a unit) (He et al. 2015) and biases 0."""
    strides = math.prod(linear.stride) if isinstance(linear, nn.ConvTranspose2d) else 1
    outputs = linear.weight.shape[1 if isinstance(linear, nn.ConvTranspose2d) else 0]
    nn.init.normal_(linear.weight, std=gain / math.sqrt(linear.weight.numel() / outputs / strides))
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
    return linear


class Maps(nn.Linear):
    """A linear map from vectors to feature maps."""

    def __init__(self, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(inputs, channels * side**2, bias)
        self.shape = (channels, side, side)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, channels, side, side)."""
        maps = super().forward(x).unflatten(1, self.shape)
        return maps.contiguous(memory_format=torch.channels_last)  # in which the convolutions that follow are faster


class Layer(nn.Module):
    """A linear map, normalisation, the condition, activation, dropout."""

    def __init__(self, spec: Spec, linear: nn.Module, channels: int, domain: Domain) -> None:
        super().__init__()
        self.linear = linear
        self.norm, self.modulation = norm(spec, channels, 2, domain)
        self.activation = ACTIVATIONS[spec.activation]()
        self.dropout = Dropout(spec.dropout)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """What the linear map takes, and conditions (N, ...) -> (N, channels, H, W)."""
        return self.dropout(self.activation(self.modulation(self.norm(self.linear(x)), labels)))


class Stage(nn.ModuleDict):
    """Layers one after another, each of which sees the condition."""

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, C, H, W) and conditions (N, ...) -> (N, C', H', W')."""
        for layer in self.values():
            x = layer(x, labels)
        return x


class Kind(ABC):
    """How a kind of convolutional network is built. Its layers take and give feature maps, and see the condition."""

    blocks: int
    """At each resolution."""

    def __init__(self, spec: Spec, domain: Domain) -> None:
        self.spec, self.domain = spec, domain
        sides = resolutions(domain.size)
        self.strided_ends = not spec.full_resolution and len(sides) > 1
        self.sides = sides[1:] if self.strided_ends else sides  # of feature maps
        self.bias = spec.norm == "none"  # a normalisation takes a bias away, and has its own

    def begun(self, linear: Linear) -> Linear:
        """A linear map with its first weights."""
        return begun(linear)

    @abstractmethod
    def block(self, channels: int) -> nn.Module:
        """Keeps channels and side."""

    @abstractmethod
    def up(self, inputs: int, channels: int, side: int) -> nn.Module:
        """From the half of a side, rounded up, to the side."""

    @abstractmethod
    def down(self, inputs: int, channels: int, side: int) -> nn.Module:
        """From a side to its half, rounded up."""

    def layer(self, linear: Linear, channels: int) -> Layer:
        """A linear map and what follows it."""
        return Layer(self.spec, self.begun(linear), channels, self.domain)

    def first(self, inputs: int, channels: int) -> nn.Module:
        """Vectors, (N, inputs), to the smallest feature maps."""
        return self.layer(Maps(inputs, channels, self.sides[-1], self.bias), channels)

    def from_image(self, inputs: int, channels: int) -> nn.Module:
        """An image and what stands beside its pixels to maps; not normalised (Radford et al. 2016, section 3)."""
        plain = self.spec.model_copy(update={"norm": "none", "dropout": 0.0})
        return Layer(plain, self.begun(self.entry(inputs, channels)), channels, self.domain)

    def to_image(self, channels: int) -> nn.Module:
        """Feature maps, alone, to an image, neither normalised nor squashed."""
        return self.begun(nn.Conv2d(channels, self.domain.channels, 3, padding=1))

    def entry(self, inputs: int, channels: int) -> nn.Conv2d:
        """The first convolution of a discriminator."""
        return nn.Conv2d(inputs, channels, 3, padding=1)

    def level(self, channels: int, side: int) -> dict[str, nn.Module]:
        """The layers that keep a side: blocks, and attention if this side is the nearest to where it is asked for."""
        layers = {f"block_{number + 1}": self.block(channels) for number in range(self.blocks)}
        asked = self.spec.attention
        if asked is not None and side == min(self.sides, key=lambda other: abs(other - asked)):
            layers["attention"] = Attention(channels)
        return layers
