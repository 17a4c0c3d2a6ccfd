"""condgan evaluate: seconds and memory of the whole suite on MNIST, and three figures against other implementations."""

import contextlib
import io
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from host import Host, JsonPath, Row, on_stdout, save, spread

if TYPE_CHECKING:
    from condgan.arrays import Features

# torch and the data are imported where they are used: a process inherits the peak memory of the one that started it.

MIB = 2**20
NOISE = 12.0  # grey levels: enough that no generated image is a copy
K = 5  # of precision, recall, density and coverage
SUBSETS, SUBSET_SIZE = 100, 1000  # of torchmetrics' KID, its defaults
PRDC = ("precision", "recall", "density", "coverage")
FIRST, LAST = "data, features", "nearest pairs"  # what is done before and after the figures
TARGETS = {"suite": 60.0, "kid": 3.0}  # seconds
TARGET_MIB = 2e9 / MIB
HELP = """Time condgan evaluate (all figures but GAN-train) on MNIST: 10,000 labelled images against 10,000 real ones.

Without --images the labelled images are MNIST training images with a little noise. The suite runs twice, each time in
a process of its own: cold with an empty cache, so that the real images' side and all floors are computed too, and warm
with that cache. The seconds of a figure are those until the next one begins, imports included; the total begins before
condgan is imported.

KID, the Frechet distance, and precision, recall, density and coverage are also computed by others from the same
features: torchmetrics (100 subsets of 1000), the formula with scipy.linalg.sqrtm, and the package prdc. The sides take
turns, each time in a process of its own and after a warm-up on a few rows. Quote the ratios (condgan over the other:
the median over the pairs of neighbouring rounds, smallest and largest in brackets): times belong to one machine and one
moment. Peak memory is that of the whole process: the features are in it, and torch for each side that needs it.
"""
EPILOG = "Example: python benchmarks/evaluate.py --threads 2 --rounds 5 --json evaluate.json"

Side = Callable[["Features", "Features"], list[float]]


@dataclass(frozen=True)
class Suite:
    """One run of all figures."""

    seconds: float
    peak_mib: float
    each: dict[str, float]
    """Seconds of each figure; those of one computation are one entry."""
    values: dict[str, float | None]
    floors: dict[str, float | None]


@dataclass(frozen=True)
class Round:
    """One run of one side."""

    seconds: float
    peak_mib: float
    values: list[float]


@dataclass(frozen=True)
class Against:
    """A figure from both sides."""

    figure: str
    other: str
    ours: list[Round]
    theirs: list[Round]

    def ratios(self, of: Callable[[Round], float]) -> list[float]:
        """Ours over theirs, for each pair of rounds."""
        return [of(own) / of(other) for own, other in zip(self.ours, self.theirs, strict=True)]


# What the processes do


def peak() -> float:
    """Of this process, MiB."""
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(found / MIB if sys.platform == "darwin" else found * 1024 / MIB, 1)  # bytes there, KiB elsewhere


def make_set(path: str, count: int) -> None:
    """Training images with a little noise, as labelled images that someone made."""
    import numpy as np

    from condgan import data
    from condgan.recipe import Data

    train = data.load(Data()).train
    random = np.random.default_rng(0)
    chosen = np.sort(random.permutation(len(train))[:count])
    noisy = train.images[chosen, 0] + random.normal(0, NOISE, (len(chosen), 28, 28))
    np.savez(path, images=noisy.round().clip(0, 255).astype(np.uint8), labels=train.labels[chosen])


def suite(path: str, count: int) -> Suite:
    """All figures of the images at a path, and when each began."""
    said: list[tuple[str, float]] = [(FIRST, time.perf_counter())]
    from condgan.evaluation import evaluation

    def heard(text: str) -> None:
        name = text.partition(":")[0]
        said.append((name, time.perf_counter()))

    found = evaluation.evaluate(path, n=count, gan_train=False, say=heard)
    end = time.perf_counter()
    each: dict[str, float] = {}
    for (name, begun), (_, over) in zip(said, [*said[1:], ("", end)], strict=True):
        kind = "prdc" if name in PRDC else name
        each[kind] = round(each.get(kind, 0) + over - begun, 3)
    values = {name: figure.value for name, figure in found.figures.items()}
    floors = {name: figure.floor for name, figure in found.figures.items()}
    return Suite(round(end - said[0][1], 2), peak(), each, values, floors)


