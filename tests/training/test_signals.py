"""Signals that end a training save it first: real signals, to real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import condgan
from condgan.errors import InterruptedTrainingError
from condgan.runs import checkpoint
from condgan.runs.run import Run
from condgan.training.interrupts import interrupts
from condgan.training.listeners.listener import Block, Listener

STEPS_PER_EPOCH = 5
HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)


@pytest.fixture(scope="module")
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], "machine.threads=1")


def begun(
    digits: Path, options: tuple[str, ...], run: Path, *, epochs: int, ignoring: signal.Signals | None = None
) -> "subprocess.Popen[str]":
    """A training as a process, which has a checkpoint."""
    arguments = [*options, "output.checkpoint_every=0.1", "--data", digits, "--epochs", epochs, "--run", run]
    prepare: Callable[[], object] | None = None
    if ignoring is not None:
        ignored = ignoring
        prepare = lambda: signal.signal(ignored, signal.SIG_IGN)  # noqa: E731
    process = subprocess.Popen(
        [sys.executable, "-m", "condgan", "train", "cgan-lsgan", *map(str, arguments)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=prepare,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not Run(run).checkpoint().exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_closed_terminal_and_a_warning_of_slurm_save(
    number: signal.Signals, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    process = begun(digits, options, tmp_path / "run", epochs=1_000_000)
    for _ in range(3):  # shell, terminal and system may all report it
        process.send_signal(number)
        time.sleep(0.01)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    (line,) = errors.splitlines()
    assert "stopped and saved at" in line
    run = Run(tmp_path / "run")
    assert run.status.state == "stopped"
    step = checkpoint.load(run.checkpoint()).step
    assert run.status.step == step
    epochs = step // STEPS_PER_EPOCH + 2
    resumed = condgan.resume(run, "output.checkpoint_every=60", epochs=epochs)
    whole = condgan.train("cgan-lsgan", *options, data=digits, epochs=epochs, run=tmp_path / "whole")
    assert resumed.generator_file.read_bytes() == whole.generator_file.read_bytes()
    a, b = checkpoint.load(resumed.checkpoint()), checkpoint.load(whole.checkpoint())
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in b.state)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_what_is_ignored_at_the_start_stays_ignored(
    number: signal.Signals, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    """As under nohup."""
    process = begun(digits, options, tmp_path / "run", epochs=10, ignoring=number)
    while process.poll() is None:
        process.send_signal(number)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert Run(tmp_path / "run").status.state == "finished"


class Sender(Listener):
    """Sends a signal after the first block."""

    def __init__(self, number: signal.Signals) -> None:
        self.number = number

    def block(self, block: Block) -> None:
        os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", HEARD)
def test_the_former_handlers_are_back(
    number: signal.Signals, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    calls: list[int] = []

    def own(number: int, frame: FrameType | None) -> None:
        calls.append(number)

    before = {number: signal.signal(number, own) for number in HEARD}
    try:
        with pytest.raises(InterruptedTrainingError, match="saved"):
            condgan.train(
                "cgan-lsgan", *options, data=digits, epochs=1000, run=tmp_path / "run", listeners=[Sender(number)]
            )
        assert [signal.getsignal(number) for number in HEARD] == [own] * len(HEARD)
        assert calls == []
        os.kill(os.getpid(), number)
        assert calls == [number]
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    assert Run(tmp_path / "run").status.state == "stopped"


def test_systems_without_these_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP")
    monkeypatch.delattr(signal, "SIGUSR1")
    with interrupts() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.is_set()


def test_other_threads_hear_no_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with interrupts() as stop:
            seen.extend([stop.is_set(), signal.getsignal(signal.SIGTERM)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False, before]
