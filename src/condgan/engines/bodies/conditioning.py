"""How a condition, a class or a vector, enters the networks: one small module each.

Conditions are labels (N,) or weights of the classes (N, K), or, where a domain has vector conditions, vectors (N, V).
"""

from collections.abc import Callable
from typing import Any

from condgan import recipe
from condgan.engines.bodies.operations import Array, Function, Module, Operations
from condgan.engines.losses import Judgement
from condgan.recipe import Domain

Spec = recipe.Generator | recipe.Discriminator


def encoder(ops: Operations, domain: Domain, width: int) -> Any:
    """A learned vector of each condition, (N, width): of a class its own, of a vector a linear map."""
    return ops.Embedding(domain.classes, width) if domain.condition is None else ops.Linear(domain.condition, width)


BESIDE: dict[str, Callable[[Operations, Domain, int | None], tuple[Any, int]]] = {
    "embedding": lambda ops, domain, dim: (
        encoder(ops, domain, width := dim or domain.condition or domain.classes),
        width,
    ),
    "one-hot": lambda ops, domain, _: (Function(ops, lambda y: ops.one_hot(y, domain.classes)), domain.classes),
    "vector": lambda ops, domain, _: (ops.Identity(), domain.condition or 0),
}
"""A condition that enters beside the input -> operations, domain, given width -> (module to (N, width), width)."""


def beside(ops: Operations, spec: Spec, domain: Domain) -> tuple[Any, int]:
    """What stands beside a network's input, (N, width), and its width: 0 where the condition enters elsewhere."""
    if spec.condition in BESIDE:
        return BESIDE[spec.condition](ops, domain, spec.condition_dim)
    return Function(ops, ops.nothing), 0


class Head(Module):
    """The last features to a logit."""

    def __init__(self, ops: Operations, width: int, domain: Domain) -> None:
        super().__init__(ops)
        self.logit = ops.Linear(width, 1)

    def forward(self, features: Array, labels: Array) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).reshape(-1))


class Projection(Head):
    """The logit has a part that is the features' product with the condition (Miyato & Koyama 2018, equation 3)."""

    def __init__(self, ops: Operations, width: int, domain: Domain) -> None:
        super().__init__(ops, width, domain)
        self.condition = encoder(ops, domain, width)
        ops.xavier(self.condition)  # of the size of the other part: N(0, 1) would drown it

    def forward(self, features: Array, labels: Array) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).reshape(-1) + (self.condition(labels) * features).sum(1))


class Auxiliary(Head):
    """A second output reads the class (Odena et al. 2017)."""

    def __init__(self, ops: Operations, width: int, domain: Domain) -> None:
        super().__init__(ops, width, domain)
        self.classes = ops.Linear(width, domain.classes)

    def forward(self, features: Array, labels: Array) -> Judgement:
        """(N, width) and (N,) -> logits (N,) and class logits (N, K)."""
        return Judgement(self.logit(features).reshape(-1), self.classes(features))


HEADS: dict[str, type[Head]] = {"projection": Projection, "auxiliary": Auxiliary}


def head(ops: Operations, spec: recipe.Discriminator, width: int, domain: Domain) -> Head:
    """The discriminator's last layer."""
    return HEADS.get(spec.condition, Head)(ops, width, domain)


MODULATED = ("norm",)
"""Conditions that enter after each normalisation."""


class Modulation(Module):
    """After a normalisation: gain and bias are functions of the condition (Dumoulin et al. 2017, equation 5)."""

    def __init__(self, ops: Operations, width: int, domain: Domain) -> None:
        super().__init__(ops)
        self.gain, self.bias = encoder(ops, domain, width), encoder(ops, domain, width)
        for encoding in (self.gain, self.bias):
            for name, _ in encoding.named_parameters():
                ops.zero(encoding, name)  # at first all conditions are alike: gain 1, bias 0

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, width, ...) and (N, ...) -> as x."""
        shape = (*x.shape[:2], *[1] * (x.ndim - 2))
        return x * (1 + self.gain(labels).reshape(shape)) + self.bias(labels).reshape(shape)
