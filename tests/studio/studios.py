"""What tests of the studio share: a folder of runs, a client with and without the token, a real server."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the studio's packages are not installed")

import httpx2 as httpx
import uvicorn
from PIL import Image
from starlette.testclient import TestClient

from condgan import recipes
from condgan.results.figure import Figure
from condgan.results.records import AlarmRecord, EvaluationRecord, StepRecord, to_line
from condgan.runs.run import Run
from condgan.runs.status import Writer
from condgan.studio.app import create
from condgan.studio.serving import bound
from condgan.studio.settings import Settings


def client(runs: Path, *, token: bool = True, host: str = "127.0.0.1", data: tuple[Path, ...] = (), **more: Any) -> Any:
    """A client of a studio over a folder of runs, which sends the token unless it is told not to."""
    settings = Settings(runs, data, host, **more)
    settings.write_token()
    headers = {"authorization": f"Bearer {settings.token}"} if token else {}
    return TestClient(create(settings), base_url=settings.address, headers=headers)


@contextmanager
def serving(runs: Path) -> Iterator[tuple[Any, httpx.Client]]:
    """A studio behind a real server in a thread, and a client of it: what a connection that is closed does."""
    with bound("127.0.0.1", 0) as listening:
        settings = Settings(runs, (), "127.0.0.1", listening.getsockname()[1])
        app = create(settings)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=60) as asking:
                yield app, asking
        finally:
            server.should_exit = True
            thread.join(60)


def written(
    folder: Path, steps: int = 30, *, state: Any = "finished", name: str = "cgan-lsgan", fid: float = 4.0
) -> Run:
    """A run folder of a training that was not made: its log has falling losses, two evaluations and an alarm."""
    run = Run.create(recipes.get(name, ["train.epochs=3"]), folder)
    records: list[Any] = [
        StepRecord(step=step, images=64 * step, epoch=step / 10, mean={"d_loss": 1 / step, "g_loss": 2 / step},
                   seconds=step / 10)
        for step in range(1, steps + 1)
    ]  # fmt: skip
    for at, value in ((10, 9.0), (20, fid)):
        figures = {
            "fid": Figure(metric="fid", value=value, se=0.1),
            "label_accuracy": Figure(metric="label_accuracy", value=0.9),
        }
        records.insert(
            at, EvaluationRecord(step=at, images=64 * at, epoch=at / 10, evaluation=figures, per_class={"0": 0.9})
        )
    records.append(AlarmRecord(step=steps, images=64 * steps, epoch=steps / 10, alarm="oscillation", text="It swings."))
    run.log.write_text("".join(f"{to_line(record)}\n" for record in records))
    Writer(run).write(state, steps, steps / 10)
    return run


def drawn(path: Path, value: int = 0) -> None:
    """A sample picture."""
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.full((8, 8), value, np.uint8)).save(path)
