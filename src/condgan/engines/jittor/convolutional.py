"""Convolutional networks over resolutions: their layers of each kind, and what they consist of."""

import math
from abc import ABC, abstractmethod
from typing import TypeVar

import jittor as jt
from jittor import nn

from condgan import recipe
from condgan.engines.jittor.attention import Attention
from condgan.engines.jittor.conditioning import Spec
from condgan.engines.jittor.layers import ACTIVATIONS, Body, Dropout, Identity, norm
from condgan.engines.jittor.linear import Convolution, Linear, normal
from condgan.engines.resolutions import channels, resolutions
from condgan.recipe import Domain

Map = TypeVar("Map", Linear, Convolution)


def begun(linear: Map, gain: float = math.sqrt(2)) -> Map:
    """A linear map with first weights N(0, gain^2 / inputs of a unit) (He et al. 2015) and biases 0."""
    linear.weight = normal(tuple(linear.weight.shape), gain / math.sqrt(linear.fan))
    if linear.bias is not None:
        linear.bias = jt.zeros_like(linear.bias)
    return linear


class Maps(Linear):
    """A linear map from vectors to feature maps."""

    def __init__(self, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(inputs, channels * side**2, bias)
        self.shape = (channels, side, side)

    def execute(self, x: jt.Var) -> jt.Var:
        """(N, inputs) -> (N, channels, side, side)."""
        return super().execute(x).reshape(-1, *self.shape)


class Layer(nn.Module):
    """A linear map, normalisation, the condition, activation, dropout."""

    def __init__(self, spec: Spec, linear: nn.Module, channels: int, domain: Domain) -> None:
        super().__init__()
        self.linear = linear
        self.norm, self.modulation = norm(spec, channels, domain)
        self.activation = ACTIVATIONS[spec.activation]()
        self.dropout = Dropout(spec.dropout)

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """What the linear map takes, and conditions (N, ...) -> (N, channels, H, W)."""
        return self.dropout(self.activation(self.modulation(self.norm(self.linear(x)), labels)))


class ByName(nn.Sequential):
    """Modules under names, as in torch's ModuleDict."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)


class Stage(ByName):
    """Layers one after another, each of which sees the condition."""

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
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

    def begun(self, linear: Map) -> Map:
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

    def layer(self, linear: Map, channels: int) -> Layer:
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
        return self.begun(Convolution(channels, self.domain.channels, 3, padding=1))

    def entry(self, inputs: int, channels: int) -> Convolution:
        """The first convolution of a discriminator."""
        return Convolution(inputs, channels, 3, padding=1)

    def level(self, channels: int, side: int) -> dict[str, nn.Module]:
        """The layers that keep a side: blocks, and attention if this side is the nearest to where it is asked for."""
        layers = {f"block_{number + 1}": self.block(channels) for number in range(self.blocks)}
        asked = self.spec.attention
        if asked is not None and side == min(self.sides, key=lambda other: abs(other - asked)):
            layers["attention"] = Attention(channels)
        return layers


class Ladder(Body):
    """A network with a stage for each resolution."""

    kind: type[Kind]

    def __init__(self, spec: Spec, domain: Domain) -> None:
        super().__init__()
        self.channels = channels(domain.size, spec.width)
        self.layers = self.kind(spec, domain)
        self.sides = self.layers.sides[::-1]  # of feature maps, from the smallest on


class ConvolutionalGenerator(Ladder):
    """Latents to images: a linear map to the smallest resolution, and up from there."""

    def __init__(self, spec: recipe.Generator, dim: int, beside: int, domain: Domain) -> None:
        super().__init__(spec, domain)
        kind, channels = self.layers, self.channels
        self.first = kind.first(dim + beside, channels[self.sides[0]])
        stages = {}
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            up = {} if below is None else {"up": kind.up(channels[below], channels[side], side)}
            stages[str(side)] = Stage(up | kind.level(channels[side], side))
        self.stage = ByName(stages)
        last = self.sides[-1]
        self.to_image = ByName({str(last): kind.to_image(channels[last])})

    def execute(self, x: jt.Var, beside: jt.Var | None, labels: jt.Var) -> jt.Var:
        """(N, dim), (N, beside) or nothing, and conditions (N, ...) -> (N, C, S, S), not yet squashed."""
        x = self.first(x if beside is None else jt.concat([x, beside], dim=1), labels)
        for stage in self.stage.values():
            x = stage(x, labels)
        (to_image,) = self.to_image.values()
        return to_image(x)


class Features(nn.Module):
    """What a discriminator knows of an image: its last feature maps as they are, or a linear layer of them."""

    def __init__(self, inputs: int, spec: recipe.Discriminator) -> None:
        super().__init__()
        self.width = spec.features or inputs
        nothing = spec.features is None
        self.linear = Identity() if nothing else begun(Linear(inputs, self.width))
        self.activation = Identity() if nothing else ACTIVATIONS[spec.activation]()

    def execute(self, maps: jt.Var) -> jt.Var:
        """(N, inputs) -> (N, width)."""
        return self.activation(self.linear(maps))


class ConvolutionalDiscriminator(Ladder):
    """Images to features, down to the smallest resolution. What stands beside the pixels is constant over them."""

    def __init__(self, spec: recipe.Discriminator, beside: int, domain: Domain) -> None:
        super().__init__(spec, domain)
        kind, channels = self.layers, self.channels
        first = self.sides[-1]
        self.from_image = ByName({str(first): kind.from_image(domain.channels + beside, channels[first])})
        stages = {}
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            down = {} if below is None else {"down": kind.down(channels[side], channels[below], side)}
            stages[str(side)] = Stage(kind.level(channels[side], side) | down)
        self.stage = ByName(stages)
        self.features = Features(channels[self.sides[0]] * self.sides[0] ** 2, spec)
        self.width = self.features.width

    def execute(self, images: jt.Var, beside: jt.Var | None, labels: jt.Var) -> jt.Var:
        """(N, C, S, S), (N, beside) or nothing, and conditions (N, ...) -> (N, width)."""
        if beside is not None:
            n, width = beside.shape
            maps = beside.reshape(n, width, 1, 1).broadcast((n, width, *images.shape[2:]))
            images = jt.concat([images, maps], dim=1)
        (from_image,) = self.from_image.values()
        x = from_image(images, labels)
        for stage in reversed(list(self.stage.values())):
            x = stage(x, labels)
        return self.features(x.reshape(len(x), -1))
