"""The sections of what is minimised, and how."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from condgan.recipe.fields import (
    Count,
    Epochs,
    MaybeCount,
    MaybePositive,
    Optional,
    Pair,
    Positive,
    Precision,
    Section,
    Share,
    Split,
    Weight,
)
from condgan.recipe.losses import LossName


class Loss(Section):
    """What the discriminator and the generator minimise."""

    name: LossName = "bce"
    """bce: cross-entropy, non-saturating for the generator; minimax: the same, saturating; logistic: bce of margins,
    without targets."""
    halved: bool = False
    """The discriminator's loss is the mean of its real and fake parts, not their sum; its class loss stays as it is."""
    real_target: float = Field(1.0, ge=0, le=1)
    """bce, minimax, least-squares: what the discriminator is to say of real images; 0.9: one-sided smoothing."""
    fake_target: float = Field(0.0, ge=0, le=1)
    """bce, minimax, least-squares: and of generated ones; 0.1 as well: two-sided smoothing."""
    flip: Share = 0.0
    """bce, minimax, least-squares: the share of images whose target is that of the other kind."""
    d_class: Weight = 1.0
    """discriminator.condition=auxiliary: weight of the discriminator's class loss, on real and generated images."""
    g_class: Weight = 1.0
    """discriminator.condition=auxiliary: weight of the class loss for the generator."""


class Penalty(Section):
    """Terms of the discriminator's loss over its gradient with respect to images; each has a weight, 0 is off."""

    wgan_gp: Weight = 0.0
    """(norm - 1)^2 between real and generated images; usually 10 (Gulrajani et al. 2017)."""
    zero_centred: Weight = 0.0
    """norm^2 between real and generated images (Thanh-Tung et al. 2019)."""
    dragan: Weight = 0.0
    """(norm - 1)^2 around real images; usually 10 (Kodali et al. 2017)."""
    r1: Weight = 0.0
    """norm^2 / 2 at real images (Mescheder et al. 2018)."""
    r2: Weight = 0.0
    """norm^2 / 2 at generated images."""
    every: Count = 1
    """Steps between two applications, each weighted by this many (lazy regularisation, Karras et al. 2020b)."""


class Augment(Section):
    """What is done to real and generated images before the discriminator sees them; gradients pass through it."""

    policy: Annotated[tuple[Literal["brightness", "translation", "cutout"], ...], Split] = ()
    """Each image is changed anew each time (DiffAugment, Zhao et al. 2020); none: not at all."""
    probability: float = Field(1.0, ge=0, le=1)
    """Of each change, for each image; of an adaptive augmentation, at the start."""
    target: Annotated[Annotated[float, Field(gt=0, lt=1)] | None, Optional] = None
    """Adaptive (Karras et al. 2020a): the probability moves to hold the mean sign of the logits of real images here,
    usually 0.6; none: it stays."""
    adapt_images: Count = 500_000
    """Images in which an adaptive probability can go from 0 to 1."""
    noise: Weight = 0.0
    """Instance noise: standard deviation, in the images' own range (Sonderby et al. 2017)."""
    noise_epochs: MaybeCount = None
    """Epochs over which the noise falls to 0; none: it stays."""


class Growing(Section):
    """Progressive growing (Karras et al. 2018): convolutional networks begin at their smallest resolution."""

    images: MaybeCount = None
    """Images that each resolution sees before the next fades in; none: no growing."""
    fade: Count = 100_000
    """Images of a fade."""


class Watermark(Section):
    """The invisible mark of a key, which the generator learns to put into every image (docs/mark.md)."""

    key: Annotated[str | None, Optional] = None
    """The path of a key file, as `condgan key new` writes it; none: no mark."""
    fingerprint: Annotated[str | None, Optional] = None
    """Of the key; noted when a training begins, so that it does not go on with another one."""
    weight: Positive = 1.0
    """Of what the mark lacks in the generator's loss: 1 at most, before it is weighted."""


class Optimiser(Section):
    """One network's optimiser, with schedules that are pure functions of progress."""

    name: Literal["adam", "adamw", "adamax", "radam", "rmsprop", "sgd"] = "adam"
    """adamax: by the largest gradient, not the mean square (Kingma & Ba 2014, section 7.1); radam: adam whose first
    steps are small where the mean square is still unsure (Liu et al. 2019)."""
    lr: float = Field(2e-4, gt=0)
    betas: Pair = (0.9, 0.999)
    """adam, adamw, adamax, radam."""
    alpha: Share = 0.99
    """rmsprop: how much of the mean square is kept."""
    weight_decay: float = Field(0.0, ge=0)
    """adamw: apart from the gradient (Loshchilov & Hutter 2019); the others: a part of it."""
    schedule: Literal["constant", "linear", "cosine", "exponential"] = "constant"
    """linear, cosine: to 0 at the last step; exponential: divided by ``decay`` each step, down to ``lr_floor``."""
    schedule_from: Share = 0.0
    """linear, cosine: the share of the training that keeps the first rate."""
    decay: float = Field(1.00004, ge=1)
    lr_floor: float = Field(1e-6, ge=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    """rmsprop, sgd: at the start."""
    momentum_end: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, Optional] = None
    """rmsprop, sgd: reached linearly over ``momentum_epochs``; none: as at the start."""
    momentum_epochs: Count = 1
    clip_gradient: MaybePositive = None
    """Largest norm of the whole gradient, which is scaled down to it; none: any."""
    clip_weights: MaybePositive = None
    """Weights are cut to +- this after each step (Arjovsky et al. 2017: 0.01, for the discriminator); none: not."""

    @model_validator(mode="after")
    def _betas_in_range(self) -> Self:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must lie in [0, 1), given {self.betas[0]:g},{self.betas[1]:g}")
        return self


class Optim(Section):
    """The optimisers of generator and discriminator; ``optim.lr=...`` sets both."""

    g: Optimiser = Optimiser()
    d: Optimiser = Optimiser()


class Train(Section):
    """The loop."""

    batch: int = Field(64, ge=2, le=1 << 20)
    precision: Precision = "float32"
    """Of matrix products and convolutions while training; weights, losses and samples are float32 in any case. bf16:
    unless float32 is faster on this machine, which is measured when a run begins and recorded with it."""
    epochs: Epochs = 100
    order: Literal["g-first", "d-first"] = "d-first"
    """Which network steps first on a batch."""
    fakes: Literal["shared", "fresh"] = "shared"
    """shared: both networks step on the same generated batch; fresh: each step generates its own."""
    judge: Literal["twice", "once"] = "twice"
    """once: the discriminator judges a shared batch of generated images once for both steps, so that both meet the same
    dropout; faster. Where it would say the same a second time, it is asked once in any case."""
    fake_labels: Literal["uniform", "real"] = "uniform"
    """Labels of the generated images: uniform over classes (vector conditions: over those of the data), or those of
    the real batch."""
    critic_steps: int = Field(1, ge=1, le=100)
    """Discriminator steps for each generator step (n_critic), all on the same real batch."""
    generator_batch: Literal["real", "full"] = "real"
    """Images in a generator step: as many as the real batch has, or always ``batch`` (for fresh fakes)."""
    ema: Annotated[Share | None, Optional] = None
    """Decay per step of the averaged generator that is sampled from; none: the generator as it is."""
    ema_warmup: bool = False
    """The decay of step t is at most (1 + t) / (10 + t), so that the average soon forgets the first weights."""
