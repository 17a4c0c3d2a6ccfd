"""Optimisers by name, with their state laid out from the start, so that a checkpoint is complete at any step."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn, optim

from condgan import recipe, schedule
from condgan.schedule import Plan

MAKERS: dict[str, Callable[[list[nn.Parameter], recipe.Optimiser], optim.Optimizer]] = {
    "adam": lambda p, o: optim.Adam(p, lr=o.lr, betas=o.betas, weight_decay=o.weight_decay, fused=True),
    "adamw": lambda p, o: optim.AdamW(p, lr=o.lr, betas=o.betas, weight_decay=o.weight_decay, fused=True),
    "sgd": lambda p, o: optim.SGD(p, lr=o.lr, momentum=o.momentum, weight_decay=o.weight_decay, fused=True),
}
ADAM_SLOTS: dict[str, Callable[[Tensor], Tensor]] = {
    "step": lambda p: torch.zeros((), dtype=torch.float32, device=p.device),
    "exp_avg": torch.zeros_like,
    "exp_avg_sq": torch.zeros_like,
}
SLOTS: dict[str, dict[str, Callable[[Tensor], Tensor]]] = {
    "adam": ADAM_SLOTS,
    "adamw": ADAM_SLOTS,
    "sgd": {"momentum_buffer": torch.zeros_like},
}
"""What each keeps for a parameter, as it stands before the first step."""


class Descent:
    """One network's optimiser under its schedules."""

    def __init__(self, network: nn.Module, spec: recipe.Optimiser, plan: Plan) -> None:
        self.spec, self.plan = spec, plan
        self.named = dict(network.named_parameters())
        self.parameters = list(self.named.values())
        self.optimiser = MAKERS[spec.name](self.parameters, spec)
        for parameter in self.parameters:
            detached = parameter.detach()
            self.optimiser.state[parameter] = {slot: make(detached) for slot, make in SLOTS[spec.name].items()}

    def set_step(self, step: int) -> None:
        """Take learning rate and momentum from the schedules."""
        for group in self.optimiser.param_groups:
            group["lr"] = schedule.learning_rate(self.spec, step, self.plan)
            if "momentum" in group:
                group["momentum"] = schedule.momentum(self.spec, step, self.plan)

    def descend(self, loss: Tensor) -> None:
        """One update; gradients of other networks' weights are not computed."""
        loss.backward(inputs=self.parameters)
        self.optimiser.step()
        self.optimiser.zero_grad()

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Its state, as ``parameter.slot`` and the live tensor."""
        for name, parameter in self.named.items():
            for slot in SLOTS[self.spec.name]:
                yield f"{name}.{slot}", self.optimiser.state[parameter][slot]
