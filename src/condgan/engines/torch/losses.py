"""What the networks minimise: per-sample terms over the discriminator's scores, in tables."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, relu, softplus

from condgan import recipe
from condgan.recipe import Recipe


class Judgement(NamedTuple):
    """What the discriminator says of N images."""

    logits: Tensor
    """(N,)"""
    classes: Tensor | None = None
    """Logits of an auxiliary classifier, (N, K), where there is one."""


Judge = Callable[[Tensor, Tensor], Judgement]


class Scores:
    """What the discriminator says of a real and a generated batch, computed when a term first asks.

    Attributes:
        judge: images (N, ...) and conditions (N, ...) to a judgement.
        images, labels: the real batch, in the generator's range, and its conditions.
        fake_images, fake_labels: the generated batch, alike.
    """

    def __init__(self, judge: Judge, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> None:
        self.judge = judge
        self.images, self.labels = real
        self.fake_images, self.fake_labels = fake

    @cached_property
    def real_judgement(self) -> Judgement:
        """Of the real images."""
        return self.judge(self.images, self.labels)

    @cached_property
    def fake_judgement(self) -> Judgement:
        """Of the generated images."""
        return self.judge(self.fake_images, self.fake_labels)

    @property
    def real(self) -> Tensor:
        """Logits of the real images, (N,)."""
        return self.real_judgement.logits

    @property
    def fake(self) -> Tensor:
        """Logits of the generated images, (N,)."""
        return self.fake_judgement.logits

    def judge_together(self) -> None:
        """Compute both in one pass: the same where samples are independent, and faster."""
        both = self.judge(torch.cat([self.images, self.fake_images]), torch.cat([self.labels, self.fake_labels]))
        sizes = [len(self.images), len(self.fake_images)]
        parts = [(None, None) if part is None else part.split(sizes) for part in both]
        self.real_judgement, self.fake_judgement = map(Judgement, *parts)


@dataclass(frozen=True)
class Term:
    """Something to minimise, each so many steps.

    Attributes:
        figure: under which it is logged; terms of one figure add up.
        weight: of its mean over the batch.
        of: Scores -> (N,).
        every: steps between two applications, each weighted by this many.
        by_logits: it sees images by their logits alone.
    """

    figure: str
    weight: float
    of: Callable[[Scores], Tensor]
    every: int = 1
    by_logits: bool = False


@dataclass(frozen=True)
class Loss:
    """A pair of per-sample losses, (N,); the discriminator's may have targets (see ``recipe.Loss``)."""

    d: Callable[[Scores, recipe.Loss], Tensor]
    g: Callable[[Scores], Tensor]


def targets(scores: Scores, loss: recipe.Loss) -> tuple[Tensor, Tensor]:
    """What the discriminator is to say of each real and each generated image, (N,) each (Salimans et al. 2016, 3.4)."""
    real = torch.full_like(scores.real, loss.real_target)
    fake = torch.full_like(scores.fake, loss.fake_target)
    if not loss.flip:
        return real, fake
    flipped = [torch.rand_like(target) < loss.flip for target in (real, fake)]
    return torch.where(flipped[0], loss.fake_target, real), torch.where(flipped[1], loss.real_target, fake)


def cross_entropies(scores: Scores, loss: recipe.Loss) -> Tensor:
    """Of the discriminator's two answers with their targets (Goodfellow et al. 2014, equation 1, on logits)."""
    real, fake = targets(scores, loss)
    # -t log s(x) - (1 - t) log(1 - s(x)), in the form that is exact for t = 1 and t = 0
    return softplus(-scores.real) + (1 - real) * scores.real + softplus(scores.fake) - fake * scores.fake


def squares(scores: Scores, loss: recipe.Loss) -> Tensor:
    """Mao et al. 2017, equation 2 with c = 1, without its factors 1/2."""
    real, fake = targets(scores, loss)
    return (real - scores.real) ** 2 + (fake - scores.fake) ** 2


LOSSES = {
    "bce": Loss(d=cross_entropies, g=lambda s: softplus(-s.fake)),
    # Goodfellow et al. 2014, equation 1 as it stands: the generator's gradient fades where it fails
    "minimax": Loss(d=cross_entropies, g=lambda s: -softplus(s.fake)),
    "least-squares": Loss(d=squares, g=lambda s: (1 - s.fake) ** 2),
    # Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17
    "hinge": Loss(d=lambda s, _: relu(1 - s.real) + relu(1 + s.fake), g=lambda s: -s.fake),
    # Arjovsky et al. 2017, equations 2 and 3
    "wasserstein": Loss(d=lambda s, _: s.fake - s.real, g=lambda s: -s.fake),
    # Mescheder et al. 2018, equation 1, and its non-saturating generator: bce with targets 1 and 0
    "logistic": Loss(d=lambda s, _: softplus(-s.real) + softplus(s.fake), g=lambda s: softplus(-s.fake)),
    # Jolicoeur-Martineau 2018 (RSGAN); Huang et al. 2024 (R3GAN)
    "relativistic": Loss(d=lambda s, _: softplus(s.fake - s.real), g=lambda s: softplus(s.real - s.fake)),
    # Jolicoeur-Martineau 2018 (RaSGAN): each against the mean of the other kind
    "relativistic-average": Loss(
        d=lambda s, _: softplus(s.fake.mean() - s.real) + softplus(s.fake - s.real.mean()),
        g=lambda s: softplus(s.real - s.fake.mean()) + softplus(s.real.mean() - s.fake),
    ),
}


