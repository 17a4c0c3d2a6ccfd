"""An alarm, and what it reports."""

from collections.abc import Callable
from dataclasses import dataclass

from condgan.diagnosis.alarms.evidence import Evidence
from condgan.diagnosis.alarms.logged import Logged
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Recipe


@dataclass(frozen=True)
class Finding:
    """A fault of a run.

    Attributes:
        text: what is wrong, a sentence.
        evidence: the numbers, and the records that contain them.
        advice: ``section.field=value`` strings, each valid for the run's recipe. A check gives those that follow from
            its numbers; the cure of the alarm is appended.
        kind: of the alarm, one of ``ALARMS``; the table adds it.
        explains: kinds of findings that follow from this one, and are left out beside it.
    """

    text: str
    evidence: Evidence
    advice: tuple[str, ...] = ()
    kind: str = ""
    explains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alarm:
    """A fault that a training can have, with a check of the log, of generated images, or of both.

    Attributes:
        cure: the overrides that may help a recipe, each valid for it.
        in_log: checks the records, if these can show the fault.
        in_pictures: compares generated images of each class with validation images, if these can show the fault. It
            raises UndefinedError with the reason if they do not suffice.
    """

    cure: Callable[[Recipe], tuple[str, ...]]
    in_log: Callable[[Logged], Finding | None] | None = None
    in_pictures: Callable[[Comparison], Finding | None] | None = None
