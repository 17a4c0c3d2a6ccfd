"""The operations of augmentations in torch: each image by its own draw from torch's generator."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad


def sometimes(images: Tensor, probability: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """(N, C, H, W) -> the same shape: each changed with the probability."""
    chosen = torch.rand((len(images), 1, 1, 1), device=images.device) < probability
    return torch.where(chosen, change(images), images)


def translated(images: Tensor, most: tuple[int, int], grey: float) -> Tensor:
    """(N, C, H, W) -> the same shape: each moved by up to so many rows and columns."""
    n, channels, height, width = images.shape
    padded = pad(images, (most[1], most[1], most[0], most[0]), value=grey)
    down, right = whole_numbers(images, (2 * most[0] + 1, 2 * most[1] + 1))
    rows = torch.arange(height, device=images.device) + down  # of the padded image, (N, H)
    columns = torch.arange(width, device=images.device) + right  # (N, W)
    pixels = (rows[:, :, None] * padded.shape[-1] + columns[:, None]).view(n, 1, -1)
    return padded.flatten(2).gather(2, pixels.expand(-1, channels, -1)).view_as(images)


def cut_out(images: Tensor, hole: tuple[int, int], grey: float) -> Tensor:
    """(N, C, H, W) -> the same shape, with a grey rectangle of a height and width in each."""
    height, width = images.shape[2:]
    # its middle is any pixel, or where a side is even any corner of one: one place more
    places = whole_numbers(images, (height + 1 - hole[0] % 2, width + 1 - hole[1] % 2))
    inside = []
    for side, length, middle in zip((height, width), hole, places, strict=True):
        place = torch.arange(side, device=images.device) - (middle - length // 2)
        inside.append((place >= 0) & (place < length))
    rows, columns = inside  # (N, H), (N, W)
    return images.masked_fill((rows[:, :, None] & columns[:, None])[:, None], grey)


def whole_numbers(images: Tensor, below: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Two numbers for each image, (N, 1) each: from 0, below the first limit, and below the second."""
    n, device = len(images), images.device
    if below[0] == below[1]:  # one call: a GPU's numbers depend on how many calls there are
        first, second = torch.randint(below[0], (2, n, 1), device=device)
        return first, second
    return torch.randint(below[0], (n, 1), device=device), torch.randint(below[1], (n, 1), device=device)


@torch.no_grad()
def adapt(probability: Tensor, logits: Tensor, target: float, pace: float) -> None:
    """Move a probability, in place, by the sign of the excess of the logits' mean sign over the target."""
    probability.add_(pace * torch.sign(logits.sign().mean() - target)).clamp_(0, 1)
