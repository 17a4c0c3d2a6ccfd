"""The exceptions that users see: what was given, what was expected, what to do."""

import difflib
from collections.abc import Iterable, Mapping, Sequence


class CondganError(Exception):
    """Something the user can put right. The command line prints its message on one line and exits with code 2."""


class ArgumentError(CondganError):
    """An argument of a job that it cannot use: ``n=1: expected 2 to 1000000 images``.

    Messages name arguments as Python does, at the start or in backquotes (```data=PATH` names the images``); the
    command line writes its flags instead.

    Attributes:
        argument: its name.
        value: what was given.
        problem: what was expected, or what to do.
    """

    def __init__(self, argument: str, value: object, problem: str) -> None:
        super().__init__(f"{argument}={value}: {problem}")
        self.argument, self.value, self.problem = argument, value, problem


class DivergedError(CondganError):
    """A loss or a weight became NaN or infinite."""


class InterruptedTrainingError(CondganError):
    """Training was stopped by Ctrl-C, SIGTERM, SIGHUP or SIGUSR1, after its state was saved."""


class InterruptedExportError(CondganError):
    """An export was stopped by Ctrl-C or SIGTERM; the parts of it that are complete are kept."""


def joined(errors: Sequence[CondganError]) -> CondganError:
    """Several errors as one, in one line; arguments stand in backquotes."""
    if len(errors) == 1:
        return errors[0]
    texts = [
        f"`{error.argument}={error.value}`: {error.problem}" if isinstance(error, ArgumentError) else str(error)
        for error in errors
    ]
    return CondganError("; ".join(dict.fromkeys(texts)))


def in_one_line(text: str) -> str:
    """A message as one line that can be shown anywhere: lines are joined, control characters become spaces."""
    first, *rest = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    whole = "; ".join([f"{first} {rest[0]}", *rest[1:]] if first.endswith(":") and rest else [first, *rest])
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def nearest(given: str, names: Iterable[str], called: Mapping[str, str] | None = None) -> str:
    """Say which known name the user probably meant: ``' (did you mean "lr"?)'``, or nothing.

    ``called`` has what others call some of them: other name -> name.
    """
    known = [*names]
    others = {other.lower(): name for other, name in (called or {}).items() if name in known}
    lowered = others | {name.lower(): name for name in known}
    close = difflib.get_close_matches(given.lower(), lowered, n=1, cutoff=0.5)
    return f' (did you mean "{lowered[close[0]]}"?)' if close else ""


class UndefinedError(CondganError):
    """A figure has no value here: the message says why, and the others are not touched."""
