"""Self-attention between the pixels of feature maps."""

import torch
from torch import Tensor, nn

NARROWER = 8  # times fewer channels inside


class Attention(nn.Module):
    """Each pixel also sees a mean of all pixels, weighted by likeness (Zhang et al. 2019, equations 1 to 3).

    Its gain is 0 at first, so that a network begins with what lies near.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // NARROWER)
        self.key, self.query, self.value = (nn.Conv2d(channels, inner, 1, bias=False) for _ in range(3))  # f, g, h
        self.out = nn.Conv2d(inner, channels, 1, bias=False)  # v
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape. The condition plays no part."""
        key, query, value = (layer(x).flatten(2) for layer in (self.key, self.query, self.value))  # (N, C', H W)
        weights = (query.transpose(1, 2) @ key).softmax(-1)  # (N, H W, H W): of each pixel, over all
        seen = (value @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])  # (N, C', H, W)
        return x + self.gain * self.out(seen)
