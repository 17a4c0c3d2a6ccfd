"""What is wrong with a training, and what mends it: tries what ``diagnose`` advises, and keeps what helps best."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from condgan.data import sources
from condgan.diagnosis import diagnosis
from condgan.diagnosis.diagnosis import Diagnosis
from condgan.errors import CondganError
from condgan.experiments import executor, side_by_side
from condgan.experiments.executor import Looked, Say
from condgan.experiments.study import Study
from condgan.experiments.trainings import Trainings
from condgan.generation.run import Run
from condgan.recipe import Recipe
from condgan.recipe.builtin import command
from condgan.recipe.text import override
from condgan.results.records import EvaluationRecord, of_kind
from condgan.storage.files import atomic
from condgan.verdicts import cures, plan
from condgan.verdicts.cures import FRESH, FROM_ITS_WEIGHTS, NONE, SEEDS, Cures

FILE, PICTURE, CURVES = "cure.json", "before-and-after.png", "curves.png"
SHOWN = ("fid", "label_accuracy", "recall", "coverage")
EVALUATED = 2000  # images
COST = 6.0  # seconds of the evaluation at the end of a branch

Figures = dict[str, float]


@dataclass(frozen=True)
class Cure:
    """What was tried on a run, and what came of it.

    Attributes:
        run: that was ill.
        study: of the branches; none where nothing was found, and nothing tried.
        findings: what was wrong.
        overrides: of the best branch; none where none is best.
        before: figures of the run's last evaluation.
        none, after: means of the branches as it is and of the best, by fresh seeds.
        left: the faults that the best branch has.
        table: the Frechet distance of each branch, by its overrides.
        best: the run that is kept.
    """

    run: str
    study: Study | None
    findings: Diagnosis
    overrides: tuple[str, ...] = ()
    before: Figures | None = None
    none: Figures | None = None
    after: Figures | None = None
    left: tuple[str, ...] = ()
    table: tuple[tuple[tuple[str, ...], float], ...] = ()
    best: Path | None = None

    def sentence(self) -> str:
        """What came of it."""
        if not self.findings.findings:
            return "Nothing wrong was found: there is nothing to cure."
        named = ", ".join(finding.kind for finding in self.findings.findings)
        if self.study is None:
            return f"{named}: no advice that a short branch could try."
        if not any(np.isfinite(value) for _, value in self.table):
            return f"{named}: no branch has a Frechet distance, so none could be told from the others."
        if self.after is None:
            return f"{named}: nothing that was tried is better than to train on as it is."
        as_it_is = "none" if self.none is None else f"{self.none['fid']:.4g}"
        figure = f"Frechet distance {as_it_is} as it is, {self.after['fid']:.4g} with {' '.join(self.overrides)}"
        if self.cured:
            return f"Cured of {named}: {figure}."
        if self.better:
            return f"Better, not cured ({', '.join(self.left)} is left): {figure}."
        return f"Not cured of {named}: {figure}, with fresh seeds."

    @property
    def better(self) -> bool:
        """Whether the best branch has a lower Frechet distance than none by fresh seeds, or none has none."""
        return self.after is not None and (self.none is None or self.after["fid"] < self.none["fid"])

    @property
    def cured(self) -> bool:
        """Whether the best branch is better, and has none of the faults."""
        return self.better and not self.left

    def as_json(self) -> dict[str, Any]:
        """cured, cure, before, after, run; and findings, table, sentence, study."""
        return {
            "cured": self.cured,
            "cure": list(self.overrides) or None,
            "before": self.before,
            "as_it_is": self.none,
            "after": self.after,
            "run": None if self.best is None else str(self.best),
            "of": self.run,
            "study": None if self.study is None else str(self.study.folder),
            "findings": self.findings.as_json(self.run)["findings"],
            "left": list(self.left),
            "table": [{"cure": list(one), "fid": value if np.isfinite(value) else None} for one, value in self.table],
            "sentence": self.sentence(),
        }


def cure(
    run: str | PathLike[str],
    *,
    minutes: float = 20.0,
    study: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
) -> Cure:
    """Try what ``diagnose`` advises on short branches of a run, and keep the best.

    Args:
        run: a run, or its folder, that is not being trained.
        minutes: that it may take.
        study: the folder of the branches; none: ``RUN-cure``.
        say, looked: as for ``experiments.executor.work``.

    Raises:
        CondganError: no such run, it is being trained, its data is not there, too few minutes, or another study in the
            folder.
        InterruptedTrainingError: Ctrl-C, after all was saved.
    """
    minutes = plan.checked(minutes)
    ill = Run.open(fspath(run))
    if ill.is_locked():
        raise CondganError(f"{ill.folder} is being trained: wait for its end, or stop it")
    opened = Study(Path(study) if study is not None else folder_of(ill.folder))
    found = diagnosis.diagnose(ill.folder, say=say)
    for finding in found.findings:
        say(f"{finding.kind}: {finding.text}")
    if opened.plan_file.is_file():
        planned = written(opened)
        if planned.of != str(ill.folder.resolve()):
            raise CondganError(f"{opened.folder} is a study of another cure: choose another folder")
    else:
        recipe = measured(ill.recipe)
        tried = cures.candidates(recipe, found.findings)
        if len(tried) == 1:
            return Cure(str(ill.folder), None, found, before=last(ill))
        planned = fitted(opened, ill, found, recipe, tried, minutes, say)
    return work(opened, planned, found, ill, say, looked)


def folder_of(run: Path) -> Path:
    """Where the study of a run's cure is, unless it is put elsewhere."""
    return run.with_name(f"{run.name}-cure")


