"""Reports: ``report``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from condgan.cli.command import command
from condgan.errors import ArgumentError


@command(epilog="Example: condgan report runs/A -o report.html --for coursework --author name=... --author course=...")
def report(
    path: Annotated[
        str, typer.Argument(help="A run (RUN@100: after epoch 100), a study, or a folder of `condgan compare -o`.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The file: .html, .md, or .pdf where a browser can print it.")
    ] = Path("report.html"),
    lang: Annotated[Literal["en", "zh"], typer.Option(help="The language.")] = "en",
    purpose: Annotated[
        Literal["coursework"] | None,
        typer.Option("--for", help="coursework: a title page, abstract, method, the training loop, and the rest."),
    ] = None,
    moments: Annotated[
        str | None,
        typer.Option(metavar="EPOCH,EPOCH", help="Of a run: epochs to show side by side, whose generators it kept."),
    ] = None,
    author: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="For the title page: name=..., number=..., course=..."),
    ] = None,
) -> None:
    """Write a report of a run, a study or a comparison.

    Setup, losses, networks, curves, images over time, figures with error and floor, diagnosis, what the figures do not
    show, environment, and the commands that repeat it.
    """
    from condgan.reports.report import report as made

    pairs = []
    for text in author or []:
        name, equals, value = text.partition("=")
        if not equals:
            raise ArgumentError("author", text, "expected FIELD=VALUE")
        pairs.append((name, value))
    epochs = [part.strip() for part in moments.split(",")] if moments is not None else []
    if not all(part.isascii() and part.isdecimal() for part in epochs):
        raise ArgumentError("moments", moments, "expected epochs, as 100,1000")
    shown = tuple(map(int, epochs))
    for written in made(path, output, lang=lang, purpose=purpose, author=pairs, moments=shown):
        print(written)
