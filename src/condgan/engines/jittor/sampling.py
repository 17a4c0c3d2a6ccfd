"""A trained generator in Jittor."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.engines.bodies.networks import Generator
from condgan.engines.jittor import tensors
from condgan.engines.jittor.linear import unfilled
from condgan.engines.jittor.operations import JITTOR
from condgan.engines.sampling import Sampler
from condgan.recipe import Domain, Recipe


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """A generator from its weights."""
    with unfilled():  # a file that claims huge networks must not make us allocate them
        network = Generator(JITTOR, recipe.generator, recipe.latent.dim, domain)
    tensors.copy_into(tensors.state(network), state)
    return Sampler(JITTOR, network, recipe.generator, domain)
