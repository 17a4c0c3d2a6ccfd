"""The layers that torch lacks, or has slower."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations


class Embedding(nn.Embedding):
    """A vector for each class, or a weighted sum of them."""

    def forward(self, labels: Tensor) -> Tensor:
        """Labels (N,) int64, or weights of the classes (N, K) float32 -> (N, width)."""
        return labels @ self.weight if labels.is_floating_point() else super().forward(labels)


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) by 16 random bits for a unit: a seventh of torch's time."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        # rounded to a multiple of 2**-16; units that stay are scaled accordingly
        self.rate, self.staying = rate, min(round((1 - rate) * 2**16), 2**16 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the identity in eval mode."""
        if not self.training or self.rate == 0:
            return x
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        bits = words.view(torch.int16)[: x.numel()].view(x.shape)
        return x * ((bits < self.staying - 2**15) * (2**16 / self.staying))


def batch_norm(width: int, eps: float, affine: bool, dims: int) -> nn.Module:
    """Over the batch and 0 or 2 spatial dimensions."""
    norm: Any = {0: nn.BatchNorm1d, 2: nn.BatchNorm2d}[dims](width, eps=eps, affine=affine)
    norm.couples = True
    return norm


class GroupNorm(nn.GroupNorm):
    """Torch's, of feature maps in the layout in which it is an order of magnitude faster on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, ...), normalised over each group of channels of each image."""
        return super().forward(x.contiguous())


def near(rows: Tensor) -> Tensor:
    """(N, B, C) -> (N, B): the sum over the other rows of exp(-L1 distance)."""
    rows = rows.transpose(0, 1).contiguous()  # (B, N, C)
    return (torch.exp(-torch.cdist(rows, rows, p=1)).sum(2) - 1).T  # without itself


def attended(key: Tensor, query: Tensor, value: Tensor) -> Tensor:
    """(N, C, P) each -> (N, C, P): for each place the mean of the values, weighted by likeness of key and query."""
    weights = (query.transpose(1, 2) @ key).softmax(-1)  # (N, P, P): of each place, over all
    return value @ weights.transpose(1, 2)


def laid_out(maps: Tensor) -> Tensor:
    """(N, C, H, W), the channels of a pixel side by side: convolutions are faster so."""
    return maps.contiguous(memory_format=torch.channels_last)


def fan(linear: nn.Module) -> float:
    """Inputs of a unit of a linear map or a convolution."""
    weight = linear.get_parameter("weight")
    if isinstance(linear, nn.ConvTranspose2d):
        return weight.numel() / weight.shape[1] / (linear.stride[0] * linear.stride[1])
    return weight.numel() / weight.shape[0]


def slope(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Gradient of a scalar function at images, (N, ...) -> (N, ...)."""
    images = images.detach().requires_grad_()
    return torch.autograd.grad(function(images), images, create_graph=True)[0]


@torch.inference_mode()
def evaluated(
    network: nn.Module,
    compute: Callable[..., Tensor],
    arrays: Sequence[npt.NDArray[np.generic]],
    chunk: int,
    independent: bool,
) -> npt.NDArray[np.generic]:
    """A function of arrays, (N, ...), in eval mode, of so many rows at a time."""
    training, device = network.training, next(network.parameters()).device
    network.eval()
    try:
        chunks = zip(*(torch.from_numpy(array).split(chunk) for array in arrays), strict=True)
        parts = [compute(*(rows.to(device) for rows in given)).cpu().numpy() for given in chunks]
    finally:
        network.train(training)
    return np.concatenate(parts)


def repeats(network: nn.Module) -> bool:
    """Whether a network in training returns identical scores, and leaves the same state, when it is called again."""
    moved = nn.modules.batchnorm._BatchNorm, parametrizations._SpectralNorm
    return not any(
        isinstance(module, moved) or (isinstance(module, Dropout) and module.rate) for module in network.modules()
    )
