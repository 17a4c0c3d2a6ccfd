"""Datasets and uploads, reports in place, comparisons, nearest training images, and what changes as it changes."""

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studios import client, written

import condgan
from condgan.studio.routes import datasets

API = "/api/v1"


def zipped(names: tuple[str, ...] = ("cat", "dog"), each: int = 6) -> bytes:
    """An archive of class folders."""
    out, draw = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            for number in range(each):
                picture = io.BytesIO()
                Image.fromarray(draw.integers(0, 256, (8, 8), np.uint8)).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    return out.getvalue()


def test_an_upload_is_described_trained_on_and_deleted(tmp_path: Path) -> None:
    asking = client(tmp_path)
    kept = asking.put(f"{API}/uploads/pets.zip", content=zipped())
    assert kept.status_code == 201, kept.text
    name = kept.json()["name"]
    listed = {one["title"]: one for one in asking.get(f"{API}/datasets").json()["datasets"]}
    assert listed["pets.zip"]["name"] == name
    assert listed["mnist"]["kind"] == "built-in"
    told = asking.get(f"{API}/datasets/describe", params={"name": name}).json()
    assert told["classes"] == {"cat": 6, "dog": 6}
    check = asking.post(f"{API}/check", json={"data": name, "overrides": ["train.epochs=1"]}).json()
    assert check["command"].endswith(f"--data {name}")
    assert check["reason"]
    assert asking.put(f"{API}/uploads/pets.zip", content=zipped()).status_code == 400  # nothing is overwritten
    assert asking.delete(f"{API}/uploads/pets.zip").status_code == 200
    assert asking.get(f"{API}/datasets/describe", params={"name": name}).status_code == 404
    assert asking.delete(f"{API}/uploads/pets.zip").status_code == 404


@pytest.mark.parametrize("name", ["a.exe", ".hidden.zip", "..%2fa.zip", "a%2fb.zip", "x" * 200 + ".zip", ".zip"])
def test_odd_names_of_uploads_are_refused(name: str, tmp_path: Path) -> None:
    response = client(tmp_path).put(f"{API}/uploads/{name}", content=b"x")
    assert response.status_code in (400, 404, 405)
    assert not (tmp_path / ".studio/uploads").exists()


def test_bad_uploads_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = client(tmp_path)
    assert "no whole" in asking.put(f"{API}/uploads/a.zip", content=b"no archive").json()["error"]
    monkeypatch.setattr(datasets, "MOST_FILES", 3)
    assert "too large" in asking.put(f"{API}/uploads/a.zip", content=zipped()).json()["error"]
    monkeypatch.setattr(datasets, "QUOTA", 100)
    assert "too large" in asking.put(f"{API}/uploads/a.npz", content=zipped()).json()["error"]
    assert [*(tmp_path / ".studio/uploads").glob("*")] == []
    assert [*(tmp_path / ".studio/uploads").glob(".*")] == []


def test_an_error_is_one_line_however_many_files_are_damaged(tmp_path: Path) -> None:
    asking = client(tmp_path)
    out = io.BytesIO(zipped())
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(20):
            archive.writestr(f"cat/bad\n{number}\u2028.png", b"no picture\x07\n")
    assert asking.put(f"{API}/uploads/pets.zip", content=out.getvalue()).status_code == 201
    name = str(tmp_path / ".studio/uploads/pets.zip")
    for refused in (
        asking.get(f"{API}/datasets/describe", params={"name": name}),
        asking.post(f"{API}/check", json={"recipe": "cgan-lsgan", "overrides": ["a\nb=1"]}),
        asking.post(f"{API}/runs", json={"recipe": "a\nb"}),
        asking.post(f"{API}/generate", json={"model": "mnist", "a\nb": 1}),
        asking.get(f"{API}/runs/a%0Ab"),
        asking.put(f"{API}/uploads/a%0Ab.zip", content=b"x"),
    ):
        told = refused.json()
        text = told.get("error") or told["problem"]
        assert text
        assert text.isprintable()
    assert "20 of 32 images cannot be read: " in asking.get(f"{API}/datasets/describe", params={"name": name}).text


