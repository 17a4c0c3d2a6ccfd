"""Studies of many settings: ``sweep``."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from condgan.cli.command import FORMATS, command

if TYPE_CHECKING:
    from condgan.experiments.results import Row
    from condgan.experiments.study import Study
    from condgan.experiments.sweep import Sweep


@command(
    epilog="Example: condgan sweep mnist-fast optim.lr=1e-4..1e-2:log train.batch=32,64,128 --trials 20 --workers 2"
)
def sweep(
    words: Annotated[list[str], typer.Argument(metavar="[RECIPE] section.field=VALUES ...", show_default=False)],
    metric: Annotated[
        str, typer.Option(help="What is sought: fid, kid, label_accuracy, seconds, ...; several: fid,seconds.")
    ] = "fid",
    trials: Annotated[int, typer.Option(help="Settings.")] = 20,
    workers: Annotated[int, typer.Option(help="Trainings at a time.")] = 1,
    seeds: Annotated[int, typer.Option(help="Trainings of each setting.")] = 1,
    sampler: Annotated[Literal["tpe", "random"], typer.Option(help="Who proposes settings.")] = "tpe",
    one_at_a_time: Annotated[
        bool,
        typer.Option(
            "--one-at-a-time", help="The recipe, and each value alone; without VALUES those of published sweeps."
        ),
    ] = False,
    data: Annotated[str | None, typer.Option(help=f"mnist, {FORMATS}.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each training (train.epochs).")] = None,
    study: Annotated[Path | None, typer.Option(help="The folder of the study; default: runs/RECIPE-sweep.")] = None,
    storage: Annotated[str | None, typer.Option(help="An address for Optuna, as sqlite:///sweep.db.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Try many settings of a recipe, and train the best again.

    VALUES are a range (1e-5..1e-3, with :log on a logarithmic scale), choices (32,64,128; for several numbers
    0.5,0.999/0,0.9) or one value. The same command, or `condgan resume`, continues a sweep.
    """
    from condgan.cli.study import progress
    from condgan.experiments import sweep as sweeps
    from condgan.recipe import builtin

    named = bool(words) and builtin.is_name(words[0])
    name, space = (words[0], words[1:]) if named else (None, words)
    with progress(quiet=as_json) as shown:
        done = sweeps.sweep(
            name, *space, metric=metric, trials=trials, seeds=seeds, data=data, epochs=epochs, study=study,
            sampler="one-at-a-time" if one_at_a_time else sampler, storage=storage, workers=workers, **shown,
        )  # fmt: skip
    report(done, as_json)


def resume_sweep(opened: "Study", workers: int) -> None:
    """Continue a sweep."""
    from condgan.cli.study import progress
    from condgan.experiments import sweep as sweeps

    with progress() as shown:
        done = sweeps.work(sweeps.written(opened), workers, **shown)
    report(done)


def report(done: "Sweep", as_json: bool = False) -> None:
    """Print the settings in order of what was sought, the best one again with fresh seeds, and what comes next."""
    from rich.console import Console
    from rich.table import Table

    from condgan.experiments import results

    found = results.of(done)
    if as_json:
        print(json.dumps(found.as_json()))
        return
    shown = Table(box=None, pad_edge=False)
    shown.add_column("", justify="right", no_wrap=True)
    shown.add_column("setting", overflow="fold")
    for name in done.metrics:
        shown.add_column(name, justify="right", no_wrap=True)
    for row in found.ranked():
        values = shown_values(row) if row.values else [row.state] + [""] * (len(done.metrics) - 1)
        shown.add_row(str(row.number), row.words() or "as it is", *values)
    Console(width=max(100, Console().width)).print(shown, markup=False, highlight=False)
    for line in found.sentences():
        print(line)
    for path in found.files:
        print(path)
    best = done.study.folder / "best.json"
    if best.is_file():
        print(f"next: condgan train {shlex.quote(str(best))}")


def shown_values(row: "Row") -> list[str]:
    """The values of a setting, with their spread over several seeds."""
    spreads = row.spreads or [None] * len(row.values or ())
    return [
        f"{value:.4g}" + ("" if spread is None else f" ± {spread:.2g}")
        for value, spread in zip(row.values or (), spreads, strict=True)
    ]
