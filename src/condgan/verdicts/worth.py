"""Whether synthetic images help: trains generators as a study, then classifiers, and says so in a sentence."""

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from condgan.arrays import Images, Labels
from condgan.data import Dataset, sources
from condgan.data.dataset import Split
from condgan.errors import ArgumentError, CondganError
from condgan.experiments import executor
from condgan.experiments.executor import Looked, Say
from condgan.experiments.study import Study
from condgan.inspection import facts
from condgan.metrics import feature_network
from condgan.recipe import Data
from condgan.storage.files import atomic
from condgan.training import beginning
from condgan.verdicts import plan as plans
from condgan.verdicts.plan import Plan
from condgan.verdicts.trials import SEEDS, Draw, Effort, Trials
from condgan.verdicts.verdict import LARGE, Verdict, judged

MINUTES = 20.0
FILE, CLASSIFIERS, EFFORT = "worth.json", "classifiers", "effort.json"


@dataclass(frozen=True)
class Worth:
    """The answer for a dataset.

    Attributes:
        verdict: what was found.
        study: with the generators.
        names: of the classes.
        images: training and test images.
        command: makes the synthetic images of the way that was compared; none where it takes none.
    """

    verdict: Verdict
    study: Study
    names: tuple[str, ...]
    images: tuple[int, int]
    command: str

    def sentence(self) -> str:
        """The verdict, with the figures that it rests on."""
        found, one = self.verdict.interval, self.verdict
        points = "points of balanced accuracy" if one.balanced else "points of accuracy"
        figure = f"{found.difference:+.1f} {points} ({found.low:+.1f} to {found.high:+.1f})"
        tests = f"{self.images[1]} test images"
        if one.verdict == "helps":
            return f'Synthetic images help: {figure} on {tests}, by "{one.way.name}".'
        if one.verdict == "hurts":
            return f'Synthetic images hurt: {figure} on {tests}, by the best way to add them, "{one.way.name}".'
        if one.verdict == "no-difference":
            return (
                f"Synthetic images make no difference that this data could show: {figure} on {tests}; one of "
                f"{found.half:.1f} points would have shown."
            )
        return f"It cannot be told with so few images: {figure} on {tests}. {self.needed()}"

    def needed(self) -> str:
        """What would tell."""
        images = self.needed_images()
        if images is not None:
            return f"About {images} test images would show a difference of {LARGE:g} points."
        return "More minutes would tell: the trainings differ more among themselves than the ways do."

    def needed_images(self) -> int | None:
        """How many test images would show a large difference; none where it is more trainings that would tell."""
        found = self.verdict.interval
        if found.of_images < found.of_trainings:
            return None
        return int(np.ceil(self.images[1] * (found.half / LARGE) ** 2 / 10) * 10)

    def as_json(self) -> dict[str, Any]:
        """That of the verdict, and sentence, study, images, command."""
        found = self.verdict.as_json()
        if found["rarest"] is not None:
            found["rarest"]["class"] = self.names[found["rarest"]["class"]]
        return found | {
            "sentence": self.sentence(),
            "study": str(self.study.folder),
            "train_images": self.images[0],
            "test_images": self.images[1],
            "needed_images": self.needed_images(),
            "command": self.command,
        }


def worth(
    data: str | PathLike[str],
    *,
    minutes: float = MINUTES,
    study: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
) -> Worth:
    """Tell whether synthetic images make a small classifier of these images better.

    Args:
        data: a built-in dataset or a path.
        minutes: that it may take, 1 or more.
        study: the folder; none: ``runs/worth-DATA``. What was done there is not done again.
        say, looked: as for ``experiments.executor.work``.

    Raises:
        CondganError: no labelled images, one class, no test images, too few minutes, or another study in the folder.
        InterruptedTrainingError: Ctrl-C, after all was saved.
    """
    minutes = plans.checked(minutes)
    until = time.monotonic() + 60 * minutes
    source = sources.place(str(data))
    opened = Study(Path(study) if study is not None else folder_of(source))
    if opened.plan_file.is_file():
        planned = written(opened)
        if planned.recipe.data.source != source:
            raise CondganError(f"{opened.folder} is a study of {planned.recipe.data.source}: choose another folder")
        if planned.minutes != minutes:
            raise ArgumentError("minutes", minutes, f"{opened.folder} was planned for {planned.minutes:g}")
        dataset, notes = sound(planned.recipe.data)
    else:
        recipe, reason = beginning.planned(None, ["data.train_on=train", "evaluation.every=none"], source)
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})
        dataset, notes = sound(recipe.data)
        if reason:
            say(reason)
        planned = plans.fitted(recipe, dataset, minutes, say)
    for note in notes:
        say(note)
    executor.work(opened, planned, 1, say, looked)
    return answered(opened, planned, dataset, notes, until, say)


def folder_of(data: str | PathLike[str]) -> Path:
    """Where the study of a dataset is, unless it is put elsewhere."""
    return Path("runs") / f"worth-{Path(data).stem}"


def work(study: Study, say: Say = lambda _: None, looked: Looked = lambda _: None) -> Worth:
    """Go on with a study as it was planned. Arguments and errors as for ``worth``."""
    planned = written(study)
    until = time.monotonic() + 60 * planned.minutes
    dataset, notes = sound(planned.recipe.data)
    executor.work(study, planned, 1, say, looked)
    return answered(study, planned, dataset, notes, until, say)


