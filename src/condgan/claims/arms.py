"""The trainings that answer the claims: one aligned table. Each has two lengths, and as many seeds as a budget gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from condgan.errors import CondganError
from condgan.recipe import Recipe, builtin

Budget = Literal["quick", "full"]
QUICK_SEEDS = 2
FEW = 6000  # images of the subset


@dataclass(frozen=True)
class Arm:
    """A recipe as a claim needs it.

    Attributes:
        name: of its folder.
        base: a built-in recipe.
        overrides: that make it the arm.
        epochs: at the full budget, of all images.
        seeds: at the full budget.
        few: whether it learns from 6,000 images, the same ones for all arms, and not from 60,000.
        quick: epochs of the 6,000 images at the quick budget; 0: it is left out there.
        moments: epochs at which it is measured at the full budget, besides the last.
    """

    name: str
    base: str
    overrides: tuple[str, ...] = ()
    epochs: int = 5
    seeds: int = 2
    few: bool = False
    quick: int = 0
    moments: tuple[int, ...] = ()

    def recipe(self, budget: Budget, few: str) -> Recipe:
        """The recipe at a budget; ``few`` is the path of the 6,000 images."""
        quick = budget == "quick"
        epochs = self.quick if quick else self.epochs
        kept = epochs if quick or not self.moments else least_step((*self.moments, epochs))
        source = (f"data.source={few}", "data.train_on=train") if quick or self.few else ()
        return builtin.get(
            self.base,
            [*self.overrides, f"train.epochs={epochs}", "evaluation.every=none", f"output.keep_every={kept}",
             "output.grid_every=100000000", *source],
        )  # fmt: skip

    def measured(self, budget: Budget) -> tuple[int, ...]:
        """The epochs at which it is measured, in order."""
        return (self.quick,) if budget == "quick" else tuple(sorted({*self.moments, self.epochs}))


def least_step(epochs: Iterable[int]) -> int:
    """The greatest distance of kept generators that keeps all these epochs."""
    from math import gcd

    return gcd(*epochs)


LS, NONE = "loss.name=least-squares", "discriminator.dropout=0"
TENS = tuple(range(10, 100, 10))
LONG = (100, 200, 300, 400, 500, 600, 700, 800, 900)
PA = "cgan-paper-adam"
SLOW = ("cgan-bce", (LS, NONE))  # the arm that fits the published log
CONVOLUTIONAL = (
    "generator.network=dcgan", "discriminator.network=dcgan", "generator.width=8", "discriminator.width=8",
)  # fmt: skip


def slow(name: str, *overrides: str, seeds: int = 1, moments: tuple[int, ...] = LONG) -> Arm:
    """1000 epochs of 6,000 images, from the arm that fits the published log."""
    return Arm(name, SLOW[0], (*SLOW[1], *overrides), epochs=1000, seeds=seeds, few=True, moments=moments)


TABLE: tuple[Arm, ...] = (
    # 100 epochs, discriminator first, and one arm of each loss with the generator first
    Arm("ls-plain",       "cgan-bce", (LS, NONE),                           100, 2, quick=10, moments=TENS),
    Arm("ce-plain",       "cgan-bce", (NONE,),                              100, 2, quick=10, moments=TENS),
    Arm("ls-dropout",     "cgan-bce", (LS,),                                100, 2, moments=TENS),
    Arm("ce-dropout",     "cgan-bce", (),                                   100, 2, moments=TENS),
    Arm("ls-g-first",     "cgan-bce", (LS, NONE, "train.order=g-first"),    100, 1, moments=TENS),
    Arm("ce-g-first",     "cgan-bce", (NONE, "train.order=g-first"),        100, 1, moments=TENS),
    # as long as 100 epochs, on 6,000 images
    slow("few-ls", seeds=2),
    Arm("few-ce",         "cgan-bce", (NONE,), 1000, 1, few=True, moments=LONG),
    Arm("few-ls-dropout", "cgan-bce", (LS,),   1000, 2, few=True, moments=LONG),  # also a cure
    Arm("few-ce-dropout", "cgan-bce", (),      1000, 1, few=True, moments=LONG),
    # the real thing
    Arm("long-ls",        "cgan-bce", (LS, NONE), 1000, 1, moments=tuple(range(50, 1000, 50))),
    # cures, one at a time
    slow("cure-d-rate", "optim.d.lr=5e-5"),
    slow("cure-small-d", "discriminator.hidden=128"),
    slow("cure-linear", "optim.schedule=linear"),
    slow("cure-cosine", "optim.schedule=cosine"),
    slow("cure-r1", "penalty.r1=1", "penalty.every=8"),
    slow("cure-ema", "train.ema=0.999"),
    slow("cure-smoothing", "loss.real_target=0.9"),
    slow("cure-noise", "augment.noise=0.1"),
    slow("cure-augment", "augment.policy=translation,cutout"),
    # the least-squares report, as its program ran, and its cure
    Arm("report",         "cgan-lsgan-jgan", (), 101, 1, quick=10, moments=(*TENS, 100)),
    Arm("report-d-256",   "cgan-lsgan-jgan", ("discriminator.hidden=256,256",), 100, 2),
    Arm("report-d-128",   "cgan-lsgan-jgan", ("discriminator.hidden=128",),    100, 2),
    Arm("report-d-1e-4",  "cgan-lsgan-jgan", ("optim.d.lr=1e-4",),              100, 2),
    Arm("report-d-5e-5",  "cgan-lsgan-jgan", ("optim.d.lr=5e-5",),              100, 2),
    # choices
    Arm("eps-0.8",        "cgan-lsgan", (),                            5, 3, quick=10),
    Arm("eps-1e-5",       "cgan-lsgan", ("generator.norm_eps=1e-5",),  5, 3, quick=10),
    Arm("uniform",        "cgan-lsgan", ("latent.distribution=uniform",), 5, 3),
    Arm("size-32",        "cgan-lsgan", ("data.size=32",),             5, 3),
    Arm("convolutions",   "mnist-fast", (),                            2, 3, quick=4),
    # the re-implementation
    Arm("pa",             PA, (),                                      5, 3, quick=5),
    Arm("pa-long",        PA, (),                                     50, 1, moments=(10, 20, 30, 40)),
    Arm("pa-embedding",   PA, ("generator.condition=embedding", "discriminator.condition=embedding", "generator.output=tanh"), 5, 3, quick=5),
    Arm("pa-last",        "cgan-bn-prelu-adamw", (),                   5, 3, quick=5),
    *(Arm(f"pa-{name}", PA, (override,), 5, 2) for name, override in (
        ("batch-16", "train.batch=16"), ("batch-128", "train.batch=128"), ("batch-256", "train.batch=256"),
        ("lr-1e-5", "optim.lr=1e-5"), ("lr-3e-4", "optim.lr=3e-4"), ("lr-1e-3", "optim.lr=1e-3"),
        ("decay-1e-4", "optim.weight_decay=1e-4"), ("decay-1e-2", "optim.weight_decay=1e-2"),
        ("critic-2", "train.critic_steps=2"), ("critic-5", "train.critic_steps=5"),
        ("norm-batch", "generator.norm=batch"), ("norm-layer", "generator.norm=layer"), ("norm-instance", "generator.norm=instance"), ("norm-group", "generator.norm=group"),
        ("loss-mse", "loss.name=least-squares"),
        ("act-relu", "generator.activation=relu"), ("act-prelu", "generator.activation=prelu"), ("act-elu", "generator.activation=elu"),
        ("act-silu", "generator.activation=silu"), ("act-gelu", "generator.activation=gelu"),
        ("opt-adamw", "optim.name=adamw"), ("opt-adamax", "optim.name=adamax"), ("opt-radam", "optim.name=radam"),
        ("noise-uniform", "latent.distribution=uniform"), ("noise-laplace", "latent.distribution=laplace"), ("noise-correlated", "latent.correlation=0.5"),
        ("z-10", "latent.dim=10"), ("z-400", "latent.dim=400"), ("shallow", "generator.hidden=512"),
        ("d-rate-half", "optim.d.lr=5e-5"),
    )),
    Arm("pa-epochs-20", PA, (), 20, 2),
    # the tutorial
    Arm("tutorial",       "gan-mlp", (),                               100, 1, moments=(10, 20, 50)),
    Arm("tutorial-short", "gan-mlp", (),                                15, 3, quick=10),
    Arm("tutorial-minibatch", "gan-mlp", ("discriminator.minibatch=discrimination",), 13, 3, quick=10),
    Arm("tutorial-saturating", "gan-mlp", ("loss.name=minimax",),       15, 3, quick=10),
    Arm("tutorial-spectral", "gan-mlp", ("discriminator.spectral=true",), 13, 3, quick=10),
    # its net with convolutions, whose first epochs are cheap where it grows: as long on one core
    Arm("convolutions-plain",   "gan-mlp", CONVOLUTIONAL, 5, 3),
    Arm("convolutions-growing", "gan-mlp", (*CONVOLUTIONAL, "growing.images=45000", "growing.fade=45000"), 6, 3),
    # the paper
    Arm("paper",          "cgan-paper", (),                            100, 1, moments=(50,)),
)  # fmt: skip
ARMS: dict[str, Arm] = {arm.name: arm for arm in TABLE}


def get(name: str) -> Arm:
    """The arm of this name.

    Raises:
        CondganError: there is none.
    """
    if name not in ARMS:
        raise CondganError(f"no training is named {name}")
    return ARMS[name]
