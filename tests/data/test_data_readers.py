"""The tables of what can be read are complete, and every text that lists formats lists all of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from condgan import data as datasets
from condgan.data import readers
from condgan.data.readers import BUILT_IN, READERS, idx
from condgan.errors import CondganError
from condgan.recipe import Data

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", [*READERS, *BUILT_IN.values()], ids=lambda row: row.name)
def test_rows_are_complete(row: readers.Reader | readers.BuiltIn) -> None:
    assert row.name
    assert row.words
    assert row.splits.startswith("train")
    assert callable(row.read)


def test_names_are_unique_and_the_last_row_takes_any_folder(tmp_path: Path) -> None:
    names = [row.name for row in (*READERS, *BUILT_IN.values())]
    assert len(set(names)) == len(names)
    assert {name: row.name for name, row in BUILT_IN.items()} == {name: name for name in BUILT_IN}
    assert [row.name for row in READERS if row.matches(tmp_path)] == [READERS[-1].name]


def test_the_first_row_that_matches_reads(tmp_path: Path) -> None:
    np.savez(tmp_path / "idx.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.arange(3))
    assert readers.of(tmp_path / "idx.npz") is READERS[0]
    (tmp_path / "renamed").write_bytes((tmp_path / "idx.npz").read_bytes())
    assert readers.of(tmp_path / "renamed") is READERS[0]  # by content
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx.header((1, 8, 8)) + bytes(64))
    assert [row.name for row in (readers.of(tmp_path), readers.of(tmp_path / "train-images-idx3-ubyte")) if row] == [
        "idx",
        "idx",
    ]
    (tmp_path / "text").write_text("hello")
    assert readers.of(tmp_path / "text") is None


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.name)
def test_every_text_that_lists_formats_lists_this_one(row: readers.Reader) -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace("`", "").split())
    assert row.words in readme
    for source in ("no-such-thing", str(ROOT / "README.md")):
        with pytest.raises(CondganError, match=re.escape(row.words)):
            datasets.load(Data(source=source))
    for command in ("train", "evaluate"):
        shown = subprocess.run(
            [sys.executable, "-m", "condgan", command, "--help"],
            env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "TERMINAL_WIDTH": "400"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert row.words in " ".join(shown.split())


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_unknown_source_is_told_of_the_built_in_ones(name: str) -> None:
    with pytest.raises(CondganError, match=f"give .*{name}.*, or the path of"):
        datasets.load(Data(source="no-such-thing"))
