"""The command line: a file for each group of commands. Only this package names flags."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from condgan import streams
from condgan.cli.command import app

# isort: off
from condgan.cli import train, data, sample, key, verify, evaluate, compare, sweep  # noqa: F401 (the order of the help)
from condgan.cli import reproduce, worth, cure, report, script, studio, recipes, doctor  # noqa: F401

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
    """Run a command and exit; an error that the user can correct is one line on stderr and exit code 2.

    Output that could not be written, but for that of a training, is such an error too; a reader that went away is exit
    code 1, without a word.
    """
    from condgan.errors import CondganError, InterruptedExportError, InterruptedTrainingError

    streams.protect()
    try:
        status = app(args=arguments, standalone_mode=False)
    except (InterruptedTrainingError, InterruptedExportError, typer.Abort, KeyboardInterrupt) as error:
        print(str(error) or "stopped", file=sys.stderr)
        status = 130  # 128 + SIGINT, as shells have it
    except CondganError as error:
        status = _refuse(str(error))
    except typer.TyperException as error:
        message = error.format_message().replace("Value error, ", "")  # pydantic's, before the words of a choice
        status = _refuse(f"{message} (see: condgan --help)")
    except OSError as error:
        status = _refuse(f"{error.filename or 'disk'}: {error.strerror or error}")
    except MemoryError:
        status = _refuse("out of memory: a smaller train.batch or data.size needs less")
    status = status if isinstance(status, int) else 0
    lost = streams.lost()
    if lost is not None and status == 0:
        status = 1 if isinstance(lost, BrokenPipeError) else _refuse(f"stdout: {getattr(lost, 'strerror', lost)}")
    sys.exit(status)


def _refuse(message: str) -> int:
    first, *rest = (" ".join(line.split()) for line in message.splitlines() or [""])
    print("\n  ".join([f"condgan: {first}", *rest]), file=sys.stderr)  # only lists of problems have several lines
    return 2
