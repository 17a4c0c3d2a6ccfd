"""The machine: ``doctor``."""

import sys
from typing import Annotated

import typer

from condgan.cli.command import command


@command()
def doctor(
    engine: Annotated[str, typer.Option(help="The engine to check: torch or jittor.")] = "torch",
    warm: Annotated[bool, typer.Option("--warm", help="First compile what the engine compiles: minutes.")] = False,
    limit: Annotated[int, typer.Option(help="Seconds that --warm may take.", min=1)] = 900,
) -> None:
    """Check this machine, with a cure for each fault."""
    from condgan import doctor as examination

    if warm:
        examination.warm(engine, limit, sys.stderr)
    checks = examination.checks(engine)
    for check in checks:
        mark = {True: "ok  ", False: "BAD ", None: "    "}[check.ok]
        print(f"{mark}{check.name}: {check.result}" + (f" -> {check.cure}" if check.cure and not check.ok else ""))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
