"""Convolutional networks over resolutions, which may grow from the smallest to the full one while they train."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from condgan import recipe
from condgan.engines.resolutions import channels
from condgan.engines.torch.conditioning import Spec
from condgan.engines.torch.convolutional import Kind, Stage, begun
from condgan.engines.torch.layers import ACTIVATIONS, Body
from condgan.recipe import Domain


def enlarge(images: Tensor, side: int) -> Tensor:
    """(N, C, s, s) to twice the side or, at the end, one less: each pixel becomes 2 x 2."""
    return F.interpolate(images, size=(side, side), mode="nearest")


def reduce(images: Tensor) -> Tensor:
    """Means of 2 x 2 pixels, of fewer at the end of an odd side: undoes ``enlarge``."""
    return F.avg_pool2d(images, 2, ceil_mode=True)


class Ladder(Body):
    """A network with a stage for each resolution; while it grows it stands on one of them (Karras et al. 2018)."""

    kind: type[Kind]
    grown: Tensor | None

    def __init__(self, spec: Spec, domain: Domain, grows: bool) -> None:
        super().__init__()
        self.channels = channels(domain.size, spec.width)
        self.layers = self.kind(spec, domain)
        self.sides = self.layers.sides[::-1]  # of feature maps, from the smallest on
        self.stages = len(self.sides) if grows else 1
        self.seen = self.sides if grows else self.sides[-1:]  # where images enter or leave
        # in the state, so that a saved generator knows where it stands
        self.register_buffer("grown", torch.tensor(self.stages - 1.0) if grows else None)

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

    def __init__(self, spec: recipe.Generator, dim: int, beside: int, domain: Domain, grows: bool) -> None:
        super().__init__(spec, domain, grows)
        kind, channels = self.layers, self.channels
        self.first = kind.first(dim + beside, channels[self.sides[0]])
        self.stage = nn.ModuleDict()
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            up = {} if below is None else {"up": kind.up(channels[below], channels[side], side)}
            self.stage[str(side)] = Stage(up | kind.level(channels[side], side))
        self.to_image = nn.ModuleDict({str(side): kind.to_image(channels[side]) for side in self.seen})

    def forward(self, x: Tensor, beside: Tensor, labels: Tensor) -> Tensor:
        """(N, dim), (N, beside) and conditions (N, ...) -> (N, C, S, S), not yet squashed."""
        grown, fade = self.standing()
        x = self.first(torch.cat([x, beside], dim=1), labels)  # (N, C', s, s) with the smallest s
        for side in self.sides[: grown + 1]:
            x = self.stage[str(side)](x, labels)  # (N, C', side, side)
        images = self.to_image[str(self.sides[grown])](x)  # (N, C, side, side)
        beyond = self.sides[grown + 1 :]
        if fade:
            side = beyond.pop(0)
            x = self.stage[str(side)](x, labels)
            images = torch.lerp(enlarge(images, side), self.to_image[str(side)](x), fade)
        for side in beyond:
            images = enlarge(images, side)
        return images


class Features(nn.Module):
    """What a discriminator knows of an image: its last feature maps as they are, or a linear layer of them."""

    def __init__(self, inputs: int, spec: recipe.Discriminator) -> None:
        super().__init__()
        self.width = spec.features or inputs
        self.linear = nn.Identity() if spec.features is None else begun(nn.Linear(inputs, spec.features))
        self.activation = nn.Identity() if spec.features is None else ACTIVATIONS[spec.activation]()

    def forward(self, maps: Tensor) -> Tensor:
        """(N, inputs) -> (N, width)."""
        return self.activation(self.linear(maps))


class ConvolutionalDiscriminator(Ladder):
    """Images to features, down to the smallest resolution. What stands beside the pixels is constant over them."""

    def __init__(self, spec: recipe.Discriminator, beside: int, domain: Domain, grows: bool) -> None:
        super().__init__(spec, domain, grows)
        kind, channels = self.layers, self.channels
        inputs = domain.channels + beside
        self.from_image = nn.ModuleDict({str(side): kind.from_image(inputs, channels[side]) for side in self.seen})
        self.stage = nn.ModuleDict()
        for below, side in zip([None, *self.sides], self.sides, strict=False):
            down = {} if below is None else {"down": kind.down(channels[side], channels[below], side)}
            self.stage[str(side)] = Stage(kind.level(channels[side], side) | down)
        self.features = Features(channels[self.sides[0]] * self.sides[0] ** 2, spec)
        self.width = self.features.width

    def forward(self, images: Tensor, beside: Tensor, labels: Tensor) -> Tensor:
        """(N, C, S, S), (N, beside) and conditions (N, ...) -> (N, width)."""
        grown, fade = self.standing()
        side, *beyond = self.sides[grown:]
        for _ in beyond[1:] if fade else beyond:
            images = reduce(images)
        if fade:
            faded = self.stage[str(beyond[0])](self.enter(images, beyond[0], beside, labels), labels)
            images = reduce(images)
        x = self.enter(images, side, beside, labels)  # (N, C', side, side)
        if fade:
            x = torch.lerp(x, faded.to(x.dtype), fade)  # a normalisation may have made it float32
        for side in self.sides[grown::-1]:
            x = self.stage[str(side)](x, labels)
        return self.features(x.flatten(1))

    def enter(self, images: Tensor, side: int, beside: Tensor, labels: Tensor) -> Tensor:
        """Images, (N, C, s, s), to feature maps of a side, (N, C', side, side)."""
        maps = beside[:, :, None, None].expand(-1, -1, *images.shape[2:])  # (N, beside, s, s)
        x = torch.cat([images, maps], dim=1).contiguous(memory_format=torch.channels_last)
        # again, because one channel is of any format
        return self.from_image[str(side)](x, labels).contiguous(memory_format=torch.channels_last)
