"""What condgan writes as a dataset, condgan reads: equal images, labels and names, and nothing is left out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan.data import load
from condgan.export.export import to_file
from condgan.recipe import Data
from condgan.storage.manifest import KEY, Manifest, pixels_sha256
from sets import FORMS, Made, by_name


def forms(which: str) -> list[Any]:
    return [pytest.param(which, form, id=f"{which} {form}") for form in FORMS if (which, form) != ("colour", "idx")]


ALL = forms("plain") + forms("grey") + forms("colour")


@pytest.mark.parametrize(("which", "form"), ALL)
def test_condgan_reads_what_it_writes(made: Callable[[str, str], Made], which: str, form: str) -> None:
    written = made(which, form)
    dataset = load(Data(source=str(written.path), size=8))
    images = np.concatenate([split.images for split in dataset.splits.values()])
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    raw = images.transpose(0, 2, 3, 1) if images.shape[1] == 3 else images[:, 0]
    assert by_name(raw, [dataset.class_names[label] for label in labels]) == written.by_name()
    assert dict(dataset.skipped) == {}
    assert sorted(dataset.class_names) == sorted(written.names)


@pytest.mark.parametrize("format", ["npz", "parquet", "webdataset", "idx", "folder", "imagefolder"])
def test_a_set_of_some_classes_is_read_back_without_the_others(format: str, tmp_path: Path) -> None:
    path = to_file("mnist", counts="3=10,8=6", format=format, output=tmp_path / "a.v2")
    dataset = load(Data(source=str(path)))
    assert dataset.class_names == ("3", "8")
    counts = sum(np.bincount(split.labels, minlength=2) for split in dataset.splits.values())
    assert np.asarray(counts).tolist() == [10, 6]
    names_all = format in ("npz", "parquet")  # as users of the arrays expect: label 3 is a three
    left_out = "8 of 10 classes have no images, and are left out: 0, 1, 2, 4, 5, 6, 7, 9"
    assert (left_out in dataset.notices) == names_all
    labels = dataset.train.labels
    ones = {int(image.sum()) for image in dataset.train.images[labels == 1]}
    alone = load(Data(source=str(to_file("mnist", counts="8=6,3=1", format="npz", output=tmp_path / "b.npz"))))
    assert ones <= {int(image.sum()) for split in alone.splits.values() for image in split.images}


@pytest.mark.parametrize(("which", "form"), ALL)
def test_each_image_and_the_set_say_what_they_are(made: Callable[[str, str], Made], which: str, form: str) -> None:
    written = made(which, form)
    for content, number, label in pngs(written.path, form, written):
        with Image.open(content) as image:
            told, pixels = Manifest.from_json(image.text[KEY]), np.asarray(image)
        assert told.kind == "image"
        assert told.synthetic
        assert told.pixels_sha256 == pixels_sha256(pixels)
        sample = told.sample or {}
        assert (sample["seed"], sample.get("index", 0), sample["labels"]) == (3, number, [written.names[label]])
        assert np.array_equal(pixels, written.images[np.flatnonzero(written.numbers == number)[0]])
    whole = manifest(written.path, form)
    assert whole.kind == "set"
    sample, content = whole.sample or {}, whole.content or {}
    assert sample["seed"] == 3
    assert sample["counts"] == dict.fromkeys(written.names, 5)
    assert content["images"] == len(written.images)
    digests = sorted(bytes.fromhex(pixels_sha256(image)) for image in written.images)
    import hashlib

    assert content["images_sha256"] == hashlib.sha256(b"".join(digests)).hexdigest()
    for name, digest in content.get("files", {}).items():
        if written.path.is_dir():
            assert hashlib.sha256((written.path / name).read_bytes()).hexdigest() == digest


def pngs(path: Path, form: str, written: Made) -> list[tuple[Any, int, int]]:
    """PNGs of the first classes and the last, with number and label; none where images are arrays."""
    import io

    classes, found = len(written.names), []
    if form in ("parquet", "one.parquet"):
        from pyarrow import parquet

        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        rows = [row for file in files for row in parquet.read_table(file).to_pylist()]
        for number, row in enumerate(rows):
            found.append((io.BytesIO(row["image"]["bytes"]), number, row["label"]))
    elif form in ("webdataset", "one.tar"):
        import tarfile

        for file in sorted(path.rglob("*.tar")) if path.is_dir() else [path]:
            with tarfile.open(file) as archive:
                names = archive.getnames()
                for name in names:
                    if name.endswith(".png"):
                        label = int(archive.extractfile(name.replace(".png", ".cls")).read())  # type: ignore[union-attr]
                        found.append((io.BytesIO(archive.extractfile(name).read()), int(name[:-4]), label))  # type: ignore[union-attr]
    elif form == "imagefolder":
        for number, file in enumerate(sorted((path / "images").iterdir())):
            found.append((file, number, number % classes))
    elif form == "folder":
        from condgan.data.writers.folder import folder_names

        for label, name in enumerate(folder_names(written.names)):
            for place, file in enumerate(sorted((path / name).iterdir())):
                found.append((file, place * classes + label, label))
    assert all(number % classes == label for _, number, label in found)
    assert len(found) in (0, len(written.images))
    return found


def manifest(path: Path, form: str) -> Manifest:
    """The manifest of the whole."""
    if form == "one.parquet":
        from pyarrow import parquet

        return Manifest.from_json(parquet.read_schema(path).metadata[KEY.encode()])
    if form == "one.tar":
        import tarfile

        with tarfile.open(path) as archive:
            return Manifest.from_json(archive.pax_headers[KEY])
    if form == "one.npz":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            return Manifest.from_json(archive.read("manifest.json"))
    return Manifest.model_validate(json.loads((path / "manifest.json").read_bytes()))
