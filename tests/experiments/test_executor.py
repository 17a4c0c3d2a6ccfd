"""Studies are worked on to their end, whatever is killed on the way, and their runs are those of trainings alone."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import condgan
from condgan.errors import CondganError
from condgan.experiments import executor, seeds, table
from condgan.experiments.study import Outcome, Study, Trial
from condgan.recipe import Recipe, builtin
from condgan.results.figure import Figure
from condgan.results.records import EvaluationRecord, StepRecord, to_line
from condgan.runs import checkpoint

SEED = int(os.environ.get("CONDGAN_TEST_SEED", "0"))
TINY = (
    "generator.hidden=4", "discriminator.hidden=4,4,4", "latent.dim=4", "train.batch=64", "evaluation.every=none",
    "output.grid_every=1000000", "output.checkpoint_every=0.3", "machine.threads=1",
)  # fmt: skip


@contextmanager
def process(folder: Path, digits: Path, *options: object) -> "Iterator[subprocess.Popen[bytes]]":
    """A study of two seeds by the command line."""
    words = ["train", "cgan-lsgan", *TINY, "--data", digits, "--seeds", 2, "--run", folder, *options]
    started = subprocess.Popen(
        [sys.executable, "-m", "condgan", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        assert started.stdout is not None
        started.stdout.close()


def same(folder: Path, digits: Path, epochs: int) -> None:
    """The runs of a study are those of trainings alone, bit for bit."""
    for seed in range(2):
        alone = condgan.train(
            "cgan-lsgan", *TINY, f"seed={seed}", data=digits, epochs=epochs, run=folder.parent / f"alone-{seed}"
        )
        a, b = checkpoint.load(Study(folder).run(f"seed-{seed}").checkpoint()), checkpoint.load(alone.checkpoint())
        assert a.step == b.step
        assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in b.state)
        assert Study(folder).run(f"seed-{seed}").recipe.data.source == str(digits)


def workers_of(folder: Path) -> list[int]:
    """The processes that train runs of a study."""
    found = []
    for seed in range(2):
        run = Study(folder).run(f"seed-{seed}")
        if run.is_locked() and run.status_file.is_file():
            number = json.loads(run.status_file.read_bytes())["process"]
            if isinstance(number, int) and number != os.getpid():
                found.append(number)
    return found


def wait(until: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_of_workers_and_of_the_whole_change_nothing(kills: int, digits: Path, tmp_path: Path) -> None:
    folder, chance, epochs = tmp_path / "study", random.Random(SEED), 60 * kills
    for kill in range(kills):
        with process(folder, digits, "--epochs", epochs, "--workers", 2) as started:
            wait(lambda: workers_of(folder))
            time.sleep(chance.uniform(0, 1))
            victims = workers_of(folder)
            if victims and kill % 2 == 0:  # the executor starts it again
                with contextlib.suppress(ProcessLookupError):  # of a status that the next worker has not replaced yet
                    os.kill(chance.choice(victims), signal.SIGKILL)
                time.sleep(chance.uniform(0.1, 1))
            started.send_signal(signal.SIGKILL)
            started.wait()
            begun = Study(folder).read()[0]
            assert begun == [f"seed-{seed}" for seed in range(len(begun))]
        if kill % 3 == 0:  # as a kill in the middle of a line
            with open(folder / "journal.jsonl", "ab") as journal:
                journal.write(b'{"trial": "seed-0", "sta')
    resumed = subprocess.run(
        [sys.executable, "-m", "condgan", "resume", str(folder), "--workers", "2"], capture_output=True, timeout=1500
    )
    assert resumed.returncode == 0, resumed.stderr.decode()
    assert {outcome.state for outcome in Study(folder).read()[1].values()} == {"finished"}
    assert not Study(folder).data.exists()
    same(folder, digits, epochs)


def test_an_interrupt_saves_all_and_the_same_command_goes_on(digits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    with process(folder, digits, "--epochs", 100_000, "--workers", 2) as started:
        wait(lambda: len(workers_of(folder)) == 2)
        started.send_signal(signal.SIGTERM)
        assert started.stdout is not None
        said = started.stdout.read().decode()
        assert started.wait(60) == 130
    assert f"`condgan resume {folder}` continues the study" in said
    assert workers_of(folder) == []
    assert {Study(folder).run(f"seed-{seed}").status.state for seed in (0, 1)} == {"stopped"}
    with process(folder, digits, "--epochs", 100_000) as started:  # seed-0 alone goes on
        wait(lambda: workers_of(folder))
        with pytest.raises(CondganError, match="another process works on the study"):
            seeds.work(Study(folder), say=lambda _: None)


@dataclass(frozen=True)
class Scripted:
    """Trials as a test says; the second is pruned at its first evaluation."""

    recipes: tuple[Recipe, ...]
    kind = "scripted"

    def describe(self) -> dict[str, Any]:
        return {"count": len(self.recipes)}

    def next(self, begun: Sequence[str], outcomes: Mapping[str, Outcome]) -> Trial | None:
        left = [number for number in range(len(self.recipes)) if f"trial-{number}" not in begun]
        return Trial(f"trial-{left[0]}", self.recipes[left[0]]) if left else None

    def prune(self, trial: Trial, evaluations: Sequence[EvaluationRecord]) -> bool:
        return trial.name == "trial-1"


def test_trials_that_fail_diverge_or_are_pruned_do_not_end_the_study(digits: Path, tmp_path: Path) -> None:
    changes: list[tuple[str, ...]] = [
        ("train.epochs=2",),
        ("train.epochs=100000", "evaluation.every=300", "evaluation.images=100"),
        ("optim.lr=1e30",),
    ]
    base = [*TINY, f"data.source={digits}", "train.epochs=2"]
    recipes = [builtin.get("cgan-lsgan", [*base, *change]) for change in changes]
    study, said = Study(tmp_path / "study"), list[str]()
    executor.work(study, Scripted(tuple(recipes)), 2, said.append)
    outcomes = study.read()[1]
    assert [outcomes[f"trial-{number}"].state for number in range(3)] == ["finished", "pruned", "diverged"]
    assert "NaN" in str(outcomes["trial-2"].reason)
    assert study.run("trial-1").status.state == "stopped"
    assert any("trial-2: diverged" in line for line in said)
    executor.work(study, Scripted(tuple(recipes)), 2, said.append)  # and nothing is tried again
    assert study.read()[1] == outcomes


def test_what_was_refused_is_tried_again(digits: Path, tmp_path: Path) -> None:
    moved = tmp_path / "digits.npz"
    recipe = builtin.get("cgan-lsgan", [*TINY, f"data.source={moved}", "train.epochs=1"])
    study, plan = Study(tmp_path / "study"), Scripted((recipe,))
    with pytest.raises(CondganError, match="no such path"):
        executor.work(study, plan)
    assert not study.folder.exists()
    moved.write_bytes(digits.read_bytes())
    study.begin(plan)
    (study.folder / "trial-0").mkdir()
    (study.folder / "trial-0" / "mine.txt").touch()
    executor.work(study, plan)
    refused = study.read()[1]["trial-0"]
    assert refused.state == "failed"
    assert "exists" in str(refused.reason)
    (study.folder / "trial-0" / "mine.txt").unlink()
    executor.work(study, plan)
    assert study.read()[1]["trial-0"].state == "finished"


@pytest.mark.parametrize(
    "gone", [".", *(pytest.param(name, marks=pytest.mark.slow) for name in ("recipe.json", "log.jsonl"))]
)
def test_a_finished_trial_whose_run_is_gone_is_trained_again(gone: str, digits: Path, tmp_path: Path) -> None:
    recipe = builtin.get("cgan-lsgan", [*TINY, f"data.source={digits}", "train.epochs=1"])
    study, plan, said = Study(tmp_path / "study"), Scripted((recipe, recipe)), list[str]()
    executor.work(study, plan)
    folder = study.run("trial-0").folder
    before = checkpoint.load(study.run("trial-0").checkpoint())
    shutil.rmtree(folder) if gone == "." else (folder / gone).unlink()
    executor.work(study, plan, say=said.append)
    after = checkpoint.load(study.run("trial-0").checkpoint())
    assert study.run("trial-0").status.state == "finished"
    assert study.run("trial-0").log.is_file()
    assert all(after.state[name].tobytes() == before.state[name].tobytes() for name in before.state)
    told = next(line for line in said if "trained again" in line)
    assert told.startswith("trial-0: ")
    assert ("run folder" if gone == "." else gone) in told
    assert (study.folder / "incomplete" / "trial-0").is_dir() == (gone != ".")
    assert not any(line.startswith("trial-1") for line in said)


def test_a_trial_that_begins_anew_is_open_until_it_ends(digits: Path, tmp_path: Path) -> None:
    """Else one that was killed on the way would pass for finished."""
    recipe = builtin.get("cgan-lsgan", [*TINY, f"data.source={digits}", "train.epochs=1"])
    study, plan = Study(tmp_path / "study"), Scripted((recipe,))
    executor.work(study, plan)
    shutil.rmtree(study.run("trial-0").folder)
    executor.Crew(study, plan, 1, lambda _: None, lambda recipe, dataset: None, lambda: False)
    assert study.read() == (["trial-0"], {})


def test_a_damaged_recipe_of_a_finished_trial_is_named(digits: Path, tmp_path: Path, refused: Any) -> None:
    study = seeds.train_seeds("cgan-lsgan", *TINY, seeds=1, data=digits, epochs=1, study=tmp_path / "A")
    damaged = study.run("seed-0").folder / "recipe.json"
    damaged.write_text("{")
    assert str(damaged) in refused("resume", study.folder)


def test_a_process_that_dies_is_told(digits: Path, tmp_path: Path) -> None:
    recipe = builtin.get("cgan-lsgan", [*TINY, f"data.source={digits}", "train.epochs=1"])
    study, said, killed = Study(tmp_path / "study"), list[str](), list[int]()

    def kill(working: list[executor.Working]) -> None:
        if not killed:
            killed.append(working[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)

    executor.work(study, Scripted((recipe,)), 1, said.append, kill)
    assert [line for line in said if line.startswith("trial")] == [
        "trial-0: begins",
        "trial-0: its process died, started again",
        "trial-0: finished",
    ]


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_are_refused(workers: int, digits: Path, tmp_path: Path, refused: Any) -> None:
    folder = tmp_path / "A"
    words = ["train", "cgan-lsgan", *TINY, "--data", digits, "--epochs", 1, "--seeds", 2, "--run", folder]
    assert f"--workers {workers}: expected 1 to 1000" in refused(*words, "--workers", workers)
    Study(folder).begin(seeds.Seeds(builtin.get("cgan-lsgan", [*TINY]), 1))
    assert f"--workers {workers}: expected 1 to 1000" in refused("resume", folder, "--workers", workers)


def test_the_table_tells_spread_over_trainings_from_the_error_of_one(digits: Path, tmp_path: Path) -> None:
    study = seeds.train_seeds(
        "cgan-lsgan", *TINY[:4], "evaluation.every=300", "evaluation.images=100", "machine.threads=1", "seed=100",
        seeds=2, data=digits, epochs=2, study=tmp_path / "A",
    )  # fmt: skip
    assert list(study.runs()) == ["seed-100", "seed-101"]
    figures = [run.evaluations()[-1].evaluation["label_accuracy"] for run in study.runs().values()]
    values = [figure.value for figure in figures if figure.value is not None]
    found = table.spreads([*table.last(study).values()])["label_accuracy"]
    assert (found.n, found.values) == (2, tuple(values))
    assert found.mean == pytest.approx(np.mean(values))
    assert found.spread == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    assert found.se == pytest.approx(np.sqrt(np.mean([(figure.se or 0) ** 2 for figure in figures])))
    hashes = {run.domain().data_sha256 for run in study.runs().values()}
    assert len(hashes) == 1
    assert len({(run.folder / "splits.json").exists() for run in study.runs().values()}) == 1


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(0, 5), st.integers(0, 300))
def test_a_log_is_followed_as_it_grows(cuts: list[int], kept: int, more: int) -> None:
    """In whatever pieces it is seen, also in the middle of a line, and after it was cut back to a checkpoint."""
    records = [
        EvaluationRecord(step=n, images=n, epoch=n, evaluation={"fid": Figure(metric="fid", value=float(n))})
        if n % 2
        else StepRecord(step=n, images=n, epoch=n, mean={"d_loss": 0.5})
        for n in range(6)
    ]
    lines = [to_line(record).encode() + b"\n" for record in records]
    text = b"".join(lines)
    worker = executor.Working(Trial("a", builtin.get("cgan-lsgan")), cast(Any, None), cast(Any, None), 0, 0)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"

        def seen(content: bytes) -> None:
            log.write_bytes(content)
            worker.follow(log, len(content))

        for cut in sorted(cuts):
            seen(text[:cut])
        seen(text)
        assert worker.evaluations == [record for record in records if record.step % 2]
        assert worker.at == 5
        back = b"".join(lines[:kept])
        seen(back)
        seen(back + b"".join(lines[kept:])[:more])
        seen(text)
        assert [one.step for one in worker.evaluations] == [1, 3, 5]


def test_progress_does_not_fall_back_to_the_untrained_generator(tmp_path: Path) -> None:
    """Its evaluation, of step 0, is written at the first evaluation; a log that is cut back does set progress back."""
    worker = executor.Working(Trial("a", builtin.get("cgan-lsgan")), cast(Any, None), cast(Any, None), 0, 0)
    steps = [StepRecord(step=n, images=n, epoch=n, mean={"d_loss": 0.5}) for n in (10, 20)]
    untrained = EvaluationRecord(step=0, images=0, epoch=0, evaluation={"fid": Figure(metric="fid", value=1.0)})
    for records, at in ((steps, 20), ([*steps, untrained], 20), (steps[:1], 10)):
        text = b"".join(to_line(record).encode() + b"\n" for record in records)
        (tmp_path / "log.jsonl").write_bytes(text)
        worker.follow(tmp_path / "log.jsonl", len(text))
        assert worker.at == at


def test_a_process_that_comes_second_leaves_the_study_of_the_first_alone(tmp_path: Path, monkeypatch: Any) -> None:
    """It looked before the other had made the folder, and nothing is trained yet."""
    first, plan = Study(tmp_path / "study"), Scripted((builtin.get("cgan-lsgan", [*TINY]),))
    first.begin(plan)
    second = Study(first.folder)
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path, **rest: path != second.folder and exists(path, **rest))
    with first.locked(), pytest.raises(CondganError, match="another process works on"):
        executor.work(second, plan)
    monkeypatch.undo()
    assert first.plan_file.is_file()
