"""The Jittor engine. Jittor itself is imported when a network is built: a second, or minutes the first time."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.data.rows import Rows
from condgan.engines import Sampler, Settings
from condgan.engines.engine import Engine
from condgan.engines.jittor import setting_up
from condgan.engines.jittor.checkup import needs
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe

__all__ = ["WARMING", "build", "needs", "refusal", "sampler"]
WARMING = ("-m", "condgan.engines.jittor.warm")


def build(recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> Engine:
    """See ``Framework``."""
    setting_up.ready()
    from condgan.engines.jittor.engine import JittorEngine

    return JittorEngine(recipe, domain, rows, picked)


def refusal(recipe: Recipe) -> str | None:
    """Networks that grow, and devices other than the CPU."""
    if recipe.growing.images is not None:
        reason = "growing.images: Jittor would compile each resolution, and each share of its fading in, anew"
    elif (device := recipe.machine.device) not in (None, "cpu"):
        reason = f"machine.device={device}: it computes on the CPU; engine=torch uses a GPU"
    else:
        return None
    return f"engine=jittor has no {reason}"


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """See ``Framework``."""
    if recipe.growing.images is not None:
        raise CondganError("engine=jittor has no networks that have grown: `engine=torch` draws their images")
    setting_up.ready()
    from condgan.engines import sampling
    from condgan.engines.jittor.operations import JITTOR

    return sampling.sampler(JITTOR, recipe, domain, state)
