"""People judge: kills lose no answer, nobody is told what is what before the end, and the figures are right."""

import csv
import io
import json
import math
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from scipy.stats import binomtest
from studios import client

import condgan
from condgan import cli
from condgan.errors import CondganError, UndefinedError
from condgan.evaluation import judging
from condgan.evaluation.people import FAKE, NOISE, REAL, Item, summary
from condgan.metrics import people
from condgan.results.judgements import Judgements, Session

API = "/api/v1"


@given(some.integers(1, 500).flatmap(lambda n: some.tuples(some.integers(0, n), some.just(n))))
def test_intervals_are_wilsons(case: tuple[int, int]) -> None:
    count, n = case
    found = people.share(count, n)
    expected = binomtest(count, n).proportion_ci(method="wilson")
    assert found.value == count / n
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_staircase_settles_where_79_percent_are_right() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        right: list[bool] = []
        for _ in range(150):
            shown = people.exposures(right)[-1]
            right.append(rng.random() < 1 / (1 + math.exp(-8 * math.log(shown / 250))))
        found.append(people.threshold(right))
    expected = 250 * math.exp(math.log(0.794 / 0.206) / 8)  # where that judge is right 79.4 % of the time
    assert np.mean(found) == pytest.approx(expected, rel=0.05)


@given(some.lists(some.booleans(), max_size=200))
def test_exposures_stay_in_their_bounds(right: list[bool]) -> None:
    shown = people.exposures(right)
    assert len(shown) == len(right) + 1
    assert all(people.SHORTEST <= one <= people.LONGEST for one in shown)
    for before, after, was in zip(shown, shown[1:], right, strict=False):
        assert after >= before or was
        assert after <= before or not was


def test_judges_agree_as_far_as_they_do() -> None:
    rng = np.random.default_rng(0)
    truth = {str(number): bool(rng.integers(2)) for number in range(200)}
    noise = {str(number): bool(rng.integers(2)) for number in range(200)}
    assert people.agreement({"a": truth, "b": truth}) == 1.0
    assert abs(people.agreement({"a": truth, "b": noise})) < 0.15
    for one in ({"a": truth}, {}, {"a": {"1": True}, "b": {"2": True}}, {"a": {"1": True}, "b": {"1": True}}):
        with pytest.raises(UndefinedError):
            people.agreement(one)


def session(answers: list[tuple[Item, str]], judge: str = "a", kind: str = "infinity") -> Session:
    items = tuple(item.text() for item, _ in answers)
    return Session(
        judge, kind, judge, "run", items, {number: (answer, 1) for number, (_, answer) in enumerate(answers)}
    )


