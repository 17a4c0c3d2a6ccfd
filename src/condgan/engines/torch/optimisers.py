"""Optimisers by name, with their state laid out from the start, so that a checkpoint is complete at any step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.adamax import adamax
from torch.optim.adamw import adamw
from torch.optim.radam import radam
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from condgan import recipe
from condgan.draws import schedule
from condgan.draws.schedule import Plan

Tensors = list[Tensor]
Slots = dict[str, Tensors]  # what an optimiser keeps, a tensor for each parameter


@dataclass(frozen=True)
class Rule:
    """How an optimiser updates parameters in place. Torch's functions, whose classes import its compiler: a second."""

    slots: dict[str, Callable[[Tensor], Tensor]]
    """What it keeps for a parameter, as it stands before the first step."""
    update: Callable[[Tensors, Tensors, Slots, recipe.Optimiser, Tensor, Tensor], None]
    """Parameters, gradients, slots, the recipe's section, learning rate and momentum of this step, both scalars."""


def _step(parameter: Tensor) -> Tensor:
    return torch.zeros((), dtype=torch.float32, device=parameter.device)


def _read_step(parameter: Tensor) -> Tensor:
    # these rules compute with its value: on a GPU each would have to be waited for
    return torch.zeros((), dtype=torch.float32)


def _adam(function: Callable[..., None]) -> Rule:
    def update(p: Tensors, g: Tensors, slots: Slots, o: recipe.Optimiser, lr: Tensor, momentum: Tensor) -> None:
        moments = slots["exp_avg"], slots["exp_avg_sq"]
        beta1, beta2 = o.betas
        function(
            p, g, *moments, [], slots["step"], fused=True, amsgrad=False, beta1=beta1, beta2=beta2, lr=lr,
            weight_decay=o.weight_decay, eps=1e-8, maximize=False,
        )  # fmt: skip

    return Rule({"step": _step, "exp_avg": torch.zeros_like, "exp_avg_sq": torch.zeros_like}, update)


def _adamax(p: Tensors, g: Tensors, slots: Slots, o: recipe.Optimiser, lr: Tensor, momentum: Tensor) -> None:
    beta1, beta2 = o.betas
    adamax(
        p, g, slots["exp_avg"], slots["exp_inf"], slots["step"], beta1=beta1, beta2=beta2, lr=lr.item(),
        weight_decay=o.weight_decay, eps=1e-8, maximize=False,
    )  # fmt: skip


def _radam(p: Tensors, g: Tensors, slots: Slots, o: recipe.Optimiser, lr: Tensor, momentum: Tensor) -> None:
    beta1, beta2 = o.betas
    radam(
        p, g, slots["exp_avg"], slots["exp_avg_sq"], slots["step"], beta1=beta1, beta2=beta2, lr=lr.item(),
        weight_decay=o.weight_decay, eps=1e-8, maximize=False,
    )  # fmt: skip


def _rmsprop(p: Tensors, g: Tensors, slots: Slots, o: recipe.Optimiser, lr: Tensor, momentum: Tensor) -> None:
    rmsprop(
        p, g, slots["square_avg"], [], slots["momentum_buffer"], slots["step"], alpha=o.alpha, eps=1e-8,
        weight_decay=o.weight_decay, momentum=momentum.item(), lr=lr.item(), centered=False, maximize=False,
    )  # fmt: skip


def _sgd(p: Tensors, g: Tensors, slots: Slots, o: recipe.Optimiser, lr: Tensor, momentum: Tensor) -> None:
    if p[0].is_cuda:  # what is recorded there would keep a momentum that is a number
        heavy_ball(p, g, slots["momentum_buffer"], o.weight_decay, lr, momentum)
        return
    sgd(
        p, g, list(slots["momentum_buffer"]), fused=True, weight_decay=o.weight_decay, momentum=momentum.item(),
        lr=lr,  # type: ignore[arg-type]  # a tensor too, though it says float
        dampening=0.0, nesterov=False, maximize=False,
    )  # fmt: skip


def heavy_ball(p: Tensors, g: Tensors, velocity: Tensors, decay: float, lr: Tensor, momentum: Tensor) -> None:
    """``_sgd`` in kernels that read the momentum from the device (Sutskever et al. 2013, equation 1)."""
    if decay:
        g = list(torch._foreach_add(g, p, alpha=decay))
    torch._foreach_mul_(velocity, momentum)
    torch._foreach_add_(velocity, g)
    torch._foreach_sub_(p, torch._foreach_mul(velocity, lr))


