"""The state of a training in one file: everything that an exact continuation needs."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from condgan.engines import Settings, State, figures
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe
from condgan.recipe.text import explain, from_values
from condgan.storage import weights

KIND = "checkpoint"
PENDING = "log."  # figures of steps whose log line is not yet complete
NEWER = ("d_accuracy",)  # figures that checkpoints of older versions lack


@dataclass(frozen=True)
class Checkpoint:
    """A training after ``step`` steps."""

    recipe: Recipe
    domain: Domain
    settings: Settings
    step: int
    images_seen: int
    seconds: float
    """Time spent training so far."""
    state: State
    pending: dict[str, npt.NDArray[np.float32]]
    """Figures since the last line of the log."""


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write it, whole or not at all.

    Raises:
        CondganError: a weight is not finite, or the disk refuses; an older file stays as it was.
    """
    weights.save(
        path,
        KIND,
        {
            "recipe": checkpoint.recipe.model_dump(mode="json"),
            "domain": checkpoint.domain.model_dump(mode="json"),
            "settings": checkpoint.settings.model_dump(mode="json"),
            "step": checkpoint.step,
            "images_seen": checkpoint.images_seen,
            "seconds": round(checkpoint.seconds, 3),
        },
        checkpoint.state | {PENDING + name: values for name, values in checkpoint.pending.items()},
    )


def load(path: Path) -> Checkpoint:
    """Read a checkpoint, from any source.

    Raises:
        CondganError: truncated, of a newer format, or not a checkpoint.
    """
    description, arrays = weights.load(path, KIND)
    recipe, domain = subject(path, description)
    try:
        settings = Settings.model_validate(description["settings"])
        step, seen = int(description["step"]), int(description["images_seen"])
        seconds = float(description["seconds"])
    except ValidationError as error:
        raise CondganError(f"{path} is damaged: {'; '.join(explain(error)[:3])}") from None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CondganError(f"{path} is damaged: its header is incomplete or wrong ({error})") from None
    if step < 0 or seen < 0 or not 0 <= seconds < math.inf:
        raise CondganError(f"{path} is damaged: it claims to stand at step {step} after {seconds} seconds")
    newer = {name for name in NEWER if PENDING + name not in arrays}
    pending = {name: np.asarray(arrays.pop(PENDING + name, np.empty(0)), np.float32) for name in figures(recipe)}
    lengths = {len(values) if values.ndim == 1 else -1 for name, values in pending.items() if name not in newer}
    if len(lengths) != 1 or -1 in lengths:
        raise CondganError(f"{path} is damaged: its unlogged figures are not of one length")
    return Checkpoint(recipe, domain, settings, step, seen, seconds, arrays, pending)


def subject(path: Path, description: dict[str, object]) -> tuple[Recipe, Domain]:
    """The recipe and the domain in a file's description.

    Raises:
        CondganError: they are not valid.
    """
    try:
        return from_values(description["recipe"], f"the recipe in {path}"), Domain.model_validate(description["domain"])
    except KeyError as error:
        raise CondganError(f"{path} is damaged: its header lacks {error}") from None
    except ValidationError as error:
        raise CondganError(f"{path} describes no valid images: {'; '.join(explain(error)[:3])}") from None
