"""The same training with several seeds: how much of a figure is chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from condgan import arguments
from condgan.data import sources
from condgan.experiments import executor
from condgan.experiments.executor import Looked, Say
from condgan.experiments.study import Outcome, Study, Trial
from condgan.recipe import Recipe
from condgan.results.records import EvaluationRecord
from condgan.training import beginning

MOST = 1000


@dataclass(frozen=True)
class Seeds:
    """Trainings of seed, seed + 1, ...: ``seed-0``, ``seed-1``, ...; splits do not depend on them.

    Attributes:
        recipe: its seed is the first.
        count: of trainings.
    """

    recipe: Recipe
    count: int
    kind = "seeds"
    grows = "seeds"

    def __post_init__(self) -> None:
        """Check the count.

        Raises:
            ArgumentError: not 1 to 1000.
        """
        arguments.integer("seeds", self.count, 1, MOST, "trainings")

    def describe(self) -> dict[str, Any]:
        """The recipe and the number of seeds."""
        return {"seeds": self.count, "recipe": self.recipe.model_dump(mode="json")}

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """The first seed that has not begun."""
        for seed in range(self.recipe.seed, self.recipe.seed + self.count):
            if f"seed-{seed}" not in begun:
                return Trial(f"seed-{seed}", self.recipe.model_copy(update={"seed": seed}))
        return None

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Never: each seed counts."""
        return False


def train_seeds(
    recipe: str | PathLike[str] | Recipe | None = None,
    *overrides: str,
    seeds: int,
    data: str | Path | None = None,
    epochs: int | None = None,
    study: str | PathLike[str] | None = None,
    workers: int = 1,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
) -> Study:
    """Train a recipe with several seeds, each in a run of its own; what was done before is not done again.

    Args:
        recipe, overrides, data, epochs: as for ``condgan.train``; data is a built-in dataset or a path.
        seeds: how many, from that of the recipe on.
        study: the folder; none: ``runs/RECIPE-N-seeds``.
        workers: trainings at a time; each of several computes with its share of the cores.
        say, looked: as for ``executor.work``.

    Raises:
        CondganError: as for ``condgan.train``, or the folder has another study.
        InterruptedTrainingError: Ctrl-C, after all were saved.
    """
    planned, reason = beginning.planned(recipe, overrides, data, epochs)
    if data is not None or planned.data.source:
        source = planned.data.source if data is None else str(data)
        planned = planned.model_copy(update={"data": planned.data.model_copy(update={"source": sources.place(source)})})
    plan = Seeds(planned, arguments.integer("seeds", seeds, 1, MOST, "trainings"))
    if reason:
        say(reason)
    folder = Path(study) if study is not None else Path("runs") / f"{planned.name}-{seeds}-seeds"
    return work(Study(folder), plan, workers, say, looked)


def work(
    study: Study, plan: Seeds | None = None, workers: int = 1, say: Say = print, looked: Looked = lambda _: None
) -> Study:
    """Work on a study of seeds: a new one, or one that goes on as it was planned. Arguments as for ``train``."""
    executor.work(study, plan or written(study), workers, say, looked)
    return study


def written(study: Study) -> Seeds:
    """The plan of a study of seeds.

    Raises:
        CondganError: it is another kind of study, or damaged.
    """
    return study.restored(Seeds.kind, lambda recipe, plan: Seeds(recipe, int(plan["seeds"])))
