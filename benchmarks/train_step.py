"""A training step: condgan's torch engine against the loop of the published scripts and against the machine's limit."""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from condgan.recipe import Data, Recipe, builtin
from host import Host, JsonPath, Row, on_stdout, save, spread

if TYPE_CHECKING:
    from condgan.data import Dataset
    from condgan.engines.torch.engine import TorchEngine
    from published_loop import PublishedLoop, Setup

# torch and the data are imported where they are used: a process inherits the peak memory of the one that started it.

BLOCK = 50  # steps that the engine takes at a time, as a training does at 100 steps/s
WARM_UP = 3
WARM_UP_GRAPHS = 64  # and where steps are recorded, which happens at the fourth of a kind
LEAD = 400  # steps at most that are taken before a round, because their draws are ready: it was the other side's turn
ROUND_SECONDS = 0.5  # at least, for each side
MEMORY_STEPS = 100
LIMIT_STEPS = 8  # one of so many has a penalty, where it is lazy
MIB = 2**20
SOURCE = "mnist"  # of the images
CASES = {
    **{name: (name,) for name in builtin.RECIPES},
    "cgan-lsgan, bf16": ("cgan-lsgan", "train.precision=bf16"),
    "cgan-lsgan, judged once": ("cgan-lsgan", "train.judge=once"),
    "cgan-lsgan, judged once, bf16": ("cgan-lsgan", "train.judge=once", "train.precision=bf16"),
}
PUBLISHED = ("cgan-lsgan", "cgan-lsgan-jgan")
"""Recipes of which the published loop has networks of its own; it trains the others with condgan's."""
HELP = """Compare the training step of condgan with the loop of the published scripts, on the CPU and on full MNIST.

For each recipe and batch the two take turns in one process: a round of condgan, a round of the published loop, and so
on, so that whatever else the machine does meets both. Quote the ratio (images/s of condgan over images/s of the
published loop: the median over the pairs of neighbouring rounds, smallest and largest in brackets): times belong to
one machine and one moment. "of 64" is the ratio to the loop at its own batch, 64.

The limit is the arithmetic of a step over the rate of matrix products in its precision, and the bytes that the
optimisers move over the rate of memory, both rates measured in the same process. Peak memory is that of a process of
its own for each side, which loads the data and trains 100 steps.
"""
EPILOG = "Example: python benchmarks/train_step.py cgan-lsgan cgan-lsgan-jgan --size 32 --batch 64 --rounds 9"

Sides = Literal["ours", "published"]


@dataclass(frozen=True)
class Comparison:
    """Both sides with one recipe and batch."""

    case: str
    batch: int
    precision: str
    limit: float
    """Milliseconds."""
    ours: list[float]
    """Milliseconds per step of each round."""
    published: list[float]

    @property
    def ratios(self) -> list[float]:
        """Images/s of ours over images/s of the published loop, for each pair of rounds."""
        return [theirs / own for own, theirs in zip(self.ours, self.published, strict=True)]

    @property
    def distance(self) -> float:
        """From the limit, as a factor."""
        return median(self.ours) / self.limit


def planned(
    case: str, size: int | None, threads: int, batch: int, device: str = "cpu", more: Iterable[str] = ()
) -> Recipe:
    name, *overrides = CASES[case]
    settings = {"machine.threads": threads, "train.batch": batch, "machine.device": device}
    settings |= {"data.size": size} if size else {}
    return builtin.get(name, [*overrides, *more, *(f"{field}={value}" for field, value in settings.items())])


@cache
def mnist(size: int) -> "Dataset":
    from condgan import data

    return data.load(Data(source=SOURCE, size=size))


def ours(recipe: Recipe) -> "TorchEngine":
    from condgan.engines.torch.engine import TorchEngine

    dataset = mnist(recipe.data.height)
    return TorchEngine(recipe, dataset.domain(), dataset.trained_on(recipe.data), None)


def taking_steps(engine: "TorchEngine") -> Callable[[int], None]:
    """What trains it so many steps further."""
    step = 0

    def run(steps: int) -> None:
        nonlocal step
        end = step + steps
        while step < end:
            count = min(BLOCK, end - step)
            engine.run(step, count)
            step += count

    return run


def published(recipe: Recipe) -> "PublishedLoop":
    """The published loop with the recipe's networks, losses, batch and image size, on the same images."""
    import torch

    import published_loop

    dataset = mnist(28)
    split = dataset.trained_on(recipe.data)
    torch.set_num_threads(recipe.machine.threads or 1)
    torch.manual_seed(0)
    if recipe.name in PUBLISHED and recipe.generator == builtin.get(recipe.name).generator:
        setup = published_loop.published(recipe.data.height, recipe.discriminator.dropout)
    else:
        setup = of_recipe(recipe)
    return published_loop.PublishedLoop(
        setup,
        split.images[:, 0],
        split.labels,
        size=recipe.data.height,
        batch=recipe.train.batch,
        sink=open(os.devnull, "w"),
        device=recipe.machine.device or "cpu",
    )


def of_recipe(recipe: Recipe) -> "Setup":
    """The networks and losses of a recipe, for the loop."""
    from itertools import count

    import torch
    from torch import Tensor

    from condgan.engines import losses
    from condgan.engines.torch import networks
    from condgan.engines.torch.networks import Scores
    from published_loop import Given, Setup

    domain = mnist(recipe.data.height).domain()
    generator = networks.Generator(recipe.generator, recipe.latent.dim, domain)
    discriminator = networks.Discriminator(recipe.discriminator, domain)
    d_terms, g_terms = losses.terms(recipe)
    steps = {id(terms): count() for terms in (d_terms, g_terms)}

    def loss(terms: list[losses.Term], real: Given, fake: Given) -> Tensor:
        found = losses.parts(terms, Scores(discriminator, real, fake), next(steps[id(terms)]))
        return torch.stack(list(found.values())).sum()

    return Setup(
        generator,
        discriminator,
        g_loss=lambda real, fake: loss(g_terms, real, fake),
        d_loss=lambda real, fake: loss(d_terms, real, fake),
        latent=recipe.latent.dim,
    )


