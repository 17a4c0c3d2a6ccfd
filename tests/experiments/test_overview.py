"""The overview of a study: what sets its arms apart, and their figures over seeds."""

import statistics
from pathlib import Path
from typing import Any

import pytest

from condgan import recipes
from condgan.experiments import overview
from condgan.experiments.seeds import Seeds
from condgan.experiments.spaces import parse
from condgan.experiments.study import Outcome, Study, Trial
from condgan.experiments.sweep import Sweep
from condgan.reports import planned
from condgan.runs.run import Run
from condgan.verdicts.plan import Plan

BASE = recipes.get("cgan-lsgan")
RATES = ("optim.g.lr=0.001", "optim.d.lr=0.001")


def begun(folder: Path, trials: dict[str, tuple[str, ...]]) -> Study:
    """A study whose trainings have recipes, and nothing else."""
    study = Study(folder)
    study.begin(Seeds(BASE, len(trials)))
    for number, (name, overrides) in enumerate(trials.items()):
        recipe = recipes.get("cgan-lsgan", [*overrides, f"seed={number}"])
        study.began(Trial(name, recipe))
        Run.create(recipe, folder / name)
    return study


def test_arms_are_told_apart_by_what_differs_and_their_figures_are_over_those_that_finished(tmp_path: Path) -> None:
    trials = {"a/seed-0": (), "b/seed-0": (*RATES, "train.batch=32"), "a/seed-1": (), "a/seed-2": (), "a/seed-3": ()}
    study = begun(tmp_path / "S", trials)
    values = {"a/seed-0": 4.0, "a/seed-1": 7.0, "a/seed-2": 8.0, "a/seed-3": 100.0, "b/seed-0": 2.0}
    for name, state in zip(trials, ("finished", "finished", "finished", "finished", "diverged"), strict=True):
        study.ended(Outcome(trial=name, state=state))  # type: ignore[arg-type]
    found = overview.of(study, {name: {"fid": value} for name, value in values.items()})
    assert set(found.fields) == {"optim.lr", "train.batch"}  # both networks have the same rate; seeds are no setting
    assert [arm.name for arm in found.arms] == ["a", "b"]
    one, other = found.arms
    assert one.trials == ("a/seed-0", "a/seed-1", "a/seed-2", "a/seed-3")
    finished = [values[name] for name in one.trials[:3]]
    assert one.figures["fid"].mean == pytest.approx(statistics.mean(finished))
    assert one.figures["fid"].spread == pytest.approx(statistics.stdev(finished))
    assert (other.figures["fid"].mean, other.figures["fid"].spread) == (2.0, None)
    told = dict(zip(found.fields, other.settings, strict=True))
    assert (told["optim.lr"], told["train.batch"]) == ("0.001", "32")


def test_rates_that_differ_between_the_networks_are_told_apart(tmp_path: Path) -> None:
    found = overview.of(begun(tmp_path / "S", {"a/seed-0": (), "b/seed-0": RATES[:1]}), {})
    assert found.fields == ("optim.g.lr",)


def test_trainings_in_the_study_itself_are_one_arm(tmp_path: Path) -> None:
    study = begun(tmp_path / "S", {"seed-0": (), "seed-1": ()})
    study.write({"began": "seed-2"})  # which has no folder yet
    (arm,) = overview.of(study, {}).arms
    assert (arm.name, arm.trials, arm.figures) == ("", ("seed-0", "seed-1", "seed-2"), {})


def test_a_study_is_at_work_while_a_process_holds_it(tmp_path: Path) -> None:
    study = begun(tmp_path / "S", {"seed-0": ()})
    assert not overview.at_work(study)
    with study.locked():
        assert overview.at_work(study)
    assert not overview.at_work(study)


@pytest.mark.parametrize("kind", ["seeds", "sweep", "worth"])
def test_as_many_trainings_are_ordered_as_the_plan_asks_for(kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    study = Study(tmp_path / "S")
    words = ("loss.name=bce,least-squares", "train.batch=32,64")
    if kind == "seeds":
        plan: Any = Seeds(BASE, 4)
    elif kind == "worth":
        plan = Plan(BASE, 5.0)
    else:
        plan = Sweep(parse(BASE, words), words, ("fid",), 9, 2, "one-at-a-time", study)
        monkeypatch.setattr(Sweep, "values", lambda self, number: [float(number)])
    study.begin(plan)
    outcomes: dict[str, Outcome] = {}
    while (trial := plan.next([*outcomes], outcomes)) is not None:
        outcomes[trial.name] = Outcome(trial=trial.name, state="finished")
    assert planned.ordered(study) == len(outcomes) > 1
