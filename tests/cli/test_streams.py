"""No print fails: in any encoding, without a reader, without a stream, on a terminal that is closed."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan.runs import checkpoint
from condgan.runs.run import Run

COMMAND = [sys.executable, "-m", "condgan"]
LOCALES = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "C": {"LC_ALL": "C"},
    "C, no UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of 8 x 8 in classes with Chinese names, below a folder with one."""
    path = tmp_path_factory.mktemp("data") / "动物" / "猫狗.npz"
    path.parent.mkdir()
    images = np.random.default_rng(1).integers(0, 256, (60, 8, 8), np.uint8)
    np.savez(path, images=images, labels=np.arange(60) % 2, class_names=np.array(["猫", "狗"]))
    return path


def training(tiny: dict[str, tuple[str, ...]], data: Path, run: Path, *more: str) -> list[str]:
    options = [*tiny["cgan-lsgan"], "machine.threads=1", *more, "--data", str(data), "--run", str(run)]
    return [*COMMAND, "train", "cgan-lsgan", *options]


def environment(**changed: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))} | changed


@pytest.mark.parametrize("locale", LOCALES)
def test_a_training_below_a_chinese_path(
    locale: str, tiny: dict[str, tuple[str, ...]], chinese: Path, tmp_path: Path
) -> None:
    command = training(tiny, chinese, tmp_path / "跑", "--epochs", "1")
    process = subprocess.run(command, env=environment(**LOCALES[locale]), capture_output=True, timeout=120)
    assert process.returncode == 0, process.stderr
    words = [line for line in process.stderr.splitlines() if not line.startswith(b"no font here has")]
    assert words == []
    shown = process.stdout.decode("utf-8" if locale == "C" else "ascii")
    assert ("跑" in shown) == (locale == "C")  # Python reads the locale C as UTF-8
    if locale in ("cp1252", "ascii"):
        assert "\\u8dd1" in shown
    run = Run(tmp_path / "跑")
    assert run.recipe_text() is not None
    for file in [*run.folder.glob("*.json"), run.log]:
        file.read_text(encoding="utf-8")
    assert "猫狗.npz" in (run.folder / "recipe.json").read_text(encoding="utf-8") or locale == "C, no UTF-8"
    command = [*COMMAND, "sample", str(run.folder), "猫,狗", "-o", str(tmp_path / "犬.png")]
    process = subprocess.run(command, env=environment(**LOCALES[locale]), capture_output=True, timeout=120)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "犬.png").exists()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_of_a_chinese_path(locale: str) -> None:
    process = subprocess.run(
        [*COMMAND, "train", "--data", "没有"], env=environment(**LOCALES[locale]), capture_output=True, timeout=60
    )
    assert process.returncode == 2
    assert process.stderr.startswith(b"condgan: ")
    assert process.stderr.count(b"\n") == 1
    process.stderr.decode("utf-8" if locale == "C" else "ascii")


