"""A path -> its trainings, that of a run or those of runs that differ in their seed alone; and their figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

from condgan.errors import CondganError
from condgan.evaluation.evaluation import own_folder
from condgan.experiments.study import PLAN, Study
from condgan.generation.run import Run
from condgan.recipe import Recipe
from condgan.recipe.text import differences
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord
from condgan.runs import moment

CHANCE = ("seed", "machine", "output")
"""What may differ between trainings of one recipe."""


@dataclass(frozen=True, eq=False)
class Trainings:
    """Trainings that differ in their seed alone.

    Attributes:
        path: as it was given.
        runs: one or more, in the order of their seeds.
        epoch: the moment that is meant; none: the end.
    """

    path: str
    runs: tuple[Run, ...]
    epoch: int | None = None

    @property
    def recipe(self) -> Recipe:
        """Of the first run."""
        return self.runs[0].recipe


@dataclass(frozen=True, eq=False)
class Measured:
    """The figures of a training.

    Attributes:
        figures: by name.
        protocol: how they were measured; equal for figures that can be compared.
        epoch: at which they were measured.
    """

    figures: Mapping[str, Figure]
    protocol: Mapping[str, Any]
    epoch: float


def find(path: str | PathLike[str]) -> Trainings:
    """The trainings at a path: a run, a study of seeds, a folder with runs of one recipe, or one of them ``@EPOCH``.

    Raises:
        CondganError: there are none, or they differ in more than their seed.
    """
    place, epoch = moment.parse(path)
    if (place / "recipe.json").is_file():
        return Trainings(str(path), (Run(place),), epoch)
    if not place.is_dir():
        raise CondganError(f'nothing at "{place}": give a run, a study of seeds, or RUN@EPOCH')
    if (place / PLAN).is_file() and Study.open(place).kind() != "seeds":
        raise CondganError(
            f"{place} is a study of different settings: give two of them, such as {place}/best and {place}/setting-0000"
        )
    runs = [Run(folder) for folder in sorted(place.iterdir()) if (folder / "recipe.json").is_file()]
    if not runs:
        raise CondganError(f"{place} has no runs in it: give a run, a study of seeds, or RUN@EPOCH")
    runs.sort(key=lambda run: run.recipe.seed)
    for run in runs[1:]:
        if other := differences(run.recipe, runs[0].recipe, *CHANCE):
            raise CondganError(
                f"{place} has runs that differ in more than their seed ({run.folder.name}: {', '.join(other[:3])}): "
                "give runs of one recipe"
            )
    return Trainings(str(path), tuple(runs), epoch)


def from_file(run: Run, epoch: int | None) -> Measured | None:
    """The figures that ``condgan evaluate`` has saved; none where it has not."""
    folder = own_folder(run.folder if epoch is None else f"{run.folder}@{epoch}")
    if folder is None or not (folder / FILE).is_file():
        return None
    evaluation = Evaluation.load(folder)
    facts = evaluation.protocol
    protocol = {
        "data": facts.data.name,
        "data hash": facts.data.sha256[:12],
        "split": facts.split,
        "real images": facts.n_real,
        "generated images": facts.n_generated,
        "feature network": facts.feature_network.sha256[:12],
        "small_n": facts.small_n,
    }
    plan = run.plan()
    seen = getattr(facts.subject, "images_seen", 0)
    at = float(epoch) if epoch is not None else seen / plan.images if plan is not None else 0.0
    return Measured(evaluation.figures, protocol, at)


def from_log(run: Run, epoch: int | None) -> Measured | None:
    """The figures of the last evaluation during the training, or of that at the end of an epoch; none without one."""
    evaluations = run.evaluations()
    record = at(evaluations, epoch) if epoch is not None else evaluations[-1] if evaluations else None
    if record is None:
        return None
    recipe, domain = run.recipe, run.domain()
    protocol = {
        "data": domain.data,
        "data hash": (domain.data_sha256 or "")[:12],
        "form": "x".join(map(str, domain.shape)),
        "split": "validation",
        "generated images": recipe.evaluation.images,
        "trained on": recipe.data.train_on,
    }
    return Measured(record.evaluation, protocol, record.epoch)


def at(evaluations: Sequence[EvaluationRecord], epoch: int) -> EvaluationRecord | None:
    """The evaluation at the end of an epoch, to the precision of the log."""
    return next((record for record in evaluations if abs(record.epoch - epoch) < 1e-3), None)


def measured(sides: Sequence[Trainings]) -> tuple[list[list[Measured]], list[str]]:
    """The figures of each training of each side, all measured alike; and what was left out, in sentences.

    They are those of `condgan evaluate` where all have some, else those of the evaluations during the trainings.

    Raises:
        CondganError: a side has no figures, or they were not measured alike.
    """
    found = [[from_file(run, side.epoch) for run in side.runs] for side in sides]
    if any(one is None for side in found for one in side):
        found = [[from_log(run, side.epoch) for run in side.runs] for side in sides]
    left_out: list[str] = []
    kept: list[list[Measured]] = []
    for side, every in zip(sides, found, strict=True):
        having = [one for one in every if one is not None]
        if not having:
            when = "" if side.epoch is None else f" of epoch {side.epoch}"
            raise CondganError(f"{side.path} has no figures{when}: `condgan evaluate {side.path}` measures them")
        if len(having) < len(every):
            missing = len(every) - len(having)
            left_out.append(f"{side.path}: {missing} of {len(every)} trainings have no figures, and are left out")
        kept.append(having)
    first = kept[0][0].protocol
    for side, having in zip(sides, kept, strict=True):
        for one in having:
            check_alike(first, one.protocol, sides[0].path, side.path)
    return kept, left_out


def check_alike(one: Mapping[str, Any], other: Mapping[str, Any], of_one: str, of_other: str) -> None:
    """Refuse figures that were not measured alike.

    Raises:
        CondganError: naming what differs.
    """
    names = [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]
    if names:
        told = "; ".join(f"{name} {one.get(name)} and {other.get(name)}" for name in names)
        raise CondganError(
            f"{of_one} and {of_other} were not measured alike ({told}): "
            "`condgan evaluate` measures each of them on the same images"
        )
