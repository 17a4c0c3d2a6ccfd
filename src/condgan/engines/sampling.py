"""Generators in eval mode: latents and conditions to samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan import recipe
from condgan.arrays import Conditions, Latents, Samples
from condgan.engines import fit
from condgan.engines.bodies.networks import Generator, outputs
from condgan.engines.bodies.operations import Operations
from condgan.recipe import Domain, Recipe

CHUNK = 512  # samples at a time: memory stays small however many are requested


class Sampler:
    """A generator in eval mode: batch statistics are the running ones, so that no sample depends on its neighbours."""

    def __init__(self, ops: Operations, network: Any, spec: recipe.Generator, domain: Domain) -> None:
        self.ops, self.network, self.spec, self.domain = ops, network, spec, domain
        self.show = outputs(ops)[spec.output].show

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8, or (N, D) float32."""
        given = latents, fit.conditions(labels, self.spec, self.domain)
        samples: Samples = self.ops.evaluated(
            self.network, lambda z, y: self.show(self.network(z, y)), given, CHUNK, True
        )
        return samples


def sampler(ops: Operations, recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
    """A trained generator from its weights, on the CPU."""
    with ops.unfilled():  # a file that claims huge networks must not make us allocate them
        network = Generator(ops, recipe.generator, recipe.latent.dim, domain, recipe.growing.images is not None)
    ops.fill(network, state)
    return Sampler(ops, network, recipe.generator, domain)
