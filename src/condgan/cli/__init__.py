"""The command line: a file for each group of commands. Flags, and messages that name them, are written here only."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from condgan.cli.command import app

# isort: off
from condgan.cli import train, sample, evaluate, recipes, doctor  # noqa: F401 (in the order of the help)

__all__ = ["app", "main"]
# isort: on

USAGE = 2


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
    """Run a command; every error that the user can put right is one line and exit code 2."""
    from condgan.errors import CondganError, InterruptedTrainingError

    try:
        status = app(args=arguments, standalone_mode=False)
    except InterruptedTrainingError as stopped:
        print(stopped, file=sys.stderr)
        status = 130
    except CondganError as error:
        status = _fail(str(error))
    except typer.TyperException as error:
        status = _fail(f"{error.format_message()} (see: condgan --help)")
    except (typer.Abort, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        sys.stderr.close()
        status = 1
    except OSError as error:
        status = _fail(f"{error.filename or 'disk'}: {error.strerror or error}")
    except MemoryError:
        status = _fail("out of memory: a smaller train.batch or data.size needs less")
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str) -> int:
    print(f"condgan: {' '.join(message.split())}", file=sys.stderr)
    return USAGE
