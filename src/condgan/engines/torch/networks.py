"""The networks. They map tensors and know nothing of training."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from condgan import recipe
from condgan.engines.losses import Judgement
from condgan.engines.torch.conditioning import beside, head
from condgan.engines.torch.dcgan import DCGANDiscriminator, DCGANGenerator
from condgan.engines.torch.layers import MINIBATCH, Body, normalise_spectra
from condgan.engines.torch.mlp import MLPDiscriminator, MLPGenerator
from condgan.engines.torch.residual import ResidualDiscriminator, ResidualGenerator
from condgan.recipe import Domain


def as_it_is(x: Tensor) -> Tensor:
    """Any tensor."""
    return x


@dataclass(frozen=True)
class Pixels:
    """Images, uint8, as numbers of the range [low, low + span]."""

    squash: Callable[[Tensor], Tensor]
    span: float
    low: float

    def read(self, images: Tensor) -> Tensor:
        """uint8 (N, C, S, S) -> float32."""
        return images.to(torch.float32).mul_(self.span / 255).add_(self.low)

    def show(self, images: Tensor) -> Tensor:
        """float32 (N, C, S, S) -> uint8, rounded to the nearest grey level."""
        return images.sub(self.low).mul_(255 / self.span).round_().clamp_(0, 255).to(torch.uint8)


@dataclass(frozen=True)
class Plain:
    """Vectors, float32, as they are."""

    squash = read = show = staticmethod(as_it_is)
    span = 1.0


OUTPUTS: dict[str, Pixels | Plain] = {
    "tanh": Pixels(torch.tanh, 2.0, -1.0),
    "sigmoid": Pixels(torch.sigmoid, 1.0, 0.0),
    "linear": Plain(),
}
GENERATORS: dict[str, Callable[[recipe.Generator, int, int, Domain, bool], Body]] = {
    "mlp": lambda spec, dim, width, domain, _: MLPGenerator(spec, dim, width, domain),
    "dcgan": DCGANGenerator,
    "residual": ResidualGenerator,
}
"""Name -> spec, length of the latent, width beside it, domain, whether it grows -> a body that maps (N, dim),
(N, beside) and conditions to (N, C, S, S)."""
DISCRIMINATORS: dict[str, Callable[[recipe.Discriminator, int, Domain, bool], Body]] = {
    "mlp": lambda spec, width, domain, _: MLPDiscriminator(spec, width, domain),
    "dcgan": DCGANDiscriminator,
    "residual": ResidualDiscriminator,
}
"""Name -> spec, width beside the pixels, domain, whether it grows -> a body that maps (N, C, S, S), (N, beside) and
conditions to (N, ``width``)."""


class Generator(nn.Module):
    """Latents and conditions to images."""

    def __init__(self, spec: recipe.Generator, dim: int, domain: Domain, grows: bool = False) -> None:
        super().__init__()
        self.condition, width = beside(spec, domain)
        self.body = GENERATORS[spec.network](spec, dim, width, domain, grows)
        self.squash = OUTPUTS[spec.output].squash
        if spec.spectral:
            normalise_spectra(self)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """(N, dim) and conditions (N, ...) -> (N, C, S, S), or (N, D), in the range of the output function."""
        return self.squash(self.body(latents, self.condition(labels), labels).to(latents.dtype))


class Discriminator(nn.Module):
    """Images and conditions to logits."""

    def __init__(self, spec: recipe.Discriminator, domain: Domain, grows: bool = False) -> None:
        super().__init__()
        self.condition, width = beside(spec, domain)
        self.body = DISCRIMINATORS[spec.network](spec, width, domain, grows)
        self.minibatch = MINIBATCH[spec.minibatch](self.body.width, spec.kernels)
        self.head = head(spec, self.minibatch.width, domain)
        if spec.spectral:
            normalise_spectra(self)

    def forward(self, images: Tensor, labels: Tensor) -> Judgement:
        """(N, C, S, S), or (N, D), and conditions (N, ...) -> logits (N,), and class logits if it reads classes."""
        features = self.body(images, self.condition(labels), labels).to(images.dtype)
        with torch.autocast(features.device.type, enabled=False):  # logits are differences of near numbers
            return self.head(self.minibatch(features), labels)
