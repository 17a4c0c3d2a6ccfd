"""The layers that networks are built of: activations, normalisations, dropout, and what sees the whole batch."""

import math
from collections.abc import Callable

import jittor as jt
import numpy as np
from jittor import nn

from condgan import recipe
from condgan.engines.jittor import randomness
from condgan.engines.jittor.conditioning import MODULATED, Modulation, Spec, Unmodulated
from condgan.engines.jittor.linear import Linear
from condgan.recipe import Domain


class Body(nn.Module):
    """What a network does between its condition and its output."""

    width: int
    """Of a discriminator's or an MLP's features."""


class Maxout(nn.Module):
    """The largest of a few linear pieces for each unit (Goodfellow et al. 2013, equation 1)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = Linear(inputs, units * pieces)

    def execute(self, x: jt.Var) -> jt.Var:
        """(N, inputs) -> (N, units)."""
        pieces = self.linear(x).reshape(-1, self.units, self.pieces)
        best = pieces[:, :, 0]
        for number in range(1, self.pieces):
            best = jt.ternary(best > pieces[:, :, number], best, pieces[:, :, number])
        return best


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014), a unit decided by 16 random bits, as in torch's twin."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.kept = min(round((1 - rate) * 2**16), 2**16 - 1)

    def execute(self, x: jt.Var) -> jt.Var:
        """Any shape; the identity in eval mode."""
        if not self.training or self.rate == 0:
            return x
        kept = randomness.words(tuple(x.shape)) < self.kept
        return x * jt.array(kept * np.float32(2**16 / self.kept))


class PReLU(nn.Module):
    """A leaky ReLU whose slope is learnt, from 0.25 (He et al. 2015)."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = jt.array(np.full(1, 0.25, np.float32))

    def execute(self, x: jt.Var) -> jt.Var:
        """Any shape."""
        return jt.ternary(x > 0, x, self.weight * x)


class Identity(nn.Module):
    """Nothing changes."""

    def execute(self, x: jt.Var) -> jt.Var:
        """Any shape."""
        return x


class Activation(nn.Module):
    """A function without weights."""

    def __init__(self, function: Callable[[jt.Var], jt.Var]) -> None:
        super().__init__()
        self.function = function

    def execute(self, x: jt.Var) -> jt.Var:
        """Any shape."""
        return self.function(x)


# None by jt.maximum, nor by max(): their gradients compare a result with what it was computed from, and in a fused
# operator that is computed twice, and not always the same: a third of the gradient was lost.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: Activation(nn.relu),
    "leaky-relu": lambda: Activation(lambda x: nn.leaky_relu(x, 0.2)),
    "prelu": PReLU,
    "silu": lambda: Activation(lambda x: x * x.sigmoid()),
    # fused, the costly erf would be computed anew in each operator that needs it
    "gelu": lambda: Activation(lambda x: x * 0.5 * (1 + (x / math.sqrt(2)).erf().stop_fuse())),
    "elu": lambda: Activation(lambda x: jt.ternary(x > 0, x, jt.ternary(x > 0, 0 * x, x).exp() - 1)),
    "maxout": Identity,  # the linear layer itself takes the maximum
}


class BatchNorm(nn.Module):
    """Over the batch and space, (N, width, ...), as torch has it: the running variance is the unbiased one."""

    couples = True
    momentum = 0.1

    def __init__(self, width: int, eps: float, affine: bool) -> None:
        super().__init__()
        self.eps, self.affine = eps, affine
        if affine:
            self.weight, self.bias = jt.ones(width), jt.zeros(width)
        self.running_mean, self.running_var = jt.zeros(width).stop_grad(), jt.ones(width).stop_grad()
        self.num_batches_tracked = jt.zeros(1).stop_grad()  # a number in torch's state too

    def execute(self, x: jt.Var) -> jt.Var:
        """(N, width, ...); by the running statistics in eval mode."""
        shape = (1, -1, *[1] * (x.ndim - 2))
        if self.training:
            dims = [0, *range(2, x.ndim)]
            count = x.numel() // x.shape[1]
            mean = x.mean(dims=dims)
            centred = x - mean.reshape(shape)
            variance = centred.sqr().mean(dims=dims)
            moved = (
                (mean.detach(), self.running_mean),
                (variance.detach() * (count / max(count - 1, 1)), self.running_var),
            )
            for new, kept in moved:
                kept.update(kept + self.momentum * (new - kept))
            self.num_batches_tracked.update(self.num_batches_tracked + 1)
        else:
            centred, variance = x - self.running_mean.reshape(shape), self.running_var
        x = centred / (variance + self.eps).sqrt().reshape(shape)
        return x * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else x