def test_a_file_name_that_is_no_text(tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    os.link(digits, folder / "digits.npz")
    command = training(tiny, folder / "digits.npz", folder / "run", "--epochs", "1")
    process = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (process.returncode, process.stderr) == (0, "")
    assert "caf\\udce9" in process.stdout
    assert Run(folder / "run").status.state == "finished"
    process = subprocess.run([*COMMAND, "resume", folder / "run", "--epochs", "2"], capture_output=True, timeout=120)
    assert (process.returncode, process.stderr) == (0, b"")


CLOSED = {"stdout": ">&-", "stderr": "2>&-", "both": ">&- 2>&-", "all": "<&- >&- 2>&-"}


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams(closed: str, condgan: Any) -> None:
    for arguments, code in (("recipes", 0), ("recipes nothing", 2), ("--version", 0), ("sample nowhere", 2)):
        line = f"{sys.executable} -m condgan {arguments} {CLOSED[closed]}"
        process = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
        assert process.returncode == code, (arguments, process)
        assert "Traceback" not in process.stderr
        if closed == "stderr":
            assert (process.stdout == "") == (code == 2)  # no error goes to stdout instead


def test_a_training_with_closed_streams(tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path) -> None:
    command = training(tiny, digits, tmp_path / "run", "--epochs", "2")
    process = subprocess.run(["bash", "-c", '"$@" <&- >&- 2>&-', "bash", *command], timeout=120)
    assert process.returncode == 0
    assert Run(tmp_path / "run").status.state == "finished"


def test_a_full_disk_behind_stdout_is_an_error() -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [*COMMAND, "recipes", "cgan-lsgan"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (process.returncode, process.stderr) == (2, "condgan: stdout: No space left on device\n")


@pytest.mark.parametrize("end", ["a full disk", "a reader that goes away", "a reader that reads nothing"])
def test_no_training_ends_because_nobody_reads(
    end: str, tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
    with Path("/dev/full").open("wb") as full, suppress(OSError):
        command = training(tiny, digits, tmp_path / "run", "--epochs", "100")
        process = subprocess.Popen(command, stdout=full if end == "a full disk" else writer, stderr=subprocess.PIPE)
        os.close(writer)
        if end == "a reader that goes away":
            os.read(reader, 10)
            os.close(reader)
        _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, b"")
    assert Run(tmp_path / "run").status.state == "finished"
    if end == "a reader that reads nothing":
        os.set_blocking(reader, False)
        assert 4000 < len(os.read(reader, 1 << 20)) < 6000  # what the pipe had room for
    with suppress(OSError):
        os.close(reader)


class Terminal:
    """A process in a session of its own, on a terminal of its own."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.execve(command[0], command, os.environ | {"TERM": "xterm"} | environment)
        self.shown = b""

    def read_until(self, pattern: bytes) -> None:
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.shown):
            assert time.monotonic() < deadline
            self.shown += os.read(self.screen, 1 << 16)

    def finish(self) -> int:
        """Read all -> the exit code."""
        with suppress(OSError):  # EIO: nobody writes any more
            self.read_until(rb"(?!)")
        os.close(self.screen)
        return self.exit_code()

    def close(self) -> int:
        """Close the window -> the exit code."""
        os.close(self.screen)
        return self.exit_code()

    def exit_code(self) -> int:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            done, status = os.waitpid(self.process, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(self.process, signal.SIGKILL)
        raise AssertionError("it did not end")


@pytest.fixture
def far(tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path) -> Iterator[list[str]]:
    return training(tiny, digits, tmp_path / "run", "output.checkpoint_every=0.2", "--epochs", "1000000")


def test_a_terminal_that_closes_leaves_a_saved_run(far: list[str], tmp_path: Path) -> None:
    terminal = Terminal(far)
    terminal.read_until(rb"images/s")
    assert terminal.close() == 130
    run = Run(tmp_path / "run")
    assert run.status.state == "stopped"
    assert run.status.step == checkpoint.load(run.checkpoint()).step > 0
    assert not list(run.folder.rglob("*.tmp"))


def test_without_hangup_a_training_outlives_its_terminal(
    tiny: dict[str, tuple[str, ...]], digits: Path, tmp_path: Path
) -> None:
    command = training(tiny, digits, tmp_path / "run", "--epochs", "100")
    terminal = Terminal(["/bin/sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *command])
    terminal.read_until(rb"images/s")
    assert terminal.close() == 0
    assert Run(tmp_path / "run").status.state == "finished"


def test_a_bar_in_a_western_code_page(tiny: dict[str, tuple[str, ...]], chinese: Path, tmp_path: Path) -> None:
    terminal = Terminal(training(tiny, chinese, tmp_path / "跑", "--epochs", "10"), PYTHONIOENCODING="cp1252")
    assert terminal.finish() == 0
    assert b"\\u8dd1" in terminal.shown
    assert b"Traceback" not in terminal.shown
