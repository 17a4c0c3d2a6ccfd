"""A trained generator in torch."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.engines.sampling import Sampler
from condgan.engines.torch.networks import Generator
from condgan.engines.torch.operations import TORCH
from condgan.engines.torch.tensors import fitting, shapes
from condgan.recipe import Domain, Recipe


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """A generator from its weights, on the CPU."""
    with shapes():  # a file that claims huge networks must not make us allocate them
        network = Generator(recipe.generator, recipe.latent.dim, domain, recipe.growing.images is not None)
    network.load_state_dict(fitting(network.state_dict(), state), assign=True)
    return Sampler(TORCH, network, recipe.generator, domain)
