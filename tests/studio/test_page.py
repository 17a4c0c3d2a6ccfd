"""The page in a browser: every view over a real server, by mouse, by keyboard, narrow, dark, and in Chinese."""

import hashlib
import inspect
import io
import json
import re
import urllib.request
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pages
import pytest
from pages import VIEWS, Served, browsing, opened, show, until
from PIL import Image

import condgan
from condgan.verdicts.plan import LEAST_MINUTES, MOST_MINUTES

browser, served = pages.browser, pages.served  # fixtures
STATIC = Path(__file__).parents[2] / "src" / "condgan" / "studio" / "static"
REACHED = "a[href], button:not(:disabled), input:not(:disabled), select, summary"


@browsing
def test_each_view_loads_without_an_error_and_asks_nobody_else(served: Served, browser: Any) -> None:
    page, errors, asked = opened(browser, served)
    assert page.url == f"{served.address}/#/runs"  # the token does not stay in the address
    for view in VIEWS:
        show(page, view)
        assert page.locator("h1").count() == 1
        assert page.locator("main").count() == 1
    page.wait_for_load_state("load")
    assert errors == []
    assert {url for url in asked if not url.startswith((served.address, f"blob:{served.address}"))} == set()


@browsing
def test_nothing_is_wider_than_a_phone(served: Served, browser: Any) -> None:
    page = opened(browser, served, viewport={"width": 360, "height": 740}, locale="zh-CN").page
    for view in VIEWS:
        show(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view


@browsing
def test_dark_and_chinese_are_followed_chosen_and_kept(served: Served, browser: Any) -> None:
    page = opened(browser, served, color_scheme="dark", locale="zh-CN").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    assert max(map(int, re.findall(r"\d+", dark))) < 60
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.inner_text("nav a") == "训练记录"
    page.click("text=English")
    assert page.inner_text("nav a") == "Runs"
    page.get_by_role("button", name="Theme").click()
    assert page.evaluate(ground) != dark
    page.reload()
    page.wait_for_selector(".card h2")
    assert page.inner_text("nav a") == "Runs"
    assert page.evaluate(ground) != dark


@browsing
def test_the_keyboard_reaches_everything_and_everything_has_a_name(served: Served, browser: Any) -> None:
    page = opened(browser, served).page
    for view in VIEWS:
        show(page, view)
        page.wait_for_timeout(300)
        page.evaluate("document.activeElement?.blur(); window.reached = new Set()")
        words = set()
        for _ in range(200):
            page.keyboard.press("Tab")
            again, word = page.evaluate(
                "() => { const one = document.activeElement; const again = reached.has(one); reached.add(one);"
                " return [again, one.textContent] }"
            )
            words.add(word)
            if again:
                break
        assert "Skip to the content" in words
        missed = page.evaluate(
            """selector => [...document.querySelectorAll(selector)]
              .filter(one => one.checkVisibility() && one.tabIndex >= 0 && !(one.type === "radio" && !one.checked))
              .filter(one => !reached.has(one)).map(one => one.outerHTML.slice(0, 120))""",
            REACHED,
        )
        assert missed == [], view
        nameless = page.evaluate(
            """selector => [...document.querySelectorAll(selector)].filter(one => one.checkVisibility())
              .filter(one => !(one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim()))
              .map(one => one.outerHTML.slice(0, 120))""",
            REACHED,
        )
        assert nameless == [], view


@browsing
def test_without_the_token_there_is_a_form_for_it(served: Served, browser: Any) -> None:
    page, errors, asked = opened(browser, served, "#/sample", token=False)
    page.wait_for_selector("input[type=password]")
    assert not [url for url in asked if "/api/" in url]
    assert errors == []
    page.fill("input[type=password]", "wrong")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#refused')?.textContent.includes('token')")
    page.fill("input[type=password]", served.token)
    page.keyboard.press("Enter")
    page.wait_for_selector(".model select")  # where one wanted to go
    page.reload()
    page.wait_for_selector(".model select")  # it is kept for as long as the tab is open


@browsing
def test_the_slider_and_the_curves_show_the_samples_of_a_moment(served: Served, browser: Any) -> None:
    page = opened(browser, served, "#/runs/first").page
    page.wait_for_selector(".grid-picture img")
    shade = """async () => { const image = document.querySelector(".grid-picture img");
      try { await image.decode() } catch { return null }  // it is being replaced
      const canvas = document.createElement("canvas"); const draw = canvas.getContext("2d");
      draw.drawImage(image, 0, 0); return draw.getImageData(5, 5, 1, 1).data[0] }"""

    def shows(wanted: int) -> None:
        for _ in range(50):
            if page.evaluate(shade) == wanted:
                return
            page.wait_for_timeout(50)
        raise AssertionError((wanted, page.evaluate(shade)))

    shows(180)  # the newest
    page.focus(".time input")
    page.keyboard.press("ArrowLeft")
    shows(120)
    assert "1,280" in page.get_attribute(".time input", "aria-valuetext")
    box = page.locator(".course-losses .u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 640 / 1920, box["y"] + 40, steps=4)
    page.mouse.up()
    shows(60)
    line = page.locator(".course-losses .moment-line").bounding_box()
    thumb = page.evaluate(  # where the thumb is, by the slider's value
        """() => { const one = document.querySelector(".time input"); const box = one.getBoundingClientRect();
        return box.left + 8 + (box.width - 16) * (one.value - one.min) / (one.max - one.min) }"""
    )
    assert abs(line["x"] + 1 - thumb) < 2  # on the same axis


@browsing
def test_labels_are_drawn_as_they_are_typed(served: Served, browser: Any) -> None:
    page = opened(browser, served, "#/sample").page
    image = "document.querySelector('.row-place img')"
    before = page.evaluate(f"{image}.src")
    page.fill("input.large", "77")
    until(page, f"{image}.src !== '{before}' && {image}.complete")
    seen = page.evaluate(
        """() => { const one = document.querySelector(".row-place img");
        const canvas = document.createElement("canvas");
        canvas.width = one.naturalWidth; canvas.height = one.naturalHeight; const draw = canvas.getContext("2d");
        draw.drawImage(one, 0, 0);
        return [canvas.height, canvas.width, [...draw.getImageData(0, 0, canvas.width, canvas.height).data]] }"""
    )
    order = json.dumps({"model": "mnist", "labels": "77", "seed": 18}).encode()
    request = urllib.request.Request(
        f"{served.address}/api/v1/generate", order, {"content-type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        whole = np.asarray(Image.open(io.BytesIO(answer.read())).convert("L"))
    assert np.array_equal(np.reshape(seen[2], (*seen[:2], 4))[..., 0], whole)
    page.fill("input.large", "7x")
    page.wait_for_selector("#row-error:not(:empty)")
    assert 'no class "x"' in page.inner_text("#row-error")
    assert page.get_attribute("input.large", "aria-invalid") == "true"


@browsing
def test_a_training_is_checked_as_it_is_written(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/train")
    page.check("input[name=recipe] >> nth=1", force=True)
    page.fill("#field-train-epochs", "3")
    until(page, "document.querySelector('.go code').textContent.endsWith('train.epochs=3')")
    page.wait_for_selector(".go .main:not(:disabled)")
    page.fill("#field-train-epochs", "many")
    page.wait_for_selector("#field-train-epochs-problem:not(:empty)")
    assert "valid integer" in page.inner_text("#field-train-epochs-problem")
    assert page.locator(".go .main").is_disabled()
    page.click("button.reset")
    page.wait_for_selector(".go .main:not(:disabled)")
    assert "epochs" not in page.inner_text(".go code")
    assert errors == []  # what cannot be trained is an answer of the check


@browsing
def test_data_that_cannot_be_read_is_not_trained_on(served: Served, browser: Any, tmp_path: Path, digits: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    page = opened(browser, served, "#/train").page
    page.set_input_files("input[type=file]", empty)
    page.wait_for_selector(".go .bad:not(:empty)", timeout=60_000)
    assert page.locator(".go .main").is_disabled()
    page.set_input_files("input[type=file]", digits)
    page.wait_for_selector(".described-data .bars", timeout=60_000)
    page.wait_for_selector(".go .main:not(:disabled)")


@browsing
def test_a_place_that_is_none_says_so(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served)
    page.evaluate("location.hash = '#/nonsense'")
    page.wait_for_selector(".empty")
    assert errors == []


@browsing
def test_the_minutes_of_a_study_are_those_of_the_command_line(served: Served, browser: Any) -> None:
    text = (STATIC / "parts" / "minutes.js").read_text()
    usual = inspect.signature(condgan.worth).parameters["minutes"].default
    assert f"= [{LEAST_MINUTES:g}, {int(MOST_MINUTES)}, {usual:g}]" in text
    page = opened(browser, served, "#/train").page
    page.locator(".options input").nth(1).check()
    button, minutes = page.get_by_role("button", name="Would synthetic images help?"), page.locator(".minutes input")
    for typed, right in (("30", True), ("0.5", False), ("", False), ("x", False), ("1", True), ("200000", False)):
        minutes.fill(typed)
        assert button.is_enabled() == right, typed
    assert "1 to 100000" in page.inner_text(".minutes .bad")


@browsing
def test_an_error_in_english_says_so_on_a_chinese_page(served: Served, browser: Any) -> None:
    page = opened(browser, served, locale="zh-CN").page
    page.evaluate("location.hash = '#/compare?one=first&other=none'")
    page.wait_for_selector(".empty .bad")
    assert page.get_attribute(".empty .bad", "lang") == "en"
    assert "只有英文" in page.inner_text(".empty")


@browsing
def test_an_advice_leads_to_a_branch(served: Served, browser: Any) -> None:
    page = opened(browser, served).page
    page.evaluate("location.hash = '#/train?recipe=first&start=first&set=optim.lr%3D0.1'")
    until(page, "document.querySelector('.go code')?.textContent.includes('optim.lr=0.1')")
    assert "--from" in page.inner_text(".go code")


@browsing
@pytest.mark.slow
def test_a_training_from_drop_to_judgement(served: Served, browser: Any, digits: Path) -> None:
    page = opened(browser, served, "#/train").page
    page.set_input_files("input[type=file]", digits)
    page.wait_for_selector(".described-data .bars", timeout=60_000)
    page.check("input[name=recipe] >> nth=3", force=True)
    for field, value in (("data-size", "8"), ("train-epochs", "30"), ("evaluation-every", "none"), ("latent-dim", "6")):
        page.fill(f"#field-{field}", value)
    page.get_by_label("Name of the run").fill("dropped")
    until(page, "document.querySelector('.go code').textContent.endsWith('dropped')")
    page.wait_for_selector(".go .main:not(:disabled)")
    page.click(".go .main")
    card = "[...document.querySelectorAll('.card')].find(one => one.textContent.includes('dropped'))"
    until(page, f"{card}?.textContent.includes('Finished')", 120)  # without a reload
    page.evaluate("location.hash = '#/runs/dropped'")
    page.wait_for_selector(".grid-picture img")
    page.get_by_role("link", name="Judge", exact=True).last.click()
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Pictures").fill("10")
    page.click(".judge-setup .main")
    until(page, "document.querySelector('.judged img')", 60)
    page.keyboard.press("f")
    until(page, "document.querySelector('.judging .muted')?.textContent.startsWith('2 ')")
    page.reload()
    until(page, "document.querySelector('.judging .muted')?.textContent.startsWith('2 ')", 60)  # goes on there
    for _ in range(300):
        if page.locator(".judging").count() == 0:
            break
        page.keyboard.press("j")
        page.wait_for_timeout(100)
    until(page, "document.querySelectorAll('.reveal li').length >= 9")


@browsing
def test_the_list_is_found_where_it_was_left(served: Served, browser: Any) -> None:
    page = opened(browser, served, viewport={"width": 360, "height": 300}).page
    page.evaluate("scrollTo(0, 400)")
    until(page, "scrollY === 400")
    page.wait_for_timeout(100)
    page.get_by_role("link", name="first", exact=True).click()
    page.wait_for_selector(VIEWS["#/runs/first"])
    until(page, "scrollY === 0 && document.activeElement.id === 'content'")
    page.go_back()
    page.wait_for_selector(VIEWS["#/runs"])
    until(page, "scrollY > 300")


@browsing
def test_the_first_view_is_small(served: Served, browser: Any) -> None:
    page, _, asked = opened(browser, served)
    page.wait_for_timeout(200)
    files = {url.split("/static/", 1)[1] for url in asked if "/static/" in url}
    assert "main.js" in files
    assert sum((STATIC / name).stat().st_size for name in files | {"index.html"}) < 300_000


def words(language: str) -> dict[str, str]:
    """The texts of a language, by their keys."""
    found = re.findall(r'"((?:[^"\\]|\\.)+)": "((?:[^"\\]|\\.)*)"', (STATIC / "words" / f"{language}.js").read_text())
    assert len(found) > 200
    return dict(found)


def test_both_languages_say_the_same_things() -> None:
    one, other = words("en"), words("zh")
    assert one.keys() == other.keys()
    for key, text in one.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", other[key])), key


def test_packages_are_those_that_were_fetched() -> None:
    folder = STATIC / "vendor"
    listed = json.loads((folder / "versions.json").read_text())
    hashes = {name: sha256 for one in listed for name, sha256 in one["files"].items()}
    found = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}
    assert found == hashes | {"versions.json": found["versions.json"]}


def test_no_file_of_the_page_names_another_site() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".js", ".html", ".css") and path.parent.name != "vendor":
            assert not re.search(r"https?://(?!www\.w3\.org)", path.read_text()), path


@browsing
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(served: Served, browser: Any, theme: str) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    page = opened(browser, served, color_scheme=theme).page
    found = []
    for view in VIEWS:
        show(page, view)
        page.wait_for_timeout(500)
        page.evaluate(axe)
        told = page.evaluate("axe.run()")
        found += [(view, one["id"], node["html"][:200]) for one in told["violations"] for node in one["nodes"]]
    assert found == []
