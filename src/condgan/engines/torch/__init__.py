"""The torch engine. Torch itself is imported when a network is built: it takes a second, and may be broken."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.data.rows import Rows
from condgan.engines import Engine, Sampler, Settings
from condgan.engines.torch.checkup import needs
from condgan.recipe import Domain, Recipe

WARMING: tuple[str, ...] = ()  # nothing is compiled


def build(recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> Engine:
    """An engine at step 0.

    Raises:
        MemoryError: the device cannot hold the networks, their optimisers and the data.
    """
    from condgan.engines.torch import engine

    return engine.build(recipe, domain, rows, picked)


def refusal(recipe: Recipe) -> str | None:
    """Nothing is refused."""
    return None


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """A generator from its weights, on the CPU.

    Raises:
        CondganError: the weights do not fit the recipe.
    """
    from condgan.engines.torch import sampling

    return sampling.sampler(recipe, domain, state)


__all__ = ["WARMING", "build", "needs", "refusal", "sampler"]
