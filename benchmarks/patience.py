"""Where would ``evaluation.patience=auto`` have stopped? Replays trainings that went on: ``python patience.py RUN...``.

The evaluations are those of a run's log, or the moments that ``condgan reproduce`` has measured of it, in the folder
``moments`` of its study, where there are more of these. ``--until 100`` ends each training at that epoch.

``--every 5 --drawn 300`` draws 300 trainings with an evaluation of 5,000 images each 5 epochs instead: about smooth
curves through the figures of RUN, with their scatter. So it is seen how often the stop is too early, and how far it
depends on how often a training is evaluated.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit

from condgan.generation.run import Run
from condgan.results import settling
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord

SHOWN = ("label_accuracy", "coverage")
ENOUGH = 0.95  # of the value at the end
IMAGES = 5000
LEARNT = 3  # evaluations after which the scatter about the curve is that of the training

Numbers = npt.NDArray[np.float64]


def evaluations(run: Run) -> list[EvaluationRecord]:
    """Of a run's log, or its moments; the untrained generator's left out."""
    logged = [record for record in run.evaluations() if record.step]
    folder, plan = run.folder.resolve(), run.plan()
    found = []
    for path in sorted((folder.parents[1] / "moments").glob(f"{folder.parent.name}-{folder.name}-*[0-9].json")):
        content, epoch = json.loads(path.read_bytes()), int(path.stem.rpartition("-")[2])
        if "label_accuracy" in content:
            step = epoch * (plan.steps_per_epoch if plan else 1)
            figures = {name: named(name, figure) for name, figure in content.items()}
            found.append(EvaluationRecord(step=step, images=step, epoch=float(epoch), evaluation=figures))
    return max(logged, found, key=len)


def stop(every: list[EvaluationRecord], epochs: int) -> int | None:
    """The position of the evaluation that would have been the last."""
    return next((end for end in range(len(every)) if settling.settled(every[: end + 1], epochs)), None)


def row(name: str, every: list[EvaluationRecord]) -> str:
    """A training, as a row of a table: where it stops, and the figures there and at its end."""
    last = every[-1]
    place = stop(every, round(last.epoch))
    at = last if place is None else every[place]
    cells = [name, str(len(every)), f"{at.epoch:g} of {last.epoch:g}", f"{1 - at.epoch / last.epoch:.0%}"]
    for figure in SHOWN:
        here, there = at.value(figure), last.value(figure)
        cells.append("-" if here is None or not there else f"{here:.3f} / {there:.3f} = {here / there:.1%}")
    return f"| {' | '.join(cells)} |"


def smooth(epoch: Numbers, first: float, change: float, pace: float) -> Numbers:
    """A figure that approaches its last value, the slower the longer it goes."""
    return np.asarray(first + change * np.exp(-np.sqrt(epoch / abs(pace))))


def curves(every: list[EvaluationRecord]) -> dict[str, tuple[Numbers, float]]:
    """Of errors, coverage and the logarithm of the Frechet distance: the curve, and the scatter about it."""
    epochs, found = np.array([record.epoch for record in every]), {}
    name = next(name for name, figure in every[-1].evaluation.items() if figure.metric == "fid")
    errors, coverage, distance = (
        np.array([record.value(one) for record in every], float) for one in ("label_accuracy", "coverage", name)
    )
    series = {"label_accuracy": np.log(1.0 - errors), "coverage": coverage, "fid": np.log(distance)}
    for figure, values in series.items():
        fitted, _ = curve_fit(smooth, epochs, values, (values[-1], values[0] - values[-1], 10.0), maxfev=50_000)
        found[figure] = fitted, float((values - smooth(epochs, *fitted))[LEARNT:].std())
    return found


def drawn(every: list[EvaluationRecord], apart: float, count: int) -> str:
    """Where trainings like this one stop that are evaluated so often, and how often that is too early."""
    random, found, epochs = np.random.default_rng(0), curves(every), round(every[-1].epoch)
    when = np.arange(apart, epochs + apart / 2, apart)
    level = {name: smooth(when, *fitted) for name, (fitted, _) in found.items()}
    stops = []
    for _ in range(count):
        noisy = {name: level[name] + random.normal(0, found[name][1], len(when)) for name in found}
        right = random.binomial(IMAGES, np.clip(1 - np.exp(noisy["label_accuracy"]), 0, 1)) / IMAGES
        covered = random.binomial(IMAGES, np.clip(noisy["coverage"], 0, 1)) / IMAGES
        records = []
        for place, epoch in enumerate(when):
            shares = {"label_accuracy": float(right[place]), "coverage": float(covered[place])}
            figures = {
                key: named(key, {"value": value, "se": float(np.sqrt(value * (1 - value) / IMAGES))})
                for key, value in shares.items()
            }
            distance = named("fid_mnist", {"value": float(np.exp(noisy["fid"][place])), "se": 0.0})
            figures["fid_mnist"] = distance
            seen = EvaluationRecord(step=place + 1, images=place + 1, epoch=float(epoch), evaluation=figures)
            records.append(seen)
        end = stop(records, epochs)
        stops.append(len(when) - 1 if end is None else end)
    ideal = {"label_accuracy": 1 - np.exp(level["label_accuracy"]), "coverage": level["coverage"]}
    early = [float((one[stops] < ENOUGH * one[-1]).mean()) for one in ideal.values()]
    at = when[stops]
    low, high = np.quantile(at, (0.1, 0.9))
    return (
        f"| {apart:g} | {at.mean():.0f} ({low:.0f} to {high:.0f}) of {epochs} | {1 - at.mean() / epochs:.0%} | "
        f"{early[0]:.1%} | {early[1]:.1%} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--until", type=float, default=float("inf"))
    parser.add_argument("--every", type=float, action="append")
    parser.add_argument("--drawn", type=int, default=300)
    given = parser.parse_args()
    if given.every:
        print("| evaluated every ... epochs | stops at epoch | time saved | label accuracy below | coverage below |")
        print(f"|{'---|' * 5}")
    else:
        print("| training | evaluations | stops at epoch | time saved | label accuracy: there / end | coverage |")
        print(f"|{'---|' * 6}")
    for path in given.runs:
        every = [record for record in evaluations(Run.open(path)) if record.epoch <= given.until]
        if not every:
            print(f"| {path}: no evaluations, and no moments |")
        elif given.every:
            print("\n".join(drawn(every, apart, given.drawn) for apart in given.every))
        else:
            print(row(f"{path.parent.name}/{path.name}", every))


if __name__ == "__main__":
    main()
