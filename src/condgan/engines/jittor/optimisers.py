"""Optimisers by name, as torch defines them, with their state laid out from the start."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import jittor as jt
from jittor import nn

from condgan import recipe
from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines.jittor.tensors import parameters

Vars = list[jt.Var]
Slot = dict[str, jt.Var]  # what an optimiser keeps for a parameter

EPS = 1e-8


@dataclass(frozen=True)
class Rule:
    """How an optimiser updates a parameter. Jittor's own Adam adds eps before the bias correction."""

    slots: tuple[str, ...]
    """What it keeps for a parameter, zeros of its shape before the first step; ``step``: the number of its steps."""
    update: Callable[[jt.Var, jt.Var, Slot, recipe.Optimiser, float, float, int], jt.Var]
    """Parameter, gradient, slot, the recipe's section, learning rate, momentum, number of the step -> the new value."""
    decoupled: bool = False
    """Weight decay is no part of the gradient."""


def _adam(p: jt.Var, g: jt.Var, slot: Slot, o: recipe.Optimiser, lr: float, momentum: float, step: int) -> jt.Var:
    beta1, beta2 = o.betas
    mean, square = slot["exp_avg"], slot["exp_avg_sq"]
    mean.update(mean + (1 - beta1) * (g - mean))
    square.update(beta2 * square + (1 - beta2) * g * g)
    return p - (lr / (1 - beta1**step)) * mean / (square.sqrt() / (1 - beta2**step) ** 0.5 + EPS)


def _adamax(p: jt.Var, g: jt.Var, slot: Slot, o: recipe.Optimiser, lr: float, momentum: float, step: int) -> jt.Var:
    beta1, beta2 = o.betas
    mean, largest = slot["exp_avg"], slot["exp_inf"]
    mean.update(mean + (1 - beta1) * (g - mean))
    before, now = beta2 * largest, g.abs() + EPS
    largest.update(jt.ternary(before > now, before, now))  # a NaN stays one
    return p - (lr / (1 - beta1**step)) * mean / largest


def _radam(p: jt.Var, g: jt.Var, slot: Slot, o: recipe.Optimiser, lr: float, momentum: float, step: int) -> jt.Var:
    beta1, beta2 = o.betas
    mean, square = slot["exp_avg"], slot["exp_avg_sq"]
    mean.update(mean + (1 - beta1) * (g - mean))
    square.update(beta2 * square + (1 - beta2) * g * g)
    rate, kept = lr / (1 - beta1**step), 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / kept
    if length <= 5:  # torch's bound, where the paper has 4: too few squares for their mean
        return p - rate * mean
    rectified = ((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) ** 0.5
    return p - (rate * rectified * kept**0.5) * mean / (square.sqrt() + EPS)


def _rmsprop(p: jt.Var, g: jt.Var, slot: Slot, o: recipe.Optimiser, lr: float, momentum: float, step: int) -> jt.Var:
    square = slot["square_avg"]
    square.update(o.alpha * square + (1 - o.alpha) * g * g)
    return _sgd(p, g / (square.sqrt() + EPS), slot, o, lr, momentum, step)


def _sgd(p: jt.Var, g: jt.Var, slot: Slot, o: recipe.Optimiser, lr: float, momentum: float, step: int) -> jt.Var:
    if not momentum:
        return p - lr * g
    velocity = slot["momentum_buffer"]
    velocity.update(momentum * velocity + g)
    return p - lr * velocity


RULES = {
    "adam": Rule(("exp_avg", "exp_avg_sq", "step"), _adam),
    "adamw": Rule(("exp_avg", "exp_avg_sq", "step"), _adam, decoupled=True),
    # Kingma & Ba 2014, algorithm 2; Liu et al. 2019, algorithm 2
    "adamax": Rule(("exp_avg", "exp_inf", "step"), _adamax),
    "radam": Rule(("exp_avg", "exp_avg_sq", "step"), _radam),
    # Tieleman & Hinton 2012, lecture 6.5
    "rmsprop": Rule(("square_avg", "momentum_buffer", "step"), _rmsprop),
    "sgd": Rule(("momentum_buffer",), _sgd),
}


def clipped(gradients: Vars, most: float) -> Vars:
    """Gradients scaled so that the norm of all together is at most so much (Pascanu et al. 2013, algorithm 1)."""
    norm = sum(gradient.sqr().sum() for gradient in gradients).sqrt()
    share = jt.ternary(norm + 1e-6 > most, most / (norm + 1e-6), jt.ones_like(norm))
    return [gradient * share for gradient in gradients]


def within(weights: jt.Var, most: float) -> jt.Var:
    """Clipped to [-most, most]. A NaN stays one, which Jittor's ``clamp`` would make a number: it must be noticed."""
    weights = jt.ternary(weights > most, most + 0 * weights, weights)
    return jt.ternary(weights < -most, -most + 0 * weights, weights)


class Descent:
    """One network's optimiser under its schedules."""

    def __init__(self, network: nn.Module, spec: recipe.Optimiser, plan: Plan, updates: int = 1) -> None:
        """``updates``: in a step of training."""
        self.spec, self.plan, self.rule, self.updates = spec, plan, RULES[spec.name], updates
        named = parameters(network)
        self.names, self.parameters = list(named), list(named.values())
        self.slots = [
            {slot: (jt.zeros(1) if slot == "step" else jt.zeros_like(p)).stop_grad() for slot in self.rule.slots}
            for p in self.parameters
        ]
        self.set_step(0)

    def set_step(self, step: int) -> None:
        """Take learning rate and momentum from the schedules."""
        self.lr = schedule.learning_rate(self.spec, step, self.plan)
        self.momentum = schedule.momentum(self.spec, step, self.plan)
        self.taken = step * self.updates  # updates before this one

    def descend(self, loss: jt.Var, at: jt.Var | None = None, keep: bool = False) -> jt.Var | None:
        """One update -> the gradient of the loss, a scalar, at ``at``, where that is given; see ``game.Descent``."""
        ends = self.parameters if at is None else [at, *self.parameters]
        gradients = jt.grad(loss, ends)
        self.move(gradients[-len(self.parameters) :])
        return None if at is None else gradients[0]

    def move(self, gradients: Sequence[jt.Var]) -> None:
        """One update by gradients, those of ``parameters``."""
        if self.spec.clip_gradient is not None:
            gradients = clipped(list(gradients), self.spec.clip_gradient)
        self.taken += 1
        decay = self.spec.weight_decay
        for parameter, gradient, slot in zip(self.parameters, gradients, self.slots, strict=True):
            p, g = parameter.detach(), gradient.detach()
            if decay:
                p, g = (p * (1 - self.lr * decay), g) if self.rule.decoupled else (p, g + decay * p)
            new = self.rule.update(p, g, slot, self.spec, self.lr, self.momentum, self.taken)
            if "step" in slot:
                slot["step"].update(slot["step"] + 1)
            if self.spec.clip_weights is not None:
                new = within(new, self.spec.clip_weights)
            parameter.update(new)

    def tensors(self) -> Iterator[tuple[str, jt.Var]]:
        """Its state, as ``parameter.slot`` and the live var."""
        for name, slot in zip(self.names, self.slots, strict=True):
            for entry, var in slot.items():
                yield f"{name}.{entry}", var
