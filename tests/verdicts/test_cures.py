"""What a cure tries, in which order, and what it keeps; one is made on a training that is ill on purpose."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import cli
from condgan.diagnosis.alarms import Finding
from condgan.diagnosis.diagnosis import Diagnosis
from condgan.errors import CondganError
from condgan.experiments.study import Outcome, Study
from condgan.recipe import builtin
from condgan.recipe.builtin import differences
from condgan.verdicts import cures
from condgan.verdicts.cure import Cure
from condgan.verdicts.cures import NONE, TOGETHER, Cures
from conftest import strict

RECIPE = builtin.get("mnist-fast", ["train.epochs=1"])
FINDING = Finding(
    "It is ill.", "by its numbers", kind="oscillation",
    advice=("optim.g.lr=1e-4", "optim.d.lr=1e-4", "train.ema=0.99", "discriminator.dropout=0.4", "train.epochs=9"),
)  # fmt: skip


def plan(folder: Path, values: dict[str, float | None]) -> Cures:
    """A plan whose branches have these Frechet distances, with any seed."""
    made = Cures(Study(folder), RECIPE, cures.candidates(RECIPE, [FINDING]), "/runs/a: b", False)
    seeds = (0, 1, cures.FRESH, cures.FRESH + 1)
    made.measured.update({f"{name}/seed-{seed}": value for name, value in values.items() for seed in seeds})
    return made


def worked(made: Cures) -> list[str]:
    """The trials of a plan, one after the other."""
    outcomes: dict[str, Outcome] = {}
    while (trial := made.next([*outcomes], outcomes)) is not None:
        assert len(outcomes) < 30
        outcomes[trial.name] = Outcome(trial=trial.name, state="finished")
    return [*outcomes]


def test_each_advice_is_tried_alone_and_rates_together() -> None:
    tried = cures.candidates(RECIPE, [FINDING, FINDING, Finding("", "", advice=("train.ema=0.99", "loss.name=none"))])
    assert tried[NONE] == ()
    assert [*tried.values()][1:] == [
        ("optim.g.lr=1e-4", "optim.d.lr=1e-4"), ("train.ema=0.99",), ("discriminator.dropout=0.4",)
    ]  # fmt: skip
    many = [Finding("", "", advice=tuple(f"train.ema=0.9{number}" for number in range(20)))]
    assert len(cures.candidates(RECIPE, many)) == 1 + cures.MOST


def test_the_two_best_are_tried_together_and_the_best_with_fresh_seeds(tmp_path: Path) -> None:
    made = plan(tmp_path, {NONE: 9.0, "cure-1": 5.0, "cure-2": 12.0, "cure-3": 4.0, TOGETHER: 3.0})
    names = worked(made)
    assert names[:4] == [f"{name}/seed-0" for name in (NONE, "cure-1", "cure-2", "cure-3")]
    assert names[8:10] == [f"{TOGETHER}/seed-{seed}" for seed in (0, 1)]
    assert names[10:] == [f"{name}/seed-{seed}" for seed in (1000, 1001) for name in (NONE, TOGETHER)]
    assert made.chosen() == TOGETHER
    assert made.overrides(TOGETHER) == ("discriminator.dropout=0.4", "optim.g.lr=1e-4", "optim.d.lr=1e-4")
    trial = made.trial(f"{TOGETHER}/seed-1000")
    assert trial.recipe.seed == RECIPE.seed + 1000
    assert trial.recipe.discriminator.dropout == 0.4
    assert trial.recipe.notes[-1].startswith("a branch of /runs/a: b: discriminator.dropout=0.4")


def test_where_nothing_is_better_nothing_is_trained_again(tmp_path: Path) -> None:
    made = plan(tmp_path, {NONE: 1.0, "cure-1": 5.0, "cure-2": None, "cure-3": 4.0})
    assert len(worked(made)) == 8
    assert made.chosen() == NONE


def test_one_better_cure_is_not_joined_with_another(tmp_path: Path) -> None:
    made = plan(tmp_path, {NONE: 6.0, "cure-1": 5.0, "cure-2": 8.0, "cure-3": 7.0})
    assert not any(name.startswith(TOGETHER) for name in worked(made))
    assert made.chosen() == "cure-1"


def test_a_branch_that_diverged_is_no_cure(tmp_path: Path) -> None:
    made = plan(tmp_path, {NONE: None, "cure-1": None, "cure-2": 8.0, "cure-3": None})
    assert made.chosen() == "cure-2"


def test_it_goes_on_as_it_was_planned(tmp_path: Path) -> None:
    from condgan.verdicts import cure

    made = plan(tmp_path / "S", {})
    made.study.begin(made)
    again = cure.written(made.study)
    assert again.describe() == made.describe()
    assert not differences(again.recipe, RECIPE)


INFINITE = float("inf")


@pytest.mark.parametrize(
    ("none", "after", "left", "values", "cured", "says"),
    [
        (9.0, 2.0, (), (9.0, 2.0), True, "Cured of oscillation"),
        (9.0, 2.0, ("oscillation",), (9.0, 2.0), False, "Better, not cured (oscillation is left)"),
        (2.0, 9.0, ("oscillation",), (9.0, 2.0), False, "Not cured of oscillation"),  # the first seeds flattered it
        (2.0, 9.0, (), (9.0, 2.0), False, "Not cured of oscillation"),
        (None, 2.0, (), (INFINITE, 2.0), True, "Frechet distance none as it is, 2 with"),  # as it is, it diverges
        (None, None, (), (1.0, 2.0), False, "nothing that was tried is better"),
        (None, None, (), (INFINITE, INFINITE), False, "no branch has a Frechet distance"),
    ],
)
def test_it_says_what_the_branches_say(
    none: float | None, after: float | None, left: tuple[str, ...], values: tuple[float, ...], cured: bool, says: str
) -> None:
    found = Diagnosis((FINDING,), 10, 2, 200, ())
    figures = [None if value is None else {"fid": value} for value in (none, after)]
    table = tuple(((), value) for value in values)
    made = Cure("a", Study("S"), found, ("train.ema=0.9",), None, *figures, left, table)
    assert says in made.sentence()
    assert made.as_json()["cured"] is cured
    assert strict(json.dumps(made.as_json()))["table"][0]["fid"] == (values[0] if np.isfinite(values[0]) else None)


def test_bad_requests_are_one_line(tmp_path: Path, capsys: Any) -> None:
    for words, expected in (
        (["cure", str(tmp_path / "none")], "no run folder"),
        (["cure", str(tmp_path), "--minutes", "5"], "is no run"),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main(words)
        error = capsys.readouterr().err
        assert stopped.value.code == 2
        assert len(error.strip().splitlines()) == 1, error
        assert expected in error or "run" in error


def test_pictures_of_before_and_after_are_drawn(tmp_path: Path, tiny: dict[str, tuple[str, ...]]) -> None:
    from condgan.verdicts import cure

    random = np.random.default_rng(0)
    data = random.integers(0, 256, (60, 8, 8), dtype=np.uint8), np.arange(60) % 3
    words = ("cgan-bce", *tiny["cgan-bce"], "train.epochs=1")
    one, other = (condgan.train(*words, data=data, run=tmp_path / name) for name in "ab")
    study = Study(tmp_path / "S")
    study.folder.mkdir()
    cure.picture(study, one, other)
    with Image.open(study.folder / cure.PICTURE) as image:
        assert image.width > 2 * 3 * 8


@pytest.mark.slow
def test_a_rate_that_is_far_too_high_is_cured(tmp_path: Path, capsys: Any) -> None:
    small = ("generator.width=8", "discriminator.width=8", "train.batch=256", "train.epochs=1")
    measured = ("evaluation.images=2000", "evaluation.every=20000")
    run = condgan.train("mnist-fast", *small, *measured, "optim.lr=0.02", run=tmp_path / "a")
    with pytest.raises(SystemExit) as stopped:
        cli.main(["cure", str(run.folder), "--minutes", "30", "--json"])
    shown = capsys.readouterr()
    assert stopped.value.code == 0, shown.err
    found = json.loads(shown.out)
    assert found["findings"]
    assert found["after"]["fid"] < found["as_it_is"]["fid"]
    assert (Path(found["study"]) / "before-and-after.png").is_file()
    kept = condgan.Run(found["run"])
    assert kept.recipe.notes[-1].startswith(f"a branch of {run.folder}")
    with pytest.raises(CondganError, match="minutes"):
        condgan.cure(run, minutes=0)