def misread(judgement: Judgement, labels: Tensor) -> Tensor:
    """Cross-entropy of the auxiliary classifier, (N,) (Odena et al. 2017, equation 3)."""
    assert judgement.classes is not None
    return cross_entropy(judgement.classes, labels, reduction="none")


def class_terms(loss: recipe.Loss) -> tuple[list[Term], list[Term]]:
    """The class losses of the discriminator, on both kinds of images, and of the generator."""
    return [
        Term("d_class", loss.d_class, lambda s: misread(s.real_judgement, s.labels)),
        Term("d_class", loss.d_class, lambda s: misread(s.fake_judgement, s.fake_labels)),
    ], [Term("g_class", loss.g_class, lambda s: misread(s.fake_judgement, s.fake_labels))]


BY_CONDITION = {"auxiliary": class_terms}
"""The terms that a way of conditioning the discriminator brings with it."""


def slope_squared(scores: Scores, images: Tensor, labels: Tensor) -> Tensor:
    """Squared norm of the logit's gradient with respect to each image, (N,)."""
    images = images.detach().requires_grad_()
    logits = scores.judge(images, labels).logits
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.flatten(1).square().sum(1)


def unsteady(squared: Tensor) -> Tensor:
    """(norm - 1)^2 of squared norms, (N,); a root whose own gradient is finite where the norm is 0."""
    return ((squared + 1e-12).sqrt() - 1) ** 2


def between(scores: Scores) -> Tensor:
    """A random point between each real image and a generated one (Gulrajani et al. 2017, algorithm 1)."""
    return torch.lerp(scores.images, scores.fake_images, _share(scores.images))


def around(scores: Scores) -> Tensor:
    """A random point near each real image: up to half the data's standard deviation away (Kodali et al. 2017)."""
    images = scores.images
    return images + _share(images) * 0.5 * images.std() * torch.rand_like(images)


def _share(images: Tensor) -> Tensor:
    """A uniform number for each image, to be broadcast over it."""
    return torch.rand((len(images), *[1] * (images.dim() - 1)), dtype=images.dtype, device=images.device)


PENALTIES: dict[str, Callable[[Scores], Tensor]] = {
    "wgan_gp": lambda s: unsteady(slope_squared(s, between(s), s.labels)),  # Gulrajani et al. 2017, equation 3
    "zero_centred": lambda s: slope_squared(s, between(s), s.labels),  # Thanh-Tung et al. 2019, 0-GP
    "dragan": lambda s: unsteady(slope_squared(s, around(s), s.labels)),  # Kodali et al. 2017
    "r1": lambda s: slope_squared(s, s.images, s.labels) / 2,  # Mescheder et al. 2018, equation 9
    "r2": lambda s: slope_squared(s, s.fake_images, s.fake_labels) / 2,  # and equation 10
}


def terms(recipe: Recipe) -> tuple[list[Term], list[Term]]:
    """What the discriminator and the generator of a recipe minimise."""
    spec, loss = recipe.loss, LOSSES[recipe.loss.name]
    d_terms = [Term("d_loss", 0.5 if spec.halved else 1.0, lambda s: loss.d(s, spec), by_logits=True)]
    g_terms = [Term("g_loss", 1.0, loss.g, by_logits=True)]
    if recipe.discriminator.condition in BY_CONDITION:
        for kept, more in zip((d_terms, g_terms), BY_CONDITION[recipe.discriminator.condition](spec), strict=True):
            kept += more
    for name, of in PENALTIES.items():
        weight = getattr(recipe.penalty, name)
        if weight:
            d_terms.append(Term("penalty", weight, of, recipe.penalty.every))
    return d_terms, g_terms


def parts(terms: list[Term], scores: Scores, step: int) -> dict[str, Tensor]:
    """What is minimised at a step, by figure, scalars: the weighted means of its terms; their sum is the loss."""
    found: dict[str, Tensor] = {}
    for term in terms:
        if step % term.every == 0:
            value = term.weight * term.every * term.of(scores).mean()
            found[term.figure] = found[term.figure] + value if term.figure in found else value
    return found
