"""Sweeps: settings from a space, each trained with one or several seeds, and the best trained again.

Optuna (Akiba et al. 2019) proposes settings; its journal lies beside that of the study, and optuna-dashboard opens it.
The best of N settings is flattered by chance: its figure is that of fresh seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from condgan import arguments
from condgan.arguments import refusals
from condgan.data import sources
from condgan.errors import ArgumentError, CondganError, joined
from condgan.evaluation.comparison import QUICK
from condgan.experiments import executor, grids, ready
from condgan.experiments.executor import Looked, Say
from condgan.experiments.proposals import Asked, Listed, Setting
from condgan.experiments.spaces import Space, parse
from condgan.experiments.study import Outcome, Study, Trial
from condgan.experiments.table import last_value
from condgan.recipe import Recipe
from condgan.recipe.text import to_json
from condgan.results.records import EvaluationRecord
from condgan.storage.files import atomic
from condgan.training import beginning

BEST = "best.json"
DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"lower": "minimize", "higher": "maximize"}
BETTER = {metric.name: metric.better for metric in QUICK}
SECONDS = "seconds"
FRESH = 1000  # from the seed of a setting to the first fresh seed
STARTUP = 5  # settings that reached a point before others are compared there, as in Optuna's MedianPruner
CONFIRMED = 3  # fresh seeds of the best setting, at least
MOST_TRIALS, MOST_SEEDS = 100_000, 100
Sampler = Literal["tpe", "random", "one-at-a-time"]


def problems(metrics: Sequence[str], trials: int, seeds: int, workers: int = 1) -> list[ArgumentError]:
    """What is wrong with the arguments of a sweep, besides its space."""
    numbers = (("trials", trials, MOST_TRIALS), ("seeds", seeds, MOST_SEEDS), ("workers", workers, executor.MOST))
    found = [one for name, number, most in numbers for one in refusals(arguments.integer, name, number, 1, most)]
    unknown = [name for name in metrics if name not in BETTER and name != SECONDS]
    expected = f"expected {', '.join(BETTER)} or {SECONDS}"
    found += [ArgumentError("metric", name, expected) for name in unknown]
    repeated = [name for name in dict.fromkeys(metrics) if metrics.count(name) > 1]
    return [*found, *(ArgumentError("metric", name, "is given twice: give it once") for name in repeated)]


@dataclass(eq=False)
class Sweep:
    """A plan: so many settings of a space.

    Attributes:
        space: what is varied.
        words: the space as it was given.
        metrics: what is sought, each the name of a metric, or ``seconds``; the first one decides.
        trials: settings.
        seeds: trainings of each setting.
        sampler: who proposes settings; ``one-at-a-time``: the recipe, and each value of each field alone.
        study: its folder.
    """

    space: Space
    words: tuple[str, ...]
    metrics: tuple[str, ...]
    trials: int
    seeds: int
    sampler: Sampler
    study: Study
    storage: str | None = None
    kind = "sweep"
    grows = None

    def __post_init__(self) -> None:
        """Check what can be checked, and see who proposes.

        Raises:
            CondganError: numbers out of range, an unknown metric, nothing to vary, or Optuna is missing.
        """
        if not self.space.fields:
            raise CondganError("nothing is varied: give values, as optim.lr=1e-5..1e-3:log or train.batch=32,64")
        if wrong := problems(self.metrics, self.trials, self.seeds):
            raise joined(wrong)
        self.better = {name: BETTER.get(name, "lower") for name in self.metrics}
        directions = [DIRECTIONS[self.better[name]] for name in self.metrics]
        self.proposer = (
            Listed(self.space)
            if self.sampler == "one-at-a-time"
            else Asked(self.space, self.study.folder, self.storage, self.sampler == "random", directions)
        )
        self.trials = self.proposer.count(self.trials)

    @property
    def settings(self) -> Sequence[Setting]:
        """Those that are known so far."""
        return self.proposer.settings

    def describe(self) -> dict[str, Any]:
        """Recipe, space, metrics, trials, seeds and sampler."""
        told = {"words": list(self.words), "metrics": list(self.metrics), "trials": self.trials, "seeds": self.seeds}
        database = {} if self.storage is None else {"database": True}  # its address may contain a password
        return told | {"sampler": self.sampler, "recipe": self.space.base.model_dump(mode="json")} | database

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """A seed of a setting that has begun, else of a new one, else a fresh seed of the best."""
        self.learn(outcomes)
        known = {*begun}
        for number in range(self.trials):
            setting = self.setting(number)
            for seed in range(self.seeds):
                name = f"setting-{number:04d}/seed-{self.space.base.seed + seed}"
                if name not in known:
                    return self.trial(name, setting, seed)
        best = self.best(outcomes)
        for seed in range(max(CONFIRMED, self.seeds)) if best is not None else ():
            name = f"best/seed-{self.space.base.seed + FRESH + seed}"
            if name not in known:
                return self.trial(name, self.setting(best or 0), FRESH + seed)
        return None

    def trial(self, name: str, setting: Setting, seed: int) -> Trial:
        """A training of a setting; one whose values exclude each other says so."""
        try:
            return Trial(name, self.trained(setting, seed))
        except CondganError as error:
            return Trial(name, self.space.base, str(error))

    def trained(self, setting: Setting, seed: int) -> Recipe:
        """The recipe of a setting with the seed that follows that of the base by ``seed``."""
        recipe = self.space.recipe(setting)
        return recipe.model_copy(update={"seed": self.space.base.seed + seed})

    def setting(self, number: int) -> Setting:
        """Setting ``number``, which is proposed where it is not known yet."""
        return self.proposer.setting(number)

    def learn(self, outcomes: Mapping[str, Outcome]) -> None:
        """Tell who proposes of settings whose trainings have all ended."""
        for number in self.proposer.waiting():
            if (ended := self.outcomes(number, outcomes)) is not None:
                finished = all(outcome.state == "finished" for outcome in ended)
                pruned = any(outcome.state == "pruned" for outcome in ended)
                self.proposer.tell(number, self.values(number) if finished else None, pruned)

    def outcomes(self, number: int, outcomes: Mapping[str, Outcome]) -> list[Outcome] | None:
        """What became of all trainings of a setting; none before they have ended."""
        found = [outcomes.get(name) for name in self.names(number)]
        return None if None in found else [outcome for outcome in found if outcome is not None]

    def names(self, number: int) -> list[str]:
        """The trainings of a setting."""
        return [f"setting-{number:04d}/seed-{self.space.base.seed + seed}" for seed in range(self.seeds)]

    def values(self, number: int) -> list[float] | None:
        """The means over seeds of what is sought; none where a training lacks it."""
        each = self.of_seeds(number)
        return None if each is None else [float(np.mean(values)) for values in zip(*each, strict=True)]

    def of_seeds(self, number: int) -> list[list[float]] | None:
        """What is sought, by each training of a setting; none where a training lacks it."""
        each = [self.measured(name) for name in self.names(number)]
        found = [values for values in each if values is not None]
        return found if len(found) == len(each) else None

    def measured(self, trial: str) -> list[float] | None:
        """What is sought, in the last evaluation of a training; none where it has none."""
        run = self.study.run(trial)
        found = []
        for metric in self.metrics:
            value = run.seconds() if metric == SECONDS else last_value(run.evaluations(), metric)
            if value is None:
                return None
            found.append(value)
        return found

    def best(self, outcomes: Mapping[str, Outcome]) -> int | None:
        """The setting with the best mean of the first metric; none before all have ended."""
        ended = [self.outcomes(number, outcomes) for number in range(self.trials)]
        if any(found is None for found in ended):
            return None
        sign = 1 if self.better[self.metrics[0]] == "lower" else -1
        ranked = []
        for number, found in enumerate(ended):
            if found and all(outcome.state == "finished" for outcome in found):
                values = self.values(number)
                if values is not None:
                    ranked.append((sign * values[0], number))
        return min(ranked)[1] if ranked else None

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Whether the first training of a setting is worse than the middle of those before it were at this point."""
        metric, first = self.metrics[0], f"seed-{self.space.base.seed}"
        judged = trial.name.startswith("setting-") and trial.name.endswith(first) and evaluations[-1].images > 0
        if not judged or len(self.metrics) > 1 or metric == SECONDS or self.sampler == "one-at-a-time":
            return False
        runs = [self.study.run(self.names(number)[0]) for number in range(len(self.settings))]
        others = [run for run in runs if run.log.is_file() and run.folder != self.study.folder / trial.name]
        at = evaluations[-1].images
        reached = [[record for record in run.evaluations() if record.images == at] for run in others]
        values = [value for each in reached if (value := last_value(each, metric)) is not None]
        own = last_value(evaluations, metric)
        if own is None or len(values) < STARTUP:
            return False
        middle = float(np.median(values))
        return own > middle if self.better[metric] == "lower" else own < middle


