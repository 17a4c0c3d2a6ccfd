"""The networks. They map tensors and know nothing of training."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from condgan import recipe
from condgan.engines.torch.conditioning import CONDITIONS
from condgan.recipe import Domain


class Maxout(nn.Module):
    """The largest of a few linear pieces for each unit (Goodfellow et al. 2013, equation 1)."""

    def __init__(self, inputs: int, units: int, pieces: int) -> None:
        super().__init__()
        self.units, self.pieces = units, pieces
        self.linear = nn.Linear(inputs, units * pieces)

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
    "maxout": nn.Identity,  # the linear layer itself takes the maximum
}
NORMS: dict[str, Callable[[int, float], nn.Module]] = {
    "none": lambda width, eps: nn.Identity(),
    "batch": lambda width, eps: nn.BatchNorm1d(width, eps=eps),
}
OUTPUTS: dict[str, tuple[Callable[[Tensor], Tensor], float, float]] = {
    "tanh": (torch.tanh, 2.0, -1.0),
    "sigmoid": (torch.sigmoid, 1.0, 0.0),
}
"""Name -> (function, span, lowest value): images are scaled to [lowest, lowest + span]."""


class Layer(nn.Module):
    """Linear (or maxout), normalisation, activation, dropout."""

    def __init__(self, spec: recipe.MLP, inputs: int, units: int, pieces: int, plain: bool) -> None:
        super().__init__()
        self.linear = Maxout(inputs, units, pieces) if spec.activation == "maxout" else nn.Linear(inputs, units)
        self.norm = NORMS["none" if plain else spec.norm](units, spec.norm_eps)
        self.activation = ACTIVATIONS[spec.activation]()
        self.dropout = Dropout(0.0 if plain else spec.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, units)."""
        return self.dropout(self.activation(self.norm(self.linear(x))))


class Trunk(nn.Module):
    """The layers that generator and discriminator have in common: an input and a label to the last hidden layer."""

    def __init__(self, spec: recipe.MLP, inputs: int, classes: int) -> None:
        super().__init__()
        self.condition, label = CONDITIONS[spec.condition](classes)
        pieces = list(spec.pieces) or [1] * (len(spec.hidden) + 2)
        self.input_branch: nn.Module = nn.Identity()
        self.label_branch: nn.Module = nn.Identity()
        if spec.branches:
            self.input_branch = Layer(spec, inputs, spec.branches[0], pieces.pop(0), spec.plain_first)
            self.label_branch = Layer(spec, label, spec.branches[1], pieces.pop(0), spec.plain_first)
            inputs, label = spec.branches
        layers = []
        width = inputs + label
        for number, units in enumerate(spec.hidden):
            plain = spec.plain_first and number == 0 and not spec.branches
            layers.append(Layer(spec, width, units, pieces[number], plain))
            width = units
        self.hidden = nn.Sequential(*layers)
        self.width = width

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """(N, inputs) and (N,) -> (N, width)."""
        joined = torch.cat([self.input_branch(x), self.label_branch(self.condition(labels))], dim=1)
        return self.hidden(joined)


class Generator(nn.Module):
    """Latents and labels to images."""

    def __init__(self, spec: recipe.Generator, dim: int, domain: Domain) -> None:
        super().__init__()
        self.shape = (domain.channels, domain.size, domain.size)
        self.trunk = Trunk(spec, dim, domain.classes)
        self.out = nn.Linear(self.trunk.width, domain.channels * domain.size**2)
        self.squash = OUTPUTS[spec.output][0]

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """(N, dim) and (N,) -> (N, C, H, W) in the range of the output function."""
        return self.squash(self.out(self.trunk(latents, labels))).view(-1, *self.shape)


class Discriminator(nn.Module):
    """Images and labels to logits."""

    def __init__(self, spec: recipe.Discriminator, domain: Domain) -> None:
        super().__init__()
        self.trunk = Trunk(spec, domain.channels * domain.size**2, domain.classes)
        self.out = nn.Linear(self.trunk.width, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """(N, C, H, W) and (N,) -> (N,)."""
        return self.out(self.trunk(images.flatten(1), labels)).squeeze(1)


def to_float(images: Tensor, output: str) -> Tensor:
    """uint8 images to the generator's range."""
    _, span, low = OUTPUTS[output]
    return images.to(torch.float32).mul_(span / 255).add_(low)


def to_uint8(images: Tensor, output: str) -> Tensor:
    """Images in the generator's range to uint8, rounded to the nearest grey level."""
    _, span, low = OUTPUTS[output]
    return images.sub(low).mul_(255 / span).round_().clamp_(0, 255).to(torch.uint8)
