"""The log of a run: log.jsonl is the source of truth, TensorBoard's events are made from it.

A line is one of three kinds: the means of the figures of a training over some steps; an ``evaluation`` (its figures by
name, each with value and standard error, and the accuracy of each class); or an ``alarm`` (its kind, and a sentence).
"""

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.draws.schedule import Plan
from condgan.engines import FIGURES
from condgan.errors import CondganError
from condgan.results.records import (
    EvaluationRecord,
    Kind,
    Record,
    StepRecord,
    from_line,
    rounded,
    to_line,
)
from condgan.storage.files import atomic

Figures = Mapping[str, npt.NDArray[np.float32]]


def read(path: Path) -> list[Record]:
    """The records of a log; a last line cut short by a kill is left out.

    Raises:
        CondganError: another line is damaged.
    """
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(from_line(line))
        except ValueError as error:
            if number == len(lines):
                break
            raise CondganError(f"{path}, line {number} is damaged ({error}): remove it, or train anew") from None
    return records


class Log:
    """The log of a training under way, cut back to the step that it goes on from."""

    def __init__(self, folder: Path, path: Path, plan: Plan, every: int, step: int, pending: Figures) -> None:
        self.plan, self.every, self.step = plan, every, step
        self.records = [record for record in read(path) if record.step <= step]
        self.pending = {name: [np.asarray(values, np.float32)] for name, values in pending.items()}
        atomic(path, "".join(to_line(record) + "\n" for record in self.records).encode())
        for events in folder.glob("events.out.tfevents.*"):
            events.unlink()
        self.file = path.open("a", encoding="utf-8")
        self.board = Board(folder)
        for record in self.records:
            self.board.add(record)

    def window_end(self, step: int) -> int:
        """The step after which the line that step belongs to is complete."""
        start = step - step % self.plan.steps_per_epoch
        inside = (step - start) // self.every + 1
        return start + min(inside * self.every, self.plan.steps_per_epoch)

    def add(self, figures: Figures, seconds: float) -> StepRecord | None:
        """Take over the figures of a block that crosses no window's end -> the record, if its window is complete."""
        end = self.window_end(self.step)
        self.step += len(figures[FIGURES[0]])
        for name, values in figures.items():
            self.pending.setdefault(name, []).append(values)
        if self.step < end:
            return None
        window = {name: np.concatenate(parts) for name, parts in self.pending.items()}
        self.pending = {}
        return self.write(
            StepRecord(
                **self.at(self.step),
                mean={name: rounded(values.mean(dtype=np.float64)) for name, values in window.items()},
                spread={name: rounded(values.std(dtype=np.float64)) for name, values in window.items()},
                last={name: rounded(values[-1]) for name, values in window.items()},
                seconds=round(seconds, 2),
            )
        )

    def at(self, step: int) -> Any:
        """What every record of a step has."""
        return {"step": step, "images": self.plan.images_seen(step), "epoch": round(self.plan.epoch(step), 4)}

    def write(self, record: Kind) -> Kind:
        """Append a record, and return it."""
        self.file.write(to_line(record) + "\n")
        self.file.flush()
        self.records.append(record)
        self.board.add(record)
        return record

    def unlogged(self) -> dict[str, npt.NDArray[np.float32]]:
        """Figures since the last line, for the checkpoint."""
        return {name: np.concatenate(parts) for name, parts in self.pending.items()}

    def sync(self) -> None:
        """Bring what is written to the disk: a checkpoint must never be ahead of its log."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Flush everything; a full disk that has ended the training already is not reported again."""
        with contextlib.suppress(OSError):
            self.file.close()
        with contextlib.suppress(OSError):
            self.board.close()


class Board:
    """TensorBoard's event file, written at once, so that a full disk is an error here and not in a thread."""

    def __init__(self, folder: Path) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.events = Event
        self.file = (folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}").open("wb")
        self.writer = RecordWriter(self.file)
        self._write(file_version="brain.Event:2")

    def add(self, record: Record) -> None:
        """The figures of a record, against images seen."""
        figures: dict[str, float | None] = {}
        if isinstance(record, StepRecord):
            figures = dict(record.mean)
        elif isinstance(record, EvaluationRecord):
            figures = {f"evaluation/{name}": figure.value for name, figure in record.evaluation.items()}
        values = [{"tag": name, "simple_value": value} for name, value in figures.items() if value is not None]
        if values:
            self._write(step=record.images, summary={"value": values})

    def close(self) -> None:
        """Flush."""
        self.file.close()

    def _write(self, **fields: Any) -> None:
        self.writer.write(self.events(wall_time=time.time(), **fields).SerializeToString())
        self.writer.flush()