SIDES: dict[Sides, Callable[[Recipe], Callable[[int], None]]] = {
    "ours": lambda recipe: taking_steps(ours(recipe)),
    "published": lambda recipe: published(recipe).run,
}


def peak_memory(side: Sides, recipe: Recipe) -> float:
    """Peak resident memory in MiB of this process, once it has trained for a while."""
    SIDES[side](recipe)(MEMORY_STEPS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / MIB if sys.platform == "darwin" else peak * 1024 / MIB, 1)  # bytes there, KiB elsewhere


def in_own_process(side: Sides, recipe: Recipe) -> float:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(peak_memory, side, recipe).result()


def compare(case: str, recipe: Recipe, rounds: int) -> Comparison:
    """Alternate between both sides, once it is sure that they train networks of the same size."""
    from limits import least_seconds

    engine, loop = ours(recipe), published(recipe)
    own = sum(p.numel() for network in (engine.game.generator, engine.game.discriminator) for p in network.parameters())
    if own != loop.parameters():
        raise SystemExit(f"not the same networks: {own} parameters against {loop.parameters()}")
    threads, precision = recipe.machine.threads or 1, engine.settings.precision or "float32"
    limit = 1000 * least_seconds(engine, precision, LIMIT_STEPS, threads)
    sides = taking_steps(engine), loop.run
    lengths = []
    for run, first in zip(sides, (WARM_UP if engine.graphs is None else WARM_UP_GRAPHS, WARM_UP), strict=True):
        milliseconds(run, first)
        lengths.append(max(1, round(1000 * ROUND_SECONDS / milliseconds(run, first))))
    result = Comparison(case, recipe.train.batch, precision, limit, [], [])
    ahead = min(LEAD, engine.draws.piece * engine.draws.ahead) if engine.draws.pool else 0
    for _ in range(rounds):
        for run, steps, times in zip(sides, lengths, (result.ours, result.published), strict=True):
            if times is result.ours:
                run(ahead)
            times.append(milliseconds(run, steps))
    return result


def milliseconds(run: Callable[[int], None], steps: int) -> float:
    """Per step."""
    start = time.perf_counter()
    run(steps)
    return round((time.perf_counter() - start) / steps * 1000, 4)


def rows(results: list[Comparison]) -> list[Row]:
    """What is compared: the ratios to the loop at the same batch."""
    of = "images/s of the published loop"
    return [Row(f"step of {r.case}, batch {r.batch}", median(r.ratios), of, r.distance) for r in results]


def speed_table(results: list[Comparison]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("recipe", "batch", "ms/step", "published", "ratio (min-max)", "of 64", "limit", "x limit"):
        table.add_column(title, justify="left" if title == "recipe" else "right", no_wrap=True)
    small = {result.case: median(result.published) / result.batch for result in results if result.batch == 64}
    for result in results:
        own = median(result.ours)
        alone = small.get(result.case.partition(",")[0])
        table.add_row(
            result.case,
            str(result.batch),
            f"{own:.2f}",
            f"{median(result.published):.2f}",
            spread(result.ratios),
            "" if alone is None else f"{alone * result.batch / own:.2f}",
            f"{result.limit:.2f}",
            f"{result.distance:.2f}",
        )
    return table


def memory_table(peaks: dict[str, dict[Sides, float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("recipe", "condgan", "published", "ratio"):
        table.add_column(title, justify="left" if title == "recipe" else "right")
    for case, peak in peaks.items():
        own, theirs = peak["ours"], peak["published"]
        table.add_row(case, f"{own:.0f}", f"{theirs:.0f}", f"{own / theirs:.2f}")
    return table


def numbers(text: str, option: str) -> list[int]:
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 1 for part in parts):
        raise typer.BadParameter(f"{text}: expected whole numbers from 2 on, like 64,256", param_hint=option)
    return [int(part) for part in parts]


def main(
    cases: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE ...]", help=f"Of: {'; '.join(CASES)}. Default: all.")
    ] = None,
    batch: Annotated[str, typer.Option(help="Images in a step, one or several.")] = "64,256,1024",
    size: Annotated[int | None, typer.Option(min=8, help="Pixels of an image's side; default: the recipe's.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Torch threads of both sides; default: the cores that it may use.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side; 5 or more for a figure to quote.")] = 5,
    memory: Annotated[bool, typer.Option(help="Measure peak memory too.")] = True,
    json_path: JsonPath = None,
) -> None:
    chosen, batches = cases or list(CASES), numbers(batch, "--batch")
    unknown = [case for case in chosen if case not in CASES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]}: expected one of {'; '.join(CASES)}", param_hint="RECIPE")
    console, found = on_stdout(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    count = threads or found.cores
    peaks: dict[str, dict[Sides, float]] = {}
    if memory:  # before torch is imported here
        for case in chosen:
            small = planned(case, size, count, batches[0])
            peaks[case] = {side: in_own_process(side, small) for side in SIDES}
        console.print("\npeak memory of the process, MiB", memory_table(peaks))
    results = []
    for case in chosen:
        for images in batches:
            results.append(compare(case, planned(case, size, count, images), rounds))
            console.print(f"{case}, batch {images}: {spread(results[-1].ratios)}", style="dim")
    console.print(f"\n{count} thread(s), {rounds} rounds", speed_table(results), highlight=False)
    if json_path is not None:
        save(json_path, found, rows(results), steps=results, peak_mib=peaks, threads=count, size=size)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
