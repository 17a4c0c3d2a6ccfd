"""How a label becomes a vector: one small module each, (N,) int64 -> (N, width)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class OneHot(nn.Module):
    """1 at the label, 0 elsewhere."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, labels: Tensor) -> Tensor:
        """(N,) -> (N, K)."""
        return F.one_hot(labels, self.classes).to(torch.float32)


class Nothing(nn.Module):
    """The unconditional case: a vector of width 0."""

    def forward(self, labels: Tensor) -> Tensor:
        """(N,) -> (N, 0)."""
        return labels.new_empty((len(labels), 0), dtype=torch.float32)


CONDITIONS: dict[str, Callable[[int], tuple[nn.Module, int]]] = {
    "embedding": lambda classes: (nn.Embedding(classes, classes), classes),
    "one-hot": lambda classes: (OneHot(classes), classes),
    "none": lambda classes: (Nothing(), 0),
}
"""Name -> number of classes -> (module, width)."""