def answered(opened: Study, planned: Plan, dataset: Dataset, notes: tuple[str, ...], until: float, say: Say) -> Worth:
    """Train the classifiers, and judge.

    Raises:
        CondganError: a generator diverged, or the time is up.
    """
    _, outcomes = opened.read()
    lost = [name for name, outcome in outcomes.items() if outcome.state != "finished"]
    if lost:
        raise CondganError(f"{opened.folder}: {lost[0]} {outcomes[lost[0]].state}: `condgan diagnose` names the cause")

    def begins() -> None:
        if time.monotonic() > until:
            raise CondganError(over(opened, planned))

    draws = [drawn(opened, f"seed-{seed}") for seed in range(planned.generators)]
    classes = len(dataset.class_names)
    folder = opened.folder / CLASSIFIERS
    folder.mkdir(exist_ok=True)
    with feature_network.computing(feature_network.fastest_threads(dataset.domain().shape)):
        effort = kept_effort(opened, planned, dataset, until)
        trials = Trials(dataset.train, dataset.validation, dataset.test, classes, draws, effort, folder, begins, say)
        say("accuracy on validation images, with its spread over trainings:")
        verdict = judged(trials)
    say("")
    verdict = replace(verdict, notes=(*notes, *verdict.notes))
    command = making(opened, verdict.way.wanted(trials.counts), dataset.class_names)
    result = Worth(verdict, opened, dataset.class_names, (len(dataset.train), len(dataset.test)), command)
    atomic(opened.folder / FILE, json.dumps(result.as_json(), indent=2, ensure_ascii=False).encode() + b"\n")
    return result


def kept_effort(opened: Study, planned: Plan, dataset: Dataset, until: float) -> Effort:
    """How much classifiers learn: as it was decided once, or what the time that is left allows.

    Raises:
        CondganError: no time is left.
    """
    place = opened.folder / EFFORT
    with suppress(OSError, ValueError, TypeError):
        effort = Effort(**{name: int(value) for name, value in json.loads(place.read_bytes()).items()})
        if plans.FEWEST <= effort.steps <= plans.MOST and effort == replace(
            effort, width=plans.width(planned.minutes), seeds=SEEDS
        ):
            return effort
    effort = plans.effort(dataset, planned.minutes, planned.generators, until - time.monotonic())
    if effort.steps < plans.FEWEST:
        raise CondganError(over(opened, planned))
    atomic(place, json.dumps(asdict(effort)).encode())
    return effort


def over(opened: Study, planned: Plan) -> str:
    """What is said where the time is up."""
    return (
        f"{planned.minutes:g} minutes are over, and classifiers are left: all is kept, `condgan resume "
        f"{quote(str(opened.folder))}` goes on"
    )


def written(study: Study) -> Plan:
    """The plan of a study of worth.

    Raises:
        CondganError: it is another kind of study, or damaged.
    """
    return study.restored(Plan.kind, Plan.of)


def drawn(study: Study, name: str) -> Draw:
    """What draws the images of a trained generator: the same for the same labels."""
    generator = study.run(name).generator()

    def draw(labels: Labels) -> Images:
        return np.asarray(generator.sample_classes(labels, seed=0))

    return draw


def making(study: Study, counts: "np.ndarray[Any, Any]", names: tuple[str, ...]) -> str:
    """The command that makes so many images of each class by the first generator."""
    run, out = quote(str(study.folder / "seed-0")), quote(str(study.folder / "synthetic"))
    if len({*counts.tolist()}) == 1:
        return f"condgan sample {run} --per-class {counts[0]} --format folder -o {out}"
    pairs = ",".join(f"{name}={count}" for name, count in zip(names, counts, strict=True) if count)
    return f"condgan sample {run} --counts {quote(pairs)} --format folder -o {out}"


def sound(data: Data) -> tuple[Dataset, tuple[str, ...]]:
    """The dataset, without validation and test images that are trained on too, and what is to be known of it.

    Raises:
        CondganError: it has no classes, one class, or nothing to test on.
    """
    dataset = sources.load(data)
    if dataset.train.labels.ndim != 1 or dataset.train.images.ndim != 4:
        raise CondganError(f"{data.source}: {dataset.train.modality}: `worth` takes images with classes")
    if len(dataset.class_names) < 2:
        raise CondganError(f"{data.source} has one class, {dataset.class_names[0]}: there is nothing to tell apart")
    validation, test, notes = apart(dataset)
    for name, split in (("validation", validation), ("test", test)):
        if not len(split):
            raise CondganError(f"{data.source} has no {name} images of its own: there is nothing to {USES[name]}")
    clean = replace(dataset, hashes={}, validation=validation, test=test)
    near = facts.near_duplicates(clean)
    if near:
        notes.append(f"{near} validation or test images nearly equal one of another split: check for leaks")
    return clean, tuple(notes)


def apart(dataset: Dataset) -> tuple[Split, Split, list[str]]:
    """Validation and test images that are in no split before theirs, and how many were."""
    known, found, notes = {*facts.keys(dataset, "train")}, [], []
    for name in ("validation", "test"):
        split, keys = dataset.splits[name], facts.keys(dataset, name)
        own = np.array([key not in known for key in keys], bool)
        if not own.all():
            leaked = int((~own).sum())
            notes.append(f"a leak: {leaked} of {len(split)} {name} images are in another split too; they are left out")
            split = Split(split.images[own], split.labels[own])
        known.update(keys)
        found.append(split)
    validation, test = found
    return validation, test, notes


USES = {"validation": "choose a way on", "test": "test on"}
