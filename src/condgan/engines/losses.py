"""What the networks minimise, whatever the framework: per-sample terms over the discriminator's scores, in tables."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from condgan import recipe
from condgan.engines.bodies.operations import Array, Operations
from condgan.recipe import Recipe


class Judgement(NamedTuple):
    """The discriminator's output for N images."""

    logits: Array
    """(N,)"""
    classes: Array = None
    """Logits of an auxiliary classifier, (N, K), where there is one."""


Judge = Callable[[Array, Array], Judgement]


class Scores:
    """The discriminator's output for a real and a generated batch, computed when a term first needs it.

    Attributes:
        ops: of the framework.
        judge: images (N, ...) and conditions (N, ...) to a judgement.
        images, labels: the real batch, in the generator's range, and its conditions.
        fake_images, fake_labels: the generated batch, alike.
    """

    def __init__(self, ops: Operations, judge: Judge, real: tuple[Array, Array], fake: tuple[Array, Array]) -> None:
        self.ops, self.judge = ops, judge
        self.softplus, self.relu, self.uniform = ops.softplus, ops.relu, ops.uniform
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
    def real(self) -> Array:
        """Logits of the real images, (N,)."""
        return self.real_judgement.logits

    @property
    def fake(self) -> Array:
        """Logits of the generated images, (N,)."""
        return self.fake_judgement.logits

    def judge_together(self) -> None:
        """Compute both in one pass: the same where samples are independent, and faster."""
        stacked, count = self.ops.stacked, len(self.images)
        both = self.judge(stacked(self.images, self.fake_images), stacked(self.labels, self.fake_labels))
        self.real_judgement = Judgement(*(None if part is None else part[:count] for part in both))
        self.fake_judgement = Judgement(*(None if part is None else part[count:] for part in both))

    def slope(self, images: Array, labels: Array) -> Array:
        """Gradient of each image's logit at the image, (N, ...), from which gradients can be taken again."""
        return self.ops.slope(lambda images: self.judge(images, labels).logits.sum(), images)


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
    of: Callable[[Scores], Array]
    every: int = 1
    by_logits: bool = False


@dataclass(frozen=True)
class Loss:
    """A pair of per-sample losses, (N,); the discriminator's may have targets (see ``recipe.Loss``)."""

    d: Callable[[Scores, recipe.Loss], Array]
    g: Callable[[Scores], Array]


def square(x: Array) -> Array:
    """Any shape."""
    return x * x


def targets(scores: Scores, loss: recipe.Loss) -> tuple[Array, Array]:
    """The discriminator's targets for each real and each generated image (Salimans et al. 2016, 3.4)."""
    real, fake = loss.real_target, loss.fake_target
    if not loss.flip:
        return real, fake
    flips = [(scores.uniform(of, (len(of),)) < loss.flip).float() for of in (scores.real, scores.fake)]
    return flips[0] * fake + (1 - flips[0]) * real, flips[1] * real + (1 - flips[1]) * fake


def cross_entropies(scores: Scores, loss: recipe.Loss) -> Array:
    """Of the discriminator's two answers with their targets (Goodfellow et al. 2014, equation 1, on logits)."""
    real, fake = targets(scores, loss)
    # -t log s(x) - (1 - t) log(1 - s(x)), in the form that is exact for t = 1 and t = 0
    of_real = scores.softplus(-scores.real) + (1 - real) * scores.real
    return of_real + scores.softplus(scores.fake) - fake * scores.fake


def squares(scores: Scores, loss: recipe.Loss) -> Array:
    """Mao et al. 2017, equation 2 with c = 1, without its factors 1/2."""
    real, fake = targets(scores, loss)
    return square(real - scores.real) + square(fake - scores.fake)


LOSSES = {
    "bce": Loss(d=cross_entropies, g=lambda s: s.softplus(-s.fake)),
    # Goodfellow et al. 2014, equation 1 as it stands: the generator's gradient fades where it fails
    "minimax": Loss(d=cross_entropies, g=lambda s: -s.softplus(s.fake)),
    "least-squares": Loss(d=squares, g=lambda s: square(1 - s.fake)),
    # Lim & Ye 2017; Miyato et al. 2018, equations 16 and 17
    "hinge": Loss(d=lambda s, _: s.relu(1 - s.real) + s.relu(1 + s.fake), g=lambda s: -s.fake),
    # Arjovsky et al. 2017, equations 2 and 3
    "wasserstein": Loss(d=lambda s, _: s.fake - s.real, g=lambda s: -s.fake),
    # Mescheder et al. 2018, equation 1, and its non-saturating generator: bce with targets 1 and 0
    "logistic": Loss(d=lambda s, _: s.softplus(-s.real) + s.softplus(s.fake), g=lambda s: s.softplus(-s.fake)),
    # Jolicoeur-Martineau 2018 (RSGAN); Huang et al. 2024 (R3GAN)
    "relativistic": Loss(d=lambda s, _: s.softplus(s.fake - s.real), g=lambda s: s.softplus(s.real - s.fake)),
    # Jolicoeur-Martineau 2018 (RaSGAN): each against the mean of the other kind
    "relativistic-average": Loss(
        d=lambda s, _: s.softplus(s.fake.mean() - s.real) + s.softplus(s.fake - s.real.mean()),
        g=lambda s: s.softplus(s.real - s.fake.mean()) + s.softplus(s.real.mean() - s.fake),
    ),
}


