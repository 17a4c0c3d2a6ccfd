"""Pictures on request equal those of the command line, whoever else asks at the same time."""

import io
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studios import client, serving

import condgan
from condgan.export import export
from condgan.marks import detection, keys, pattern
from condgan.storage import pictures
from condgan.studio import generating
from condgan.studio.generating import Merged
from condgan.studio.routes import sampling

ASK = "/api/v1/generate"


def pixels(content: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_row_equals_the_command_lines(tmp_path: Path) -> None:
    expected = export.to_file("mnist", "20261128", seed=7, output=tmp_path / "a.png")
    response = client(tmp_path, token=False).post(ASK, json={"labels": "20261128", "seed": 7})
    assert response.headers["content-type"] == "image/png"
    assert np.array_equal(pixels(response.content), np.asarray(Image.open(expected)))
    (tmp_path / "b.png").write_bytes(response.content)
    assert condgan.verify(tmp_path / "b.png").verified


@pytest.mark.parametrize(
    ("order", "options"),
    [({"labels": "2026"}, {"sequence": "2026"}), ({"stops": "3,8", "frames": 5}, {"walk": "3,8", "frames": 5})],
)
def test_truncation_means_what_it_means_on_the_command_line(order: Any, options: Any, tmp_path: Path) -> None:
    expected = export.to_file("mnist", seed=7, truncation=0.4, output=tmp_path / "a.png", **options)
    path = f"/api/v1/{'walk' if 'stops' in order else 'generate'}"
    made = client(tmp_path).post(path, json={**order, "seed": 7, "truncation": 0.4}).content
    assert np.array_equal(pixels(made), np.asarray(Image.open(expected)))
    assert not np.array_equal(pixels(made), pixels(client(tmp_path).post(path, json={**order, "seed": 7}).content))
    (tmp_path / "b.png").write_bytes(made)
    assert condgan.verify(tmp_path / "b.png").verified


def test_a_studio_with_a_key_marks_what_the_command_line_marks(tmp_path: Path) -> None:
    key = keys.new_key(tmp_path / "mark.key")
    expected = export.to_file("mnist", "20261128", seed=7, output=tmp_path / "a.png", watermark=tmp_path / "mark.key")
    marking = client(tmp_path, watermark=key)
    made = marking.post(ASK, json={"labels": "20261128", "seed": 7}).content
    assert np.array_equal(pixels(made), np.asarray(Image.open(expected)))
    (tmp_path / "b.png").write_bytes(made)
    assert condgan.verify(tmp_path / "b.png", key=key).verified
    assert condgan.verify(tmp_path / "b.png").files[0].verdict == "claimed"
    content = marking.post(ASK, json={"labels": "0123456789" * 7, "seed": 7, "format": "json"}).json()
    images = np.array(content["images"], np.uint8)
    found = detection.detect(detection.Evidence.of(images), pattern.patterns(key, (28, 28)))
    assert found.found
    assert content["manifest"]["watermark"] == key.fingerprint


@pytest.mark.parametrize("labels", ["2026", [2, "0", 2, 6], ["2", "0", "2", "6"]])
def test_arrays_are_those_of_the_generator(labels: Any, tmp_path: Path) -> None:
    asking = client(tmp_path)
    expected = condgan.load("mnist").sample("2026", seed=3, first=5)
    content = asking.post(ASK, json={"labels": labels, "seed": 3, "index": 5, "format": "npz"}).content
    with np.load(io.BytesIO(content)) as found:
        assert np.array_equal(found["images"], expected)
        assert found["labels"].tolist() == ["2", "0", "2", "6"]
        assert json.loads(str(found["manifest"]))["synthetic"]
    found = asking.post(ASK, json={"labels": labels, "seed": 3, "index": 5, "format": "json"}).json()
    assert np.array_equal(np.array(found["images"], np.uint8), expected)


def test_a_wall_and_a_walk(tmp_path: Path) -> None:
    asking = client(tmp_path)
    wall = asking.post(ASK, json={"labels": "3" * 12, "columns": 4, "scale": 1}).content
    assert pixels(wall).shape == (3 * 30 + 2, 4 * 30 + 2)
    strip = asking.post("/api/v1/walk", json={"stops": "3,8", "frames": 9, "scale": 1}).content
    expected = condgan.load("mnist").walk("3,8", frames=9)
    assert np.array_equal(pixels(strip), np.concatenate(list(expected[:, 0]), axis=1))
    animation = asking.post("/api/v1/walk", json={"stops": "seed:1,seed:2", "label": "5", "frames": 4, "format": "gif"})
    assert Image.open(io.BytesIO(animation.content)).n_frames == 4


@pytest.mark.parametrize(
    ("order", "says"),
    [({"labels": "x"}, 'no class "x"'), ({"labels": ""}, "empty"), ({"seed": -1}, "seed"), ({"seed": 1.5}, "seed"),
     ({"labels": ["3"] * 2000}, "labels"), ({"labels": "3" * 2000}, "1024"), ({"model": "none"}, "no run"),
     ({"model": "../x"}, "no run"), ({"model": "mnist@3"}, "no run"), ({"scale": 99}, "scale"),
     ({"truncation": 0}, "truncation"), ({"truncation": 9}, "truncation"), ({"more": 1}, "more"),
     ({"format": "exe"}, "format")],
)  # fmt: skip
def test_a_bad_order_is_told_in_one_line(order: dict[str, Any], says: str, tmp_path: Path) -> None:
    response = client(tmp_path).post(ASK, json=order)
    assert response.status_code in (400, 404, 422)
    assert says in response.json()["error"]
    assert "\n" not in response.json()["error"]


class Slow:
    """A sampler that takes a while, and notes how many rows it was given at a time."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def sample(self, latents: Any, labels: Any) -> Any:
        self.given.append(len(latents))
        time.sleep(0.05)
        if (labels == 99).any():
            raise ValueError("99")
        return latents * 2 + labels[:, None]


def test_those_who_wait_share_a_pass_and_get_their_own() -> None:
    slow = Slow()
    merged = Merged(slow)
    rng = np.random.default_rng(0)
    asked = [(rng.normal(size=(n, 3)), rng.integers(0, 9, n)) for n in rng.integers(1, 9, 40)]
    with ThreadPoolExecutor(40) as pool:
        found = [*pool.map(lambda one: merged.sample(*one), asked)]
    for (latents, labels), samples in zip(asked, found, strict=True):
        assert np.array_equal(samples, latents * 2 + labels[:, None])
    assert sum(slow.given) == sum(len(labels) for _, labels in asked)
    assert len(slow.given) < 20


def test_one_that_fails_does_not_stop_the_others() -> None:
    merged = Merged(Slow())
    results: dict[int, Any] = {}

    def ask(number: int, label: int) -> None:
        try:
            results[number] = merged.sample(np.zeros((1, 3)), np.array([label]))
        except ValueError as error:
            results[number] = error

    threads = [threading.Thread(target=ask, args=(number, 99 if number == 5 else 1)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(results) == 12
    assert isinstance(results[5], ValueError)
    assert np.array_equal(merged.sample(np.zeros((1, 3)), np.array([4])), np.full((1, 3), 4.0))


def test_a_full_queue_says_when_to_ask_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "MOST_WAITING", 0)
    response = client(tmp_path).post(ASK, json={"labels": "1"})
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) >= 1


def test_the_queue_is_bounded_in_images_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "MOST_IMAGES_WAITING", 20)
    asking = client(tmp_path)
    orders: list[dict[str, Any]] = [{"count": 20}, {"labels": "1" * 20}, {"count": 21}, {"labels": ["1"] * 21}]
    assert [asking.post(ASK, json=order).status_code for order in orders] == [200, 200, 429, 429]
    assert asking.post("/api/v1/walk", json={"stops": "3,8", "frames": 21}).status_code == 429
    assert asking.post(ASK, json={"count": 20}).status_code == 200  # what was answered waits no more


def test_what_nobody_waits_for_is_neither_drawn_nor_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    encoded: list[int] = []
    held, ours, png = threading.Event(), Merged.sample, pictures.png

    def sample(self: Merged, latents: Any, labels: Any) -> Any:
        drawn.append(len(labels))
        if len(labels) == 1024:
            assert held.wait(60)
        return ours(self, latents, labels)

    def encode(picture: Any, manifest: Any) -> bytes:
        encoded.append(picture.size)
        return png(picture, manifest)

    monkeypatch.setattr(Merged, "sample", sample)
    monkeypatch.setattr(sampling, "png", encode)
    monkeypatch.setattr(generating, "MOST_WAITING", 12)
    with serving(tmp_path) as (app, asking):
        asking.post(ASK, json={"labels": "1"})  # the studio's own first picture is drawn before it
        line, body = app.state.parts.pool.many, b'{"count":1024,"scale":1}'
        head = f"POST {ASK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        open_ones = []
        for _ in range(12):
            one = socket.create_connection((asking.base_url.host, asking.base_url.port))
            one.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            open_ones.append(one)
        until(lambda: line.waiting == 12 and drawn.count(1024) == generating.THREADS_OF_MANY)
        assert asking.post(ASK, json={"labels": "2"}).status_code == 200  # it does not wait for the large ones
        for one in open_ones:
            one.close()
        until(lambda: line.waiting == 0)
        assert line.images == 0
        held.set()
        line.threads.shutdown(wait=True)
    assert drawn.count(1024) == generating.THREADS_OF_MANY  # those that were under way
    assert max(encoded) < 1024 * 28 * 28


def until(true: Any) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
