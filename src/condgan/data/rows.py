"""What engines and evaluation need of data, wherever it lies: an array is one source, shards read in turn another."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels, Samples
from condgan.draws import block
from condgan.draws.philox import Stream, permutation

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


def resampled(labels: Labels, how: Literal["balanced", "sqrt"], seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The rows of an epoch, (N,), in which classes occur equally often, or by the root of their counts.

    A class that needs more rows than it has visits them all before it repeats one, in a new order each time; one that
    needs fewer visits a random part.
    """
    counts = np.bincount(labels)
    weights = (counts > 0) * (np.sqrt(counts) if how == "sqrt" else 1.0)
    ends = np.floor(np.cumsum(weights) / weights.sum() * len(labels) + 0.5).astype(np.int64)
    wanted = np.diff(ends, prepend=0)
    rows = np.empty(len(labels), np.int64)
    for label, members in enumerate(np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])):
        start, taken = ends[label] - wanted[label], 0
        while taken < wanted[label]:
            number = (epoch << 32) + (label << 12) + min(taken // len(members), (1 << 12) - 1)
            part = members[permutation(seed, Stream.SAMPLING, number, len(members))][: wanted[label] - taken]
            rows[start + taken : start + taken + len(part)] = part
            taken += len(part)
    return rows[block.order(seed, epoch, len(rows))]
