"""A path -> its trainings, that of a run or those of runs that differ in their seed alone; and their figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from shlex import quote
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


def find(path: str | PathLike[str], wanted: int = 2) -> Trainings:
    """The trainings at a path: a run, a study of seeds, a folder with runs of one recipe, or one of them ``@EPOCH``.

    Args:
        path: as above.
        wanted: how many of several settings to ask for, one or two, where the path has more than one.

    Raises:
        CondganError: there are none, or they differ in more than their seed.
    """
    place, epoch = moment.parse(path)
    if (place / "recipe.json").is_file():
        return Trainings(fspath(path), (Run(place),), epoch)
    if not place.is_dir():
        what = f"{place} is a file, no training" if place.exists() else f'nothing at "{place}"'
        raise CondganError(f"{what}: give a run, a study of seeds, or RUN@EPOCH")
    if (place / PLAN).is_file() and Study.open(place).kind() != "seeds":
        begun = {Path(name).parts[0]: None for name in Study.open(place).runs()}
        names = [quote(str(place / name)) for name in dict.fromkeys([*[*begun][-1:], *begun])][:wanted]
        given = "one of them" if wanted == 1 else "two of them"
        such = f"such as {' and '.join(names)}" if names else "once it has some"
        raise CondganError(f"{place} is a study of different settings: give {given}, {such}")
    runs = [Run(folder) for folder in sorted(place.iterdir()) if (folder / "recipe.json").is_file()]
    if not runs and (place / PLAN).is_file():
        raise CondganError(f"{place} is a study without a training yet: `condgan resume {quote(str(place))}` goes on")
    if not runs:
        raise CondganError(f"{place} has no runs in it: give a run, a study of seeds, or RUN@EPOCH")
    runs.sort(key=lambda run: run.recipe.seed)
    for run in runs[1:]:
        if other := differences(run.recipe, runs[0].recipe, *CHANCE):
            raise CondganError(
                f"{place} has runs that differ in more than their seed ({run.folder.name}: {', '.join(other[:3])}): "
                "give runs of one recipe"
            )
    return Trainings(fspath(path), tuple(runs), epoch)


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


def measured(sides: Sequence[Trainings]) -> tuple[list[Trainings], list[list[Measured]], list[str]]:
    """The sides with the trainings that have figures, these figures, and what a reader should know, in sentences.

    Figures are those of `condgan evaluate` where all have some, else those of the evaluations during the trainings.
    Trainings that have not finished are left out beside others that have.

    Raises:
        CondganError: a training is on two sides, a side has no figures, or they were not measured alike.
    """
    check_apart(sides)
    said: list[str] = []
    kept = [replace(side, runs=tuple(whole(side, said))) for side in sides]
    files = [[from_file(run, side.epoch) for run in side.runs] for side in kept]
    found = files
    if any(one is None for side in files for one in side):
        having = [side.path for side, every in zip(kept, files, strict=True) if None not in every]
        lacking = [side.path for side, every in zip(kept, files, strict=True) if None in every]
        if having:
            said.append(
                f"{', '.join(having)}: also measured by `condgan evaluate`; for a comparison on those images, "
                f"measure {', '.join(lacking)} too"
            )
        found = [[from_log(run, side.epoch) for run in side.runs] for side in kept]
    pairs = [having_figures(side, ones, said) for side, ones in zip(kept, found, strict=True)]
    kept = [replace(side, runs=tuple(run for run, _ in having)) for side, having in zip(kept, pairs, strict=True)]
    figures = [[one for _, one in having] for having in pairs]
    for side, ones in zip(kept, figures, strict=True):
        for one in ones:
            check_alike(figures[0][0].protocol, one.protocol, sides[0].path, side.path)
    return kept, figures, said


def check_apart(sides: Sequence[Trainings]) -> None:
    """Refuse a training that would be compared with itself.

    Raises:
        CondganError: it is on the first side and on another.
    """
    first = {run.folder.resolve() for run in sides[0].runs}
    for side in sides[1:]:
        same = [run for run in side.runs if run.folder.resolve() in first and side.epoch == sides[0].epoch]
        if same:
            raise CondganError(
                f"{sides[0].path} and {side.path} share a training ({same[0].folder}): give different ones"
            )


def whole(side: Trainings, said: list[str]) -> Sequence[Run]:
    """The trainings of a side that have finished, or all where none has; what is left out is added to ``said``."""
    place, _ = moment.parse(side.path)
    if side.epoch is not None:
        return side.runs
    if (place / PLAN).is_file() and (planned := Study.open(place).described()["plan"].get("seeds", 0)) > len(side.runs):
        said.append(
            f"{side.path}: {len(side.runs)} of {planned} trainings have begun: `condgan resume {quote(side.path)}` "
            "trains the others"
        )
    open_ones = [run for run in side.runs if run.status.state != "finished"]
    if not open_ones:
        return side.runs
    told = ", ".join(f"{run.folder.name} ({standing(run)})" for run in open_ones)
    if len(open_ones) == len(side.runs):
        said.append(f"{side.path}: figures so far, as it has not finished: {told}")
        return side.runs
    said.append(f"{side.path}: left out, as they have not finished: {told}")
    return [run for run in side.runs if run not in open_ones]


def standing(run: Run) -> str:
    """How far a training is: ``running, epoch 3 of 10``."""
    status = run.status
    return f"{status.state}, epoch {status.epoch:g} of {run.recipe.train.epochs}"


def having_figures(side: Trainings, found: Sequence[Measured | None], said: list[str]) -> list[tuple[Run, Measured]]:
    """The trainings of a side that have figures, with them; what is left out is added to ``said``.

    Raises:
        CondganError: none has any.
    """
    having = [(run, one) for run, one in zip(side.runs, found, strict=True) if one is not None]
    if not having:
        when = "" if side.epoch is None else f" of epoch {side.epoch}"
        at_work = [run for run in side.runs if run.status.state == "running"]
        if at_work and side.epoch is None:
            raise CondganError(f"{side.path} has no figures yet ({standing(at_work[0])}): wait for its next evaluation")
        raise CondganError(f"{side.path} has no figures{when}: `condgan evaluate {quote(side.path)}` measures them")
    if len(having) < len(found):
        left = ", ".join(run.folder.name for run, one in zip(side.runs, found, strict=True) if one is None)
        said.append(f"{side.path}: left out, as they have no figures: {left}")
    early = [
        f"{run.folder.name} at epoch {one.epoch:g} of {run.status.epoch:g}"
        for run, one in having
        if side.epoch is None and run.status.state == "finished" and one.epoch < run.status.epoch - 1e-3
    ]
    if early:
        said.append(f"{side.path}: measured before the end of training: {', '.join(early)}")
    return having


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
            "`condgan evaluate`, with the same real images (its argument `data`), measures each of them alike"
        )
