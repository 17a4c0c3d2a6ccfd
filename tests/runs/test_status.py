"""What became of a training is written in its folder, and read without disturbing anyone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import condgan
from condgan.errors import CondganError, DivergedError
from condgan.generation.run import Run
from condgan.runs.status import Status

Process = subprocess.Popen[bytes]


def start(*arguments: object) -> Process:
    command = [sys.executable, "-m", "condgan", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(process: Process, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, f"ended by itself with {process.returncode}"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(run: Run) -> bool:
    return run.status_file.exists() and run.status.state == "running"


def test_running_killed_stopped_and_finished(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "output.checkpoint_every=0.1")
    process = start("train", "cgan-lsgan", *options, "--data", digits, "--epochs", 100_000, "--run", run.folder)
    try:
        wait_for(process, lambda: is_running(run) and run.status.step > 0)
        status = run.status
        assert (status.process, status.host) == (process.pid, socket.gethostname())
        assert status.seen is not None
        assert abs((datetime.now(UTC) - status.seen).total_seconds()) < 30
        assert status.epoch == pytest.approx(status.step / 5, abs=1e-3)
        assert "running" in repr(run)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert run.status.state == "killed"
        assert run.status.step >= status.step
        process = start("resume", run.folder)
        step = run.status.step
        wait_for(process, lambda: is_running(run) and run.status.step > step)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 130
        assert run.status.state == "stopped"
        assert "condgan resume" in str(run.status.reason)
        process = start("resume", run.folder)
        wait_for(process, lambda: is_running(run))
        run.stop_file.touch()
        assert process.wait(timeout=60) == 0
        assert run.status.state == "stopped"
        assert not run.stop_file.exists()
    finally:
        process.kill()
        process.wait()
    epochs = run.status.step // 5 + 1
    finished = condgan.resume(run, epochs=epochs)
    assert finished.status.state == "finished"
    assert (finished.status.epoch, finished.last_epoch()) == (epochs, epochs)


@pytest.fixture(scope="module")
def trained(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "trained"
    options = (*tiny["cgan-lsgan"], "machine.threads=1")
    return condgan.train("cgan-lsgan", *options, data=digits, epochs=2, run=folder)


@pytest.fixture
def copied(trained: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(trained.folder, tmp_path / "copied")))


def test_a_diverged_training_says_so(digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with pytest.raises(DivergedError):
        condgan.train("cgan-bce", *tiny["cgan-bce"], "optim.lr=1e30", data=digits, epochs=20, run=run.folder)
    assert run.status.state == "diverged"
    assert "NaN" in str(run.status.reason)
    run.status_file.unlink()
    assert run.status.state == "diverged"  # the log says so too


def test_a_folder_without_the_file_tells_by_its_checkpoint_and_log(copied: Run) -> None:
    copied.status_file.unlink()
    assert (copied.status.state, copied.status.step, copied.status.epoch) == ("finished", 10, 2.0)
    with copied.locked():
        assert copied.status.state == "running"
    copied.write_recipe(
        copied.recipe.model_copy(update={"train": copied.recipe.train.model_copy(update={"epochs": 3})})
    )
    assert copied.status.state == "stopped"
    copied.status_file.write_text("{")  # a damaged one tells nothing
    assert copied.status.state == "stopped"
    shutil.rmtree(copied.folder / "checkpoints")
    assert (copied.status.state, copied.status.step) == ("stopped", 0)


def test_what_runs_is_what_is_locked(copied: Run) -> None:
    text = Status(state="running", step=3, epoch=0.6, process=os.getpid()).model_dump_json()
    copied.status_file.write_text(text)
    assert copied.status.state == "killed"  # whatever process has its number now
    with copied.locked():
        assert copied.status.state == "running"


def test_looking_does_not_keep_a_training_from_starting(copied: Run) -> None:
    over = threading.Event()
    copied.status_file.write_text(Status(state="running", step=3, epoch=0.6).model_dump_json())

    def look() -> None:
        while not over.is_set():
            assert copied.status.state in ("running", "killed")

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(30):
            with copied.locked():
                pass
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_refused_resume_leaves_the_status(copied: Run) -> None:
    before = copied.status_file.read_bytes()
    with pytest.raises(CondganError):
        condgan.resume(copied, "train.batch=3")
    assert copied.status_file.read_bytes() == before


def test_a_damaged_run_has_a_repr(copied: Run) -> None:
    assert repr(copied) == f"<Run {copied.folder}: cgan-lsgan, finished, epoch 2>"
    (copied.folder / "recipe.json").write_text("{")
    assert str(copied.folder) in repr(copied)


# Moments


def test_epochs_that_are_kept_open_by_number(
    digits: Path, tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = (*tiny["cgan-lsgan"], "machine.threads=1", "train.ema=0.5", "output.keep_every=2")
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=5, run="a")
    assert list(run.epochs()) == [2, 4, 5]
    for epoch in run.epochs():
        shorter = condgan.train("cgan-lsgan", *options, data=digits, epochs=epoch, run=f"b{epoch}")
        expected = shorter.generator().sample("0123", 7)
        assert (run.generator(epoch).sample("0123", 7) == expected).all()
        assert (condgan.load(f"a@{epoch}").sample("0123", 7) == expected).all()
        assert condgan.load(f"a@{epoch}").images_seen == 300 * epoch
    with pytest.raises(CondganError, match=r"a has no generator of epoch 3, but @2, @4, @5: output\.keep_every"):
        condgan.load("a@3")
    with pytest.raises(CondganError, match="names an epoch already"):
        run.generator(4, checkpoint="best")
    with pytest.raises(CondganError, match=r'no run folder "c"'):
        condgan.load("c@3")
    os.rename("b2", "b@2")
    assert condgan.load("b@2").images_seen == 600  # a folder with such a name comes first


def test_the_last_epoch_has_a_number_in_any_run(copied: Run) -> None:
    assert copied.epochs() == {}
    assert (copied.generator(2).sample("01", 1) == copied.generator().sample("01", 1)).all()
    with pytest.raises(CondganError, match=r"no generator of epoch 1, but @2"):
        copied.generator(1)


def test_a_resume_forgets_epochs_beyond_its_checkpoint(copied: Run) -> None:
    """As a kill leaves them, between a kept generator and the next checkpoint."""
    run = condgan.resume(copied, "output.keep_every=1", epochs=4)
    later = run.epochs()[4].read_bytes()
    shutil.copy(run.epochs()[4], run.generator_of(9))
    assert list(condgan.resume(run, epochs=5).epochs()) == [3, 4, 5]
    assert run.epochs()[4].read_bytes() == later
