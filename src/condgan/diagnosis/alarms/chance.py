"""The discriminator's loss between two extremes: where it knows every image, and where it cannot tell any."""

import math
from collections.abc import Callable
from typing import NamedTuple

from condgan.recipe import Loss


class Bounds(NamedTuple):
    """Two values of the discriminator's loss."""

    floor: float
    """Of one that gives the best answer for each image: above 0 where targets are smoothed or flipped."""
    chance: float
    """Of one that gives the same answer for every image, the best one."""


def _entropy(p: float) -> float:
    """Of a coin that shows heads with this probability, in nats: the least expected cross-entropy against it."""
    return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)


def _cross_entropies(loss: Loss) -> Bounds:
    """Cross-entropy is linear in the target, so that a flipped target counts as its mean."""
    swapped = loss.flip * (loss.real_target - loss.fake_target)
    real, fake = loss.real_target - swapped, loss.fake_target + swapped
    return Bounds(_entropy(real) + _entropy(fake), 2 * _entropy((real + fake) / 2))


def _squares(loss: Loss) -> Bounds:
    """The variance that flips give each of the two targets, and that of either target about the middle of both."""
    apart = (loss.real_target - loss.fake_target) ** 2
    return Bounds(2 * loss.flip * (1 - loss.flip) * apart, apart / 2)


BOUNDS: dict[str, Callable[[Loss], Bounds] | None] = {
    "bce": _cross_entropies,
    "minimax": _cross_entropies,
    "least-squares": _squares,
    "hinge": lambda _: Bounds(0, 2),
    "wasserstein": None,
    "logistic": lambda _: Bounds(0, 2 * math.log(2)),
    "relativistic": lambda _: Bounds(0, math.log(2)),
    "relativistic-average": lambda _: Bounds(0, 2 * math.log(2)),
}
"""By the name of a loss, before it is halved. A critic's loss has no floor, and 0 for chance says little of it."""


def bounds(loss: Loss) -> Bounds | None:
    """The bounds of the discriminator's loss as it is logged; none if it has none."""
    found = BOUNDS[loss.name]
    if found is None:
        return None
    floor, chance = found(loss)
    return Bounds(floor / 2, chance / 2) if loss.halved else Bounds(floor, chance)
