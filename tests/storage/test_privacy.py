"""What files tell of a command: nothing secret, and nothing of places outside the working folder."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.storage import privacy

WORDS = st.text(st.characters(categories=("L", "N"), codec="ascii"), min_size=6, max_size=12)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


@pytest.mark.parametrize(
    ("word", "expected"),
    [("train", "train"), ("optim.lr=1e-3", "optim.lr=1e-3"), ("runs/a@100", "runs/a@100"), ("data/../cats", "cats"),
     ("/home/me/photos", ".../photos"), ("~/photos", ".../photos"), ("../photos", ".../photos"), ("/", ".../"),
     ("data.source=/home/me/photos", "data.source=.../photos"), ("--data=/home/me/a", "--data=.../a"),
     ("postgresql://me:p@ss@host/db", "postgresql://***@host/db"), ("--storage=redis://:pass@host", "--storage=redis://***@host"),
     ("https://host/x?token=abc&n=1", "https://host/x?token=***&n=1"), ("a=b=c", "a=b=c"), ("1/2", "1/2")],
)  # fmt: skip
def test_a_word_as_others_may_read_it(word: str, expected: str) -> None:
    assert privacy.told(word) == expected


def test_a_path_within_the_working_folder_is_told_relative_to_it() -> None:
    assert privacy.told(str(Path.cwd() / "runs" / "a")) == os.path.join("runs", "a")
    assert privacy.told(str(Path.cwd())) == "."


@given(secret=WORDS, option=st.sampled_from(["--password", "--api-key", "--api_key", "--hf-token", "db.secret"]))
def test_secrets_are_hidden_wherever_they_stand(secret: str, option: str) -> None:
    joined = privacy.command(["/usr/bin/condgan", "train", f"{option}={secret}", f"ftp://u:{secret}@h/"])
    assert secret not in joined.replace("condgan train", "")
    assert joined.startswith("condgan train ")
    if option.startswith("--"):
        apart = privacy.command(["condgan", "train", option, secret, "--epochs", "2"])
        assert shlex.split(apart) == ["condgan", "train", option, "***", "--epochs", "2"]


def test_the_provenance_of_a_run_names_no_place(folder: Path, digits: Path) -> None:
    place = folder / "private-place"
    place.mkdir()
    (place / "digits.npz").write_bytes(digits.read_bytes())
    options = ["train.epochs=1", "evaluation.every=none", "machine.threads=1", "generator.hidden=4"]
    command = [sys.executable, "-m", "condgan", "train", "gan-mlp", *options, "--data", place / "digits.npz"]
    done = subprocess.run([*map(str, command), "--run", str(folder / "elsewhere")], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    text = (folder / "elsewhere" / "provenance.json").read_text()
    assert json.loads(text)["sessions"][0]["command"].endswith("--data .../digits.npz --run .../elsewhere")
    assert "private-place" not in text
    for png in (folder / "elsewhere").rglob("*.png"):
        assert b"private-place" not in png.read_bytes()
