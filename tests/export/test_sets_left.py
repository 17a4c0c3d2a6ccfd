"""What lies beside the place of a dataset: a user's own is kept, what a kill has left is cleared or named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from condgan.data.writers import output
from condgan.errors import CondganError
from condgan.export import export


def sample(path: Any, **options: Any) -> Path:
    return export.to_file("mnist", output=path, **({"per_class": 2, "shard_size": 10} | options))


def stopped(path: Path) -> Path:
    """What an export leaves that is stopped after its first part."""

    def progress(done: int, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(BaseException, match="the same command goes on"):
        sample(path, progress=progress)
    return output.unfinished(path)


def test_a_folder_of_ones_own_is_kept(tmp_path: Path) -> None:
    mine = tmp_path / ".ds.part"
    (mine / "out").mkdir(parents=True)
    (mine / "mine.txt").write_text("precious")
    with pytest.raises(CondganError, match="is in the way, and is no unfinished export"):
        sample(tmp_path / "ds")
    assert (mine / "mine.txt").read_text() == "precious"
    (tmp_path / "home" / "out").mkdir(parents=True)
    (tmp_path / ".ln.part").symlink_to(tmp_path / "home")
    with pytest.raises(CondganError, match="is in the way"):
        sample(tmp_path / "ln")
    assert (tmp_path / "home" / "out").is_dir()


def test_what_appears_meanwhile_costs_no_part(tmp_path: Path) -> None:
    path = tmp_path / "ds"

    def appear(done: int, count: int) -> None:
        if done == count:
            path.write_text("precious")

    with pytest.raises(CondganError, match=r"exists already .*20 are written"):
        sample(path, progress=appear)
    assert path.read_text() == "precious"
    path.unlink()
    said: list[str] = []
    sample(path, say=said.append)
    assert "goes on after 20 of 20 images" in said[0]
    assert os.listdir(tmp_path) == ["ds"]


def test_what_a_kill_after_the_move_has_left_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / "ds"
    left = stopped(path)
    os.replace(left / "plan.json", left / "moving.json")
    os.replace(left / "out", path)
    with pytest.raises(CondganError, match="exists already"):
        sample(path)
    assert os.listdir(tmp_path) == ["ds"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("plan.json", '{"plan": null, "time": "2026-01-01T00:00:00Z"}'), ("plan.json", "[]"), ("plan.json", "{}"),
     ("journal.jsonl", "5\n"), ("journal.jsonl", '{"samples": "x", "counts": [], "state": 1}\n'),
     ("journal.jsonl", '{"samples": 1, "counts": [1], "state": 1}\n')],
)  # fmt: skip
def test_damaged_leftovers_are_named(tmp_path: Path, name: str, text: str) -> None:
    left = stopped(tmp_path / "ds")
    (left / name).write_text(text)
    with pytest.raises(CondganError, match=r"is damaged|is what is left of another export"):
        sample(tmp_path / "ds")
    assert json.loads((left / "plan.json").read_text() or "{}") is not None


@pytest.mark.parametrize(
    "options",
    [{"output": 5}, {"output": b"x"}, {"output": "a\0b"}, {"per_class": "3"}, {"counts": 5, "per_class": None},
     {"format": 5}, {"keep": "a"}, {"keep": True}, {"producer": 5}, {"producer": "\ud800"}, {"seed": "x"},
     {"scale": 1.5, "per_class": None}, {"scale": True, "per_class": None}, {"walk": 5, "per_class": None},
     {"output": "new/.."}, {"shard_size": 0}],
)  # fmt: skip
def test_wrong_types_are_one_line(options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CondganError) as raised:
        sample(**({"path": "ds"} | {("path" if name == "output" else name): value for name, value in options.items()}))
    assert "\n" not in str(raised.value)
    str(raised.value).encode()
    assert os.listdir(tmp_path) == []


def test_text_and_numbers_of_numpy_are_taken(tmp_path: Path) -> None:
    import numpy as np

    path = sample(str(tmp_path / "ds"), per_class=np.int64(1), seed=np.int64(3))
    assert (path / "manifest.json").is_file()
