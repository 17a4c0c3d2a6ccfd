"""Datasets whose writing is killed, stopped, crowded or has no room: what is written in the end is equal to the byte.

A child process kills itself (SIGKILL) as it is about to touch the file system for the n-th time, so that every moment
between two such steps can be tried; another child goes on.
"""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from condgan.errors import CondganError
from condgan.export import export
from sets import FORMS

pyarrow.table({"loaded": [1]})  # with all that it imports, once rather than in each child

TOUCHES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree", "os.link"}
"""Audit events (PEP 578) of what changes files."""
FIRST, LATER = "1000000000", "1000000777"  # times of the first start and of those after it


def sample(generator: Path, output: Path, form: str, **options: Any) -> Path:
    told = {"per_class": 6, "seed": 1, "format": FORMS[form][0], "shard_size": 20} | options
    return export.to_file(generator, output=output, **told)


def child(work: Callable[[], object], time_of: str, kill_at: int | None = None) -> tuple[int, int]:
    """Do the work in a process of its own -> its exit status, and how often it touched files in the folder."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        os.environ["SOURCE_DATE_EPOCH"] = time_of
        count = 0

        def hook(event: str, given: tuple[Any, ...]) -> None:
            nonlocal count
            if event not in TOUCHES or "part" not in str(given[:2]):
                return
            if event == "open" and not (given[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

        status = 1
        try:
            sys.addaudithook(hook)
            work()
            status = 0
        finally:
            os.write(writing, str(count).encode())
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    return os.waitpid(process, 0)[1], int(text or 0)


def content(path: Path) -> dict[str, str]:
    """The hash of each file at a path."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


SLOW = {"imagefolder", "idx", "npz", "one.parquet"}  # whose ways of writing the others have too


@pytest.mark.parametrize("form", [pytest.param(form, marks=[pytest.mark.slow] * (form in SLOW)) for form in FORMS])
def test_a_kill_at_any_moment_changes_no_byte(generators: Mapping[str, Path], tmp_path: Path, form: str) -> None:
    """Moments are spread over the whole work, and dense around its end."""
    ending, generator = FORMS[form][1], generators["plain"]
    (tmp_path / "whole").mkdir()
    name = f"set{ending}"
    status, touches = child(lambda: sample(generator, tmp_path / "whole" / name, form), FIRST)
    assert status == 0
    expected = content(tmp_path / "whole" / name)
    assert sorted(os.listdir(tmp_path / "whole")) == [name]
    moments = {*np.linspace(1, touches - 1, 4).astype(int).tolist(), *range(touches - 3, touches)}
    for moment in sorted(moments):
        folder = tmp_path / str(moment)
        folder.mkdir()
        path = folder / name
        status, _ = child(lambda path=path: sample(generator, path, form), FIRST, moment)  # type: ignore[misc]
        assert status == signal.SIGKILL
        if path.exists():  # it was complete: what is left beside it is no harm
            assert content(path) == expected, moment
            continue
        begun = any(folder.glob(".*/plan.json"))
        second = moment // 2 if moment % 2 else None  # some are killed twice
        if second is not None:
            child(lambda path=path: sample(generator, path, form), LATER, second)  # type: ignore[misc]
        if not path.exists():
            status, _ = child(lambda path=path: sample(generator, path, form), LATER)  # type: ignore[misc]
            assert status == 0, moment
            assert sorted(os.listdir(folder)) == [name], moment
        if begun:
            assert content(path) == expected, moment
        else:  # it began anew, at a later time
            assert content(path).keys() == expected.keys()


