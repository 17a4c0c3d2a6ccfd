"""Self-attention between the pixels of feature maps."""

import jittor as jt
from jittor import nn

from condgan.engines.jittor.linear import Convolution

NARROWER = 8  # times fewer channels inside


class Attention(nn.Module):
    """Each pixel also sees a mean of all pixels, weighted by likeness (Zhang et al. 2019, equations 1 to 3).

    Its gain is 0 at first, so that a network begins with what lies near.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // NARROWER)
        self.key, self.query, self.value = (Convolution(channels, inner, 1, bias=False) for _ in range(3))  # f, g, h
        self.out = Convolution(inner, channels, 1, bias=False)  # v
        self.gain = jt.zeros(1)

    def execute(self, x: jt.Var, labels: jt.Var) -> jt.Var:
        """(N, C, H, W) -> the same shape. The condition plays no part."""
        n, _, height, width = x.shape
        key, query, value = (layer(x).reshape(n, -1, height * width) for layer in (self.key, self.query, self.value))
        weights = nn.softmax(nn.bmm(query.transpose(0, 2, 1), key), dim=2)  # (N, H W, H W): of each pixel, over all
        seen = nn.bmm(value, weights.transpose(0, 2, 1)).reshape(n, -1, height, width)  # (N, C', H, W)
        return x + self.gain * self.out(seen)
