"""The figure that shows whether a training goes well."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from condgan.files import atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Values = npt.NDArray[np.float64]

MOST_POINTS = 5000  # more are averaged in buckets
SMOOTH_FROM = 200  # points above which a running mean is drawn over the raw line

# Okabe and Ito's colours, told apart by the colour-blind too
PANELS: dict[str, dict[str, tuple[str, str]]] = {
    "loss": {"d_loss": ("discriminator", "#0072B2"), "g_loss": ("generator", "#D55E00")},
    "discriminator's mean score": {"d_real": ("real images", "#009E73"), "d_fake": ("generated images", "#CC79A7")},
}


def loss_curves(path: Path, records: Sequence[Mapping[str, float]], title: str) -> None:
    """Draw the losses and the discriminator's scores of a training to a PNG of 900 x 700 pixels.

    Each record has ``images`` (seen so far), ``epoch``, ``d_loss``, ``g_loss``, ``d_real`` and ``d_fake``. Values
    that are missing or not finite leave a gap. Without records nothing is written.

    Raises:
        CondganError: the file cannot be written.
    """
    images, epochs = _column(records, "images"), _column(records, "epoch")
    known = np.isfinite(images)
    if not known.any():
        return

    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    figure = Figure(figsize=(9, 7), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(len(PANELS), 1, sharex=True))
    x = _thinned(images[known])
    for axis, (label, curves) in zip(axes, PANELS.items(), strict=True):
        for key, (name, colour) in curves.items():
            _curve(axis, x, _thinned(_column(records, key)[known]), name, colour)
        axis.set_ylabel(label)
        axis.margins(x=0.01)
        axis.grid(color="0.9")
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(curves), frameon=False, borderpad=0)
    axes[0].set_title(title, loc="left", parse_math=False)
    axes[-1].set_xlabel("images seen")
    axes[-1].xaxis.set_major_formatter(EngFormatter(sep=""))  # 600k, 1.2M

    with np.errstate(all="ignore"):
        epoch_sizes = images / epochs
    epoch_sizes = epoch_sizes[np.isfinite(epoch_sizes) & (epoch_sizes > 0)]
    if len(epoch_sizes):
        per_epoch = float(epoch_sizes[-1])
        there_and_back = (lambda seen: np.asarray(seen) / per_epoch, lambda epoch: np.asarray(epoch) * per_epoch)
        axes[-1].secondary_xaxis(-0.2, functions=there_and_back).set_xlabel("epochs")
    png = io.BytesIO()
    figure.savefig(png, format="png")  # drawn by Agg: a Figure of its own has no window and no global state
    atomic(path, png.getvalue())


def _column(records: Sequence[Mapping[str, float]], key: str) -> Values:
    """One figure of each record, (N,): NaN where it is missing or not finite."""
    values = np.array([np.nan if record.get(key) is None else record[key] for record in records], np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _thinned(values: Values) -> Values:
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


def _curve(axis: "Axes", x: Values, values: Values, name: str, colour: str) -> None:
    if len(values) > SMOOTH_FROM:
        axis.plot(x, values, color=colour, alpha=0.25, linewidth=0.8)
        values = _running_mean(values, 2 * (len(values) // 100) + 1)
    axis.plot(x, values, color=colour, linewidth=1.8, zorder=3, label=name, marker="o" if len(values) < 20 else "")
