"""A run as a report sees it: its recipe, log, figures and pictures, up to a moment; and what is missing."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from condgan.draws.schedule import Plan
from condgan.errors import CondganError
from condgan.evaluation.evaluation import own_folder
from condgan.generation import generator
from condgan.generation.run import Run
from condgan.recipe import Domain, Recipe
from condgan.recipe.losses import Bounds, bounds
from condgan.reports import pictures
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.records import EvaluationRecord, Record, StepRecord, of_kind
from condgan.runs import moment
from condgan.runs.status import Status


@dataclass(frozen=True, eq=False)
class Subject:
    """A run, or what it was after an epoch.

    Attributes:
        path: as it was given.
        run: its folder.
        until: the epoch; none: all there is.
        moments: epochs whose images are shown beside each other; none: an early one, and the last.
    """

    path: str
    run: Run
    until: int | None
    moments: tuple[int, ...] = ()

    @classmethod
    def open(cls, path: str | PathLike[str], moments: tuple[int, ...] = ()) -> "Subject":
        """A run, or ``RUN@100``.

        Raises:
            CondganError: there is none, its recipe or log is damaged, or it has not reached that epoch.
        """
        folder, epoch = moment.parse(path)
        found = cls(str(path), Run.open(folder), epoch, moments)
        if epoch is not None and not any(record.epoch >= epoch for record in found.run.records()):
            raise CondganError(f"{folder} has not reached epoch {epoch}: `{folder}` takes all there is")
        return found

    @cached_property
    def recipe(self) -> Recipe:
        """Of the run."""
        return self.run.recipe

    @cached_property
    def records(self) -> Sequence[Record]:
        """The log up to the moment."""
        every = self.run.records()
        return every if self.until is None else [record for record in every if record.epoch <= self.until]

    @property
    def steps(self) -> list[StepRecord]:
        """The records of steps."""
        return of_kind(self.records, StepRecord)

    @property
    def evaluations(self) -> list[EvaluationRecord]:
        """The evaluations, without that of the untrained generator."""
        return [record for record in of_kind(self.records, EvaluationRecord) if record.step]

    @cached_property
    def status(self) -> Status:
        """What became of the training."""
        return self.run.status

    @cached_property
    def provenance(self) -> Mapping[str, Any]:
        """What the run says of its data and its sessions; empty where the file is missing or damaged."""
        try:
            found = json.loads((self.run.folder / "provenance.json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The sessions, each with settings."""
        found = self.provenance.get("sessions")
        sessions = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [one | {"settings": of if isinstance(of := one.get("settings"), dict) else {}} for one in sessions]

    @property
    def trained_on(self) -> str:
        """The splits that it was trained on, as ``train+validation``; empty where that is not recorded."""
        found = self.provenance.get("splits")
        return str(found.get("trained_on", "")) if isinstance(found, dict) else ""

    @cached_property
    def domain(self) -> Domain | None:
        """The form of the samples; none where it is not recorded."""
        try:
            return self.run.domain()
        except CondganError:
            return None

    @cached_property
    def plan(self) -> Plan | None:
        """How the steps fall on the data; none where that is not recorded."""
        return self.run.plan()

    @property
    def epoch(self) -> float:
        """Of the moment, or of the end; of a training that has not ended, of the last save or line of its log."""
        if self.until is not None:
            return float(self.until)
        logged = 0.0 if self.status.state == "finished" or not self.steps else self.steps[-1].epoch
        return max(self.status.epoch, logged)

    @property
    def ends_early(self) -> bool:
        """Whether lines are missing at the end of the log: it ends more than one line before the last save."""
        if self.until is not None or not self.status.step:
            return False
        return self.status.step - (self.steps[-1].step if self.steps else 0) >= self.recipe.output.log_every

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """What ``condgan evaluate`` has saved; none where it has not, or the file cannot be read."""
        try:
            return None if self.evaluated is None else Evaluation.load(self.evaluated)
        except CondganError:
            return None

    @cached_property
    def evaluated(self) -> Path | None:
        """The folder of what ``condgan evaluate`` has saved; none where it has not."""
        folder = own_folder(self.path)
        return folder if folder is not None and (folder / FILE).is_file() else None

    @cached_property
    def damaged(self) -> Path | None:
        """The file of the moment's generator, where it is there and cannot be read."""
        path = self.run.generator_file if self.until is None else self.run.generator_of(self.until)
        if path.is_file():
            try:
                generator.load(path)
            except CondganError:
                return path
        return None

    @cached_property
    def grids(self) -> list[tuple[float, Path]]:
        """Epoch and file of each sample grid that can be read, in order."""
        each = self.plan.images_per_epoch if self.plan else None
        found = []
        for path in sorted(self.run.samples.glob("[0-9]*.png")) if self.run.samples.is_dir() else []:
            if path.stem.isdecimal():
                epoch = int(path.stem) / each if each else math.nan
                if (self.until is None or not epoch > self.until) and pictures.readable(path):
                    found.append((epoch, path))
        return found

    @property
    def minutes(self) -> float | None:
        """Of training, without evaluations."""
        return self.steps[-1].seconds / 60 if self.steps else None

    @property
    def bounds(self) -> Bounds | None:
        """Of the discriminator's loss."""
        return bounds(self.recipe.loss)

    def mean(self, name: str, first: float, last: float) -> float | None:
        """The mean of a figure over the steps between two epochs; none where it was not logged there."""
        return weighted([(one.mean, count) for one, count in self.windows(first, last)], name)

    def spread(self, name: str, first: float, last: float) -> float | None:
        """The mean standard deviation of a figure between steps, likewise."""
        return weighted([(one.spread, count) for one, count in self.windows(first, last)], name)

    def windows(self, first: float, last: float) -> list[tuple[StepRecord, int]]:
        """The records of steps between two epochs, and over how many steps each is."""
        starts = [0, *(one.step for one in self.steps)]
        return [
            (one, max(1, one.step - start))
            for one, start in zip(self.steps, starts, strict=False)
            if first < one.epoch <= last
        ]


def weighted(parts: Sequence[tuple[Mapping[str, float], int]], name: str) -> float | None:
    """The mean of a figure that stands in some of the parts, each with its weight."""
    known = [(part[name], weight) for part, weight in parts if name in part]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None