@pytest.mark.parametrize("count", [4, 5, 12, 13, 20, 31, 50])
def test_as_many_pictures_are_shown_as_were_asked_for(count: int) -> None:
    items = [Item.parse(text).what for text in judging.planned(tuple("0123456789" * 10), count)]
    assert len(items) == count
    assert items.count("real") == items.count("fake") >= (count - max(1, count // 10) - 1) // 2
    assert items.count("noise") >= 1


def test_errors_are_counted_by_kind_and_class_without_inattentive_judges() -> None:
    attentive = session([
        (Item(REAL, 0, "cat:dog"), "real"), (Item(REAL, 1, "b"), "fake"), (Item(FAKE, 0, "cat:dog"), "real"),
        (Item(FAKE, 1, "b"), "fake"), (Item(FAKE, 2, "b"), "fake"), (Item(NOISE, 3, ""), "fake"),
    ])  # fmt: skip
    blind = session([(Item(REAL, 0, "b"), "real"), (Item(NOISE, 3, ""), "real")], "blind")
    found = summary([attentive, blind])
    assert found is not None
    assert found.errors is not None
    assert found.fooled is not None
    assert found.doubted is not None
    assert (found.errors.value, found.errors.n) == (2 / 5, 5)
    assert (found.fooled.value, found.doubted.value) == (1 / 3, 1 / 2)
    assert {name: one.value for name, one in found.per_class.items()} == {"cat:dog": 1 / 2, "b": 1 / 3}
    assert (found.judges, found.inattentive) == (1, 1)
    assert summary([]) is None


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trained run of tiny pictures."""
    folder = tmp_path_factory.mktemp("judged")
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    np.savez(folder / "noise.npz", images=images, labels=np.arange(200) % 2, class_names=["cat", "dog: big"])
    tiny = ("data.size=8", "generator.hidden=8", "discriminator.hidden=8", "evaluation.every=none", "train.epochs=1")
    for seed in (0, 1):
        condgan.train("cgan-lsgan", *tiny, f"seed={seed}", data=folder / "noise.npz", run=folder / f"runs/r{seed}")
    return folder / "runs"


def test_a_session_from_beginning_to_end(runs: Path) -> None:
    asking = client(runs)
    begun = asking.post(f"{API}/judgements/r0/sessions", json={"judge": "Ann", "count": 20}).json()
    at = f"{API}/judgements/r0/sessions/{begun['session']}"
    sizes, kinds = set(), set()
    for number in range(begun["count"]):
        content = asking.get(f"{at}/pictures/{number}").content
        picture = Image.open(io.BytesIO(content))
        sizes.add((picture.size, picture.mode))
        assert not picture.info  # it says nothing of what it is
        assert asking.get(at).json() == {"ended": False, "left": begun["count"] - number}
        assert asking.get(f"{API}/runs/r0").json()["people"] is None  # figures would tell what the last one was
        answer = {"number": number, "answer": "fake", "milliseconds": 900}
        kinds.add(tuple(asking.post(f"{at}/answers", json=answer).json()))
    assert len(sizes) == 1
    assert kinds == {("left", "milliseconds")}
    asking.post(f"{at}/answers", json={"number": 0, "answer": "real", "milliseconds": 1})  # the first answer stays
    ended = asking.get(at).json()
    assert {one["was"] for one in ended["pictures"]} == {REAL, FAKE, NOISE}
    assert ended["pictures"][0]["answer"] == "fake"
    assert ended["summary"]["errors"]["value"] == 0.5  # who says fake always is wrong on every real one
    assert asking.get(f"{API}/judgements/r0").json()["people"]["judges"] == 1
    assert asking.get(f"{API}/runs/r0").json()["people"]["errors"]["value"] == 0.5
    files = str(asking.get(f"{API}/runs/r0").json()["files"])
    assert "judgements" not in files  # it would tell what is real
    assert asking.get(f"{API}/runs/r0/files/evaluation/judgements.sqlite").status_code == 404
    rows = [*csv.DictReader(io.StringIO(asking.get(f"{API}/judgements/r0/csv").text))]
    assert len(rows) == begun["count"]
    assert {row["judge"] for row in rows} == {"Ann"}


def test_evaluate_shows_what_people_said(runs: Path, capsys: Any) -> None:
    kept = Judgements(runs / "r1" / "evaluation" / "judgements.sqlite")
    kept.begin(session([(Item(REAL, 0, "cat"), ""), (Item(FAKE, 0, "cat"), "")]))
    for number in (0, 1):
        kept.answer("a", number, "real", 1)
    words = ["evaluate", str(runs / "r1"), "--no-gan-train", "--no-c2st", "--n", "16"]
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as stopped:
            cli.main([*words, *more])
        shown = capsys.readouterr()
        assert stopped.value.code == 0, shown.err
        if more:
            assert json.loads(shown.out)["people"]["errors"]["value"] == 0.5
        else:
            assert "judged by 1 person: 50% (9% to 91%) of 2 pictures taken for what they are not" in shown.out


def test_pictures_of_a_session_are_real_and_generated(runs: Path) -> None:
    pool = judging.pool(runs / "r0")
    generator = condgan.load(runs / "r0")
    for item in (Item(FAKE, 3, "cat"), Item(FAKE, 3, "dog: big")):
        expected = generator.sample([item.label], first=3)[0]
        assert np.array_equal(pool.image(Item.parse(item.text()), generator), expected)
    assert pool.image(Item(REAL, 2, "cat"), generator).shape == (1, 8, 8)


def test_a_preference_does_not_depend_on_sides(runs: Path) -> None:
    asking = client(runs)
    order = {"one": "r0", "other": "r1", "judge": "Ann", "count": 30}
    begun = asking.post(f"{API}/preferences", json=order).json()
    at = f"{API}/preferences/{begun['session']}"
    first = condgan.load(runs / "r0")
    items = Judgements(runs / "preferences.sqlite").sessions()[0].items
    for number, text in enumerate(items):
        item = Item.parse(text)
        left = np.asarray(Image.open(io.BytesIO(asking.get(f"{at}/pictures/{number}/left").content)))
        expected = first.sample([item.label], seed=item.number)[0, 0].repeat(28, 0).repeat(28, 1)
        better = "left" if np.array_equal(left, expected) else "right"  # a judge who knows the first one, and likes it
        asking.post(f"{at}/answers", json={"number": number, "answer": better, "milliseconds": 5})
    (rate,) = asking.get(f"{API}/preferences").json()["preferences"]
    assert (rate["one"], rate["other"]) == ("r0", "r1")
    assert rate["preferred"]["value"] == 1.0
    assert len({text[0] for text in items}) == 2  # both sides occurred


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [("POST", "judgements/none/sessions", {"judge": "a"}, 404),
     ("POST", "judgements/r0/sessions", {"judge": ""}, 422),
     ("POST", "judgements/r0/sessions", {"judge": "a", "count": 1}, 422),
     ("GET", "judgements/r0/sessions/x", None, 404),
     ("GET", "judgements/r0/sessions/x/pictures/0", None, 404), ("GET", "preferences/x/pictures/0/left", None, 404),
     ("POST", "preferences", {"one": "r0", "other": "mnist", "judge": "a"}, 400)],
)  # fmt: skip
def test_bad_requests_are_told(method: str, path: str, body: Any, status: int, runs: Path) -> None:
    response = client(runs).request(method, f"{API}/{path}", json=body)
    assert response.status_code == status, response.text
    assert "\n" not in response.json()["error"]


def write(path: str, judge: str) -> None:
    kept = Judgements(Path(path))
    kept.begin(Session(judge, "infinity", judge, "run", tuple(f"real:{n}:a" for n in range(1000)), {}))
    for number in range(1000):
        kept.answer(judge, number, "real", 1)
        print(number, file=open(f"{path}.{judge}", "w"), flush=True)  # noqa: SIM115


def test_writers_at_once_and_kills_lose_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "judgements.sqlite"
    forked = multiprocessing.get_context("spawn")
    writers = [forked.Process(target=write, args=(str(path), f"judge-{number}")) for number in range(3)]
    for writer in writers:
        writer.start()
    end = time.monotonic() + 60
    while not all(Path(f"{path}.judge-{number}").is_file() for number in range(3)) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    for writer in writers:
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
    kept = Judgements(path)
    for one in kept.sessions():
        noted = int(Path(f"{path}.{one.judge}").read_text() or 0)
        assert len(one.answers) >= noted
        assert sorted(one.answers) == list(range(len(one.answers)))
    assert len(kept.sessions()) == 3
    kept.answer("judge-0", 999, "fake", 1)  # nothing is locked


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "judgements.sqlite"
    path.write_text("no database, but long enough to be read as one" * 100)
    with pytest.raises(CondganError, match=r"judgements\.sqlite"):
        Judgements(path).sessions()
    path.unlink()
    kept = Judgements(path)
    kept.begin(Session("s", "infinity", "=cmd|' /C calc'!A0", "run", ("real:0:a",), {}))
    kept.answer("s", 0, "real", 1)
    assert "\n=cmd" not in kept.csv()
    assert "'=cmd" in kept.csv()
    with pytest.raises(CondganError, match="begin again"):
        kept.answer("s", 5, "real", 1)
