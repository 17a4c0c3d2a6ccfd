"""Whether synthetic images help: ``worth``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from condgan.cli.command import FORMATS, command

if TYPE_CHECKING:
    from condgan.experiments.study import Study
    from condgan.verdicts.worth import Worth


@command(epilog="Example: condgan worth photos/ --minutes 30")
def worth(
    data: Annotated[str, typer.Argument(help=f"mnist, {FORMATS}.", show_default=False)],
    minutes: Annotated[float, typer.Option(help="How long it may take.")] = 20,
    study: Annotated[Path | None, typer.Option(help="The folder; default: runs/worth-DATA.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also a report: .html, .md, or .pdf, as `condgan report`.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="The language of the report.")] = "en",
) -> None:
    """Tell whether synthetic images make a classifier of these images better.

    Two generators are trained on the training images, then a small classifier on real images, on augmented ones, and on
    real and synthetic ones. The ways are chosen on validation images and compared on test images.
    """
    from condgan.cli.study import progress
    from condgan.reports import report as reports
    from condgan.verdicts.worth import worth as answered

    if output is not None:
        reports.check_place(output)
    with progress(quiet=as_json) as shown:
        found = answered(data, minutes=minutes, study=study, **shown)
    report(found, as_json)
    for path in [] if output is None else reports.report(found.study.folder, output, lang=lang):
        print(path, file=sys.stderr if as_json else sys.stdout)


def resume_worth(opened: "Study", workers: int) -> None:
    """Continue a study of worth."""
    from condgan.cli.study import progress
    from condgan.verdicts.worth import work

    with progress() as shown:
        found = work(opened, **shown)
    report(found)


def report(found: "Worth", as_json: bool = False) -> None:
    """Print the ways, the verdict, and the command that makes the synthetic images."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
        return
    one = found.verdict
    shown = Table(box=None, pad_edge=False)
    shown.add_column("trained on", overflow="fold")
    for name in (f"{'balanced ' * one.balanced}accuracy, validation", "spread", "trainings"):
        shown.add_column(name, justify="right", no_wrap=True)
    for row in one.table:
        shown.add_row(row.way, f"{row.value:.1f} %", f"{row.spread:.1f}", str(row.n))
    Console(width=max(100, Console().width)).print(shown, highlight=False)
    print()
    if one.rarest is not None:
        label, rare = one.rarest
        print(f"rarest class {found.names[label]}: {rare.difference:+.1f} points ({rare.low:+.1f} to {rare.high:+.1f})")
    for note in one.notes:
        print(note)
    print(found.sentence())
    if one.verdict == "helps":
        print(f"next: {found.command}")
