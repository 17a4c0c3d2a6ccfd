"""The folder of a study: its plan is kept, and its journal is read whatever was cut off it."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condgan.errors import CondganError
from condgan.experiments.seeds import Seeds, written
from condgan.experiments.study import Outcome, Study, Trial, inside
from condgan.recipe import builtin

RECIPE = builtin.get("cgan-lsgan", [])
STATES = st.sampled_from(["finished", "pruned", "diverged", "failed"])
Event = tuple[int, str | None]
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.none() | STATES), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(events=EVENTS, cut=st.integers(0, 400), more=EVENTS)
def test_a_journal_that_was_cut_is_read_to_the_cut_and_goes_on(
    tmp_path: Path, events: list, cut: int, more: list
) -> None:  # type: ignore[type-arg]
    study = Study(tmp_path)
    study.journal.unlink(missing_ok=True)

    def write(lines: list[Event]) -> None:
        for number, state in lines:
            if state is None:
                study.began(Trial(f"t-{number}", RECIPE))
            else:
                study.ended(Outcome(trial=f"t-{number}", state=state, reason="é\n"))  # type: ignore[arg-type]

    write(events)
    whole = study.journal.read_bytes() if events else b""
    kept = whole[: len(whole) - min(cut, len(whole))]
    study.journal.write_bytes(kept)
    outcomes = study.read()[1]
    lines = [json.loads(line) for line in kept.split(b"\n")[:-1]]
    expected = {line["trial"]: line["state"] for line in lines if "trial" in line}
    ended = kept.endswith(b"\n") or not kept  # else the last line is whole but for its end, or cut
    assert {name: outcome.state for name, outcome in outcomes.items()} == expected or not ended
    write(more)
    after = study.read()[1]
    latest = {f"t-{number}": state for number, state in more if state is not None}
    assert set(after) >= {*outcomes, *latest}
    assert all(after[name].state == state for name, state in latest.items())


@pytest.mark.parametrize(
    "line",
    ["null", "[1]", "{}", '{"trial": 5}', '{"began": "../x"}', '{"trial": "a", "state": "won"}', "[" * 10_000,
     "\x00\xff", '{"trial": "/etc", "state": "finished"}'],
)  # fmt: skip
def test_lines_that_are_no_records_are_left_out(tmp_path: Path, line: str) -> None:
    study = Study(tmp_path)
    study.began(Trial("seed-0", RECIPE))
    with open(study.journal, "a", encoding="utf-8") as journal:
        journal.write(line + "\n")
    study.ended(Outcome(trial="seed-0", state="finished"))
    begun, outcomes = study.read()
    assert begun[0] == "seed-0"
    assert outcomes["seed-0"].state == "finished"
    assert all(inside(name) for name in begun)


def test_another_plan_is_refused_with_what_differs(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(Seeds(RECIPE, 3))
    study.begin(Seeds(RECIPE, 3))
    assert written(Study.open(study.folder)) == Seeds(RECIPE, 3)
    with pytest.raises(CondganError, match=r"another study \(seeds 3, given 2\)"):
        study.begin(Seeds(RECIPE, 2))
    other = builtin.get("cgan-lsgan", ["train.batch=128"])
    with pytest.raises(CondganError, match=r"\(train\.batch 64, given 128\)"):
        study.begin(Seeds(other, 3))


def test_a_study_of_seeds_can_grow(tmp_path: Path) -> None:
    study = Study(tmp_path / "study")
    study.begin(Seeds(RECIPE, 3))
    with study.locked(), pytest.raises(CondganError, match="another process works on"):
        Study(study.folder).begin(Seeds(RECIPE, 5))
    assert written(study).count == 3
    study.begin(Seeds(RECIPE, 5))
    assert written(study).count == 5
    with pytest.raises(CondganError, match=r"train\.batch"):  # grown, and changed
        study.begin(Seeds(builtin.get("cgan-lsgan", ["train.batch=128"]), 7))


def test_folders_of_something_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(CondganError, match="exists and is no study"):
        Study(tmp_path).begin(Seeds(RECIPE, 1))
    with pytest.raises(CondganError, match="is not a study"):
        Study.open(tmp_path)
    for text in ("", "{", "[]", '{"format": 1}', '{"format": 1, "kind": 3, "plan": {}}', "[" * 10_000):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(CondganError, match="is damaged"):
            Study.open(tmp_path)
    (tmp_path / "study.json").write_text('{"format": 9, "kind": "seeds", "plan": {}}')
    with pytest.raises(CondganError, match="upgrade condgan"):
        Study.open(tmp_path)


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_the_number_of_seeds_is_checked(count: int) -> None:
    with pytest.raises(CondganError, match="expected 1 to 1000"):
        Seeds(RECIPE, count)


def test_a_study_goes_on_with_a_version_whose_recipes_have_more_fields(tmp_path: Path) -> None:
    study, plan = Study(tmp_path / "S"), Seeds(builtin.get("cgan-lsgan"), 2)
    study.begin(plan)
    written_then = json.loads(study.plan_file.read_text())
    del written_then["plan"]["recipe"]["latent"]["correlation"]
    study.plan_file.write_text(json.dumps(written_then))
    study.begin(plan)
    with pytest.raises(CondganError, match=r"latent.dim 100, given 5"):
        study.begin(Seeds(builtin.get("cgan-lsgan", ["latent.dim=5"]), 2))
