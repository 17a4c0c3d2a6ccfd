"""Overrides that may help a training, as functions of its recipe. The cures of alarms are composed of these."""

import math
from collections.abc import Callable, Sequence

from condgan.errors import CondganError
from condgan.recipe import Optimiser, Recipe
from condgan.recipe.losses import facts
from condgan.recipe.rules import penalised
from condgan.recipe.text import override

USUAL = {"adam": 2e-4, "adamw": 2e-4, "adamax": 4e-4, "radam": 2e-4, "rmsprop": 5e-5, "sgd": 0.1}
"""Learning rates of the published recipes by optimiser; adamax: twice that of adam, as in Kingma & Ba 2014; rmsprop:
Arjovsky et al. 2017, algorithm 1."""
FAR = 15.0
"""So many times the usual rate, or its inverse, is far from it: half or twice such a rate is as useless."""
WITH_BETAS = ("adam", "adamw", "adamax", "radam")
VARIETY: tuple[tuple[Callable[[Recipe], bool], tuple[str, ...]], ...] = (
    # Mescheder et al. 2018; it cured a collapse of small networks at 0.1, 1 and 10
    (lambda r: not penalised(r), ("penalty.r1=10",)),
    # Salimans et al. 2016, which cured it too; Karras et al. 2018, which goes with a gradient penalty
    (
        lambda r: r.discriminator.minibatch == "none",
        ("discriminator.minibatch=discrimination", "discriminator.minibatch=stddev"),
    ),
    # Huang et al. 2024, together with r1
    (lambda r: not facts(r.loss).relativistic, ("loss.name=relativistic",)),
)
"""Against repeated pictures: a test whether a recipe lacks the remedy, and overrides that add it, the best first."""
CONDITIONS = ("projection", "auxiliary", "embedding", "one-hot")
"""How labels enter the discriminator, by the label accuracy that each gives (docs/toolbox.md), the best first."""


def rate(section: str, value: float) -> str:
    """The override that sets a learning rate."""
    return f"optim.{section}.lr={value:.2g}"


def rates(recipe: Recipe, value: Callable[[Optimiser], float]) -> tuple[str, str]:
    """The overrides that set both learning rates."""
    return rate("g", value(recipe.optim.g)), rate("d", value(recipe.optim.d))


def far_above(optimiser: Optimiser) -> bool:
    """Whether a learning rate is far above the usual one of its optimiser."""
    return optimiser.lr >= FAR * USUAL[optimiser.name]


def slower(optimiser: Optimiser, times: float) -> float:
    """A learning rate so many times lower; the usual one instead of one far above it."""
    return USUAL[optimiser.name] if far_above(optimiser) else optimiser.lr / times


def faster(optimiser: Optimiser, times: float) -> float:
    """A learning rate so many times higher; the usual one instead of one far below it."""
    usual = USUAL[optimiser.name]
    return usual if optimiser.lr * FAR <= usual else optimiser.lr * times


def usual(recipe: Recipe) -> tuple[str, ...]:
    """The usual learning rate of each network's optimiser; longer training instead where both have it already."""
    both = rates(recipe, lambda optimiser: USUAL[optimiser.name])
    return both if override(recipe, both) != recipe else (f"train.epochs={2 * recipe.train.epochs}",)


def nearer(recipe: Recipe) -> tuple[str, ...]:
    """The usual rate for each network whose own is far above it."""
    return tuple(
        rate(section, USUAL[one.name])
        for section, one in (("g", recipe.optim.g), ("d", recipe.optim.d))
        if far_above(one)
    )


def finite(recipe: Recipe) -> tuple[str, ...]:
    """Learning rates at which losses stay finite: a quarter of each, at most the usual one."""
    return rates(recipe, lambda optimiser: min(optimiser.lr / 4, USUAL[optimiser.name]))


def calmer(recipe: Recipe) -> tuple[str, ...]:
    """Half of each learning rate, or the usual one; less momentum of Adam, and an average of the generator."""
    betas = [
        f"optim.{section}.betas=0.5,{optimiser.betas[1]:g}"
        for section, optimiser in (("g", recipe.optim.g), ("d", recipe.optim.d))
        if optimiser.name in WITH_BETAS and optimiser.betas[0] > 0.5
    ]
    average = () if recipe.train.ema is not None else ("train.ema=0.999",)
    return (*rates(recipe, lambda optimiser: slower(optimiser, 2)), *betas, *average)


def slower_faster(recipe: Recipe) -> str:
    """Half the learning rate of the network that learns faster: of the generator where both are equal."""
    g, d = recipe.optim.g, recipe.optim.d
    return rate("g", slower(g, 2)) if g.lr >= d.lr else rate("d", slower(d, 2))


def balanced(recipe: Recipe) -> tuple[str, ...]:
    """The same learning rate for both networks, between the two and at most the usual one."""
    g, d = recipe.optim.g, recipe.optim.d
    between = min(math.sqrt(g.lr * d.lr), USUAL[g.name])
    return rates(recipe, lambda _: between)


def batch_norm(recipe: Recipe) -> tuple[str, ...]:
    """Batch normalisation in the generator; nothing if it is so already."""
    return () if recipe.generator.norm == "batch" else ("generator.norm=batch",)


def one_critic_step(recipe: Recipe) -> tuple[str, ...]:
    """A single step of the discriminator for each of the generator; nothing if it is so already."""
    return ("train.critic_steps=1",) if recipe.train.critic_steps > 1 else ()


def more_dropout(recipe: Recipe) -> tuple[str, ...]:
    """More dropout in the discriminator; nothing if it is 0.6 or more already."""
    dropout = recipe.discriminator.dropout
    return () if dropout >= 0.6 else (f"discriminator.dropout={0.4 if dropout < 0.4 else 0.6:g}",)


def stronger_condition(recipe: Recipe) -> tuple[str, ...]:
    """The strongest way for labels to enter the discriminator that the recipe allows, if it is not in use already.

    One-hot vectors in both networks are replaced in both.
    """
    used = recipe.discriminator.condition
    stronger = CONDITIONS[: CONDITIONS.index(used)] if used in CONDITIONS else ()
    also = ("generator.condition=embedding",) if used == recipe.generator.condition == "one-hot" else ()
    choices = ((f"discriminator.condition={name}", *also) for name in stronger)
    return next((choice for choice in choices if valid(recipe, choice)), ())


def patience(recipe: Recipe) -> tuple[str, ...]:
    """Stop after the best evaluation."""
    every = ("evaluation.every=300000",) if recipe.evaluation.every is None else ()
    return (*every, "evaluation.patience=3")


def valid(recipe: Recipe, advice: Sequence[str]) -> bool:
    """Whether overrides make a valid recipe."""
    try:
        override(recipe, advice)
    except CondganError:
        return False
    return True


def with_variety(recipe: Recipe, advice: tuple[str, ...]) -> tuple[str, ...]:
    """Advice, and the first valid choice of each row of ``VARIETY`` that the recipe lacks."""
    for lacks, choices in VARIETY:
        if lacks(recipe):
            advice += next(((choice,) for choice in choices if valid(recipe, (*advice, choice))), ())
    return advice
