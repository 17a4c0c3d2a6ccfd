"""The networks. They map vars and know nothing of training."""

from collections.abc import Callable
from dataclasses import dataclass

import jittor as jt
from jittor import nn

from condgan import recipe
from condgan.engines.jittor.conditioning import beside, head
from condgan.engines.jittor.dcgan import DCGANDiscriminator, DCGANGenerator
from condgan.engines.jittor.layers import MINIBATCH, Body
from condgan.engines.jittor.mlp import MLPDiscriminator, MLPGenerator
from condgan.engines.jittor.residual import ResidualDiscriminator, ResidualGenerator
from condgan.engines.jittor.spectral import normalise_spectra
from condgan.engines.losses import Judgement
from condgan.recipe import Domain


def as_it_is(x: jt.Var) -> jt.Var:
    """Any var."""
    return x


@dataclass(frozen=True)
class Pixels:
    """Images, uint8, as numbers of the range [low, low + span]."""

    squash: Callable[[jt.Var], jt.Var]
    span: float
    low: float

    def read(self, images: jt.Var) -> jt.Var:
        """uint8 (N, C, S, S) -> float32."""
        return images.float32() * (self.span / 255) + self.low

    def show(self, images: jt.Var) -> jt.Var:
        """float32 (N, C, S, S) -> uint8, rounded to the nearest grey level."""
        return ((images - self.low) * (255 / self.span)).round().clamp(0, 255).uint8()


@dataclass(frozen=True)
class Plain:
    """Vectors, float32, as they are."""

    squash = read = show = staticmethod(as_it_is)
    span = 1.0


OUTPUTS: dict[str, Pixels | Plain] = {
    "tanh": Pixels(jt.tanh, 2.0, -1.0),
    "sigmoid": Pixels(jt.sigmoid, 1.0, 0.0),
    "linear": Plain(),
}
GENERATORS: dict[str, Callable[[recipe.Generator, int, int, Domain], Body]] = {
    "mlp": MLPGenerator,
    "dcgan": DCGANGenerator,
    "residual": ResidualGenerator,
}
"""Name -> spec, length of the latent, width beside it, domain -> a body that maps (N, dim), (N, beside) and conditions
to (N, C, S, S)."""
DISCRIMINATORS: dict[str, Callable[[recipe.Discriminator, int, Domain], Body]] = {
    "mlp": MLPDiscriminator,
    "dcgan": DCGANDiscriminator,
    "residual": ResidualDiscriminator,
}
"""Name -> spec, width beside the pixels, domain -> a body that maps (N, C, S, S), (N, beside) and conditions to
(N, ``width``)."""


class Generator(nn.Module):
    """Latents and conditions to images."""

    def __init__(self, spec: recipe.Generator, dim: int, domain: Domain) -> None:
        super().__init__()
        self.condition, width = beside(spec, domain)
        self.body = GENERATORS[spec.network](spec, dim, width, domain)
        self.squash = OUTPUTS[spec.output].squash
        if spec.spectral:
            normalise_spectra(self)

    def execute(self, latents: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, dim) and conditions (N, ...) -> (N, C, S, S), or (N, D), in the range of the output function."""
        return self.squash(self.body(latents, self.condition(labels), labels))


class Discriminator(nn.Module):
    """Images and conditions to logits."""

    def __init__(self, spec: recipe.Discriminator, domain: Domain) -> None:
        super().__init__()
        self.condition, width = beside(spec, domain)
        self.body = DISCRIMINATORS[spec.network](spec, width, domain)
        self.minibatch = MINIBATCH[spec.minibatch](self.body.width, spec.kernels)
        self.head = head(spec, self.minibatch.width, domain)
        if spec.spectral:
            normalise_spectra(self)

    def execute(self, images: jt.Var, labels: jt.Var) -> Judgement:
        """(N, C, S, S), or (N, D), and conditions (N, ...) -> logits (N,), and class logits if it reads classes."""
        features = self.body(images, self.condition(labels), labels)
        return self.head(self.minibatch(features), labels)
