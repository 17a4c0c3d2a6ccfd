"""The lines of a run's log, typed: a step, an evaluation or an alarm; written and read back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from condgan.results.figure import Figure, named

DIGITS = 6  # significant, of a figure in the log


class Record(BaseModel):
    """What every line has: when it was written.

    Attributes:
        step: steps trained so far.
        images: images seen so far.
        epoch: epochs trained so far.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    step: int = Field(ge=0)
    images: int = Field(ge=0)
    epoch: float = Field(ge=0)


class StepRecord(Record):
    """The steps since the last such line: the window.

    Attributes:
        mean: of each figure over the window's steps; by name, as ``d_loss``. These stand flat in the line.
        spread: standard deviation of each figure between the window's steps.
        last: each figure of the last step alone, which is what the published scripts print.
        seconds: of training so far.
    """

    mean: Mapping[str, float]
    spread: Mapping[str, float] = {}
    last: Mapping[str, float] = {}
    seconds: float = Field(0.0, ge=0)


class EvaluationRecord(Record):
    """The figures of some generated images; at step 0 those of the untrained generator.

    Attributes:
        evaluation: by name.
        per_class: label accuracy by class; none of an unconditional generator.
    """

    evaluation: Mapping[str, Figure]
    per_class: Mapping[str, float | None] | None = None

    def value(self, name: str) -> float | None:
        """Of a figure; none where it is not defined, or was not measured."""
        figure = self.evaluation.get(name)
        return None if figure is None else figure.value

    def se(self, name: str) -> float | None:
        """Standard error of a figure; none where it has none."""
        figure = self.evaluation.get(name)
        return None if figure is None else figure.se


class AlarmRecord(Record):
    """Something goes wrong.

    Attributes:
        alarm: its kind.
        text: a sentence.
    """

    alarm: str
    text: str


Kind = TypeVar("Kind", bound=Record)
OWN = ("step", "images", "epoch", "seconds", "spread", "last")  # of a line about steps; all else in it are means


def of_kind(records: Sequence[Record], kind: type[Kind]) -> list[Kind]:
    """The records of one kind."""
    return [record for record in records if isinstance(record, kind)]


def to_line(record: Record) -> str:
    """A record as a line of JSON, without the line's end."""
    if isinstance(record, StepRecord):
        flat = record.model_dump(exclude={"mean", "spread", "last", "seconds"}) | dict(record.mean)
        flat["seconds"] = record.seconds
        return json.dumps(flat | {name: dict(part) for name in ("spread", "last") if (part := getattr(record, name))})
    if isinstance(record, EvaluationRecord):
        content: dict[str, Any] = record.model_dump(exclude={"evaluation", "per_class"})
        content["evaluation"] = {
            name: {"value": figure.value} | ({} if figure.se is None else {"se": figure.se})
            for name, figure in record.evaluation.items()
        }
        return json.dumps(content | ({} if record.per_class is None else {"per_class": dict(record.per_class)}))
    return json.dumps(record.model_dump())


def from_line(line: str) -> Record:
    """The record of a line that may come from anywhere; lines of older versions lack ``spread`` and ``last``.

    Raises:
        ValueError: not a record, and why (in words).
    """
    try:
        content = json.loads(line)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict) or not isinstance(content.get("step"), int):
        raise ValueError("no record with a step")
    try:
        if "alarm" in content:
            return AlarmRecord.model_validate(content)
        if "evaluation" in content:
            figures = content["evaluation"]
            if not isinstance(figures, dict) or not all(isinstance(figure, dict) for figure in figures.values()):
                raise ValueError("its evaluation is not a mapping of figures")
            return EvaluationRecord.model_validate(
                content | {"evaluation": {name: named(name, figure) for name, figure in figures.items()}}
            )
        means = {name: value for name, value in content.items() if name not in OWN}
        return StepRecord.model_validate({name: content[name] for name in OWN if name in content} | {"mean": means})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def rounded(value: float) -> float:
    """A figure as the log keeps it."""
    return float(f"{value:.{DIGITS}g}")
