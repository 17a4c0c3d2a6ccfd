"""The command on small sets: it answers, goes on, keeps its minutes, and refuses what cannot be told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_verdict import DIGITS

import condgan
from condgan import cli
from condgan.errors import ArgumentError, CondganError
from condgan.experiments.study import Study
from condgan.recipe import Data
from condgan.verdicts import plan, worth

Words = Any


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings of a second, which tell nothing."""
    for name, value in (("START", 0.0), ("SHARE", 0.02), ("FEWEST", 2), ("MOST", 3), ("PROBED", 0.05), ("REDUCED", 4)):
        monkeypatch.setattr(plan, name, value)


def written(path: Path, count: int = 120, **more: Any) -> Path:
    np.savez(path, **({"images": DIGITS.images[:count, 0], "labels": DIGITS.labels[:count]} | more))
    return path


def told(words: list[str], capsys: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main(words)
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out, shown.err


def test_it_answers_and_goes_on(tmp_path: Path, hasty: None, capsys: Any) -> None:
    words = ["worth", str(written(tmp_path / "digits.npz")), "--minutes", "9", "--study", str(tmp_path / "S")]
    code, out, err = told(words, capsys)
    assert code == 0, err
    assert "2 generators by images-small" in out
    assert "synthetic alone" in out
    code, again, err = told([*words, "--json"], capsys)
    assert code == 0, err
    assert "begins" not in err  # nothing is trained twice
    found = json.loads(again)
    assert found["verdict"] in ("helps", "no-difference", "hurts", "cannot-tell")
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["sentence"] in out
    assert found["sentence"].count(f"{found['test_images']} test images") == 1
    assert [row["way"] for row in found["table"]][:3] == ["real", "real, moved", "real, moved and flipped"]
    assert found == json.loads((tmp_path / "S" / "worth.json").read_text())
    effort = tmp_path / "S" / "effort.json"
    decided = effort.read_text()
    effort.write_text('{"steps": 1000000000000, "width": 4000, "seeds": 5}')  # by hand: it is decided anew
    code, _, err = told([*words, "--json"], capsys)
    assert code == 0, err
    assert effort.read_text() == decided
    code, resumed, err = told(["resume", str(tmp_path / "S")], capsys)
    assert code == 0, err
    assert found["sentence"] in resumed
    for seed in (0, 1):
        recipe = condgan.Run(tmp_path / "S" / f"seed-{seed}").recipe
        assert (recipe.seed, recipe.data.train_on) == (seed, "train")
    command, *making = worth.making(Study(tmp_path / "S"), np.array([2, 0, 1, 0, 3]), tuple("01234")).split()
    assert command == "condgan"
    code, _, err = told(making, capsys)
    assert code == 0, err
    assert len([*(tmp_path / "S" / "synthetic").glob("**/*.png")]) >= 6
    code, _, err = told([*words[:2], "--minutes", "2", *words[4:]], capsys)
    assert (code, "--minutes 2.0: " in err) == (2, True), err
    other = written(tmp_path / "other.npz", 100)
    code, _, err = told(["worth", str(other), *words[2:]], capsys)
    assert code == 2
    assert "is a study of" in err


def test_leaks_between_splits_are_named_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "leak.npz"
    parts = {
        f"{name}_{what}": array[first:last]
        for name, first, last in (("train", 0, 80), ("validation", 70, 100), ("test", 75, 140))
        for what, array in (("images", DIGITS.images[:, 0]), ("labels", DIGITS.labels))
    }
    np.savez(path, **parts)
    dataset, notes = worth.sound(Data(source=str(path), size=8))
    assert (len(dataset.validation), len(dataset.test)) == (20, 40)
    assert any("10 of 30 validation images" in note for note in notes)
    assert any("25 of 65 test images" in note for note in notes)  # with those of validation


def test_too_few_minutes_say_how_many_are_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "seconds_of_epoch", lambda *_: 600.0)
    with pytest.raises(
        CondganError, match=r"minutes=5: an epoch of \d+ images takes a generator 600 s here.*give \d+ m"
    ):
        condgan.worth(written(tmp_path / "digits.npz"), minutes=5, study=tmp_path / "S")
    assert not (tmp_path / "S").exists()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [(np.zeros(120, int), "has one class"), (np.arange(120), "")],
)
def test_what_cannot_be_told_apart_is_refused(tmp_path: Path, labels: Any, expected: str, capsys: Any) -> None:
    code, _, err = told(
        ["worth", str(written(tmp_path / "d.npz", labels=labels)), "--study", str(tmp_path / "S")], capsys
    )
    assert code == 2
    assert expected in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "S").exists()


@pytest.mark.parametrize("minutes", ["0", "-3", "nan", "inf", "1e9", "many"])
def test_minutes_are_checked(tmp_path: Path, minutes: str, capsys: Any) -> None:
    code, _, err = told(["worth", str(written(tmp_path / "d.npz")), f"--minutes={minutes}"], capsys)
    assert code == 2
    assert "--minutes" in err


def test_vectors_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", images=np.random.default_rng(0).random((60, 5), np.float32), labels=np.arange(60) % 3)
    with pytest.raises(CondganError, match=r"takes images with classes|expected"):
        condgan.worth(tmp_path / "v.npz", study=tmp_path / "S")


@pytest.mark.parametrize("minutes", ["5", None, True, [5], float("nan"), 0])
@pytest.mark.parametrize("job", [condgan.worth, condgan.cure])
def test_minutes_of_another_type_are_named(job: Any, minutes: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"minutes=.*expected 1 to 100000"):
        job(tmp_path, minutes=minutes)
