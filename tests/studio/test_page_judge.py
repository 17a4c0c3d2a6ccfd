"""Judging in a browser: exposures that get shorter, and which of two runs is better."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pages
import pytest
from pages import Served, browsing, started, until

import condgan
from condgan.results.judgements import Judgements

browser = pages.browser  # a fixture
TINY = ("data.size=8", "generator.hidden=8", "discriminator.hidden=8", "evaluation.every=none", "train.epochs=1")
PROGRESS = "document.querySelector('.judging .muted')?.textContent.startsWith('{} ')"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server over two runs of tiny pictures."""
    folder = tmp_path_factory.mktemp("judging")
    images = np.random.default_rng(0).integers(0, 256, (200, 8, 8), np.uint8)
    np.savez(folder / "noise.npz", images=images, labels=np.arange(200) % 2, class_names=["cat", "dog"])
    for seed in (0, 1):
        condgan.train("cgan-lsgan", *TINY, f"seed={seed}", data=folder / "noise.npz", run=folder / f"runs/r{seed}")
    with started(folder / "runs") as (server, found):
        yield found
        server.terminate()


def begun(browser: Any, served: Served, kind: str, count: int) -> tuple[Any, list[str]]:
    """A page at the first picture of a session."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served.address}/#token={served.token}")
    page.wait_for_selector(".card h2")
    page.evaluate("location.hash = '#/judge?run=r0'")
    until(page, "document.querySelectorAll('.judge-setup select')[1]?.options.length === 2")
    page.locator(".judge-setup select").nth(0).select_option(kind)
    if kind == "preference":
        page.locator(".judge-setup select").nth(2).select_option("r1")
    page.get_by_label("Your name").fill("Ann")
    page.locator(".judge-setup input").last.fill(str(count))
    page.click(".judge-setup .main")
    page.wait_for_selector(".judged img", timeout=60_000)
    return page, errors


@browsing
def test_exposures_are_as_long_as_the_server_says(trained: Served, browser: Any) -> None:
    page, errors = begun(browser, trained, "time", 20)
    covered = "document.querySelector('.judged img').classList.contains('covered')"
    assert not page.evaluate(covered)
    until(page, covered, 3)  # 500 ms at first
    kept = Judgements(trained.runs / "r0" / "evaluation" / "judgements.sqlite")
    (session,) = kept.sessions("time")
    for number, item in enumerate(session.items, 1):
        page.keyboard.press("ArrowRight" if item.startswith("real") else "ArrowLeft")  # all right
        if number < len(session.items):
            until(page, PROGRESS.format(number + 1))
    page.wait_for_selector(".reveal li")
    (session,) = kept.sessions("time")
    assert session.ended
    assert [answer for answer, _ in session.answers.values()] == [
        "real" if item.startswith("real") else "fake" for item in session.items
    ]
    assert f"{len(session.items)} / {len(session.items)}" in page.inner_text(".measured")
    assert errors == []


@browsing
def test_which_of_two_runs_is_better(trained: Served, browser: Any) -> None:
    page, errors = begun(browser, trained, "preference", 6)
    assert page.locator(".judged img").count() == 2
    kept = Judgements(trained.runs / "preferences.sqlite")
    for number in range(1, 7):
        (session,) = kept.sessions("preference")
        swapped = session.items[number - 1].startswith("1")
        page.keyboard.press("ArrowRight" if swapped else "ArrowLeft")  # always the first run
        if number == 3:
            until(page, PROGRESS.format(4))
            page.reload()  # goes on there
            page.wait_for_selector(".judged img", timeout=60_000)
        if number < 6:
            until(page, PROGRESS.format(number + 1), 60)
    page.wait_for_selector(".measured")
    assert "r0 preferred to r1" in page.inner_text(".measured")
    assert "100%" in page.inner_text(".measured")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    rows = [*csv.DictReader(io.StringIO(waiting.value.path().read_text()))]
    assert [row["number"] for row in rows] == [*"012345"]
    assert errors == []
