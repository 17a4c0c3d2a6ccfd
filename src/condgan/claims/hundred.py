"""The FID of the least-squares report as its program computed it: 100 test images against 100 generated ones, by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np

from condgan import arguments
from condgan import data as datasets
from condgan.arrays import Features
from condgan.claims import arms
from condgan.claims.claim import Answer
from condgan.claims.evidence import IMAGES, Evidence, MissingError, Say
from condgan.data import Dataset
from condgan.draws.philox import Stream, integers, permutation
from condgan.errors import ArgumentError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.features import FeatureNetwork
from condgan.generation.generator import Generator
from condgan.pictures import curves
from condgan.results.figure import Figure
from condgan.storage.manifest import begin

ARM = "report"
EPOCHS = (0, 1, *arms.TENS, 100)
SPACE = "imagenet"
FIRST = 1570  # of the test images, among which the program draws
EACH = 100  # images of a side
SEED = 0
METRIC = "fid_100_vs_100"
ABOUT = (75.0, 125.0)  # what the report calls about 100
CLOSE = 2.0  # times the distance of other real images: what it may call close to real


def inception(path: str | PathLike[str], say: Say = lambda _: None) -> FeatureNetwork:
    """The network that the report's program used.

    Raises:
        CondganError: no weights of it at the path.
    """
    network = features.inception(arguments.path("inception", path), say)
    if network.space != SPACE:
        raise ArgumentError(
            "inception", path, "holds the FID network of 2015; the report used Jittor's Inception-v3, which has "
            "torchvision's weights"
        )  # fmt: skip
    return network


@dataclass(frozen=True, eq=False)
class Protocol:
    """100 test images, always the same ones, and the space in which others are compared with them.

    Attributes:
        network: the feature network.
        dataset: MNIST, in the form in which it is measured.
    """

    network: FeatureNetwork
    dataset: Dataset

    @cached_property
    def drawn(self) -> tuple[Features, Features]:
        """Features of 100 test images, which are compared with, and of 100 others, whose distance is the floor.

        All are among the first 1,570 test images, and are drawn once.
        """
        order = permutation(SEED, Stream.SPLIT, 0, min(FIRST, len(self.dataset.test)))
        images, _ = self.dataset.test.take(order[: 2 * EACH])
        found = self.network.embed(images).features
        return found[:EACH], found[EACH:]

    def figures(self, generator: Generator) -> dict[str, Figure]:
        """The distance of 100 generated images with random labels, and its floor."""
        labels = integers(SEED, Stream.SAMPLING, np.arange(EACH), len(generator.domain.class_names))
        images = subjects.fitted(generator.sample_classes(labels, SEED), self.dataset, generator.recipe.data.fit)
        generated = self.network.embed(images).features
        real, others = self.drawn
        return figures.few_against_few(real, lambda: generated, lambda: others, self.network.space)


@dataclass(frozen=True)
class Moment:
    """The figures of an epoch, means over the trainings.

    Attributes:
        epoch: after which they were measured; 0: before the first step.
        few: 100 images against 100.
        floor: the same of real images.
        sound: in the space of MNIST, thousands against 10,000 test images.
    """

    epoch: int
    few: float
    floor: float
    sound: float


def answer(evidence: Evidence) -> Answer:
    """Whether the distance falls to about 100, close to that of real images, in the space of the report's network."""
    found = curve(evidence)
    network, last = evidence.inception, found[-1]
    space = "MNIST" if network is None else "Inception-v3"
    shown = ", ".join(f"{one.epoch}: {one.few:.4g}" for one in found)
    sound = ", ".join(f"{one.epoch}: {one.sound:.4g}" for one in found)
    figure = (
        f"in the space of {space}, {EACH} against {EACH}, by epoch {shown} ({EACH} other real images: {last.floor:.4g})"
        f"{missing(evidence, found)}; in that of MNIST, {IMAGES[evidence.budget]:,} against 10,000: {sound}"
    )
    picture = evidence.study.folder / "pictures" / "fid-100-curve.png"
    draw(picture, found, space)
    if network is None:
        return Answer("not-tested", f"not tested in its space, which takes `inception=FILE`; {figure}", picture)
    if evidence.budget == "quick" or last.epoch < EPOCHS[-1]:
        return Answer("cannot-tell", figure, picture)
    return Answer("holds" if holds(found) else "does-not-hold", figure, picture)


