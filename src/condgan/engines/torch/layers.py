"""The layers that networks are built of: activations, normalisations, dropout, and what sees the whole batch."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from condgan import recipe
from condgan.engines.torch.conditioning import MODULATED, Modulation, Spec, Unmodulated
from condgan.engines.torch.products import Linear
from condgan.recipe import Domain


class Body(nn.Module):
    """What a network does between its condition and its output; a convolutional one may grow while it trains."""

    stages = 1
    """Resolutions that it grows through."""
    width: int
    """Of a discriminator's or an MLP's features."""

    def grow(self, grown: float) -> None:
        """Stand at 0 <= grown <= stages - 1: so many resolutions beyond the first, the last of them by its fraction."""


class Maxout(nn.Module):
    """The largest of a few linear pieces for each unit (Goodfellow et al. 2013, equation 1)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = Linear(inputs, units * pieces)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, units)."""
        return self.linear(x).view(-1, self.units, self.pieces).amax(-1)


class Dropout(nn.Module):
    """Inverted dropout (Srivastava et al. 2014) that spends 16 random bits on a unit: a seventh of torch's time.

    The rate is rounded to a multiple of 2**-16, and the kept units are scaled by what it really is.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.kept = min(round((1 - rate) * 2**16), 2**16 - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; the identity in eval mode."""
        if not self.training or self.rate == 0:
            return x
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        bits = words.view(torch.int16)[: x.numel()].view(x.shape)
        return x * ((bits < self.kept - 2**15) * (2**16 / self.kept))

    def extra_repr(self) -> str:
        """The rate."""
        return f"rate={self.rate}"


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(0.2),
    "prelu": nn.PReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "maxout": nn.Identity,  # the linear layer itself takes the maximum
}


class GroupNorm(nn.GroupNorm):
    """Torch's, of feature maps in the layout in which it is an order of magnitude faster on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, width, ...), normalised over each group of channels of each image."""
        return super().forward(x.contiguous())


BATCH_NORMS: dict[int, Callable[..., nn.Module]] = {0: nn.BatchNorm1d, 2: nn.BatchNorm2d}
NORMS: dict[str, Callable[[recipe.Network, int, int, bool], nn.Module]] = {
    "none": lambda spec, width, dims, affine: nn.Identity(),
    "batch": lambda spec, width, dims, affine: BATCH_NORMS[dims](width, eps=spec.norm_eps, affine=affine),
    "layer": lambda spec, width, dims, affine: GroupNorm(1, width, spec.norm_eps, affine),
    "instance": lambda spec, width, dims, affine: GroupNorm(width, width, spec.norm_eps, affine),
    "group": lambda spec, width, dims, affine: GroupNorm(math.gcd(spec.groups, width), width, spec.norm_eps, affine),
}
"""Name -> spec, width, spatial dimensions (0 or 2), whether it has a gain and a bias of its own -> module."""


def norm(spec: Spec, width: int, dims: int, domain: Domain) -> tuple[nn.Module, nn.Module]:
    """A normalisation of (N, width) or, with dims = 2, (N, width, H, W), and how the condition enters after it."""
    if spec.condition in MODULATED:
        return NORMS[spec.norm](spec, width, dims, False), Modulation(width, domain)
    return NORMS[spec.norm](spec, width, dims, True), Unmodulated()


class MinibatchDiscrimination(nn.Module):
    """How near each image's features lie to those of the rest of the batch (Salimans et al. 2016, section 3.2).

    The mean over the rest, where the paper has the sum: that grows with the batch, and drowns the features beside it.
    """

    couples = True
    dims = 5  # as in the authors' code

    def __init__(self, width: int, kernels: int) -> None:
        super().__init__()
        self.kernels, self.width = kernels, width + kernels
        self.projection = nn.Linear(width, kernels * self.dims, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(N, width) -> (N, width + kernels)."""
        rows = self.projection(features).view(-1, self.kernels, self.dims).transpose(0, 1).contiguous()  # (B, N, C)
        near = torch.exp(-torch.cdist(rows, rows, p=1)).sum(2) - 1  # without itself
        return torch.cat([features, near.T / max(len(features) - 1, 1)], dim=1)


class MinibatchStddev(nn.Module):
    """The standard deviation of each feature over the batch, on average (Karras et al. 2018, section 3)."""

    couples = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width + 1

    def forward(self, features: Tensor) -> Tensor:
        """(N, width) -> (N, width + 1)."""
        spread = (features.var(0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([features, spread.expand(len(features), 1)], dim=1)


class Alone(nn.Module):
    """Each image's features as they are."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, features: Tensor) -> Tensor:
        """(N, width)."""
        return features


MINIBATCH: dict[str, Callable[[int, int], MinibatchDiscrimination | MinibatchStddev | Alone]] = {
    "none": lambda width, kernels: Alone(width),
    "discrimination": MinibatchDiscrimination,
    "stddev": lambda width, kernels: MinibatchStddev(width),
}
"""Name -> width of the features, kernels -> module with a ``width`` of its own."""


def couples(network: nn.Module) -> bool:
    """Whether what a network says of an image, in training at least, depends on the other images of the batch."""
    return any(
        isinstance(module, nn.modules.batchnorm._BatchNorm) or getattr(module, "couples", False)
        for module in network.modules()
    )


def repeats(network: nn.Module) -> bool:
    """Whether a network in training says the same, and leaves the same behind, when it is asked once more."""
    moved = nn.modules.batchnorm._BatchNorm, parametrizations._SpectralNorm
    return not any(
        isinstance(module, moved) or (isinstance(module, Dropout) and module.rate) for module in network.modules()
    )


WITH_SPECTRUM = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)


def normalise_spectra(network: nn.Module) -> None:
    """Divide each weight matrix by its largest singular value, found by a power iteration a step (Miyato et al. 2018).

    Gains and biases of conditions are left alone: they begin at 0, which has no direction.
    """
    for module in list(network.children()):
        if isinstance(module, WITH_SPECTRUM):
            parametrizations.spectral_norm(module)
        elif not isinstance(module, Modulation):
            normalise_spectra(module)
