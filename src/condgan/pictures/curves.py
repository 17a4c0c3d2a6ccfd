"""The loss figure of a training, and what all plots over a training share."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from condgan.results.records import Record, StepRecord
from condgan.storage.files import atomic
from condgan.storage.manifest import Manifest
from condgan.storage.pictures import Pixels, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[np.float64]

MOST_POINTS = 5000  # longer curves are averaged in buckets
SMOOTH_FROM = 200  # points above which a running mean is drawn over the raw line
MARKED = 20  # points below which each has a dot

# Okabe and Ito's colours, which colour-blind people can tell apart
BLUE, RED, GREEN, PINK, ORANGE = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"
PANELS: dict[str, dict[str, tuple[str, str]]] = {
    "loss": {"d_loss": ("discriminator", BLUE), "g_loss": ("generator", RED)},
    "discriminator's mean score": {"d_real": ("real images", GREEN), "d_fake": ("generated images", PINK)},
}


def loss_curves(path: Path, records: Sequence[StepRecord], title: str, manifest: Manifest) -> None:
    """Draw the losses and the discriminator's scores of a training to a PNG of 900 x 700 pixels.

    The curves are the means ``d_loss``, ``g_loss``, ``d_real`` and ``d_fake``; a missing mean leaves a gap. Without
    records no file is written.

    Raises:
        CondganError: the file cannot be written.
    """
    if not records:
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(len(PANELS), 1, sharex=True))
    images = np.array([record.images for record in records], float)
    for axis, (label, curves) in zip(axes, PANELS.items(), strict=True):
        for key, (name, colour) in curves.items():
            means = np.array([record.mean.get(key) for record in records], float)  # None becomes NaN
            curve(axis, images, means, name, colour)
        axis.set_ylabel(label)
        plain(axis)
        legend(axis)
    axes[0].set_title(title, loc="left", parse_math=False)
    images_and_epochs(axes[-1], records)
    save(path, figure, manifest)


def plain(axis: "Axes") -> None:
    """Draw a grid behind the curves, and no box around them."""
    axis.margins(x=0.01)
    axis.grid(color="0.9")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def legend(axis: "Axes", height: float = 1.0, *, narrow: bool = False) -> None:
    """Add the legend as a line that ends above the right corner, at a height in heights of the axes."""
    names = axis.get_legend_handles_labels()[1]
    small = {"fontsize": 8, "handlelength": 1.2, "columnspacing": 1.0} if narrow else {}
    axis.legend(loc="lower right", bbox_to_anchor=(1.0, height), ncols=len(names), frameon=False, borderpad=0, **small)


def images_and_epochs(axis: "Axes", records: Sequence[Record]) -> None:
    """Label the x axis with images seen, and add an axis of epochs below it."""
    from matplotlib.ticker import EngFormatter

    axis.set_xlabel("images seen")
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))  # 600k, 1.2M
    per_epoch = [record.images / record.epoch for record in records if record.epoch > 0]
    per_epoch = [size for size in per_epoch if 0 < size < math.inf]
    if per_epoch:
        size = per_epoch[-1]
        functions = (lambda seen: np.asarray(seen) / size, lambda epoch: np.asarray(epoch) * size)
        below = axis.secondary_xaxis("bottom", functions=functions)
        below.spines["bottom"].set_position(("outward", 40))
        below.set_xlabel("epochs")


def save(path: Path, figure: "Figure", manifest: Manifest) -> None:
    """Write a figure as a PNG.

    Raises:
        CondganError: the file cannot be written.
    """
    atomic(path, png(pixels(figure), manifest.of("plot", synthetic=False)))


def pixels(figure: "Figure") -> Pixels:
    """A figure as (h, w, 3). It is drawn by Agg: a Figure of its own has no window and no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def thinned(values: Values) -> Values:
    """At most 5000 values: means of equal buckets, without NaN."""
    if len(values) <= MOST_POINTS:
        return values
    starts = np.arange(MOST_POINTS) * len(values) // MOST_POINTS
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):  # a bucket without values is 0 / 0 = NaN
        return np.add.reduceat(np.where(known, values, 0), starts) / np.add.reduceat(known.astype(float), starts)


def _running_mean(values: Values, window: int) -> Values:
    """The mean of the values around each one, without NaN; the window is shorter at the ends."""
    known = np.isfinite(values)
    ones = np.ones(window)
    counts = np.convolve(known, ones, "same")
    with np.errstate(invalid="ignore"):
        means: Values = np.convolve(np.where(known, values, 0), ones, "same") / np.where(counts, counts, np.nan)
    return means


def curve(axis: "Axes", x: Values, values: Values, name: str, colour: str) -> None:
    """Draw values, (N,), at x, (N,): many as their running mean over a faint line; a dot where no line would show."""
    x, values = thinned(x), thinned(values)
    if len(values) > SMOOTH_FROM:
        axis.plot(x, values, color=colour, alpha=0.25, linewidth=0.8)
        values = _running_mean(values, 2 * (len(values) // 100) + 1)
    dots = isolated(values) | (len(values) < MARKED)
    marker = "o" if dots.any() else ""
    axis.plot(x, values, color=colour, linewidth=1.8, zorder=3, label=name, marker=marker, markevery=dots)


def isolated(values: Values) -> npt.NDArray[np.bool_]:
    """Which values, (N,), have gaps on both sides, so that no line goes through them."""
    gaps = np.isnan(np.pad(values, 1, constant_values=np.nan))
    between: npt.NDArray[np.bool_] = gaps[:-2] & ~gaps[1:-1] & gaps[2:]
    return between
