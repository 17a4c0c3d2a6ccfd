"""A step of training in Jittor."""

from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from condgan.engines import game
from condgan.engines.bodies.networks import Generator
from condgan.engines.jittor import tensors
from condgan.engines.jittor.operations import JITTOR, set_training
from condgan.engines.jittor.optimisers import Descent
from condgan.recipe import Optimiser


class Game(game.Game):
    """See ``condgan.engines.game.Game``."""

    ops = JITTOR

    def placed(self, network: Any) -> Any:
        """In train mode, which Jittor's users seldom set: without it dropout does nothing."""
        set_training(network, True)
        return network

    def copied(self, network: Any) -> Any:
        """A copy in eval mode."""
        copy = Generator(JITTOR, self.recipe.generator, self.recipe.latent.dim, self.domain)
        tensors.copy_into(tensors.state(copy), tensors.copies(tensors.state(network)))
        set_training(copy, False)
        return copy

    def constant(self, value: Any) -> jt.Var:
        """A number is (1,)."""
        return jt.array(np.atleast_1d(np.asarray(value, np.float32))).stop_grad()

    def descent(self, network: nn.Module, spec: Optimiser, updates: int) -> Descent:
        """The optimiser of a network."""
        return Descent(network, spec, self.plan, updates)

    def update_average(self, renewal: float) -> None:
        """Weights by a share; buffers are copied."""
        weights, new = tensors.parameters(self.average), tensors.state(self.generator)
        for name, var in tensors.state(self.average).items():
            var.update(var + renewal * (new[name] - var) if name in weights else new[name])
