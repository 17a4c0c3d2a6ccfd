"""Jobs that are seen while they wait or run, that can be ended, and that do not get in each other's way."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import test_queue
from studios import client, written
from test_queue import API, asked, served, until

from condgan.studio import queue
from condgan.studio.library import Library
from condgan.studio.queue import Queue
from condgan.studio.settings import Settings

images = test_queue.images  # a fixture


def seen(asking: Any, name: str = "a") -> Any:
    """What a run's page and its card say of an evaluation: the same."""
    told = asking.get(f"{API}/runs/{name}").json()["evaluating"]
    (card,) = [one for one in asking.get(f"{API}/runs").json()["runs"] if one["name"] == name]
    assert card["evaluating"] == told
    return told


def slow(folder: Path, text: str = "time.sleep(600)") -> None:
    """Let every command of this folder take long: a package of the name comes before the installed one."""
    (folder / "condgan").mkdir()
    (folder / "condgan/__init__.py").touch()
    (folder / "condgan/__main__.py").write_text(f"import signal, time\n{text}\n")


def test_an_evaluation_is_seen_survives_the_server_and_is_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    written(runs / "a")
    slow(tmp_path)
    asking = client(runs)
    assert seen(asking) is None
    job = asking.post(f"{API}/runs/a/evaluate").json()["job"]
    waits = seen(asking)
    assert (waits["id"], waits["state"]) == (job, "waiting")
    assert abs(waits["since"] - time.time()) < 60
    assert asking.post(f"{API}/runs/a/evaluate").status_code == 409
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    earlier = Queue(Settings(runs), Library(runs))
    (begun,) = earlier.look()
    later = client(runs)  # knows the process by its number alone
    assert (seen(later)["id"], seen(later)["state"]) == (job, "running")
    assert later.delete(f"{API}/jobs/{job}").status_code == 200
    earlier.processes[begun.id].wait(30)
    with pytest.raises(ProcessLookupError):
        os.killpg(begun.process or 0, 0)  # the whole group has ended
    assert seen(later) is None
    time.sleep(max(0.0, begun.asked + 1.1 - time.time()))
    later.app.state.parts.queue.look()
    told = later.get(f"{API}/runs/a").json()
    assert (told["said"], told["evaluation_said"]) == (None, None)  # who cancels knows why it ended
    assert later.get(f"{API}/runs").json()["failed"] == []
    assert later.delete(f"{API}/jobs/{job}").status_code == 400


def test_a_job_that_does_not_end_when_it_is_told_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    kept = Queue(Settings(tmp_path), Library(tmp_path))
    job = kept.add(("evaluate", str(tmp_path / "a")), "a")
    (begun,) = kept.look()
    until((kept.logs / f"{job.id}.txt").read_text)
    kept.remove(job.id)
    time.sleep(1.2)
    kept.look()
    assert kept.evaluating()["a"].shown()["state"] == "ending"
    monkeypatch.setattr(queue, "GRACE", 0.5)
    kept.look()
    assert kept.processes[begun.id].wait(30) == -signal.SIGKILL
    kept.look()
    assert not kept.started()
    assert kept.failed() == []


def test_what_a_failed_evaluation_said_is_not_said_of_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "a", state="stopped")
    slow(tmp_path, "raise SystemExit('condgan: no room')")
    asking = client(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    kept = asking.app.state.parts.queue

    def ended(what: str) -> tuple[str | None, str | None]:
        assert asking.post(f"{API}/runs/a/{what}").status_code == 202
        (begun,) = kept.look()
        kept.processes[begun.id].wait(30)
        time.sleep(max(0.0, begun.asked + 1.1 - time.time()))
        kept.look()
        told = asking.get(f"{API}/runs/a").json()
        return told["said"], told["evaluation_said"]

    assert ended("evaluate") == (None, "condgan: no room")
    assert ended("resume") == ("condgan: no room", "condgan: no room")
    (tmp_path / "condgan/__main__.py").write_text("")
    assert ended("evaluate") == ("condgan: no room", None)  # one that succeeds takes back what the last one said


def test_of_many_who_ask_for_one_name_at_the_same_time_one_gets_it(images: Path, tmp_path: Path) -> None:
    with served(tmp_path / "runs", images) as (asking, _), ThreadPoolExecutor(8) as threads:
        for name in ("first", "second", "third"):
            answers = [*threads.map(lambda _, name=name: asked(asking, images, name, 100_000), range(8))]
            assert sorted(answer.status_code for answer in answers) == [202, *[409] * 7]
            for refused in (answer.json() for answer in answers if answer.status_code == 409):
                assert refused["field"] == "run"
                assert "\n" not in refused["error"]
        until(lambda: asking.get(f"{API}/runs/first").status_code == 200)
        assert [job["run"] for job in asking.get(f"{API}/runs").json()["waiting"]] == ["second", "third"]
        order = {"recipe": "cgan-lsgan", "overrides": test_queue.SMALL, "data": str(images)}  # without a name
        free = [*threads.map(lambda _: asking.post(f"{API}/runs", json=order), range(8))]
        assert len({answer.json()["run"] for answer in free}) == 8
        jobs = [job["id"] for job in asking.get(f"{API}/runs").json()["waiting"]]
        (job,) = Queue(Settings(tmp_path / "runs"), Library(tmp_path / "runs")).started()
        for one in (*jobs, job.id):
            assert asking.delete(f"{API}/jobs/{one}").status_code == 200


def test_a_name_is_taken_while_its_training_starts(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(tmp_path)  # and has no folder yet
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    asking = client(tmp_path, data=(images,))
    kept = asking.app.state.parts.queue
    assert asked(asking, images, "a", 2).status_code == 202
    (begun,) = kept.look()
    refused = asked(asking, images, "a", 2)
    assert refused.status_code == 409
    assert "runs already" in refused.json()["error"]
    kept.remove(begun.id)
    kept.processes[begun.id].wait(30)
    assert asked(asking, images, "a", 2).status_code == 202