def class_terms(loss: recipe.Loss) -> tuple[list[Term], list[Term]]:
    """The class losses of the discriminator, on both kinds of images, and of the generator (Odena et al. 2017)."""

    real = Term("d_class", loss.d_class, lambda s: s.ops.cross_entropy(s.real_judgement.classes, s.labels))
    fake = Term("d_class", loss.d_class, lambda s: s.ops.cross_entropy(s.fake_judgement.classes, s.fake_labels))
    return [real, fake], [replace(fake, figure="g_class", weight=loss.g_class)]


BY_CONDITION = {"auxiliary": class_terms}
"""The terms that a way of conditioning the discriminator brings with it."""


def steepness(scores: Scores, images: Array, labels: Array) -> Array:
    """Squared norm of the logit's gradient with respect to each image, (N,)."""
    slope = scores.slope(images, labels)
    return square(slope.reshape(len(slope), -1)).sum(1)


def unsteady(squared: Array) -> Array:
    """(norm - 1)^2 of squared norms, (N,); a root whose own gradient is finite where the norm is 0."""
    return square((squared + 1e-12).sqrt() - 1)


def between(scores: Scores) -> Array:
    """A random point between each real image and a generated one (Gulrajani et al. 2017, algorithm 1)."""
    return scores.images + share(scores) * (scores.fake_images - scores.images)


def around(scores: Scores) -> Array:
    """A random point near each real image: up to half the data's standard deviation away (Kodali et al. 2017)."""
    images = scores.images
    deviation = (square(images - images.mean()).sum() / (images.numel() - 1)).sqrt()
    return images + share(scores) * 0.5 * deviation * scores.uniform(images, tuple(images.shape))


def share(scores: Scores) -> Array:
    """A uniform number for each real image, to be broadcast over it."""
    return scores.uniform(scores.images, (len(scores.images), *[1] * (scores.images.ndim - 1)))


PENALTIES: dict[str, Callable[[Scores], Array]] = {
    "wgan_gp": lambda s: unsteady(steepness(s, between(s), s.labels)),  # Gulrajani et al. 2017, equation 3
    "zero_centred": lambda s: steepness(s, between(s), s.labels),  # Thanh-Tung et al. 2019, 0-GP
    "dragan": lambda s: unsteady(steepness(s, around(s), s.labels)),  # Kodali et al. 2017
    "r1": lambda s: steepness(s, s.images, s.labels) / 2,  # Mescheder et al. 2018, equation 9
    "r2": lambda s: steepness(s, s.fake_images, s.fake_labels) / 2,  # and equation 10
}


def terms(recipe: Recipe) -> tuple[list[Term], list[Term]]:
    """What the discriminator and the generator of a recipe minimise."""
    spec, loss = recipe.loss, LOSSES[recipe.loss.name]
    d_terms = [Term("d_loss", 0.5 if spec.halved else 1.0, lambda s: loss.d(s, spec), by_logits=True)]
    g_terms = [Term("g_loss", 1.0, loss.g, by_logits=True)]
    if recipe.discriminator.condition in BY_CONDITION:
        of_discriminator, of_generator = BY_CONDITION[recipe.discriminator.condition](spec)
        d_terms, g_terms = d_terms + of_discriminator, g_terms + of_generator
    weights = {name: getattr(recipe.penalty, name) for name in PENALTIES}
    d_terms += [
        Term("penalty", weights[name], PENALTIES[name], recipe.penalty.every) for name in weights if weights[name]
    ]
    return d_terms, g_terms


def accuracy(scores: Scores, boundary: float) -> Array:
    """The share of real and generated images whose score lies on their side of the boundary, a scalar."""
    right = (scores.real > boundary).float().sum() + (scores.fake < boundary).float().sum()
    return right / (len(scores.real) + len(scores.fake))


def parts(terms: list[Term], scores: Scores, step: int) -> dict[str, Array]:
    """What is minimised at a step, by figure, scalars: the weighted means of its terms; their sum is the loss."""
    by_figure: dict[str, Array] = {}
    for term in terms:
        if step % term.every == 0:
            value = term.weight * term.every * term.of(scores).mean()
            by_figure[term.figure] = by_figure[term.figure] + value if term.figure in by_figure else value
    return by_figure
