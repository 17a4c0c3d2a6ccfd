"""Networks of strided 4 x 4 convolutions (Radford et al. 2016)."""

from typing import Any

from condgan.engines.bodies.conditioning import Spec
from condgan.engines.bodies.convolutional import Kind
from condgan.engines.bodies.operations import Array, Module, Operations
from condgan.recipe import Domain


class Strided(Module):
    """A 4 x 4 convolution between a side and its half, rounded up."""

    def __init__(self, ops: Operations, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(ops, inputs, channels, 4, stride=2, padding=1, bias=bias)
        self.side = side


class Up(Strided):
    """To twice the side, cut off at the end where the side is odd: the transpose of ``Down``."""

    base = "Transposed"

    def forward(self, x: Array) -> Array:
        """(N, inputs, ceil(side / 2), ceil(side / 2)) -> (N, channels, side, side)."""
        return super().forward(x)[:, :, : self.side, : self.side]


class Down(Strided):
    """To half the side, rounded up."""

    base = "Convolution"

    def forward(self, x: Array) -> Array:
        """(N, inputs, side, side) -> (N, channels, ceil(side / 2), ceil(side / 2))."""
        return super().forward(self.ops.padded(x) if self.side % 2 else x)


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
            return Down(self.ops, inputs, channels, self.domain.size, True)
        return super().entry(inputs, channels)

    def to_image(self, channels: int) -> Any:
        """The same of the last one."""
        if self.strided_ends:
            return self.initialised(Up(self.ops, channels, self.domain.channels, self.domain.size, True))
        return super().to_image(channels)

    def block(self, channels: int) -> Any:
        """A 3 x 3 convolution."""
        return self.layer(self.ops.Convolution(channels, channels, 3, padding=1, bias=self.bias), channels)

    def up(self, inputs: int, channels: int, side: int) -> Any:
        """A transposed convolution."""
        return self.layer(Up(self.ops, inputs, channels, side, self.bias), channels)

    def down(self, inputs: int, channels: int, side: int) -> Any:
        """A strided convolution."""
        return self.layer(Down(self.ops, inputs, channels, side, self.bias), channels)
