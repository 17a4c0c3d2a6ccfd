"""What judges are shown: real images, generated ones of the same classes, and noise, in random order.

Each generator has one pool of real images and one of generated ones. Each judge sees some of both, so that several
judge the same pictures, and their agreement can be measured.
"""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from condgan.errors import CondganError
from condgan.evaluation import subjects
from condgan.evaluation.people import FAKE, NOISE, REAL, Item
from condgan.generation.generator import Generator
from condgan.results.judgements import Session
from condgan.runs.run import Run
from condgan.storage.pictures import Pixels

POOL = 100  # real images, and as many generated ones
NOISY = 10  # one picture in so many is noise, which no attentive judge takes for real
MOST_RUNS = 8  # whose real images are in memory


@dataclass(frozen=True, eq=False)
class Pool:
    """Real images that judges see, (N, C, H, W), and the class of each by name."""

    images: Pixels
    labels: tuple[str, ...]

    def image(self, item: Item, generator: Generator) -> Pixels:
        """The image of an item, (C, H, W)."""
        if item.what == REAL:
            return np.asarray(self.images[item.number])
        if item.what == NOISE:
            return np.random.default_rng(item.number).integers(0, 256, self.images.shape[1:], np.uint8)
        label = generator.domain.class_names.index(item.label)
        return np.asarray(generator.sample_classes(np.array([label]), 0, item.number)[0])


@lru_cache(MOST_RUNS)
def pool(folder: Path) -> Pool:
    """The pool of a run: test images of its data, in the generator's form.

    Raises:
        CondganError: there are no test images or no classes.
    """
    run = Run(folder)
    dataset = subjects.real_images(run.recipe.data, None, [], subjects.splits_of(folder))
    if not len(dataset.test) or not run.recipe.conditional or dataset.domain().condition is not None:
        raise CondganError(f"{folder.name} has no test images with classes: nothing to judge it by")
    chosen = np.random.default_rng(0).permutation(len(dataset.test))[:POOL]
    images, labels = dataset.test.take(chosen)
    return Pool(np.asarray(images), tuple(dataset.class_names[label] for label in labels))


def planned(labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    """What a judge is shown, in order: as many real images as generated ones, and noise among them."""
    draw = np.random.default_rng(secrets.randbits(64))
    noisy = max(1, count // NOISY)
    noisy += (count - noisy) % 2  # the others are half real, half generated
    half = min((count - noisy) // 2, len(labels))
    items = [
        Item(what, int(number), labels[number])
        for what in (REAL, FAKE)
        for number in draw.choice(len(labels), half, replace=False)
    ]
    items += [Item(NOISE, int(number), "") for number in draw.integers(1 << 31, size=noisy)]
    return tuple(items[at].text() for at in draw.permutation(len(items)))


def paired(classes: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Pairs for a preference: whether the sides are swapped, the seed, and the class that both show."""
    draw = np.random.default_rng(secrets.randbits(64))
    sides, seeds, labels = (draw.integers(most, size=count) for most in (2, 1 << 31, len(classes)))
    drawn = zip(sides, seeds, labels, strict=True)
    return tuple(f"{swapped}:{seed}:{classes[label]}" for swapped, seed, label in drawn)


def one_of_pair(session: Session, number: int, right: bool, generators: tuple[Generator, Generator]) -> Pixels:
    """The picture on one side of a pair, (C, H, W)."""
    item = Item.parse(session.items[number])
    source = generators[int(item.what) ^ right]
    label = source.domain.class_names.index(item.label)
    return np.asarray(source.sample_classes(np.array([label]), item.number)[0])


def first_preferred(session: Session) -> list[bool]:
    """Of each answer, whether the first of the two was preferred."""
    return [
        (answer == "left") != bool(int(Item.parse(session.items[number]).what))
        for number, (answer, _) in session.answers.items()
    ]
