"""Every claim can be answered: its trainings exist, and its judge decides as its numbers say."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan import cli
from condgan.claims import arms, parzen, reproduce
from condgan.claims.arms import ARMS, Arm
from condgan.claims.claim import WORDS, Claim
from condgan.claims.evidence import Evidence, MissingError
from condgan.claims.judges import at_least, best_of, better, not_worse
from condgan.claims.reproduce import CLAIMS
from condgan.claims.sources import SOURCES
from condgan.errors import CondganError
from condgan.experiments.study import Study


def test_the_tables_belong_together() -> None:
    used = {arm for claim in CLAIMS.values() for arm in claim.arms}
    assert used == set(ARMS)
    assert {claim.source for claim in CLAIMS.values()} == set(SOURCES)
    for claim in CLAIMS.values():
        assert claim.says.endswith(".")
        assert claim.protocol.endswith(".")
        assert len(set(claim.arms)) == len(claim.arms)


@pytest.mark.parametrize("name", ARMS)
def test_each_training_is_a_valid_recipe_that_keeps_what_is_measured(name: str) -> None:
    arm = ARMS[name]
    for budget in ("quick", "full"):
        if budget == "quick" and not arm.quick:
            continue
        recipe = arm.recipe(budget, "few.npz")
        moments = arm.measured(budget)
        assert moments[-1] == recipe.train.epochs
        assert recipe.output.keep_every is not None
        assert all(epoch % recipe.output.keep_every == 0 or epoch == recipe.train.epochs for epoch in moments)
        assert recipe.evaluation.every is None
        assert (recipe.data.source == "few.npz") == (budget == "quick" or arm.few)
        if not arm.few and budget == "full":
            assert recipe.data.train_on == "auto" or name == "convolutions"


class Numbers(Evidence):
    """Evidence of given numbers: values of each arm."""

    def __init__(self, values: Mapping[str, tuple[float, ...]], budget: Any = "full", epochs: int = 100) -> None:
        self.given, self.budget, self.epochs = values, budget, epochs

    def values(self, arm: str, metric: str, epoch: int | None = None) -> tuple[float, ...]:
        if arm not in self.given:
            raise MissingError(f"{arm} has not been trained")
        return self.given[arm]

    def last(self, arm: str) -> int:
        return self.epochs


A, LOW, ALIKE = (1.0, 1.01, 0.99), (0.5, 0.51, 0.49), (1.005, 0.995, 1.01)


@pytest.mark.parametrize(
    ("judge", "b", "verdict"),
    [
        (better("a", "b", "fid"), LOW, "holds"),  # a lower distance
        (better("a", "b", "recall"), LOW, "does-not-hold"),  # and a lower recall
        (better("a", "b", "fid", "recall"), LOW, "cannot-tell"),  # one says so, one the opposite
        (better("a", "b", "fid"), ALIKE, "does-not-hold"),  # half would have shown
        (better("a", "b", "fid"), (0.2, 1.0, 1.8), "cannot-tell"),
        (better("a", "b", "fid"), (0.5,), "cannot-tell"),
        (not_worse("a", "b", "fid", 0.1), ALIKE, "holds"),
        (not_worse("a", "b", "fid", 0.1), LOW, "holds"),
        (not_worse("a", "b", "fid", 0.1), (1.5, 1.51, 1.52), "does-not-hold"),
        (not_worse("a", "b", "recall", 0.1), (1.5, 1.51, 1.52), "holds"),
        (not_worse("a", "b", "fid", 0.1), (0.7, 1.1, 1.5), "cannot-tell"),
    ],
)
def test_comparisons_are_judged_by_their_numbers(judge: Any, b: tuple[float, ...], verdict: str) -> None:
    answer = judge(Numbers({"a": A, "b": b}))
    assert answer.verdict == verdict
    assert f"{np.mean(b):.4g}" in answer.figure


def test_a_bound_is_not_missed_before_its_time() -> None:
    judge = at_least("a", "label_accuracy", 0.95, 100)
    assert judge(Numbers({"a": (0.96,)})).verdict == "holds"
    assert judge(Numbers({"a": (0.9,)})).verdict == "does-not-hold"
    assert judge(Numbers({"a": (0.9,)}, epochs=50)).verdict == "cannot-tell"
    assert judge(Numbers({"a": (0.9,)}, budget="quick")).verdict == "cannot-tell"


def test_the_best_is_the_best() -> None:
    judge = best_of("a", ("b", "c"), "fid")
    assert judge(Numbers({"a": A, "b": (2.0, 2.0, 2.1), "c": (3.0, 3.0, 3.1)})).verdict == "holds"
    assert judge(Numbers({"a": A, "b": LOW, "c": A})).verdict == "does-not-hold"
    assert judge(Numbers({"a": A, "b": (0.9, 1.0, 1.0), "c": A})).verdict == "cannot-tell"


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_without_trainings_nothing_is_claimed(budget: Any, tmp_path: Path) -> None:
    results = reproduce.reproduce(budget=budget, study=tmp_path / "S", train=False)
    assert [one.claim.name for one in results] == [*CLAIMS]
    assert {one.answer.verdict for one in results} <= {"cannot-tell", "not-tested"}
    untrained = [one for one in results if "has not been trained" in one.answer.figure]
    assert untrained
    assert {one.answer.verdict for one in untrained} == {"not-tested"}
    saved = json.loads((tmp_path / "S" / "claims.json").read_text())["claims"]
    assert all({"claim", "verdict", "figure", "protocol", "runs"} <= set(one) for one in saved)
    assert all(one["verdict"] in WORDS for one in saved)


@pytest.mark.parametrize("budget", ["quick", "full"])
def test_what_takes_no_training_is_not_computed_without(budget: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Centres of k-means take minutes; those that are kept answer."""

    def never(*_: object) -> float:
        raise AssertionError("it is computed")

    monkeypatch.setattr(parzen, "of", never)
    [one] = reproduce.reproduce("parzen-283", budget=budget, study=tmp_path / "S", train=False)
    assert one.answer.verdict == "not-tested"
    assert "`train=False`" in one.answer.figure
    for name, value in (("real", 200.0), ("means", 300.0)):
        (tmp_path / "S" / "moments").mkdir(exist_ok=True)
        (tmp_path / "S" / "moments" / f"parzen-{name}-{budget}.json").write_text(str(value))
    [one] = reproduce.reproduce("parzen-283", budget=budget, study=tmp_path / "S", train=False)
    assert one.answer.verdict == "does-not-hold"
    assert "300.0" in one.answer.figure


