"""Optimisers by name, with their state laid out from the start, so that a checkpoint is complete at any step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from condgan import recipe, schedule
from condgan.schedule import Plan

Slots = dict[str, list[Tensor]]  # what an optimiser keeps, a tensor for each parameter


@dataclass(frozen=True)
class Rule:
    """How an optimiser updates parameters in place. Torch's functions, whose classes import its compiler: a second."""

    slots: dict[str, Callable[[Tensor], Tensor]]
    """What it keeps for a parameter, as it stands before the first step."""
    update: Callable[[list[Tensor], list[Tensor], Slots, recipe.Optimiser, float, float], None]
    """Parameters, gradients, slots, the recipe's section, learning rate and momentum of this step."""


def _step(parameter: Tensor) -> Tensor:
    return torch.zeros((), dtype=torch.float32, device=parameter.device)


def _adam(function: Callable[..., None]) -> Rule:
    def update(p: list[Tensor], g: list[Tensor], slots: Slots, o: recipe.Optimiser, lr: float, momentum: float) -> None:
        moments = slots["exp_avg"], slots["exp_avg_sq"]
        beta1, beta2 = o.betas
        function(
            p, g, *moments, [], slots["step"], fused=True, amsgrad=False, beta1=beta1, beta2=beta2, lr=lr,
            weight_decay=o.weight_decay, eps=1e-8, maximize=False,
        )  # fmt: skip

    return Rule({"step": _step, "exp_avg": torch.zeros_like, "exp_avg_sq": torch.zeros_like}, update)


def _sgd(p: list[Tensor], g: list[Tensor], slots: Slots, o: recipe.Optimiser, lr: float, momentum: float) -> None:
    sgd(
        p, g, list(slots["momentum_buffer"]), fused=True, weight_decay=o.weight_decay, momentum=momentum, lr=lr,
        dampening=0.0, nesterov=False, maximize=False,
    )  # fmt: skip


RULES = {"adam": _adam(adam), "adamw": _adam(adamw), "sgd": Rule({"momentum_buffer": torch.zeros_like}, _sgd)}


class Descent:
    """One network's optimiser under its schedules."""

    def __init__(self, network: nn.Module, spec: recipe.Optimiser, plan: Plan) -> None:
        self.spec, self.plan, self.rule = spec, plan, RULES[spec.name]
        self.names, parameters = zip(*network.named_parameters(), strict=True)
        self.parameters: Sequence[Tensor] = parameters
        self.slots = {slot: [make(p.detach()) for p in parameters] for slot, make in self.rule.slots.items()}
        self.set_step(0)

    def set_step(self, step: int) -> None:
        """Take learning rate and momentum from the schedules."""
        self.lr = schedule.learning_rate(self.spec, step, self.plan)
        self.momentum = schedule.momentum(self.spec, step, self.plan)

    def descend(self, loss: Tensor) -> None:
        """One update; gradients of other networks' weights are not computed."""
        gradients = torch.autograd.grad(loss, self.parameters)
        with torch.no_grad():
            self.rule.update(list(self.parameters), list(gradients), self.slots, self.spec, self.lr, self.momentum)

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Its state, as ``parameter.slot`` and the live tensor."""
        for slot, kept in self.slots.items():
            for name, tensor in zip(self.names, kept, strict=True):
                yield f"{name}.{slot}", tensor
