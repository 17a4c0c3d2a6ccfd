"""Shared by the commands: the application, common options, and errors that name flags instead of arguments."""

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from condgan.errors import ArgumentError, CondganError

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The workbench for class-conditional GANs: train, measure and sample a generator of labelled images.",
)
FORMATS = (
    "a folder of class folders, an .npz, .npy files, a CSV of pixels, IDX files, CIFAR's binary files, or parquet files"
)
"""What the readers read, in words: they are not imported for a help."""
Overrides = Annotated[list[str] | None, typer.Argument(metavar="[section.field=value ...]", show_default=False)]
DataOverrides = Annotated[list[str] | None, typer.Argument(metavar="[data.field=value ...]", show_default=False)]
Engine = Annotated[
    str | None, typer.Option(help="torch or jittor, which computes the images; default: the one that trained it.")
]
MENTION = re.compile(r"`(\w+)(?:=([^`]*))?`")  # of an argument in a message: `data`, `data=PATH`


class Command(TyperCommand):
    """A command that names its flags in errors."""

    def invoke(self, ctx: "Context") -> Any:
        """Run the command, and translate its errors."""
        try:
            return super().invoke(ctx)
        except CondganError as error:
            error.args = (translated(error, self.params),)
            raise


command = partial(app.command, cls=Command)


def translated(error: CondganError | str, parameters: "Sequence[Parameter]") -> str:
    """The message of an error, with the flags of a command in place of argument names."""
    text = str(error)
    if isinstance(error, ArgumentError) and (name := flag(error.argument, str(error.value), parameters)):
        text = f"{name}: {error.problem}"
    return MENTION.sub(lambda mention: flag(mention[1], mention[2], parameters) or mention[0], text)


def flag(argument: str, value: str | None, parameters: "Sequence[Parameter]") -> str | None:
    """An argument on the command line: ``--n 1``, ``--grid``, ``--no-gan-train``, ``PATH``; None if it has no flag."""
    for parameter in parameters:
        if parameter.name == argument:
            name = max(parameter.opts, key=len)
            if parameter.param_type_name == "argument":
                name = argument.upper()
            elif value == "False" and parameter.secondary_opts:
                name, value = parameter.secondary_opts[0], None
            return name if value in (None, "True") else f"{name} {value}"
    return None
