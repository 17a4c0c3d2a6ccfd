"""Runs as cards and in detail: what their folders say, and no more is read than is shown."""

import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from studios import client, drawn, written

from condgan import recipes
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Outcome, Study, Trial
from condgan.results.records import StepRecord, to_line
from condgan.runs.run import Run
from condgan.studio import detail, library

API = "/api/v1"


def names(asking: Any, **query: Any) -> list[str]:
    return [one["name"] for one in asking.get(f"{API}/runs", params=query).json()["runs"]]


def test_cards_show_what_the_folders_say(tmp_path: Path) -> None:
    run = written(tmp_path / "deep/in/a")
    for images in (0, 640):
        drawn(run.grid(images))
    study = Study(tmp_path / "S")
    study.begin(Seeds(recipes.get("cgan-lsgan"), 2))
    study.began(Trial("seed-0", recipes.get("cgan-lsgan")))
    study.ended(Outcome(trial="seed-0", state="finished"))
    written(study.folder / "seed-0")
    (tmp_path / ".hidden").mkdir()
    written(tmp_path / ".hidden/b")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/recipe.json").write_text("{")
    found = {one["name"]: one for one in client(tmp_path).get(f"{API}/runs").json()["runs"]}
    assert set(found) == {"deep/in/a", "S", "broken"}
    card = found["deep/in/a"]
    assert (card["state"], card["recipe"], card["epoch"], card["epochs"]) == ("finished", "cgan-lsgan", 3.0, 3)
    assert card["figures"] == {"fid": 4.0, "label_accuracy": 0.9}
    assert card["alarms"] == ["oscillation"]
    assert card["grid"] == "samples/000000640.png"
    assert (found["S"]["kind"], found["S"]["recipe"], found["S"]["begun"], found["S"]["ended"]) == (
        "study",
        "seeds",
        1,
        1,
    )
    assert found["broken"]["state"] == "damaged"
    assert "recipe.json" in found["broken"]["error"]


def test_cards_are_searched_filtered_and_sorted(tmp_path: Path) -> None:
    written(tmp_path / "first", state="stopped")
    written(tmp_path / "second", name="cgan-bce", fid=5.0)
    asking = client(tmp_path)
    assert names(asking, search="FIRST") == ["first"]
    assert names(asking, search="bce") == ["second"]
    assert names(asking, state="stopped") == ["first"]
    assert names(asking, sort="name") == ["first", "second"]
    assert names(asking, sort="fid", limit=1, offset=1) == ["second"]
    assert asking.get(f"{API}/runs", params={"sort": "age"}).status_code == 422


def test_a_card_changes_with_its_folder(tmp_path: Path) -> None:
    run = written(tmp_path / "a", state="stopped")
    asking = client(tmp_path)
    assert asking.get(f"{API}/runs").json()["runs"][0]["state"] == "stopped"
    from condgan.runs.status import Writer

    Writer(run).write("diverged", 31, 3.1)
    assert asking.get(f"{API}/runs").json()["runs"][0]["state"] == "diverged"


def test_a_listing_reads_only_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        written(tmp_path / f"run-{number:02d}", 3)
    read: list[Path] = []
    of_run = library.of_run
    monkeypatch.setattr(library, "of_run", lambda run: (read.append(run.folder), of_run(run))[1])
    asking = client(tmp_path)
    assert asking.get(f"{API}/runs", params={"limit": 5}).json()["total"] == 30
    assert len(read) == 5
    asking.get(f"{API}/runs", params={"limit": 5})
    assert len(read) == 5  # what has not changed is not read again


def test_a_series_has_the_means_of_its_parts(tmp_path: Path) -> None:
    run = written(tmp_path / "a", 100)
    found = client(tmp_path).get(f"{API}/runs/a/series", params={"points": 10}).json()
    assert found["steps"]["step"] == list(range(10, 101, 10))
    expected = [sum(1 / step for step in range(at, at + 10)) / 10 for at in range(1, 101, 10)]
    assert found["steps"]["d_loss"] == pytest.approx(expected, rel=1e-5)
    assert [one["figures"]["fid"] for one in found["evaluations"]] == [[9.0, 0.1], [4.0, 0.1]]
    assert found["alarms"][0]["kind"] == "oscillation"
    assert run.log.is_file()


def test_what_is_appended_to_a_log_is_read_alone(tmp_path: Path) -> None:
    run = written(tmp_path / "a", 10)
    followed = detail.Followed(run.log)
    before = len(followed.read())
    line = to_line(StepRecord(step=11, images=704, epoch=1.1, mean={"d_loss": 1.0}))
    with open(run.log, "a") as file:
        file.write(f"{line}\n{line[:20]}")
    assert len(followed.read()) == before + 1  # a line that is being written is not there yet
    with open(run.log, "a") as file:
        file.write(f"{line[20:]}\n")
    assert len(followed.read()) == before + 2
    beside = run.folder / "new"
    beside.write_text(f"{line}\n" * (before + 9))  # a training that goes on from an earlier step replaces its log
    beside.replace(run.log)
    assert len(followed.read()) == before + 9


def test_the_page_of_a_run_has_recipe_grids_and_files(tmp_path: Path) -> None:
    run = written(tmp_path / "a")
    drawn(run.grid(640))
    asking = client(tmp_path)
    found = asking.get(f"{API}/runs/a").json()
    assert found["recipe"]["train"]["epochs"] == 3
    assert found["changes"] == ["train.epochs=3"]
    assert found["grids"] == [{"images": 640, "epoch": None, "file": "samples/000000640.png"}]
    assert {"file": "log.jsonl", "bytes": run.log.stat().st_size} in found["files"]
    assert asking.get(f"{API}/runs/a/files/log.jsonl").content == run.log.read_bytes()
    written(tmp_path / "b", name="cgan-bce")
    apart = asking.get(f"{API}/runs/a/differences", params={"against": "b"}).json()
    assert "loss.name=least-squares" in apart["one"]
    assert "loss.name=bce" in apart["other"]


def test_a_diagnosis_comes_with_advice_and_its_command(tmp_path: Path) -> None:
    run = Run.create(recipes.get("cgan-lsgan"), tmp_path / "a")
    records = [
        StepRecord(
            step=step, images=step, epoch=1.0, mean={"d_loss": 1e-4, "g_loss": 1.0, "d_real": 1.0, "d_fake": 0.0}
        )
        for step in range(1, 60)
    ]
    run.log.write_text("".join(f"{to_line(record)}\n" for record in records))
    (one,) = client(tmp_path).get(f"{API}/runs/a/diagnosis").json()["findings"]
    assert one["kind"] == "discriminator-too-strong"
    assert one["advice"]
    assert one["command"].startswith("condgan train cgan-lsgan")
    (other,) = client(tmp_path).get(f"{API}/runs/a/diagnosis", params={"lang": "zh"}).json()["findings"]
    for part in ("text", "evidence"):
        assert re.search(r"[\u4e00-\u9fff]", other[part])
        assert not re.search(r"[\u4e00-\u9fff]", one[part])
    assert other["advice"] == one["advice"]


def test_alarms_are_told_with_their_place_in_the_language_that_is_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "a", steps=30)
    (one,) = client(tmp_path).get(f"{API}/runs/a/series").json()["alarms"]
    assert one == {"step": 30, "epoch": 3.0, "images": 1920, "kind": "oscillation", "text": "It swings."}
    (other,) = client(tmp_path).get(f"{API}/runs/a/series", params={"lang": "zh"}).json()["alarms"]
    assert "两个网络" in other["text"]


