"""Convolutional networks over resolutions, which may grow from the smallest to the full one while they train."""

import math
from typing import Any

from condgan import recipe
from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.convolutional import Kind, Size, Stage, channels, initialised, name, resolutions
from condgan.engines.bodies.layers import Body, plain
from condgan.engines.bodies.operations import Array, Function, Operations
from condgan.recipe import Domain


class Ladder(Body):
    """A network with a stage for each resolution; while it grows it stands on one of them (Karras et al. 2018)."""

    grown: Any

    def __init__(self, ops: Operations, kind: type[Kind], spec: Spec, domain: Domain, grows: bool) -> None:
        super().__init__(ops)
        self.layers = kind(ops, spec, domain)
        self.channels = channels(resolutions(*self.layers.size), spec.width)
        self.sizes = self.layers.sizes[::-1]  # of feature maps, from the smallest on
        self.stages = len(self.sizes) if grows else 1
        self.seen = self.sizes if grows else self.sizes[-1:]  # where images enter or leave
        if grows:
            ops.buffer(self, "grown", self.stages - 1.0)  # in the state: a saved generator knows where it stands
        else:
            self.grown = None

    def grow(self, grown: float) -> None:
        """Stand at 0 <= grown <= stages - 1: so many resolutions beyond the first, the last of them by its fraction."""
        if not 0 <= grown <= self.stages - 1:
            raise ValueError(f"grown must lie in [0, {self.stages - 1}], given {grown}")
        if self.grown is not None:
            self.grown.fill_(grown)

    def standing(self) -> tuple[int, float]:
        """How many resolutions beyond the first have grown, and how far the next has faded in."""
        grown = len(self.sizes) - 1.0 if self.grown is None else float(self.grown)
        return int(grown), grown % 1


class ConvolutionalGenerator(Ladder):
    """Latents to images: a linear map to the smallest resolution, and up from there."""

    def __init__(
        self, ops: Operations, of: type[Kind], spec: Spec, dim: int, beside: int, domain: Domain, grows: bool
    ) -> None:
        super().__init__(ops, of, spec, domain, grows)
        kind, channels = self.layers, self.channels
        self.first = kind.first(dim + beside, channels[self.sizes[0]])
        stages = {}
        for below, size in zip([None, *self.sizes], self.sizes, strict=False):
            up = {} if below is None else {"up": kind.up(channels[below], channels[size], size)}
            stages[name(size)] = Stage(ops, up | kind.level(channels[size], size))
        self.stage = ops.Named(stages)
        self.to_image = ops.Named({name(size): kind.to_image(channels[size]) for size in self.seen})

    def forward(self, x: Array, beside: Array, labels: Array) -> Array:
        """(N, dim), (N, beside) and conditions (N, ...) -> (N, C, H, W), not yet squashed."""
        grown, fade = self.standing()
        x = self.first(self.ops.joined(x, beside), labels)  # (N, C', h, w) with the smallest h, w
        for size in self.sizes[: grown + 1]:
            x = self.stage[name(size)](x, labels)  # (N, C', *size)
        images = self.to_image[name(self.sizes[grown])](x)  # (N, C, *size)
        beyond = self.sizes[grown + 1 :]
        if fade:
            size = beyond.pop(0)
            x = self.stage[name(size)](x, labels)
            images = self.ops.blended(self.ops.repeated(images, size), self.to_image[name(size)](x), fade)
        for size in beyond:
            images = self.ops.repeated(images, size)
        return images


def features(ops: Operations, inputs: int, spec: recipe.Discriminator, domain: Domain) -> Any:
    """What a discriminator knows of an image: its last feature maps as they are, or a linear layer of them."""
    if spec.features is None:
        return Function(ops, lambda maps, labels: maps)
    return plain(ops, spec, initialised(ops, ops.PlainLinear(inputs, spec.features)), spec.features, domain)


class ConvolutionalDiscriminator(Ladder):
    """Images to features, down to the smallest resolution. What stands beside the pixels is constant over them."""

    def __init__(
        self, ops: Operations, of: type[Kind], spec: recipe.Discriminator, beside: int, domain: Domain, grows: bool
    ) -> None:
        super().__init__(ops, of, spec, domain, grows)
        kind, channels = self.layers, self.channels
        inputs = domain.channels + beside
        self.from_image = ops.Named({name(size): kind.from_image(inputs, channels[size]) for size in self.seen})
        stages = {}
        for below, size in zip([None, *self.sizes], self.sizes, strict=False):
            down = {} if below is None else {"down": kind.down(channels[size], channels[below], size)}
            stages[name(size)] = Stage(ops, kind.level(channels[size], size) | down)
        self.stage = ops.Named(stages)
        inputs = channels[self.sizes[0]] * math.prod(self.sizes[0])
        self.features, self.width = features(ops, inputs, spec, domain), spec.features or inputs

    def forward(self, images: Array, beside: Array, labels: Array) -> Array:
        """(N, C, H, W), (N, beside) and conditions (N, ...) -> (N, width)."""
        grown, fade = self.standing()
        size, *beyond = self.sizes[grown:]
        for _ in beyond[1:] if fade else beyond:
            images = self.ops.halved(images)
        if fade:
            faded = self.stage[name(beyond[0])](self.enter(images, beyond[0], beside, labels), labels)
            images = self.ops.halved(images)
        x = self.enter(images, size, beside, labels)  # (N, C', *size)
        if fade:
            x = self.ops.blended(x, self.ops.like(faded, x), fade)  # after a normalisation it may be float32
        for size in self.sizes[grown::-1]:
            x = self.stage[name(size)](x, labels)
        return self.features(self.ops.flat(x), labels)

    def enter(self, images: Array, size: Size, beside: Array, labels: Array) -> Array:
        """Images, (N, C, *size), to feature maps of this size, (N, C', *size)."""
        x = self.ops.laid_out(self.ops.over_pixels(images, beside))
        return self.ops.laid_out(self.from_image[name(size)](x, labels))  # again: one channel has any layout