class GroupNorm(nn.Module):
    """Over each group of channels of each image, (N, width, ...)."""

    def __init__(self, groups: int, width: int, eps: float, affine: bool) -> None:
        super().__init__()
        self.groups, self.eps, self.affine = groups, eps, affine
        if affine:
            self.weight, self.bias = jt.ones(width), jt.zeros(width)

    def execute(self, x: jt.Var) -> jt.Var:
        """The same shape."""
        rows = x.reshape(len(x), self.groups, -1)
        centred = rows - rows.mean(dim=2, keepdims=True)
        normed = (centred / (centred.sqr().mean(dim=2, keepdims=True) + self.eps).sqrt()).reshape(x.shape)
        shape = (1, -1, *[1] * (x.ndim - 2))
        return normed * self.weight.reshape(shape) + self.bias.reshape(shape) if self.affine else normed


NORMS: dict[str, Callable[[recipe.Network, int, bool], nn.Module]] = {
    "none": lambda spec, width, affine: Identity(),
    "batch": lambda spec, width, affine: BatchNorm(width, spec.norm_eps, affine),
    "layer": lambda spec, width, affine: GroupNorm(1, width, spec.norm_eps, affine),
    "instance": lambda spec, width, affine: GroupNorm(width, width, spec.norm_eps, affine),
    "group": lambda spec, width, affine: GroupNorm(math.gcd(spec.groups, width), width, spec.norm_eps, affine),
}
"""Name -> spec, width, whether it has a gain and a bias of its own -> module."""


def norm(spec: Spec, width: int, domain: Domain) -> tuple[nn.Module, nn.Module]:
    """A normalisation of (N, width, ...), and how the condition enters after it."""
    if spec.condition in MODULATED:
        return NORMS[spec.norm](spec, width, False), Modulation(width, domain)
    return NORMS[spec.norm](spec, width, True), Unmodulated()


class MinibatchDiscrimination(nn.Module):
    """How near each image's features lie to those of the rest of the batch (Salimans et al. 2016, section 3.2).

    The mean over the rest, where the paper has the sum: that grows with the batch, and drowns the features beside it.
    """

    couples = True
    dims = 5  # as in the authors' code

    def __init__(self, width: int, kernels: int) -> None:
        super().__init__()
        self.kernels, self.width = kernels, width + kernels
        self.projection = Linear(width, kernels * self.dims, bias=False)

    def execute(self, features: jt.Var) -> jt.Var:
        """(N, width) -> (N, width + kernels)."""
        rows = self.projection(features).reshape(-1, self.kernels, self.dims)
        apart = (rows.unsqueeze(0) - rows.unsqueeze(1)).abs().sum(dim=3)  # (N, N, B)
        near = jt.exp(-apart).sum(dim=1) - 1  # without itself
        return jt.concat([features, near / max(len(features) - 1, 1)], dim=1)


class MinibatchStddev(nn.Module):
    """The standard deviation of each feature over the batch, on average (Karras et al. 2018, section 3)."""

    couples = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width + 1

    def execute(self, features: jt.Var) -> jt.Var:
        """(N, width) -> (N, width + 1)."""
        variance = (features - features.mean(dim=0, keepdims=True)).sqr().mean(dim=0)
        spread = (variance + 1e-8).sqrt().mean()
        return jt.concat([features, spread.broadcast((len(features), 1))], dim=1)


class Alone(nn.Module):
    """Each image's features as they are."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def execute(self, features: jt.Var) -> jt.Var:
        """(N, width)."""
        return features


MINIBATCH: dict[str, Callable[[int, int], nn.Module]] = {
    "none": lambda width, kernels: Alone(width),
    "discrimination": MinibatchDiscrimination,
    "stddev": lambda width, kernels: MinibatchStddev(width),
}
"""Name -> width of the features, kernels -> module with a ``width`` of its own."""


def couples(network: nn.Module) -> bool:
    """Whether what a network says of an image, in training at least, depends on the other images of the batch."""
    return any(getattr(module, "couples", False) for module in network.modules())