def test_a_pause_is_the_file_stop_of_what_runs(tmp_path: Path) -> None:
    run = written(tmp_path / "a", state="running")
    with run.locked():  # as by its training
        assert client(tmp_path).post(f"{API}/runs/a/pause").status_code == 202
    assert run.stop_file.is_file()
    for state in ("finished", "stopped", "diverged"):
        other = written(tmp_path / state, state=state)
        refused = client(tmp_path).post(f"{API}/runs/{state}/pause")
        assert refused.status_code == 409
        assert f"it is {state}" in refused.json()["error"]
        assert not other.stop_file.exists()


def test_what_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    asking = client(tmp_path)
    for path in ("runs/none", "runs/none/series", "runs/none/files/log.jsonl", "models/none"):
        response = asking.get(f"{API}/{path}")
        assert response.status_code == 404, path
        assert "\n" not in response.json()["error"]
    assert json.loads(asking.get(f"{API}/runs").text) == {"total": 0, "runs": [], "waiting": [], "failed": []}


def test_a_card_is_as_far_as_the_log_not_as_the_last_checkpoint(tmp_path: Path) -> None:
    run = written(tmp_path / "a", steps=20, state="stopped")
    with open(run.log, "a") as log:
        log.write(to_line(StepRecord(step=25, images=1600, epoch=2.5, mean={"d_loss": 1.0}, seconds=3.0)) + "\n")
        log.write('{"step": 26, "im')  # is being written
    (card,) = client(tmp_path).get(f"{API}/runs").json()["runs"]
    assert (card["step"], card["epoch"]) == (25, 2.5)