def test_an_upload_that_a_kill_has_cut_is_no_obstacle(tmp_path: Path) -> None:
    asking = client(tmp_path)
    folder = tmp_path / ".studio/uploads"
    folder.mkdir()
    for name, age in ((".old.part", 7200), (".pets.zip.part", 0)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    assert asking.put(f"{API}/uploads/pets.zip", content=zipped()).status_code == 201
    assert sorted(path.name for path in folder.iterdir()) == [".pets.zip.part", "pets.zip"]
    assert [one["title"] for one in asking.get(f"{API}/datasets").json()["datasets"]][-1] == "pets.zip"


def test_a_report_opens_once_and_is_a_site_apart(tmp_path: Path) -> None:
    written(tmp_path / "a")
    asking = client(tmp_path)
    address = asking.post(f"{API}/reports", json={"run": "a", "lang": "zh"}).json()["address"]
    stranger = client(tmp_path, token=False)
    stranger.app.state.parts.tickets.update(asking.app.state.parts.tickets)
    page = stranger.get(address)
    assert page.status_code == 200
    assert "<html" in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "connect-src" not in policy  # default-src 'none' holds
    assert stranger.get(address).status_code == 404
    assert asking.post(f"{API}/reports", json={"run": "none"}).status_code == 404
    assert asking.post(f"{API}/reports", json={"run": "a", "author": {"x": "y" * 999}}).status_code in (400, 422)


def test_two_runs_are_compared_as_on_the_command_line(tmp_path: Path) -> None:
    for name, fid in (("a", 4.0), ("b", 9.5)):
        run = written(tmp_path / name, fid=fid)
        domain = {"channels": 1, "size": 28, "class_names": ["0", "1"], "data": "mnist", "data_sha256": "0" * 64}
        run.note_session({"domain": domain, "splits": {}}, {"step": 0})
    found = client(tmp_path).get(f"{API}/compare", params={"one": "a", "other": "b"})
    assert found.status_code == 200, found.text
    assert found.json() == json.loads(json.dumps(condgan.compare(tmp_path / "a", tmp_path / "b").as_json()))


def test_the_nearest_training_images(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), np.uint8)
    np.savez(tmp_path / "noise.npz", images=images, labels=np.arange(60) % 2)
    tiny = ("data.size=8", "generator.hidden=8", "discriminator.hidden=8", "evaluation.every=none", "train.epochs=1")
    condgan.train("cgan-lsgan", *tiny, data=tmp_path / "noise.npz", run=tmp_path / "runs/a")
    order = {"model": "a", "labels": "0110", "seed": 3, "scale": 1}
    picture = client(tmp_path / "runs").post(f"{API}/nearest", json=order)
    shown = np.asarray(Image.open(io.BytesIO(picture.content)))
    made = condgan.load(tmp_path / "runs/a").sample("0110", seed=3)
    train = condgan.data.load(condgan.Run(tmp_path / "runs/a").recipe.data).train.images  # type: ignore[attr-defined]
    for at, one in enumerate(made):
        apart = ((train.astype(float) - one) ** 2).sum((1, 2, 3))
        tile = shown[:, 8 * at : 8 * at + 8]
        assert ((tile.astype(float) - one[0]) ** 2).sum() == apart.min()


def test_verdicts_of_studies(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "study.json").write_text("{}")
    asking = client(tmp_path)
    assert asking.get(f"{API}/verdicts/w").json() == {"kind": None, "found": None}
    written = {
        "verdict": "helps", "sentence": "Synthetic images help.", "difference": 2.5, "low": 1.0, "high": 4.0,
        "way": "real + 1 x synthetic", "base": "real", "base_accuracy": 80.0, "balanced": True, "rarest": None,
        "table": [{"way": "real, moved", "value": 80.0, "spread": 1.0, "n": 5}], "notes": [], "train_images": 90,
        "test_images": 30, "command": "condgan sample S/seed-0 --per-class 9",
    }  # fmt: skip
    (folder / "worth.json").write_text(json.dumps(written))
    told = {lang: asking.get(f"{API}/verdicts/w", params={"lang": lang}).json() for lang in ("en", "zh")}
    for lang, one in told.items():
        assert one["kind"] == "worth"
        assert one["found"]["command"] == written["command"]
        assert "+2.5" in one["found"]["sentence"]
        assert ("合成图像" in one["found"]["sentence"]) == (lang == "zh")
    assert told["en"]["found"]["table"][0]["way"] != told["zh"]["found"]["table"][0]["way"]
    for damaged in ("{", "[]", "[" * 9999, '{"verdict": "helps"}'):
        (folder / "worth.json").write_text(damaged)
        response = asking.get(f"{API}/verdicts/w")
        assert response.status_code == 400
        assert "damaged" in response.json()["error"]


def test_the_interface_is_described(tmp_path: Path) -> None:
    told: dict[str, Any] = client(tmp_path).get(f"{API}/openapi.json").json()
    assert told["components"]["schemas"]["Pictures"]
    for path, methods in told["paths"].items():
        for method, one in methods.items():
            assert one.get("description"), (method, path)


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [("one=a&other=nope", 404, "nope"), ("one=nope&other=a", 404, "nope"), ("one=a&other=nope@7", 404, "nope"),
     ("one=a&other=b&other=nope", 422, "other"), ("one=a&other=b&third=nope", 422, "third"), ("one=a", 422, "other"),
     ("one=&other=b", 422, "one"), ("one=a&other=a", 400, "different"), ("one=a&other=b", 400, "provenance.json")],
)  # fmt: skip
def test_only_what_is_there_is_compared(query: str, status: int, says: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name)
    answer = client(tmp_path).get(f"{API}/compare?{query}")
    assert answer.status_code == status
    assert says in answer.json()["error"]
