"""Which samples a dataset has, and in which order: a pure function of what is written so far."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels, Samples
from condgan.errors import ArgumentError
from condgan.generation.counts import Counts
from condgan.recipe import Domain

MOST_TRIED = 100  # candidates for each image that is wanted, before a filter is given up

Numbers = npt.NDArray[np.int64]
Sample = Callable[[Conditions, Numbers], Samples]
"""Conditions (n, ...) and numbers (n,) -> samples."""
Keep = Callable[[Samples, Labels], npt.NDArray[np.bool_]]
"""Samples and the classes that were asked for -> which of them are kept, (n,)."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The samples of a part, and the state after it.

    Attributes:
        samples, conditions, numbers: (n, ...) each.
        state: as JSON.
    """

    samples: Samples
    conditions: Conditions
    numbers: Numbers
    state: Any


class Plan(Protocol):
    """The samples of a dataset, part after part."""

    @property
    def count(self) -> int:
        """Of all samples."""

    def describe(self) -> dict[str, Any]:
        """What determines them, with the seed and the generator, as JSON."""

    def next(self, state: Any, sample: Sample) -> Rows | None:
        """The part after a state; None at the end."""


@dataclass(frozen=True, eq=False)
class Listed:
    """One sample for each condition, (N, ...), with numbers 0, 1, ...

    Attributes:
        conditions: labels or vectors.
        size: samples of a part.
        domain: of the generator.
    """

    conditions: Conditions
    size: int
    domain: Domain

    @property
    def count(self) -> int:
        """One for each."""
        return len(self.conditions)

    def describe(self) -> dict[str, Any]:
        """The conditions by their hash, and how many there are of each class."""
        told: dict[str, Any] = {"conditions_sha256": hashlib.sha256(self.conditions.tobytes()).hexdigest()}
        if self.conditions.ndim == 1 and self.domain.class_names:
            told["counts"] = named(np.bincount(self.conditions, minlength=self.domain.classes), self.domain)
        return told

    def next(self, state: Any, sample: Sample) -> Rows | None:
        """The next ``size`` of them; the state is how many there were."""
        start = state or 0
        conditions = self.conditions[start : start + self.size]
        if not len(conditions):
            return None
        numbers = np.arange(start, start + len(conditions))
        return Rows(sample(conditions, numbers), conditions, numbers, start + len(conditions))


@dataclass(frozen=True, eq=False)
class Counted:
    """So many of each class: the classes take turns, and image n of class k, of K, has number n * K + k.

    A part has whole rounds, of image n of each class that still lacks some. With a filter, a class lacks images until
    so many were kept.

    Attributes:
        counts: of each class, (K,).
        size: samples of a part, about.
        domain: of the generator.
        keep: which images are kept; none: all.
    """

    counts: Counts
    size: int
    domain: Domain
    keep: Keep | None = None

    @property
    def count(self) -> int:
        """Of all classes."""
        return int(self.counts.sum())

    def describe(self) -> dict[str, Any]:
        """The counts of the classes that are wanted."""
        return {"counts": named(self.counts, self.domain)}

    def next(self, state: Any, sample: Sample) -> Rows | None:
        """The next rounds; the state has the first image of the next round, and how many of each class were kept.

        Raises:
            ArgumentError: the filter keeps hardly any image of a class.
        """
        start = 0 if state is None else int(state["image"])
        kept = np.zeros_like(self.counts) if state is None else np.minimum(start, self.counts)
        if state is not None and self.keep is not None:
            kept = np.array(state["kept"], np.int64)
        lacking = np.flatnonzero(kept < self.counts)
        if not len(lacking):
            return None
        stop = start + max(1, self.size // len(lacking))
        labels = np.tile(lacking, stop - start)
        images = np.repeat(np.arange(start, stop), len(lacking))
        if self.keep is None:
            wanted = images < self.counts[labels]
            labels, images = labels[wanted], images[wanted]
        numbers = images * self.domain.classes + labels
        samples = sample(labels, numbers)
        told: dict[str, Any] = {"image": stop}
        if self.keep is not None:
            passed = self.keep(samples, labels)
            told["tried"] = self.counted(state, "tried", labels)
            told["passed"] = self.counted(state, "passed", labels[passed])
            passed &= rank(labels, passed, len(self.counts)) < (self.counts - kept)[labels]
            samples, labels, numbers = samples[passed], labels[passed], numbers[passed]
            kept = kept + np.bincount(labels, minlength=len(self.counts))
            self.check(kept, stop)
            told["kept"] = kept.tolist()
        return Rows(samples, labels, numbers, told)

    def counted(self, state: Any, name: str, labels: Labels) -> list[int]:
        """How many of each class there were so far, with these."""
        before = np.zeros_like(self.counts) if state is None else np.array(state[name], np.int64)
        return [int(number) for number in before + np.bincount(labels, minlength=len(self.counts))]

    def check(self, kept: Counts, tried: int) -> None:
        """Give up on a class of which the filter keeps hardly any image."""
        hopeless = np.flatnonzero((kept < self.counts) & (tried >= MOST_TRIED * np.maximum(1, self.counts)))
        if len(hopeless):
            name = self.domain.class_names[hopeless[0]]
            raise ArgumentError(
                "keep", "", f'{kept[hopeless[0]]} of {tried} images of class "{name}" pass it, '
                f"{self.counts[hopeless[0]]} are wanted: choose a lower one"
            )  # fmt: skip


def rank(labels: Labels, chosen: npt.NDArray[np.bool_], classes: int) -> Numbers:
    """The place of each chosen row among those of its class, from 0 on, (n,)."""
    places = np.zeros(len(labels), np.int64)
    rows = np.flatnonzero(chosen)
    order = rows[np.argsort(labels[rows], kind="stable")]
    firsts = np.cumsum(np.bincount(labels[rows], minlength=classes)) - np.bincount(labels[rows], minlength=classes)
    places[order] = np.arange(len(order)) - firsts[labels[order]]
    return places


def named(counts: Counts, domain: Domain) -> dict[str, int]:
    """How many of each class by name, of those that have any."""
    return {domain.class_names[label]: int(counts[label]) for label in np.flatnonzero(counts)}
