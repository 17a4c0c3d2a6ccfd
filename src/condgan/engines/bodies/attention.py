"""Self-attention between the pixels of feature maps."""

from condgan.engines.bodies.operations import Array, Module, Operations

NARROWER = 8  # times fewer channels inside


class Attention(Module):
    """Each pixel also sees a mean of all pixels, weighted by likeness (Zhang et al. 2019, equations 1 to 3).

    Its gain is 0 at first, so that a network begins with what lies near.
    """

    def __init__(self, ops: Operations, channels: int) -> None:
        super().__init__(ops)
        inner = max(1, channels // NARROWER)
        self.key, self.query, self.value = (
            ops.Convolution(channels, inner, 1, bias=False) for _ in range(3)
        )  # f, g, h
        self.out = ops.Convolution(inner, channels, 1, bias=False)  # v
        self.gain = ops.parameter(0.0)

    def forward(self, x: Array, labels: Array) -> Array:
        """(N, C, H, W) -> the same shape. The condition plays no part."""
        n, _, height, width = x.shape
        key, query, value = (layer(x).reshape(n, -1, height * width) for layer in (self.key, self.query, self.value))
        seen = self.ops.attended(key, query, value).reshape(n, -1, height, width)  # (N, C', H, W)
        return x + self.gain * self.out(seen)
