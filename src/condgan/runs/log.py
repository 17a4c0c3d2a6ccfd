"""The log of a run: log.jsonl is the source of truth, TensorBoard's events are derived from it.

A line is one of three kinds: the means of the figures of a training over some steps; an ``evaluation`` (its figures by
name, each with value and standard error, and the accuracy of each class); or an ``alarm`` (its kind, and a sentence).
"""

import contextlib
import itertools
import os
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
    of_kind,
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
    """The log of a training under way, cut back to the step that it continues from.

    It is cut at the first record beyond that step. The evaluation of the untrained generator, of step 0, stands before
    the first other evaluation, and is cut with it.
    """

    def __init__(self, path: Path, plan: Plan, every: int, step: int, pending: Figures) -> None:
        self.path, self.plan, self.every, self.step = path, plan, every, step
        self.records = list(itertools.takewhile(lambda record: record.step <= step, read(path)))
        if self.records and isinstance(self.records[-1], EvaluationRecord) and self.records[-1].step == 0:
            self.records.pop()
        self.pending = {name: [np.asarray(values, np.float32)] for name, values in pending.items()}
        atomic(path, "".join(to_line(record) + "\n" for record in self.records).encode())
        self.file = path.open("a", encoding="utf-8")

    def window_end(self, step: int) -> int:
        """The step after which the window that step belongs to is complete."""
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
        return record

    def evaluations(self) -> list[EvaluationRecord]:
        """Those up to now, the untrained generator's first."""
        return of_kind(self.records, EvaluationRecord)

    def unlogged(self) -> dict[str, npt.NDArray[np.float32]]:
        """Figures since the last window, for the checkpoint; without those that an older version did not record."""
        window = {name: np.concatenate(parts) for name, parts in self.pending.items()}
        longest = max(map(len, window.values()), default=0)
        return {name: values for name, values in window.items() if len(values) == longest}

    def removed(self) -> bool:
        """Whether the file was deleted or replaced since it was opened, alone or with its folder."""
        try:
            return not os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.path))
        except (OSError, ValueError):  # it is not there, or closed
            return True

    def sync(self) -> None:
        """Bring what is written to the disk: a checkpoint must never be ahead of its log."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Flush everything; a full disk that has ended the training already is not reported again."""
        with contextlib.suppress(OSError):
            self.file.close()
