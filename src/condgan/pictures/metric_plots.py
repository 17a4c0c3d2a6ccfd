"""Plots of the quality of a generator: over its training, and by class."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from condgan.pictures import curves, fonts
from condgan.pictures.curves import BLUE, GREEN, ORANGE, PINK, RED, Values
from condgan.pictures.images import encodable
from condgan.results.classes import least_accurate
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord
from condgan.storage.manifest import Manifest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Counts = npt.NDArray[np.int64]
ACCURACY, MANIFOLDS = "label accuracy", "fidelity, diversity"
PANELS: dict[str, dict[str, tuple[str, str]]] = {
    ACCURACY: {
        "label_accuracy": ("label accuracy", BLUE), "balanced_accuracy": ("balanced accuracy", GREEN),
        "worst_class": ("worst class", RED),
    },
    "KL of classes read": {"modes_kl": ("KL of classes read", PINK)},
    "Frechet distance": {"fid": ("Frechet distance", RED)},
    "sliced Wasserstein distance": {"swd": ("sliced Wasserstein distance", ORANGE)},
    "kernel distance (KID)": {"kid": ("KID", GREEN)},
    MANIFOLDS: {
        "precision": ("precision", BLUE), "recall": ("recall", RED), "density": ("density", ORANGE),
        "coverage": ("coverage", GREEN),
    },
}  # fmt: skip
GOOD = 0.9  # accuracy below which a class is orange; if all are above, the axis starts here
STILL = 0.2  # share of a distance within which it counts as constant
DECADE = 10  # ratio of distances above which their axis is logarithmic

MOST_BARS = 30  # classes in a plot; rows of a confusion matrix
MOST_PRINTED = 12  # with numbers in it
MOST_INCHES, HISTOGRAM = 2.4, 1.8  # width of a class name, height
LEAST_ERROR = 1e-3  # share of a row with the palest colour


def metric_curves(
    path: Path,
    evaluations: Sequence[EvaluationRecord],
    title: str,
    manifest: Manifest,
    best: float | None = None,
    *,
    columns: int = 1,
) -> None:
    """Draw the figures of a training's evaluations to a PNG, one panel for each kind.

    It is 900 pixels wide, of several columns 1100.

    A band shows the standard error. A figure without value leaves a gap; a panel without any figure is left out, and
    without any panel no file is written. ``best``: images seen at the best evaluation; ``columns``: panels in a row.

    Raises:
        CondganError: the file cannot be written.
    """
    panels: dict[str, dict[str, tuple[Values, Values]]] = {}
    for label, names in PANELS.items():
        figures = {metric: figures_of(evaluations, metric) for metric in names}
        known = {metric: pair for metric, pair in figures.items() if np.isfinite(pair[0]).any()}
        if known:
            panels[label] = known
    if not panels:
        return
    from matplotlib.figure import Figure

    images = np.array([record.images for record in evaluations], float)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(9 if columns == 1 else 11, 1.6 + 2.1 * rows), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(rows, columns, sharex=True, squeeze=False).flat)
    for spare in axes[len(panels) :]:
        spare.set_visible(False)
    del axes[len(panels) :]
    for axis, (label, panel) in zip(axes, panels.items(), strict=True):
        curves.plain(axis)
        for metric, (values, se) in panel.items():
            _curve_with_band(axis, images, values, se, *PANELS[label][metric])
        values, se = (np.concatenate(columns) for columns in zip(*panel.values(), strict=True))
        scale(axis, label, values[np.isfinite(values)], np.nan_to_num(se[np.isfinite(values)]))
        axis.set_ylabel(label)
        if best is not None:
            axis.axvline(best, color="0.4", linewidth=1, linestyle="--")
            axis.annotate("best", (best, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", color="0.4")
        if label in (ACCURACY, MANIFOLDS):
            curves.legend(axis, 1.0 if best is None else 1.1, narrow=columns > 1)
    last = max(images.max(), best or 0)
    if images.min() >= 0 and last > 0:
        axes[-1].set_xlim(-0.01 * last, 1.01 * last)
    _title(figure, title)
    for axis in axes[columns * (rows - 1) :]:
        curves.images_and_epochs(axis, evaluations)
    curves.save(path, figure, manifest)


def figures_of(evaluations: Sequence[EvaluationRecord], metric: str) -> tuple[Values, Values]:
    """The values of a metric and their standard errors, both (N,); of several spaces, that with the shortest name.

    ``worst_class`` is the accuracy of the least accurate class of each evaluation.
    """
    if metric == "worst_class":
        worst = [next(iter(least_accurate(record.per_class or {})), ("", None))[1] for record in evaluations]
        return np.array(worst, float), np.full(len(worst), np.nan)
    figures = []
    for record in evaluations:
        same = [figure for figure in record.evaluation.values() if figure.metric == metric]
        figures.append(min(same, key=lambda figure: len(figure.name), default=named(metric, {})))
    values = np.array([figure.value for figure in figures], float)  # None becomes NaN
    return values, np.array([figure.se for figure in figures], float)


def _curve_with_band(axis: "Axes", x: Values, values: Values, se: Values, name: str, colour: str) -> None:
    curves.curve(axis, x, values, name, colour)
    x, values, se = curves.thinned(x), curves.thinned(values), curves.thinned(se)
    low, high, alone = values - se, values + se, curves.isolated(values)
    axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.vlines(x[alone], low[alone], high[alone], color=colour, alpha=0.3, linewidth=4)  # a band needs neighbours


def _title(figure: "Figure", title: str) -> None:
    title = _fitting(title, 0.97 * figure.get_figwidth(), 12)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, parse_math=False, fontfamily=fonts.families(title))


def scale(axis: "Axes", label: str, values: Values, se: Values) -> None:
    """Set the y axis of a panel for finite values and their standard errors, (N,), N >= 1; one that hardly changes is
    seen from 0."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    low, high = float(values.min()), float(values.max())
    noise = max(-low, 2 * float(se[values.argmin()]))
    if label == ACCURACY:
        bottom = GOOD if low > GOOD else 0.0
        axis.set_ylim(bottom, 1 + 0.02 * (1 - bottom))
    elif label == MANIFOLDS:
        axis.set_ylim(0, 1.05 * max(1.0, high))
    elif high > DECADE * max(low, noise):
        if low > noise:
            axis.set_yscale("log")
            axis.set_ylim(low / 1.5, high * 1.2)
            axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1e3 * low else (1,)))
        else:  # an unbiased distance near 0: linear there, up to a power of ten
            axis.set_yscale("symlog", linthresh=10.0 ** np.round(np.log10(max(noise, high / 1000))))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    elif high - low <= STILL * max(abs(low), abs(high)):
        most = max(abs(low), abs(high)) or 1.0
        axis.set_ylim(-1.2 * most if low < 0 else 0, 1.2 * most if high > 0 or low >= 0 else 0)