@pytest.mark.parametrize("form", ["folder", "one.npz"])
def test_a_set_that_was_moved_away_is_made_anew_and_whole(
    generators: Mapping[str, Path], tmp_path: Path, form: str
) -> None:
    """Also where the process was killed right after it had put the set in its place."""
    path, generator = tmp_path / f"set{FORMS[form][1]}", generators["plain"]
    status, touches = child(lambda: sample(generator, path, form), FIRST)
    assert status == 0
    expected = content(path)
    for moment in range(touches - 5, touches):
        subprocess.run(["rm", "-rf", str(path), *map(str, tmp_path.glob(".*"))], check=True)
        child(lambda: sample(generator, path, form), FIRST, moment)
        if path.exists():
            subprocess.run(["rm", "-rf", str(path)], check=True)
        assert child(lambda: sample(generator, path, form), FIRST)[0] == 0
        assert content(path) == expected, moment


def test_it_says_that_it_goes_on_and_from_where(generators: Mapping[str, Path], tmp_path: Path) -> None:
    path, said = tmp_path / "set", list[str]()
    _, touches = child(lambda: sample(generators["plain"], tmp_path / "other", "folder"), FIRST)
    child(lambda: sample(generators["plain"], path, "folder"), FIRST, touches * 2 // 3)
    sample(generators["plain"], path, "folder", say=said.append)
    assert any("40 of 60" in words for words in said), said


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"per_class": 7}, {"shard_size": 10}, {"producer": "Another"}, {"format": "imagefolder"}]
)
def test_another_plan_is_refused_and_names_what_is_left(
    generators: Mapping[str, Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "set"
    child(lambda: sample(generators["plain"], path, "folder"), FIRST, 45)
    (left,) = tmp_path.iterdir()
    before = content(left)
    with pytest.raises(CondganError) as caught:
        sample(generators["plain"], path, "folder", **change)
    assert left.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert content(left) == before


def test_another_generator_is_another_plan(generators: Mapping[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "set"
    child(lambda: sample(generators["plain"], path, "folder", counts=None), FIRST, 45)
    with pytest.raises(CondganError, match="another"):
        sample(generators["grey"], path, "folder")


@pytest.mark.parametrize("form", ["folder", "idx", "parquet", "one.npz"])
def test_without_room_nothing_stands_there_and_with_room_it_goes_on(
    generators: Mapping[str, Path], tmp_path: Path, form: str
) -> None:
    (tmp_path / "whole").mkdir()
    name, generator = f"set{FORMS[form][1]}", generators["plain"]
    child(lambda: sample(generator, tmp_path / "whole" / name, form), FIRST)
    path = tmp_path / "tight" / name
    path.parent.mkdir()

    def tight() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1300, 1300))  # an image or a journal fits, a shard does not
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with pytest.raises(CondganError, match=rf"^[^\n]*{name}[^\n]*File too large[^\n]*$"):
            sample(generator, path, form)
        os._exit(7)

    status, _ = child(tight, FIRST)
    assert os.waitstatus_to_exitcode(status) == 7
    assert not path.exists()
    child(lambda: sample(generator, path, form), FIRST)
    assert content(path) == content(tmp_path / "whole" / name)
    assert os.listdir(path.parent) == [name]


def test_the_second_of_two_processes_is_refused(generators: Mapping[str, Path], tmp_path: Path) -> None:
    path, started = tmp_path / "set", tmp_path / "started"

    def slow(written: int, count: int) -> None:
        started.touch()
        time.sleep(30)

    process = os.fork()
    if process == 0:
        sample(generators["plain"], path, "folder", progress=slow)
        os._exit(0)
    try:
        while not started.exists():
            time.sleep(0.01)
        with pytest.raises(CondganError, match="another process"):
            sample(generators["plain"], path, "folder")
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    sample(generators["plain"], path, "folder")
    assert sorted(os.listdir(tmp_path)) == ["set", "started"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_what_is_stopped_says_how_to_go_on(tmp_path: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-m", "condgan", "sample", "mnist", "3", "--count", "200000", "-o", "set",
               "--shard-size", "500"]  # fmt: skip
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(tmp_path.glob(".set.part/out/3/000600.png")):
            time.sleep(0.02)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
    assert process.returncode in (130, 143), err
    assert err.splitlines()[-1].startswith("stopped: the same command goes on after")
    assert "Traceback" not in err
    assert os.listdir(tmp_path) == [".set.part"]
