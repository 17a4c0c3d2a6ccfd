"""Networks of strided 4 x 4 convolutions (Radford et al. 2016)."""

import jittor as jt
from jittor import nn

from condgan.engines.jittor.conditioning import Spec
from condgan.engines.jittor.convolutional import ConvolutionalDiscriminator, ConvolutionalGenerator, Kind, Map
from condgan.engines.jittor.linear import Convolution, normal
from condgan.recipe import Domain


class Up(Convolution):
    """To twice the side, cut off at the end where the side is odd: the transpose of ``Down``."""

    def __init__(self, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(inputs, channels, 4, stride=2, padding=1, bias=bias, transposed=True)
        self.side = side

    def execute(self, x: jt.Var) -> jt.Var:
        """(N, inputs, ceil(side / 2), ceil(side / 2)) -> (N, channels, side, side)."""
        return super().execute(x)[:, :, : self.side, : self.side]


class Down(Convolution):
    """To half the side, rounded up."""

    def __init__(self, inputs: int, channels: int, side: int, bias: bool) -> None:
        super().__init__(inputs, channels, 4, stride=2, padding=1, bias=bias)
        self.odd = side % 2

    def execute(self, x: jt.Var) -> jt.Var:
        """(N, inputs, side, side) -> (N, channels, ceil(side / 2), ceil(side / 2))."""
        return super().execute(nn.pad(x, (0, 1, 0, 1)) if self.odd else x)


class DCGAN(Kind):
    """Each layer is a convolution with what follows it."""

    def __init__(self, spec: Spec, domain: Domain) -> None:
        super().__init__(spec, domain)
        self.blocks = spec.depth - 1  # the change of resolution is a convolution, too

    def begun(self, linear: Map) -> Map:
        """Weights N(0, 0.02^2) (section 4), which normalisations scale up; without them signals would fade."""
        linear = super().begun(linear)
        if self.spec.norm != "none":
            linear.weight = normal(tuple(linear.weight.shape), 0.02)
        return linear

    def entry(self, inputs: int, channels: int) -> Convolution:
        """Strided, where there are no layers at the full resolution."""
        return Down(inputs, channels, self.domain.size, True) if self.strided_ends else super().entry(inputs, channels)

    def to_image(self, channels: int) -> nn.Module:
        """The same of the last one."""
        if self.strided_ends:
            return self.begun(Up(channels, self.domain.channels, self.domain.size, True))
        return super().to_image(channels)

    def block(self, channels: int) -> nn.Module:
        """A 3 x 3 convolution."""
        return self.layer(Convolution(channels, channels, 3, padding=1, bias=self.bias), channels)

    def up(self, inputs: int, channels: int, side: int) -> nn.Module:
        """A transposed convolution."""
        return self.layer(Up(inputs, channels, side, self.bias), channels)

    def down(self, inputs: int, channels: int, side: int) -> nn.Module:
        """A strided convolution."""
        return self.layer(Down(inputs, channels, side, self.bias), channels)


class DCGANGenerator(ConvolutionalGenerator):
    """Latents to images."""

    kind = DCGAN


class DCGANDiscriminator(ConvolutionalDiscriminator):
    """Images to features."""

    kind = DCGAN
