"""Draws a training over its epochs, from its log and its kept generators: `python docs/reproduction.py RUN A.png`.

Figures are of 10,000 generated images against MNIST's test images; they are kept in a folder `moments` beside the run.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from condgan.claims.evidence import Evidence
from condgan.experiments.study import Study
from condgan.generation.generator import load
from condgan.pictures import curves, images
from condgan.results.records import StepRecord, of_kind
from condgan.runs.run import Run
from condgan.storage.manifest import begin

SHOWN = ("fid_mnist", "label_accuracy", "recall", "coverage", "memorised")
ROWS = 3


def main(folder: Path, path: Path) -> None:
    """Measure every kept generator, print a table, and draw curves and pictures."""
    run = Run(folder)
    evidence = Evidence(Study(folder.parent), "full", lambda text: print(text, file=sys.stderr))
    epochs = [*run.epochs()]
    found = {epoch: evidence.figures(run, epoch) for epoch in epochs}
    steps = of_kind(run.records(), StepRecord)
    print(f"| epoch | {' | '.join(SHOWN)} | D loss | G loss | between batches: D, G | gradient at G |")
    print("|---" * (6 + len(SHOWN) - 1) + "|")
    for epoch in epochs:
        near = [record for record in steps if epoch - 1 <= record.epoch <= epoch]
        mean = {name: np.mean([record.mean[name] for record in near]) for name in ("d_loss", "g_loss", "g_gradient")}
        spread = {name: np.mean([record.spread[name] for record in near]) for name in ("d_loss", "g_loss")}
        cells = [f"{found[epoch][name].value:.4g}" for name in SHOWN]
        losses = f"{mean['d_loss']:.3g} | {mean['g_loss']:.3g} | {spread['d_loss']:.2g}, {spread['g_loss']:.2g}"
        print(f"| {epoch} | {' | '.join(cells)} | {losses} | {mean['g_gradient']:.3g} |")
    figure = Figure(figsize=(9, 9), dpi=100, layout="constrained")
    axes = figure.subplots(4, 1, sharex=True, height_ratios=[1, 1, 1, 1])
    x = np.array([record.epoch for record in steps])
    for name, label, colour in (("d_loss", "discriminator", curves.BLUE), ("g_loss", "generator", curves.RED)):
        curves.curve(axes[0], x, np.array([record.mean[name] for record in steps]), label, colour)
    axes[0].set_ylabel("loss")
    curves.legend(axes[0])
    for axis, names, label in (
        (axes[1], ("fid_mnist",), "Frechet distance"), (axes[2], ("label_accuracy", "recall", "coverage"), "share"),
        (axes[3], ("memorised",), "memorised"),
    ):  # fmt: skip
        for name, colour in zip(names, (curves.BLUE, curves.RED, curves.GREEN), strict=False):
            axis.plot(
                epochs, [found[epoch][name].value for epoch in epochs], "o-", color=colour, label=name, markersize=3
            )
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        if len(names) > 1:
            curves.legend(axis)
    for axis in axes:
        curves.plain(axis)
    axes[-1].set_xlabel("epochs")
    curves.save(path, figure, begin())
    chosen = [epoch for epoch in (10, 50, 100, 200, 300, 500, 700, 1000) if epoch in found]
    rows = [load(f"{folder}@{epoch}").sample_classes(np.arange(10), seed) for epoch in chosen for seed in range(ROWS)]
    shows = f"images of one generator after {', '.join(map(str, chosen))} epochs, {ROWS} rows each"
    images.save_png(
        path.with_name(f"{path.stem}-digits.png"),
        images.grid(np.concatenate(rows), 10),
        begin().of("picture", shows=shows),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
