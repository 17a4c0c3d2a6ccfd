"""What tests of the page share: a server over some runs, a browser, and pages that keep what they said and asked."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("fastapi", reason="the studio's packages are not installed")

from PIL import Image
from playwright.sync_api import sync_playwright
from studios import written

from condgan import recipes
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Outcome, Study, Trial
from condgan.runs.run import Run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
browsing = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
VIEWS = {
    "#/runs": ".card h2",
    "#/runs/first": ".course-losses .uplot",
    "#/runs/S": ".arms th a",
    "#/train": ".recipe",
    "#/sample": ".row-place img",
    "#/judge": ".empty, .judge-setup",
    "#/compare": ".compare-sides",
}
"""Each view with what is there when it is ready."""


class Served(NamedTuple):
    """A studio that runs."""

    address: str
    token: str
    runs: Path


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", Served]]:
    """A server over a folder of runs, which is killed at the end if it runs still."""
    command = [sys.executable, "-m", "condgan", "studio", "--runs", str(folder), "--no-browser", "--port", "0"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"(http://\S+)/#token=(\S+)", server.stdout.readline() + server.stdout.readline())
        assert found
        try:
            yield server, Served(found[1], found[2], folder)
        finally:
            server.kill()


def drawn(run: Run, *moments: int) -> None:
    """Write grids of so many images seen, each of one shade, the later the lighter."""
    run.samples.mkdir()
    for at, images in enumerate(moments):
        Image.fromarray(np.full((60, 60), 60 * at, np.uint8)).save(run.grid(images))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over two runs, of which one waits to be resumed, and a study."""
    folder = tmp_path_factory.mktemp("page")
    for name, state in (("first", "finished"), ("second", "stopped")):
        drawn(written(folder / name, state=state), 0, 640, 1280, 1920)
    study = Study(folder / "S")
    study.begin(Seeds(recipes.get("cgan-lsgan"), 2))
    study.began(Trial("seed-0", recipes.get("cgan-lsgan")))
    study.ended(Outcome(trial="seed-0", state="finished"))
    drawn(written(study.folder / "seed-0"), 0, 640)
    with started(folder) as (server, found):
        yield found
        server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_playwright() as found:
        chromium = found.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Opened(NamedTuple):
    """A page, with what it has said and asked."""

    page: Any
    errors: list[str]
    asked: list[str]


def opened(browser: Any, served: Served, view: str = "#/runs", *, token: bool = True, **options: Any) -> Opened:
    """A page of its own context, at a view that is ready."""
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}).new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.address}/{f'#token={served.token}' if token else view}")
    if token:
        page.wait_for_selector(VIEWS["#/runs"])
        show(page, view)
    return Opened(page, errors, asked)


def show(page: Any, view: str) -> None:
    """Go to a view and wait until it is ready."""
    page.evaluate("view => { location.hash = view }", view)
    page.wait_for_selector(VIEWS[view], timeout=60_000)


def until(page: Any, condition: str, seconds: float = 20) -> None:
    """Wait until an expression holds; the page's policy forbids Playwright's own way, which evaluates text."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)