def test_listing_thousands_of_runs_costs_a_hundredth_of_a_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, cost, scanned = [100.0], [0.0], list[float]()

    def scan(folder: Path) -> list[library.Entry]:
        scanned.append(clock[0])
        cost[0] += 0.05
        return []

    monkeypatch.setattr(library, "scan", scan)
    monkeypatch.setattr(library.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(library.time, "thread_time", lambda: cost[0])
    found = library.Library(tmp_path)
    while clock[0] < 200:
        found.entries()
        clock[0] += 0.25
    assert 0.005 < 0.05 * len(scanned) / 100 <= 0.0105


def test_only_what_changed_is_asked_whether_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        written(tmp_path / name, 3)
    found = library.Library(tmp_path)
    assert found.running() == []
    looked = list[str]()
    whole = found.card
    monkeypatch.setattr(found, "card", lambda entry: (looked.append(entry.name), whole(entry))[1])
    found.until = -1
    assert found.running() == []
    assert looked == []
    os.utime(tmp_path / "b" / "status.json", (time.time(), time.time() + 1))
    found.until = -1
    found.running()
    assert looked == ["b"]


@pytest.mark.parametrize("name", ["status.json", "log.jsonl", "provenance.json"])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_is_never_read(tmp_path: Path, name: str, kind: str) -> None:
    """A pipe would never end, and a link may lead out of the folder of runs."""
    runs = tmp_path / "runs"
    written(runs / "a")
    written(runs / "b")
    other = written(tmp_path / "other", fid=77.0)
    place = runs / "b" / name
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        place.symlink_to(other.folder / name)
    else:
        place.mkdir()
    asking = client(runs)
    states = {one["name"]: one["state"] for one in asking.get("/api/v1/runs").json()["runs"]}
    assert states == {"a": "finished", "b": "damaged"}
    answer = asking.get("/api/v1/runs/b")
    assert answer.status_code == 400
    assert f"{name} is no regular file" in answer.json()["error"]


def test_a_study_that_goes_on_is_read_again(tmp_path: Path) -> None:
    study = Study(tmp_path / "s")
    study.begin(Seeds(recipes.get("cgan-lsgan"), 2))
    written(tmp_path / "s" / "seed-0")
    study.write({"began": "seed-0"})
    asking = client(tmp_path)

    def told() -> tuple[int, int, str]:
        (card,) = asking.get("/api/v1/runs").json()["runs"]
        return card["begun"], card["ended"], card["state"]

    assert told() == (1, 0, "open")
    study.write({"trial": "seed-0", "state": "finished"})
    assert told() == (1, 1, "open")  # two were ordered
    study.write({"began": "seed-1"})
    assert told() == (2, 1, "open")
    study.write({"trial": "seed-1", "state": "finished"})
    assert told() == (2, 2, "finished")


@pytest.mark.parametrize(
    ("name", "content"),
    [("status.json", b""), ("status.json", b'{"state": "fini'), ("status.json", b"\xff\0"), ("status.json", b"[1]"),
     ("log.jsonl", b"\xff\0garbage"), ("log.jsonl", b"garbage\n"), ("log.jsonl", b"{}\n"), ("recipe.json", b"{\n\n]"),
     ("log.jsonl", b'{"step": 1, "im')],
)  # fmt: skip
def test_a_damaged_run_is_listed_as_such_with_the_reason(name: str, content: bytes, tmp_path: Path) -> None:
    run = written(tmp_path / "a")
    written(tmp_path / "b")
    asking = client(tmp_path)
    assert [one["state"] for one in asking.get(f"{API}/runs").json()["runs"]] == ["finished", "finished"]
    (run.folder / name).write_bytes(content)
    damaged, other = sorted(asking.get(f"{API}/runs").json()["runs"], key=lambda one: one["name"])
    assert (damaged["state"], other["state"]) == ("damaged", "finished")
    assert name in damaged["error"]
    assert damaged["error"].isprintable()
    assert names(asking, state="damaged") == ["a"]


def test_garbage_within_a_log_is_damage_and_a_line_that_is_being_written_is_none(tmp_path: Path) -> None:
    for name, state in (("a", "finished"), ("b", "stopped")):
        run = written(tmp_path / name, state=state)
        text = run.log.read_bytes()
        run.log.write_bytes(text[:99] + b"\n" + text[99:] if name == "a" else text[:-5])
    assert names(client(tmp_path), state="damaged") == ["a"]
    assert names(client(tmp_path), state="stopped") == ["b"]


@pytest.mark.parametrize("kind", ["empty", "text", "half", "pipe", "link", "folder"])
def test_a_sample_that_is_no_picture_is_left_out(kind: str, tmp_path: Path) -> None:
    run = written(tmp_path / "a")
    for images in (0, 640, 1280):
        drawn(run.grid(images))
    last, whole = run.grid(1280), run.grid(1280).read_bytes()
    last.unlink()
    if kind == "pipe":
        os.mkfifo(last)
    elif kind == "link":
        last.symlink_to(run.folder / "nowhere.png")
    elif kind == "folder":
        last.mkdir()
    else:
        last.write_bytes({"empty": b"", "text": b"no picture at all", "half": whole[:-20]}[kind])
    asking = client(tmp_path)
    assert asking.get(f"{API}/runs").json()["runs"][0]["grid"] == "samples/000000640.png"
    assert [one["images"] for one in asking.get(f"{API}/runs/a").json()["grids"]] == [0, 640]


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\tb", "\x1b[31mred", "a\x7fb", "a\u2028b", b"a\xff"])
def test_what_no_line_can_name_is_not_there(name: str | bytes, tmp_path: Path) -> None:
    written(tmp_path / "a")
    os.rename(tmp_path / "a", os.path.join(os.fsencode(tmp_path), os.fsencode(name)))
    written(tmp_path / "b")
    asking = client(tmp_path, data=(tmp_path,))
    assert names(asking) == ["b"]
    shown = quote(name)
    for path in (f"runs/{shown}", f"runs/{shown}/series", f"models/{shown}", f"runs/{shown}/files/log.jsonl"):
        answer = asking.get(f"{API}/{path}")
        assert answer.status_code == 404
        assert answer.json()["error"].isprintable()
    listed = asking.get(f"{API}/datasets").json()["datasets"]
    assert all(one["name"].isprintable() for one in listed)


def test_the_page_of_a_run_says_that_its_status_is_damaged(tmp_path: Path) -> None:
    run = written(tmp_path / "a")
    run.status_file.write_bytes(b"{")
    status = client(tmp_path).get(f"{API}/runs/a").json()["status"]
    assert status["state"] == "damaged"
    assert "status.json is damaged" in status["reason"]


def test_many_who_sort_all_runs_at_once_read_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        written(tmp_path / f"run-{number:02d}", 3, fid=float(number % 7))
    read, looked = list[Path](), list[Path]()
    of_run, stamped = library.of_run, library.stamped
    monkeypatch.setattr(library, "of_run", lambda run: (read.append(run.folder), of_run(run))[1])
    monkeypatch.setattr(library, "stamped", lambda path: (looked.append(path), stamped(path))[1])
    monkeypatch.setattr(library, "FRESH", 60.0)
    kept = library.Library(tmp_path)
    with ThreadPoolExecutor(16) as threads:
        pages = [*threads.map(lambda _: kept.page(sort="fid", state="finished", search="run", limit=1), range(32))]
    assert len(read) == 30
    assert len(looked) == 30 * len(library.places.READ) + 32 * len(library.places.READ)  # all once, then what is shown
    assert all(page == pages[0] for page in pages)
    assert (pages[0]["total"], pages[0]["runs"][0]["figures"]["fid"]) == (30, 0.0)
