"""All that the page of a run shows: figures over time, grids, recipe, files. Read from its folder, never computed."""

import json
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from condgan.diagnosis.alarms import Finding
from condgan.draws.schedule import Plan
from condgan.errors import CondganError, in_one_line
from condgan.evaluation import people
from condgan.recipe import Recipe, builtin
from condgan.recipe.text import differences
from condgan.reports.language import Words
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.records import AlarmRecord, EvaluationRecord, Record, StepRecord, from_line, of_kind
from condgan.runs.run import Run
from condgan.runs.status import check
from condgan.studio.places import is_png
from condgan.training.agenda import Agenda

MOST_LOGS = 16  # in memory
MOST_FILES = 500  # of a run that are listed
POINTS = 600  # of a curve


@dataclass
class Followed:
    """A log as far as it was read; what is appended is read when it is asked for.

    Attributes:
        path: of the log.
        records: its whole lines.
        at: bytes that were read.
        inode: of the file; a training that continues from an earlier step replaces it.
    """

    path: Path
    records: list[Record] = field(default_factory=list)
    at: int = 0
    inode: int = 0

    def read(self) -> list[Record]:
        """All records.

        Raises:
            CondganError: a line is damaged.
        """
        if not self.path.is_file():
            return []
        with open(self.path, "rb") as file:
            found = os.fstat(file.fileno())
            if found.st_ino != self.inode or found.st_size < self.at:
                self.records, self.at, self.inode = [], 0, found.st_ino
            file.seek(self.at)
            whole = file.read()
        whole = whole[: whole.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                self.records.append(from_line(line.decode("utf-8", "replace")))
            except ValueError as error:
                raise CondganError(f"{self.path} is damaged at byte {self.at}: {error}") from None
            self.at += len(line) + 1
        return self.records


class Logs:
    """The logs of the runs that were looked at last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Path, Followed] = OrderedDict()
        self.lock = Lock()

    def read(self, run: Run) -> list[Record]:
        """The records of a run, as a list of one's own.

        Raises:
            CondganError: a line is damaged.
        """
        with self.lock:
            followed = self.kept.setdefault(run.log, Followed(run.log))
            self.kept.move_to_end(run.log)
            while len(self.kept) > MOST_LOGS:
                self.kept.popitem(last=False)
            return [*followed.read()]


def series(records: Sequence[Record], words: Words, points: int = POINTS) -> dict[str, Any]:
    """The figures of steps as columns, each the means of so many parts of the training, evaluations and alarms."""
    steps = of_kind(records, StepRecord)
    size = max(1, -(-len(steps) // points))
    parts = [steps[at : at + size] for at in range(0, len(steps), size)]
    names = dict.fromkeys(name for record in steps[:1] + steps[-1:] for name in record.mean)
    columns: dict[str, list[float | None]] = {
        "step": [part[-1].step for part in parts],
        "epoch": [part[-1].epoch for part in parts],
        "images": [part[-1].images for part in parts],
    }
    for name in names:
        columns[name] = [mean([one.mean[name] for one in part if name in one.mean]) for part in parts]
    return {
        "steps": columns,
        "seconds": steps[-1].seconds if steps else 0.0,
        "evaluations": [
            {
                "step": one.step, "epoch": one.epoch, "images": one.images,
                "figures": {name: [figure.value, figure.se] for name, figure in one.evaluation.items()},
                "per_class": one.per_class,
            }
            for one in of_kind(records, EvaluationRecord)
        ],
        "alarms": [
            {
                "step": one.step, "epoch": one.epoch, "images": one.images, "kind": one.alarm,
                "text": sentence(one.alarm, one.text, words),
            }
            for one in of_kind(records, AlarmRecord)
        ],
    }  # fmt: skip


def sentence(kind: str, text: str, words: Words) -> str:
    """What an alarm or finding says, in a language; its English is its own."""
    return text if words.lang == "en" else words.get(f"means.{kind}", text)


def mean(values: Sequence[float]) -> float | None:
    """Of some values, to six digits; none of none."""
    return float(f"{sum(values) / len(values):.6g}") if values else None


def detail(run: Run, records: Sequence[Record]) -> dict[str, Any]:
    """Status, recipe, what differs from the built-in recipe, time left, grids, kept generators and files.

    Raises:
        CondganError: recipe or status is damaged.
    """
    recipe, status, plan = run.recipe, run.status, run.plan()
    steps = of_kind(records, StepRecord)
    rate = steps[-1].seconds / steps[-1].step if steps and steps[-1].seconds else None
    told = json.loads(status.model_dump_json())
    try:
        check(run)
    except CondganError as error:
        told |= {"state": "damaged", "reason": in_one_line(str(error))}
    left = None if plan is None or rate is None else max(0.0, (plan.steps - steps[-1].step) * rate)
    began = run.began()
    return {
        "status": told,
        "recipe": recipe.model_dump(mode="json"),
        "changes": changes(recipe),
        "began": None if began is None else began.isoformat(),
        "steps": None if plan is None else plan.steps,
        "left": left,
        "due": None if plan is None else due(recipe, plan, steps[-1].step if steps else 0, rate),
        "splits": run.split_counts(),
        "grids": grids(run),
        "generators": [*run.epochs()],
        "checkpoints": [name for name in ("last", "best") if run.checkpoint(name).is_file()],
        "files": files(run.folder),
    }


def due(recipe: Recipe, plan: Plan, step: int, rate: float | None) -> dict[str, Any]:
    """The next grid and evaluation of a training at a step: images seen then, epoch, and seconds until then."""
    agenda = Agenda(recipe, plan)

    def told(at: int) -> dict[str, Any] | None:
        left = None if rate is None else (at - step) * rate
        return None if at <= step else {"images": plan.images_seen(at), "epoch": plan.epoch(at), "left": left}

    evaluated = recipe.evaluation.every is not None
    return {"grid": told(agenda.grid(step)), "evaluation": told(agenda.evaluation(step)) if evaluated else None}


def changes(recipe: Recipe) -> list[str] | None:
    """What differs from the built-in recipe of its name; none where there is none."""
    return [*differences(recipe, builtin.RECIPES[recipe.name])] if recipe.name in builtin.RECIPES else None


def grids(run: Run) -> list[dict[str, Any]]:
    """The sample grids in order: images seen, epoch, path in the run."""
    plan = run.plan()
    found = []
    for path in sorted(run.samples.glob("[0-9]*.png")):
        if path.stem.isdecimal() and is_png(path):
            images = int(path.stem)
            epoch = images / plan.images if plan is not None else None
            found.append({"images": images, "epoch": epoch, "file": f"samples/{path.name}"})
    return found


def files(folder: Path) -> list[dict[str, Any]]:
    """The files of a run that are no pictures of its course: path and bytes."""
    found = []
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inner.parts) or inner.parts[0] == "samples"
        hidden |= inner.suffix == ".sqlite"  # judgements, which would tell what is real
        if not hidden and path.is_file() and not path.is_symlink():
            found.append({"file": inner.as_posix(), "bytes": path.stat().st_size})
        if len(found) == MOST_FILES:
            break
    return found


def findings(recipe: Recipe, found: Sequence[Finding], words: Words) -> list[dict[str, Any]]:
    """What has gone wrong, with its evidence, advice, and the command that follows it."""
    return [
        {
            "kind": one.kind, "text": sentence(one.kind, one.text, words), "evidence": words.evidence(one.evidence),
            "advice": [*one.advice],
            "command": builtin.command(recipe, one.advice) if one.advice else None,
        }
        for one in found
    ]  # fmt: skip


def evaluation(run: Run) -> dict[str, Any] | None:
    """The figures on test images, if `condgan evaluate` has measured them.

    Raises:
        CondganError: they are damaged.
    """
    return Evaluation.load(run.evaluation).as_json() if (run.evaluation / FILE).is_file() else None


def judged(run: Run) -> dict[str, Any] | None:
    """What people said of it; none where nobody has judged, or before a first session has ended.

    Raises:
        CondganError: the file of judgements is damaged.
    """
    found = people.of_run(run)
    return None if found is None else found.as_json()
