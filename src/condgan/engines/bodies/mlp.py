"""Networks of linear layers."""

import math

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.layers import Body, Layer, Maxout, plain
from condgan.engines.bodies.operations import Array, Operations
from condgan.recipe import Domain


def layer(ops: Operations, spec: Spec, inputs: int, units: int, pieces: int, domain: Domain, alone: bool) -> Layer:
    """A linear (or maxout) layer and what follows it: alone, only the activation."""
    linear = Maxout(ops, inputs, units, pieces) if spec.activation == "maxout" else ops.Linear(inputs, units)
    return plain(ops, spec, linear, units, domain) if alone else Layer(ops, spec, linear, units, 0, domain)


class MLP(Body):
    """An input and what stands beside it to the last hidden layer."""

    def __init__(self, ops: Operations, spec: Spec, inputs: int, beside: int, domain: Domain) -> None:
        super().__init__(ops)
        pieces = list(spec.pieces) or [1] * (len(spec.hidden) + 2)
        branches = spec.branches or ()
        self.branches = ops.List(
            layer(ops, spec, width, units, pieces.pop(0), domain, spec.plain_first)
            for width, units in zip((inputs, beside), branches, strict=False)
        )
        layers = []
        width = sum(branches) or inputs + beside
        for number, units in enumerate(spec.hidden):
            alone = spec.plain_first and number == 0 and not branches
            layers.append(layer(ops, spec, width, units, pieces[number], domain, alone))
            width = units
        self.hidden = ops.List(layers)
        self.width = width

    def forward(self, x: Array, beside: Array, labels: Array) -> Array:
        """(N, inputs), (N, beside) and conditions (N, ...) -> (N, width)."""
        sides = [x, beside]
        for side, branch in enumerate(self.branches):
            sides[side] = branch(sides[side], labels)
        x = self.ops.joined(*sides)
        for hidden in self.hidden:
            x = hidden(x, labels)
        return x


class MLPGenerator(MLP):
    """Latents to what a domain's images, or vectors, consist of."""

    def __init__(self, ops: Operations, spec: Spec, inputs: int, beside: int, domain: Domain) -> None:
        super().__init__(ops, spec, inputs, beside, domain)
        self.shape = domain.shape
        self.out = ops.Linear(self.width, math.prod(self.shape))

    def forward(self, x: Array, beside: Array, labels: Array) -> Array:
        """(N, dim), (N, beside) and conditions (N, ...) -> (N, C, H, W) or (N, D), not yet squashed."""
        return self.out(super().forward(x, beside, labels)).reshape(-1, *self.shape)


class MLPDiscriminator(MLP):
    """Images, or vectors, to features."""

    def __init__(self, ops: Operations, spec: Spec, beside: int, domain: Domain) -> None:
        super().__init__(ops, spec, math.prod(domain.shape), beside, domain)

    def forward(self, x: Array, beside: Array, labels: Array) -> Array:
        """(N, C, H, W) or (N, D), (N, beside) and conditions (N, ...) -> (N, width)."""
        return super().forward(self.ops.flat(x), beside, labels)
