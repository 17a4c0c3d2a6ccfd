"""The operations of augmentations in torch: each image by its own draw from torch's generator."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad


def sometimes(images: Tensor, probability: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """(N, C, S, S) -> the same shape: each changed with the probability."""
    chosen = torch.rand((len(images), 1, 1, 1), device=images.device) < probability
    return torch.where(chosen, change(images), images)


def translated(images: Tensor, most: int, grey: float) -> Tensor:
    """(N, C, S, S) -> the same shape: each moved by up to so many pixels along each axis."""
    n, channels, side, _ = images.shape
    padded = pad(images, (most,) * 4, value=grey)
    moved = torch.randint(2 * most + 1, (2, n, 1), device=images.device)
    rows, columns = torch.arange(side, device=images.device) + moved  # of the padded image, (N, S) each
    pixels = (rows[:, :, None] * padded.shape[-1] + columns[:, None]).view(n, 1, -1)
    return padded.flatten(2).gather(2, pixels.expand(-1, channels, -1)).view_as(images)


def cut_out(images: Tensor, hole: int, grey: float) -> Tensor:
    """(N, C, S, S) -> the same shape, with a grey square in each."""
    side = images.shape[-1]
    first = torch.randint(-(hole // 2), side - (hole + 1) // 2 + 1, (2, len(images), 1), device=images.device)
    place = torch.arange(side, device=images.device) - first
    rows, columns = (place >= 0) & (place < hole)  # (N, S) each
    return images.masked_fill((rows[:, :, None] & columns[:, None])[:, None], grey)


@torch.no_grad()
def adapt(probability: Tensor, logits: Tensor, target: float, pace: float) -> None:
    """Move a probability, in place, by the sign of the excess of the logits' mean sign over the target."""
    probability.add_(pace * torch.sign(logits.sign().mean() - target)).clamp_(0, 1)
