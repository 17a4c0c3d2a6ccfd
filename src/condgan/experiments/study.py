"""A study: a folder of runs, what it tries, and a journal of what became of each trial."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, Literal, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from condgan import arguments
from condgan.errors import CondganError
from condgan.generation.run import Run
from condgan.recipe import Recipe
from condgan.recipe.text import from_json
from condgan.results.records import EvaluationRecord
from condgan.storage.files import atomic

FORMAT = 1
PLAN, JOURNAL = "study.json", "journal.jsonl"
ASIDE = "incomplete"  # the folder of what is left of runs that lost a part
AnyPlan = TypeVar("AnyPlan")

State = Literal["finished", "pruned", "diverged", "failed"]


@dataclass(frozen=True)
class Trial:
    """A training of a study.

    Attributes:
        name: of its run folder, below that of the study: ``seed-0``, ``trial-0003/seed-1``.
        recipe: what it trains.
        refused: why it cannot be trained.
        start: the run whose networks it begins with.
    """

    name: str
    recipe: Recipe
    refused: str | None = None
    start: str | None = None


class Outcome(BaseModel):
    """What became of a trial.

    Attributes:
        state: finished; pruned: stopped because others were better; diverged; failed: refused, as by a full disk, or
            its process died too often.
        reason: why it diverged or failed, in a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    trial: str = Field(max_length=1000)
    state: State
    reason: str | None = None


