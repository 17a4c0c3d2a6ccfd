"""Mode collapse made on purpose, and cured: ``python docs/examples/mode_collapse.py [FOLDER]``.

The data are points in the plane: eight narrow normal distributions on a circle (Metz et al. 2017, section 3.1), so that
it can be counted which of them a generator makes. A small generator against a stronger discriminator leaves some, or
all, out; each cure is one override.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import condgan

Points = npt.NDArray[np.float64]

MODES, RADIUS, WIDTH = 8, 2**0.5, 0.02 * 2**0.5  # standard deviation 1 in each dimension
INSIDE = 5.0  # widths from a mode's centre that a point may lie
SEEDS = (0, 1, 2)
MADE = 2000
SETUP = (
    "generator.output=linear", "generator.hidden=128,128", "discriminator.hidden=128,128", "discriminator.dropout=0",
    "generator.activation=relu", "discriminator.activation=relu", "latent.dim=16", "optim.lr=1e-3",
    "optim.betas=0.5,0.999", "train.fakes=fresh", "train.order=d-first", "train.batch=128", "evaluation.every=none",
    "output.grid_every=1000000",
)  # fmt: skip
CURES = {
    "none": (),
    "minibatch discrimination": ("discriminator.minibatch=discrimination", "discriminator.kernels=8"),
    "minibatch stddev": ("discriminator.minibatch=stddev",),
    "R1": ("penalty.r1=1",),
    "relativistic loss": ("loss.name=relativistic",),
}


def centres() -> Points:
    """Of the modes, (8, 2)."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def figures(points: Points) -> dict[str, float]:
    """What N points, (N, 2), show of the modes."""
    distances = np.linalg.norm(points[:, None] - centres(), axis=2)  # (N, 8)
    inside = distances.min(1) < INSIDE * WIDTH
    shares = np.bincount(distances.argmin(1)[inside], minlength=MODES) / max(inside.sum(), 1)
    seen = shares[shares > 0]
    return {
        "modes": float((shares * inside.mean() > 0.01).sum()),  # of at least a hundredth of all points
        "inside": float(inside.mean()),
        "divergence": float((seen * np.log(seen * MODES)).sum()) if len(seen) else float("nan"),
    }


def picture(path: Path, made: dict[str, list[npt.NDArray[np.float32]]]) -> None:
    """A row for each cure, a column for each seed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * len(SEEDS), 2 * len(made)), dpi=100, layout="constrained")
    axes = figure.subplots(len(made), len(SEEDS), squeeze=False)
    for row, (cure, drawn) in zip(axes, made.items(), strict=True):
        for axis, points, seed in zip(row, drawn, SEEDS, strict=True):
            axis.scatter(*centres().T, s=220, facecolors="none", edgecolors="#009E73", linewidths=1)
            axis.scatter(*points.T, s=2, color="#CC79A7", alpha=0.4, linewidths=0)
            axis.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xticks=[], yticks=[], aspect="equal")
            if axis is row[0]:
                axis.set_ylabel(cure)
            if axis in axes[0]:
                axis.set_title(f"seed {seed}", fontsize="medium")
    figure.savefig(path)


def main(folder: Path) -> None:
    """Make the data, train each setup, compare."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    labels = random.integers(0, MODES, 12_800)
    points = centres()[labels] + WIDTH * random.standard_normal((len(labels), 2))
    data = folder / "circle.npz"
    np.savez(data, vectors=points.astype(np.float32), labels=labels)

    made: dict[str, list[npt.NDArray[np.float32]]] = {}
    print("| cure | modes of 8 | points inside a mode | divergence (nats) |\n|---|---|---|---|")
    real = figures(points)
    print(f"| (real points) | {real['modes']:.0f} | {real['inside']:.2f} | {real['divergence']:.2f} |", flush=True)
    for cure, overrides in CURES.items():
        made[cure] = []
        for seed in SEEDS:
            run = folder / f"{cure.replace(' ', '-')}-{seed}"
            condgan.train("gan-mlp", *SETUP, *overrides, f"seed={seed}", data=data, epochs=30, run=run)
            made[cure].append(condgan.load(run).sample_any(MADE))
        found = [figures(drawn.astype(np.float64)) for drawn in made[cure]]
        cells = [
            ", ".join(form.format(of[name]) for of in found)
            for name, form in (("modes", "{:.0f}"), ("inside", "{:.2f}"), ("divergence", "{:.2f}"))
        ]
        print(f"| {cure} | {' | '.join(cells)} |", flush=True)
    picture(folder / "mode-collapse.png", made)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/mode-collapse"))
