"""How a condition, a class or a vector, enters the networks: one small module each.

Conditions are labels (N,) int64 or, where a domain has vector conditions, vectors (N, V) float32.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from condgan import recipe
from condgan.engines.losses import Judgement
from condgan.engines.torch.products import Linear
from condgan.recipe import Domain

Spec = recipe.Generator | recipe.Discriminator


def encoder(domain: Domain, width: int) -> nn.Embedding | Linear:
    """A learned vector of each condition, (N, width): of a class its own, of a vector a linear map."""
    return nn.Embedding(domain.classes, width) if domain.condition is None else Linear(domain.condition, width)


class OneHot(nn.Module):
    """1 at the label, 0 elsewhere."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, labels: Tensor) -> Tensor:
        """(N,) -> (N, K)."""
        return F.one_hot(labels, self.classes).to(torch.float32)


class Nothing(nn.Module):
    """Nothing beside the input: a vector of width 0."""

    def forward(self, labels: Tensor) -> Tensor:
        """(N, ...) -> (N, 0)."""
        return labels.new_empty((len(labels), 0), dtype=torch.float32)


def embedding(domain: Domain, dim: int | None) -> tuple[nn.Module, int]:
    """A learned vector as wide as asked, or as there are classes."""
    width = dim or domain.condition or domain.classes
    return encoder(domain, width), width


BESIDE: dict[str, Callable[[Domain, int | None], tuple[nn.Module, int]]] = {
    "embedding": embedding,
    "one-hot": lambda domain, _: (OneHot(domain.classes), domain.classes),
    "vector": lambda domain, _: (nn.Identity(), domain.condition or 0),
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

    def forward(self, features: Tensor, labels: Tensor) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).squeeze(1))


class Projection(Head):
    """The logit has a part that is the features' product with the condition (Miyato & Koyama 2018, equation 3)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__(width, domain)
        self.condition = encoder(domain, width)
        nn.init.xavier_uniform_(self.condition.weight)  # of the size of the other part: N(0, 1) would drown it

    def forward(self, features: Tensor, labels: Tensor) -> Judgement:
        """(N, width) and (N, ...) -> logits (N,)."""
        return Judgement(self.logit(features).squeeze(1) + (self.condition(labels) * features).sum(1))


class Auxiliary(Head):
    """A second output reads the class (Odena et al. 2017)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__(width, domain)
        self.classes = Linear(width, domain.classes)

    def forward(self, features: Tensor, labels: Tensor) -> Judgement:
        """(N, width) and (N,) -> logits (N,) and class logits (N, K)."""
        return Judgement(self.logit(features).squeeze(1), self.classes(features))


HEADS: dict[str, type[Head]] = {"projection": Projection, "auxiliary": Auxiliary}


def head(spec: recipe.Discriminator, width: int, domain: Domain) -> Head:
    """The discriminator's last layer."""
    return HEADS.get(spec.condition, Head)(width, domain)


MODULATED = ("norm",)
"""Conditions that enter after each normalisation."""


class Unmodulated(nn.Module):
    """No condition enters at a normalisation."""

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """Any shape."""
        return x


class Modulation(nn.Module):
    """After a normalisation: gain and bias are functions of the condition (Dumoulin et al. 2017, equation 5)."""

    def __init__(self, width: int, domain: Domain) -> None:
        super().__init__()
        self.gain, self.bias = encoder(domain, width), encoder(domain, width)
        for parameter in self.parameters():
            nn.init.zeros_(parameter)  # at first all conditions are alike: gain 1, bias 0

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, width, ...) and (N, ...) -> as x."""
        shape = (*x.shape[:2], *[1] * (x.dim() - 2))
        return x * (1 + self.gain(labels).view(shape)) + self.bias(labels).view(shape)
