"""The networks. They map arrays of a framework and know nothing of training."""

from collections.abc import Callable
from dataclasses import dataclass

from condgan import recipe
from condgan.engines.bodies.conditioning import beside, head
from condgan.engines.bodies.dcgan import DCGAN
from condgan.engines.bodies.growing import ConvolutionalDiscriminator, ConvolutionalGenerator
from condgan.engines.bodies.layers import MINIBATCH, Body, normalise_spectra
from condgan.engines.bodies.mlp import MLPDiscriminator, MLPGenerator
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.engines.bodies.residual import Residual
from condgan.engines.losses import Judgement
from condgan.recipe import Domain


@dataclass(frozen=True)
class Output:
    """The range of samples, [low, low + span], and the way from what is stored to it and back."""

    squash: Callable[[Array], Array]
    """Any shape, to the range."""
    read: Callable[[Array], Array]
    """uint8 (N, C, H, W) -> float32; vectors (N, D) as they are."""
    show: Callable[[Array], Array]
    """float32 (N, C, H, W) -> uint8, rounded to the nearest grey level; vectors (N, D) as they are."""
    span: float
    low: float = 0.0


def outputs(ops: Operations) -> dict[str, Output]:
    """The generator's output functions by name."""

    def pixels(name: str, span: float, low: float) -> Output:
        return Output(
            ops.squash[name], lambda x: ops.read(x, span / 255, low), lambda x: ops.show(x, 255 / span, low), span, low
        )

    return {
        "tanh": pixels("tanh", 2.0, -1.0),
        "sigmoid": pixels("sigmoid", 1.0, 0.0),
        "linear": Output(lambda x: x, lambda x: x, lambda x: x, 1.0),
    }


GENERATORS: dict[str, Callable[[Operations, recipe.Generator, int, int, Domain, bool], Body]] = {
    "mlp": lambda ops, spec, dim, width, domain, _: MLPGenerator(ops, spec, dim, width, domain),
    "dcgan": lambda ops, *given: ConvolutionalGenerator(ops, DCGAN, *given),
    "residual": lambda ops, *given: ConvolutionalGenerator(ops, Residual, *given),
}
"""Name -> operations, spec, length of the latent, width beside it, domain, whether it grows -> a body that maps
(N, dim), (N, beside) and conditions to (N, C, H, W)."""
DISCRIMINATORS: dict[str, Callable[[Operations, recipe.Discriminator, int, Domain, bool], Body]] = {
    "mlp": lambda ops, spec, width, domain, _: MLPDiscriminator(ops, spec, width, domain),
    "dcgan": lambda ops, *given: ConvolutionalDiscriminator(ops, DCGAN, *given),
    "residual": lambda ops, *given: ConvolutionalDiscriminator(ops, Residual, *given),
}
"""Name -> operations, spec, width beside the pixels, domain, whether it grows -> a body that maps (N, C, H, W),
(N, beside) and conditions to (N, ``width``)."""


class Generator(Module):
    """Latents and conditions to images."""

    def __init__(self, ops: Operations, spec: recipe.Generator, dim: int, domain: Domain, grows: bool = False) -> None:
        super().__init__(ops)
        self.condition, width = beside(ops, spec, domain)
        self.body = GENERATORS[spec.network](ops, spec, dim, width, domain, grows)
        self.squash = outputs(ops)[spec.output].squash
        if spec.spectral:
            normalise_spectra(ops, self)

    def forward(self, latents: Array, labels: Array) -> Array:
        """(N, dim) and conditions (N, ...) -> (N, C, H, W), or (N, D), in the range of the output function."""
        return self.squash(self.ops.like(self.body(latents, self.condition(labels), labels), latents))


class Discriminator(Module):
    """Images and conditions to logits."""

    def __init__(self, ops: Operations, spec: recipe.Discriminator, domain: Domain, grows: bool = False) -> None:
        super().__init__(ops)
        self.condition, width = beside(ops, spec, domain)
        self.body = DISCRIMINATORS[spec.network](ops, spec, width, domain, grows)
        self.minibatch = MINIBATCH[spec.minibatch](ops, self.body.width, spec.kernels)
        self.head = head(ops, spec, self.minibatch.width, domain)
        if spec.spectral:
            normalise_spectra(ops, self)

    def forward(self, images: Array, labels: Array) -> Judgement:
        """(N, C, H, W), or (N, D), and conditions (N, ...) -> logits (N,), and class logits if it reads classes."""
        features = self.ops.like(self.body(images, self.condition(labels), labels), images)
        with self.ops.full_precision(features):  # logits are differences of near numbers
            judgement: Judgement = self.head(self.minibatch(features), labels)
        return judgement
