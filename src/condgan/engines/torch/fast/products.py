"""Linear layers, whose products oneDNN computes where it is much faster than torch's own library.

On x86 torch multiplies float32 matrices with MKL, which leaves the AVX-512 of some processors unused, as of AMD's.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from timeit import timeit
from typing import Any

import torch
from torch import Tensor, nn

SHAPE = (64, 512, 1024)  # rows, inputs and units of a hidden layer
ROUNDS = 10
GAIN = 2 / 3  # of torch's time: where both are alike noise must not choose, as the last bits of a training depend on it


@cache
def available() -> bool:
    """Whether this torch has oneDNN's product of float32 matrices, which is no public part of it: tried once."""
    one = torch.ones(1, 1, dtype=torch.float32)
    try:
        return bool(onednn(one, one) == 1)
    except (AttributeError, RuntimeError, TypeError):  # no such operator, none in this build, or other arguments
        return False


def onednn(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """(n, k) and (m, k), float32 on the CPU -> a b^T + bias, (n, m)."""
    result: Tensor = torch.ops.mkldnn._linear_pointwise(a, b, bias, "none", [], "")
    return result


@cache
def faster() -> bool:
    """Whether oneDNN takes less than two thirds of the time of torch's own product here: milliseconds, once.

    Each by one thread: several wait for each other where the machine is busy.
    """
    if not available():
        return False
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    rows, inputs, units = SHAPE
    a, b = (torch.ones(size, inputs, dtype=torch.float32) for size in (rows, units))
    ways: list[Callable[[Tensor, Tensor], Tensor]] = [nn.functional.linear, onednn]
    times = [[timeit(partial(way, a, b), number=1) for way in ways] for _ in range(ROUNDS)]
    torch.set_num_threads(before)
    by_torch, by_onednn = map(min, zip(*times, strict=True))
    return by_onednn < GAIN * by_torch


class Product(torch.autograd.Function):
    """``onednn`` with its gradients of any order."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, bias: Tensor | None) -> Tensor:
        """(n, k), (m, k) and (m,) -> (n, m)."""
        ctx.save_for_backward(a, b)
        return onednn(a, b, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """(n, m) -> (n, k), (m, k) and (m,), as far as they are needed."""
        (a, b), (g,) = ctx.saved_tensors, gradients
        of_a, of_b, of_bias = ctx.needs_input_grad
        return (
            product(g, b.T) if of_a else None,
            product(g.T, a.T) if of_b else None,
            g.sum(0) if of_bias else None,
        )


def product(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """``onednn``, differentiable."""
    result: Tensor = Product.apply(a, b, bias)  # type: ignore[no-untyped-call]
    return result


class Linear(nn.Linear):
    """x W^T + b; in training by oneDNN, if that was chosen, and in evaluation always by torch's own library."""

    by_onednn = False

    def chosen(self, x: Tensor) -> bool:
        """Whether oneDNN multiplies x, which is its business in float32 only."""
        fits = x.dim() == 2 and x.dtype == torch.float32 and not torch.is_autocast_enabled(x.device.type)
        return self.by_onednn and self.training and fits

    def forward(self, x: Tensor) -> Tensor:
        """(N, ..., inputs) -> (N, ..., units)."""
        return product(x, self.weight, self.bias) if self.chosen(x) else super().forward(x)

    def weight_gradient(self, given: Tensor, arrived: Tensor) -> Tensor:
        """Of inputs (N, inputs), and of the gradient at the outputs, (N, units) -> (units, inputs)."""
        return onednn(arrived.T, given.T) if self.chosen(given) else arrived.T @ given.to(arrived.dtype)


def choose(networks: Iterable[nn.Module], by_onednn: bool) -> None:
    """By which library the linear layers of networks on the CPU multiply from now on."""
    for network in networks:
        for module in network.modules():
            if isinstance(module, Linear):
                module.by_onednn = by_onednn and available()