def sweep(
    recipe: str | PathLike[str] | Recipe | None,
    *words: str,
    metric: str = "fid",
    trials: int = 20,
    seeds: int = 1,
    sampler: Sampler = "tpe",
    data: str | Path | None = None,
    epochs: int | None = None,
    study: str | PathLike[str] | None = None,
    storage: str | None = None,
    workers: int = 1,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
) -> Sweep:
    """Try settings of a space, and train the best again with fresh seeds; nothing is done twice.

    Args:
        recipe, data, epochs: as for ``condgan.train``.
        words: the space, as ``spaces.parse`` takes it; none, one at a time: the grids of ``grids.GRIDS``.
        metric: what is sought, or several, with commas between them.
        trials, seeds: settings, and trainings of each.
        sampler: who proposes settings.
        study: the folder; none: ``runs/RECIPE-sweep``.
        storage: an address that Optuna knows, as sqlite:///sweep.db; none: a journal in the folder.
        workers, say, looked: as for ``executor.work``.

    Raises:
        CondganError: the space is not valid, the data has too few images for a metric, or the folder has another study.
        InterruptedTrainingError: Ctrl-C, after all were saved.
    """
    base, _ = beginning.planned(recipe, (), data, epochs)
    if sampler == "one-at-a-time" and not words:
        listed, excluded = grids.of(base)
        words = tuple(listed)
        if excluded:
            say(f"left out, as {base.name} excludes them: {', '.join(excluded)}")
    metrics = tuple(name.strip() for name in arguments.text("metric", metric, "fid or fid,seconds").split(","))
    wrong = problems(metrics, trials, seeds, workers)
    try:
        space = parse(base, words)
    except CondganError as error:
        raise joined([error, *wrong]) from None
    if wrong:
        raise joined(wrong)
    source = space.base.data.source if data is None else str(data)
    placed = space.base.model_copy(
        update={"data": space.base.data.model_copy(update={"source": sources.place(source)})}
    )
    space = Space(placed, space.fields)
    folder = Path(study) if study is not None else Path("runs") / f"{base.name}-sweep"
    plan = Sweep(space, words, metrics, int(trials), int(seeds), sampler, Study(folder), storage)
    if plan.trials < trials:
        say(f"the space has {plan.trials} settings, and each is tried once")
    return work(plan, workers, say, looked)


