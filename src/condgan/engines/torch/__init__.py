"""The torch engine. Torch itself is imported when a network is built: it takes a second, and may be broken."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.data.rows import Rows
from condgan.engines import Sampler, Settings
from condgan.engines.engine import Engine
from condgan.engines.torch.checkup import needs
from condgan.recipe import Domain, Recipe

__all__ = ["WARMING", "build", "needs", "refusal", "sampler"]
WARMING: tuple[str, ...] = ()


def build(recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> Engine:
    """See ``Framework``."""
    from condgan.engines.torch import engine

    return engine.build(recipe, domain, rows, picked)


def refusal(recipe: Recipe) -> str | None:
    """Nothing is refused."""


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """See ``Framework``."""
    from condgan.engines import sampling
    from condgan.engines.torch.operations import TORCH

    return sampling.sampler(TORCH, recipe, domain, state)