def save_features(path: str, count: int, folder: str) -> tuple[int, int, int]:
    """Features of the real and of the given images, as both sides get them -> how many there are, and how many axes."""
    import numpy as np

    from condgan.evaluation import features, subjects
    from condgan.evaluation.reference import proportions

    subject = subjects.find(Path(path), None, [], 0, "last")
    dataset = subject.dataset
    network = features.of(dataset)
    images, _ = subject.take(proportions(dataset.test.labels, len(dataset.class_names), count))
    real, made = (network.embed(side).features for side in (dataset.test.images, images))
    np.savez(Path(folder) / "features.npz", real=real, made=made)
    return len(real), len(made), network.dim


def our_kid(real: "Features", made: "Features") -> list[float]:
    from condgan.metrics import distances

    return [distances.kernel(real, made).value]


def torchmetrics_kid(real: "Features", made: "Features") -> list[float]:
    import torch
    from torch import Tensor, nn
    from torchmetrics.image.kid import KernelInceptionDistance

    class Given(nn.Module):
        """The network of a metric that is given features rather than images."""

        def __init__(self, dim: int) -> None:
            super().__init__()
            self.num_features = dim

        def forward(self, features: Tensor) -> Tensor:
            return features

    torch.manual_seed(0)  # it draws its subsets
    size = min(SUBSET_SIZE, len(real), len(made))
    metric = KernelInceptionDistance(feature=Given(real.shape[1]), subsets=SUBSETS, subset_size=size)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(made), real=False)
    return [float(metric.compute()[0])]


def our_frechet(real: "Features", made: "Features") -> list[float]:
    from condgan.metrics import distances

    return [distances.frechet(real, made)]


def scipy_frechet(real: "Features", made: "Features") -> list[float]:
    """Heusel et al. 2017, eq. 6, as written."""
    import numpy as np
    from scipy import linalg

    a, b = real.astype(np.float64), made.astype(np.float64)
    covariances = [np.cov(side, rowvar=False) for side in (a, b)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    means = np.square(a.mean(0) - b.mean(0)).sum()
    return [float(means + np.trace(covariances[0] + covariances[1] - 2 * root))]


def our_prdc(real: "Features", made: "Features") -> list[float]:
    from condgan.metrics import neighbours

    return [estimate.value for estimate in neighbours.prdc(real, made, K)]


def package_prdc(real: "Features", made: "Features") -> list[float]:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):  # it prints the counts
        found = compute_prdc(real, made, K)
    return [float(found[name]) for name in PRDC]


SIDES: dict[str, tuple[str, Side, Side]] = {
    "kid": ("torchmetrics", our_kid, torchmetrics_kid),
    "frechet": ("scipy sqrtm", our_frechet, scipy_frechet),
    "prdc": ("prdc", our_prdc, package_prdc),
}


def one_round(figure: str, ours: bool, folder: str) -> Round:
    """One side of a figure, on the features that are in the folder."""
    import warnings

    import numpy as np

    warnings.simplefilter("ignore")  # torchmetrics', of the memory that features take
    with np.load(Path(folder) / "features.npz") as arrays:
        real, made = arrays["real"], arrays["made"]
    _, own, other = SIDES[figure]
    side = own if ours else other
    side(real[:300], made[:300])  # imports, and threads are started
    start = time.perf_counter()
    values = side(real, made)
    return Round(round(time.perf_counter() - start, 4), peak(), values)


# What the command does with them


