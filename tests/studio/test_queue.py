"""Trainings that wait: on disk, one at a time, none twice, and none ends with the server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pytest
from studios import client

from condgan.runs.run import Run
from condgan.studio import queue
from condgan.studio.library import Library
from condgan.studio.settings import Settings

API = "/api/v1"
SMALL = ["data.size=8", "generator.hidden=8", "discriminator.hidden=8", "evaluation.every=none", "train.batch=16"]
SECONDS = 90


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "noise.npz"
    labels = np.arange(96) % 2
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (96, 8, 8), np.uint8), labels=labels)
    return path


@contextmanager
def served(runs: Path, data: Path) -> Iterator[tuple[httpx.Client, "subprocess.Popen[str]"]]:
    """A real server on a free port, and a client that has the token."""
    words = ["studio", "--runs", runs, "--data", data, "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "condgan", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert "#token=" in first, first
        address, token = first.split()[-1].split("/#token=")
        with httpx.Client(base_url=address, headers={"authorization": f"Bearer {token}"}, timeout=30) as asking:
            until(lambda: reached(asking))
            yield asking, process
    finally:
        process.kill()
        process.communicate()


def reached(asking: httpx.Client) -> bool:
    try:
        return asking.get(f"{API}/health").status_code == 200
    except httpx.TransportError:
        return False


def until(true: Callable[[], Any], seconds: float = SECONDS) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def state(runs: Path, name: str) -> str:
    return Run(runs / name).status.state if (runs / name / "status.json").is_file() else "none"


def asked(asking: httpx.Client, images: Path, run: str, epochs: int) -> httpx.Response:
    order = {"recipe": "cgan-lsgan", "overrides": [*SMALL, f"train.epochs={epochs}"], "data": str(images), "run": run}
    return asking.post(f"{API}/runs", json=order)


def test_trainings_wait_their_turn_and_outlive_the_server(images: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with served(runs, images) as (asking, server):
        assert asked(asking, images, "first", 100_000).status_code == 202
        until(lambda: state(runs, "first") == "running")
        assert asked(asking, images, "second", 2).json()["run"] == "second"
        assert asked(asking, images, "second", 2).status_code == 409  # it waits already
        assert asked(asking, images, "first", 2).status_code == 409  # it is there already
        assert [one["run"] for one in asking.get(f"{API}/runs").json()["waiting"]] == ["second"]
        time.sleep(2.5)
        assert state(runs, "second") == "none"  # one at a time
        server.send_signal(signal.SIGKILL)
        server.wait()
    process = Run(runs / "first").status.process
    assert process is not None
    os.kill(process, 0)  # the training goes on
    with served(runs, images) as (asking, server):
        time.sleep(2.5)
        assert state(runs, "second") == "none"  # the new server knows that the first one runs
        assert asking.post(f"{API}/runs/first/pause").status_code == 202
        until(lambda: state(runs, "first") == "stopped")
        until(lambda: state(runs, "second") == "finished")
        assert asking.post(f"{API}/runs/first/resume").status_code == 202
        until(lambda: state(runs, "first") == "running")
        assert asking.post(f"{API}/runs/first/pause").status_code == 202
        until(lambda: state(runs, "first") == "stopped")
        assert not asking.get(f"{API}/runs").json()["waiting"]
    assert not [*(runs / ".studio/queue").glob("*")]


def test_what_waits_can_be_taken_back(images: Path, tmp_path: Path) -> None:
    asking = client(tmp_path, data=(images,))
    job = asked(asking, images, "a", 2).json()["job"]
    assert asking.delete(f"{API}/jobs/{job}").status_code == 200
    assert asking.get(f"{API}/runs").json()["waiting"] == []
    assert asking.delete(f"{API}/jobs/{job}").status_code == 400
    assert asking.delete(f"{API}/jobs/..%2f..%2ftoken").status_code in (400, 404)


def test_what_fails_says_why(images: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    copy = tmp_path / "copy.npz"
    copy.write_bytes(images.read_bytes())
    with served(runs, copy) as (asking, _):
        asked(asking, copy, "a", 2)
        copy.write_bytes(b"no archive")  # after it was checked
        (one,) = until(lambda: asking.get(f"{API}/runs").json()["failed"])
        assert one["run"] == "a"
        assert "copy.npz" in one["said"]


@pytest.mark.parametrize(
    ("order", "says"),
    [({"recipe": "none"}, 'no recipe and no run is named "none"'), ({"recipe": "/etc/passwd.json"}, "no recipe"),
     ({"overrides": ["optim.lr=fast"]}, "optim.g.lr"), ({"overrides": ["nothing.at.all=1"]}, "nothing.at.all"),
     ({"overrides": ["data.source=/etc"]}, "name the dataset"), ({"data": "/etc"}, "no dataset"),
     ({"data": "0" * 999}, "no dataset"), ({"data": "a\0"}, "no dataset"), ({"data": ""}, "no dataset"),
     ({"run": "../out"}, "below the folder"), ({"run": ".studio"}, "below the folder"), ({"start": "none"}, "no run"),
     ({"overrides": ["train.epochs=0"]}, "train.epochs"), ({"seeds": 0}, "seeds"), ({"extra": 1}, "extra")],
)  # fmt: skip
def test_an_order_is_checked_as_on_the_command_line(order: dict[str, Any], says: str, tmp_path: Path) -> None:
    asking = client(tmp_path)
    for path in ("check", "runs"):
        response = asking.post(f"{API}/{path}", json={"recipe": "cgan-lsgan"} | order)
        told = response.json()
        if path == "check" and response.status_code != 422:  # whether it can be is what was asked
            assert response.status_code == 200
            assert says in told["problem"]
            continue
        assert response.status_code in (400, 404, 422), (path, response.text)
        assert says in told["error"]
    assert not (tmp_path / ".studio/queue").exists()


def test_a_check_shows_the_command(images: Path, tmp_path: Path) -> None:
    asking = client(tmp_path, data=(images.parent,))
    order = {"recipe": "cgan-lsgan", "overrides": ["train.epochs=3"], "data": str(images), "run": "a b", "seeds": 2}
    found = asking.post(f"{API}/check", json=order).json()
    assert found["command"] == (
        f"condgan train cgan-lsgan train.epochs=3 --data {images} --seeds 2 --run '{tmp_path / 'a b'}'"
    )
    assert found["recipe"]["train"]["epochs"] == 3
    assert "train.epochs=3" in found["changes"]


def test_what_failed_while_no_server_ran_is_told_by_the_next_one(images: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with served(runs, images) as (asking, server):
        asked(asking, images, "a", 100_000)
        until(lambda: state(runs, "a") == "running")
        asked(asking, images, "b", 2)
        server.kill()
        server.wait()
    process = Run(runs / "a").status.process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    until(lambda: state(runs, "a") == "killed")
    with served(runs, images) as (asking, _):
        (one,) = until(lambda: asking.get(f"{API}/runs").json()["failed"])
        assert (one["run"], one["said"]) == ("a", queue.KILLED)
        assert asking.get(f"{API}/runs/a").json()["said"] == queue.KILLED
        until(lambda: state(runs, "b") == "finished")  # the queue has outlived it
        assert asking.delete(f"{API}/jobs/{one['id']}").status_code == 200
        assert asking.get(f"{API}/runs").json()["failed"] == []
        assert asking.get(f"{API}/runs/a").json()["said"] is None


def test_the_last_words_of_a_job_of_an_earlier_server(images: Path, tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    earlier = queue.Queue(settings, Library(tmp_path))
    earlier.add(("train", "cgan-lsgan", "train.epochs=none", "--run", str(tmp_path / "a")), "a")
    (begun,) = earlier.look()
    later = queue.Queue(settings, Library(tmp_path))
    until(lambda: not later.is_alive(begun))
    time.sleep(max(0.0, begun.asked + 1.1 - time.time()))
    later.reap()
    (one,) = later.failed()
    assert one.run == "a"
    assert one.said is not None
    assert one.said.startswith("condgan: ")
    assert "train.epochs" in one.said
    assert not [*(tmp_path / ".studio" / "started").iterdir()]
    later.add(("data", str(images)), "a")  # for the same run
    (again,) = later.look()
    assert later.failed() == []
    for process in (earlier.processes[begun.id], later.processes[again.id]):
        process.wait()
