"""Labels in a file beside each image, in folders, tars and shards."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condgan.data import load
from condgan.errors import CondganError
from condgan.recipe import Data


def png(tone: int) -> bytes:
    encoded = io.BytesIO()
    Image.fromarray(np.full((8, 8), tone, np.uint8)).save(encoded, "PNG")
    return encoded.getvalue()


def files(count: int, ending: str) -> dict[str, bytes]:
    found = {}
    for number in range(count):
        said = str(number % 3) if ending == "cls" else json.dumps({"label": f"class {number % 3}", "more": [1]})
        found |= {f"{number:04}.png": png(20 * number % 256), f"{number:04}.{ending}": said.encode()}
    return found


def write(place: Path, content: dict[str, bytes]) -> Path:
    if place.suffix == ".tar":
        with tarfile.open(place, "w") as tar:
            for name, data in content.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        return place
    place.mkdir(parents=True)
    for name, data in content.items():
        (place / name).write_bytes(data)
    return place


def counts(path: Path) -> dict[str, int]:
    dataset = load(Data(source=str(path), size=8))
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    assert dataset.skipped == {}
    assert dataset.how == "labels from the file beside each image"
    return {name: int((labels == label).sum()) for label, name in enumerate(dataset.class_names)}


@pytest.mark.parametrize("place", ["set", "set.tar"])
@pytest.mark.parametrize("ending", ["cls", "json"])
def test_a_file_beside_each_image_says_its_class(tmp_path: Path, place: str, ending: str) -> None:
    path = write(tmp_path / place, files(30, ending))
    names = ["0", "1", "2"] if ending == "cls" else ["class 0", "class 1", "class 2"]
    assert counts(path) == dict.fromkeys(names, 10)


def test_shards_with_names_of_splits_are_those_splits(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    for name in ("train-000000", "train-000001", "val-000000", "test-000000"):
        write(tmp_path / "set" / f"{name}.tar", files(12, "cls"))
    dataset = load(Data(source=str(tmp_path / "set"), size=8))
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 24, "validation": 12, "test": 12}
    assert dataset.drawn == ()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    content = files(12, "cls")
    del content["0007.cls"]
    with pytest.raises(CondganError, match=r"11 of 12 images have a \.cls file beside them, as 0007\.png has not"):
        load(Data(source=str(write(tmp_path / "set", content)), size=8))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"label": [1]}', '{"label": null}', '{"label": true}', "[" * 100_000])
def test_files_that_say_no_label_are_no_labels(tmp_path: Path, text: str) -> None:
    content = {name: text.encode() if name.endswith("json") else data for name, data in files(6, "json").items()}
    with pytest.raises(CondganError):
        load(Data(source=str(write(tmp_path / "set", content)), size=8))


def test_class_folders_are_not_overruled(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        write(tmp_path / "set" / name, files(6, "cls"))
    dataset = load(Data(source=str(tmp_path / "set"), size=8))
    assert dataset.class_names == ("cat", "dog")
