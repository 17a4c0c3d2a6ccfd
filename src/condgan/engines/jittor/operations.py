"""The operations that networks are written over, in Jittor."""

import math
from collections.abc import Callable
from contextlib import nullcontext

import jittor as jt
import numpy as np
import numpy.typing as npt
from jittor import nn

from condgan.engines.bodies.operations import Operations
from condgan.engines.jittor import augment, layers, randomness, tensors
from condgan.engines.jittor.layers import Activation
from condgan.engines.jittor.linear import (
    Convolution,
    Embedding,
    Linear,
    Module,
    Transposed,
    Weighted,
    normal,
    unfilled,
    uniform,
)
from condgan.engines.jittor.spectral import spectral

Array = npt.NDArray[np.generic]


def fan(linear: Weighted) -> float:
    """Inputs of a unit of a linear map or a convolution."""
    strides = linear.options["stride"] ** 2 if isinstance(linear, Transposed) else 1
    return linear.weight.numel() / linear.weight.shape[linear.outputs] / strides


def xavier(layer: Weighted) -> None:
    """The weight is uniform (Glorot & Bengio 2010, equation 16)."""
    rows, columns = layer.weight.shape
    layer.weight = uniform((rows, columns), math.sqrt(6 / (rows + columns)))


def one_hot(labels: jt.Var, classes: int) -> jt.Var:
    """Labels (N,), or weights (N, K) as they are -> (N, K)."""
    return labels if labels.ndim == 2 else (labels.unsqueeze(1) == jt.arange(classes)).float32()


def cross_entropy(logits: jt.Var, labels: jt.Var) -> jt.Var:
    """(N, K) and (N,) -> (N,)."""
    logits = logits - logits.max(dim=1, keepdims=True).detach()
    return jt.log(jt.exp(logits).sum(dim=1)) - (logits * one_hot(labels, logits.shape[1])).sum(dim=1)


def slope(function: Callable[[jt.Var], jt.Var], images: jt.Var) -> jt.Var:
    """Gradient of a scalar function at images, (N, ...) -> (N, ...)."""
    images = images.detach()
    images.start_grad()
    return jt.grad(function(images), images)


def evaluated(
    network: nn.Module, compute: Callable[..., jt.Var], arrays: tuple[Array, ...], chunk: int, independent: bool
) -> Array:
    """A function of arrays, (N, ...), in eval mode, of some rows at a time."""
    training, count, parts = network.training, len(arrays[0]), []
    set_training(network, False)
    try:
        with jt.no_grad():
            for first in range(0, count, chunk):
                rows = [array[first : first + chunk] for array in arrays]
                here = len(rows[0])
                if independent:  # filled up: Jittor compiles for each number of rows
                    rows = [np.concatenate([array, np.repeat(array[:1], chunk - here, axis=0)]) for array in rows]
                parts.append(np.array(compute(*map(jt.array, rows)).numpy()[:here]))
    finally:
        set_training(network, training)
    return np.concatenate(parts)


def set_training(network: nn.Module, training: bool) -> None:
    """Train or eval mode of all its modules; Jittor's own ``eval()`` would also stop the gradients of its weights."""
    for module in network.modules():
        module.training = training


def refused(*_: object) -> jt.Var:
    """Of networks that grow, which this engine has not (``limits``)."""
    raise NotImplementedError("networks do not grow in Jittor")


# None by jt.maximum, nor by max(): their gradients compare a result with what it was computed from, and in a fused
# operator that is computed twice, and not always the same: a third of the gradient was lost.
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: Activation(nn.relu),
    "leaky-relu": lambda: Activation(lambda x: nn.leaky_relu(x, 0.2)),
    "prelu": layers.PReLU,
    "silu": lambda: Activation(lambda x: x * x.sigmoid()),
    # fused, the costly erf would be computed anew in each operator that needs it
    "gelu": lambda: Activation(lambda x: x * 0.5 * (1 + (x / math.sqrt(2)).erf().stop_fuse())),
    "elu": lambda: Activation(lambda x: jt.ternary(x > 0, x, jt.ternary(x > 0, 0 * x, x).exp() - 1)),
    "maxout": lambda: Activation(lambda x: x),  # the linear layer itself takes the maximum
}

JITTOR = Operations(
    Module=Module,
    List=lambda modules: nn.ModuleList(*modules),
    Named=layers.Named,
    Linear=Linear,
    PlainLinear=Linear,
    Convolution=Convolution,
    Transposed=Transposed,
    Embedding=Embedding,
    BatchNorm=layers.BatchNorm,
    GroupNorm=layers.GroupNorm,
    Identity=lambda: Activation(lambda x: x),
    Dropout=layers.Dropout,
    activations=ACTIVATIONS,
    weighted=(Weighted,),
    fan=fan,
    normal=lambda layer, deviation: setattr(layer, "weight", normal(tuple(layer.weight.shape), deviation)),
    xavier=xavier,
    zero=lambda layer, name: setattr(layer, name, jt.zeros_like(getattr(layer, name))),
    spectral=spectral,
    parameter=lambda number: jt.array(np.full(1, number, np.float32)),
    buffer=refused,
    joined=layers.joined,
    nothing=lambda labels: None,
    one_hot=one_hot,
    flat=lambda x: x.reshape(len(x), -1),
    maps=lambda x, shape: x.reshape(-1, *shape),
    over_pixels=layers.over_pixels,
    laid_out=lambda maps: maps,
    padded=lambda maps, rows, columns: nn.pad(maps, (0, columns, 0, rows)),
    doubled=lambda maps, size: layers.resampled(maps, *map(layers.doubling, size)),
    halved=lambda maps: layers.resampled(maps, *map(layers.halving, maps.shape[2:])),
    repeated=refused,
    blended=refused,
    attended=layers.attended,
    largest=layers.largest,
    near=layers.near,
    spread=lambda rows: (
        ((rows - rows.mean(dim=0, keepdims=True)).sqr().mean(dim=0) + 1e-8).sqrt().mean().broadcast((len(rows), 1))
    ),
    squash={"tanh": jt.tanh, "sigmoid": jt.sigmoid},
    read=lambda images, scale, low: images.float32() * scale + low,
    show=lambda images, scale, low: ((images - low) * scale).round().clamp(0, 255).uint8(),
    like=lambda x, other: x,
    stacked=lambda first, second: jt.concat([first, second], dim=0),
    softplus=lambda x: jt.ternary(x > 0, x, 0.0 * x) + jt.log(1 + jt.exp(jt.ternary(x > 0, -x, x))),
    relu=lambda x: jt.ternary(x > 0, x, 0.0 * x),
    cross_entropy=cross_entropy,
    uniform=lambda like, shape: jt.array(randomness.generator().random(shape, np.float32)),
    slope=slope,
    sometimes=augment.sometimes,
    noisy=augment.noisy,
    translated=augment.translated,
    cut_out=augment.cut_out,
    adapt=augment.adapt,
    state=tensors.state,
    copies=tensors.copies,
    copy_into=tensors.copy_into,
    unfilled=unfilled,
    fill=lambda network, arrays: tensors.copy_into(tensors.state(network), arrays),
    detached=lambda network, *arguments: network(*arguments).detach(),
    plain=lambda figure: figure,
    total=sum,
    mean=lambda values: sum(values) / len(values),
    norms=lambda rows: rows.reshape(len(rows), -1).sqr().sum(dim=1).sqrt(),
    evaluated=evaluated,
    full_precision=lambda x: nullcontext(),
)
