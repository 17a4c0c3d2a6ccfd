"""Labelled datasets: condgan sample --per-class against the lines that a user would write, and the machine's limit."""

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.table import Table

from host import Host, JsonPath, Row, on_stdout, save, spread

MIB = 2**20
HELP = """Time condgan sample --per-class: a labelled dataset as an .npz, from generators with untrained weights.

The command takes turns with a script in a process of its own, as a user would write it: batches of 64, latents from
torch, all images kept, numpy.savez_compressed at the end. Quote the ratio (images/s of the command over those of the
script, both with start-up): times belong to one machine and one moment. The limit is the arithmetic of the generator
over the rate of matrix products on all cores.
"""
EPILOG = "Example: python benchmarks/sampling.py cgan-lsgan --per-class 100000 --rounds 1 --no-script"
SCRIPT = """
import sys
import numpy as np
import torch
from condgan import generator

made, count = generator.load(sys.argv[1]), int(sys.argv[2])
network = made.sampler.network.eval()
images, labels = [], []
with torch.no_grad():
    for first in range(0, count, 64):
        asked = torch.arange(first, min(first + 64, count)) % 10
        pixels = network(torch.randn(len(asked), made.recipe.latent.dim), asked)
        images.append(((pixels + 1) * 127.5).round().byte().numpy())
        labels.append(asked.numpy())
np.savez_compressed(sys.argv[3], images=np.concatenate(images), labels=np.concatenate(labels))
"""


@dataclass(frozen=True)
class Timed:
    """A generator's datasets."""

    recipe: str
    count: int
    limit: float
    """Seconds."""
    ours: list[float]
    script: list[float]
    peak_mib: float
    script_mib: float

    @property
    def ratios(self) -> list[float]:
        """Images/s of ours over those of the script, for each pair of rounds."""
        return [theirs / own for own, theirs in zip(self.ours, self.script, strict=False)]

    @property
    def distance(self) -> float:
        """From the limit, as a factor."""
        return median(self.ours) / self.limit


def seconds(command: list[str]) -> tuple[float, float]:
    """How long a command takes, and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed: {process.stderr.read().strip() if process.stderr else ''}")
    return round(took, 3), usage.ru_maxrss / (MIB if sys.platform == "darwin" else 1024)


def timed(name: str, per_class: int, rounds: int, script: bool, folder: Path, threads: int) -> Timed:
    from limits import matrix_rate
    from startup import untrained

    path, output = folder / f"{name}.safetensors", folder / "made.npz"
    count = 10 * per_class
    flops = count * untrained(path, name)
    condgan = str(Path(sysconfig.get_path("scripts")) / "condgan")
    ours = [condgan, "sample", str(path), "--per-class", str(per_class), "-o", str(output)]
    theirs = [sys.executable, "-c", SCRIPT, str(path), str(count), str(output)]
    own: list[float] = []
    other: list[float] = []
    peaks = {"ours": 0.0, "script": 0.0}
    for _ in range(rounds):
        for side, command, times in (("ours", ours, own), ("script", theirs, other)):
            if side == "ours" or script:
                took, peak = seconds(command)
                output.unlink()
                times.append(took)
                peaks[side] = max(peaks[side], peak)
    return Timed(name, count, flops / matrix_rate("float32", threads), own, other, peaks["ours"], peaks["script"])


def table(results: list[Timed]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for title in ("recipe", "images", "seconds", "images/s", "MiB", "script s", "MiB", "ratio (min-max)", "x limit"):
        shown.add_column(title, justify="left" if title == "recipe" else "right", no_wrap=True)
    for result in results:
        own = median(result.ours)
        shown.add_row(
            *(result.recipe, f"{result.count:,}", f"{own:.1f}", f"{result.count / own:,.0f}", f"{result.peak_mib:.0f}"),
            *((f"{median(result.script):.1f}", f"{result.script_mib:.0f}") if result.script else ("", "")),
            spread(result.ratios) if result.script else "",
            f"{result.distance:.2f}",
        )
    return shown


def main(
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[RECIPE ...]")] = None,
    per_class: Annotated[int, typer.Option(min=1, help="Images of each of ten classes.")] = 10_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side; 3 or more for a ratio to quote.")] = 3,
    script: Annotated[bool, typer.Option(help="Time the script too.")] = True,
    json_path: JsonPath = None,
) -> None:
    console, found = on_stdout(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory() as folder:
        names = chosen or ["cgan-lsgan", "mnist"]
        results = [timed(name, per_class, rounds, script, Path(folder), found.cores) for name in names]
    console.print(table(results), highlight=False)
    if json_path is not None:
        rows = [
            Row(f"sampling from {result.recipe}", median(result.ratios), "images/s of a script", result.distance)
            for result in results
            if result.ratios
        ]
        save(json_path, found, rows, sampling=results)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
