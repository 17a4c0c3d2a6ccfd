"""The command line."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The workbench for class-conditional GANs: train, measure and sample a generator of labelled images.",
)
Overrides = Annotated[list[str] | None, typer.Argument(metavar="[section.field=value ...]", show_default=False)]
Engine = Annotated[
    str | None, typer.Option(help="torch or jittor, to make the pictures with; default: the one it was trained with.")
]
USAGE = 2


@app.command(epilog="Example: condgan train cgan-lsgan train.batch=128 optim.lr=1e-4 --data photos/ --epochs 20")
def train(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[RECIPE] [section.field=value ...]", show_default=False)
    ] = None,
    data: Annotated[str | None, typer.Option(help="mnist, a folder of class folders, an .npz, or IDX files.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all (train.epochs).")] = None,
    run: Annotated[Path | None, typer.Option(help="The run folder; default: a new one under runs/.")] = None,
) -> None:
    """Train a recipe (default: cgan-lsgan) in a new run folder."""
    from condgan.recipe import builtin
    from condgan.training import training
    from condgan.training.listeners import terminal

    words = words or []
    named = bool(words) and "=" not in words[0]
    name, overrides = (words[0], words[1:]) if named else (builtin.DEFAULT, words)
    reporter = terminal.for_this_terminal()
    _report(training.train(name, *overrides, data=data, epochs=epochs, run=run, progress=reporter))


@app.command()
def resume(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    overrides: Overrides = None,
    data: Annotated[str | None, typer.Option(help="Where the same data lies now, if it was moved.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs in all: more than planned trains on.")] = None,
) -> None:
    """Go on with a run exactly where its last checkpoint stands."""
    from condgan.training import training
    from condgan.training.listeners import terminal

    reporter = terminal.for_this_terminal()
    _report(training.resume(run, *overrides or [], data=data, epochs=epochs, progress=reporter))


@app.command(epilog="Example: condgan sample runs/20261121-2312-cgan-lsgan-3f2a 20261121 --seed 7 -o result.png")
def sample(
    path: Annotated[Path, typer.Argument(help="A run folder, a generator file, or mnist: the one in the package.")],
    sequence: Annotated[str | None, typer.Argument(help="Classes, one picture each: 2026, or cat,dog,cat.")] = None,
    seed: Annotated[int, typer.Option(help="Decides every picture.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A .png; with --per-class an .npz or a new folder; of vectors an .npz."),
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help="Ten rows of every class instead of a sequence.")] = False,
    per_class: Annotated[int | None, typer.Option(help="So many labelled images of each class as a dataset.")] = None,
    conditions: Annotated[
        Path | None, typer.Option(help="Vector conditions, one picture each: an .npz with conditions, or an .npy.")
    ] = None,
    checkpoint: Annotated[str, typer.Option(help="Of a run: last or best.")] = "last",
    scale: Annotated[int | None, typer.Option(help="Enlarge a PNG this many times; default: to be seen well.")] = None,
    engine: Engine = None,
) -> None:
    """Make labelled images: a row of a sequence, a class grid, or a dataset; or what vector conditions ask for."""
    from condgan.generation import export
    from condgan.training.listeners import terminal

    with terminal.counting("images") as tell:
        written = export.to_file(
            path, sequence, seed=seed, output=output, grid=grid, per_class=per_class, conditions=conditions,
            checkpoint=checkpoint, scale=scale, engine=engine, tell=tell,
        )  # fmt: skip
    print(written)


@app.command(epilog="Example: condgan evaluate runs/20261121-2312-cgan-lsgan-3f2a --checkpoint best --json")
def evaluate(
    path: Annotated[
        Path, typer.Argument(help="A run, a generator file, mnist, an .npz, IDX files or a folder of class folders.")
    ],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[data.field=value ...]", show_default=False)] = None,
    data: Annotated[
        str | None, typer.Option(help="The real images; default: those it was trained on, or mnist.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", help="Generated images; default: 10000, or as many as the floor has.")
    ] = None,
    split: Annotated[str, typer.Option(help="Real images: test, or validation for whatever is chosen by it.")] = "test",
    seed: Annotated[int, typer.Option(help="Decides the generated images.")] = 0,
    checkpoint: Annotated[str, typer.Option(help="Of a run: last or best.")] = "last",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for JSON and pictures; of a run: its evaluation/.")
    ] = None,
    gan_train: Annotated[bool, typer.Option(help="GAN-train and GAN-test, which take minutes.")] = True,
    small_n: Annotated[
        bool, typer.Option("--small-n", help="Frechet distances between sets too small for them, beside their floor.")
    ] = False,
    inception: Annotated[
        Path | None, typer.Option(help="pt_inception-2015-12-05-6726825d.pth, for the standard FID.")
    ] = None,
    hundred: Annotated[
        bool, typer.Option("--100-vs-100", help="Also the published protocol of 100 real against 100 generated images.")
    ] = False,
    engine: Engine = None,
) -> None:
    """Measure a generator, or any labelled images: every figure with its error, its floor and its protocol."""
    from condgan.evaluation import evaluation, summary
    from condgan.runs.run import Run
    from condgan.storage.files import check_writable
    from condgan.training.listeners import terminal

    folder = output or (Run(path).evaluation if (path / "recipe.json").is_file() else None)
    if folder is not None:
        check_writable(folder / summary.JSON)
    reporter = terminal.on_stderr()
    try:
        found = evaluation.evaluate(
            path, *overrides or [], data=data, n=n, split=split, seed=seed, checkpoint=checkpoint, small_n=small_n,
            gan_train=gan_train, inception=inception, hundred=hundred, engine=engine, say=reporter.say,
        )  # fmt: skip
    finally:
        reporter.end()
    if as_json:
        import json

        print(json.dumps(found.as_json(), ensure_ascii=False))
        summary.save(found, folder)
        return
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    Console(width=wide).print(summary.table(found), markup=False, highlight=False)
    print("\n".join(["", *summary.summary(found), *map(str, summary.save(found, folder))]))


@app.command("features")
def train_features(
    data: Annotated[str, typer.Argument(help="mnist, a folder of class folders, an .npz, or IDX files.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[data.field=value ...]", show_default=False)] = None,
    steps: Annotated[int, typer.Option(help="Batches of 128 images.")] = 1500,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file; default: where evaluate finds it.")
    ] = None,
) -> None:
    """Train the feature network that a dataset's images are measured with, on its own labels."""
    from condgan.evaluation import features, subjects
    from condgan.recipe import Data
    from condgan.storage import cache
    from condgan.training.listeners import terminal

    dataset = subjects.real_images(Data(), data, overrides or [], 0)
    path = output or cache.path(features.KIND, dataset.sha256)
    reporter = terminal.on_stderr()
    try:
        made = features.train_to(path, dataset, steps, reporter.say)
    finally:
        reporter.end()
    for name, accuracy in made.facts["accuracy"].items():
        print(f"{name} accuracy: {accuracy:.2%} of {len(dataset.splits[name])} images that it was not trained on")
    print(f"{path} (SHA-256 of its weights {made.sha256})")


