"""`kill -9` at any moment costs time only."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import condgan
from condgan.errors import CondganError
from condgan.results.records import Record, StepRecord, of_kind
from condgan.runs import checkpoint
from condgan.runs.run import Run

FAR = 1_000_000  # epochs: no process gets there
STEPS_PER_EPOCH = 5
OPTIONS = (
    "evaluation.every=none",
    "data.size=8",
    "latent.dim=6",
    "generator.hidden=12,12",
    "discriminator.hidden=12,12",
    "output.grid_every=1500",
    "output.log_every=3",
    "machine.threads=1",
)
EAGER = "output.checkpoint_every=0.05"  # so that many a kill lands in a write
CALM = "output.checkpoint_every=60"
AT_STARTUP = (0, 1, 9)
WHILE_WRITING = range(2, 20, 3)
SEED = 20261121


def start(run: Path, digits: Path) -> "subprocess.Popen[bytes]":
    if (run / "recipe.json").exists():
        arguments = ["resume", str(run), EAGER]
    else:
        arguments = ["train", "cgan-lsgan", *OPTIONS, EAGER, "--data", str(digits), "--epochs", str(FAR)]
        arguments += ["--run", str(run)]
    return subprocess.Popen([sys.executable, "-m", "condgan", *arguments], stdout=subprocess.DEVNULL)


def wait_for(process: "subprocess.Popen[bytes]", condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, f"ended by itself with {process.returncode}"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def wait_for_a_checkpoint(process: "subprocess.Popen[bytes]", path: Path) -> None:
    """Until this process has written a checkpoint of its own."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    wait_for(process, lambda: path.exists() and path.stat().st_mtime_ns != before)


def without_seconds(record: Record) -> Record:
    return record.model_copy(update={"seconds": 0.0}) if isinstance(record, StepRecord) else record


def half_written(folder: Path) -> bool:
    return any(name.endswith(".tmp") for name in os.listdir(folder))


@pytest.mark.parametrize("kills", [8, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_end_as_if_nothing_had_happened(kills: int, digits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run = Run(folder)
    chance = random.Random(SEED)
    stood_at = [0]
    leftovers = 0
    for kill in range(kills):
        process = start(folder, digits)
        try:
            if kill in AT_STARTUP:
                time.sleep(chance.uniform(0.1, 1.0))
            else:
                wait_for_a_checkpoint(process, run.checkpoint())
                time.sleep(chance.uniform(0, 0.3))
            if kill in WHILE_WRITING:
                wait_for(process, lambda: half_written(run.checkpoint().parent))
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert process.returncode == -signal.SIGKILL
        leftovers += len(list(folder.rglob("*.tmp")))
        if run.checkpoint().exists():
            standing = checkpoint.load(run.checkpoint())
            steps = [record.step for record in of_kind(run.records(), StepRecord)]
            assert steps == sorted(set(steps))
            assert standing.step - len(standing.pending["d_loss"]) in [0, *steps]
            condgan.load(folder).sample("0", 1)
            condgan.load(run.generator_file)
            assert json.loads((folder / "provenance.json").read_text())["sessions"]
            stood_at.append(standing.step)
    assert stood_at == sorted(stood_at)
    assert len(set(stood_at)) > kills // 2  # most stretches got further than the one before
    assert leftovers  # kills did land in writes

    epochs = stood_at[-1] // STEPS_PER_EPOCH + 2
    finished = condgan.resume(folder, CALM, epochs=epochs)
    whole = condgan.train("cgan-lsgan", *OPTIONS, CALM, data=digits, epochs=epochs, run=tmp_path / "whole")
    assert finished.generator_file.read_bytes() == whole.generator_file.read_bytes()
    a, b = checkpoint.load(finished.checkpoint()), checkpoint.load(whole.checkpoint())
    assert a.step == b.step == epochs * STEPS_PER_EPOCH
    assert a.state.keys() == b.state.keys()
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in a.state)
    logs = [[without_seconds(record) for record in of.records()] for of in (finished, whole)]
    assert logs[0] == logs[1]
    assert finished.result.read_bytes() == whole.result.read_bytes()
    names = [{path.name for path in of.samples.iterdir()} for of in (finished, whole)]
    assert names[0] == names[1]
    assert len(names[0]) >= 2
    assert all((finished.samples / name).read_bytes() == (whole.samples / name).read_bytes() for name in names[0])
    assert not list(folder.rglob("*.tmp"))
    print(f"{leftovers} half-written files were cleared away; stood at {stood_at}")


def test_a_termination_is_answered_with_a_saved_run(digits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, digits)
    try:
        wait_for_a_checkpoint(process, Run(folder).checkpoint())
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert checkpoint.load(Run(folder).checkpoint()).step > 0
    assert not list(folder.rglob("*.tmp"))


def test_a_process_that_was_forked_from_a_training_does_not_hold_its_run(tmp_path: Path) -> None:
    source = f"""if True:
        import os, time
        from pathlib import Path
        from condgan.runs.run import Run
        Path({str(tmp_path)!r}, "run").mkdir()
        with Run(Path({str(tmp_path)!r}, "run")).locked():
            if os.fork() == 0:
                print("ready", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with pytest.raises(CondganError, match="is being trained"), Run(tmp_path / "run").locked():
                pass
            process.kill()
            process.wait()
            with Run(tmp_path / "run").locked():
                pass
        finally:
            os.killpg(process.pid, signal.SIGKILL)
