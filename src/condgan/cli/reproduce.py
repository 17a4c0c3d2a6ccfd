"""Answering published claims: ``reproduce``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from condgan.cli.command import command, translated

if TYPE_CHECKING:
    from condgan.claims.reproduce import Result


@command(epilog="Example: condgan reproduce --budget quick --workers 2")
def reproduce(
    context: typer.Context,
    claims: Annotated[list[str] | None, typer.Argument(metavar="[CLAIM ...]", help="By name; default: all.")] = None,
    budget: Annotated[
        Literal["quick", "full"], typer.Option(help="quick: minutes, most claims cannot be told; full: many hours.")
    ] = "quick",
    study: Annotated[Path | None, typer.Option(help="The folder; default: runs/claims-BUDGET.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Trainings at a time; default: as many as cores, 4 at most.")
    ] = None,
    train: Annotated[bool, typer.Option(help="Train what is missing; else judge what there is.")] = True,
    inception: Annotated[
        Path | None, typer.Option(help="Weights of torchvision's or Jittor's Inception-v3, for fid-100.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Answer what published write-ups claim, by trainings of one's own.

    The same command continues after any interruption. docs/reproduction.md has the answers of full runs.
    """
    from condgan.claims.reproduce import reproduce as answered
    from condgan.cli.study import progress

    with progress(quiet=as_json) as shown:
        results = answered(
            *claims or [], budget=budget, study=study, workers=workers, train=train, inception=inception, **shown
        )
    if as_json:
        print(json.dumps({"budget": budget, "claims": [one.as_json() for one in results]}, ensure_ascii=False))
        return
    report(results, lambda text: translated(text, context.command.params))
    folder = study or Path("runs") / f"claims-{budget}"
    print(folder / "claims.md")
    if budget == "quick":
        print("next: condgan reproduce CLAIM --budget full")


def report(results: "list[Result]", words: Callable[[str], str]) -> None:
    """Print each claim with its verdict and figure, by source; ``words`` translates arguments into flags."""
    from rich.console import Console
    from rich.table import Table

    from condgan.claims.claim import WORDS
    from condgan.claims.sources import SOURCES

    console = Console(width=max(120, Console().width))
    for source in dict.fromkeys(one.claim.source for one in results):
        of = SOURCES[source]
        table = Table(box=None, pad_edge=False, title=of.title, title_justify="left", title_style="bold")
        for name in ("claim", "it says", "verdict", "figure"):
            table.add_column(name, overflow="fold")
        for one in results:
            if one.claim.source == source:
                table.add_row(one.claim.name, one.claim.says, WORDS[one.answer.verdict], words(one.answer.figure))
        console.print(table, highlight=False)
        print()
