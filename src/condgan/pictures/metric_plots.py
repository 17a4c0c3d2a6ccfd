"""The figures that show how good a generator is: over its training, and class by class."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from condgan.pictures.curves import (
    Values,
    alone,
    any_letters,
    column,
    curve,
    images_and_epochs,
    plain,
    progress,
    save,
    thinned,
)
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Counts = npt.NDArray[np.int64]

BLUE, RED = "#0072B2", "#D55E00"  # Okabe and Ito's
ACCURACY, DISTANCES, MANIFOLDS = "label accuracy", ("Frechet distance", "kernel distance (KID)"), "fidelity, diversity"
PANELS: dict[str, dict[str, tuple[str, str]]] = {
    ACCURACY: {"label_accuracy": ("label accuracy", BLUE)},
    "KL of classes read": {"modes_kl": ("KL of classes read", "#CC79A7")},
    DISTANCES[0]: {"fid": ("Frechet distance", RED)},
    DISTANCES[1]: {"kid": ("KID", "#009E73")},
    MANIFOLDS: {
        "precision": ("precision", BLUE),
        "recall": ("recall", RED),
        "density": ("density", "#E69F00"),
        "coverage": ("coverage", "#009E73"),
    },
}
GOOD = 0.9  # accuracy below which a class stands out; above which the axis is zoomed
DECADE = 10  # ratio of distances above which their axis is logarithmic

MOST_BARS = 30  # classes shown, the worst; and the largest confusion matrix
MOST_PRINTED = 12  # classes of a confusion matrix with numbers in it
MOST_INCHES = 2.4  # of a class name
HISTOGRAM = 1.8  # inches: height
LEAST_ERROR = 1e-3  # share of a row that the palest colour stands for


def metric_curves(path: Path, evaluations: Sequence[EvaluationRecord], title: str, best: float | None = None) -> None:
    """Draw the figures of a training's evaluations to a PNG of 900 pixels width, one panel for each kind.

    Their standard errors are drawn as a band. A figure without value leaves a gap; a panel without any figure is left
    out, and without any panel nothing is written. ``best``: images seen at the best evaluation.

    Raises:
        CondganError: the file cannot be written.
    """
    images, epochs = progress(evaluations)
    figures = {label: {metric: figure_of(evaluations, metric) for metric in curves} for label, curves in PANELS.items()}
    shown = [
        label for label, panel in figures.items() if any(np.isfinite(values).any() for values, _ in panel.values())
    ]
    if not shown:
        return

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.6 + 2.1 * len(shown)), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0])
    for axis, label in zip(axes, shown, strict=True):
        plain(axis)
        known = {key: pair for key, pair in figures[label].items() if np.isfinite(pair[0]).any()}
        for key, (values, se) in known.items():
            _banded(axis, thinned(images), thinned(values), thinned(se), *PANELS[label][key])
        values, se = (np.concatenate(columns) for columns in zip(*known.values(), strict=True))
        _scale(axis, label, values[np.isfinite(values)], np.nan_to_num(se[np.isfinite(values)]))
        axis.set_ylabel(label)
        if best is not None:
            axis.axvline(best, color="0.4", linewidth=1, linestyle="--")
            axis.annotate("best", (best, 1), xycoords=("data", "axes fraction"), ha="center", va="bottom", color="0.4")
        if label == MANIFOLDS:
            above = 1.0 if best is None else 1.1
            axis.legend(loc="lower right", bbox_to_anchor=(1.0, above), ncols=len(known), frameon=False, borderpad=0)
    last = max(images.max(), best or 0)
    if images.min() >= 0 and last > 0:
        axes[-1].set_xlim(-0.01 * last, 1.01 * last)
    figure.suptitle(_fitting(title, 0.97 * figure.get_figwidth(), 12), x=0.01, ha="left", fontsize=12, parse_math=False)
    images_and_epochs(axes[-1], images, epochs)
    save(path, figure)


def figure_of(evaluations: Sequence[EvaluationRecord], metric: str) -> tuple[Values, Values]:
    """The values of a metric and their standard errors, both (N,); of several spaces that with the shortest name."""
    figures = [
        min((figure for figure in record.evaluation.values() if figure.metric == metric), key=by_name, default=None)
        for record in evaluations
    ]
    values = column(None if figure is None else figure.value for figure in figures)
    return values, column(None if figure is None else figure.se for figure in figures)


def by_name(figure: "Figure") -> int:
    """Short names first: a space without a name is the standard one."""
    return len(figure.name)


def _banded(axis: "Axes", x: Values, values: Values, se: Values, name: str, colour: str) -> None:
    curve(axis, x, values, name, colour)
    low, high, points = values - se, values + se, alone(values)
    axis.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.vlines(x[points], low[points], high[points], color=colour, alpha=0.3, linewidth=4)


def _scale(axis: "Axes", label: str, values: Values, se: Values) -> None:
    """Choose the y axis for finite values and their standard errors, (N,), N >= 1."""
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


def class_accuracy(
    path: Path,
    per_class: Mapping[str, float | None],
    confusion: Counts | None,
    title: str,
    overall: float | None = None,
) -> None:
    """Draw how many images of each class are read as that class, and what the others are read as, to a PNG.

    Args:
        path: of the PNG.
        per_class: accuracy, 0..1, by class name; none where there are no images. Of more than 30 classes the worst 30
            are named, below a histogram of all.
        confusion: (K, K) counts, row = asked, column = read, in the order of ``per_class``; drawn for K <= 30.
        title: above everything.
        overall: accuracy of all images, 0..1, drawn as a line.

    Without classes nothing is written.

    Raises:
        CondganError: the file cannot be written.
        ValueError: a confusion matrix of another shape.
    """
    if confusion is not None and confusion.shape != (len(per_class), len(per_class)):
        raise ValueError(f"expected confusion ({len(per_class)}, {len(per_class)}), given {confusion.shape}")
    if not per_class:
        return

    from matplotlib.figure import Figure

    named = list(per_class.items())
    heading = ["read as the class asked for"]
    known = [value for value in per_class.values() if value is not None]
    many = len(named) > MOST_BARS
    if many:
        confusion = None
        heading.append(f"the worst {MOST_BARS} of {len(named)} classes")
        named = sorted(named, key=lambda pair: 2.0 if pair[1] is None else pair[1])[:MOST_BARS]
    if overall is not None:
        heading.append(f"dashed: all classes, {percent(overall)}")
    if any(value is not None and value < GOOD for _, value in named):
        heading.append(f"orange: below {GOOD:.0%}")
    names = [_fitting(name, MOST_INCHES) for name, _ in named]
    longest = max(_inches(name) for name in names)
    row = 0.5 if confusion is not None and len(named) <= MOST_PRINTED else 0.28  # inches
    widths = [3.0] if confusion is None else [3.0, max(3.5, 1.2 * row * len(named))]
    upright = confusion is not None and longest > 0.9 * widths[1] / len(names)
    width = sum(widths) + 1.3 * len(widths) + 0.8 + longest
    height = 2 + row * max(len(named), 3) + longest * upright
    figure = Figure(figsize=(width, height + HISTOGRAM * many), dpi=100, layout="constrained")
    axes: list[Axes]
    if many:
        axes = list(figure.subplots(2, 1, sharex=True, height_ratios=[HISTOGRAM, height])[::-1])
        _histogram(axes[1], known, overall)
    else:
        axes = list(figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0])
    if confusion is not None:
        _matrix(axes[1], names, confusion, upright)
    _bars(axes[0], names, [value for _, value in named], overall)
    axes[0].set_title("\n".join(heading), fontsize=10)
    figure.suptitle(_fitting(title, 0.97 * figure.get_figwidth(), 12), x=0.01, ha="left", fontsize=12, parse_math=False)
    save(path, figure)


def _histogram(axis: "Axes", values: list[float], overall: float | None) -> None:
    """How many classes have which accuracy, in bins of 10 %."""
    tenths = np.floor(10 * np.array(values) + 1e-6).clip(max=9).astype(int)  # 0.3 is in the fourth bin, rounded or not
    counts = np.bincount(tenths, minlength=10)
    axis.bar(np.arange(10) / 10, counts, 0.095, align="edge", color=[RED] * 9 + [BLUE])
    if overall is not None:
        axis.axvline(overall, color="black", linewidth=1, linestyle="--")
    axis.set_ylabel("classes")
    axis.tick_params(which="both", length=0, labelbottom=False)
    axis.spines[["top", "left", "right"]].set_visible(False)
    axis.set_title(f"accuracy of {len(values)} classes", fontsize=10)


def _bars(axis: "Axes", names: list[str], values: list[float | None], overall: float | None) -> None:
    """A bar in each row, and its value in a column beside it."""
    rows = np.arange(len(names))
    lengths = [value or 0.0 for value in values]
    axis.barh(rows, 1, color="0.94")
    axis.barh(rows, lengths, color=[BLUE if length >= GOOD else RED for length in lengths])
    for row, value in enumerate(values):
        text, colour = ("none", "0.5") if value is None else (percent(value), "black" if value >= GOOD else RED)
        place = axis.annotate(text, (1, row), (48, 0), textcoords="offset points", annotation_clip=False)
        place.set(ha="right", va="center", color=colour)
    if overall is not None:
        axis.axvline(overall, color="black", linewidth=1, linestyle="--")
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_yticks(rows, names, parse_math=False)
    axis.set_ylabel("class asked for", labelpad=8)
    axis.tick_params(which="both", length=0)
    axis.spines[:].set_visible(False)


def _matrix(axis: "Axes", names: list[str], confusion: Counts, upright: bool) -> None:
    """Rows as shares: what is right in blue, errors on a logarithmic scale, so that rare ones show too."""
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
        for asked, read in np.argwhere(confusion):
            text = f"{percent(shares[asked, read])}\n{confusion[asked, read]}"
            ink = "white" if colours[asked, read, :3] @ [0.299, 0.587, 0.114] < 0.5 else "black"
            axis.text(read, asked, text, ha="center", va="center", fontsize=8, color=ink)
    axis.set_title("what they are read as", fontsize=10)
    axis.set_xticks(range(len(names)), names, rotation=90 if upright else 0, parse_math=False)
    axis.set_xlabel("class read")
    edges = np.arange(len(names) + 1) - 0.5
    axis.set_xticks(edges, minor=True)
    axis.set_yticks(edges, minor=True)
    axis.grid(which="minor", color="0.9", linewidth=0.8)
    axis.tick_params(which="both", length=0, labelleft=False)
    axis.spines[:].set_visible(False)
    bar = axis.figure.colorbar(errors, ax=axis, aspect=40, label="errors: share of\nthe class asked for")
    bar.set_ticks([0.001, 0.01, 0.1, 1], labels=["0.1%", "1%", "10%", "100%"])


def percent(share: float) -> str:
    """0..1 with one decimal; never 100% or 0% unless it is."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "<0.1%" if share < 0.0005 else ">99.9%" if share >= 0.9995 else f"{share:.1%}"


def shortened(text: str, most: int) -> str:
    """One line of at most ``most`` characters; what is too long loses its middle."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())  # file names may hold halves of surrogate pairs
    end = most // 3
    return line if len(line) <= most else f"{line[: most - end - 1]}…{line[len(line) - end :]}"


def _fitting(text: str, inches: float, size: int = 10) -> str:
    """The text, shortened to a width in a font of a size in points."""
    lengths = range(1, min(len(text), int(20 * inches)) + 1)
    most = bisect_right(lengths, inches, key=lambda length: _inches(shortened(text, length), size))
    return shortened(text, max(most, 1))


def _inches(line: str, size: int = 10) -> float:
    """The width of a line in a font of a size in points."""
    from matplotlib.figure import Figure

    figure = Figure()
    with any_letters():
        return float(figure.text(0, 0, line, fontsize=size, parse_math=False).get_window_extent().width / figure.dpi)
