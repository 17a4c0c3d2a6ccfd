"""Training: ``train`` and ``resume``."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.command import FORMATS, Overrides, command
from condgan.cli.cure import resume_cure
from condgan.cli.sweep import resume_sweep
from condgan.cli.worth import resume_worth
from condgan.errors import ArgumentError, CondganError

if TYPE_CHECKING:
    from condgan.experiments.study import Study
    from condgan.runs.run import Run


@command(epilog="Example: condgan train cgan-lsgan train.batch=128 optim.lr=1e-4 --data photos/ --epochs 20")
def train(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE] [section.field=value ...]", show_default=False)
    ] = None,
    data: Annotated[str | None, typer.Option(help=f"mnist, {FORMATS}.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all (train.epochs).")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="The run folder, of several seeds the folder of their runs; default: a new one under runs/."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="A run whose networks this one begins with; classes by name.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Train with so many seeds, from the recipe's on: a study, a run for each.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Of several seeds, how many to train at a time; default: 1.")
    ] = None,
) -> None:
    """Train a recipe in a new run folder.

    RECIPE is the name of a built-in one or the path of a .json; default: cgan-lsgan, for other data one that suits.
    With --seeds, the folder is a study: the same command, or `condgan resume`, continues it.
    """
    from condgan.cli import study
    from condgan.experiments import seeds as trainings
    from condgan.recipe import builtin
    from condgan.training import training
    from condgan.training.listeners import terminal

    words, trials = words or [], 1 if workers is None else workers
    named = bool(words) and builtin.is_name(words[0])
    name, overrides = (words[0], words[1:]) if named else (None, words)
    if seeds is not None:
        if start is not None:
            raise ArgumentError("start", start, "goes without `seeds`")
        with study.progress() as shown:
            report_seeds(
                trainings.train_seeds(
                    name, *overrides, seeds=seeds, data=data, epochs=epochs, study=run, workers=trials, **shown
                )
            )
        return
    if workers is not None:
        raise ArgumentError("workers", workers, "goes with `seeds`")
    listeners = [terminal.for_this_terminal()]
    report(training.train(name, *overrides, data=data, epochs=epochs, run=run, start=start, listeners=listeners))


@command()
def resume(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of a study: of seeds, of a sweep, of claims.")],
    overrides: Overrides = None,
    data: Annotated[
        str | None, typer.Option(help="Of a run, not of a study: where the same data lies now, if it was moved.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all: more than planned trains on.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Of a study, how many trials to train at a time; default: 1.")
    ] = None,
) -> None:
    """Continue a run exactly where its last checkpoint stands, or a study."""
    from condgan.experiments.study import Study
    from condgan.training import training
    from condgan.training.listeners import terminal

    if Study(run).plan_file.is_file():
        if overrides or data is not None or epochs is not None:
            raise CondganError(f"{run} is a study, which goes on as it was planned: give its folder alone")
        resume_study(Study.open(run), 1 if workers is None else workers)
        return
    if workers is not None:
        raise ArgumentError("workers", workers, "goes with a study")
    listeners = [terminal.for_this_terminal()]
    report(training.resume(run, *overrides or [], data=data, epochs=epochs, listeners=listeners))


def resume_study(opened: "Study", workers: int) -> None:
    """Continue a study of any kind.

    Raises:
        CondganError: this version does not know its kind.
    """
    kind = opened.kind()
    if kind not in STUDIES:
        raise CondganError(f"{opened.folder} is a study of an unknown kind ({kind}): upgrade condgan")
    STUDIES[kind](opened, workers)


def resume_seeds(opened: "Study", workers: int) -> None:
    """Continue a study of seeds."""
    from condgan.cli import study
    from condgan.experiments import seeds

    with study.progress() as shown:
        seeds.work(opened, workers=workers, **shown)
    report_seeds(opened)


STUDIES: "dict[str, Callable[[Study, int], None]]" = {
    "cure": resume_cure, "seeds": resume_seeds, "sweep": resume_sweep, "worth": resume_worth,
}  # fmt: skip
"""What continues each kind of study, and reports on it."""


def report_seeds(study: "Study") -> None:
    """Print the figures of a study of seeds, and what comes next."""
    from condgan.cli.study import spread_table, trainings
    from condgan.experiments import table

    figures = table.last(study)
    _, outcomes = study.read()
    for name, outcome in outcomes.items():
        if outcome.state != "finished":
            print(f"{name} {outcome.state}: {outcome.reason}")
    if figures:
        spread_table(table.spreads([*figures.values()]), f"{trainings(len(figures))}, validation images")
    print(f"next: condgan evaluate {shlex.quote(str(study.folder))}")


def report(run: "Run") -> None:
    """Print where a finished run's products are, and the command that comes next."""
    grids = sorted(run.samples.glob("[0-9]*.png"))
    pictures = [*grids[-1:], run.result, run.animation, run.loss_plot, run.metrics_plot, run.class_plot]
    products = [*pictures, run.generator_file, run.checkpoint("best")]
    print("\n".join(str(product) for product in products if product.exists()))
    print(f"next: {following(run)}")


def following(run: "Run") -> str:
    """What to do next: continue a stopped run, measure a finished one or, if it makes vectors, sample from it."""
    folder = shlex.quote(str(run.folder))
    if run.status.state == "stopped":
        return f"condgan resume {folder}"
    domain = run.domain()
    if domain.vector is not None:
        which = "--per-class 1000" if domain.condition is None else "--conditions FILE.npz"
        return f"condgan sample {folder} {which} -o samples.npz"
    return f"condgan evaluate {folder}"
