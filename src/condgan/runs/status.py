"""What became of a training: ``status.json`` in its run folder; of older folders, what checkpoint and log show."""

import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from shlex import quote
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from condgan.errors import CondganError
from condgan.results import selection
from condgan.results.records import AlarmRecord, EvaluationRecord, of_kind
from condgan.runs import checkpoint, log
from condgan.storage import weights
from condgan.storage.files import atomic

if TYPE_CHECKING:
    from condgan.runs.run import Run

State = Literal["running", "stopped", "finished", "diverged", "killed"]
SIGN_EVERY = 2.0  # seconds between two signs of life
SILENCE = timedelta(minutes=10)  # without one (an evaluation gives none), a training on another host counts as killed


class Status(BaseModel):
    """A training's state, and how far it is.

    Attributes:
        state: running; stopped: on request, by Ctrl-C or by an error, after a save; finished; diverged: a loss or a
            weight became NaN; killed: the file says running, but no process holds the run (of another host, whose
            locks cannot be seen from here: it gave no sign of life for ten minutes).
        step, epoch: of its last save.
        reason: why it stopped or diverged.
        process, host: that trains, or trained last.
        seen: its last sign of life, every few seconds while it runs.
    """

    model_config = ConfigDict(frozen=True)

    state: State
    step: int = Field(ge=0)
    epoch: float = Field(ge=0, allow_inf_nan=False)
    reason: str | None = None
    process: int | None = None
    host: str | None = None
    seen: datetime | None = None


class Writer:
    """Writes the status of the training in this process."""

    def __init__(self, run: "Run") -> None:
        self.path, self.last = run.status_file, 0.0

    def write(self, state: State, step: int, epoch: float, reason: str | None = None) -> Status:
        """Write it, if the run folder is still there, and return it.

        Raises:
            CondganError: it cannot be written.
        """
        status = Status(
            state=state, step=step, epoch=epoch, reason=reason, process=os.getpid(), host=socket.gethostname()
        )
        if self.path.parent.is_dir():  # a run folder that was removed is not created again
            atomic(self.path, json.dumps(status.model_dump(exclude={"seen"}), indent=2).encode() + b"\n")
        self.last = time.monotonic()
        return status

    def alive(self) -> None:
        """Give a sign of life: the time of the file."""
        if time.monotonic() - self.last > SIGN_EVERY:
            with suppress(OSError):
                os.utime(self.path)
            self.last = time.monotonic()


def read(run: "Run") -> Status:
    """The status of a run.

    Raises:
        CondganError: there is no status file, and the recipe, checkpoint or log that tell it are damaged.
    """
    status = _written(run)
    if status is None:
        return _derived(run)
    if status.state == "running" and run.is_locked() is False:
        status = _written(run) or status  # it may have ended between the two looks
        elsewhere = status.host not in (None, socket.gethostname())
        recent = status.seen is not None and datetime.now(UTC) - status.seen < SILENCE
        if status.state == "running" and not (elsewhere and recent):
            return status.model_copy(update={"state": "killed"})
    return status


def check(run: "Run") -> None:
    """Refuse a status file that is none. A training that goes on writes it again, and ``read`` does without.

    Raises:
        CondganError: it is damaged.
    """
    if run.status_file.is_file() and _written(run) is None and run.status_file.is_file():
        raise CondganError(f"{run.status_file} is damaged: `condgan resume {quote(str(run.folder))}` writes it again")


def _written(run: "Run") -> Status | None:
    try:
        seen = datetime.fromtimestamp(run.status_file.stat().st_mtime, UTC)
        return Status.model_validate(json.loads(run.status_file.read_bytes())).model_copy(update={"seen": seen})
    except (OSError, ValueError, RecursionError):
        return None


def _derived(run: "Run") -> Status:
    """The status of a folder without the file. Whether its process was stopped or killed was not recorded."""
    records, plan, path = log.read(run.log), run.plan(), run.checkpoint()
    step = 0
    if path.exists():
        step = int(weights.describe(path, checkpoint.KIND)["step"])
    epoch = plan.epoch(step) if plan else 0.0
    state: State = "stopped"
    if run.is_locked():
        state = "running"
    elif records and isinstance(records[-1], AlarmRecord) and records[-1].alarm == "nan":
        state = "diverged"
    elif plan and (step >= plan.steps or selection.exhausted(run.recipe, of_kind(records, EvaluationRecord))):
        state = "finished"
    return Status(state=state, step=step, epoch=epoch)
