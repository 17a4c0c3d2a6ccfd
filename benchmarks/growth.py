"""How cost grows with work: training on many images, and evaluating many."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from host import Host, JsonPath, Row, on_stdout, save, spread

if TYPE_CHECKING:
    from condgan.engines.torch.engine import TorchEngine

RECIPE = "cgan-lsgan"
FEW = 60_000  # training images that more are compared with
ROUND_STEPS = 60
LONG_STEPS = 600  # over which memory is watched
MIB = 2**20
HELP = """Show how cost grows with work.

Training: the sampler makes a dataset, which is trained on from its .npz, in turns with its first 60,000 images in one
process; the ratio is that of images/s (the median over pairs of neighbouring rounds, smallest and largest in brackets).
Private memory is what the system cannot take back: pages of a mapped file do not count.

Evaluation: condgan evaluate of the packaged generator without GAN-train, with growing --n, after one call that is not
counted and leaves behind what is kept of the real images. Seconds above those of the smallest call, for each further
10,000 images: they stay the same where the time is linear.
"""
EPILOG = "Example: python benchmarks/growth.py --images 1000000 --rounds 9"


@dataclass(frozen=True)
class Training:
    """Both datasets, with images/s of each round."""

    images: int
    many: list[float]
    few: list[float]
    private_mib: tuple[float, float]
    """Of the process after a few steps on many images, and after many."""

    @property
    def ratios(self) -> list[float]:
        """Images/s with many images over those with few."""
        return [many / few for many, few in zip(self.many, self.few, strict=True)]


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation took."""

    images: int
    seconds: float
    floors: float
    """Seconds of the call before, which computes the real side of this size too."""


def private() -> float:
    """Memory of this process that no file stands behind, in MiB; on Linux."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return round(int(found[1]) / 1024, 1) if found else 0.0


def condgan(*arguments: object) -> float:
    """Run a command -> seconds."""
    start = time.perf_counter()
    command = [str(Path(sysconfig.get_path("scripts")) / "condgan"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return time.perf_counter() - start


def engine(path: Path, few: bool) -> "TorchEngine":
    from condgan import data
    from condgan.data import Split
    from condgan.engines.torch.engine import TorchEngine
    from condgan.recipe import builtin

    recipe = builtin.get(RECIPE, [f"data.source={path}", "machine.device=cpu"])
    dataset = data.load(recipe.data)
    split = dataset.trained_on(recipe.data)
    end = FEW if few else len(split)
    return TorchEngine(recipe, dataset.domain(), Split(*split.take(slice(end))), None)


def train(path: Path, images: int, rounds: int) -> Training:
    """Alternate between many images and few."""
    many, few = engine(path, False), engine(path, True)
    sides: list[tuple[TorchEngine, list[float]]] = [(many, []), (few, [])]
    step = 0
    for trained, _ in sides:
        trained.run(step, ROUND_STEPS)
    for number in range(rounds):
        step = (number + 1) * ROUND_STEPS
        for trained, rates in sides:
            start = time.perf_counter()
            trained.run(step, ROUND_STEPS)
            rates.append(ROUND_STEPS * many.plan.batch / (time.perf_counter() - start))
    before = private()
    for block in range(LONG_STEPS // ROUND_STEPS):
        many.run(step + (block + 1) * ROUND_STEPS, ROUND_STEPS)
    return Training(images, sides[0][1], sides[1][1], (before, private()))


def training(folder: Path, images: int, rounds: int) -> Training:
    """In a process of its own, on images that are made for it."""
    from startup import untrained

    path, made = folder / "generator.safetensors", folder / "made.npz"
    untrained(path, RECIPE)
    condgan("sample", path, "--per-class", images // 10, "-o", made)
    worker = [sys.executable, __file__, "--worker", str(made), "--images", str(images), "--rounds", str(rounds)]
    done = subprocess.run(worker, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)
    return Training(images, found["many"], found["few"], tuple(found["private_mib"]))


def evaluations(counts: list[int]) -> list[Evaluated]:
    results = []
    for count in counts:
        command = ["evaluate", "mnist", "--n", count, "--no-gan-train", "--json"]
        cold = condgan(*command)
        results.append(Evaluated(count, round(condgan(*command), 2), round(cold, 2)))
    return results


def training_table(found: Training) -> Table:
    shown = Table(box=None, pad_edge=False)
    for title in ("images", "images/s", f"with {FEW:,}", "ratio (min-max)", "private MiB", "later"):
        shown.add_column(title, justify="right", no_wrap=True)
    shown.add_row(
        *(f"{found.images:,}", f"{median(found.many):,.0f}", f"{median(found.few):,.0f}", spread(found.ratios)),
        *(f"{mib:.0f}" for mib in found.private_mib),
    )
    return shown


def further(results: list[Evaluated]) -> list[float]:
    """Seconds for each further 10,000 images, from one call to the next."""
    return [(b.seconds - a.seconds) / (b.images - a.images) * 10_000 for a, b in pairwise(results)]


def evaluation_table(results: list[Evaluated]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for title in ("images", "seconds", "for each further 10,000"):
        shown.add_column(title, justify="right", no_wrap=True)
    for result, more in zip(results, ["", *(f"{seconds:.1f}" for seconds in further(results))], strict=True):
        shown.add_row(f"{result.images:,}", f"{result.seconds:.1f}", more)
    return shown


def main(
    images: Annotated[int, typer.Option(min=FEW, help="To train on.")] = 1_000_000,
    n: Annotated[str, typer.Option(help="Images to evaluate, growing.")] = "10000,20000,40000,80000",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of training on either; 5 or more to quote.")] = 9,
    worker: Annotated[Path | None, typer.Option(hidden=True)] = None,
    json_path: JsonPath = None,
) -> None:
    if worker is not None:
        found = train(worker, images, rounds)
        typer.echo(json.dumps({"many": found.many, "few": found.few, "private_mib": found.private_mib}))
        return
    if not re.fullmatch(r"\d+(,\d+)+", n):
        raise typer.BadParameter(f"{n}: expected two or more whole numbers, like 10000,20000", param_hint="--n")
    console, host = on_stdout(), Host()
    console.print(str(host), highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as name:
        trained = training(Path(name), images, rounds)
        console.print(f"\n{RECIPE}, from an .npz", training_table(trained), highlight=False)
    with tempfile.TemporaryDirectory() as name:
        os.environ["CONDGAN_CACHE"] = name
        results = evaluations(sorted(int(part) for part in n.split(",")))
        console.print("\ncondgan evaluate mnist", evaluation_table(results), highlight=False)
    if json_path is not None:
        steps = further(results)
        rows = [
            Row(f"training on {images:,} images", median(trained.ratios), f"images/s with {FEW:,} images"),
            Row("evaluating ever more images", steps[0] / steps[-1], "the time of an image in the first interval"),
        ]
        save(json_path, host, rows, training=trained, evaluation=results)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
