"""Checks of what Python callers pass: types that the command line has read already."""

import inspect
import operator
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from condgan.errors import ArgumentError

SHOWN = 80  # characters of a value in an error


def shown(value: object) -> str:
    """A value in one short line, as in Python."""
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def path(argument: str, value: object) -> Path:
    """A path, from text or from what stands for one (``os.PathLike``).

    Raises:
        ArgumentError: another type, or no file system can have such a name.
    """
    name = value if isinstance(value, str) else getattr(value, "__fspath__", lambda: None)()
    if not isinstance(name, str) or not name:
        raise ArgumentError(argument, shown(value), "expected a path, as text or pathlib.Path")
    if "\0" in name:
        raise ArgumentError(argument, shown(value), "a path cannot contain the character NUL")
    return Path(os.fspath(name))


def text(argument: str, value: object, such: str = "") -> str:
    """A text, ``such`` as this one.

    Raises:
        ArgumentError: another type.
    """
    if not isinstance(value, str):
        raise ArgumentError(argument, shown(value), f"expected text{such and f', such as {such}'}")
    return value


def integer(argument: str, value: object, least: int, most: int, unit: str = "") -> int:
    """A whole number in a range; numpy's are taken too.

    Raises:
        ArgumentError: another type or range.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what it refuses is refused here
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or not least <= number <= most:
        raise ArgumentError(argument, shown(value), f"expected {least} to {most}{unit and f' {unit}'}, a whole number")
    return number


def refusals(check: Callable[..., object], *values: object) -> list[ArgumentError]:
    """What a check says of values, to be told beside other errors: nothing, or one error."""
    try:
        check(*values)
    except ArgumentError as error:
        return [error]
    return []


def function(argument: str, value: object) -> Callable[..., Any]:
    """A function that can be called at once.

    Raises:
        ArgumentError: it is none, or a coroutine function, which would only return a coroutine.
    """
    if not callable(value) or inspect.iscoroutinefunction(value):
        raise ArgumentError(argument, shown(value), "expected a function (not an async one)")
    return value
