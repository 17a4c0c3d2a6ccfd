"""Convolutional networks over resolutions, which may grow from the smallest to the full one while they train."""

from typing import Any

from condgan import recipe
from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.convolutional import Kind, Stage, channels, initialised
from condgan.engines.bodies.layers import Body, plain
from condgan.engines.bodies.operations import Array, Function, Operations
from condgan.recipe import Domain


class Ladder(Body):
    """A network with a stage for each resolution; while it grows it stands on one of them (Karras et al. 2018)."""

    grown: Any

    def __init__(self, ops: Operations, kind: type[Kind], spec: Spec, domain: Domain, grows: bool) -> None:
        super().__init__(ops)
        self.channels = channels(domain.size, spec.width)
        self.layers = kind(ops, spec, domain)
        self.sides = self.layers.sides[::-1]  # of feature maps, from the smallest on
        self.stages = len(self.sides) if grows else 1
        self.seen = self.sides if grows else self.sides[-1:]  # where images enter or leave
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
        grown = len(self.sides) - 1.0 if self.grown is None else float(self.grown)
        return int(grown), grown % 1


class ConvolutionalGenerator(Ladder):
    """Latents to images: a linear map to the smallest resolution, and up from there."""

    def __init__(
        self, ops: Operations, of: type[Kind], spec: Spec, dim: int, beside: int, domain: Domain, grows: bool
    ) -> None:
        super().__init__(ops, of, spec, domain, grows)
        kind, channels = self.layers, self.channels
        self.first = kind.first(dim + beside, channels[self.sides[0]])
        stages = {}
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            up = {} if below is None else {"up": kind.up(channels[below], channels[side], side)}
            stages[str(side)] = Stage(ops, up | kind.level(channels[side], side))
        self.stage = ops.Named(stages)
        self.to_image = ops.Named({str(side): kind.to_image(channels[side]) for side in self.seen})

    def forward(self, x: Array, beside: Array, labels: Array) -> Array:
        """(N, dim), (N, beside) and conditions (N, ...) -> (N, C, S, S), not yet squashed."""
        grown, fade = self.standing()
        x = self.first(self.ops.joined(x, beside), labels)  # (N, C', s, s) with the smallest s
        for side in self.sides[: grown + 1]:
            x = self.stage[str(side)](x, labels)  # (N, C', side, side)
        images = self.to_image[str(self.sides[grown])](x)  # (N, C, side, side)
        beyond = self.sides[grown + 1 :]
        if fade:
            side = beyond.pop(0)
            x = self.stage[str(side)](x, labels)
            images = self.ops.blended(self.ops.repeated(images, side), self.to_image[str(side)](x), fade)
        for side in beyond:
            images = self.ops.repeated(images, side)
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
        self.from_image = ops.Named({str(side): kind.from_image(inputs, channels[side]) for side in self.seen})
        stages = {}
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            down = {} if below is None else {"down": kind.down(channels[side], channels[below], side)}
            stages[str(side)] = Stage(ops, kind.level(channels[side], side) | down)
        self.stage = ops.Named(stages)
        inputs = channels[self.sides[0]] * self.sides[0] ** 2
        self.features, self.width = features(ops, inputs, spec, domain), spec.features or inputs

    def forward(self, images: Array, beside: Array, labels: Array) -> Array:
        """(N, C, S, S), (N, beside) and conditions (N, ...) -> (N, width)."""
        grown, fade = self.standing()
        side, *beyond = self.sides[grown:]
        for _ in beyond[1:] if fade else beyond:
            images = self.ops.halved(images)
        if fade:
            faded = self.stage[str(beyond[0])](self.enter(images, beyond[0], beside, labels), labels)
            images = self.ops.halved(images)
        x = self.enter(images, side, beside, labels)  # (N, C', side, side)
        if fade:
            x = self.ops.blended(x, self.ops.like(faded, x), fade)  # after a normalisation it may be float32
        for side in self.sides[grown::-1]:
            x = self.stage[str(side)](x, labels)
        return self.features(self.ops.flat(x), labels)

    def enter(self, images: Array, side: int, beside: Array, labels: Array) -> Array:
        """Images, (N, C, s, s), to feature maps of a side, (N, C', side, side)."""
        x = self.ops.laid_out(self.ops.over_pixels(images, beside))
        return self.ops.laid_out(self.from_image[str(side)](x, labels))  # again: one channel has any layout
