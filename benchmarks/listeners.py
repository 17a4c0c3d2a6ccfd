"""What listeners cost: the CPU seconds of a training with the listeners of a run, and without any, in turns.

usage: python benchmarks/listeners.py [--rounds N] [--epochs N] [RECIPE] [section.field=value ...]

Both trainings take the same steps; what the engine itself takes is measured too, so that the loop's share is seen.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from condgan import data as datasets
from condgan.draws.schedule import Plan
from condgan.generation.run import Run
from condgan.recipe import Recipe, builtin
from condgan.training import preparation
from condgan.training.listeners.listener import Listener, Listeners
from condgan.training.listeners.pictures import Pictures
from condgan.training.listeners.plots import Plots
from condgan.training.listeners.tensorboard import TensorBoard
from condgan.training.listeners.terminal import Lines
from condgan.training.loop import Trainer

LOOP = ("evaluation.every=none", "machine.threads=1")


class Silent(Lines):
    """The lines, which go nowhere."""

    def say(self, text: str) -> None:
        print(text, file=SINK)


SINK = open(os.devnull, "w")  # noqa: SIM115
KINDS: dict[str, Any] = {
    "none": list,
    "empty": lambda: [Listener() for _ in range(4)],
    "lines": lambda: [Silent()],
    "all": lambda: [Pictures(), TensorBoard(), Plots(), Silent()],
}


def seconds(recipe: Recipe, dataset: datasets.Dataset, kind: str) -> float:
    """CPU seconds of a whole training with listeners, after its engine is built."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(recipe, Path(folder) / "run")
        trainer = Trainer(run, recipe, dataset, None, Listeners((), KINDS[kind]()))
        engine, untrained = preparation.engine(recipe, dataset, None)
        start = time.process_time()
        trainer.work(engine, untrained)
        return time.process_time() - start


def steps_alone(recipe: Recipe, dataset: datasets.Dataset) -> float:
    """CPU seconds of the same steps without the loop, in blocks as long as a window of the log."""
    engine, _ = preparation.engine(recipe, dataset, None)
    plan = Plan(len(dataset.trained_on(recipe.data)), recipe.train.batch, recipe.train.epochs)
    start = time.process_time()
    for step in range(0, plan.steps, recipe.output.log_every):
        engine.run(step, min(recipe.output.log_every, plan.steps - step))
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("words", nargs="*", default=["cgan-lsgan"])
    given = parser.parse_args()
    name, *overrides = given.words
    recipe = builtin.get(name, [*LOOP, *overrides, f"train.epochs={given.epochs}"])
    dataset = datasets.load(recipe.data)
    taken: dict[str, list[float]] = {kind: [] for kind in ("steps", *KINDS)}
    for number in range(given.rounds + 1):  # the first one warms up
        for kind in taken:
            spent = steps_alone(recipe, dataset) if kind == "steps" else seconds(recipe, dataset, kind)
            if number:
                taken[kind].append(spent)
    base = np.array(taken["none"])
    for kind, times in taken.items():
        ratios = np.array(times) / base
        low, high = np.quantile(ratios, [0.25, 0.75])
        print(f"{kind:>6}: {np.median(times):7.2f} s CPU, {np.median(ratios):.4f} of none ({low:.4f} to {high:.4f})")


if __name__ == "__main__":
    main()
