"""A trained generator in Jittor: latents and labels to pictures."""

from collections.abc import Mapping

import jittor as jt
import numpy as np
import numpy.typing as npt

from condgan.engines import Conditions, Latents, Samples
from condgan.engines.bodies.networks import Generator, outputs
from condgan.engines.jittor import tensors
from condgan.engines.jittor.game import set_training
from condgan.engines.jittor.linear import unfilled
from condgan.engines.jittor.operations import JITTOR
from condgan.recipe import Domain, Recipe

CHUNK = 512  # pictures at a time: memory stays small however many are asked for


class JittorSampler:
    """A generator in eval mode: batch statistics are the running ones, so that no picture depends on its neighbours."""

    def __init__(self, network: Generator, output: str, domain: Domain) -> None:
        self.network, self.output, self.domain = network, outputs(JITTOR)[output], domain

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8, or (N, D) float32."""
        labels, training = tensors.known(labels, self.domain), self.network.training
        set_training(self.network, False)
        try:
            with jt.no_grad():
                parts = [
                    self.chunk(latents[i : i + CHUNK], labels[i : i + CHUNK]) for i in range(0, len(labels), CHUNK)
                ]
        finally:
            set_training(self.network, training)
        return np.concatenate(parts)

    def chunk(self, latents: Latents, labels: Conditions) -> Samples:
        """As ``sample``, of a few; Jittor compiles for each number of pictures, so there are always as many."""
        count = len(labels)
        z, y = (np.concatenate([a, np.repeat(a[:1], CHUNK - count, axis=0)]) for a in (latents, labels))
        return np.array(self.output.show(self.network(jt.array(z), jt.array(y))).numpy()[:count])


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> JittorSampler:
    """A generator from its weights."""
    with unfilled():  # a file that claims huge networks must not make us allocate them
        network = Generator(JITTOR, recipe.generator, recipe.latent.dim, domain)
    tensors.copy_into(tensors.state(network), state)
    return JittorSampler(network, recipe.generator.output, domain)
