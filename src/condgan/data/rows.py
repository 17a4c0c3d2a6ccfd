"""What engines and evaluation need of data, wherever it lies: an array is one source, shards read in turn another."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels, Samples
from condgan.draws import block

Index = npt.NDArray[np.int64] | slice
"""Row numbers (n,), in any order and with repeats, or a range of rows."""


class Rows(ABC):
    """N samples and their conditions, by number.

    Attributes:
        resident: whether all samples fit in memory at once; an engine may then copy them to its device.
    """

    resident: ClassVar[bool] = False

    @abstractmethod
    def __len__(self) -> int:
        """The number of rows, N."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """A hash of all samples and conditions, and of their shapes."""

    @abstractmethod
    def take(self, index: Index) -> tuple[Samples, Conditions]:
        """Rows -> samples (n, C, H, W) uint8 or (n, D) float32, and conditions (n,) int64 or (n, V) float32."""

    def conditions(self, index: Index) -> Conditions:
        """The conditions alone: a source overrides it where they can be read without the samples."""
        return self.take(index)[1]

    def class_counts(self, classes: int) -> Labels:
        """Rows of each class, (K,); where conditions are vectors, all rows as one class, (1,)."""
        conditions = self.conditions(slice(None))
        return np.bincount(conditions, minlength=classes) if conditions.ndim == 1 else np.array([len(self)])

    def order(self, seed: int, epoch: int) -> npt.NDArray[np.int64]:
        """The order in which an epoch visits the rows: a permutation (N,), or the shards' order and that within each.

        It depends on nothing else, so that a resumed training visits the same rows.
        """
        return block.order(seed, epoch, len(self))
