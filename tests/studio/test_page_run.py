"""The page of a run in a browser: alarms on the curves, what people said, and both in Chinese; its evaluation."""

import signal
import subprocess
import sys
import time
from typing import Any

import pages
import pytest
from pages import Served, browsing, drawn, opened, until
from studios import written

from condgan.evaluation.people import FAKE, NOISE, REAL, Item
from condgan.results.judgements import Judgements, Session
from condgan.runs.status import Writer
from condgan.studio.queue import Job, as_json

browser, served = pages.browser, pages.served  # fixtures

DOMAIN = {"channels": 1, "size": 28, "class_names": ["0", "1"], "data": "mnist", "data_sha256": "0" * 64}


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
def test_the_figures_are_those_of_the_slider_s_moment(judged: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, judged, "#/runs/first")
    page.get_by_label("Smoothed").uncheck()
    pills = page.locator(".pills")
    until(page, "document.querySelector('.pills')?.textContent.includes('0.067')")  # 2/30: G at the last of 30 steps
    assert "FID 4" in pills.inner_text().replace("\n", " ")
    page.focus(".time input")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
    words = pills.inner_text().replace("\n", " ")
    assert "D loss 0.1 " in words  # 1/10, at 640 images
    assert "G loss 0.2" in words
    assert "FID 9" in words
    page.keyboard.press("ArrowLeft")
    assert "FID" not in pills.inner_text()  # before the first evaluation
    assert errors == []


@browsing
def test_what_was_asked_of_a_run_is_seen_until_it_is_done(judged: Served, browser: Any) -> None:
    held = judged.runs / "held"
    run = written(held, 12, state="running")
    drawn(run, 0)
    run.note_session({"domain": DOMAIN, "splits": {"images": {"train": 640}, "trained_on": "train"}}, {"step": 0})
    page, errors, _ = opened(browser, judged)
    with run.locked():  # as its training would hold it
        page.evaluate("location.hash = '#/runs/held'")
        page.wait_for_selector(".state-running")
        assert "Next picture after 1,920 images, in about 2 s." in page.inner_text(".course-grid")
        stop = page.get_by_role("button", name="Stop")
        assert "still be resumed" in stop.get_attribute("title")
        stop.click()
        page.wait_for_selector(".waiting-sign")
        assert run.stop_file.is_file()
        assert page.get_by_role("button", name="Pause").count() == 0
        Writer(run).write("stopped", 12, 1.2, "on request")
    until(page, "document.querySelector('.facts')?.textContent.includes('on request')", 30)
    assert page.locator(".facts .bad").count() == 0
    page.get_by_role("button", name="Resume").wait_for()
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
