"""A run folder is made once, and never shared."""

import threading
from pathlib import Path

import pytest

from condgan.errors import CondganError
from condgan.recipe import builtin
from condgan.runs.run import Run


def test_runs_that_start_in_one_minute_get_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = builtin.get("cgan-bce")
    made: list[Run] = []
    threads = [threading.Thread(target=lambda: made.append(Run.create(recipe, None))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.folder for run in made}) == len(made) == 8
    assert all(run.folder.parent == Path("runs") and run.recipe == recipe for run in made)


def test_what_a_failed_start_left_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".lock").touch()
    run = Run.create(builtin.get("cgan-bce"), tmp_path / "r")
    with pytest.raises(CondganError, match="exists and is kept"):
        Run.create(builtin.get("cgan-lsgan"), tmp_path / "r")
    assert run.recipe.name == "cgan-bce"
    run.discard()
    assert not (tmp_path / "r").exists()


def test_discarding_keeps_what_was_there(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("mine")
    Run.create(builtin.get("cgan-bce"), tmp_path).discard()
    assert [path.name for path in tmp_path.iterdir()] == [".hidden"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    run = Run.create(builtin.get("cgan-bce"), tmp_path / "r")
    with run.locked(), pytest.raises(CondganError, match="another process"), run.locked():
        pass
    with run.locked():
        pass
