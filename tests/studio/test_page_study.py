"""The page of a study in a browser: its arms in any order, their pictures, two of them compared, and its verdict."""

import json
from typing import Any

import pages
import pytest
from pages import Served, browsing, drawn, opened, until
from studios import written

from condgan import recipes
from condgan.experiments.seeds import Seeds
from condgan.experiments.study import Outcome, Study, Trial

browser, served = pages.browser, pages.served  # fixtures
DOMAIN = {"channels": 1, "size": 28, "class_names": ["0", "1"], "data": "mnist", "data_sha256": "0" * 64}
FIDS = {"late": 9.0, "early": 4.0}


@pytest.fixture(scope="module")
def studied(served: Served) -> Served:
    """A study of two arms, each trained twice, of seven trainings that were ordered; one has failed; and a cure."""
    study = Study(served.runs / "arms")
    study.begin(Seeds(recipes.get("cgan-lsgan"), 7))
    for arm, fid in FIDS.items():
        for seed in (0, 1):
            name = f"{arm}/seed-{seed}"
            study.began(Trial(name, recipes.get("cgan-lsgan")))
            run = written(study.folder / name, fid=fid + seed, name="cgan-lsgan" if arm == "early" else "cgan-bce")
            run.note_session({"domain": DOMAIN, "splits": {}}, {"step": 0})
            drawn(run, 0, 640)
            study.ended(Outcome(trial=name, state="finished"))
    study.began(Trial("early/seed-2", recipes.get("cgan-lsgan")))
    study.ended(Outcome(trial="early/seed-2", state="failed", reason="there was no room"))
    cure = served.runs / "first-cure"
    cure.mkdir()
    recipe = recipes.get("cgan-lsgan").model_dump(mode="json")
    plan = {"recipe": recipe, "of": str(served.runs / "first"), "tried": [["loss.name=bce"]]}
    (cure / "study.json").write_text(json.dumps({"format": 1, "kind": "cure", "plan": plan}))
    told = {
        "cured": True, "cure": ["loss.name=bce"], "before": {"fid": 9.0}, "as_it_is": {"fid": 8.0}, "after": {"fid": 4},
        "run": "first-cure/cure-1/seed-1000", "of": "first", "findings": [{"kind": "collapse"}], "left": [],
        "table": [], "sentence": "Cured.",
    }  # fmt: skip
    (cure / "cure.json").write_text(json.dumps(told))
    return served


def column(page: Any, number: int) -> list[str]:
    """The cells of a column of the table of arms."""
    found: list[str] = page.locator(f".arms tbody tr > :nth-child({number})").all_inner_texts()
    return [text.strip().removeprefix("▸").removeprefix("▾").strip() for text in found]


@browsing
def test_a_study_shows_its_arms_and_compares_two(studied: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, studied)
    page.evaluate("location.hash = '#/runs/arms'")
    page.wait_for_selector(".arms th a, .arm-name")
    facts = page.inner_text(".run-head .facts")
    assert "7 ordered · 5 ended · 1 failed" in facts
    assert column(page, 2) == ["late", "early"]
    assert [text.split() for text in column(page, 3)] == [["9.5", "±", "0.707"], ["4.5", "±", "0.707"]]
    page.get_by_role("button", name="FID").click()
    assert column(page, 2) == ["early", "late"]  # the best first
    page.get_by_role("button", name="FID").click()
    assert column(page, 2) == ["late", "early"]
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.get_by_role("button", name="Trainings of early").click()
    assert "there was no room" in page.inner_text(".arms")
    page.get_by_role("link", name="seed-2").wait_for()
    until(page, "document.querySelectorAll('.arm-pictures img').length === 2")
    assert page.locator(".arm-pictures li").all_inner_texts() == ["late", "early"]
    assert page.locator(".command code").first.inner_text().startswith("condgan train cgan-lsgan")
    page.get_by_label("Compare late").check()
    assert page.get_by_role("button", name="Compare these").is_disabled()
    page.get_by_label("Compare early", exact=True).check()
    page.get_by_role("link", name="Compare these").click()
    page.wait_for_selector(".compare-figures td")
    row = page.locator(".compare-figures tr", has_text="FID").inner_text()
    assert "9.5" in row
    assert "4.5" in row
    page.get_by_role("link", name="arms/late").click()
    page.wait_for_selector(".arms")  # an arm leads to its study
    assert page.inner_text("h1") == "arms"
    assert [one for one in errors if "404" not in one] == []


@browsing
def test_a_verdict_is_reached_from_the_run_and_back(studied: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, studied)
    card = page.locator(".card", has=page.get_by_role("link", name="first-cure", exact=True))
    assert "Cured" in card.inner_text()
    page.evaluate("location.hash = '#/runs/first'")
    page.wait_for_selector(".beside a")
    assert "Cured" in page.inner_text(".beside")
    page.click(".beside a")
    page.wait_for_selector(".verdict")
    assert "8" in page.inner_text("main table")
    page.locator(".run-head .facts a").click()
    page.wait_for_selector(".course")
    assert page.inner_text("h1") == "first"
    page.evaluate("location.hash = '#/runs/arms/late/seed-0'")
    page.wait_for_selector(".back a[href='#/runs/arms']")
    assert errors == []
