"""The page in the browser: ``studio``."""

from pathlib import Path
from typing import Annotated

import typer

from condgan.cli.command import FORMATS, command


@command(epilog="Example: condgan studio --runs runs --data photos/")
def studio(
    runs: Annotated[Path, typer.Option(help="The folder of runs; new ones are trained there.")] = Path("runs"),
    data: Annotated[
        list[Path] | None, typer.Option(help=f"A folder that may be trained on, or one of such folders: {FORMATS}.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where it listens; 127.0.0.1: for this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.")] = 8420,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page.")] = True,
    watermark: Annotated[
        Path | None, typer.Option(metavar="KEY", help="A key file: all generated pictures get its invisible mark.")
    ] = None,
) -> None:
    """Open the studio: a page to train, watch, sample, compare and judge.

    It shows all runs of a folder, those started elsewhere too. Trainings go on when it ends.
    """
    from condgan.studio import serve

    serve(
        runs, tuple(data or ()), host=host, port=port, browser=browser, watermark=watermark,
        say=lambda text: print(text, flush=True),
    )  # fmt: skip