class Plan(Protocol):
    """What a study tries, and in which order: a pure function of the outcomes so far."""

    @property
    def kind(self) -> str:
        """The name of this kind of plan, as ``seeds``."""

    @property
    def grows(self) -> str | None:
        """The field of its description that may be larger when a study goes on; none: no field."""

    def describe(self) -> dict[str, Any]:
        """What makes it this plan, as JSON: a study goes on with an equal one only, or with one that has grown."""

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """The next trial, given the names of those that have begun and what became of some; none: not now."""

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Whether to end a trial early, after a new evaluation."""


class Study:
    """The folder of a study, and the places in it."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = arguments.path("study", folder)
        self.plan_file, self.journal = self.folder / PLAN, self.folder / JOURNAL
        self.data, self.logs = self.folder / ".data", self.folder / "logs"

    def __fspath__(self) -> str:
        """The folder: a study can be passed wherever a path can."""
        return str(self.folder)

    def __repr__(self) -> str:
        """``<Study a: seeds, 3 of 5 trials ended>``."""
        begun, outcomes = self.read()
        return f"<Study {self.folder}: {self.kind()}, {len(outcomes)} of {len(begun)} trials ended>"

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Self:
        """An existing study.

        Raises:
            CondganError: there is none in this folder.
        """
        study = cls(folder)
        if not study.plan_file.is_file():
            raise CondganError(f"{study.folder} is not a study: it has no {PLAN}")
        study.described()
        return study

    def begin(self, plan: Plan) -> None:
        """Write the plan into a new folder, or find it in one where the study is to go on.

        Raises:
            CondganError: the folder has another plan, or files of something else; it cannot be created.
        """
        described = json.loads(json.dumps({"format": FORMAT, "kind": plan.kind, "plan": plan.describe()}))
        if self.plan_file.is_file():
            known = self.completed()
            if known == described:
                return
            if not grown(known, described, plan.grows):
                raise CondganError(
                    f"{self.folder} is another study ({different(known, described)}): choose another folder, "
                    f"or `condgan resume {quote(str(self.folder))}` continues it as it is"
                )
            with self.locked():
                atomic(self.plan_file, json.dumps(described, indent=2).encode() + b"\n")
            return
        try:
            if self.folder.exists() and any(not path.name.startswith(".") for path in self.folder.iterdir()):
                raise CondganError(f"{self.folder} exists and is no study: choose another folder")
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CondganError(f"cannot create the study {self.folder}: {error.strerror or error}") from None
        atomic(self.plan_file, json.dumps(described, indent=2).encode() + b"\n")

    def described(self) -> dict[str, Any]:
        """The plan as it was written.

        Raises:
            CondganError: it is damaged, or of a newer version.
        """
        try:
            described = json.loads(self.plan_file.read_bytes())
            version = described["format"]
            if not isinstance(described["kind"], str) or not isinstance(described["plan"], dict):
                raise ValueError("expected a kind and a plan")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CondganError(f"{self.plan_file} is damaged ({error}): restore it, or begin another study") from None
        if version != FORMAT:
            raise CondganError(f"{self.plan_file} has format {version}, this condgan reads {FORMAT}: upgrade condgan")
        return dict(described)

    def completed(self) -> dict[str, Any]:
        """The plan with all fields of its recipe: an earlier version may have had fewer."""
        described = self.described()
        if "recipe" in described["plan"]:
            recipe = from_json(json.dumps(described["plan"]["recipe"]).encode(), str(self.plan_file))
            described["plan"]["recipe"] = recipe.model_dump(mode="json")
        return described

    def restored(self, kind: str, build: Callable[[Recipe, dict[str, Any]], AnyPlan]) -> AnyPlan:
        """The plan, as ``build`` makes it of its recipe and of what else it says.

        Raises:
            CondganError: it is of another kind, or damaged.
        """
        described = self.described()
        if described["kind"] != kind:
            raise CondganError(f"{self.folder} is a study of another kind: {described['kind']}")
        try:
            plan = described["plan"]
            return build(from_json(json.dumps(plan["recipe"]).encode(), str(self.plan_file)), plan)
        except (KeyError, TypeError, ValueError) as error:
            raise CondganError(f"{self.plan_file} is damaged ({error}): restore it, or begin another study") from None

    def kind(self) -> str:
        """Of its plan."""
        return str(self.described()["kind"])

    def run(self, trial: str) -> Run:
        """The run of a trial, which may not exist yet."""
        return Run(self.folder / trial)

    def runs(self) -> dict[str, Run]:
        """The runs of all trials that have begun, in order."""
        return {name: self.run(name) for name in self.read()[0] if (self.folder / name / "recipe.json").is_file()}

    def unlisted(self) -> list[str]:
        """The trials whose runs are there, and which the journal lacks, in order: it was cut, or lost lines."""
        begun, _ = self.read()
        recipes = [*self.folder.glob("*/recipe.json"), *self.folder.glob("*/*/recipe.json")]
        names = {path.parent.relative_to(self.folder) for path in recipes}
        return sorted(str(name) for name in names if str(name) not in begun and name.parts[0] != ASIDE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the study: one process at a time decides what is tried.

        Raises:
            CondganError: another process works on it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            raise CondganError(f"another process works on the study {self.folder}: wait, or stop it") from None
        try:
            yield
        finally:
            lock.release()

    def write(self, line: Mapping[str, Any]) -> None:
        """Append a line to the journal. A last line that a kill has cut is ended first, so that it stays alone."""
        with open(self.journal, "ab+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def began(self, trial: Trial) -> None:
        """Note that a trial has begun, once."""
        if trial.name not in self.read()[0]:
            self.write({"began": trial.name})

    def ended(self, outcome: Outcome) -> None:
        """Note what became of a trial."""
        self.write(outcome.model_dump(exclude_none=True))

    def read(self) -> tuple[list[str], dict[str, Outcome]]:
        """The names of the trials that have begun, in order, and what became of those that ended.

        Lines that are no records, as of a journal that was cut, are left out: those trials go on where they stand.
        """
        begun: list[str] = []
        outcomes: dict[str, Outcome] = {}
        text = self.journal.read_text("utf-8", "replace") if self.journal.is_file() else ""
        for line in text.splitlines():
            try:
                content = json.loads(line)
                name = content["began"] if "began" in content else content["trial"]
                if not isinstance(name, str) or not inside(name):
                    continue
                if name not in begun:
                    begun.append(name)
                if "began" in content:
                    outcomes.pop(name, None)  # it began anew
                else:
                    outcomes[name] = Outcome.model_validate(content)
            except (ValueError, ValidationError, KeyError, TypeError, RecursionError):
                continue
        return begun, outcomes


def inside(name: str) -> bool:
    """Whether the name of a trial leads to a folder below its study."""
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and not {"..", "."} & {*parts} and "\0" not in name


def grown(one: Mapping[str, Any], other: Mapping[str, Any], field: str | None) -> bool:
    """Whether a plan differs from an earlier one in a number alone, which is larger."""
    if field is None or one["kind"] != other["kind"]:
        return False
    before, after = one["plan"], other["plan"]
    return before | {field: after[field]} == after and bool(after[field] > before[field])


def different(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """The first fields in which two plans differ: ``seeds 3, given 2``; those of the recipe by their own name."""
    found, left = [], [("", one, other)]
    while left:
        path, a, b = left.pop(0)
        for name in dict.fromkeys([*a, *b]):
            old, new = a.get(name), b.get(name)
            if isinstance(old, dict) and isinstance(new, dict):
                left.append(("" if name in ("plan", "recipe") else f"{path}{name}.", old, new))
            elif old != new:
                found.append(f"{path}{name} {told(old)}, given {told(new)}")
    return "; ".join(found[:3])


def told(value: object) -> str:
    """A value of a plan in a few words."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