def alone(work: Callable[..., Any], *arguments: object) -> Any:
    """Its result, from a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def of(run: Suite, name: str) -> tuple[float | None, float | None]:
    """A figure and its floor."""
    return run.values[name], run.floors[name]


def verdict(value: float, target: float, unit: str) -> str:
    return f"<= {target:.0f} {unit}: {'met' if value <= target else 'MISSED'}"


def suite_table(cold: Suite, warm: Suite) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("", "cold s", "warm s", "target"):
        table.add_column(title, justify="right" if title.endswith(" s") else "left", no_wrap=True)
    for name, seconds in cold.each.items():
        shown = {FIRST: FIRST, "copies": f"copies, {LAST}", "prdc": ", ".join(PRDC)}.get(name, name)
        table.add_row(shown, f"{seconds:.2f}", f"{warm.each[name]:.2f}", "")
    target = verdict(cold.seconds, TARGETS["suite"], "s")
    table.add_row("all", f"{cold.seconds:.1f}", f"{warm.seconds:.1f}", target)
    most = verdict(max(cold.peak_mib, warm.peak_mib), TARGET_MIB, "MiB (2 GB)")
    table.add_row("peak memory, MiB", f"{cold.peak_mib:.0f}", f"{warm.peak_mib:.0f}", most)
    return table


def against_table(results: list[Against]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("figure", "", "seconds", "ratio (min-max)", "peak MiB", "ratio (min-max)"):
        table.add_column(title, justify="left" if title in ("figure", "") else "right", no_wrap=True)
    for result in results:
        times, memory = result.ratios(lambda r: r.seconds), result.ratios(lambda r: r.peak_mib)
        for name, rounds in (("condgan", result.ours), (result.other, result.theirs)):
            own = rounds is result.ours
            table.add_row(
                result.figure if own else "",
                name,
                f"{median(r.seconds for r in rounds):.3f}",
                spread(times) if own else "",
                f"{median(r.peak_mib for r in rounds):.0f}",
                spread(memory) if own else "",
            )
    return table


def values(results: list[Against]) -> Iterator[str]:
    """What each side says, and the targets."""
    for result in results:
        own, other = (" ".join(f"{value:.6g}" for value in rounds[0].values) for rounds in (result.ours, result.theirs))
        yield f"{result.figure}: condgan {own}; {result.other} {other}"
        if result.figure in TARGETS:
            seconds = median(r.seconds for r in result.ours)
            yield f"{result.figure} of condgan, target {verdict(seconds, TARGETS[result.figure], 's')}"


def main(
    images: Annotated[
        Path | None, typer.Option(exists=True, help="An .npz or folder of labelled 28 x 28 digits; default: see above.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=300, help="Labelled images.")] = 10_000,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads of every process; default: the cores that it may use.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each side; 3 or more for a ratio to quote.")] = 3,
    json_path: JsonPath = None,
) -> None:
    console, found = on_stdout(), Host()
    console.print(str(found), highlight=False, soft_wrap=True)
    count = threads or found.cores
    os.environ.update({name: str(count) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")})
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CONDGAN_CACHE"] = str(Path(folder) / "cache")
        path = str(images or Path(folder) / "noisy.npz")
        if images is None:
            alone(make_set, path, n)
        cold: Suite = alone(suite, path, n)
        warm: Suite = alone(suite, path, n)
        differ = [name for name in cold.values if of(cold, name) != of(warm, name)]
        if differ:
            raise SystemExit(
                f"the warm suite gave another {differ[0]}: {of(warm, differ[0])}, not {of(cold, differ[0])}"
            )
        real, made, dim = alone(save_features, path, n, folder)
        console.print(
            f"\nevaluate without GAN-train, {made} images against {real} of MNIST, {count} thread(s)",
            suite_table(cold, warm),
            highlight=False,
        )
        results = [Against(figure, other, [], []) for figure, (other, _, _) in SIDES.items()]
        for result in results:
            for _ in range(rounds):
                result.ours.append(alone(one_round, result.figure, True, folder))
                result.theirs.append(alone(one_round, result.figure, False, folder))
    console.print(
        f"\nfrom the same features, {made} x {real} of {dim} axes, {rounds} round(s)",
        against_table(results),
        "\n" + "\n".join(values(results)),
        highlight=False,
        soft_wrap=True,
    )
    if json_path is not None:
        save(
            json_path,
            found,
            [
                Row(result.figure, 1 / median(result.ratios(lambda r: r.seconds)), f"the speed of {result.other}")
                for result in results
            ],
            threads=count,
            images="noisy training images" if images is None else str(images),
            n_generated=made,
            n_real=real,
            suite={"cold": cold, "warm": warm},
            against=results,
            targets={"seconds": TARGETS, "peak_mib": round(TARGET_MIB)},
        )


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