def work(plan: Sweep, workers: int = 1, say: Say = print, looked: Looked = lambda _: None) -> Sweep:
    """Work on a sweep, a new one or one that goes on, and write the best setting as a recipe.

    Raises:
        CondganError, InterruptedTrainingError: as for ``sweep``.
    """
    plan.proposer.check()
    sought = [name for name in plan.metrics if name != SECONDS]
    executor.work(plan.study, plan, workers, say, looked, ready.checked(sought))
    best = plan.best(plan.study.read()[1])
    if best is not None:
        atomic(plan.study.folder / BEST, to_json(plan.trained(plan.setting(best), 0)).encode())
    return plan


def written(study: Study) -> Sweep:
    """The plan of a sweep.

    Raises:
        CondganError: it is another kind of study, or damaged; or it is kept in a database, whose address is not noted.
    """

    def build(base: Recipe, plan: dict[str, Any]) -> Sweep:
        if plan.get("database"):
            raise CondganError(f"{study.folder} is a sweep that is kept in a database: the same command continues it")
        space = Space(base, parse(base, plan["words"]).fields)
        told = tuple(plan["words"]), tuple(plan["metrics"]), int(plan["trials"]), int(plan["seeds"])
        return Sweep(space, *told, plan["sampler"], study)

    return study.restored(Sweep.kind, build)
