"""The plan of a cure: what is tried against the faults of a run, for how long, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from condgan.diagnosis.alarms import Finding
from condgan.errors import CondganError
from condgan.experiments.study import Outcome, Study, Trial
from condgan.experiments.table import last_value
from condgan.recipe import Recipe
from condgan.recipe.text import override
from condgan.results.records import EvaluationRecord, of_kind

NONE, TOGETHER = "as-it-is", "together"
FROM_ITS_WEIGHTS = (
    "discriminator-too-strong", "generator-too-strong", "oscillation", "over-training", "memorisation",
    "learning-rates-out-of-balance",
)  # fmt: skip
"""Faults that leave a generator from which training can go on; after others it begins anew."""
LENGTHS = ("train.epochs=", "evaluation.")  # advice that a branch of fixed length cannot try
SEEDS, FRESH = 2, 1000  # trainings of each; from the first seeds to those that confirm
MOST = 6  # cures
METRIC = "fid"

Overrides = tuple[str, ...]


def candidates(recipe: Recipe, findings: Sequence[Finding]) -> dict[str, Overrides]:
    """What is tried, by name: ``NONE``, and one cure at a time; settings of optimisers, which go together, are one."""
    found: list[Overrides] = [()]
    for finding in findings:
        advice = [one for one in finding.advice if not one.startswith(LENGTHS)]
        optim = tuple(one for one in advice if one.startswith("optim."))
        for overrides in (*((optim,) if optim else ()), *((one,) for one in advice if one not in optim)):
            if overrides not in found and changes(recipe, overrides) and len(found) <= MOST:
                found.append(overrides)
    return named(found)


def named(tried: Sequence[Overrides]) -> dict[str, Overrides]:
    """Overrides by the names of their branches; the first are none."""
    return {f"cure-{number}" if number else NONE: overrides for number, overrides in enumerate(tried)}


def changes(recipe: Recipe, overrides: Overrides) -> bool:
    """Whether overrides are valid for a recipe, and change it."""
    try:
        return override(recipe, overrides) != recipe
    except CondganError:
        return False


def trainings(tried: Mapping[str, Overrides]) -> int:
    """How many, at most."""
    return SEEDS * (len(tried) + 3)


def best(values: Mapping[str, float]) -> str:
    """The name with the lowest Frechet distance; ``NONE`` where nothing could be measured."""
    known = {name: value for name, value in values.items() if np.isfinite(value)}
    return min(known, key=known.__getitem__) if known else NONE


@dataclass(frozen=True, eq=False)
class Cures:
    """Branches of a run: each cure, then the two best together, then the best and none with fresh seeds.

    Attributes:
        study: of the branches.
        recipe: of the run, with the epochs of a branch.
        tried: overrides by name.
        of: the folder of the run.
        from_its_weights: whether they begin with those; else anew.
    """

    study: Study
    recipe: Recipe
    tried: dict[str, Overrides]
    of: str
    from_its_weights: bool
    kind = "cure"
    grows = None
    measured: dict[str, float | None] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """All of it."""
        tried = [list(overrides) for overrides in self.tried.values() if overrides]
        recipe = self.recipe.model_dump(mode="json")
        return {"recipe": recipe, "tried": tried, "of": self.of, "from_its_weights": self.from_its_weights}

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        """Each stage once the one before it has ended."""
        for stage in (self.first, self.second, self.third):
            names = stage(outcomes)
            for name in names:
                if name not in begun:
                    return self.trial(name)
            if any(name not in outcomes for name in names):
                return None
        return None

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        """Never."""
        return False

    def first(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        """Each cure, and none."""
        return [f"{name}/seed-{seed}" for seed in range(SEEDS) for name in self.tried]

    def second(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        """The two best cures together, where two are better than none."""
        return [f"{TOGETHER}/seed-{seed}" for seed in range(SEEDS)] if self.overrides(TOGETHER) else []

    def third(self, outcomes: Mapping[str, Outcome]) -> list[str]:
        """The best and none, with fresh seeds; nothing where none is best."""
        chosen = self.chosen()
        if chosen == NONE:
            return []
        return [f"{name}/seed-{FRESH + seed}" for seed in range(SEEDS) for name in (NONE, chosen)]

    def overrides(self, name: str) -> Overrides:
        """Of a branch; of ``TOGETHER`` none where no two cures go together."""
        if name != TOGETHER:
            return self.tried[name]
        values = {one: self.value(one) for one in self.tried}
        better = sorted((one for one in values if values[one] < values[NONE]), key=values.__getitem__)[:2]
        both = tuple(text for one in better for text in self.tried[one])
        return both if len(better) == 2 and changes(self.recipe, both) else ()

    def trial(self, name: str) -> Trial:
        """The training of a name."""
        cure, _, seed = name.partition("/seed-")
        overrides = self.overrides(cure)
        recipe = override(self.recipe, overrides)
        notes = (*recipe.notes, f"a branch of {self.of}{': ' + ' '.join(overrides) if overrides else ', as it is'}")
        seeded = recipe.model_copy(update={"seed": self.recipe.seed + int(seed), "notes": notes})
        return Trial(name, seeded, start=self.of if self.from_its_weights else None)

    def chosen(self) -> str:
        """The best of the first seeds; ``NONE`` where no cure is better."""
        names = [*self.tried, *([TOGETHER] if self.overrides(TOGETHER) else [])]
        return best({name: self.value(name) for name in names})

    def value(self, name: str, first: int = 0) -> float:
        """The mean Frechet distance of a branch's trainings from a seed on; infinite where one has none."""
        values = [self.of_run(f"{name}/seed-{first + seed}") for seed in range(SEEDS)]
        return float(np.mean([np.inf if value is None else value for value in values]))

    def of_run(self, name: str) -> float | None:
        """The Frechet distance at the end of a training."""
        if name not in self.measured:
            outcome = self.study.read()[1].get(name)
            if outcome is None:
                return None
            finished = outcome.state == "finished"
            records = of_kind(self.study.run(name).records(), EvaluationRecord) if finished else []
            self.measured[name] = last_value(records, METRIC)
        return self.measured[name]
