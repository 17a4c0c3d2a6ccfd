"""The figure that shows whether a training goes well."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from condgan.results.records import Record, StepRecord
from condgan.storage.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = npt.NDArray[np.float64]

MOST_POINTS = 5000  # more are averaged in buckets
SMOOTH_FROM = 200  # points above which a running mean is drawn over the raw line
MARKED = 20  # points below which each has a dot

# Okabe and Ito's colours, told apart by the colour-blind too
PANELS: dict[str, dict[str, tuple[str, str]]] = {
    "loss": {"d_loss": ("discriminator", "#0072B2"), "g_loss": ("generator", "#D55E00")},
    "discriminator's mean score": {"d_real": ("real images", "#009E73"), "d_fake": ("generated images", "#CC79A7")},
}


def loss_curves(path: Path, records: Sequence[StepRecord], title: str) -> None:
    """Draw the losses and the discriminator's scores of a training to a PNG of 900 x 700 pixels.

    Drawn are the means ``d_loss``, ``g_loss``, ``d_real`` and ``d_fake``; one that is missing leaves a gap. Without
    records nothing is written.

    Raises:
        CondganError: the file cannot be written.
    """
    if not records:
        return
    images, epochs = progress(records)

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(len(PANELS), 1, sharex=True))
    x = thinned(images)
    for axis, (label, curves) in zip(axes, PANELS.items(), strict=True):
        for key, (name, colour) in curves.items():
            curve(axis, x, thinned(column([record.mean.get(key) for record in records])), name, colour)
        axis.set_ylabel(label)
        plain(axis)
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(curves), frameon=False, borderpad=0)
    axes[0].set_title(title, loc="left", parse_math=False)
    images_and_epochs(axes[-1], images, epochs)
    save(path, figure)


def plain(axis: "Axes") -> None:
    """A grid behind the curves, and no box around them."""
    axis.margins(x=0.01)
    axis.grid(color="0.9")
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)


def images_and_epochs(axis: "Axes", images: Values, epochs: Values) -> None:
    """Name the x axis, and add one of epochs below it."""
    from matplotlib.ticker import EngFormatter

    axis.set_xlabel("images seen")
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))  # 600k, 1.2M
    with np.errstate(all="ignore"):
        epoch_sizes = images / epochs
    epoch_sizes = epoch_sizes[np.isfinite(epoch_sizes) & (epoch_sizes > 0)]
    if len(epoch_sizes):
        per_epoch = float(epoch_sizes[-1])
        there_and_back = (lambda seen: np.asarray(seen) / per_epoch, lambda epoch: np.asarray(epoch) * per_epoch)
        below = axis.secondary_xaxis("bottom", functions=there_and_back)
        below.spines["bottom"].set_position(("outward", 40))
        below.set_xlabel("epochs")


def save(path: Path, figure: "Figure") -> None:
    """Write a figure as a PNG. It is drawn by Agg: a Figure of its own has no window and no global state.

    Raises:
        CondganError: the file cannot be written.
    """
    png = io.BytesIO()
    with any_letters():
        figure.savefig(png, format="png")
    atomic(path, png.getvalue())


@contextlib.contextmanager
def any_letters() -> Iterator[None]:
    """Let names hold letters that the font lacks: they are drawn as boxes, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def progress(records: Sequence[Record]) -> tuple[Values, Values]:
    """Images seen and epochs at each record, both (N,)."""
    return np.array([record.images for record in records], float), np.array([record.epoch for record in records])


def column(values: Iterable[float | None]) -> Values:
    """One figure of each record, (N,): NaN where it is missing."""
    return np.array([np.nan if value is None else value for value in values], np.float64)


def thinned(values: Values) -> Values:
    """At most 5000 values: means of equal buckets, over what is not NaN."""
    if len(values) <= MOST_POINTS:
        return values
    starts = np.arange(MOST_POINTS) * len(values) // MOST_POINTS
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):  # a bucket without values is 0 / 0 = NaN
        return np.add.reduceat(np.where(known, values, 0), starts) / np.add.reduceat(known.astype(float), starts)


def _running_mean(values: Values, window: int) -> Values:
    """The mean of what is not NaN in a window about each value, shorter at the ends."""
    known = np.isfinite(values)
    ones = np.ones(window)
    counts = np.convolve(known, ones, "same")
    with np.errstate(invalid="ignore"):
        means: Values = np.convolve(np.where(known, values, 0), ones, "same") / np.where(counts, counts, np.nan)
    return means


def curve(axis: "Axes", x: Values, values: Values, name: str, colour: str) -> None:
    """Draw values, (N,), at x, (N,): many as their running mean over a faint line; a dot where no line would show."""
    if len(values) > SMOOTH_FROM:
        axis.plot(x, values, color=colour, alpha=0.25, linewidth=0.8)
        values = _running_mean(values, 2 * (len(values) // 100) + 1)
    dots = alone(values) | (len(values) < MARKED)
    marker = "o" if dots.any() else ""
    axis.plot(x, values, color=colour, linewidth=1.8, zorder=3, label=name, marker=marker, markevery=dots)


def alone(values: Values) -> npt.NDArray[np.bool_]:
    """Which values, (N,), have gaps on both sides, so that no line goes through them."""
    gaps = np.concatenate([[True], np.isnan(values), [True]])
    found: npt.NDArray[np.bool_] = gaps[:-2] & ~gaps[1:-1] & gaps[2:]
    return found
