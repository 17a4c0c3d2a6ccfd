"""A training step: condgan's torch engine against the loop of the published scripts, on the CPU and on full MNIST."""

import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from condgan import recipes
from condgan.recipe import Data, Recipe
from host import Host, writable

if TYPE_CHECKING:
    from condgan.data import Dataset

# torch and the data are imported where they are used: a process inherits the peak memory of the one that started it.

BLOCK = 50  # steps that the engine takes at a time, as a training does at 100 steps/s
WARM_UP = 10
MEMORY_STEPS = 100
MIB = 2**20
HELP = """Compare the training step of condgan with the loop of the published scripts, on the CPU and on full MNIST.

For each image size and thread count the two take turns in one process: a round of condgan, a round of the published
loop, and so on, so that whatever else the machine does meets both. Quote the ratio (images/s of condgan over images/s
of the published loop: the median over the pairs of neighbouring rounds, smallest and largest in brackets): times
belong to one machine and one moment. Peak memory is that of a process of its own for each side, which loads the data
and trains 100 steps.
"""
EPILOG = "Example: python benchmarks/train_step.py --size 28 --threads 1 --rounds 9 --json step.json"

Sides = Literal["ours", "published"]
Run = Callable[[int], None]


@dataclass(frozen=True)
class Comparison:
    """Both sides at one image size and thread count."""

    size: int
    threads: int
    ours: list[float]
    """Milliseconds per step of each round."""
    published: list[float]

    @property
    def ratios(self) -> list[float]:
        """Images/s of ours over images/s of the published loop, for each pair of rounds."""
        return [theirs / own for own, theirs in zip(self.ours, self.published, strict=True)]


def planned(name: str, size: int, threads: int, batch: int) -> Recipe:
    settings = {"data.size": size, "machine.threads": threads, "train.batch": batch, "machine.device": "cpu"}
    return recipes.get(name, [f"{field}={value}" for field, value in settings.items()])


def mnist(size: int) -> "Dataset":
    from condgan import data

    return data.load(Data(source="mnist", size=size), seed=0)


def ours(recipe: Recipe) -> tuple[Run, Callable[[], int]]:
    """The engine on its data -> what trains it so many steps further, and what counts its parameters."""
    from condgan import engines

    dataset = mnist(recipe.data.size)
    split = dataset.trained_on(recipe.data.train_on)
    engine = engines.load("torch").build(recipe, dataset.domain(), split.images, split.labels, None)
    step = 0

    def run(steps: int) -> None:
        nonlocal step
        end = step + steps
        while step < end:
            count = min(BLOCK, end - step)
            engine.run(step, count)
            step += count

    def parameters() -> int:
        return sum(array.size for name, array in engine.state().items() if name.endswith(".exp_avg"))

    return run, parameters


def published(recipe: Recipe) -> tuple[Run, Callable[[], int]]:
    """The published loop with the recipe's batch, image size and dropout, on the same images."""
    import torch

    from published_loop import PublishedLoop

    split = mnist(28).trained_on(recipe.data.train_on)
    torch.set_num_threads(recipe.machine.threads or 1)
    torch.manual_seed(0)
    loop = PublishedLoop(
        split.images[:, 0],
        split.labels,
        size=recipe.data.size,
        batch=recipe.train.batch,
        dropout=recipe.discriminator.dropout,
        sink=open(os.devnull, "w"),  # noqa: SIM115 (open as long as the loop)
    )
    return loop.run, loop.parameters


SIDES: dict[Sides, Callable[[Recipe], tuple[Run, Callable[[], int]]]] = {"ours": ours, "published": published}


def peak_memory(side: Sides, recipe: Recipe) -> float:
    """Peak resident memory in MiB of this process, once it has trained for a while."""
    run, _ = SIDES[side](recipe)
    run(MEMORY_STEPS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / MIB if sys.platform == "darwin" else peak * 1024 / MIB, 1)  # bytes there, KiB elsewhere


def in_own_process(side: Sides, recipe: Recipe) -> float:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(peak_memory, side, recipe).result()


