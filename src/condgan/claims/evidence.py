"""What the trainings of a study show: figures on test images by epoch, and what their logs say."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from condgan import data as datasets
from condgan.claims import arms
from condgan.claims.arms import Budget
from condgan.errors import CondganError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.comparison import MEASURES, QUICK, Comparison
from condgan.evaluation.features import FeatureNetwork
from condgan.evaluation.reference import Reference, proportions
from condgan.experiments.differences import Difference, Sample, judge
from condgan.experiments.study import Study
from condgan.generation.generator import Generator, load
from condgan.recipe import Data
from condgan.results.figure import Figure
from condgan.results.records import StepRecord, of_kind
from condgan.generation.run import Run
from condgan.storage.files import atomic

IMAGES: dict[Budget, int] = {"quick": 2000, "full": 10_000}
MEASURED = (*QUICK, *(measure for measure in MEASURES if measure.name == "memorised"))
IMPROVES = {measure.name: measure.better for measure in QUICK}
MOMENTS = "moments"
Say = Callable[[str], None]


class MissingError(Exception):
    """Figures that a claim needs and a study does not have, with the reason in words."""


class Evidence:
    """The figures of a study's trainings, which are measured when they are first asked for, and kept."""

    def __init__(
        self, study: Study, budget: Budget, say: Say = lambda _: None, inception: FeatureNetwork | None = None
    ) -> None:
        """``inception``: the Inception network of the least-squares report, if its weights are here."""
        self.study, self.budget, self.say, self.inception = study, budget, say, inception

    @cached_property
    def reference(self) -> Reference:
        """MNIST's test images at 28 px, and its feature network."""
        dataset = datasets.load(Data(source="mnist"))
        return Reference(dataset, "test", features.of(dataset, self.say))

    def runs(self, arm: str) -> list[Run]:
        """The finished trainings of an arm, by seed.

        Raises:
            MissingError: there are none.
        """
        if self.budget == "quick" and not arms.get(arm).quick:
            raise MissingError(f"{arm} is trained at `budget=full`")
        _, outcomes = self.study.read()
        names = [name for name, one in outcomes.items() if name.startswith(f"{arm}/") and one.state == "finished"]
        diverged = [name for name, one in outcomes.items() if name.startswith(f"{arm}/") and one.state == "diverged"]
        if not names:
            raise MissingError(f"{arm} diverged" if diverged else f"{arm} has not been trained")
        return [self.study.run(name) for name in sorted(names)]

    def having(self, arm: str) -> list[Run]:
        """``runs``; none where there are none."""
        try:
            return self.runs(arm)
        except MissingError:
            return []

    def last(self, arm: str) -> int:
        """The last epoch of an arm."""
        return arms.get(arm).measured(self.budget)[-1]

    @cached_property
    def threads(self) -> int:
        """The fastest thread count for images of this size."""
        from condgan.metrics import feature_network

        return feature_network.fastest_threads(self.reference.dataset.domain().shape)

    def figures(self, run: Run, epoch: int) -> dict[str, Figure]:
        """The figures of a moment of a run, on test images; measured once.

        Raises:
            MissingError: its generator was not kept.
        """
        return self.kept(run, epoch, self.measured)

    def kept(
        self, run: Run, epoch: int, measure: Callable[[Generator], dict[str, Figure]], name: str = ""
    ) -> dict[str, Figure]:
        """What ``measure`` says of a moment of a run; measured once, and kept in a file that ends in ``name``.

        Raises:
            MissingError: its generator was not kept.
        """
        from condgan.metrics import feature_network

        place = self.place(run, epoch, name)
        if place.is_file():
            try:
                return {name: Figure.model_validate(one) for name, one in json.loads(place.read_text()).items()}
            except ValueError:
                place.unlink()
        self.say(f"measures {run.folder.parent.name}/{run.folder.name} after epoch {epoch}")
        try:
            generator = load(f"{run.folder}@{epoch}")
        except CondganError as error:
            raise MissingError(str(error)) from None
        with feature_network.computing(self.threads):
            found = measure(generator)
        atomic(place, json.dumps({name: one.model_dump() for name, one in found.items()}).encode())
        return found

    def place(self, run: Run, epoch: int, name: str = "") -> Path:
        """The file in which the figures of a moment are kept."""
        file = f"{run.folder.parent.name}-{run.folder.name}-{epoch:04d}{name}.json"
        return self.study.folder / MOMENTS / file

    def number(self, name: str, words: str, compute: Callable[[], float]) -> float:
        """A number that takes minutes: computed once, and kept by its name; ``words`` say what is computed."""
        place = self.study.folder / MOMENTS / f"{name}-{self.budget}.json"
        if place.is_file():
            try:
                return float(json.loads(place.read_text()))
            except (ValueError, TypeError):
                place.unlink()
        self.say(words)
        value = compute()
        atomic(place, json.dumps(value).encode())
        return value

    def measured(self, generator: Generator) -> dict[str, Figure]:
        """The figures of a generator."""
        subject = subjects.of_generator(generator, self.reference.dataset, 0)
        counts = proportions(self.reference.real.labels, self.reference.classes, IMAGES[self.budget])
        images, labels = subject.take(counts)
        return figures.measured(Comparison(self.reference, images, labels), None, MEASURED)

    def values(self, arm: str, metric: str, epoch: int | None = None) -> tuple[float, ...]:
        """A figure of each training of an arm at an epoch, by default the last.

        Raises:
            MissingError: it was not trained, or lacks the figure.
        """
        found = []
        for run in self.runs(arm):
            measured = self.figures(run, epoch or self.last(arm)).values()
            value = next((one.value for one in measured if one.metric == metric), None)
            if value is None:
                raise MissingError(f"{arm} has no {metric}")
            found.append(value)
        return tuple(found)

    def mean(self, arm: str, metric: str, epoch: int | None = None) -> float:
        """The mean of ``values``."""
        return float(np.mean(self.values(arm, metric, epoch)))

    def difference(self, a: str, b: str, metric: str) -> Difference:
        """Arm b against arm a in a figure at the end."""
        pair = Sample(self.values(a, metric)), Sample(self.values(b, metric))
        better = IMPROVES[metric]
        return judge({metric: pair}, {metric: 0.0 if better == "near the floor" else better})[metric]

    def logged(self, arm: str, name: str, first: float, last: float) -> float:
        """The mean of a figure of steps between two epochs, over the trainings of an arm.

        Raises:
            MissingError: no line of the log lies there.
        """
        found = [record.mean[name] for record in self.steps(arm, first, last) if name in record.mean]
        if not found:
            raise MissingError(f"{arm} has no {name} in epochs {first:g} to {last:g}")
        return float(np.mean(found))

    def steps(self, arm: str, first: float, last: float) -> Sequence[StepRecord]:
        """The records of steps between two epochs, of all trainings of an arm."""
        every = [record for run in self.runs(arm) for record in of_kind(run.records(), StepRecord)]
        return [record for record in every if first <= record.epoch <= last]

    def pictures(self, arm: str, epoch: int | None = None) -> Path:
        """The first training of an arm, as a path that names its moment."""
        run = self.runs(arm)[0]
        return Path(f"{run.folder}@{epoch or self.last(arm)}")