def work(opened: Study, planned: Cures, found: Diagnosis, ill: Run, say: Say, looked: Looked) -> Cure:
    """Train the branches that are left, and judge."""
    executor.work(opened, planned, 1, say, looked)
    result = judged(planned, found, ill, say)
    atomic(opened.folder / FILE, json.dumps(result.as_json(), indent=2, ensure_ascii=False).encode() + b"\n")
    return result


def resume(opened: Study, say: Say = lambda _: None, looked: Looked = lambda _: None) -> Cure:
    """Go on with a cure as it was planned. Arguments and errors as for ``cure``."""
    planned = written(opened)
    ill = Run.open(planned.of)
    return work(opened, planned, diagnosis.diagnose(ill.folder, say=say), ill, say, looked)


def written(study: Study) -> Cures:
    """The plan of a study of cures.

    Raises:
        CondganError: it is another kind of study, or damaged.
    """

    def build(recipe: Recipe, described: Mapping[str, Any]) -> Cures:
        tried = [(), *(tuple(map(str, overrides)) for overrides in described["tried"])]
        return Cures(study, recipe, cures.named(tried), str(described["of"]), bool(described["from_its_weights"]))

    return study.restored(Cures.kind, build)


def measured(recipe: Recipe) -> Recipe:
    """A recipe whose branches are measured at their end."""
    images = min(EVALUATED, recipe.evaluation.images)
    return override(recipe, ["evaluation.patience=none", f"evaluation.images={images}", "evaluation.select=fid"])


def fitted(
    opened: Study,
    ill: Run,
    found: Diagnosis,
    recipe: Recipe,
    tried: dict[str, tuple[str, ...]],
    minutes: float,
    say: Say,
) -> Cures:
    """The branches, with as many epochs as the minutes have room for, at most those of the run.

    Raises:
        CondganError: they have no room for one.
    """
    dataset = sources.load(recipe.data)
    count = cures.trainings(tried)
    images = dataset.trained_on(recipe.data)
    epoch = plan.seconds_of_epoch(recipe, dataset.domain(), images)
    each = 60 * plan.USED * minutes / count - plan.START - COST
    epochs = min(recipe.train.epochs, int(each / epoch))
    if epochs < 1:
        needed = count * (epoch + plan.START + COST) / 60 / plan.USED
        raise CondganError(
            f"minutes={minutes:g}: {count} branches of one epoch take {needed:.0f} minutes: give so many or more"
        )
    branch = override(recipe, [f"train.epochs={epochs}", f"evaluation.every={epochs * len(images)}"])
    from_it = ill.checkpoint().is_file() and all(one.kind in FROM_ITS_WEIGHTS for one in found.findings)
    begins = "from its weights" if from_it else "anew"
    say(
        f"at most {count} branches of {epochs} epoch{'s' * (epochs > 1)}, {begins}: about "
        f"{count * (epochs * epoch + plan.START + COST) / 60:.0f} of {minutes:g} minutes"
    )
    return Cures(opened, branch, tried, str(ill.folder.resolve()), from_it)


def judged(planned: Cures, found: Diagnosis, ill: Run, say: Say) -> Cure:
    """What came of the branches."""
    chosen = planned.chosen()
    names = [*planned.tried, *([cures.TOGETHER] if planned.overrides(cures.TOGETHER) else [])]
    table = tuple((planned.overrides(name), planned.value(name)) for name in names)
    result = Cure(str(ill.folder), planned.study, found, before=last(ill), table=table)
    if chosen == NONE:
        return result
    none, after = (means(planned, name) for name in (NONE, chosen))
    kept = planned.study.run(f"{chosen}/seed-{FRESH}")
    left = diagnosis.diagnose(kept.folder, say=say)
    ours = {finding.kind for finding in found.findings}
    still = tuple(finding.kind for finding in left.findings if finding.kind in ours)
    picture(planned.study, ill, kept)
    return replace(result, overrides=planned.overrides(chosen), none=none, after=after, left=still, best=kept.folder)


def means(planned: Cures, name: str) -> Figures | None:
    """The figures of a branch by fresh seeds; none where not all have a Frechet distance."""
    if not np.isfinite(planned.value(name, FRESH)):
        return None
    found = [last(planned.study.run(f"{name}/seed-{FRESH + seed}")) or {} for seed in range(SEEDS)]
    return {key: sum(one[key] for one in found) / len(found) for key in found[0] if all(key in one for one in found)}


def last(run: Run) -> Figures | None:
    """The figures of a run's last evaluation, by metric; none without one."""
    records = of_kind(run.records(), EvaluationRecord) if run.log.is_file() else []
    if not records:
        return None
    figures = records[-1].evaluation.values()
    return {one.metric: one.value for one in figures if one.metric in SHOWN and one.value is not None}


def picture(study: Study, ill: Run, kept: Run) -> None:
    """Images of the same classes and seeds, and curves, of the run and of what is kept."""
    sides = [Trainings(str(ill.folder), (ill,)), Trainings(str(kept.folder), (kept,))]
    grids = [
        (name, drawn)
        for name, side in zip(("before", "after"), sides, strict=True)
        if (drawn := side_by_side.grid(side)) is not None
    ]
    if len(grids) == 2:
        side_by_side.save(study.folder / PICTURE, grids)
    side_by_side.draw_curves(sides, study.folder / CURVES)


def training(planned: Cure) -> str:
    """The command that trains the run anew with what helped."""
    ill = Run.open(planned.run)
    return (
        f"{command(ill.recipe, planned.overrides)}" if planned.overrides else f"condgan diagnose {quote(planned.run)}"
    )