def compare(recipe: Recipe, rounds: int, steps: int) -> Comparison:
    """Alternate between both sides, once it is sure that they train networks of the same size."""
    (run_ours, own), (run_published, theirs) = ours(recipe), published(recipe)
    if own() != theirs():
        raise SystemExit(f"not the same networks: {own()} parameters against {theirs()}")
    run_ours(WARM_UP)
    run_published(WARM_UP)
    result = Comparison(recipe.data.size, recipe.machine.threads or 1, [], [])
    for _ in range(rounds):
        result.ours.append(milliseconds(run_ours, steps))
        result.published.append(milliseconds(run_published, steps))
    return result


def milliseconds(run: Run, steps: int) -> float:
    """Per step."""
    start = time.perf_counter()
    run(steps)
    return round((time.perf_counter() - start) / steps * 1000, 4)


def speed_table(results: list[Comparison], batch: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("px", "threads", "", "ms/step", "min-max", "images/s", "ratio (min-max)"):
        table.add_column(title, justify="left" if title == "" else "right", no_wrap=True)
    for result in results:
        ratio = f"{median(result.ratios):.2f} ({min(result.ratios):.2f}-{max(result.ratios):.2f})"
        for side, times in (("condgan", result.ours), ("published", result.published)):
            first = side == "condgan"
            table.add_row(
                str(result.size) if first else "",
                str(result.threads) if first else "",
                side,
                f"{median(times):.2f}",
                f"{min(times):.2f}-{max(times):.2f}",
                f"{batch / median(times) * 1000:.0f}",
                ratio if first else "",
            )
    return table


def memory_table(peaks: dict[int, dict[Sides, float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("px", "condgan", "published", "ratio"):
        table.add_column(title, justify="right")
    for size, peak in peaks.items():
        own, theirs = peak["ours"], peak["published"]
        table.add_row(str(size), f"{own:.0f}", f"{theirs:.0f}", f"{own / theirs:.2f}")
    return table


def numbers(text: str, option: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise typer.BadParameter(f"{text}: expected whole numbers like 28,32", param_hint=option)
    return [int(part) for part in parts]


def main(
    recipe: Annotated[
        Literal["cgan-lsgan", "cgan-lsgan-jgan"], typer.Option(help="The setup, which both sides train.")
    ] = "cgan-lsgan",
    batch: Annotated[int, typer.Option(min=2, help="Images in a step.")] = 64,
    size: Annotated[str, typer.Option(help="Pixels of an image's side, one or several.")] = "28,32",
    threads: Annotated[str, typer.Option(help="Torch threads of both sides, one or several.")] = "1,2",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side; 5 or more for a figure to quote.")] = 7,
    steps: Annotated[int, typer.Option(min=1, help="Steps in a round.")] = 100,
    memory: Annotated[bool, typer.Option(help="Measure peak memory too.")] = True,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", callback=writable, help="Write every round here.")
    ] = None,
) -> None:
    sizes, thread_counts = numbers(size, "--size"), numbers(threads, "--threads")
    console, found = Console(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    peaks: dict[int, dict[Sides, float]] = {}
    if memory:  # before torch is imported here
        for pixels in sizes:
            small = planned(recipe, pixels, thread_counts[0], batch)
            peaks[pixels] = {side: in_own_process(side, small) for side in SIDES}
        console.print("\npeak memory of the process, MiB", memory_table(peaks))
    results = [
        compare(planned(recipe, pixels, count, batch), rounds, steps) for pixels in sizes for count in thread_counts
    ]
    console.print(
        f"\n{recipe}, batch {batch}, {rounds} rounds of {steps} steps", speed_table(results, batch), highlight=False
    )
    if json_path is not None:
        written = {
            "host": asdict(found),
            "recipe": recipe,
            "batch": batch,
            "steps_per_round": steps,
            "ms_per_step": [asdict(result) | {"ratio": round(median(result.ratios), 3)} for result in results],
            "peak_mib": peaks,
        }
        json_path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
