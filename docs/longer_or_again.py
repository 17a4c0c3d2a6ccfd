"""Draws as many steps on few images beside those on many: `python docs/longer_or_again.py FEW MANY A.png`.

Each run is a path and its images: `runs/few-ls/seed-0:6000 runs/long-ls/seed-0:60000`. Figures are those of
`docs/reproduction.py`, in the `moments` of the study around the run.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from condgan.claims.evidence import Evidence
from condgan.experiments.study import Study
from condgan.generation.generator import load
from condgan.generation.run import Run
from condgan.pictures import curves, images
from condgan.results.records import StepRecord, of_kind
from condgan.storage.manifest import begin

STEPS = 94_000
PUBLISHED = {"d_loss": (0.0009, 0.016), "g_loss": (0.92, 0.99)}
LOSSES = (("d_loss", "discriminator", curves.BLUE), ("g_loss", "generator", curves.RED))
SHOWN = (
    ("label_accuracy", "label accuracy", curves.GREEN, "o-"), ("recall", "recall", curves.RED, "s--"),
    ("memorised", "memorised", curves.BLUE, "^:"),
)  # fmt: skip
ROWS = 2


def main(few: str, many: str, path: Path) -> None:
    """Losses above, figures below; a column for each run; and digits of the same seeds in a second picture."""
    figure = Figure(figsize=(9, 7.5), dpi=100, layout="constrained")
    axes = figure.subplots(3, 2, sharex=True, sharey="row")
    rows = []
    for column, given in enumerate((few, many)):
        folder, _, count = given.rpartition(":")
        run = Run(Path(folder))
        evidence = Evidence(Study(run.folder.parents[1]), "full", lambda text: print(text, file=sys.stderr))
        steps = [record for record in of_kind(run.records(), StepRecord) if record.step <= STEPS + 1000]
        x = np.array([record.step / 1000 for record in steps])
        for name, label, colour in LOSSES:
            curves.curve(axes[0, column], x, np.array([record.mean[name] for record in steps]), label, colour)
            axes[0, column].axhspan(*PUBLISHED[name], color=colour, alpha=0.25, linewidth=0)
        per_epoch = steps[-1].step / steps[-1].epoch
        epochs = [epoch for epoch in run.epochs() if epoch * per_epoch <= STEPS + 1000 and epoch % 10 == 0]
        found = {epoch: evidence.figures(run, epoch) for epoch in epochs}
        at = [epoch * per_epoch / 1000 for epoch in epochs]
        axes[1, column].plot(at, [found[epoch]["fid_mnist"].value for epoch in epochs], "o-", color="black")
        for name, label, colour, style in SHOWN:
            values = [found[epoch][name].value for epoch in epochs]
            axes[2, column].plot(at, values, style, color=colour, label=label, markersize=4)
        axes[0, column].set_title(f"{int(count):,} images{', again and again' * (column == 0)}")
        axes[2, column].set_xlabel("steps, in thousands")
        rows += [
            load(f"{folder}@{epoch}").sample_classes(np.arange(10), seed)
            for epoch in (epochs[0], epochs[-1])
            for seed in range(ROWS)
        ]
        for epoch in epochs:
            cells = [f"{found[epoch][name].value:.4g}" for name in ("fid_mnist", *(one[0] for one in SHOWN))]
            near = [record for record in steps if epoch - 1 <= record.epoch <= epoch]
            losses = [f"{np.mean([record.mean[name] for record in near]):.3g}" for name, *_ in LOSSES]
            print(f"| {epoch} | {' | '.join([*cells, *losses])} |")
    axes[0, 0].set_ylabel("loss; bands: published")
    axes[1, 0].set_ylabel("Frechet distance")
    axes[2, 0].set_ylabel("share")
    axes[0, 0].set_ylim(0, 1.3)
    for axis in axes.flat:
        curves.plain(axis)
    axes[1, 0].set_ylim(bottom=0)
    axes[2, 0].set_ylim(0, 1.02)
    axes[0, 0].legend(frameon=False, loc="center right")
    axes[2, 1].legend(frameon=False, loc="center right")
    curves.save(path, figure, begin())
    shows = f"digits by the first and the last generator of each run, {ROWS} rows each"
    images.save_png(
        path.with_name(f"{path.stem}-digits.png"),
        images.grid(np.concatenate(rows), 10),
        begin().of("picture", shows=shows),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
