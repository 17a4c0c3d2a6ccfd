"""The facts of each loss, one row each; its terms, for every framework, stand in ``engines.losses``."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from condgan.recipe.training import Loss


LossName = Literal[
    "bce", "minimax", "least-squares", "hinge", "wasserstein", "logistic", "relativistic", "relativistic-average"
]


class Bounds(NamedTuple):
    """Two values of the discriminator's loss.

    Attributes:
        floor: of one that gives the best answer for each image: above 0 where targets are smoothed or flipped.
        chance: of one that gives the same answer for every image, the best one.
    """

    floor: float
    chance: float


@dataclass(frozen=True)
class Facts:
    """What is true of a loss in any framework.

    Attributes:
        targets: its discriminator has targets, which may be smoothed and flipped.
        relativistic: its scores mean something only beside scores of the other kind.
        boundary: the score between real and generated; none where a single score says nothing.
        bounds: of the discriminator's loss, before it is halved; none where it has no floor, so that the
            discriminator's slope has to be bounded by other means.
        unit: of a score, where the generator's loss is a mean score and may be 0: infinite where all scores may move
            together.
    """

    targets: bool
    relativistic: bool
    boundary: "Callable[[Loss], float] | None"
    bounds: "Callable[[Loss], Bounds] | None"
    unit: float = 0.0


def entropy(p: float) -> float:
    """Of a binary variable with this probability, in nats: the least expected cross-entropy against it."""
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def cross_entropies(loss: "Loss") -> Bounds:
    """Cross-entropy is linear in the target, so that a flipped target counts as its mean."""
    swapped = loss.flip * (loss.real_target - loss.fake_target)
    real, fake = loss.real_target - swapped, loss.fake_target + swapped
    return Bounds(entropy(real) + entropy(fake), 2 * entropy((real + fake) / 2))


def squares(loss: "Loss") -> Bounds:
    """The variance that flips give each of the two targets, and that of either target about the middle of both."""
    apart = (loss.real_target - loss.fake_target) ** 2
    return Bounds(2 * loss.flip * (1 - loss.flip) * apart, apart / 2)


def zero(_: "Loss") -> float:
    """Scores are logits, or margins: their sign decides."""
    return 0.0


def middle(loss: "Loss") -> float:
    """Scores are regressed on the targets: the nearer one decides."""
    return (loss.real_target + loss.fake_target) / 2


LOG2 = math.log(2)
LOSSES: dict[LossName, Facts] = {
    #                             targets relativistic boundary bounds                     unit
    "bce":                  Facts(True,   False,       zero,    cross_entropies),
    "minimax":              Facts(True,   False,       zero,    cross_entropies),
    "least-squares":        Facts(True,   False,       middle,  squares),
    "hinge":                Facts(False,  False,       zero,    lambda _: Bounds(0, 2), 1.0),  # its margin
    "wasserstein":          Facts(False,  False,       None,    None,                     math.inf),
    "logistic":             Facts(False,  False,       zero,    lambda _: Bounds(0, 2 * LOG2)),
    "relativistic":         Facts(False,  True,        None,    lambda _: Bounds(0, LOG2)),
    "relativistic-average": Facts(False,  True,        None,    lambda _: Bounds(0, 2 * LOG2)),
}  # fmt: skip


def facts(loss: "Loss") -> Facts:
    """The row of a recipe's loss."""
    return LOSSES[loss.name]


def boundary(loss: "Loss") -> float | None:
    """The score between real and generated images; none where a single score says nothing."""
    decide = facts(loss).boundary
    return None if decide is None else decide(loss)


def bounds(loss: "Loss") -> Bounds | None:
    """The bounds of the discriminator's loss as it is logged; none where it has no floor."""
    of = facts(loss).bounds
    if of is None:
        return None
    floor, chance = of(loss)
    return Bounds(floor / 2, chance / 2) if loss.halved else Bounds(floor, chance)


def names(which: Callable[[Facts], bool]) -> str:
    """The losses that satisfy a condition, for messages: ``bce, minimax or least-squares``."""
    *others, last = (str(name) for name, row in LOSSES.items() if which(row))
    return f"{', '.join(others)} or {last}"
