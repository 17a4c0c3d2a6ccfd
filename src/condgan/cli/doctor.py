"""Checking the machine: ``doctor``."""

import sys
from typing import Annotated

import typer

from condgan.cli.command import command


@command()
def doctor(
    engine: Annotated[str, typer.Option(help="The engine to check: torch or jittor.")] = "torch",
    warm: Annotated[bool, typer.Option("--warm", help="Compile the engine first (takes minutes).")] = False,
    limit: Annotated[int, typer.Option(help="Time limit of --warm in seconds.", min=1)] = 900,
) -> None:
    """Check this machine, and print the fix of each problem."""
    from condgan import doctor as examination

    if warm:
        examination.warm(engine, limit, sys.stderr)
    checks = examination.checks(engine)
    for check in checks:
        mark = {True: "ok  ", False: "BAD ", None: "    "}[check.ok]
        print(f"{mark}{check.name}: {check.result}" + (f" -> {check.cure}" if check.cure and not check.ok else ""))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
