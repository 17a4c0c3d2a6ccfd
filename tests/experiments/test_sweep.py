"""Sweeps try what they say, go on after kills, and tell the best setting by fresh seeds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan import cli, recipes
from condgan.errors import ArgumentError, CondganError
from condgan.experiments import results, sweep
from condgan.experiments.proposals import Asked, Listed
from condgan.experiments.spaces import parse
from condgan.experiments.study import Study
from condgan.results.records import StepRecord, to_line

TINY = (
    "generator.hidden=4", "discriminator.hidden=4", "latent.dim=4", "train.epochs=2", "evaluation.every=600",
    "evaluation.images=100", "output.grid_every=1000000", "machine.threads=1",
)  # fmt: skip


def test_a_sweep_finds_the_best_and_trains_it_again(digits: Path, tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "S"
    words = ["sweep", "cgan-lsgan", *TINY, "optim.lr=1e-4..1e-2:log", "train.batch=32,64", "--metric", "label_accuracy",
             "--trials", "2", "--workers", "2", "--data", digits, "--study", folder, "--json"]  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, words)])
    shown = capsys.readouterr()
    assert stopped.value.code == 0, shown.err
    found = json.loads(shown.out)
    assert [row["state"] for row in found["settings"]] == ["finished"] * 2
    values = [row["values"][0] for row in found["settings"]]
    assert found["best"] == int(np.argmax(values))
    assert len(found["fresh"]) == 3
    study = Study(folder)
    again = results.of(sweep.written(study)).as_json()  # as another process finds it
    assert json.loads(json.dumps(again)) == found | {"files": again["files"]}
    for number, row in enumerate(found["settings"]):
        run = study.run(f"setting-{number:04d}/seed-0")
        rate = next(float(text.partition("=")[2]) for text in row["overrides"] if text.startswith("optim.lr="))
        assert run.recipe.optim.g.lr == run.recipe.optim.d.lr == rate
        assert 1e-4 <= rate <= 1e-2
        assert run.evaluations()[-1].value("label_accuracy") == row["values"][0]
    fresh = [study.run(f"best/seed-{seed}").recipe for seed in (1000, 1001, 1002)]
    assert [recipe.seed for recipe in fresh] == [1000, 1001, 1002]
    best = json.loads((folder / "best.json").read_text())
    assert best["optim"]["g"]["lr"] == fresh[0].optim.g.lr
    assert best["train"]["batch"] == fresh[0].train.batch
    assert (folder / "effects.png").is_file()
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    opened = optuna.load_study(study_name="S", storage=JournalStorage(JournalFileBackend(str(folder / "optuna.jsonl"))))
    assert [trial.values for trial in opened.trials] == [[value] for value in values]


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on_with_the_settings_that_it_had(digits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "S"
    words = ["sweep", "cgan-lsgan", *TINY, "optim.lr=1e-4..1e-2:log", "--metric", "label_accuracy", "--trials", "2",
             "--data", digits, "--study", folder]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-m", "condgan", *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        end = time.monotonic() + 60
        while not (folder / "setting-0000" / "seed-0" / "recipe.json").is_file():
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    rate = Study(folder).run("setting-0000/seed-0").recipe.optim.g.lr
    (folder / "optuna.jsonl.lock").touch()  # as of a kill inside the lock
    os.utime(folder / "optuna.jsonl.lock", (1, 1))
    done = sweep.work(sweep.written(Study.open(folder)), say=lambda text: None)
    assert done.settings[0] == {"optim.lr": rate}
    assert Study(folder).run("setting-0000/seed-0").recipe.optim.g.lr == rate
    found = results.of(done)
    assert [row.state for row in found.rows] == ["finished", "finished"]
    assert len(found.fresh) == 3
    with pytest.raises(CondganError, match=r"another study .*trials 2, given 3"):
        sweep.sweep("cgan-lsgan", *map(str, words[2:11]), trials=3, metric="label_accuracy", data=digits, study=folder)


def test_one_at_a_time_is_the_recipe_and_each_value_alone() -> None:
    space = parse(recipes.get("cgan-lsgan"), ["train.batch=32,64,128", "train.ema=none,0.9"])
    assert Listed(space).settings == [{}, {"train.batch": "32"}, {"train.batch": "128"}, {"train.ema": "0.9"}]
    with pytest.raises(CondganError, match=r"one at a time needs choices, and optim\.lr has a range"):
        Listed(parse(space.base, ["optim.lr=1e-4..1e-3"]))


def value(setting: dict[str, Any]) -> float:
    """What a made-up training of a setting gives."""
    return float(str(setting["train.batch"])) + 1e4 * float(setting.get("optim.lr", 0))


def proposals(folder: Path, random: bool, count: int, *words: str, anew: bool) -> list[dict[str, Any]]:
    """Settings that Optuna proposes, each told its value; by a new process for each one, or by one."""
    folder.mkdir(parents=True)
    space, found = parse(recipes.get("cgan-lsgan"), words), []
    asked = Asked(space, folder, None, random, ["minimize"])
    for number in range(count):
        if anew:
            asked = Asked(space, folder, None, random, ["minimize"])
        found.append(asked.setting(number))
        assert asked.waiting() == [number]
        asked.tell(number, [value(found[-1])], pruned=False)
    return found


@pytest.mark.parametrize("random", [False, True])
def test_a_sweep_that_is_interrupted_proposes_what_it_would_have(random: bool, tmp_path: Path) -> None:
    words = ("optim.lr=1e-4..1e-2:log", "train.batch=32,64,128")
    one, other = (proposals(tmp_path / str(anew), random, 14, *words, anew=anew) for anew in (False, True))
    assert one == other
    assert len({setting["optim.lr"] for setting in one}) == 14


@pytest.mark.parametrize("random", [False, True])
def test_no_setting_is_tried_twice(random: bool, tmp_path: Path) -> None:
    words = ("train.batch=32,64,128", "latent.dim=1..4")
    found = proposals(tmp_path / "S", random, 12, *words, anew=True)
    expected = {(batch, dim) for batch in ("32", "64", "128") for dim in (1, 2, 3, 4)}
    assert {tuple(setting.values()) for setting in found} == expected
    plan = sweep.Sweep(parse(recipes.get("cgan-lsgan"), words), words, ("fid",), 20, 1, "tpe", Study(tmp_path / "S"))
    assert plan.trials == 12


@pytest.mark.parametrize("kept", [1, 30, -1, -40, -400])
def test_a_journal_that_was_cut_goes_on(kept: int, tmp_path: Path) -> None:
    words = ("train.batch=32,64,128",)
    proposals(tmp_path / "S", True, 2, *words, anew=False)
    journal = tmp_path / "S" / "optuna.jsonl"
    journal.write_bytes(cut := journal.read_bytes()[:kept])
    asked, reader = (
        Asked(parse(recipes.get("cgan-lsgan"), words), tmp_path / "S", None, True, ["minimize"]) for _ in range(2)
    )
    assert len(reader.settings) <= 2
    assert journal.read_bytes().startswith(cut)  # a reader cuts nothing: the line may just be written
    journal.write_bytes(cut)
    asked.check()
    assert sorted(asked.setting(number)["train.batch"] for number in range(3)) == ["128", "32", "64"]
    assert all(json.loads(line) for line in journal.read_text().splitlines())


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "optuna.jsonl").write_text("{\n{}\n")
    asked = Asked(parse(recipes.get("cgan-lsgan"), ["train.batch=32,64"]), tmp_path, None, True, ["minimize"])
    with pytest.raises(CondganError, match=r"optuna\.jsonl is damaged: restore it, or begin another"):
        asked.setting(0)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"trials": 0}, "trials=0"), ({"seeds": 0}, "seeds=0"), ({"metric": "beauty"}, "metric=beauty"),
     ({"metric": "gan_train"}, "metric=gan_train"),  # which no training measures
     ({"metric": "fid,second"}, "metric=second"), ({"metric": "fid, kid,fid"}, "metric=fid: is given twice")],
)  # fmt: skip
def test_bad_sweeps_are_refused_before_anything_runs(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(CondganError, match=says):
        sweep.sweep("cgan-lsgan", "train.batch=32,64", study=tmp_path / "S", **options)
    with pytest.raises(CondganError, match="nothing is varied"):
        sweep.sweep("cgan-lsgan", "train.batch=32", study=tmp_path / "S")
    with pytest.raises(CondganError, match="storage cannot be opened"):
        sweep.sweep("cgan-lsgan", "train.batch=32,64", study=tmp_path / "S", storage="nothing://at/all")
    assert os.listdir(tmp_path) == []


def test_all_errors_of_a_sweep_are_named_at_once(tmp_path: Path, capsys: Any) -> None:
    words = ["sweep", "cgan-lsgan", "train.batch=32,0", "optim.lr=1e-4..1e-3:lgo", "latent.dim=", "loss.name=bce,bce"]
    options = ["--metric", "beauty", "--trials", "0", "--workers", "0", "--study", str(tmp_path / "S")]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*words, *options])
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert told.count("\n") == 1
    for part in ("train.batch", "expected low..high, or low..high:log", "latent.dim=: no value", "bce is given twice",
                 "--metric beauty", "--trials 0", "--workers 0"):  # fmt: skip
        assert part in told
    assert os.listdir(tmp_path) == []


def test_a_sweep_in_a_database_is_continued_by_its_command(tmp_path: Path) -> None:
    study, address = Study(tmp_path / "S"), "postgresql://me:secret@host/sweeps"
    plan = sweep.Sweep(parse(recipes.get("cgan-lsgan"), ["train.batch=32,64"]), ("train.batch=32,64",), ("fid",), 2, 1,
                       "tpe", study, address)  # fmt: skip
    study.begin(plan)
    assert "secret" not in study.plan_file.read_text()
    with pytest.raises(CondganError, match="the same command continues it"):
        sweep.written(study)


def test_values_of_several_seeds_have_a_spread(tmp_path: Path) -> None:
    study = Study(tmp_path / "S")
    plan = sweep.Sweep(parse(recipes.get("cgan-lsgan"), ["train.batch=32,64"]), (), ("seconds",), 1, 3, "one-at-a-time",
                       study)  # fmt: skip
    seconds = {0: 10.0, 1: 12.0, 2: 17.0}
    for seed, taken in seconds.items():
        run = study.run(f"setting-0000/seed-{seed}")
        run.folder.mkdir(parents=True)
        record = StepRecord(step=1, images=64, epoch=0.1, mean={"d_loss": 1.0}, seconds=taken)
        run.log.write_text(to_line(record) + "\n")
        study.write({"trial": f"setting-0000/seed-{seed}", "state": "finished"})
    row = results.of(plan).rows[0]
    assert row.values == pytest.approx((13.0,))
    assert row.spreads == pytest.approx((np.std([*seconds.values()], ddof=1),))


def test_data_that_cannot_be_read_leaves_no_study(tmp_path: Path, capsys: Any) -> None:
    for words in (["sweep", "cgan-lsgan", "train.batch=32,64", "--study"], ["train", "--seeds", "2", "--run"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words, str(tmp_path / "S"), "--data", str(tmp_path / "nope.npz")])
        assert stopped.value.code == 2
        assert "nope.npz" in capsys.readouterr().err
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"trials": "2"}, "trials='2': expected 1 to 100000"),
        ({"seeds": 1.5}, "seeds=1.5: expected 1 to 100"),
        ({"workers": None}, "workers=None: expected 1 to 1000"),
        ({"metric": ["kid"]}, r"metric=['kid']: expected text, such as fid"),
    ],
)
def test_types_of_a_sweep_are_checked(options: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError) as error:
        sweep.sweep("cgan-lsgan", "train.batch=32,64", study=tmp_path / "S", **options)
    assert str(error.value).startswith(says)
    assert not (tmp_path / "S").exists()