def test_a_claim_is_answered_by_trainings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    small = ("generator.hidden=16", "discriminator.hidden=16", "machine.threads=1")
    table = {
        name: Arm(name, "cgan-lsgan", (*small, f"optim.lr={rate}"), quick=1)
        for name, rate in (("a", 1e-9), ("b", 5e-3))
    }
    monkeypatch.setattr(arms, "ARMS", table)
    monkeypatch.setattr(reproduce, "QUICK_SEEDS", 1)
    claim = Claim(
        "faster", "least-squares", "A higher rate learns faster.", "One epoch.", ("a", "b"), better("a", "b", "fid")
    )
    monkeypatch.setitem(CLAIMS, "faster", claim)
    words = ["reproduce", "faster", "--study", str(tmp_path / "S"), "--json", "--workers"]
    told = {}
    for turn, workers in enumerate(("2", "2", "1")):
        if turn == 2:
            shutil.rmtree(tmp_path / "S" / "moments")
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words, workers])
        shown = capsys.readouterr()
        assert stopped.value.code == 0, shown.err
        told[turn] = json.loads(shown.out)["claims"]
        assert ("begins" in shown.err) == (turn == 0)  # nothing is done twice
        assert ("measured 2 of 2 moments" in shown.err) == (turn == 0)  # by two processes
        assert ("measures a/seed-0 after epoch 1" in shown.err) == (turn == 2)  # by this one
    assert told[0] == told[1] == told[2]
    (one,) = told[0]
    values = {
        arm: json.loads((tmp_path / "S" / "moments" / f"{arm}-seed-0-0001.json").read_text())["fid_mnist"]["value"]
        for arm in "ab"
    }
    assert all(f"{arm} {value:.4g} (n 1)" in one["figure"] for arm, value in values.items())
    assert one["verdict"] == "cannot-tell"  # of one training a side
    assert [Path(path).relative_to(tmp_path / "S").as_posix() for path in one["runs"]] == [
        f"{arm}/seed-0" for arm in "ab"
    ]
    assert Path(one["picture"]).is_file()
    study = Study(tmp_path / "S")
    recipe = study.run("a/seed-0").recipe
    with np.load(recipe.data.source) as few:
        assert np.bincount(few["train_labels"]).tolist() == [600] * 10


def test_bad_requests_are_one_line(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["reproduce", "ordr", "--study", str(tmp_path / "S")])
    assert stopped.value.code == 2
    assert 'unknown claim "ordr" (did you mean "order"?)' in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    with pytest.raises(CondganError, match="is no study"):
        reproduce.reproduce("order", study=tmp_path / "mine")
    with pytest.raises(CondganError, match="budget=some"):
        reproduce.reproduce("order", budget="some", study=tmp_path / "S")  # type: ignore[arg-type]
