"""What mends a training: ``cure``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from condgan.cli.command import command

if TYPE_CHECKING:
    from condgan.experiments.study import Study
    from condgan.verdicts.cure import Cure


@command(epilog="Example: condgan cure runs/a --minutes 30")
def cure(
    run: Annotated[Path, typer.Argument(help="The run folder.", show_default=False)],
    minutes: Annotated[float, typer.Option(help="How long it may take.")] = 20,
    study: Annotated[Path | None, typer.Option(help="The folder of what is tried; default: RUN-cure.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also a report: .html, .md, or .pdf, as `condgan report`.")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="The language of the report.")] = "en",
) -> None:
    """Try what `condgan diagnose` advises, and keep what helps best.

    Short branches of the run, each with one change, are measured on validation images; the best is trained again with
    fresh seeds, beside the run as it is.
    """
    from condgan.cli.study import progress
    from condgan.reports import report as reports
    from condgan.verdicts.cure import cure as tried

    if output is not None:
        reports.check_place(output)
    with progress(quiet=as_json) as shown:
        found = tried(run, minutes=minutes, study=study, **shown)
    report(found, as_json)
    if output is not None and found.study is None:
        print("nothing was tried, so there is no report of it: `condgan report` makes that of the run", file=sys.stderr)
    elif output is not None and found.study is not None:
        for path in reports.report(found.study.folder, output, lang=lang):
            print(path, file=sys.stderr if as_json else sys.stdout)


def resume_cure(opened: "Study", workers: int) -> None:
    """Continue a study of cures."""
    from condgan.cli.study import progress
    from condgan.verdicts.cure import resume

    with progress() as shown:
        found = resume(opened, **shown)
    report(found)


def report(found: "Cure", as_json: bool = False) -> None:
    """Print what was tried, what came of it, and what comes next."""
    from rich.console import Console
    from rich.table import Table

    from condgan.verdicts.cure import PICTURE, training

    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
        return
    if found.table:
        shown = Table(box=None, pad_edge=False)
        shown.add_column("tried", overflow="fold")
        shown.add_column("fid, validation", justify="right", no_wrap=True)
        for overrides, value in sorted(found.table, key=lambda row: row[1]):
            shown.add_row(" ".join(overrides) or "as it is", f"{value:.4g}")
        Console(width=max(100, Console().width)).print(shown, markup=False, highlight=False)
        print()
    print(found.sentence())
    if found.best is not None and found.study is not None:
        print(found.best)
        print(found.study.folder / PICTURE)
        print(f"next: {training(found)}")
