"""A recipe as a script of one's own: ``script``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from condgan.cli.command import Overrides, command


@command(epilog="Example: condgan script cgan-lsgan train.epochs=20 -o cgan.py; python cgan.py MNIST")
def script(
    recipe: Annotated[str, typer.Argument(help="A published recipe, or the path of a recipe's JSON.")],
    overrides: Overrides = None,
    engine: Annotated[
        Literal["torch", "jittor"] | None, typer.Option(help="The framework it is in; default: that of the recipe.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there; -: print it.")
    ] = None,
) -> None:
    """Print the training loop of a recipe as one readable Python file, without condgan.

    It trains what `condgan train RECIPE` trains, in at most 150 lines. A field without a plain form is refused.
    """
    from condgan.reports.script import save
    from condgan.reports.script import script as written

    text = written(recipe, *overrides or [], engine=engine)
    if output is None or str(output) == "-":
        print(text, end="")
    else:
        save(text, output)
        print(output)
