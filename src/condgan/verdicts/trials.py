"""The classifiers: each way is trained with each seed, and each generator's images; their predictions are kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images, Labels
from condgan.data.dataset import Split
from condgan.metrics import feature_network
from condgan.storage.files import atomic
from condgan.verdicts.ways import Way

BATCH = 64
SEEDS = 5

Draw = Callable[[Labels], Images]
"""Labels -> synthetic images of these classes, the same ones each time."""
Predictions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Effort:
    """How much the classifiers learn; all ways alike.

    Attributes:
        steps: batches of 64 images of each training.
        width: channels of the classifier at full size.
        seeds: trainings of each way, with each generator.
    """

    steps: int
    width: int = 16
    seeds: int = SEEDS


@dataclass(frozen=True, eq=False)
class Trials:
    """Classifiers of some images, trained when they are first asked for.

    Attributes:
        train, validation, test: real images and their labels.
        classes: K.
        generators: what draws synthetic images, one for each trained generator.
        effort: of each training.
        folder: where predictions are kept; none: nowhere.
        begins: called before each training.
        say: told of each way, in a sentence.
    """

    train: Split
    validation: Split
    test: Split
    classes: int
    generators: Sequence[Draw]
    effort: Effort
    folder: Path | None = None
    begins: Callable[[], None] = lambda: None
    say: Callable[[str], None] = lambda _: None

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Real training images of each class, (K,)."""
        return np.bincount(self.train.labels, minlength=self.classes)

    def hits(self, way: Way, split: str) -> npt.NDArray[np.bool_]:
        """Whether each image of a split is predicted rightly, (G, S, N); of a way without synthetic images G is 1."""
        generators = range(len(self.generators)) if way.synthetic else (0,)
        labels = getattr(self, split).labels
        return np.array(
            [[self.predicted(way, g, seed)[split] == labels for seed in range(self.effort.seeds)] for g in generators]
        )

    def predicted(self, way: Way, generator: int, seed: int) -> dict[str, Predictions]:
        """The classes that a training predicts for the validation and the test images."""
        place = self.folder and self.folder / f"{way.name.replace(' ', '-').replace(',', '')}-g{generator}-s{seed}.json"
        if place and (known := self.read(place)) is not None:
            return known
        self.begins()
        images, labels = self.images(way, generator)
        network = feature_network.train(
            images,
            labels,
            self.classes,
            self.effort.steps,
            seed,
            self.effort.width,
            way.augment,
            min(BATCH, len(images)),
        )
        found = {
            split: feature_network.embed(network, rows.images).posteriors.argmax(1)
            for split, rows in (("validation", self.validation), ("test", self.test))
        }
        if place:
            atomic(place, json.dumps({split: classes.tolist() for split, classes in found.items()}).encode())
        return found

    def read(self, place: Path) -> dict[str, Predictions] | None:
        """The predictions in a file; none where it is missing or damaged."""
        try:
            found = {split: np.array(classes, np.int64) for split, classes in json.loads(place.read_bytes()).items()}
            whole = all(found[split].shape == getattr(self, split).labels.shape for split in ("validation", "test"))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return None
        return found if whole else None

    def images(self, way: Way, generator: int) -> tuple[Images, Labels]:
        """What a way trains on, with the images of one generator."""
        parts: list[tuple[Images, Labels]] = [(self.train.images, self.train.labels)] if way.real else []
        if way.synthetic:
            labels = np.repeat(np.arange(self.classes), way.wanted(self.counts))
            parts.append((self.generators[generator](labels), labels))
        images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return images, labels
