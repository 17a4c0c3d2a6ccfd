"""What people who judged a run's pictures said: errors, by class too, exposure, agreement (HYPE, Zhou et al. 2019).

A judge who takes noise for a picture more than once in three is inattentive: such sessions are counted, and left out.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from condgan.errors import UndefinedError
from condgan.metrics import people
from condgan.metrics.people import Share
from condgan.results.judgements import FILE, Judgements, Session
from condgan.runs.run import Run

INATTENTIVE = 1 / 3  # of the pictures of noise, taken for real
REAL, FAKE, NOISE = "real", "fake", "noise"


@dataclass(frozen=True)
class Item:
    """What a judge was shown: a real image, a generated one, or noise.

    Attributes:
        what: one of the three.
        number: of the image in its split, or under its seed.
        label: its class by name.
    """

    what: str
    number: int
    label: str

    def text(self) -> str:
        """As the file has it."""
        return f"{self.what}:{self.number}:{self.label}"

    @classmethod
    def parse(cls, text: str) -> "Item":
        """From the file."""
        what, number, label = text.split(":", 2)
        return cls(what, int(number), label)


@dataclass(frozen=True)
class People:
    """What people said of a generator.

    Attributes:
        errors: the share of pictures that were taken for what they are not; 0.5 is as good as real (HYPE-infinity).
        fooled: the share of generated ones that were taken for real.
        doubted: the share of real ones that were taken for generated.
        per_class: errors by class.
        milliseconds: that a picture must be shown for 79 % right answers, the mean over judges (HYPE-time); none where
            nobody judged with exposures.
        agreement: Krippendorff's alpha between judges; none where it is not defined.
        judges: how many there were.
        inattentive: how many of their sessions were left out.
    """

    errors: Share | None
    fooled: Share | None
    doubted: Share | None
    per_class: dict[str, Share]
    milliseconds: float | None
    agreement: float | None
    judges: int
    inattentive: int

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """In words."""
        who = f"{self.judges} {'person' if self.judges == 1 else 'people'}"
        if self.errors is None:
            return []
        lines = [
            f"judged by {who}: {percent(self.errors)} of {self.errors.n} pictures taken for what they are not "
            f"(50 %: as good as real)"
        ]
        if self.fooled is not None and self.doubted is not None:
            lines.append(
                f"  generated ones taken for real: {percent(self.fooled)}; real ones for generated: "
                f"{percent(self.doubted)}"
            )
        if self.milliseconds is not None:
            lines.append(f"  79 % right at an exposure of {self.milliseconds:.0f} ms")
        if self.agreement is not None:
            lines.append(f"  agreement between judges (Krippendorff's alpha): {self.agreement:.2f}")
        if self.inattentive:
            lines.append(f"  left out, as noise was taken for pictures: {self.inattentive} sessions")
        return lines


def percent(one: Share) -> str:
    """A share with its interval."""
    return f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})"


def of_run(run: Run) -> People | None:
    """What people said of a run in sessions that have ended; none where nobody has judged.

    Figures that change with each answer would tell a judge what was what.

    Raises:
        CondganError: the file of judgements is damaged.
    """
    path = run.evaluation / FILE
    return summary([one for one in Judgements(path).sessions() if one.ended]) if path.is_file() else None


def of_path(path: str) -> People | None:
    """What people said of the run at a path; none where there is no run, or nobody has judged."""
    folder = Path(path)
    return of_run(Run(folder)) if (folder / "recipe.json").is_file() else None


def summary(sessions: Sequence[Session]) -> People | None:
    """What people said in their sessions; none where there is no answer."""
    begun = [one for one in sessions if one.answers]
    if not begun:
        return None
    attentive = [one for one in begun if not inattentive(one)]
    unlimited = [one for one in attentive if one.kind == "infinity"]
    answers = [
        (Item.parse(one.items[number]), answer == REAL)
        for one in unlimited
        for number, (answer, _) in one.answers.items()
    ]
    labels = dict.fromkeys(item.label for item, _ in answers if item.what != NOISE)
    times = list[float]()
    for one in attentive:
        with suppress(UndefinedError):
            times += [people.threshold(rights(one))] if one.kind == "time" else []
    alpha: float | None = None
    with suppress(UndefinedError):
        alpha = people.agreement(opinions(unlimited))
    return People(
        errors=errors(answers, lambda item: item.what != NOISE),
        fooled=errors(answers, lambda item: item.what == FAKE),
        doubted=errors(answers, lambda item: item.what == REAL),
        per_class={
            label: found
            for label in labels
            if (found := errors(answers, lambda item, label=label: item.what != NOISE and item.label == label))
        },
        milliseconds=float(np.mean(times)) if times else None,
        agreement=alpha,
        judges=len({one.judge for one in attentive}),
        inattentive=len(begun) - len(attentive),
    )


def errors(answers: Sequence[tuple[Item, bool]], of: Callable[..., bool]) -> Share | None:
    """The share of wrong answers among some items; none where none was judged."""
    wrong = [(item.what == REAL) != real for item, real in answers if of(item)]
    return people.share(sum(wrong), len(wrong)) if wrong else None


def inattentive(session: Session) -> bool:
    """Whether noise was taken for real pictures too often."""
    noise = [
        answer == REAL for number, (answer, _) in session.answers.items() if session.items[number].startswith(NOISE)
    ]
    return bool(noise) and sum(noise) / len(noise) > INATTENTIVE


def rights(session: Session) -> list[bool]:
    """Whether each answer was right, in order; noise does not count."""
    items = [(Item.parse(session.items[number]), answer) for number, (answer, _) in sorted(session.answers.items())]
    return [(item.what == REAL) == (answer == REAL) for item, answer in items if item.what != NOISE]


def opinions(sessions: Sequence[Session]) -> dict[str, dict[str, bool]]:
    """What each judge took each picture for; of one that was shown twice, the last answer."""
    found: dict[str, dict[str, bool]] = {}
    for one in sessions:
        own = found.setdefault(one.judge, {})
        for number, (answer, _) in one.answers.items():
            if not one.items[number].startswith(NOISE):
                own[one.items[number]] = answer == REAL
    return found


def judgements(run: Run) -> Judgements:
    """The judgements of a run."""
    return Judgements(Path(run.evaluation) / FILE)
