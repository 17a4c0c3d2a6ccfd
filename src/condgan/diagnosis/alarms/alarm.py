"""An alarm, and what it reports."""

from collections.abc import Callable
from dataclasses import dataclass

from condgan.diagnosis.alarms.logged import Logged
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Recipe


@dataclass(frozen=True)
class Symptom:
    """The result of a check that fails.

    Attributes:
        text: what is wrong, a sentence.
        evidence: the numbers, and the records that contain them.
        advice: overrides that follow from these numbers; they precede the alarm's cure.
    """

    text: str
    evidence: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A fault of a run.

    Attributes:
        kind: of the alarm, one of ``ALARMS``.
        text: what is wrong, a sentence.
        evidence: the numbers, and the records that contain them.
        advice: ``section.field=value`` strings, each valid for the run's recipe.
    """

    kind: str
    text: str
    evidence: str
    advice: tuple[str, ...]


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
    in_log: Callable[[Logged], Symptom | None] | None = None
    in_pictures: Callable[[Comparison], Symptom | None] | None = None
