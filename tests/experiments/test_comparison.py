"""Comparing trainings: what differs in recipes, verdicts, refusals, and pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import cli, recipes
from condgan.errors import CondganError
from condgan.experiments import evaluating, trainings
from condgan.experiments.seeds import Seeds
from condgan.experiments.spaces import parse
from condgan.experiments.study import Study
from condgan.experiments.sweep import Sweep
from condgan.recipe import Domain
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord, to_line
from condgan.runs.run import Run

DOMAIN = Domain(channels=1, size=28, class_names=("a", "b"), data="letters", data_sha256="0" * 64)


def run(folder: Path, *overrides: str, domain: Domain = DOMAIN, evaluations: Sequence[dict[str, float]]) -> Run:
    """A run folder with these evaluations, one an epoch, of a training that was not made."""
    made = Run.create(recipes.get("cgan-lsgan", overrides), folder)
    made.note_session({"domain": domain.model_dump(mode="json"), "splits": {}}, {"step": 0})
    records = [
        EvaluationRecord(
            step=10 * epoch, images=640 * epoch, epoch=float(epoch),
            evaluation={name: Figure(metric=name, value=value, se=0.01) for name, value in figures.items()},
        )
        for epoch, figures in enumerate(evaluations, 1)
    ]  # fmt: skip
    made.log.write_text("".join(to_line(record) + "\n" for record in records))
    return made


def group(folder: Path, values: Sequence[float], *overrides: str, **rest: Any) -> Path:
    """A folder of runs that differ in their seed, with this last label accuracy each."""
    for seed, value in enumerate(values):
        figures = [
            {"label_accuracy": 0.1, "recall": 0.1 + 0.01 * seed},
            {"label_accuracy": value, "recall": 0.5 + 0.01 * seed},
        ]
        run(folder / f"seed-{seed}", f"seed={seed}", *overrides, evaluations=figures, **rest)
    return folder


def test_what_differs_and_what_is_better(tmp_path: Path) -> None:
    a = group(tmp_path / "A", (0.90, 0.91, 0.92))
    b = group(tmp_path / "B", (0.97, 0.98, 0.985), "train.batch=32", "optim.g.lr=1e-3")
    found = condgan.compare(a, b)
    assert found.recipes == {"optim.g.lr": ("0.0002", "0.001"), "train.batch": ("64", "32")}
    told = found.as_json()["figures"]
    accuracy = told["label_accuracy"]
    assert accuracy["verdict"] == "better"
    assert accuracy["a"] == {"mean": pytest.approx(0.91), "spread": pytest.approx(0.01), "n": 3}
    assert accuracy["difference"] == pytest.approx(np.mean((0.97, 0.98, 0.985)) - 0.91)
    assert accuracy["low"] < accuracy["difference"] < accuracy["high"]
    assert told["recall"]["verdict"] == "not-distinguishable"
    assert condgan.compare(b, a).as_json()["figures"]["label_accuracy"]["verdict"] == "worse"


def test_moments_of_a_training_are_compared(tmp_path: Path) -> None:
    a = group(tmp_path / "A", (0.90, 0.91, 0.92))
    told = condgan.compare(f"{a}@1", a).as_json()
    assert told["figures"]["label_accuracy"]["a"]["mean"] == pytest.approx(0.1)
    assert told["figures"]["label_accuracy"]["b"]["mean"] == pytest.approx(0.91)
    assert [side["epoch"] for side in told["sides"]] == [1, 2]
    assert told["recipes"] == {}
    with pytest.raises(CondganError, match="no figures of epoch 3"):
        condgan.compare(f"{a}@3", a)


def test_one_training_cannot_know(tmp_path: Path) -> None:
    a, b = group(tmp_path / "A", (0.1, 0.2)), group(tmp_path / "B", (0.9, 0.9, 0.91), "train.batch=32")
    found = condgan.compare(a / "seed-0", b)
    assert {one.verdict for pair in found.pairs for one in pair.figures.values()} == {"cannot-know"}
    assert any("one training" in notice for notice in found.notices)


def test_several_are_compared_with_the_first_and_judged_together(tmp_path: Path) -> None:
    shifts = {"A": 0.0, "B": 0.04, "C": 0.0, "D": 0.0, "E": 0.0}
    sides = [
        group(tmp_path / name, np.linspace(0.90, 0.92, 3) + shift, f"train.batch={16 << place}")
        for place, (name, shift) in enumerate(shifts.items())
    ]
    two, all_five = condgan.compare(*sides[:2]), condgan.compare(*sides)
    assert [(pair.a, pair.b) for pair in all_five.pairs] == [(str(sides[0]), str(other)) for other in sides[1:]]
    assert "figures" not in all_five.as_json()
    alone, together = (found.pairs[0].figures["label_accuracy"] for found in (two, all_five))
    assert alone.p == together.p
    assert 0.05 / 8 < (alone.p or 0) < 0.05 / 2  # of two figures, and of eight
    assert (alone.verdict, together.verdict) == ("better", "not-distinguishable")


def test_figures_that_were_not_measured_alike_are_refused(tmp_path: Path) -> None:
    a = group(tmp_path / "A", (0.90, 0.91, 0.92))
    few = group(tmp_path / "few", (0.90, 0.91, 0.92), "evaluation.images=100")
    with pytest.raises(CondganError, match="generated images 5000 and 100"):
        condgan.compare(a, few)
    other = group(
        tmp_path / "other", (0.9, 0.9), domain=DOMAIN.model_copy(update={"data": "numbers", "data_sha256": "1" * 64})
    )
    with pytest.raises(CondganError, match="data letters and numbers"):
        condgan.compare(a, other)
    seen = group(tmp_path / "seen", (0.9, 0.9), "data.train_on=train+validation")
    with pytest.raises(CondganError, match="trained on"):
        condgan.compare(group(tmp_path / "unseen", (0.9, 0.9), "data.train_on=train"), seen)


def test_what_is_no_training_is_refused(tmp_path: Path, capsys: Any) -> None:
    a = group(tmp_path / "A", (0.90, 0.91, 0.92))
    mixed = group(tmp_path / "mixed", (0.9, 0.9))
    run(mixed / "other", "train.batch=32", evaluations=[{"label_accuracy": 0.5}])
    run(tmp_path / "unmeasured", evaluations=[])
    for paths, reason in (
        ((a,), "two or more"),
        ((a, tmp_path / "nothing"), "nothing at"),
        ((a, a / "seed-0" / "log.jsonl"), "log.jsonl is a file, no training"),
        ((a, mixed), "more than their seed"),
        ((a, tmp_path / "unmeasured"), "has no figures: `condgan evaluate"),
    ):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["compare", *map(str, paths)])
        told = capsys.readouterr()
        assert stopped.value.code == 2
        assert told.out == ""
        assert reason in told.err
        assert told.err.count("\n") == 1


def test_a_training_without_figures_is_left_out_with_a_word(tmp_path: Path) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.9, 0.91))
    run(b / "seed-9", "seed=9", evaluations=[])
    found = condgan.compare(a, b)
    assert found.as_json()["figures"]["label_accuracy"]["b"]["n"] == 2
    assert any(f"{b}: left out, as they have no figures: seed-9" == notice for notice in found.notices)


def standing(folder: Path, state: str, epoch: float) -> None:
    """Say that a training is in a state, after so many epochs."""
    told = {"state": state, "step": int(10 * epoch), "epoch": epoch}
    (folder / "status.json").write_text(json.dumps(told))


def test_trainings_that_have_not_finished_are_left_out_with_a_word(tmp_path: Path) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.9, 0.91, 0.1))
    for folder in (*a.iterdir(), b / "seed-0", b / "seed-1"):
        standing(folder, "finished", 2.0)
    standing(b / "seed-2", "diverged", 2.0)
    found = condgan.compare(a, b)
    assert found.as_json()["figures"]["label_accuracy"]["b"]["n"] == 2
    assert f"{b}: left out, as they have not finished: seed-2 (diverged, epoch 2 of 100)" in found.notices
    assert condgan.compare(a, f"{b}@2").as_json()["figures"]["label_accuracy"]["b"]["n"] == 3  # all were there then
    for folder in b.iterdir():
        standing(folder, "stopped", 2.0)
    found = condgan.compare(a, b)
    assert found.as_json()["figures"]["label_accuracy"]["b"]["n"] == 3
    assert any("has not finished" in notice and "stopped, epoch 2 of 100" in notice for notice in found.notices)


def test_figures_of_before_the_end_and_missing_seeds_are_said(tmp_path: Path) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.9, 0.91, 0.92))
    for folder in (*a.iterdir(), *b.iterdir()):
        standing(folder, "finished", 2.0)
    standing(b / "seed-1", "finished", 9.0)  # whose log was cut
    plan = {"format": 1, "kind": "seeds", "plan": {"seeds": 5, "recipe": {}}}
    (b / "study.json").write_text(json.dumps(plan))
    notices = condgan.compare(a, b).notices
    assert f"{b}: measured before the end of training: seed-1 at epoch 2 of 9" in notices
    assert any("3 of 5 trainings have begun: `condgan resume" in notice for notice in notices)


def test_a_training_is_not_compared_with_itself(tmp_path: Path) -> None:
    a = group(tmp_path / "A", (0.90, 0.91, 0.92))
    for other in (a, a / "seed-1", tmp_path / "A" / ".." / "A"):
        with pytest.raises(CondganError, match="share a training"):
            condgan.compare(a, other)


def test_a_comparison_is_written_into_a_folder_of_its_own(tmp_path: Path) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.9, 0.91), "train.batch=32")
    before = sorted(b.iterdir())
    with pytest.raises(CondganError, match="has other files in it"):
        condgan.compare(a, b, output=b)
    assert sorted(b.iterdir()) == before
    (tmp_path / "file").touch()
    with pytest.raises(CondganError, match="cannot write"):
        condgan.compare(a, b, output=tmp_path / "file" / "out")
    with pytest.raises(CondganError, match="expected a path"):
        condgan.compare(a, b, output="")
    for _ in range(2):  # an earlier one is replaced
        assert (tmp_path / "out" / "comparison.json") in condgan.compare(a, b, output=tmp_path / "out").files


def test_two_trainings_a_side_bound_nothing(tmp_path: Path, capsys: Any) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.98)), group(tmp_path / "B", (0.9, 0.91), "train.batch=32")
    with pytest.raises(SystemExit):
        cli.main(["compare", str(a), str(b)])
    assert "e+" not in capsys.readouterr().out


def test_a_damaged_log_is_one_line(tmp_path: Path, capsys: Any) -> None:
    a, b = group(tmp_path / "A", (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.9, 0.91))
    log = b / "seed-1" / "log.jsonl"
    log.write_text("{\n" + log.read_text())
    with pytest.raises(SystemExit) as stopped:
        cli.main(["compare", str(a), str(b)])
    assert stopped.value.code == 2
    assert "damaged" in capsys.readouterr().err


def test_real_trainings_are_drawn_evaluated_and_compared(digits: Path, tmp_path: Path, capsys: Any) -> None:
    for name, batch in (("A", 32), ("B", 64)):
        for seed in (0, 1):
            condgan.train(
                "cgan-lsgan", "generator.hidden=4", "discriminator.hidden=4", "latent.dim=4", "evaluation.every=300",
                "evaluation.images=100", f"train.batch={batch}", f"seed={seed}", "machine.threads=1", data=digits,
                epochs=1, run=tmp_path / name / f"seed-{seed}",
            )  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        cli.main(["compare", str(tmp_path / "A"), str(tmp_path / "B"), "-o", str(tmp_path / "out"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0
    saved = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert saved["figures"] == told["figures"]
    assert told["files"] == [str(tmp_path / "out" / name) for name in ("comparison.json", "curves.png", "pictures.png")]
    with Image.open(tmp_path / "out" / "pictures.png") as picture:
        tile = np.asarray(picture.convert("L"))
    half = tile.shape[1] // 2
    for side, name in ((tile[:, :half], "A"), (tile[:, half:], "B")):  # the grids are those of `sample --grid`
        alone = tmp_path / f"{name}.png"
        with pytest.raises(SystemExit):
            cli.main(["sample", str(tmp_path / name / "seed-0"), "--grid", "-o", str(alone)])
        with Image.open(alone) as picture:
            expected = np.asarray(picture.convert("L"))
        assert contains(side, expected)
    results = evaluating.evaluate(tmp_path / "A", n=100, gan_train=False)
    assert list(results) == ["seed-0", "seed-1"]
    alone_again = condgan.evaluate(tmp_path / "A" / "seed-1", n=100, gan_train=False)
    assert results["seed-1"].figures == alone_again.figures
    evaluating.evaluate(tmp_path / "B", n=100, gan_train=False)
    on_test = condgan.compare(tmp_path / "A", tmp_path / "B")
    assert on_test.protocol["split"] == "test"
    values = on_test.pairs[0].figures["label_accuracy"].a.values
    assert values == tuple(one.figures["label_accuracy"].value for one in results.values())


def contains(picture: Any, part: Any) -> bool:
    """Whether a picture has another one in it, pixel by pixel."""
    height, width = part.shape
    places = np.argwhere(picture[: picture.shape[0] - height + 1, : picture.shape[1] - width + 1] == part[0, 0])
    return any(np.array_equal(picture[y : y + height, x : x + width], part) for y, x in places)


def test_a_sweep_is_no_side(tmp_path: Path) -> None:
    (tmp_path / "S").mkdir()
    (tmp_path / "S" / "study.json").write_text(json.dumps({"format": 1, "kind": "sweep", "plan": {}}))
    with pytest.raises(CondganError, match="give two of them"):
        trainings.find(tmp_path / "S")


def test_studies_and_runs_are_paths(tmp_path: Path) -> None:
    study = condgan.Study(str(tmp_path / "A"))
    study.begin(Seeds(recipes.get("cgan-lsgan", ()), 3))
    a, b = group(study.folder, (0.90, 0.91, 0.92)), group(tmp_path / "B", (0.97, 0.98, 0.985), "train.batch=32")
    found, expected = condgan.compare(study, condgan.Run(str(b / "seed-0"))), condgan.compare(a, b / "seed-0")
    assert found.as_json() == expected.as_json()
    assert Path(condgan.Run(study)) == Path(study) == a
    with pytest.raises(CondganError, match=f"`condgan diagnose {a}` diagnoses each"):
        condgan.diagnose(study)


def test_a_study_of_settings_is_refused_with_as_many_of_them_as_are_wanted(tmp_path: Path) -> None:
    study = Study(tmp_path / "a sweep")
    space = parse(recipes.get("cgan-lsgan", ()), ("train.batch=32,64",))
    study.begin(Sweep(space, ("train.batch=32,64",), ("fid",), 2, 1, "one-at-a-time", study))
    with pytest.raises(CondganError, match="give one of them, once it has some"):
        evaluating.evaluate(study)
    for name in ("setting-0000", "setting-0001"):
        study.write({"began": f"{name}/seed-0"})
        run(study.folder / name / "seed-0", evaluations=[{"fid": 1.0}])
    with pytest.raises(CondganError) as one:
        evaluating.evaluate(study)
    assert str(one.value).endswith(f"give one of them, such as '{study.folder}/setting-0001'")
    with pytest.raises(CondganError, match=r"give two of them, such as '.*/setting-0001' and '.*/setting-0000'"):
        condgan.compare(study, tmp_path)
