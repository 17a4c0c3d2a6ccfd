"""Key files: ``key``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from condgan.cli.command import command


@command(epilog="Example: condgan key new mark.key, then condgan sample mnist 2026 --watermark mark.key")
def key(
    action: Annotated[Literal["new", "show"], typer.Argument(metavar="new|show", help="Make a key, or name one.")],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The key file.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file. What was marked with a lost key is recognised no more.")
    ] = False,
) -> None:
    """Make a key for invisible marks, in a file that you alone can read, or print the fingerprint of one.

    The fingerprint names the key and reveals nothing of it. Keep a copy of the file in a safe place.
    """
    from condgan.marks import keys

    def warn(words: str) -> None:
        print(f"condgan: {words}", file=sys.stderr)

    found = keys.new_key(path, force=force) if action == "new" else keys.load(path, warn)
    print(f"{path}: key {found.fingerprint}")
