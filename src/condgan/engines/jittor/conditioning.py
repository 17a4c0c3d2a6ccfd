"""How a condition, a class or a vector, enters the networks: one small module each.

Conditions are labels (N,) int32 or, where a domain has vector conditions, vectors (N, V) float32.
"""

import math
from collections.abc import Callable

import jittor as jt
from jittor import nn

from condgan import recipe
from condgan.engines.jittor.linear import Embedding, Linear, uniform
from condgan.engines.losses import Judgement
from condgan.recipe import Domain

Spec = recipe.Generator | recipe.Discriminator


def encoder(domain: Domain, width: int) -> Embedding | Linear:
    """A learned vector of each condition, (N, width): of a class its own, of a vector a linear map."""
    return Embedding(domain.classes, width) if domain.condition is None else Linear(domain.condition, width)


class OneHot(nn.Module):
    """1 at the label, 0 elsewhere."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def execute(self, labels: jt.Var) -> jt.Var:
        """(N,) -> (N, K)."""
        return (labels.unsqueeze(1) == jt.arange(self.classes)).float32()


class Nothing(nn.Module):
    """Nothing beside the input: a vector of width 0."""

    def execute(self, labels: jt.Var) -> jt.Var | None:
        """(N, ...) -> nothing, which stands for (N, 0)."""
        return None


class AsItIs(nn.Module):
    """A vector condition itself."""

    def execute(self, labels: jt.Var) -> jt.Var:
        """(N, V)."""
        return labels


def embedding(domain: Domain, dim: int | None) -> tuple[nn.Module, int]:
    """A learned vector as wide as asked, or as there are classes."""
    width = dim or domain.condition or domain.classes
    return encoder(domain, width), width


BESIDE: dict[str, Callable[[Domain, int | None], tuple[nn.Module, int]]] = {
    "embedding": embedding,
    "one-hot": lambda domain, _: (OneHot(domain.classes), domain.classes),
    "vector": lambda domain, _: (AsItIs(), domain.condition or 0),
}
"""A condition that enters beside the input -> domain and asked width -> (module to (N, width), width)."""


def beside(spec: Spec, domain: Domain) -> tuple[nn.Module, int]:
    """What stands beside a network's input, (N, width), and its width: 0 where the condition enters elsewhere."""
    return BESIDE[spec.condition](domain, spec.condition_dim) if spec.condition in BESIDE else (Nothing(), 0)


class Head(nn.Module):
    """The last features to a logit."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__()
        self.logit = Linear(width, 1)

    def execute(self, features: jt.Var, labels: jt.Var) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).reshape(-1))


class Projection(Head):
    """The logit has a part that is the features' product with the condition (Miyato & Koyama 2018, equation 3)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__(width, domain)
        self.condition = encoder(domain, width)
        rows, columns = self.condition.weight.shape
        bound = math.sqrt(6 / (rows + columns))  # Xavier: of the size of the other part; N(0, 1) would drown it
        self.condition.weight = uniform((rows, columns), bound)

    def execute(self, features: jt.Var, labels: jt.Var) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).reshape(-1) + (self.condition(labels) * features).sum(dim=1))


class Auxiliary(Head):
    """A second output reads the class (Odena et al. 2017)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__(width, domain)
        self.classes = Linear(width, domain.classes)

    def execute(self, features: jt.Var, labels: jt.Var) -> Judgement:
        """(N, width) and (N,) -> logits (N,) and class logits (N, K)."""
        return Judgement(self.logit(features).reshape(-1), self.classes(features))


HEADS: dict[str, type[Head]] = {"projection": Projection, "auxiliary": Auxiliary}


def head(spec: recipe.Discriminator, width: int, domain: Domain) -> Head:
    """The discriminator's last layer."""
    return HEADS.get(spec.condition, Head)(width, domain)


MODULATED = ("norm",)
"""Conditions that enter after each normalisation."""


class Unmodulated(nn.Module):
    """No condition enters at a normalisation."""

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """Any shape."""
        return x


class Modulation(nn.Module):
    """After a normalisation: gain and bias are functions of the condition (Dumoulin et al. 2017, equation 5)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__()
        self.gain, self.bias = encoder(domain, width), encoder(domain, width)
        for encoding in (self.gain, self.bias):
            for parameter in encoding.parameters():
                parameter.assign(jt.zeros_like(parameter))  # at first all conditions are alike: gain 1, bias 0

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, width, ...) and (N, ...) -> as x."""
        shape = (*x.shape[:2], *[1] * (x.ndim - 2))
        return x * (1 + self.gain(labels).reshape(shape)) + self.bias(labels).reshape(shape)
