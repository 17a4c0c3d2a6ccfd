"""Whole commands: how long `condgan --help`, one row of `condgan sample` and the way to a first training step take."""

import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from rich.table import Table

from condgan import engines
from condgan.data.dataset import Split
from condgan.generation import generator
from condgan.recipe import Domain, builtin
from host import Host, JsonPath, Row, on_stdout, save, spread

HELP = """Time whole commands: condgan --help, condgan recipes, condgan sample for one row of pictures, and condgan
train, on MNIST, until its first step is logged.

Each run is a new process with its files in the page cache, and follows a run of python -c "import torch" on the same
machine. Quote the ratio (the command's time over that of its neighbour: the median over the pairs, smallest and
largest in brackets): times belong to one machine and one moment. The row is drawn from a generator file with untrained
weights, which is as large and as slow as a trained one.
"""
EPILOG = "Example: python benchmarks/startup.py --json startup.json"
BASELINE = [sys.executable, "-c", "import torch"]


Clock = Callable[[list[str], Path], float]


@dataclass(frozen=True)
class Timed:
    """A command and its neighbour, in seconds for each run."""

    command: str
    seconds: list[float]
    baseline: list[float]

    @property
    def ratios(self) -> list[float]:
        """The command's time over that of importing torch, for each pair."""
        return [own / torch for own, torch in zip(self.seconds, self.baseline, strict=True)]


def untrained(path: Path, name: str = builtin.DEFAULT) -> float:
    """Write a generator file of a recipe at step 0 -> FLOPs of the products that a picture takes."""
    from limits import arithmetic

    recipe = builtin.get(name, ["machine.device=cpu", "machine.threads=1"])
    domain = Domain(
        channels=1, size=recipe.data.size, class_names=tuple("0123456789"), data="none", data_sha256="0" * 64
    )
    rows = Split(np.zeros((2, 1, domain.size, domain.size), np.uint8), np.zeros(2, np.int64))
    engine = engines.load("torch").build(recipe, domain, rows, None)
    generator.save(path, recipe, domain, 0, engine.generator_state())
    latents = np.zeros((64, recipe.latent.dim), np.float32)
    return arithmetic(lambda: engine.sample(latents, np.arange(64) % 10)) / 64


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    took = round(time.perf_counter() - start, 4)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return took


def to_first_step(command: list[str], folder: Path) -> float:
    """Until a training logs its first step; then it is ended."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        found = any(line.startswith("[Epoch") for line in process.stdout)
        took = round(time.perf_counter() - start, 4)
        process.kill()
    if not found:
        raise SystemExit(f"{' '.join(command)} logged no step")
    return took


def timed(name: str, command: list[str], folder: Path, runs: int, clock: Clock = seconds) -> Timed:
    result = Timed(name, [], [])
    seconds(BASELINE, folder)  # not counted: they bring the files into the page cache
    clock(command, folder)
    for _ in range(runs):
        result.baseline.append(seconds(BASELINE, folder))
        result.seconds.append(clock(command, folder))
    return result


def report(results: list[Timed]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("command", "seconds", "min-max", "import torch", "ratio (min-max)"):
        table.add_column(title, justify="left" if title == "command" else "right", no_wrap=True)
    for result in results:
        table.add_row(
            result.command,
            f"{median(result.seconds):.3f}",
            f"{min(result.seconds):.3f}-{max(result.seconds):.3f}",
            f"{median(result.baseline):.3f}",
            spread(result.ratios),
        )
    return table


def main(
    help_runs: Annotated[int, typer.Option(min=1, help="Runs of condgan --help.")] = 7,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each other command.")] = 5,
    json_path: JsonPath = None,
) -> None:
    console, found = on_stdout(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    condgan = str(Path(sysconfig.get_path("scripts")) / "condgan")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        untrained(folder / "generator.safetensors")
        sample = [condgan, "sample", "generator.safetensors", "20261121", "-o", "row.png"]
        train = [condgan, "train", "output.log_every=1"]
        results = [
            timed("condgan --help", [condgan, "--help"], folder, help_runs),
            timed("condgan recipes", [condgan, "recipes"], folder, runs),
            timed("condgan sample", sample, folder, runs),
            timed("condgan train, first step", train, folder, runs, to_first_step),
        ]
    console.print(report(results))
    if json_path is not None:
        rows = [Row(result.command, 1 / median(result.ratios), "the speed of import torch") for result in results]
        save(json_path, found, rows, recipe=builtin.DEFAULT, seconds=results)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
