"""Studies: what the executor and its journal cost, and how much faster two workers are than one."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host import Host, JsonPath, Row, on_stdout, save

HELP = """Time studies of short trainings.

First the CPU seconds, user and system, of trainings as one study, against the same `condgan train` commands one after
another; what the executor itself took is the CPU time of its process without that of its trainings. Then the wall time
of the trials of a sweep with one worker and with two, one thread a worker in both, from the first one that begins to
the end of the last one; it needs a machine with two free cores.
"""
EPILOG = "Example: python benchmarks/studies.py --json studies.json"
SMALL = (
    "mnist-fast", "generator.width=4", "discriminator.width=4", "train.epochs=1", "evaluation.every=none",
    "machine.threads=1",
)  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the same trainings.

    Attributes:
        alone: as commands one after another.
        study: as one study, in all.
        executor: of the study, the process that starts them alone.
    """

    trainings: int
    alone: float
    study: float
    executor: float


@dataclass(frozen=True)
class Workers:
    """Wall seconds of the trials of a sweep by the number of workers."""

    trials: int
    one: float
    two: float

    @property
    def ratio(self) -> float:
        """Of the time with two workers to that with one."""
        return self.two / self.one


def condgan(*words: str) -> tuple[float, float]:
    """Run a command -> its CPU seconds with those of its children, and its wall seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "condgan", *words], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.monotonic() - started


def cost(folder: Path, trainings: int) -> Cost:
    """CPU seconds of trainings one after another, and of the same as a study."""
    condgan("train", *SMALL, "--run", str(folder / "warm"))
    alone = sum(
        condgan("train", *SMALL, f"seed={seed}", "--run", str(folder / f"alone-{seed}"))[0] for seed in range(trainings)
    )
    study, _ = condgan("train", *SMALL, "--seeds", str(trainings), "--run", str(folder / "study"))
    return Cost(trainings, alone, study, own(folder / "again", trainings))


def own(folder: Path, trainings: int) -> float:
    """CPU seconds of the executor's own process, which this function is, without the reading of the data."""
    code = (
        "import resource, sys\n"
        "from condgan.experiments import seeds\n"
        "u = resource.getrusage(resource.RUSAGE_SELF); before = u.ru_utime + u.ru_stime\n"
        "seeds.train_seeds(*sys.argv[3:], seeds=int(sys.argv[2]), study=sys.argv[1])\n"
        "u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime - before)\n"
    )
    words = [sys.executable, "-c", code, str(folder), str(trainings), *SMALL]
    return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()[-1])


def workers(folder: Path, trials: int) -> Workers:
    """Wall seconds of a sweep's trials with one worker and with two."""
    seconds = []
    for count in (1, 2):
        study = folder / f"sweep-{count}"
        space = ("optim.lr=1e-4..1e-2:log", "evaluation.every=50000", "evaluation.images=1000", "data.train_on=train")
        options = (
            "--metric",
            "label_accuracy",
            "--sampler",
            "random",
            "--trials",
            str(trials),
            "--workers",
            str(count),
        )
        words = [word for word in SMALL if not word.startswith("evaluation.every")]
        condgan("sweep", *words, *space, *options, "--study", str(study))
        runs = [path for path in study.glob("setting-*/seed-*") if (path / "status.json").is_file()]
        begun = min((path / "recipe.json").stat().st_mtime for path in runs)
        seconds.append(max((path / "status.json").stat().st_mtime for path in runs) - begun)
    return Workers(trials, *seconds)


def shown(costs: Sequence[Cost], found: Sequence[Workers]) -> Table:
    """Both figures."""
    table = Table("what", "figure", box=None)
    for one in costs:
        more = one.study - one.alone
        table.add_row(f"{one.trainings} trainings, CPU s, one after another", f"{one.alone:.1f}")
        table.add_row("as a study", f"{one.study:.1f} ({more / one.alone:+.1%})")
        table.add_row("of which the executor and the journal", f"{one.executor:.2f} ({one.executor / one.alone:.1%})")
    for two in found:
        table.add_row(f"{two.trials} trials, 1 worker, wall s", f"{two.one:.0f}")
        table.add_row("2 workers", f"{two.two:.0f} (ratio {two.ratio:.2f})")
    return table


def main(
    trainings: Annotated[int, typer.Option(help="Of the first part; 0: leave it out.")] = 8,
    trials: Annotated[int, typer.Option(help="Of the second part; 0: leave it out.")] = 30,
    json_path: JsonPath = None,
) -> None:
    console, host = on_stdout(), Host()
    console.print(str(host), highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="condgan-studies-") as folder:
        costs = [cost(Path(folder), trainings)] if trainings else []
        found = [workers(Path(folder), trials)] if trials else []
    console.print(shown(costs, found), highlight=False)
    if json_path is not None:
        rows = [Row("trials with two workers", 1 / one.ratio, "speed with one worker") for one in found]
        save(json_path, host, rows, cost=costs, workers=found)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
