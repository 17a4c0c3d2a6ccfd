"""Reports of worth and cure: the sentence is the verdict's own, in both languages, and stands with its runs."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan import cli
from condgan.diagnosis.alarms import Finding
from condgan.diagnosis.diagnosis import Diagnosis
from condgan.errors import CondganError
from condgan.experiments.study import Study
from condgan.recipe import builtin
from condgan.reports import planned, verdicts
from condgan.reports.language import LANGUAGES, Words
from condgan.reports.report import report
from condgan.verdicts import cure, kept, plan, worth
from condgan.verdicts.cures import Cures
from condgan.verdicts.interval import Interval
from condgan.verdicts.verdict import Row, Verdict, Word
from condgan.verdicts.ways import BASES, with_synthetic

RECIPE = builtin.get("mnist-fast", ["train.epochs=1", "data.source=photos.npz"])
COUNTS = np.array([9, 1])
WAYS = [*BASES, *with_synthetic(BASES[1], COUNTS)]
HEALTHY = Diagnosis((), 9, 1, 0, ())
SAID: tuple[Word, ...] = ("helps", "hurts", "no-difference", "cannot-tell")


def found(folder: Path, word: Word, of_images: float, rarest: bool = False) -> worth.Worth:
    """A verdict of a study in a folder, as it is written there."""
    study = Study(folder)
    study.begin(plan.Plan(RECIPE, 4.0))
    one = Interval(1.25, -3.5, 6.0, of_images=of_images, of_trainings=1.0)
    rows = tuple(Row(way.name, 50.0 + place, 2.5, 5) for place, way in enumerate(WAYS))
    verdict = Verdict(word, one, WAYS[3], BASES[1], 71.0, True, (1, one) if rarest else None, rows, ("a leak: <b>",))
    result = worth.Worth(verdict, study, ("cat", "<i>dog</i>"), (90, 30), "condgan sample S/seed-0 --per-class 9")
    (folder / worth.FILE).write_text(json.dumps(result.as_json()))
    return result


@pytest.mark.parametrize("word", SAID)
@pytest.mark.parametrize("of_images", [0.5, 2.0])
def test_the_english_of_worth_is_the_verdicts_own_and_the_chinese_has_its_figures(
    tmp_path: Path, word: Word, of_images: float
) -> None:
    result = found(tmp_path / "S", word, of_images)
    read = kept.of_worth(tmp_path / "S")
    assert read is not None
    assert verdicts.of_worth(read, Words("en")) == result.sentence() == read.sentence
    chinese = verdicts.of_worth(read, Words("zh"))
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert not re.search(r"[A-Za-z]", chinese)
    assert set(re.findall(r"[+-]\d+\.\d", chinese)) == set(re.findall(r"[+-]\d+\.\d", result.sentence()))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_of_worth_has_every_way_and_the_command(tmp_path: Path, lang: str) -> None:
    found(tmp_path / "S", "helps", 2.0, rarest=True)
    (text,) = report(tmp_path / "S", tmp_path / "r.html", lang=lang)
    shown = text.read_text("utf-8")
    for place in range(len(WAYS)):
        assert f"{50 + place:.1f} %" in shown
    assert "condgan worth photos.npz --minutes 4" in shown
    assert "condgan sample S/seed-0 --per-class 9" in shown
    assert "&lt;i&gt;dog" in shown
    assert "<i>dog" not in shown
    first = shown.index('id="verdict"')
    assert first < shown.index('id="summary"')


def test_no_verdict_or_a_damaged_one_is_said(tmp_path: Path) -> None:
    found(tmp_path / "S", "helps", 2.0)
    for content in (None, "{", "[]", '{"sentence": 3}', "[" * 9999, json.dumps({"difference": 1e999})):
        place = tmp_path / "S" / worth.FILE
        place.unlink() if content is None else place.write_text(content)
        (text,) = report(tmp_path / "S", tmp_path / "r.html")
        assert "There is no verdict yet" in text.read_text("utf-8")
        assert kept.told(tmp_path / "S") == []


def test_an_older_file_without_the_images_that_would_tell_says_nothing_of_them(tmp_path: Path) -> None:
    result = found(tmp_path / "S", "cannot-tell", 2.0).as_json()
    del result["needed_images"]
    (tmp_path / "S" / worth.FILE).write_text(json.dumps(result))
    read = kept.of_worth(tmp_path / "S")
    assert read is not None
    assert result["sentence"].startswith(verdicts.of_worth(read, Words("en")))


def ill(folder: Path, **changes: Any) -> cure.Cure:
    """A cure of a run ``a`` in a folder, as it is written there."""
    study = Study(folder)
    tried = {"as-it-is": (), "cure-1": ("train.ema=0.99",)}
    study.begin(Cures(study, RECIPE, tried, str(folder.parent / "a"), False))
    finding = Finding("It repeats itself.", "by its numbers", kind="collapse", advice=("train.ema=0.99",))
    figures = {"fid": 12.25, "label_accuracy": 0.5}
    result = cure.Cure(
        str(folder.parent / "a"), study, Diagnosis((finding,), 9, 1, 0, ()), ("train.ema=0.99",), figures, figures,
        {"fid": 3.125}, (), (((), 12.25), (("train.ema=0.99",), 3.125), (("x.y=1",), np.inf)),
        folder / "cure-1" / "seed-1000",
    )  # fmt: skip
    result = replace(result, **changes)
    (folder / cure.FILE).write_text(json.dumps(result.as_json()))
    return result


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"left": ("collapse",)}, {"after": {"fid": 14.75}}, {"after": None}, {"findings": HEALTHY},
        {"table": (((), np.inf),)},
    ],
)  # fmt: skip
def test_the_english_of_a_cure_is_its_own_sentence(tmp_path: Path, changes: dict[str, Any]) -> None:
    result = ill(tmp_path / "a-cure", **changes)
    read = kept.of_cure(tmp_path / "a-cure")
    assert read is not None
    assert verdicts.of_cure(read, Words("en")).replace("`", "") == result.sentence()
    chinese = verdicts.of_cure(read, Words("zh"))
    assert re.findall(r"\d+\.\d+", chinese.replace("0.99", "")) == re.findall(
        r"\d+\.\d+", result.sentence().replace("0.99", "")
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_report_of_a_cure_has_its_branches_and_its_pictures(tmp_path: Path, lang: str) -> None:
    ill(tmp_path / "a-cure")
    for shade, name in ((40, cure.PICTURE), (90, cure.CURVES)):
        Image.new("L", (8, 8), shade).save(tmp_path / "a-cure" / name)
    text, folder = report(tmp_path / "a-cure", tmp_path / "r.md", lang=lang)
    shown = text.read_text("utf-8")
    for part in ("collapse", "train.ema=0.99", "12.25", "3.125", f"condgan cure {tmp_path / 'a'}"):
        assert part in shown
    shades = [np.asarray(Image.open(path).convert("L"))[0, 0] for path in sorted(folder.iterdir())]
    assert shades == [40, 90]


def test_a_verdict_is_shown_with_the_run_that_it_is_of(tmp_path: Path) -> None:
    cured, answered = ill(tmp_path / "a-cure"), found(tmp_path / "W", "helps", 2.0)
    for name in ("a", "b", "W/seed-0", "a-cure/cure-1/seed-0", "deep/1/2/3/4"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "recipe.json").write_text("{}")
    assert [one["sentence"] for one in kept.told(tmp_path / "a")] == [cured.sentence()]
    assert [one["sentence"] for one in kept.told(f"{tmp_path / 'a'}@3")] == [cured.sentence()]
    assert [one["sentence"] for one in kept.told(tmp_path / "a-cure/cure-1/seed-0")] == [cured.sentence()]
    assert [one["sentence"] for one in kept.told(tmp_path / "W/seed-0")] == [answered.sentence()]
    assert [one["sentence"] for one in kept.told(tmp_path / "a-cure")] == [cured.sentence()]
    assert [one["sentence"] for one in kept.told(tmp_path / "W")] == [answered.sentence()]
    assert kept.told(tmp_path / "b") == []
    (tmp_path / "a").rename(tmp_path / "c")
    (tmp_path / "a-cure").rename(tmp_path / "c-cure")  # of a, and c is another run
    assert kept.told(tmp_path / "c") == []
    assert kept.told(tmp_path / "deep/1/2/3/4") == []


def test_the_verdict_of_data_is_shown_with_this_data_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("photos.npz", images=np.zeros((2, 8, 8), np.uint8), labels=np.arange(2))
    (tmp_path / "other").mkdir()
    np.savez("other/photos.npz", images=np.zeros((2, 8, 8), np.uint8), labels=np.arange(2))
    source = str(tmp_path / "photos.npz")
    study = Study(Path("runs/worth-photos"))
    study.begin(plan.Plan(RECIPE.model_copy(update={"data": RECIPE.data.model_copy(update={"source": source})}), 4.0))
    answered = found(tmp_path / "W", "hurts", 2.0)
    (study.folder / worth.FILE).write_text(json.dumps(answered.as_json()))
    assert [one["sentence"] for one in kept.told("photos.npz")] == [answered.sentence()]
    assert kept.told("other/photos.npz") == []


def test_worth_refuses_a_report_that_cannot_be_written_before_anything_is_trained(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["worth", "mnist", "--study", str(tmp_path / "S"), "-o", str(tmp_path / "r.doc")])
    assert stopped.value.code == 2
    assert "expected a file that ends in .html, .md, .pdf" in capsys.readouterr().err
    assert not (tmp_path / "S").exists()


def test_cure_writes_its_report(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = ill(tmp_path / "a-cure")
    monkeypatch.setattr(cure, "cure", lambda *_, **__: result)  # minutes of training
    for place, code in (("r.txt", 2), ("r.html", 0)):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["cure", str(tmp_path / "a"), "-o", str(tmp_path / place), "--json"])
        assert stopped.value.code == code
    shown = capsys.readouterr()
    assert json.loads(shown.out)["cured"] is True
    assert "train.ema=0.99" in (tmp_path / "r.html").read_text("utf-8")
    nothing = replace(result, study=None, best=None)
    monkeypatch.setattr(cure, "cure", lambda *_, **__: nothing)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["cure", str(tmp_path / "a"), "-o", str(tmp_path / "n.html")])
    assert stopped.value.code == 0
    assert "nothing was tried" in capsys.readouterr().err
    assert not (tmp_path / "n.html").exists()


def test_the_command_of_a_plan_without_its_fields_is_still_one() -> None:
    assert planned.of_cure({}, None) == "condgan cure RUN"
    assert planned.of_worth({"minutes": "soon"}, None) == "condgan worth mnist"
    with pytest.raises(CondganError):
        report("nowhere", "r.html")