def class_accuracy(
    path: Path, per_class: Mapping[str, float | None], confusion: Counts | None, title: str, manifest: Manifest,
    overall: float | None = None,
) -> None:  # fmt: skip
    """Draw the label accuracy of each class, and the confusion matrix, to a PNG; without classes no file is written.

    Args:
        path: of the PNG.
        per_class: accuracy, 0..1, by class name; None for a class without images. Of more than 30 classes the worst 30
            are shown, below a histogram of all.
        confusion: (K, K) counts, row = requested class, column = predicted class, in the order of ``per_class``; drawn
            for K <= 30.
        title: of the figure.
        manifest: of the run or the evaluation.
        overall: accuracy of all images, 0..1, drawn as a dashed line.

    Raises:
        CondganError: the file cannot be written.
        ValueError: a confusion matrix of another shape.
    """
    if confusion is not None and confusion.shape != (len(per_class), len(per_class)):
        raise ValueError(f"expected confusion ({len(per_class)}, {len(per_class)}), given {confusion.shape}")
    if not per_class:
        return
    from matplotlib.figure import Figure

    shown = list(per_class.items())
    heading = ["predicted as the requested class"]
    many = len(shown) > MOST_BARS
    if many:
        confusion = None
        heading.append(f"the worst {MOST_BARS} of {len(shown)} classes")
        shown = sorted(shown, key=lambda pair: 2.0 if pair[1] is None else pair[1])[:MOST_BARS]
    if overall is not None:
        heading.append(f"dashed: all classes, {percent(overall)}")
    if any(value is not None and value < GOOD for _, value in shown):
        heading.append(f"orange: below {GOOD:.0%}")
    fonts.find("".join(encodable(name) for name, _ in shown))  # all at once
    names = [_fitting(name, MOST_INCHES) for name, _ in shown]
    longest = max(_inches(name) for name in names)
    row = 0.5 if confusion is not None and len(shown) <= MOST_PRINTED else 0.28  # inches
    widths = [3.0] if confusion is None else [3.0, max(3.5, 1.2 * row * len(shown))]
    upright = confusion is not None and longest > 0.9 * widths[1] / len(names)
    width = sum(widths) + 1.3 * len(widths) + 0.8 + longest
    height = 2 + row * max(len(shown), 3) + longest * upright
    figure = Figure(figsize=(width, height + HISTOGRAM * many), dpi=100, layout="constrained")
    axes: list[Axes]
    if many:
        axes = list(figure.subplots(2, 1, sharex=True, height_ratios=[HISTOGRAM, height])[::-1])
        _histogram(axes[1], [value for value in per_class.values() if value is not None])
    else:
        axes = list(figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0])
    if confusion is not None:
        _matrix(axes[1], names, confusion, upright)
    _bars(axes[0], names, [value for _, value in shown])
    if overall is not None:
        for axis in axes if many else axes[:1]:
            axis.axvline(overall, color="black", linewidth=1, linestyle="--")
    axes[0].set_title("\n".join(heading), fontsize=10)
    _title(figure, title)
    curves.save(path, figure, manifest)


