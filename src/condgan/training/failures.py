"""What the user reads when a training fails."""

from condgan.errors import CondganError
from condgan.runs.run import Run
from condgan.training.listeners.listener import ListenerError


def explained(error: BaseException, run: Run, where: str) -> BaseException:
    """The error to raise for one that ended a training at a moment: what was saved, and what to do; else the same."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, BrokenPipeError):  # of the terminal, not of the run
        return cause
    if isinstance(error, ListenerError):
        there = f"saved at {where}: `condgan resume {run.folder}` continues there"
        return ListenerError(f"{error}; {there if run.checkpoint().exists() else 'nothing was trained yet'}")
    if not isinstance(cause, OSError) or not isinstance(error, CondganError | OSError):
        return error
    return CondganError(
        f"cannot write to {run.folder}: {cause.strerror or cause}; what was saved remains: make room, "
        f"then `condgan resume {run.folder}`"
    )
