"""A step of training in torch."""

import copy
from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor, nn

from condgan.draws.schedule import Plan
from condgan.engines import game
from condgan.engines.game import Batch, Figures
from condgan.engines.torch.fast import one_pass
from condgan.engines.torch.layers import repeats
from condgan.engines.torch.operations import TORCH
from condgan.engines.torch.optimisers import Descent
from condgan.recipe import Domain, Optimiser, Recipe


class Game(game.Game):
    """See ``condgan.engines.game.Game``.

    Attributes:
        one_pass: the gradients of both updates can come from one pass.
    """

    ops = TORCH
    d_descent: Descent
    g_descent: Descent

    def __init__(self, recipe: Recipe, domain: Domain, plan: Plan, device: torch.device) -> None:
        """The weights are drawn from torch's default generator."""
        self.device = device
        super().__init__(recipe, domain, plan)
        self.share = torch.zeros((), device=device)  # of the new weights in the average
        self.one_pass = one_pass.possible(self.discriminator) and all(
            term.by_logits for term in (*self.d_terms, *self.g_terms)
        )
        self.once = self.once or (
            (recipe.train.order, recipe.train.fakes) == ("g-first", "shared")
            and repeats(self.discriminator)
            and self.augmentation.nothing
            and (self.one_pass or not self.together)  # else judging real and generated images together is as fast
        )

    def set_step(self, step: int) -> None:
        """Take over what depends on progress."""
        super().set_step(step)
        self.share.fill_(self.renewal)

    def kind(self) -> Hashable:
        """All that the next step depends on beside tensors."""
        due = [self.number % term.every == 0 for term in (*self.d_terms, *self.g_terms)]
        return tuple(due), self.augmentation.noise, tuple(self.grown)

    def step_both(self, batch: Batch, shared: Tensor) -> Figures:
        """Both updates from one judgement of the generated images."""
        return one_pass.step(self, batch, shared) if self.one_pass else super().step_both(batch, shared)

    def placed(self, network: Any) -> Any:
        """On the device, in train mode."""
        return network.to(self.device).train()

    def copied(self, network: Any) -> Any:
        """A copy in eval mode."""
        return copy.deepcopy(network).eval()

    def constant(self, value: Any) -> Tensor:
        """On the device."""
        return torch.tensor(value, dtype=torch.float32, device=self.device)

    def descent(self, network: nn.Module, spec: Optimiser, updates: int) -> Descent:
        """The optimiser of a network."""
        return Descent(network, spec, self.plan)

    @torch.no_grad()
    def update_average(self, renewal: float) -> None:
        """By the share that lies on the device."""
        weights: list[Tensor] = list(self.average.parameters())
        torch._foreach_lerp_(weights, list(self.generator.parameters()), [self.share] * len(weights))
        for buffer, new in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            buffer.copy_(new)