RULES = {
    "adam": _adam(adam),
    "adamw": _adam(adamw),
    # Kingma & Ba 2014, algorithm 2; Liu et al. 2019, algorithm 2
    "adamax": Rule({"step": _read_step, "exp_avg": torch.zeros_like, "exp_inf": torch.zeros_like}, _adamax),
    "radam": Rule({"step": _read_step, "exp_avg": torch.zeros_like, "exp_avg_sq": torch.zeros_like}, _radam),
    # Tieleman & Hinton 2012, lecture 6.5
    "rmsprop": Rule({"step": _step, "square_avg": torch.zeros_like, "momentum_buffer": torch.zeros_like}, _rmsprop),
    "sgd": Rule({"momentum_buffer": torch.zeros_like}, _sgd),
}


def clipped(gradients: list[Tensor], most: float) -> list[Tensor]:
    """Gradients scaled so that the norm of all together is at most so much (Pascanu et al. 2013, algorithm 1)."""
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    # an infinite norm would scale all to 0, and a training that has diverged would seem to stand still
    share = torch.where(norm.isfinite(), (most / (norm + 1e-6)).clamp(max=1), torch.nan)
    return list(torch._foreach_mul(gradients, share))  # not in place: autograd may hand out one tensor twice


class Descent:
    """One network's optimiser under its schedules."""

    def __init__(self, network: nn.Module, spec: recipe.Optimiser, plan: Plan) -> None:
        self.spec, self.plan, self.rule = spec, plan, RULES[spec.name]
        named = dict(network.named_parameters())
        self.names = list(named)
        self.parameters: list[Tensor] = list(named.values())
        self.lr, self.momentum = torch.zeros((2,), dtype=torch.float32, device=self.parameters[0].device)
        self.slots = {slot: [make(p.detach()) for p in self.parameters] for slot, make in self.rule.slots.items()}
        self.set_step(0)

    def set_step(self, step: int) -> None:
        """Take learning rate and momentum from the schedules."""
        self.lr.fill_(schedule.learning_rate(self.spec, step, self.plan))
        self.momentum.fill_(schedule.momentum(self.spec, step, self.plan))

    def descend(self, loss: Tensor, at: Tensor | None = None, keep: bool = False) -> Tensor | None:
        """One update -> the gradient of the loss, a scalar, at ``at``, where that is given; see ``game.Descent``."""
        ends = self.parameters if at is None else [*self.parameters, at]
        gradients = torch.autograd.grad(loss, ends, retain_graph=keep, allow_unused=True)
        self.move(gradients[: len(self.parameters)])
        return None if at is None else gradients[-1]

    def descend_from(self, root: Tensor, pull: Tensor) -> None:
        """One update by the loss's gradient at ``root``, of its shape, which the parameters reach."""
        self.move(torch.autograd.grad(root, self.parameters, pull, allow_unused=True))

    def move(self, gradients: Sequence[Tensor | None]) -> None:
        """One update by gradients, those of ``parameters``; a ValueError: there is none."""
        # A parameter that is not reached rests, with its state: zeros would age its moments, and its first steps,
        # once it is reached, would be many times too long.
        reached = {i: gradient for i, gradient in enumerate(gradients) if gradient is not None}
        if not reached:
            raise ValueError("the loss does not depend on the network")
        with torch.no_grad():
            parameters = [self.parameters[i] for i in reached]
            steps = [  # in the memory layouts of the parameters, which torch's fused updates take for granted
                g if g.stride() == p.stride() else torch.empty_like(p).copy_(g)
                for p, g in zip(parameters, reached.values(), strict=True)
            ]
            if self.spec.clip_gradient is not None:
                steps = clipped(steps, self.spec.clip_gradient)
            slots = {slot: [state[i] for i in reached] for slot, state in self.slots.items()}
            self.rule.update(parameters, steps, slots, self.spec, self.lr, self.momentum)
            if self.spec.clip_weights is not None:
                torch._foreach_clamp_min_(self.parameters, -self.spec.clip_weights)
                torch._foreach_clamp_max_(self.parameters, self.spec.clip_weights)
        torch.clear_autocast_cache()  # of weights in bfloat16, as they were before

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Its state, as ``parameter.slot`` and the live tensor."""
        for slot, state in self.slots.items():
            for name, tensor in zip(self.names, state, strict=True):
                yield f"{name}.{slot}", tensor
