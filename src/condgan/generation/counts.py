"""Datasets with any number of each class: how many, and the numbers of their images.

Image n of class k, of K classes, has number n * K + k under a seed. So it depends on the seed, n and the class alone:
more images of a class, or of another one, keep those before.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan import arguments
from condgan.arrays import MIN_SIZE, Labels
from condgan.data import Dataset, load
from condgan.errors import ArgumentError, CondganError
from condgan.generation.classes import MOST_NAMED, by_name, composed, one
from condgan.recipe import Data, Domain, Recipe

MOST = 1_000_000_000  # images of a dataset

Counts = npt.NDArray[np.int64]
"""How many images of each class, (K,)."""


def each(argument: str, count: Any, labels: Labels, domain: Domain) -> Counts:
    """``count`` images of each of these classes.

    Raises:
        ArgumentError: not a whole number from 1 on.
    """
    counts = np.zeros(domain.classes, np.int64)
    counts[labels] = arguments.integer(argument, count, 1, MOST)
    return counts


def parse(text: str, domain: Domain) -> Counts:
    """``"cat=500,dog=20"`` -> counts. A name may contain commas.

    Raises:
        CondganError: another form, an unknown class, one that is named twice, or a count below 1.
    """
    *pairs, rest = re.split(r"=([0-9]+)[ ]*(?:,|$)", text)
    if rest.strip() or not pairs:
        raise ArgumentError("counts", arguments.shown(text), f"expected as {domain.class_names[0]}=500")
    counts, index = np.zeros(domain.classes, np.int64), by_name(domain)
    for name, digits in zip(pairs[::2], pairs[1::2], strict=True):
        label = one(name if name in index else name.strip(), index, domain)
        if counts[label]:
            raise ArgumentError("counts", arguments.shown(text), f'"{domain.class_names[label]}" is named twice')
        counts[label] = arguments.integer("counts", int(digits[-12:]) if len(digits) < 13 else MOST + 1, 1, MOST)
    return counts


def lacking(path: Path, recipe: Recipe, domain: Domain) -> tuple[Counts, str]:
    """What each class of a dataset lacks to have as many training images as the largest -> counts, and that in words.

    Classes are matched by name. Images that condgan would set aside for validation or test count too; a validation or
    test split of the dataset's own does not.

    Raises:
        CondganError: it cannot be read, has no classes that this generator has, or is balanced.
    """
    own = recipe.data if str(path.expanduser().resolve()) == recipe.data.source else Data()
    dataset = load(own.model_copy(update={"size": MIN_SIZE}), str(path))  # only labels are needed
    if not dataset.class_names:
        raise CondganError(f"{path} has vector conditions: `balance` fills up classes")
    present, index = _counts(dataset), {composed(name): number for name, number in by_name(domain).items()}
    lacks = {name: int(present.max() - count) for name, count in zip(dataset.class_names, present, strict=True)}
    if not any(lacks.values()):
        raise CondganError(f"{path} is balanced: each class has {present.max()} images")
    counts, unknown = np.zeros(domain.classes, np.int64), []
    for name, count in lacks.items():
        if composed(name) in index:
            counts[index[composed(name)]] = count
        elif count:
            unknown.append(f"{name} (lacks {count})")
    if not counts.any():
        raise CondganError(f"{path}: no class that lacks images is known to this generator: {_some(unknown)}")
    has = [f"{name}={count}" for name, count in zip(dataset.class_names, present, strict=True)]
    words = f"{path} has {_some(has)}: each class is filled up to {present.max()}"
    return counts, words + (f"; this generator has no class {_some(unknown)}" if unknown else "")


def check_total(what: str, counts: Counts) -> None:
    """Refuse more samples than anyone wants; ``what`` is to be written.

    Raises:
        CondganError: more than a thousand million.
    """
    total = sum(counts.tolist())
    if total > MOST:
        raise CondganError(f"{what}: {total} images, expected at most {MOST}")


def _counts(dataset: Dataset) -> Counts:
    """How many training images each class has, with those of splits that condgan drew itself."""
    splits = [split for name, split in dataset.splits.items() if name == "train" or name in dataset.drawn]
    labels = np.concatenate([split.labels for split in splits])
    return np.bincount(labels, minlength=len(dataset.class_names)).astype(np.int64)


def _some(words: Iterable[str]) -> str:
    words = list(words)
    return ", ".join(words[:MOST_NAMED]) + (f", ... ({len(words)} classes)" if len(words) > MOST_NAMED else "")
