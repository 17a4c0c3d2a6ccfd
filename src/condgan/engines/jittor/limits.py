"""What the Jittor engine does not do, and why. Known without Jittor."""

from collections.abc import Callable

from condgan.recipe import Recipe

LIMITS: tuple[tuple[Callable[[Recipe], bool], str], ...] = (
    (
        lambda r: r.growing.images is not None,
        "growing.images: Jittor would compile each resolution, and each share of its fading in, anew",
    ),
    (
        lambda r: r.machine.device not in (None, "cpu"),
        "machine.device={r.machine.device}: it computes on the CPU; engine=torch uses a GPU",
    ),
)
"""What a recipe must not have, and how it is refused: the field, and the reason."""


def refusal(recipe: Recipe) -> str | None:
    """Why a recipe cannot be trained; none if it can."""
    return next((f"engine=jittor has no {reason.format(r=recipe)}" for lacks, reason in LIMITS if lacks(recipe)), None)
