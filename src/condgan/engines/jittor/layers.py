"""The layers that Jittor lacks, or has otherwise than torch."""

from collections.abc import Callable
from functools import cache

import jittor as jt
import numpy as np
from jittor import nn

from condgan.engines.jittor import randomness
from condgan.engines.jittor.linear import Module, constant


class Dropout(Module):
    """Inverted dropout (Srivastava et al. 2014), a unit decided by 16 random bits, as in torch's twin."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.staying = rate, min(round((1 - rate) * 2**16), 2**16 - 1)

    def forward(self, x: jt.Var) -> jt.Var:
        """Any shape; the identity in eval mode."""
        if not self.training or self.rate == 0:
            return x
        words = np.frombuffer(randomness.generator().bytes(2 * x.numel()), np.uint16).reshape(tuple(x.shape))
        return x * jt.array((words < self.staying) * np.float32(2**16 / self.staying))


class PReLU(Module):
    """A leaky ReLU whose slope is learnt, from 0.25 (He et al. 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = jt.array(np.full(1, 0.25, np.float32))

    def forward(self, x: jt.Var) -> jt.Var:
        """Any shape."""
        return jt.ternary(x > 0, x, self.weight * x)


class Activation(Module):
    """A function without weights."""

    def __init__(self, function: Callable[[jt.Var], jt.Var]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: jt.Var) -> jt.Var:
        """Any shape."""
        return self.function(x)


class Norm(Module):
    """A normalisation of (N, width, ...), with a gain and a bias of its own if ``affine``."""

    def __init__(self, width: int, eps: float, affine: bool) -> None:
        super().__init__()
        self.eps, self.affine = eps, affine
        if affine:
            self.weight, self.bias = jt.ones(width), jt.zeros(width)

    def scaled(self, x: jt.Var) -> jt.Var:
        """The same shape, times the gain, plus the bias."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else x


class BatchNorm(Norm):
    """Over the batch and space, (N, width, ...), as torch has it: the running variance is the unbiased one."""

    couples = True
    momentum = 0.1

    def __init__(self, width: int, eps: float, affine: bool, dims: int) -> None:
        super().__init__(width, eps, affine)
        self.running_mean, self.running_var = jt.zeros(width).stop_grad(), jt.ones(width).stop_grad()
        self.num_batches_tracked = jt.zeros(1).stop_grad()  # a number in torch's state too

    def forward(self, x: jt.Var) -> jt.Var:
        """(N, width, ...); by the running statistics in eval mode."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        if self.training:
            dims = [0, *range(2, x.ndim)]
            count = x.numel() // x.shape[1]
            mean = x.mean(dims=dims)
            centred = x - mean.reshape(shape)
            variance = centred.sqr().mean(dims=dims)
            unbiased = variance.detach() * (count / max(count - 1, 1))
            for running, new in ((self.running_mean, mean.detach()), (self.running_var, unbiased)):
                running.update(running + self.momentum * (new - running))
            self.num_batches_tracked.update(self.num_batches_tracked + 1)
        else:
            centred, variance = x - self.running_mean.reshape(shape), self.running_var
        return self.scaled(centred / (variance + self.eps).sqrt().reshape(shape))


class GroupNorm(Norm):
    """Over each group of channels of each image, (N, width, ...)."""

    def __init__(self, groups: int, width: int, eps: float, affine: bool) -> None:
        super().__init__(width, eps, affine)
        self.groups = groups

    def forward(self, x: jt.Var) -> jt.Var:
        """The same shape."""
        rows = x.reshape(len(x), self.groups, -1)
        centred = rows - rows.mean(dim=2, keepdims=True)
        normed = centred / (centred.sqr().mean(dim=2, keepdims=True) + self.eps).sqrt()
        return self.scaled(normed.reshape(x.shape))


class Named(nn.Sequential):
    """Modules under names, as in torch's ModuleDict."""

    def __init__(self, modules: dict[str, nn.Module]) -> None:
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)

    execute = Module.execute


def joined(*parts: jt.Var | None) -> jt.Var:
    """(N, A), (N, B), or nothing instead of one -> (N, A + B)."""
    given = [part for part in parts if part is not None]
    return jt.concat(given, dim=1) if len(given) > 1 else given[0]


def over_pixels(images: jt.Var, beside: jt.Var | None) -> jt.Var:
    """(N, C, H, W) and (N, B) or nothing -> (N, C + B, H, W)."""
    if beside is None:
        return images
    n, width = beside.shape
    return jt.concat([images, beside.reshape(n, width, 1, 1).broadcast((n, width, *images.shape[2:]))], dim=1)


def largest(pieces: jt.Var) -> jt.Var:
    """(N, U, P) -> (N, U)."""
    best = pieces[:, :, 0]
    for number in range(1, pieces.shape[2]):
        best = jt.ternary(best > pieces[:, :, number], best, pieces[:, :, number])
    return best


def near(rows: jt.Var) -> jt.Var:
    """(N, B, C) -> (N, B): the sum over the other rows of exp(-L1 distance)."""
    apart = (rows.unsqueeze(0) - rows.unsqueeze(1)).abs().sum(dim=3)  # (N, N, B)
    return jt.exp(-apart).sum(dim=1) - 1  # without itself


def attended(key: jt.Var, query: jt.Var, value: jt.Var) -> jt.Var:
    """(N, C, P) each -> (N, C, P): for each place the mean of the values, weighted by likeness of key and query."""
    weights = nn.softmax(nn.bmm(query.transpose(0, 2, 1), key), dim=2)  # (N, P, P): of each place, over all
    return nn.bmm(value, weights.transpose(0, 2, 1))


@cache
def halving(side: int) -> jt.Var:
    """(ceil(side / 2), side): means of two neighbours, of one at the end of an odd side."""
    means = np.zeros((-(-side // 2), side), np.float32)
    for pixel in range(side):
        means[pixel // 2, pixel] = 1
    return constant(means / means.sum(axis=1, keepdims=True))


@cache
def doubling(side: int) -> jt.Var:
    """(side, ceil(side / 2)): between the two nearest middles of pixels, as torch's bilinear interpolation."""
    half = -(-side // 2)
    shares = np.zeros((side, half), np.float32)
    for pixel in range(side):
        place = max((pixel + 0.5) * half / side - 0.5, 0.0)
        first = min(int(place), half - 1)
        shares[pixel, first] += 1 - (place - first)
        shares[pixel, min(first + 1, half - 1)] += place - first
    return constant(shares)


def resampled(x: jt.Var, rows: jt.Var, columns: jt.Var) -> jt.Var:
    """(N, C, h, w) by (H, h) along the columns and (W, w) along the rows -> (N, C, H, W)."""
    n, channels, height, width = x.shape
    wide = nn.matmul(x.reshape(-1, width), columns.transpose(1, 0)).reshape(n, channels, height, -1)
    turned = wide.transpose(0, 1, 3, 2)  # (N, C, W, h)
    both = nn.matmul(turned.reshape(-1, height), rows.transpose(1, 0)).reshape(n, channels, turned.shape[2], -1)
    return both.transpose(0, 1, 3, 2)
