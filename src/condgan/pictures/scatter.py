"""Generated vectors beside real ones, as a plot."""

from typing import TYPE_CHECKING

import numpy as np

from condgan.arrays import Vectors
from condgan.pictures.curves import GREEN, PINK, legend, pixels
from condgan.storage.pictures import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE = 600  # pixels
MARGIN = 0.15  # of the range of the real vectors
BINS = 50


def vectors(real: Vectors, generated: Vectors) -> Pixels:
    """Plot the first two dimensions of vectors (N, D) and (M, D) as points; for D = 1, plot two histograms.

    The axes show the range of the real vectors, so that plots of a training compare; points outside are drawn at the
    edge. The picture is (600, 600, 3) uint8.
    """
    from matplotlib.figure import Figure

    places, others = real[:, :2].astype(np.float64), generated[:, :2].astype(np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    low, high = low - margin, high + margin
    figure = Figure(figsize=(SIDE / 100, SIDE / 100), dpi=100, layout="constrained")
    axis: Axes = figure.subplots()
    for name, values, colour in (("real", places, GREEN), ("generated", others, PINK)):
        inside = values.clip(low, high)
        if len(low) == 1:
            bins = np.linspace(low[0], high[0], BINS + 1).tolist()
            axis.hist(inside[:, 0], bins, density=True, color=colour, alpha=0.5, label=name)
        else:
            axis.scatter(inside[:, 0], inside[:, 1], s=14, color=colour, alpha=0.6, linewidths=0, label=name)
    axis.set_xlim(low[0], high[0])
    if len(low) > 1:
        axis.set_ylim(low[1], high[1])
    axis.set_xlabel(f"dimension 1 of {real.shape[1]}")
    axis.set_ylabel("dimension 2" if len(low) > 1 else "density")
    axis.spines[["top", "right"]].set_visible(False)
    legend(axis)
    return pixels(figure)
