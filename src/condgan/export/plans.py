"""Which samples a dataset has, and in which order: a pure function of what is written so far."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels, Samples
from condgan.errors import CondganError
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
    so many were kept; no more candidates are made at a time than a class lacks, so that none is made in vain.

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
        """The next rounds; the state has the image that the next round begins with, and what was tried and kept.

        Raises:
            ArgumentError: the filter keeps hardly any image of a class.
        """
        image, tried, kept = 0, np.zeros_like(self.counts), np.zeros_like(self.counts)
        if state is not None:
            image, tried, kept = state["image"], np.array(state["tried"], np.int64), np.array(state["kept"], np.int64)
        batches: list[tuple[Samples, Labels, Numbers]] = []
        room = self.size
        while len(lacking := np.flatnonzero(kept < self.counts)) and (not batches or room >= len(lacking)):
            rounds = max(1, room // len(lacking))
            if self.keep is not None:
                rounds = min(rounds, int((self.counts - kept)[lacking].min()))
            images, labels = np.repeat(np.arange(image, image + rounds), len(lacking)), np.tile(lacking, rounds)
            if self.keep is None:
                images, labels = (rows[images < self.counts[labels]] for rows in (images, labels))
            numbers = images * self.domain.classes + labels
            samples = sample(labels, numbers)
            passed = np.ones(len(labels), np.bool_) if self.keep is None else self.keep(samples, labels)
            tried += np.bincount(labels, minlength=len(tried))
            kept += np.bincount(labels[passed], minlength=len(kept))
            image += rounds
            self.check(kept, tried)
            if len(labels[passed]):
                batches.append((samples[passed], labels[passed], numbers[passed]))
            room = self.size - sum(len(labels) for _, labels, _ in batches)
        if not batches:
            return None
        told = {"image": image, "tried": tried.tolist(), "kept": kept.tolist()}
        samples, labels, numbers = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        return Rows(samples, labels, numbers, told)

    def check(self, kept: Counts, tried: Counts) -> None:
        """Give up on a class of which the filter keeps hardly any image."""
        hopeless = np.flatnonzero((kept < self.counts) & (tried >= MOST_TRIED * self.counts))
        if len(hopeless):
            label = hopeless[0]
            raise CondganError(
                f'`keep`: {kept[label]} of {tried[label]} images of class "{self.domain.class_names[label]}" pass, and '
                f"{self.counts[label]} are wanted: a lower probability, or a better generator"
            )


def named(counts: Counts, domain: Domain) -> dict[str, int]:
    """How many of each class by name, of those that have any."""
    return {domain.class_names[label]: int(counts[label]) for label in np.flatnonzero(counts)}
