"""Networks of strided 4 x 4 convolutions (Radford et al. 2016)."""

from typing import Any

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.convolutional import Kind, Size
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.recipe import Domain


class Strided(Module):
    """A 4 x 4 convolution between a size and its half, rounded up."""

    def __init__(self, ops: Operations, inputs: int, channels: int, size: Size, bias: bool) -> None:
        super().__init__(ops, inputs, channels, 4, stride=2, padding=1, bias=bias)
        self.size = size


class Up(Strided):
    """To twice the size, cut off at the end of an odd side: the transpose of ``Down``."""

    base = "Transposed"

    def forward(self, x: Array) -> Array:
        """(N, inputs, ceil(H / 2), ceil(W / 2)) -> (N, channels, H, W)."""
        height, width = self.size
        return super().forward(x)[:, :, :height, :width]


class Down(Strided):
    """To half the size, rounded up."""

    base = "Convolution"

    def forward(self, x: Array) -> Array:
        """(N, inputs, H, W) -> (N, channels, ceil(H / 2), ceil(W / 2))."""
        rows, columns = (side % 2 for side in self.size)
        return super().forward(self.ops.padded(x, rows, columns) if rows or columns else x)


class DCGAN(Kind):
    """Each layer is a convolution with what follows it."""

    def __init__(self, ops: Operations, spec: Spec, domain: Domain) -> None:
        super().__init__(ops, spec, domain)
        self.blocks = spec.depth - 1  # the change of resolution is a convolution, too

    def initialised(self, linear: Any) -> Any:
        """Weights N(0, 0.02^2) (section 4), which normalisations scale up; without them signals would fade."""
        linear = super().initialised(linear)
        if self.spec.norm != "none":
            self.ops.normal(linear, 0.02)
        return linear

    def entry(self, inputs: int, channels: int) -> Any:
        """Strided, where there are no layers at the full resolution."""
        if self.strided_ends:
            return Down(self.ops, inputs, channels, self.size, True)
        return super().entry(inputs, channels)

    def to_image(self, channels: int) -> Any:
        """The same of the last one."""
        if self.strided_ends:
            return self.initialised(Up(self.ops, channels, self.domain.channels, self.size, True))
        return super().to_image(channels)

    def block(self, channels: int) -> Any:
        """A 3 x 3 convolution."""
        return self.layer(self.ops.Convolution(channels, channels, 3, padding=1, bias=self.bias), channels)

    def up(self, inputs: int, channels: int, size: Size) -> Any:
        """A transposed convolution."""
        return self.layer(Up(self.ops, inputs, channels, size, self.bias), channels)

    def down(self, inputs: int, channels: int, size: Size) -> Any:
        """A strided convolution."""
        return self.layer(Down(self.ops, inputs, channels, size, self.bias), channels)
