"""A trained generator in torch: latents and labels to pictures."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from condgan.engines import Conditions, Latents, Samples
from condgan.engines.torch.networks import OUTPUTS, Generator
from condgan.engines.torch.tensors import fitting, shapes
from condgan.recipe import Domain, Recipe

CHUNK = 512  # pictures at a time: memory stays small however many are asked for


class TorchSampler:
    """A generator in eval mode: batch statistics are the running ones, so that no picture depends on its neighbours."""

    def __init__(self, network: nn.Module, output: str) -> None:
        self.network, self.output = network, OUTPUTS[output]
        self.device = next(network.parameters()).device

    @torch.inference_mode()
    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8, or (N, D) float32."""
        training = self.network.training
        self.network.eval()
        try:
            parts = [
                self.output.show(self.network(z.to(self.device), y.to(self.device))).cpu().numpy()
                for z, y in zip(
                    torch.from_numpy(latents).split(CHUNK), torch.from_numpy(labels).split(CHUNK), strict=True
                )
            ]
        finally:
            self.network.train(training)
        return np.concatenate(parts)


def sampler(recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> TorchSampler:
    """A generator from its weights, on the CPU."""
    with shapes():  # a file that claims huge networks must not make us allocate them
        network = Generator(recipe.generator, recipe.latent.dim, domain, recipe.growing.images is not None)
    network.load_state_dict(fitting(network.state_dict(), state), assign=True)
    return TorchSampler(network, recipe.generator.output)
