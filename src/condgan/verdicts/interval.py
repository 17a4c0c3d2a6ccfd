"""The difference of two ways to train a classifier, and how sure it is.

Each way is trained with the same seeds, and tested on the same images; with synthetic images also once for each
generator. The difference varies with all three, so its variance has a part of each: seeds and generators are crossed
(Searle, Casella & McCulloch 1992, chapter 4), the degrees of freedom are Satterthwaite's (1946). Where generators
differ by no more than chance, their part is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

POOLED = 0.25  # p-value of the generators from which on they are taken to differ by nothing (Bancroft 1944)
LEVEL = 0.02  # a difference of 0 is outside of one interval in so many

Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Interval:
    """A difference in points (100 times a share), and the interval of 98 % around it.

    Attributes:
        difference, low, high: points.
        of_images, of_trainings: the variance, in points squared, that comes of the test images and of seeds and
            generators: what would narrow the interval.
    """

    difference: float
    low: float
    high: float
    of_images: float
    of_trainings: float

    @property
    def half(self) -> float:
        """Half its width: about the least difference that could have been seen."""
        return (self.high - self.low) / 2


def weights(labels: npt.NDArray[np.int64], balanced: bool, only: int | None = None) -> Floats:
    """What each test image counts, (N,), with sum 1: the same, or the same for each class, or those of one class."""
    if only is not None:
        chosen = labels == only
        return np.asarray(chosen / chosen.sum())
    if not balanced:
        return np.full(len(labels), 1 / len(labels))
    counts = np.bincount(labels)
    return np.asarray(1 / (counts[labels] * np.count_nonzero(counts)))


def interval(
    way: Hits, base: Hits, counts: Floats, labels: npt.NDArray[np.int64], others: Sequence[Floats] = ()
) -> Interval:
    """How much better ``way`` is than ``base``.

    Args:
        way: whether each test image was predicted rightly, (G, S, N), for each generator and seed.
        base: the same without generators, (S, N), by the same seeds; S is 2 or more.
        counts: what each image counts, as of ``weights``.
        labels: of the images, within which they vary.
        others: points of other ways by the same generators and seeds, (G, S) each: in one way, two generators say
            little of how much generators differ.
    """
    differences = 100 * (way.astype(float) - base)  # (G, S, N)
    cells = differences @ counts  # (G, S)
    of_images = _of_images(differences.mean((0, 1)), counts, labels)
    of_trainings, df_trainings = _of_trainings(cells, others)
    variance = of_images + of_trainings
    mean = float(cells.mean())
    if variance == 0:
        return Interval(mean, mean, mean, 0.0, 0.0)
    df_images = max(1, int(np.count_nonzero(counts)) - 1)
    df = variance**2 / (of_images**2 / df_images + of_trainings**2 / df_trainings)
    half = float(stats.t.ppf(1 - LEVEL / 2, df) * np.sqrt(variance))
    return Interval(mean, mean - half, mean + half, of_images, of_trainings)


def _of_images(differences: Floats, counts: Floats, labels: npt.NDArray[np.int64]) -> float:
    """The variance of a weighted mean over other images of the same classes, (N,)."""
    total = 0.0
    for label in np.unique(labels[counts > 0]):
        chosen = labels == label
        size = int(chosen.sum())
        if size > 1:
            total += float(size * counts[chosen][0] ** 2 * differences[chosen].var(ddof=1))
    return total


def _of_trainings(cells: Floats, others: Sequence[Floats] = ()) -> tuple[float, float]:
    """The variance of the mean of (G, S) over other generators and seeds, and its degrees of freedom."""
    generators, seeds = cells.shape
    mean, by_generator, by_seed = cells.mean(), cells.mean(1), cells.mean(0)
    of_seeds = generators * float(by_seed.var(ddof=1))
    if generators == 1:
        return of_seeds / seeds, seeds - 1.0
    of_generators = seeds * float(by_generator.var(ddof=1))
    rest = cells - by_generator[:, None] - by_seed[None, :] + mean
    df_rest = (generators - 1) * (seeds - 1)
    of_rest = float((rest**2).sum()) / df_rest
    apart = stats.f.sf(of_generators / of_rest, generators - 1, df_rest) if of_rest > 0 else float(of_generators == 0)
    if apart > POOLED:
        return of_seeds / cells.size, seeds - 1.0
    every = (cells, *others)
    pooled = seeds * float(np.mean([each.mean(1).var(ddof=1) for each in every]))
    of_generators = min(of_generators, pooled)  # ways that differ more are no measure of this one
    combined = of_generators + max(of_seeds - of_rest, 0.0)
    spread = of_generators**2 / (len(every) * (generators - 1)) + max(of_seeds - of_rest, 0.0) ** 2 / (seeds - 1)
    return combined / cells.size, float(combined**2 / spread)
