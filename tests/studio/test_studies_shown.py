"""Studies as the interface tells them: what was ordered, their arms, their verdicts, and which runs belong to them."""

import json
from pathlib import Path
from typing import Any

import pytest
from studios import client, written

from condgan import recipes
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Outcome, Study, Trial

API = "/api/v1"
DOMAIN = {"channels": 1, "size": 28, "class_names": ["0", "1"], "data": "mnist", "data_sha256": "0" * 64}


def studied(folder: Path, count: int, **fids: float) -> Study:
    """A study of arms, each with two finished trainings, of ``count`` that were ordered."""
    study = Study(folder)
    study.begin(Seeds(recipes.get("cgan-lsgan"), count))
    for arm, fid in fids.items():
        for seed in (0, 1):
            name = f"{arm}/seed-{seed}"
            study.began(Trial(name, recipes.get("cgan-lsgan")))
            run = written(folder / name, fid=fid + seed, name="cgan-lsgan" if arm == "a" else "cgan-bce")
            run.note_session({"domain": DOMAIN, "splits": {}}, {"step": 0})
            study.ended(Outcome(trial=name, state="finished"))
    return study


def test_a_study_tells_what_was_ordered_and_what_came_of_each_arm(tmp_path: Path) -> None:
    study = studied(tmp_path / "S", 6, a=4.0, b=9.0)
    study.began(Trial("a/seed-2", recipes.get("cgan-lsgan")))
    study.ended(Outcome(trial="a/seed-2", state="failed", reason="no room"))
    asking = client(tmp_path)
    found = asking.get(f"{API}/runs/S").json()
    assert (found["ordered"], len(found["begun"]), found["whole"], found["at_work"]) == (6, 5, False, False)
    assert found["command"].startswith("condgan train cgan-lsgan")
    assert {arm["name"]: arm["figures"]["fid"]["mean"] for arm in found["arms"]} == {"a": 4.5, "b": 9.5}
    assert {arm["name"]: arm["figures"]["fid"]["n"] for arm in found["arms"]} == {"a": 2, "b": 2}
    assert "loss.name" in found["fields"]
    last = found["arms"][0]["trials"][-1]
    assert (last["name"], last["state"], last["reason"], last["figures"]) == ("a/seed-2", "failed", "no room", {})
    (card,) = asking.get(f"{API}/runs").json()["runs"]
    assert (card["ordered"], card["ended"], card["state"]) == (6, 5, "open")
    with study.locked():
        assert asking.get(f"{API}/runs/S").json()["at_work"]
        assert asking.get(f"{API}/runs").json()["runs"][0]["state"] == "running"


def test_two_arms_are_compared_over_their_seeds(tmp_path: Path) -> None:
    studied(tmp_path / "S", 4, a=4.0, b=9.0)
    asking = client(tmp_path)
    found = asking.get(f"{API}/compare", params={"one": "S/a", "other": "S/b"})
    assert found.status_code == 200, found.text
    told = found.json()["figures"]["fid"]
    assert (told["a"]["mean"], told["b"]["mean"], told["a"]["n"]) == (4.5, 9.5, 2)
    for nothing in ("S/c", "S/logs", "S/../S/a", "a"):
        assert asking.get(f"{API}/compare", params={"one": nothing, "other": "S/b"}).status_code == 404, nothing


@pytest.mark.parametrize(("before", "after", "word"), [(9.0, 4.0, "cured"), (4.0, 9.0, "not-cured")])
def test_a_run_names_the_studies_that_it_belongs_to_and_that_cure_it(
    before: float, after: float, word: str, tmp_path: Path
) -> None:
    ill = written(tmp_path / "ill")
    cure = tmp_path / "20261128-cure"
    cure.mkdir()
    plan = {"recipe": recipes.get("cgan-lsgan").model_dump(mode="json"), "of": str(ill.folder), "tried": []}
    (cure / "study.json").write_text(json.dumps({"format": 1, "kind": "cure", "plan": plan}))
    study = studied(tmp_path / "S", 2, a=4.0)
    asking = client(tmp_path)

    def beside(name: str) -> list[tuple[str, Any]]:
        return [(one["study"], one["verdict"]) for one in asking.get(f"{API}/runs/{name}").json()["studies"]]

    assert beside("ill") == [("20261128-cure", None)]
    verdict = {
        "cured": word == "cured", "cure": ["loss.name=bce"], "before": {"fid": before}, "as_it_is": {"fid": before},
        "after": {"fid": after}, "run": "20261128-cure/cure-1/seed-1000", "of": str(ill.folder), "findings": [],
        "left": [], "table": [], "sentence": "So.",
    }  # fmt: skip
    (cure / "cure.json").write_text(json.dumps(verdict))
    study.journal.touch()
    assert asking.get(f"{API}/runs/20261128-cure").json()["of"] == "ill"
    assert asking.get(f"{API}/verdicts/20261128-cure").json()["found"]["verdict"] == word
    assert beside("ill") == [("20261128-cure", word)]
    assert beside("S/a/seed-0") == [("S", None)]


def test_claims_are_told_in_the_language_of_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "C"
    Study(folder).begin(Seeds(recipes.get("cgan-lsgan"), 1))
    claim = {"claim": "heart-over-fitting", "says": "It is so.", "verdict": "holds", "figure": "1 and 2"}
    (folder / "claims.json").write_text(json.dumps({"claims": [claim]}))
    asking = client(tmp_path)
    told = {
        lang: asking.get(f"{API}/verdicts/C", params={"lang": lang}).json()["found"]["claims"][0]["word"]
        for lang in ("en", "zh")
    }
    assert told["en"] == "Holds."
    assert told["zh"] == "成立。"
    (folder / "claims.json").write_text('{"claims": [1]}')
    assert asking.get(f"{API}/verdicts/C").status_code == 400


def test_a_run_tells_when_its_next_picture_is_due(tmp_path: Path) -> None:
    run = written(tmp_path / "a", 12, state="running")
    asking = client(tmp_path)
    assert asking.get(f"{API}/runs/a").json()["due"] is None  # before anything is known of its data
    run.note_session({"domain": DOMAIN, "splits": {"images": {"train": 640}, "trained_on": "train"}}, {"step": 0})
    due = asking.get(f"{API}/runs/a").json()["due"]
    # three epochs of ten steps, and the picture of the end is the next: 18 steps of a tenth of a second from the 12th
    assert due["grid"] == {"images": 1920, "epoch": 3.0, "left": pytest.approx(1.8)}


def test_a_training_that_waits_says_how_many_are_before_it(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name, state="stopped")
    asking = client(tmp_path)
    assert asking.get(f"{API}/runs/b").json()["turn"] is None
    for name in ("a", "b"):
        assert asking.post(f"{API}/runs/{name}/resume").status_code == 202
    told = asking.get(f"{API}/runs/b").json()["turn"]
    assert (told["ahead"], told["started"]) == (1, False)
    assert asking.delete(f"{API}/jobs/{told['id']}").status_code == 200
    assert asking.get(f"{API}/runs/b").json()["turn"] is None
