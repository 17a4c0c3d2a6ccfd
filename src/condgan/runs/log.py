"""The log of a run: log.jsonl is the source of truth, TensorBoard's events are derived from it.

A line is one of three kinds: the means of the figures of a training over some steps; an ``evaluation`` (its figures by
name, each with value and standard error, and the accuracy of each class); or an ``alarm`` (its kind, and a sentence).
"""

import contextlib
import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.draws.schedule import Plan
from condgan.engines import FIGURES
from condgan.errors import CondganError
from condgan.results.records import EvaluationRecord, Kind, StepRecord, from_line, rounded, to_line
from condgan.storage.files import atomic

Record = dict[str, Any]
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
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("step"), int):
                raise ValueError("no record with a step")
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                break
            raise CondganError(f"{path}, line {number} is damaged ({error}): remove it, or train anew") from None
        records.append(record)
    return records


def trained(records: Sequence[Record]) -> list[Record]:
    """The lines about training.

    Raises:
        CondganError: one lacks a figure.
    """
    lines = [record for record in records if "evaluation" not in record and "alarm" not in record]
    for record in lines:
        if not all(isinstance(record.get(name), int | float) for name in ("images", *FIGURES)):
            raise CondganError(f"the log line of step {record['step']} lacks a figure: remove it, or train anew")
    return lines


def evaluations(records: Sequence[Record]) -> list[Record]:
    """The lines with an evaluation.

    Raises:
        CondganError: one is not whole.
    """
    lines = [record for record in records if "evaluation" in record]
    for record in lines:
        figures, per_class = record["evaluation"], record.get("per_class")
        whole = isinstance(figures, dict) and all(
            isinstance(figure, dict) and isinstance(figure.get("value", ""), int | float | None)
            for figure in figures.values()
        )
        if not whole or not isinstance(per_class, dict | None) or not isinstance(record.get("images"), int):
            raise CondganError(f"the log line of step {record['step']} is no whole evaluation: remove it")
    return lines


class Log:
    """The log of a training under way, cut back to the step that it continues from.

    It is cut at the first record beyond that step. The evaluation of the untrained generator, of step 0, stands before
    the first other evaluation, and is cut with it.
    """

    def __init__(self, path: Path, plan: Plan, every: int, step: int, pending: Figures) -> None:
        self.plan, self.every, self.step = plan, every, step
        try:
            records = [from_line(json.dumps(record)) for record in read(path)]
        except ValueError as error:
            raise CondganError(f"{path} is damaged: {error}") from None
        self.records = list(itertools.takewhile(lambda record: record.step <= step, records))
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

    @property
    def dicts(self) -> list[Record]:
        """The records as those that read them take them."""
        return [json.loads(to_line(record)) for record in self.records]

    def evaluations(self) -> list[Record]:
        """Those of the trained generator."""
        return [record for record in evaluations(self.dicts) if record["step"]]

    def unlogged(self) -> dict[str, npt.NDArray[np.float32]]:
        """Figures since the last window, for the checkpoint; without those that an older version did not record."""
        window = {name: np.concatenate(parts) for name, parts in self.pending.items()}
        longest = max(map(len, window.values()), default=0)
        return {name: values for name, values in window.items() if len(values) == longest}

    def sync(self) -> None:
        """Bring what is written to the disk: a checkpoint must never be ahead of its log."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Flush everything; a full disk that has ended the training already is not reported again."""
        with contextlib.suppress(OSError):
            self.file.close()


def finite(value: object) -> bool:
    """Whether a log's value is a number that can be computed with."""
    return isinstance(value, int | float) and math.isfinite(value)
