"""A step of training in Jittor."""

from typing import Any

import jittor as jt
from jittor import nn

from condgan.draws.schedule import Plan
from condgan.engines import game
from condgan.engines.bodies.networks import Generator
from condgan.engines.game import Figures
from condgan.engines.jittor import tensors
from condgan.engines.jittor.augment import Augmentation
from condgan.engines.jittor.operations import JITTOR, set_training
from condgan.engines.jittor.optimisers import Descent
from condgan.engines.jittor.scores import Scores
from condgan.recipe import Domain, Optimiser, Recipe


class Game(game.Game):
    """See ``condgan.engines.game.Game``."""

    ops = JITTOR
    scores = Scores
    state = staticmethod(tensors.state)

    def __init__(self, recipe: Recipe, domain: Domain, plan: Plan) -> None:
        """The weights are drawn from ``randomness``."""
        self.domain = domain
        super().__init__(recipe, domain, plan)

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

    def augmenting(self, span: float) -> Augmentation:
        """The recipe's augmentation."""
        return Augmentation(self.recipe.augment, span, self.recipe.train.batch)

    def descent(self, network: nn.Module, spec: Optimiser, updates: int) -> Descent:
        """The optimiser of a network."""
        return Descent(network, spec, self.plan, updates)

    def detached(self, latents: jt.Var, labels: jt.Var) -> jt.Var:
        """Generated images, (N, ...)."""
        return self.generator(latents, labels).detach()

    def plain(self, figures: Figures) -> Figures:
        """As they are: nothing is kept for gradients."""
        return figures

    @staticmethod
    def total(values: list[jt.Var]) -> jt.Var:
        """The sum of scalars."""
        return sum(values)

    @staticmethod
    def mean(values: list[jt.Var]) -> jt.Var:
        """The mean of scalars."""
        return sum(values) / len(values)

    @staticmethod
    def norms(rows: jt.Var) -> jt.Var:
        """(N, ...) -> (N,)."""
        return rows.reshape(len(rows), -1).sqr().sum(dim=1).sqrt()

    def update_average(self, renewal: float) -> None:
        """Weights by a share; buffers are copied."""
        weights, new = tensors.parameters(self.average), tensors.state(self.generator)
        for name, kept in tensors.state(self.average).items():
            kept.update(kept + renewal * (new[name] - kept) if name in weights else new[name])
