"""Does it help? The verdict on synthetic images, in a word, a figure and a sentence."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from condgan.verdicts import interval as intervals
from condgan.verdicts.interval import Interval
from condgan.verdicts.trials import Trials
from condgan.verdicts.ways import BASES, Way, uneven, with_synthetic

Word = Literal["helps", "no-difference", "hurts", "cannot-tell"]
LARGE = 5.0  # points: where a smaller difference could not have been seen, nothing is said


@dataclass(frozen=True)
class Row:
    """A way, in per cent of validation images that are predicted rightly.

    Attributes:
        way: its name.
        value: mean over seeds and generators.
        spread: standard deviation over them.
        n: trainings.
    """

    way: str
    value: float
    spread: float
    n: int


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        verdict: the word.
        interval: of the best way with synthetic images, chosen on validation images, against the best without, in
            points on test images.
        way, base: these two.
        accuracy: of the base on test images, in per cent.
        balanced: whether each class counts alike, since their sizes differ.
        rarest: the class with the fewest training images, and the difference in it; none where sizes do not differ.
        table: all ways on validation images.
        notes: what else the trainings show.
    """

    verdict: Word
    interval: Interval
    way: Way
    base: Way
    accuracy: float
    balanced: bool
    rarest: tuple[int, Interval] | None
    table: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """verdict, difference, low, high; the ways compared, and the table."""
        found = self.interval
        return {
            "verdict": self.verdict,
            "difference": round(found.difference, 3),
            "low": round(found.low, 3),
            "high": round(found.high, 3),
            "way": self.way.name,
            "base": self.base.name,
            "base_accuracy": round(self.accuracy, 3),
            "balanced": self.balanced,
            "rarest": None if self.rarest is None else _rarest(*self.rarest),
            "table": [vars(row) for row in self.table],
            "notes": [*self.notes],
        }


def _rarest(label: int, found: Interval) -> dict[str, Any]:
    return {"class": label, "difference": found.difference, "low": found.low, "high": found.high}


def judged(trials: Trials) -> Verdict:
    """Train all ways, choose on validation images, and compare on test images."""
    counts = trials.counts
    balanced = uneven(counts)
    base, rows = best(trials, BASES, balanced)
    added = with_synthetic(base, counts)
    way, more = best(trials, [one for one in added if one.real], balanced)
    alone = [row(trials, one, balanced) for one in added if not one.real]
    labels = trials.test.labels
    of_way, of_base = trials.hits(way, "test"), trials.hits(base, "test")[0]
    weights = intervals.weights(labels, balanced)
    others = [shares(trials, one, balanced) for one in added if one.real]
    found = intervals.interval(of_way, of_base, weights, labels, others)
    rarest = None
    rare = int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
    if balanced and np.any(labels == rare):
        only = intervals.weights(labels, balanced, rare)
        rarest = rare, intervals.interval(of_way, of_base, only, labels, others)
    return Verdict(
        word(found), found, way, base, float(100 * (of_base @ weights).mean()), balanced, rarest,
        (*rows, *more, *alone), broken(trials, balanced),
    )  # fmt: skip


def word(found: Interval) -> Word:
    """The verdict that an interval allows."""
    if found.low > 0:
        return "helps"
    if found.high < 0:
        return "hurts"
    return "no-difference" if found.half <= LARGE else "cannot-tell"


def best(trials: Trials, ways: "tuple[Way, ...] | list[Way]", balanced: bool) -> tuple[Way, list[Row]]:
    """The best way on validation images, the first of equals; and all of them."""
    rows = [row(trials, way, balanced) for way in ways]
    return ways[int(np.argmax([one.value for one in rows]))], rows


def row(trials: Trials, way: Way, balanced: bool) -> Row:
    """A way on validation images."""
    cells = shares(trials, way, balanced)
    found = Row(way.name, float(cells.mean()), float(cells.std(ddof=1)), cells.size)
    trials.say(f"{found.value:5.1f} % +- {found.spread:.1f} (n {found.n})  {way.name}")
    return found


def shares(trials: Trials, way: Way, balanced: bool) -> npt.NDArray[np.float64]:
    """Per cent of validation images, by generator and seed, (G, S)."""
    weights = intervals.weights(trials.validation.labels, balanced)
    return np.asarray(100 * (trials.hits(way, "validation") @ weights))


def broken(trials: Trials, balanced: bool) -> tuple[str, ...]:
    """Whether flips break the classes, as they do those of letters."""
    labels = trials.validation.labels
    weights = intervals.weights(labels, balanced)
    _, moved, flipped = BASES
    found = intervals.interval(trials.hits(flipped, "validation"), trials.hits(moved, "validation")[0], weights, labels)
    if found.high >= 0:
        return ()
    return (f"mirrored images cost {-found.difference:.1f} points: flips break these classes",)
