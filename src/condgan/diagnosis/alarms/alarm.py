"""What an alarm consists of, and what it reports."""

from collections.abc import Callable
from dataclasses import dataclass

from condgan.diagnosis.alarms.logged import Logged
from condgan.evaluation.comparison import Comparison
from condgan.recipe import Recipe


@dataclass(frozen=True)
class Symptom:
    """What a check reports where something is wrong.

    Attributes:
        text: what is wrong, a sentence.
        evidence: the numbers, and where they stand.
        advice: overrides that follow from these numbers; they precede the alarm's cure.
    """

    text: str
    evidence: str
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Attributes:
        kind: of the alarm, one of ``ALARMS``.
        text: what is wrong, a sentence.
        evidence: the numbers, and where they stand.
        advice: ``section.field=value`` strings, each valid for the run's recipe.
    """

    kind: str
    text: str
    evidence: str
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Alarm:
    """Something that can go wrong in a training, with a check of the log, of generated images, or of both.

    Attributes:
        cure: the overrides that may help a recipe, each valid for it.
        in_log: reads the records; none where they cannot show it.
        in_pictures: compares generated images of each class with validation images; none where these cannot show it.
            It raises UndefinedError, with the reason, where they do not suffice.
    """

    cure: Callable[[Recipe], tuple[str, ...]]
    in_log: Callable[[Logged], Symptom | None] | None = None
    in_pictures: Callable[[Comparison], Symptom | None] | None = None
