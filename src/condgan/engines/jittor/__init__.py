"""The Jittor engine. Jittor itself is imported when a network is built: a second, or minutes the first time."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.data.rows import Rows
from condgan.engines import Engine, Sampler, Settings
from condgan.engines.jittor import setting_up
from condgan.engines.jittor.checkup import needs
from condgan.engines.jittor.limits import refusal
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe

WARMING = ("-m", "condgan.engines.jittor.warm")


def build(recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> Engine:
    """An engine at step 0.

    Raises:
        CondganError: Jittor is not installed, or cannot be compiled here.
    """
    setting_up.ready()
    from condgan.engines.jittor.engine import JittorEngine

    return JittorEngine(recipe, domain, rows, picked)


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """A generator from its weights.

    Raises:
        CondganError: the weights do not fit the recipe, or the networks have grown; Jittor is not installed, or cannot
            be compiled here.
    """
    if recipe.growing.images is not None:
        raise CondganError("engine=jittor has no networks that have grown: `engine=torch` draws their images")
    setting_up.ready()
    from condgan.engines.jittor import sampling

    return sampling.sampler(recipe, domain, state)


__all__ = ["WARMING", "build", "needs", "refusal", "sampler"]