def holds(found: Sequence[Moment]) -> bool:
    """Whether the distance falls, and ends at about 100 and at no more than twice that of real images."""
    first, last = found[0], found[-1]
    return last.few < first.few and ABOUT[0] <= last.few <= ABOUT[1] and last.few <= CLOSE * last.floor


def missing(evidence: Evidence, found: Sequence[Moment]) -> str:
    """The epochs that were not kept, in words."""
    if evidence.budget == "quick":
        return ""
    gone = [str(epoch) for epoch in EPOCHS if epoch not in {one.epoch for one in found}]
    return f" (not kept: {', '.join(gone)})" if gone else ""


def curve(evidence: Evidence) -> list[Moment]:
    """The figures of each epoch whose generators all trainings have kept, in order.

    Raises:
        MissingError: there are no trainings, or none of the epochs was kept.
    """
    runs = evidence.runs(ARM)
    kept = [epoch for epoch in EPOCHS if all(epoch in run.epochs() for run in runs)]
    if not kept:
        raise MissingError(f"{ARM} has kept no generator of epochs {', '.join(map(str, EPOCHS))}")
    protocol = protocol_of(evidence)
    name = f"-hundred-{protocol.network.sha256[:12]}"
    moments = []
    for epoch in kept:
        few = [evidence.kept(run, epoch, protocol.figures, name) for run in runs]
        values, floors = ([number(one, METRIC, of) for one in few] for of in ("value", "floor"))
        sound = [number(evidence.figures(run, epoch), "fid", "value") for run in runs]
        moments.append(Moment(epoch, *(float(np.mean(side)) for side in (values, floors, sound))))
    return moments


def protocol_of(evidence: Evidence) -> Protocol:
    """The protocol in the space of Inception-v3 at the size of the training, or in that of MNIST without weights."""
    if evidence.inception is None:
        return Protocol(evidence.reference.features, evidence.reference.dataset)
    planned = evidence.runs(ARM)[0].recipe.data
    return Protocol(evidence.inception, datasets.load(planned.model_copy(update={"source": "mnist"})))


def number(found: dict[str, Figure], metric: str, of: Literal["value", "floor"]) -> float:
    """The value or the floor of a metric, in whatever space.

    Raises:
        MissingError: there is none.
    """
    for one in found.values():
        value = one.value if of == "value" else one.floor
        if one.metric == metric and value is not None:
            return value
    raise MissingError(f"{ARM} has no {metric}")


def draw(path: Path, found: Sequence[Moment], space: str) -> None:
    """Draw the curve of 100 against 100 with its floor, above the sound one."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9, 6), dpi=100, layout="constrained")
    above, below = canvas.subplots(2, 1, sharex=True)
    epochs = [one.epoch for one in found]
    above.plot(epochs, [one.few for one in found], "o-", color=curves.RED, label=f"{EACH} generated", markersize=3)
    above.plot(epochs, [one.floor for one in found], "--", color=curves.GREEN, label=f"{EACH} other real images")
    above.set_title(f"{EACH} test images against {EACH}, space of {space}", loc="left", parse_math=False)
    below.plot(epochs, [one.sound for one in found], "o-", color=curves.BLUE, markersize=3)
    below.set_title("thousands of images against 10,000 test images, space of MNIST", loc="left", parse_math=False)
    for axis in (above, below):
        curves.plain(axis)
        axis.set_ylim(bottom=0)
        axis.set_ylabel("Frechet distance")
    curves.legend(above)
    below.set_xlabel("epochs")
    curves.save(path, canvas, begin())
