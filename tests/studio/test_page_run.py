"""The page of a run in a browser: alarms on the curves, what people said, and both in Chinese; its evaluation."""

import signal
import subprocess
import sys
import time
from typing import Any

import pages
import pytest
from pages import Served, browsing, opened, until

from condgan.evaluation.people import FAKE, NOISE, REAL, Item
from condgan.results.judgements import Judgements, Session
from condgan.studio.queue import Job, as_json

browser, served = pages.browser, pages.served  # fixtures


@pytest.fixture(scope="module")
def judged(served: Served) -> Served:
    """One judge took all for real but the noise; another has not come to the end."""
    kept = Judgements(served.runs / "first" / "evaluation" / "judgements.sqlite")
    items = [Item(REAL, 0, "cat"), Item(REAL, 1, "dog"), Item(FAKE, 0, "cat"), Item(FAKE, 1, "dog"), Item(NOISE, 5, "")]
    for name in ("whole", "half"):
        kept.begin(Session(name, "infinity", name, "first", tuple(item.text() for item in items), {}))
        for number, item in enumerate(items[: 5 if name == "whole" else 1]):
            kept.answer(name, number, "fake" if item.what == NOISE else "real", 500)
    return served


@browsing
def test_an_alarm_stands_on_the_curves_where_it_was_raised(judged: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, judged, "#/runs/first")
    for panel, number in ((".course-losses", 0), (".course-metrics", 1)):
        mark = page.locator(f"{panel} .alarm-mark")
        assert mark.count() == 1
        assert mark.get_attribute("aria-label") == "Epoch 3: Oscillation"
        assert "It swings." in mark.get_attribute("title")  # on hover
        box, plot = mark.bounding_box(), page.locator(f"{panel} .u-over").bounding_box()
        assert abs(box["x"] + box["width"] / 2 - (plot["x"] + plot["width"])) < 2  # the last of 1,920 images
        said = page.locator(f"{panel} .alarm-said")
        assert said.count() == 0
        mark.click() if number else (mark.focus(), page.keyboard.press("Enter"))
        assert "It swings." in said.inner_text()
        page.keyboard.press("Escape")
        until(page, f"!document.querySelector('{panel} .alarm-said')")
    page.click("text=中文")
    until(page, "document.querySelector('.alarm-mark')?.title.includes('两个网络')")
    assert errors == []


@browsing
def test_what_people_said_is_beside_the_machines_figures(judged: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, judged, "#/runs/first")
    panel = page.locator("section", has=page.get_by_role("heading", name="What people said"))
    words = panel.inner_text()
    assert "1 person" in words  # who has not come to the end is not counted
    for figure in ("50%", "100%", "0%", "n = 4", "n = 2", "cat", "dog"):
        assert figure in words
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="CSV").click()
    assert waiting.value.path().read_text().count("\n") == 7  # a header, and each answer
    assert errors == []


@browsing
def test_an_evaluation_is_shown_and_cancelled(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/runs/first")
    words = [sys.executable, "-c", "import time; time.sleep(600)", "condgan"]
    with subprocess.Popen(words, start_new_session=True) as process:
        job = Job("1", ("evaluate", "first"), "first", time.time(), process.pid, time.time())
        folder = served.runs / ".studio" / "started"
        folder.mkdir(parents=True)
        (folder / "1.json").write_bytes(as_json(job))
        until(page, "document.querySelector('.run-head [role=status]')?.textContent.includes('Evaluating')")
        page.get_by_role("button", name="Cancel the evaluation").click()
        assert process.wait(20) == -signal.SIGTERM
    until(page, "!document.querySelector('.run-head [role=status]')")
    assert page.locator(".run-head .bad").count() == 0
    assert page.locator(".run-head button", has_text="Cancel").count() == 0
    assert errors == []