def _histogram(axis: "Axes", values: list[float]) -> None:
    """The number of classes by accuracy, in bins of 10 %."""
    tenths = np.floor(10 * np.array(values) + 1e-6).clip(max=9).astype(int)  # 0.3 is in the fourth bin, rounded or not
    counts = np.bincount(tenths, minlength=10)
    axis.bar(np.arange(10) / 10, counts, 0.095, align="edge", color=[RED] * 9 + [BLUE])
    axis.set_ylabel("classes")
    axis.tick_params(which="both", length=0, labelbottom=False)
    axis.spines[["top", "left", "right"]].set_visible(False)
    axis.set_title(f"accuracy of {len(values)} classes", fontsize=10)


def _bars(axis: "Axes", names: list[str], values: list[float | None]) -> None:
    """A bar for each class, with its value in a column beside it."""
    rows = np.arange(len(names))
    lengths = [value or 0.0 for value in values]
    axis.barh(rows, 1, color="0.94")
    axis.barh(rows, lengths, color=[BLUE if length >= GOOD else RED for length in lengths])
    for row, value in enumerate(values):
        text, colour = ("none", "0.5") if value is None else (percent(value), "black" if value >= GOOD else RED)
        place = axis.annotate(text, (1, row), (48, 0), textcoords="offset points", annotation_clip=False)
        place.set(ha="right", va="center", color=colour)
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_yticks(rows, names, parse_math=False, fontfamily=fonts.families("".join(names)))
    axis.set_ylabel("requested class", labelpad=8)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)


def _matrix(axis: "Axes", names: list[str], confusion: Counts, upright: bool) -> None:
    """Each row as shares: the diagonal in blue, errors in orange on a logarithmic scale, so that rare ones show too."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    right = LinearSegmentedColormap.from_list("right", ["#DCEAF4", BLUE])
    wrong = LinearSegmentedColormap.from_list("wrong", ["#FBE6D8", RED, "#6B2F00"])
    errors = ScalarMappable(LogNorm(LEAST_ERROR, 1, clip=True), wrong)
    diagonal = np.eye(len(names), dtype=bool)[:, :, None]
    colours = np.where(diagonal, right(shares), errors.to_rgba(np.maximum(shares, LEAST_ERROR)))
    colours[shares == 0] = 1
    axis.imshow(colours, aspect="auto")
    if len(names) <= MOST_PRINTED:
        for true, read in np.argwhere(confusion):
            text = f"{percent(shares[true, read])}\n{confusion[true, read]}"
            ink = "white" if colours[true, read, :3] @ [0.299, 0.587, 0.114] < 0.5 else "black"  # by luma
            axis.text(read, true, text, ha="center", va="center", fontsize=8, color=ink)
    axis.set_title("predictions", fontsize=10)
    family = fonts.families("".join(names))
    axis.set_xticks(range(len(names)), names, rotation=90 if upright else 0, parse_math=False, fontfamily=family)
    axis.set_xlabel("predicted class")
    edges = np.arange(len(names) + 1) - 0.5
    axis.set_xticks(edges, minor=True)
    axis.set_yticks(edges, minor=True)
    axis.grid(which="minor", color="0.9", linewidth=0.8)
    axis.tick_params(which="both", length=0, labelleft=False)
    axis.spines[:].set_visible(False)
    bar = axis.figure.colorbar(errors, ax=axis, aspect=40, label="errors: share of\nthe requested class")
    bar.set_ticks([0.001, 0.01, 0.1, 1], labels=["0.1%", "1%", "10%", "100%"])


def percent(share: float) -> str:
    """A share, 0..1, as percent with one decimal; 0% and 100% are exact."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "<0.1%" if share < 0.0005 else ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def shortened(text: str, most: int) -> str:
    """The text as one line of at most ``most`` characters; a longer text loses its middle."""
    line = " ".join(encodable(text).split())
    end = most // 3
    return line if len(line) <= most else f"{line[: most - end - 1]}…{line[len(line) - end :]}"


def _fitting(text: str, inches: float, size: int = 10) -> str:
    """The text, shortened to a width at a font size in points."""
    text = fonts.drawable(" ".join(encodable(text).split()))
    lengths = range(1, min(len(text), int(20 * inches)) + 1)
    most = bisect_right(lengths, inches, key=lambda length: _inches(shortened(text, length), size))
    return shortened(text, max(most, 1))


def _inches(line: str, size: int = 10) -> float:
    """The width of a line at a font size in points."""
    from matplotlib.figure import Figure

    figure = Figure()
    text = figure.text(0, 0, line, fontsize=size, parse_math=False, fontfamily=fonts.families(line))
    return float(text.get_window_extent().width / figure.dpi)
