"""The arithmetic of the losses, in torch."""

import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.engines import losses


class Scores(losses.Scores):
    """See ``condgan.engines.losses.Scores``."""

    @staticmethod
    def joined(first: Tensor, second: Tensor) -> Tensor:
        """(N, ...) and (M, ...) -> (N + M, ...)."""
        return torch.cat([first, second])

    @staticmethod
    def softplus(x: Tensor) -> Tensor:
        """log(1 + exp(x)); any shape."""
        return F.softplus(x)

    @staticmethod
    def relu(x: Tensor) -> Tensor:
        """The positive part; any shape."""
        return F.relu(x)

    @staticmethod
    def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
        """(N, K) and (N,) -> (N,)."""
        return F.cross_entropy(logits, labels, reduction="none")

    @staticmethod
    def uniform(like: Tensor, shape: tuple[int, ...]) -> Tensor:
        """From torch's generator."""
        return torch.rand(shape, dtype=like.dtype, device=like.device)

    def slope(self, images: Tensor, labels: Tensor) -> Tensor:
        """(N, ...) and conditions (N, ...) -> (N, ...)."""
        images = images.detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.judge(images, labels).logits.sum(), images, create_graph=True)
        return slope
