"""Generated vectors beside real ones, as a picture."""

import io
from typing import TYPE_CHECKING

import numpy as np

from condgan.arrays import Vectors
from condgan.pictures.images import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"real": "#009E73", "generated": "#CC79A7"}
SIDE = 600  # pixels
MARGIN = 0.15  # of the range of the real vectors
BINS = 50


def vectors(real: Vectors, made: Vectors) -> Pixels:
    """Real and generated vectors, (N, D) and (M, D), as points in their first two dimensions; for D = 1 as histograms.

    The frame is that of the real ones, so that pictures of a training compare; what lies outside is drawn at its edge.
    The picture is (600, 600, 3) uint8.
    """
    from matplotlib.figure import Figure

    shown = {"real": real[:, :2].astype(np.float64), "generated": made[:, :2].astype(np.float64)}
    low, high = shown["real"].min(axis=0), shown["real"].max(axis=0)
    margin = np.where(high > low, MARGIN * (high - low), 1.0)
    low, high = low - margin, high + margin
    figure = Figure(figsize=(SIDE / 100, SIDE / 100), dpi=100, layout="constrained")
    axes: Axes = figure.subplots()
    for name, values in shown.items():
        inside = values.clip(low, high)
        if inside.shape[1] == 1:
            bins = np.linspace(low[0], high[0], BINS + 1).tolist()
            axes.hist(inside[:, 0], bins, density=True, color=COLOURS[name], alpha=0.5, label=name)
        else:
            axes.scatter(inside[:, 0], inside[:, 1], s=14, color=COLOURS[name], alpha=0.6, linewidths=0, label=name)
    axes.set_xlim(low[0], high[0])
    if len(low) > 1:
        axes.set_ylim(low[1], high[1])
    axes.set_xlabel(f"dimension 1 of {real.shape[1]}")
    axes.set_ylabel("dimension 2" if len(low) > 1 else "density")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, borderpad=0)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="rgba")
    return np.frombuffer(drawn.getvalue(), np.uint8).reshape(SIDE, SIDE, 4)[..., :3]
