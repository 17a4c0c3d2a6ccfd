"""The operations that networks are written over, in torch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from condgan.engines.bodies.operations import Operations
from condgan.engines.torch import layers
from condgan.engines.torch.fast.products import Linear

TORCH = Operations(
    Module=nn.Module,
    List=nn.ModuleList,
    Named=nn.ModuleDict,
    Linear=Linear,
    PlainLinear=nn.Linear,
    Convolution=nn.Conv2d,
    Transposed=nn.ConvTranspose2d,
    Embedding=layers.Embedding,
    BatchNorm=layers.batch_norm,
    GroupNorm=layers.GroupNorm,
    Identity=nn.Identity,
    Dropout=layers.Dropout,
    activations={
        "relu": nn.ReLU,
        "leaky-relu": lambda: nn.LeakyReLU(0.2),
        "prelu": nn.PReLU,
        "silu": nn.SiLU,
        "gelu": nn.GELU,
        "elu": nn.ELU,
        "maxout": nn.Identity,  # the linear layer itself takes the maximum
    },
    weighted=(nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding),
    fan=layers.fan,
    normal=lambda layer, deviation: nn.init.normal_(layer.weight, std=deviation),
    xavier=lambda layer: nn.init.xavier_uniform_(layer.weight),
    zero=lambda layer, name: nn.init.zeros_(getattr(layer, name)),
    spectral=parametrizations.spectral_norm,
    parameter=lambda number: nn.Parameter(torch.tensor(number)),
    buffer=lambda module, name, number: module.register_buffer(name, torch.tensor(number)),
    joined=lambda *parts: torch.cat(parts, dim=1),
    nothing=lambda labels: labels.new_empty((len(labels), 0), dtype=torch.float32),
    one_hot=layers.one_hot,
    flat=lambda x: x.flatten(1),
    maps=lambda x, shape: layers.laid_out(x.unflatten(1, shape)),
    over_pixels=layers.over_pixels,
    laid_out=layers.laid_out,
    padded=lambda maps: F.pad(maps, (0, 1, 0, 1)),
    doubled=lambda maps, side: F.interpolate(maps, size=(side, side), mode="bilinear"),
    halved=lambda maps: F.avg_pool2d(maps, 2, ceil_mode=True),
    repeated=lambda maps, side: F.interpolate(maps, size=(side, side), mode="nearest"),
    blended=torch.lerp,
    attended=layers.attended,
    largest=lambda pieces: pieces.amax(-1),
    near=layers.near,
    spread=layers.spread,
    squash={"tanh": torch.tanh, "sigmoid": torch.sigmoid},
    read=lambda images, scale, low: images.to(torch.float32).mul_(scale).add_(low),
    show=lambda images, scale, low: images.sub(low).mul_(scale).round_().clamp_(0, 255).to(torch.uint8),
    like=lambda x, other: x.to(other.dtype),
    evaluated=layers.evaluated,
    full_precision=lambda x: torch.autocast(x.device.type, enabled=False),
)
