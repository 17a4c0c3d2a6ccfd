"""The command line: a file for each group of commands. Only this package names flags."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from condgan.cli.command import app

# isort: off
from condgan.cli import train, data, sample, evaluate, recipes, doctor  # noqa: F401 (in the order of the help)

__all__ = ["app", "main"]
# isort: on


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    """Options of condgan itself."""
    if version:
        from condgan.runs import session

        print(session.version())
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit; an error that the user can correct is one line on stderr and exit code 2."""
    from condgan.errors import CondganError, InterruptedTrainingError

    try:
        status = app(args=arguments, standalone_mode=False)
    except (InterruptedTrainingError, typer.Abort, KeyboardInterrupt) as error:
        print(str(error) or "stopped", file=sys.stderr)
        status = 130  # 128 + SIGINT, as shells have it
    except BrokenPipeError:
        sys.stderr.close()
        status = 1
    except CondganError as error:
        status = _refuse(str(error))
    except typer.TyperException as error:
        status = _refuse(f"{error.format_message()} (see: condgan --help)")
    except OSError as error:
        status = _refuse(f"{error.filename or 'disk'}: {error.strerror or error}")
    except MemoryError:
        status = _refuse("out of memory: a smaller train.batch or data.size needs less")
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str) -> int:
    first, *rest = (" ".join(line.split()) for line in message.splitlines() or [""])
    print("\n  ".join([f"condgan: {first}", *rest]), file=sys.stderr)  # only lists of problems have several lines
    return 2
