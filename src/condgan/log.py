"""The log of a run: log.jsonl is the source of truth, TensorBoard's events are made from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from condgan.engines import FIGURES
from condgan.errors import CondganError
from condgan.files import atomic
from condgan.schedule import Plan

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter

Record = dict[str, Any]
Figures = Mapping[str, npt.NDArray[np.float32]]
DIGITS = 6  # significant


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
        except ValueError as error:
            if number == len(lines):
                break
            raise CondganError(f"{path}, line {number} is damaged ({error}): remove it, or train anew") from None
        records.append(record)
    return records


class Log:
    """The log of a training under way, cut back to the step that it goes on from."""

    def __init__(self, folder: Path, path: Path, plan: Plan, every: int, step: int, pending: Figures) -> None:
        self.plan, self.every, self.step = plan, every, step
        self.records = [record for record in read(path) if record["step"] <= step]
        self.pending = {name: [np.asarray(pending[name], np.float32)] if name in pending else [] for name in FIGURES}
        atomic(path, "".join(_line(record) for record in self.records).encode())
        for events in folder.glob("events.out.tfevents.*"):
            events.unlink()
        self.file = path.open("a", encoding="utf-8")
        self.board = _board(folder)
        for record in self.records:
            self._to_board(record)

    def window_end(self, step: int) -> int:
        """The step after which the line that step belongs to is complete."""
        start = step - step % self.plan.steps_per_epoch
        inside = (step - start) // self.every + 1
        return start + min(inside * self.every, self.plan.steps_per_epoch)

    def add(self, figures: Figures, seconds: float) -> Record | None:
        """Take over the figures of a block that crosses no line's end -> the record, if its line is complete."""
        end = self.window_end(self.step)
        self.step += len(figures[FIGURES[0]])
        for name in FIGURES:
            self.pending[name].append(figures[name])
        if self.step < end:
            return None
        means = {name: float(np.concatenate(self.pending[name]).mean(dtype=np.float64)) for name in FIGURES}
        self.pending = {name: [] for name in FIGURES}
        record = {
            "step": self.step,
            "images": self.plan.images_seen(self.step),
            "epoch": round(self.plan.epoch(self.step), 4),
            **{name: float(f"{mean:.{DIGITS}g}") for name, mean in means.items()},
            "seconds": round(seconds, 2),
        }
        self.file.write(_line(record))
        self.file.flush()
        self.records.append(record)
        self._to_board(record)
        return record

    def unlogged(self) -> dict[str, npt.NDArray[np.float32]]:
        """Figures since the last line, for the checkpoint."""
        return {name: np.concatenate([np.empty(0, np.float32), *parts]) for name, parts in self.pending.items()}

    def close(self) -> None:
        """Flush everything."""
        self.file.close()
        self.board.close()

    def _to_board(self, record: Record) -> None:
        for name in FIGURES:
            self.board.add_scalar(name, record[name], record["images"], walltime=None)


def _line(record: Record) -> str:
    return json.dumps(record) + "\n"


def _board(folder: Path) -> "SummaryWriter":
    from torch.utils.tensorboard.writer import SummaryWriter

    return SummaryWriter(str(folder))
