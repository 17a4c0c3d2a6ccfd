"""Networks of linear layers."""

import math

import torch
from torch import Tensor, nn

from condgan.engines.torch.conditioning import Spec
from condgan.engines.torch.layers import ACTIVATIONS, Body, Dropout, Maxout, norm
from condgan.engines.torch.products import Linear
from condgan.recipe import Domain


class Layer(nn.Module):
    """Linear (or maxout), normalisation, the condition, activation, dropout; a plain one: linear and activation."""

    def __init__(self, spec: Spec, inputs: int, units: int, pieces: int, domain: Domain, plain: bool) -> None:
        super().__init__()
        spec = spec.model_copy(update={"norm": "none", "condition": "none", "dropout": 0.0}) if plain else spec
        self.linear = Maxout(inputs, units, pieces) if spec.activation == "maxout" else Linear(inputs, units)
        self.norm, self.modulation = norm(spec, units, 0, domain)
        self.activation = ACTIVATIONS[spec.activation]()
        self.dropout = Dropout(spec.dropout)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, inputs) and conditions (N, ...) -> (N, units)."""
        return self.dropout(self.activation(self.modulation(self.norm(self.linear(x)), labels)))


class MLP(Body):
    """An input and what stands beside it to the last hidden layer."""

    def __init__(self, spec: Spec, inputs: int, beside: int, domain: Domain) -> None:
        super().__init__()
        pieces = list(spec.pieces) or [1] * (len(spec.hidden) + 2)
        branches = spec.branches or ()
        self.branches = nn.ModuleList(
            Layer(spec, width, units, pieces.pop(0), domain, spec.plain_first)
            for width, units in zip((inputs, beside), branches, strict=False)
        )
        layers = []
        width = sum(branches) or inputs + beside
        for number, units in enumerate(spec.hidden):
            plain = spec.plain_first and number == 0 and not branches
            layers.append(Layer(spec, width, units, pieces[number], domain, plain))
            width = units
        self.hidden = nn.ModuleList(layers)
        self.width = width

    def forward(self, x: Tensor, beside: Tensor, labels: Tensor) -> Tensor:
        """(N, inputs), (N, beside) and conditions (N, ...) -> (N, width)."""
        sides = [x, beside]
        for side, branch in enumerate(self.branches):
            sides[side] = branch(sides[side], labels)
        x = torch.cat(sides, dim=1)
        for layer in self.hidden:
            x = layer(x, labels)
        return x


class MLPGenerator(MLP):
    """Latents to what a domain's images, or vectors, consist of."""

    def __init__(self, spec: Spec, inputs: int, beside: int, domain: Domain) -> None:
        super().__init__(spec, inputs, beside, domain)
        self.shape = domain.shape
        self.out = Linear(self.width, math.prod(self.shape))

    def forward(self, x: Tensor, beside: Tensor, labels: Tensor) -> Tensor:
        """(N, dim), (N, beside) and conditions (N, ...) -> (N, C, S, S) or (N, D), not yet squashed."""
        return self.out(super().forward(x, beside, labels)).view(-1, *self.shape)


class MLPDiscriminator(MLP):
    """Images, or vectors, to features."""

    def __init__(self, spec: Spec, beside: int, domain: Domain) -> None:
        super().__init__(spec, math.prod(domain.shape), beside, domain)

    def forward(self, x: Tensor, beside: Tensor, labels: Tensor) -> Tensor:
        """(N, C, S, S) or (N, D), (N, beside) and conditions (N, ...) -> (N, width)."""
        return super().forward(x.flatten(1), beside, labels)
