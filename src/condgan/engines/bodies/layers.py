"""The layers that networks consist of: normalisations, maxout, and what sees the whole batch."""

import math
from collections.abc import Callable
from typing import Any

from condgan import recipe
from condgan.engines.bodies.conditioning import MODULATED, Modulation, Spec
from condgan.engines.bodies.operations import Array, Function, Module, Operations
from condgan.recipe import Domain


class Body(Module):
    """What a network does between its condition and its output; a convolutional one may grow while it trains."""

    stages = 1
    """Resolutions that it grows through."""
    width: int
    """Of a discriminator's or an MLP's features."""

    def grow(self, grown: float) -> None:
        """Stand at 0 <= grown <= stages - 1: so many resolutions beyond the first, the last of them by its fraction."""


class Maxout(Module):
    """The largest of a few linear pieces for each unit (Goodfellow et al. 2013, equation 1)."""

    def __init__(self, ops: Operations, inputs: int, units: int, pieces: int) -> None:
        super().__init__(ops)
        self.units, self.pieces = units, pieces
        self.linear = ops.Linear(inputs, units * pieces)

    def forward(self, x: Array) -> Array:
        """(N, inputs) -> (N, units)."""
        return self.ops.largest(self.linear(x).reshape(-1, self.units, self.pieces))


NORMS: dict[str, Callable[[Operations, recipe.Network, int, int, bool], Any]] = {
    "none": lambda ops, *_: ops.Identity(),
    "batch": lambda ops, spec, width, dims, affine: ops.BatchNorm(width, spec.norm_eps, affine, dims),
    "layer": lambda ops, spec, width, _, affine: ops.GroupNorm(1, width, spec.norm_eps, affine),
    # without maps, as torch's InstanceNorm1d: the units of a row together
    "instance": lambda ops, spec, width, dims, affine: (
        ops.GroupNorm(width, width, spec.norm_eps, affine) if dims else ops.GroupNorm(1, width, spec.norm_eps, False)
    ),
    "group": lambda ops, spec, width, _, affine: ops.GroupNorm(
        math.gcd(spec.groups, width), width, spec.norm_eps, affine
    ),
}
"""Name -> operations, spec, width, spatial dimensions (0 or 2), whether it has its own gain and bias -> module."""


def norm(ops: Operations, spec: Spec, width: int, dims: int, domain: Domain) -> tuple[Any, Module]:
    """A normalisation of (N, width) or, with dims = 2, (N, width, H, W), and how the condition enters after it."""
    if spec.condition in MODULATED:
        return NORMS[spec.norm](ops, spec, width, dims, False), Modulation(ops, width, domain)
    return NORMS[spec.norm](ops, spec, width, dims, True), Function(ops, lambda x, labels: x)


class Layer(Module):
    """A linear map, normalisation, the condition, activation, dropout."""

    def __init__(self, ops: Operations, spec: Spec, linear: Any, width: int, dims: int, domain: Domain) -> None:
        super().__init__(ops)
        self.linear = linear
        self.norm, self.modulation = norm(ops, spec, width, dims, domain)
        self.activation = ops.activations[spec.activation]()
        self.dropout = ops.Dropout(spec.dropout)

    def forward(self, x: Array, labels: Array) -> Array:
        """What the linear map takes, and conditions (N, ...) -> (N, width) or (N, width, H, W)."""
        return self.dropout(self.activation(self.modulation(self.norm(self.linear(x)), labels)))


def plain(ops: Operations, spec: Spec, linear: Any, width: int, domain: Domain) -> Layer:
    """A linear map of vectors and an activation."""
    alone = spec.model_copy(update={"norm": "none", "condition": "none", "dropout": 0.0})
    return Layer(ops, alone, linear, width, 0, domain)


class MinibatchDiscrimination(Module):
    """How near each image's features lie to those of the rest of the batch (Salimans et al. 2016, section 3.2).

    The mean over the rest, where the paper has the sum: that grows with the batch, and drowns the features beside it.
    """

    couples = True
    dims = 5  # as in the authors' code

    def __init__(self, ops: Operations, width: int, kernels: int) -> None:
        super().__init__(ops)
        self.kernels, self.width = kernels, width + kernels
        self.projection = ops.PlainLinear(width, kernels * self.dims, bias=False)

    def forward(self, features: Array) -> Array:
        """(N, width) -> (N, width + kernels)."""
        rows = self.projection(features).reshape(-1, self.kernels, self.dims)
        return self.ops.joined(features, self.ops.near(rows) / max(len(features) - 1, 1))


class MinibatchStddev(Module):
    """The standard deviation of each feature over the batch, on average (Karras et al. 2018, section 3)."""

    couples = True

    def __init__(self, ops: Operations, width: int) -> None:
        super().__init__(ops)
        self.width = width + 1

    def forward(self, features: Array) -> Array:
        """(N, width) -> (N, width + 1)."""
        return self.ops.joined(features, self.ops.spread(features))


MINIBATCH: dict[str, Callable[[Operations, int, int], Any]] = {
    "none": lambda ops, width, kernels: Function(ops, lambda features: features, width),
    "discrimination": MinibatchDiscrimination,
    "stddev": lambda ops, width, kernels: MinibatchStddev(ops, width),
}
"""Name -> operations, width of the features, kernels -> module with a ``width`` of its own."""


def couples(network: Any) -> bool:
    """Whether a network's output for an image, in training at least, depends on the other images of the batch."""
    return any(getattr(module, "couples", False) for module in network.modules())


def normalise_spectra(ops: Operations, network: Any) -> None:
    """Divide each weight matrix by its largest singular value, by a power iteration a step (Miyato et al. 2018).

    Gains and biases of conditions are left alone: they are 0 at first, which has no direction.
    """
    for module in list(network.children()):
        if isinstance(module, ops.weighted):
            ops.spectral(module)
        elif not isinstance(module, Modulation):
            normalise_spectra(ops, module)