@app.command()
def diagnose(
    run: Annotated[Path, typer.Argument(help="The run folder.")],
    data: Annotated[str | None, typer.Option(help="The real images; default: those it was trained on.")] = None,
) -> None:
    """Say in words what goes wrong in a run, with the evidence and what to change."""
    from condgan.diagnosis import diagnosis
    from condgan.training.listeners import terminal

    reporter = terminal.on_stderr()
    try:
        found = diagnosis.diagnose(run, data, say=reporter.say)
    finally:
        reporter.end()
    print(diagnosis.report(found, run))


@app.command("recipes")
def show_recipes(
    name: Annotated[str | None, typer.Argument(help="Print this recipe as JSON.")] = None, overrides: Overrides = None
) -> None:
    """List the built-in recipes, or print one as JSON."""
    from condgan.recipe import builtin, text

    if name is not None:
        print(text.to_json(builtin.get(name, overrides or [])), end="")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("recipe", "loss", "epochs", "source"):
        table.add_column(title, overflow="fold")
    for known in builtin.RECIPES.values():
        default = " (default)" if known.name == builtin.DEFAULT else ""
        table.add_row(known.name + default, known.loss.name, str(known.train.epochs), known.source)
    Console().print(table, markup=False, highlight=False)


@app.command()
def doctor(
    engine: Annotated[str, typer.Option(help="The engine to look after: torch or jittor.")] = "torch",
    warm: Annotated[bool, typer.Option("--warm", help="First compile what the engine compiles: minutes.")] = False,
    limit: Annotated[int, typer.Option(help="Seconds that --warm may take.", min=1)] = 900,
) -> None:
    """Check this machine, and say what to do where something is not well."""
    from condgan import doctor as examination

    if warm:
        examination.warm(engine, limit, sys.stderr)
    checks = examination.checks(engine)
    for check in checks:
        mark = {True: "ok  ", False: "BAD ", None: "    "}[check.ok]
        print(f"{mark}{check.name}: {check.found}" + (f" -> {check.cure}" if check.cure and not check.ok else ""))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Options of condgan itself."""
    if version:
        from condgan.runs import session

        print(session.version())
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def _report(run: Any) -> None:
    """Where a finished run's products are."""
    grids = sorted(run.samples.glob("[0-9]*.png"))
    pictures = [*grids[-1:], run.result, run.animation, run.loss_plot, run.metrics_plot, run.class_plot]
    products = [*pictures, run.generator, run.checkpoint("best")]
    print("\n".join(str(product) for product in products if product.exists()))
    print(f"next: {_next(run)}")


def _next(run: Any) -> str:
    """The command that shows how good a finished run's generator is, or, of what cannot be measured, makes samples."""
    domain = run.domain()
    if domain.condition is not None:
        return f"condgan sample {run.folder} --conditions FILE.npz -o samples.npz"
    if domain.vector is not None:
        return f"condgan sample {run.folder} --per-class 1000 -o samples.npz"
    return f"condgan evaluate {run.folder}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every error that the user can put right is one line and exit code 2."""
    from condgan.errors import CondganError, InterruptedTrainingError

    try:
        status = app(args=arguments, standalone_mode=False)
    except InterruptedTrainingError as stopped:
        print(stopped, file=sys.stderr)
        status = 130
    except CondganError as error:
        status = _fail(str(error))
    except typer.TyperException as error:
        status = _fail(f"{error.format_message()} (see: condgan --help)")
    except (typer.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        sys.stderr.close()
        status = 1
    except OSError as error:
        status = _fail(f"{error.filename or 'disk'}: {error.strerror or error}")
    except MemoryError:
        status = _fail("out of memory: a smaller train.batch or data.size needs less")
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> int:
    print(f"condgan: {' '.join(message.split())}", file=sys.stderr)
    return USAGE
