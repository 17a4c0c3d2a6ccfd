"""What the user reads when a training ends early."""

from shlex import quote

from condgan.data.readers import passed
from condgan.errors import CondganError, DivergedError
from condgan.recipe import Recipe
from condgan.recipe.text import to_json
from condgan.runs.log import Log
from condgan.runs.run import Run
from condgan.training.listeners.listener import ListenerError


def saved(run: Run, recipe: Recipe, where: str) -> str:
    """Where a training was saved, and what continues it."""
    command = f"condgan resume {quote(str(run.folder))}"
    if recipe.data.source == passed.NAME:  # the command line cannot pass arrays
        command = f'condgan.resume("{run.folder}", data=...)'
    return f"saved at {where}: `{command}` continues there"


def explained(error: BaseException, run: Run, recipe: Recipe, where: str, complete: bool) -> BaseException:
    """The error to raise for one that ended a training: what was saved, and what to do; else the same.

    ``complete``: it came after the last step and its save.
    """
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, BrokenPipeError):  # of the terminal, not of the run
        return cause
    if isinstance(error, ListenerError):
        after = saved(run, recipe, where) if run.checkpoint().exists() else "nothing was trained yet"
        return ListenerError(f"{error}; {'the training itself is complete' if complete else after}")
    if not isinstance(cause, OSError) or not isinstance(error, CondganError | OSError):
        return error
    return CondganError(
        f"cannot write to {run.folder}: {cause.strerror or cause}; what was saved remains: make room, "
        f"then `condgan resume {quote(str(run.folder))}`"
    )


def check_folder(run: Run, log: Log, recipe: Recipe, where: str) -> None:
    """Refuse to save where the run folder is gone; write its recipe again where only that is missing or spoilt.

    Raises:
        CondganError: the folder or its log was removed.
    """
    if log.removed():
        raise CondganError(
            f"{run.folder} or its log was removed during the training, which ends at {where} unsaved: train again"
        )
    if run.recipe_text() != to_json(recipe):  # a checkpoint is of no use without it
        run.write_recipe(recipe)


def diverged(run: Run, what: str, cure: str) -> DivergedError:
    """The error for a loss or weight that is not finite: what was saved, and what to try."""
    last = run.checkpoint()
    before = f"`{last}` is the state before" if last.exists() else "no checkpoint was due yet"
    return DivergedError(f"{what}; {before}; try smaller learning rates ({cure}) or another loss, in a new run")
