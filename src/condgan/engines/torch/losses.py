"""What the networks minimise: per-sample terms over the discriminator's scores, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import softplus

from condgan import recipe


class Scores:
    """What the discriminator says of a real and a generated batch; each logit is computed when a term first asks.

    Attributes:
        images, labels: the real batch, (N, C, H, W) in the generator's range and (N,).
        fake_images, fake_labels: the generated batch, alike.
    """

    def __init__(
        self, judge: Callable[[Tensor, Tensor], Tensor], real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]
    ) -> None:
        self.judge = judge
        self.images, self.labels = real
        self.fake_images, self.fake_labels = fake

    @cached_property
    def real(self) -> Tensor:
        """Logits of the real images, (N,)."""
        return self.judge(self.images, self.labels)

    @cached_property
    def fake(self) -> Tensor:
        """Logits of the generated images, (N,)."""
        return self.judge(self.fake_images, self.fake_labels)

    def judge_together(self) -> None:
        """Compute both logits in one pass: the same where samples are independent, and faster."""
        both = self.judge(torch.cat([self.images, self.fake_images]), torch.cat([self.labels, self.fake_labels]))
        self.real, self.fake = both.split([len(self.images), len(self.fake_images)])


Term = Callable[[Scores], Tensor]


@dataclass(frozen=True)
class Loss:
    """A pair of per-sample losses, Scores -> (N,)."""

    d: Term
    g: Term


LOSSES = {
    # Goodfellow et al. 2014, equation 1, on logits; the generator's is its non-saturating form
    "bce": Loss(d=lambda s: softplus(-s.real) + softplus(s.fake), g=lambda s: softplus(-s.fake)),
    # Mao et al. 2017, equation 2 with a = 0, b = c = 1, without its factors 1/2
    "least-squares": Loss(d=lambda s: (1 - s.real) ** 2 + s.fake**2, g=lambda s: (1 - s.fake) ** 2),
}


def terms(spec: recipe.Loss) -> tuple[list[tuple[float, Term]], list[tuple[float, Term]]]:
    """The weighted terms that the discriminator and the generator minimise."""
    loss = LOSSES[spec.name]
    return [(0.5 if spec.halved else 1.0, loss.d)], [(1.0, loss.g)]


def total(weighted: list[tuple[float, Term]], scores: Scores) -> Tensor:
    """The weighted sum of the terms' means over the batch, a scalar."""
    return torch.stack([weight * term(scores).mean() for weight, term in weighted]).sum()
