"""Layers with weights, initialised as in torch."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import jittor as jt
import numpy as np
import numpy.typing as npt
from jittor import nn

from condgan.engines.jittor import randomness

_unfilled = False


@contextmanager
def unfilled() -> Iterator[None]:
    """Networks built inside have shapes and no values yet, and take no memory however large they claim to be."""
    global _unfilled
    _unfilled = True
    try:
        yield
    finally:
        _unfilled = False


def uniform(shape: tuple[int, ...], bound: float) -> jt.Var:
    """Weights from [-bound, bound]."""
    if _unfilled:
        return jt.zeros(shape)  # computed when it is used
    return jt.array(randomness.generator().uniform(-bound, bound, shape).astype(np.float32))


def normal(shape: tuple[int, ...], deviation: float) -> jt.Var:
    """Weights N(0, deviation^2)."""
    if _unfilled:
        return jt.zeros(shape)
    return jt.array(randomness.generator().standard_normal(shape, np.float32) * np.float32(deviation))


def constant(array: npt.NDArray[np.float32]) -> jt.Var:
    """Numbers that no training changes; a network keeps them under a name with an underscore, out of its state."""
    var = jt.array(array).stop_grad()
    jt.sync([var])
    return var


class Module(nn.Module):
    """A module that computes by its ``forward``, as torch's do."""

    def execute(self, *args: jt.Var) -> jt.Var:
        """What Jittor calls."""
        return self.forward(*args)


class Weighted(Module):
    """A layer with a weight matrix, as it is or divided by its largest singular value."""

    outputs = 0  # the axis of the weight for the outputs
    weight: jt.Var

    spectrum: nn.Module | None = None

    def used(self) -> jt.Var:
        """The weight to compute with."""
        return self.weight if self.spectrum is None else self.spectrum()


class Linear(Weighted):
    """x W^T + b; both are initialised within 1 / sqrt(inputs), as in torch."""

    def __init__(self, inputs: int, units: int, bias: bool = True) -> None:
        super().__init__()
        bound = 1 / math.sqrt(max(inputs, 1))
        self.weight = uniform((units, inputs), bound)
        self.bias = uniform((units,), bound) if bias else None

    def forward(self, x: jt.Var) -> jt.Var:
        """(N, inputs) -> (N, units)."""
        return nn.linear(x, self.used(), self.bias)


class Embedding(Weighted):
    """A vector for each class, initialised standard normal, or a weighted sum of them."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.weight = normal((classes, width), 1.0)

    def forward(self, labels: jt.Var) -> jt.Var:
        """Labels (N,), or weights of the classes (N, K) -> (N, width)."""
        return nn.matmul(labels, self.used()) if labels.ndim == 2 else self.used()[labels]


class Convolution(Weighted):
    """``weight`` is laid out as in torch, and initialised so, too."""

    def __init__(
        self, inputs: int, channels: int, side: int, stride: int = 1, padding: int = 0, groups: int = 1,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.options = {"stride": stride, "padding": padding, "groups": groups}
        outer = (inputs, channels) if self.outputs else (channels, inputs // groups)
        bound = 1 / math.sqrt(outer[1] * side**2)
        self.weight = uniform((*outer, side, side), bound)
        self.bias = uniform((channels,), bound) if bias else None

    def forward(self, x: jt.Var) -> jt.Var:
        """(N, inputs, H, W) -> (N, channels, H', W')."""
        return nn.conv2d(x, self.used(), self.bias, **self.options)


class Transposed(Convolution):
    """The transpose of a convolution."""

    outputs = 1

    def forward(self, x: jt.Var) -> jt.Var:
        """(N, inputs, H, W) -> (N, channels, H', W')."""
        return nn.conv_transpose(x, self.used(), self.bias, **self.options)
