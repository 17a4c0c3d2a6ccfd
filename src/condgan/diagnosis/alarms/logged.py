"""The input of checks of a log: the records, and the series of losses, scores and gradients in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from condgan.recipe import Recipe
from condgan.recipe.losses import Bounds, bounds
from condgan.results.records import EvaluationRecord, Record, StepRecord, of_kind

Series = npt.NDArray[np.float64]
LEAST, LAST = 10, 5  # least records of steps for a check, and in the last part


@dataclass(frozen=True)
class Losses:
    """The figures in records of steps, each (N,), and the last step of each record."""

    steps: Series
    d: Series
    g: Series
    real: Series
    fake: Series
    gradient: Series | None
    bounds: Bounds | None

    @property
    def last(self) -> int:
        """The number of records in the last part: a tenth, at least five."""
        return max(LAST, len(self.d) // 10)

    def span(self) -> tuple[str, float, float]:
        """The steps of the last part, as a part of evidence."""
        return "steps", float(self.steps[-self.last]), float(self.steps[-1])


@dataclass(frozen=True)
class Logged:
    """The input of a check.

    Attributes:
        recipe, records: of the run.
        kinds: of the alarms raised so far, by earlier rows of the table.
    """

    recipe: Recipe
    records: Sequence[Record]
    kinds: list[str] = field(default_factory=list)

    @cached_property
    def evaluations(self) -> list[EvaluationRecord]:
        """In order, without that of the untrained generator."""
        return [record for record in of_kind(self.records, EvaluationRecord) if record.step]

    @cached_property
    def untrained(self) -> EvaluationRecord | None:
        """The evaluation of the untrained generator, if there is one."""
        return next((record for record in of_kind(self.records, EvaluationRecord) if not record.step), None)

    @cached_property
    def losses(self) -> Losses | None:
        """The records that have both losses and both mean scores; none if they are too few."""
        names = ("d_loss", "g_loss", "d_real", "d_fake")
        records = [record for record in of_kind(self.records, StepRecord) if record.mean.keys() >= set(names)]
        if len(records) < LEAST:
            return None
        d, g, real, fake = (np.array([record.mean[name] for record in records], np.float64) for name in names)
        steps = np.array([record.step for record in records], np.float64)
        gradients = [record.mean["g_gradient"] for record in records if "g_gradient" in record.mean]
        gradient = np.array(gradients, np.float64) if len(gradients) == len(records) else None
        return Losses(steps, d, g, real, fake, gradient, bounds(self.recipe.loss))
