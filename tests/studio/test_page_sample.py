"""Sampling in a browser: truncation, walks between seeds and classes, their download, and the nearest images."""

import io
import json
import urllib.request
from typing import Any

import numpy as np
import pages
from pages import Served, browsing, opened, until
from PIL import Image, ImageSequence

import condgan
from condgan.evaluation import subjects

browser, served = pages.browser, pages.served  # fixtures
SEED = 18  # with which the page begins
DRAWN = """selector => { const one = document.querySelector(selector);
  const canvas = document.createElement("canvas");
  canvas.width = one.naturalWidth || one.width; canvas.height = one.naturalHeight || one.height;
  const draw = canvas.getContext("2d"); draw.drawImage(one, 0, 0);
  return [canvas.height, canvas.width, [...draw.getImageData(0, 0, canvas.width, canvas.height).data]] }"""


def drawn(page: Any, selector: str) -> Any:
    """The grey levels of a picture or canvas, (h, w)."""
    height, width, values = page.evaluate(DRAWN, selector)
    return np.reshape(values, (height, width, 4))[..., 0]


def answered(served: Served, path: str, order: dict[str, Any]) -> Any:
    """What the interface answers to the same order, (h, w)."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {served.token}"}
    request = urllib.request.Request(f"{served.address}/api/v1/{path}", json.dumps(order).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())).convert("L"))


def shows(page: Any, selector: str, expected: Any, seconds: float = 30) -> None:
    """Wait until a picture is this one."""
    for _ in range(int(10 * seconds)):
        found = drawn(page, selector)
        if found.shape == expected.shape and np.array_equal(found, expected):
            return
        page.wait_for_timeout(100)
    raise AssertionError((selector, drawn(page, selector).shape, expected.shape))


@browsing
def test_truncation_reaches_row_wall_and_walk(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/sample")
    page.fill("input.large", "77")
    page.get_by_label("Truncation").fill("0.4")
    shows(page, ".row-place img", answered(served, "generate", {"labels": "77", "seed": SEED, "truncation": 0.4}))
    wall = {"labels": ["0"] * 72, "columns": 12, "seed": SEED, "truncation": 0.4}
    shows(page, ".wall img", answered(served, "generate", wall))
    strip = answered(served, "walk", {"stops": "3,8", "frames": 33, "seed": SEED, "truncation": 0.4})
    shows(page, ".walk-stage canvas", strip[:, : strip.shape[1] // 33])
    commands = page.locator(".command code").all_inner_texts()
    assert [command.count("--truncation 0.4") for command in commands] == [1] * len(commands)
    page.get_by_label("Truncation").fill("nine")
    assert page.get_by_label("Truncation").get_attribute("aria-invalid") == "true"
    assert "“nine” is no number" in page.inner_text("#truncation-wrong")
    shows(page, ".row-place img", answered(served, "generate", {"labels": "77", "seed": SEED}))  # as without
    assert errors == []


@browsing
def test_sliders_between_classes_and_between_seeds(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/sample")
    slider = page.get_by_label("Position")
    panel = page.locator(".sample-walk")

    def frame(strip: Any, number: int) -> Any:
        width = strip.shape[1] // 33
        return strip[:, number * width : (number + 1) * width]

    choices, stops = panel.locator("select"), panel.locator(".stepper input")
    choices.nth(1).select_option("1")
    choices.nth(2).select_option("7")
    classes = answered(served, "walk", {"stops": "1,7", "frames": 33, "seed": SEED})
    for number in (0, 16, 32):
        slider.fill(str(number))
        shows(page, ".walk-stage canvas", frame(classes, number))
    assert slider.get_attribute("aria-valuetext") == "100 %"
    choices.nth(0).select_option("seeds")
    stops.nth(0).fill("5")
    stops.nth(1).fill("6")
    choices.nth(1).select_option("4")
    seeds = answered(served, "walk", {"stops": "seed:5,seed:6", "label": "4", "frames": 33})
    shows(page, ".walk-stage canvas", frame(seeds, 32))
    slider.focus()
    page.keyboard.press("Home")
    shows(page, ".walk-stage canvas", frame(seeds, 0))
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="GIF").click()
    content = waiting.value.path().read_bytes()
    expected = condgan.load("mnist").walk("seed:5,seed:6", frames=33, condition="4")
    with Image.open(io.BytesIO(content)) as animation:
        found = [np.asarray(one.convert("L")) for one in ImageSequence.Iterator(animation)]
        scale = animation.width // 28
    whole = [np.kron(image[0], np.ones((scale, scale), np.uint8)) for image in expected]
    assert len({image.tobytes() for image in found}) == len({image.tobytes() for image in whole})
    assert np.array_equal(found[0], whole[0])
    assert np.array_equal(found[-1], whole[-1])
    assert waiting.value.suggested_filename == "walk.gif"
    panel.get_by_role("button", name="Play").click()
    until(page, "Number(document.querySelector('.walk-slider input').value) > 3")
    assert errors == []


@browsing
def test_nearest_training_images_are_those_of_the_pixels(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/sample")
    page.fill("input.large", "38")
    page.get_by_label("Nearest training images below").check()
    page.wait_for_selector(".row-nearest img", timeout=60_000)
    found = drawn(page, ".row-nearest img")
    scale = found.shape[0] // 28
    images = condgan.load("mnist").sample("38", seed=SEED).astype(np.int32)[:, 0]
    train = np.asarray(subjects.real_images(condgan.load("mnist").recipe.data, None, []).train.images)[:, 0]
    for number, image in enumerate(images):
        shown = found[::scale, number * 28 * scale : (number + 1) * 28 * scale : scale]
        apart = (train.astype(np.float32) - image).reshape(len(train), -1)
        best = float(np.square(apart).sum(axis=1).min())
        assert np.isclose(np.square(shown.astype(np.float64) - image).sum(), best)
    assert errors == []


@browsing
def test_kept_pictures_show_their_class_and_can_be_had(served: Served, browser: Any) -> None:
    page, errors, _ = opened(browser, served, "#/sample")
    page.locator(".sample-wall select").select_option("7")
    page.wait_for_selector(".wall-cells")
    page.locator(".wall-cells button").nth(5).click()
    kept = page.locator(".kept li")
    kept.locator("img").wait_for()
    assert kept.locator("b").inner_text() == "7"
    with page.expect_download() as waiting:
        kept.get_by_role("button", name="Download").click()
    found = np.asarray(Image.open(waiting.value.path()).convert("L"))
    expected = condgan.load("mnist").sample("777777", seed=SEED)[5:]
    assert found.shape[0] % 28 == 0
    assert np.array_equal(found[:: found.shape[0] // 28, :: found.shape[1] // 28], expected[0, 0])
    kept.get_by_role("button", name="Remove").click()
    assert kept.count() == 0
    assert errors == []
