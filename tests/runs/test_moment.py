"""``RUN@100`` names a moment of a run; a path that exists is that path."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.runs import moment


@given(st.from_regex(r"[a-z0-9._-]{1,9}", fullmatch=True).filter(lambda name: name not in (".", "..")), st.integers(0))
def test_a_moment_is_a_folder_and_an_epoch(name: str, epoch: int) -> None:
    assert moment.parse(f"nowhere/{name}@{epoch}") == (Path("nowhere") / name, epoch)
    assert moment.parse(Path("nowhere") / name) == (Path("nowhere") / name, None)


@pytest.mark.parametrize("path", ["a@", "@3", "a@b", "a@-1", "a@1.5", "a@٣", "mail@host/a", "a@3/checkpoints", "a"])
def test_any_other_path_is_no_moment(path: str) -> None:
    assert moment.parse(path) == (Path(path), None)


def test_a_folder_with_such_a_name_comes_first(tmp_path: Path) -> None:
    (tmp_path / "a@3").mkdir()
    assert moment.parse(tmp_path / "a@3") == (tmp_path / "a@3", None)
    assert moment.parse(tmp_path / "a@3@7") == (tmp_path / "a@3", 7)
