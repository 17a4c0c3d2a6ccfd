"""Trainings side by side in pictures: curves on one axis, and images of the same classes and seeds."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from condgan.errors import CondganError
from condgan.experiments.trainings import Trainings
from condgan.generation import jobs
from condgan.generation.generator import load
from condgan.pictures import curves, fonts, images, metric_plots
from condgan.pictures.metric_plots import PANELS, figures_of, shortened
from condgan.results.records import EvaluationRecord, Record, StepRecord, of_kind
from condgan.storage.manifest import begin
from condgan.storage.pictures import Pixels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES, PICTURES = "curves.png", "pictures.png"
COLOURS = (curves.BLUE, curves.RED, curves.GREEN, curves.PINK, curves.ORANGE, "0.3")
LOSSES = {"d_loss": "discriminator loss", "g_loss": "generator loss"}
METRICS = {
    metric: (f"{label}" if len(panel) == 1 else name)
    for label, panel in PANELS.items()
    for metric, (name, _) in panel.items()
    if metric in ("label_accuracy", "fid", "recall", "coverage")
}
"""The figures that are drawn over a training, with their words."""
PANEL_OF = {metric: label for label, panel in PANELS.items() for metric in panel if metric in METRICS}
MOST_ACROSS = 3  # grids of images beside each other
GAP = 24
MOST_NAME = 40


def draw(sides: Sequence[Trainings], folder: Path) -> list[Path]:
    """Write the pictures that can be drawn -> their paths.

    Raises:
        CondganError: a file cannot be written.
    """
    written = []
    if draw_curves(sides, folder / CURVES):
        written.append(folder / CURVES)
    grids = [(shortened(side.path, MOST_NAME), picture) for side in sides if (picture := grid(side)) is not None]
    if grids:
        save(folder / PICTURES, grids)
        written.append(folder / PICTURES)
    return written


def save(path: Path, grids: Sequence[tuple[str, Pixels]]) -> None:
    """Write grids of images beside each other.

    Raises:
        CondganError: the file cannot be written.
    """
    shows = "images of the same classes and seeds, by several generators"
    images.save_png(path, beside(grids), begin().of("picture", shows=shows))


def draw_curves(sides: Sequence[Trainings], path: Path) -> bool:
    """Draw losses and figures over the images seen: a colour for each side, a line for each training -> whether any."""
    from matplotlib.figure import Figure

    records = [[run.records() for run in side.runs] for side in sides]
    panels: list[tuple[str, str, type[Record]]] = [
        *((key, label, StepRecord) for key, label in LOSSES.items()),
        *((key, label, EvaluationRecord) for key, label in METRICS.items()),
    ]
    lines = {key: [[line(run, key, kind) for run in side] for side in records] for key, _, kind in panels}
    shown = [panel for panel in panels if any(np.isfinite(y).any() for side in lines[panel[0]] for _, y in side)]
    if not shown:
        return False
    figure = Figure(figsize=(9, 1.4 + 2.1 * len(shown)), dpi=100, layout="constrained")
    axes: list[Axes] = list(figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0])
    for axis, (key, label, _) in zip(axes, shown, strict=True):
        for number, (side, every) in enumerate(zip(sides, lines[key], strict=True)):
            colour = COLOURS[number % len(COLOURS)]
            for place, (x, y) in enumerate(every):
                faint = 0.35 if len(every) > 1 else 1.0
                dot = "o" if len(y) == 1 else ""
                axis.plot(x, y, color=colour, alpha=faint, linewidth=1.0, marker=dot, label="" if place else None)
            x, y = mean(every)
            name = shortened(side.path, MOST_NAME)
            many = f" (mean of {len(every)})" if len(every) > 1 else ""
            axis.plot(x, y, color=colour, linewidth=1.8, label=f"{name}{many}", marker="o" if len(y) == 1 else "")
        axis.set_ylabel(label)
        curves.plain(axis)
        values = np.concatenate([y[np.isfinite(y)] for side in lines[key] for _, y in side])
        if key in PANEL_OF:
            metric_plots.scale(axis, PANEL_OF[key], values, np.zeros_like(values))
        if key == "fid" and axis.get_yscale() == "linear" and values.min() >= 0:
            axis.set_ylim(bottom=0)
    handles, labels = axes[0].get_legend_handles_labels()
    named = {label: handle for handle, label in zip(handles, labels, strict=True) if not label.startswith("_")}
    figure.legend(named.values(), named.keys(), loc="outside upper left", ncols=2, frameon=False)
    last = max((record for side in records for run in side for record in run), key=lambda record: record.images)
    curves.images_and_epochs(axes[-1], [last])
    curves.save(path, figure, begin())
    return True


def line(records: Sequence[Record], key: str, kind: type[Record]) -> tuple[curves.Values, curves.Values]:
    """A figure of steps or of evaluations over the images seen: both (N,)."""
    if kind is StepRecord:
        steps = of_kind(records, StepRecord)
        x, y = ([record.images for record in steps], [record.mean.get(key) for record in steps])
        return curves.thinned(np.array(x, float)), curves.thinned(np.array(y, float))
    evaluations = [record for record in of_kind(records, EvaluationRecord) if record.step]
    return np.array([record.images for record in evaluations], float), figures_of(evaluations, key)[0]


def mean(every: Sequence[tuple[curves.Values, curves.Values]]) -> tuple[curves.Values, curves.Values]:
    """The mean of several lines where all of them have a point."""
    shared = sorted(set.intersection(*(set(x.tolist()) for x, _ in every)))
    at = [dict(zip(x.tolist(), y.tolist(), strict=True)) for x, y in every]
    return np.array(shared), np.array([np.mean([one[x] for one in at]) for x in shared])


def grid(side: Trainings) -> Pixels | None:
    """Ten rows of images of the first training, a column for each class; none of vectors, or without its generator."""
    place = str(side.runs[0].folder)
    try:
        generator = load(place if side.epoch is None else f"{place}@{side.epoch}")
    except CondganError:
        return None
    if generator.domain.vector is not None or generator.domain.condition is not None:
        return None
    return jobs.grid(generator.recipe, generator.domain, 0).draw(generator)


def beside(grids: Sequence[tuple[str, Pixels]]) -> Pixels:
    """Pictures beside each other, at most three in a row, with a title above each -> (h, w, 3)."""
    from matplotlib.figure import Figure

    across = min(MOST_ACROSS, len(grids))
    height, width = (max(picture.shape[axis] for _, picture in grids) for axis in (0, 1))
    down, high, wide = -(-len(grids) // across), height + 2 * GAP, width + GAP
    figure = Figure(figsize=(across * wide / 100, down * high / 100), dpi=100)
    places = [(place // across * high, place % across * wide + GAP // 2) for place in range(len(grids))]
    for (top, left), (name, _) in zip(places, grids, strict=True):
        x, y = left / (across * wide), 1 - (top + GAP) / (down * high)
        figure.text(x, y, name, fontsize=11, parse_math=False, fontfamily=fonts.families(name), va="center")
    whole = curves.pixels(figure).copy()
    for (top, left), (_, picture) in zip(places, grids, strict=True):
        tall, broad = picture.shape[:2]
        coloured = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
        whole[top + 3 * GAP // 2 : top + 3 * GAP // 2 + tall, left : left + broad] = coloured
    return whole
