"""Measuring: ``evaluate``, ``features`` and ``diagnose``."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan.cli import progress
from condgan.cli.command import FORMATS, DataOverrides, Engine, command, translated

if TYPE_CHECKING:
    from condgan.diagnosis.diagnosis import Diagnosis
    from condgan.results.evaluation import Evaluation


@command(epilog="Example: condgan evaluate runs/20261121-2312-cgan-lsgan-3f2a --checkpoint best --json")
def evaluate(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Argument(help=f"A run (RUN@100: after epoch 100), a study of seeds, a generator file, mnist, {FORMATS}."),
    ],
    overrides: DataOverrides = None,
    data: Annotated[
        str | None, typer.Option(help="The real images; default: those it was trained on, or mnist.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("--n", help="Generated images; default: 10000, or as many as the floor has.")
    ] = None,
    split: Annotated[str, typer.Option(help="Real images: test, or validation to choose by the figures.")] = "test",
    seed: Annotated[int, typer.Option(help="Determines the generated images.")] = 0,
    checkpoint: Annotated[str, typer.Option(help="Of a run: last or best.")] = "last",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for JSON and pictures; of a run: its evaluation/.")
    ] = None,
    gan_train: Annotated[bool, typer.Option(help="GAN-train and GAN-test, which take minutes.")] = True,
    c2st: Annotated[
        bool | None, typer.Option(help="The classifier two-sample test, which takes minutes; default: as GAN-train.")
    ] = None,
    small_n: Annotated[
        bool, typer.Option("--small-n", help="Frechet distances between sets too small for them, beside their floor.")
    ] = False,
    inception: Annotated[
        Path | None,
        typer.Option(help="pt_inception-2015-12-05-6726825d.pth, for the standard FID; or torchvision's Inception-v3."),
    ] = None,
    hundred: Annotated[
        bool, typer.Option("--100-vs-100", help="Also the published protocol of 100 real against 100 generated images.")
    ] = False,
    engine: Engine = None,
) -> None:
    """Measure a generator, or any labelled images.

    Every figure comes with its standard error, its floor and its protocol; those of several trainings also with their
    spread.
    """
    from condgan.evaluation import evaluation, summary
    from condgan.experiments import evaluating

    options: dict[str, Any] = {
        "data": data, "n": n, "split": split, "seed": seed, "checkpoint": checkpoint, "small_n": small_n,
        "gan_train": gan_train, "c2st": c2st, "inception": inception, "hundred": hundred, "engine": engine,
        "output": output,
    }  # fmt: skip
    if evaluating.is_several(path):
        with progress.status() as say:
            results = evaluating.evaluate(path, *overrides or [], say=say, **options)
        several(results, path, as_json)
        return
    with progress.status() as say:
        result = evaluation.evaluate(path, *overrides or [], say=say, **options)
    from condgan.evaluation import people
    from condgan.verdicts import kept

    verdicts, judged = kept.told(path), people.of_path(path)
    if as_json:
        more: dict[str, Any] = {"verdicts": verdicts} if verdicts else {}
        more |= {} if judged is None else {"people": judged.as_json()}
        print(json.dumps(result.as_json() | more, ensure_ascii=False))
        return
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 120
    table = summary.table(result, lambda note: translated(note, context.command.params))
    Console(width=wide).print(table, markup=False, highlight=False)
    print("\n".join(["", *summary.summary(result), *map(str, result.files)]))
    for one in verdicts:
        print(f"{one['sentence']} ({one['study']})")
    for line in judged.sentences() if judged is not None else ():
        print(line)


def several(results: "dict[str, Evaluation]", path: str, as_json: bool) -> None:
    """Print the figures of several trainings with their spread."""
    from condgan.cli import study
    from condgan.evaluation import summary
    from condgan.experiments.table import spreads
    from condgan.verdicts import kept

    found, verdicts = spreads([one.figures for one in results.values()]), kept.told(path)
    if as_json:
        told: dict[str, Any] = {
            "trainings": {name: one.as_json() for name, one in results.items()},
            "figures": {name: spread.as_json() for name, spread in found.items()},
        }
        print(json.dumps(told | ({"verdicts": verdicts} if verdicts else {}), ensure_ascii=False))
        return
    study.spread_table(found, f"{path}: {study.trainings(len(results))}")
    print("\n".join(["", *summary.shared(next(iter(results.values())), "each")]))
    print("\n".join(str(one.files[0]) for one in results.values() if one.files))
    for one in verdicts:
        print(f"{one['sentence']} ({one['study']})")


@command("features")
def train_features(
    data: Annotated[str, typer.Argument(help=f"mnist, {FORMATS}.")],
    overrides: DataOverrides = None,
    steps: Annotated[
        int | None, typer.Option(help="Batches of 128 images; default: as many as fit the size of the dataset.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The file; default: where evaluate finds it.")
    ] = None,
) -> None:
    """Train the feature network of a dataset.

    It learns from the labels, and images of the dataset are measured with it.
    """
    from condgan.evaluation.feature_training import train_features as train

    with progress.status() as say:
        network, path, dataset = train(data, *overrides or [], steps=steps, output=output, say=say)
    for name, accuracy in network.facts["accuracy"].items():
        print(f"{name} accuracy: {accuracy:.2%} of {len(dataset.splits[name])} images that it was not trained on")
    print(f"{path} (SHA-256 of its weights {network.sha256})")


@command()
def diagnose(
    run: Annotated[
        Path, typer.Argument(help="The run folder (RUN@100: until epoch 100), or a study: each finished run of it.")
    ],
    data: Annotated[str | None, typer.Option(help="The real images; default: those it was trained on.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only; of a study a list.")] = False,
) -> None:
    """Explain what goes wrong in a run, or in the runs of a study.

    Each finding comes with its evidence and with the command to try.
    """
    from condgan.diagnosis import diagnosis
    from condgan.experiments import diagnosing, evaluating

    if evaluating.is_several(run):
        with progress.status() as say:
            results = diagnosing.diagnose(run, data, say=say)
        diagnosed(results, run, as_json)
        return
    with progress.status() as say:
        result = diagnosis.diagnose(run, data, say=say)
    print(json.dumps(result.as_json(run), ensure_ascii=False) if as_json else diagnosis.report(result, run))


def diagnosed(results: "dict[str, Diagnosis]", study: Path, as_json: bool) -> None:
    """Print the findings of several runs in one table, and how to see one with its evidence."""
    if as_json:
        print(json.dumps([one.as_json(study / name) for name, one in results.items()], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    shown.add_column("run", no_wrap=True)
    shown.add_column("findings", overflow="fold")
    for name, one in results.items():
        shown.add_row(name, ", ".join(finding.kind for finding in one.findings) or "nothing wrong was found")
    Console(width=max(100, Console().width)).print(shown, markup=False, highlight=False)
    worst = next((name for name, one in results.items() if one.findings), None)
    if worst is not None:
        print(f"next: condgan diagnose {shlex.quote(str(study / worst))}")
