"""Vectors made for vector conditions, where the right answer is known: ``python docs/examples/vectors.py [FOLDER]``.

A condition c lies in a cube of three dimensions; given c, a vector x of four dimensions is a nonlinear mean of c, plus
or minus an offset that turns with c, plus correlated noise. Mean, covariance and both modes are known for every c.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import condgan

if TYPE_CHECKING:
    from condgan.generation.generator import Generator

Values = npt.NDArray[np.float64]

NOISE = np.array([[0.06, 0.03, 0, 0], [0.03, 0.06, 0, 0], [0, 0, 0.06, -0.02], [0, 0, -0.02, 0.03]])
INSIDE = 18.47  # squared Mahalanobis distance that 99.9 % of the noise stays below: chi-square, 4 degrees of freedom
OVERRIDES = (
    "generator.output=linear", "generator.condition=vector", "discriminator.condition=vector",
    "generator.hidden=128,128,128", "discriminator.hidden=128,128,128", "discriminator.dropout=0", "latent.dim=8",
    "optim.g.lr=4e-4", "optim.d.lr=3e-3", "optim.betas=0.5,0.9", "optim.schedule=cosine", "train.ema=0.999",
    "train.batch=256", "evaluation.every=none",
)  # fmt: skip


def conditions(count: int, random: np.random.Generator) -> Values:
    """Conditions of standard deviation 1: (count, 3)."""
    return random.uniform(-(3**0.5), 3**0.5, (count, 3))


def mean(c: Values) -> Values:
    """The mean of x given c: (N, 3) -> (N, 4)."""
    return np.stack([np.sin(2 * c[:, 0]), c[:, 0] * c[:, 1], np.cos(2 * c[:, 2]), np.tanh(c.sum(1))], axis=1)


def offset(c: Values) -> Values:
    """From the mean to one mode, and back to the other: (N, 3) -> (N, 4)."""
    nothing = np.zeros(len(c))
    return 0.8 * np.stack([np.cos(c[:, 0]), np.sin(c[:, 0]), nothing, nothing], axis=1)


def draw(c: Values, random: np.random.Generator) -> Values:
    """One x for each c: (N, 3) -> (N, 4)."""
    side = random.choice([-1.0, 1.0], (len(c), 1))
    return mean(c) + side * offset(c) + random.multivariate_normal(np.zeros(4), NOISE, len(c))


def figures(samples: Values, c: Values) -> dict[str, float]:
    """How S samples for each of P conditions, (P, S, 4) and (P, 3), differ from the truth."""
    centre, to_mode = mean(c), offset(c)
    rest = samples - samples.mean(1, keepdims=True)
    found = np.einsum("psi,psj->pij", rest, rest) / (samples.shape[1] - 1)
    true = NOISE + to_mode[:, :, None] * to_mode[:, None, :]
    modes = samples[:, None] - centre[:, None, None] - np.stack([to_mode, -to_mode], axis=1)[:, :, None]  # (P, 2, S, 4)
    distances = np.einsum("pmsi,ij,pmsj->pms", modes, np.linalg.inv(NOISE), modes)
    nearest = distances.argmin(1)  # (P, S)
    spread = 0.0
    for mode in (0, 1):
        of = (nearest == mode)[:, :, None]
        inside = np.where(of, modes[:, mode], 0)
        spread += float((inside**2).sum() - (inside.sum(1) ** 2 / np.maximum(of.sum(1), 1)).sum())
    first = (nearest == 0).mean(1)
    return {
        "conditional mean, root-mean-square error": float(np.sqrt(((samples.mean(1) - centre) ** 2).mean())),
        "conditional covariance, relative error": float(np.sqrt(((found - true) ** 2).sum() / (true**2).sum())),
        "variance about the nearer mode's mean, share of the noise's": spread / nearest.size / float(np.trace(NOISE)),
        "samples within a mode (99.9 % ellipsoid)": float((distances.min(1) < INSIDE).mean()),
        "share of the rarer mode, mean": float(np.minimum(first, 1 - first).mean()),
        "share of the rarer mode, least": float(np.minimum(first, 1 - first).min()),
    }


def picture(path: Path, made: "Generator", random: np.random.Generator) -> None:
    """Four conditions side by side: samples of the truth and of the generator in the plane of the two modes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.4), dpi=75, layout="constrained")
    for axes, c in zip(figure.subplots(1, 4, sharex=True, sharey=True), conditions(4, random), strict=True):
        asked = np.repeat(c[None], 400, axis=0)
        for name, x, colour in (
            ("truth", draw(asked, random), "#009E73"),
            ("generated", made.sample(asked, seed=2), "#CC79A7"),
        ):
            axes.scatter(x[:, 0], x[:, 1], s=8, color=colour, alpha=0.5, linewidths=0, label=name)
        axes.set_title(f"c = ({', '.join(f'{number:.1f}' for number in c)})", fontsize=11)
        axes.set_aspect("equal")
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(markerscale=2, frameon=False)
    figure.savefig(path)


def main(folder: Path, rows: int = 50_000, epochs: int = 50, asked: int = 200, each: int = 500) -> dict[str, Any]:
    """Make data, train, sample for conditions that were not trained on, and compare with the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    c = conditions(rows, random)
    x = draw(c, random)
    np.savez(folder / "data.npz", vectors=x.astype(np.float32), conditions=c.astype(np.float32))

    run = condgan.train("cgan-paper-adam", *OVERRIDES, data=folder / "data.npz", epochs=epochs, run=folder / "run")
    made = condgan.load(run.folder)

    new = conditions(asked, random)
    repeated = np.repeat(new, each, axis=0)
    sides = {
        "generated": made.sample(repeated, seed=1),
        "truth": draw(repeated, random),
        "no condition": x[random.integers(0, rows, len(repeated))],
    }
    found = {name: figures(samples.reshape(asked, each, 4), new) for name, samples in sides.items()}
    picture(folder / "vectors.png", made, np.random.default_rng(3))
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures, one a row, as Markdown."""
    rows = [["", *found], ["---"] * (len(found) + 1)]
    rows += [[name, *(f"{side[name]:.3f}" for side in found.values())] for name in found["truth"]]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "vectors")
    print(table(main(place)))
    print(place / "vectors.png")
