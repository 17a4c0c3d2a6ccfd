"""Arrays and datasets that are passed in Python."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan import data as datasets
from condgan.data import Dataset, Split
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(2)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(60) % 3
SMALL = ("generator.hidden=8", "discriminator.hidden=8", "latent.dim=4", "evaluation.every=none", "machine.threads=1")
FORM = Data(size=8)


def passed(images: Any, labels: Any, form: Data = FORM) -> Dataset:
    return datasets.load(form, (images, labels))


@pytest.mark.parametrize(
    ("samples", "conditions"),
    [
        (IMAGES, LABELS),
        (IMAGES[..., 0], LABELS.astype(np.uint8)),
        (RANDOM.normal(size=(60, 4)), LABELS),
        (IMAGES, RANDOM.normal(size=(60, 4)).astype(np.float32)),
    ],
)
def test_arrays_are_what_an_archive_of_them_is(tmp_path: Path, samples: Any, conditions: Any) -> None:
    keys = "vectors" if samples.ndim == 2 else "images", "labels" if conditions.ndim == 1 else "conditions"
    np.savez(tmp_path / "a.npz", **dict(zip(keys, (samples, conditions), strict=True)))
    of_file = datasets.load(Data(source=str(tmp_path / "a.npz"), size=8))
    given = passed(samples, conditions)
    assert given.sha256 == of_file.sha256
    assert (given.split_rule, given.notices) == (of_file.split_rule, of_file.notices)


def test_layouts_and_lists_are_the_same_data() -> None:
    expected = passed(IMAGES, LABELS).sha256
    assert passed(IMAGES.transpose(0, 3, 1, 2), LABELS).sha256 == expected
    assert passed(IMAGES, LABELS.tolist()).sha256 == expected


def test_other_ranges_and_one_hot_labels() -> None:
    expected = passed(IMAGES, LABELS).sha256
    assert passed(IMAGES / 255, LABELS).sha256 == expected
    assert passed(IMAGES, np.eye(3, dtype=int)[LABELS]).sha256 == expected
    assert passed(IMAGES, LABELS / 1).sha256 == expected
    assert passed(IMAGES, np.eye(3)[LABELS]).train.modality == "images with vector conditions"  # floats are conditions


def test_the_caller_s_arrays_stay_as_they_are() -> None:
    images = IMAGES > 127
    passed(images, LABELS)
    assert np.array_equal(images, IMAGES > 127)


@pytest.mark.parametrize("kind", [str, object])
def test_labels_of_text_are_class_names(kind: type) -> None:
    names = np.array(["cat", "ant", "bee"], dtype=kind)
    given = passed(IMAGES, names[LABELS])
    assert given.class_names == ("ant", "bee", "cat")
    assert np.array_equal(np.bincount(given.train.labels), [16, 16, 16])
    back = {
        image.tobytes(): given.class_names[label] for image, label in zip(*given.train.take(slice(None)), strict=True)
    }
    originals = {image.transpose(2, 0, 1).tobytes(): name for image, name in zip(IMAGES, names[LABELS], strict=True)}
    assert back.items() <= originals.items()


def test_what_is_trained_on_does_not_change_with_the_caller_s_arrays() -> None:
    images = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))
    given = passed(images, LABELS)
    before = given.train.images.copy()
    images[:] = 0
    assert np.array_equal(given.train.images, before)


BAD: dict[str, tuple[Any, str]] = {
    "one": (IMAGES, "data=ndarray: expected .images, labels."),
    "three": ((IMAGES, LABELS, LABELS), "data=tuple: expected"),
    "other floats": ((IMAGES * 1.7, LABELS), r"data=\(images, labels\): pixels lie in"),
    "lengths": ((IMAGES, LABELS[:5]), r"data=\(images, labels\): 60 images but 5 labels"),
    "ragged": (([[1, 2], [3]], LABELS), r"data=\(images, labels\) are no arrays"),
    "several of a row": ((IMAGES, np.ones((60, 3), int)), "row 0 is not one-hot"),
    "empty": ("", "data.source=: no such path"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_name_the_argument(case: str) -> None:
    given, says = BAD[case]
    with pytest.raises(CondganError, match=says):
        datasets.load(FORM, given)


def test_a_run_on_arrays_goes_on_only_with_the_same_arrays(tmp_path: Path) -> None:
    images = IMAGES[..., 0]
    run = condgan.train("cgan-bce", *SMALL, "data.size=8", data=(images, LABELS), epochs=1, run=tmp_path / "run")
    assert run.recipe.data.source == "arrays"
    with pytest.raises(CondganError, match=r"pass the same again, as `data=\(images, labels\)`"):
        condgan.resume(tmp_path / "run", epochs=2)
    with pytest.raises(CondganError, match=r"is not what .* was trained on"):
        condgan.resume(tmp_path / "run", data=(images[::-1], LABELS), epochs=2)
    condgan.resume(tmp_path / "run", data=(images, LABELS), epochs=2)
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS)
    condgan.resume(tmp_path / "run", data=tmp_path / "a.npz", epochs=3)
    whole = condgan.train("cgan-bce", *SMALL, "data.size=8", data=tmp_path / "a.npz", epochs=3, run=tmp_path / "whole")
    latest = [condgan.load(path).sample("012", seed=1) for path in (tmp_path / "run", whole.folder)]
    assert np.array_equal(*latest)


def test_a_dataset_keeps_its_size_and_splits(tmp_path: Path) -> None:
    split = Split(IMAGES[..., 0][:, None], LABELS)
    dataset = Dataset("mine", ("a", "b", "c"), split, split, split, "my own")
    run = condgan.train("cgan-bce", *SMALL, data=dataset, epochs=1, run=tmp_path / "run")
    data = run.recipe.data
    assert (data.source, data.size, data.channels) == ("arrays", 8, 1)
    condgan.resume(tmp_path / "run", data=dataset, epochs=2)
    part = Split(split.images[:, :, :2, :2], LABELS)
    tiny = Dataset("tiny", ("a", "b", "c"), part, part, part, "my own")
    with pytest.raises(CondganError, match="expected 4 to 1024"):
        datasets.load(FORM, tiny)


def grey_in_colour(form: str, path: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    """RGB images of grey pixels, (N, 32, 32, 3), in a format."""
    if form == "npz":
        np.savez(path / "a.npz", images=images, labels=labels)
        return path / "a.npz"
    if form == "npy":
        np.save(path / "images.npy", images.transpose(0, 3, 1, 2) / 255)
        np.save(path / "labels.npy", labels)
    if form == "csv":
        rows = np.column_stack([labels, images.transpose(0, 3, 1, 2).reshape(len(images), -1)])
        header = ",".join(["label", *(f"pixel{number}" for number in range(rows.shape[1] - 1))])
        np.savetxt(path / "a.csv", rows, "%d", ",", header=header, comments="")
        return path / "a.csv"
    if form == "cifar":
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        (path / "data_batch_1.bin").write_bytes(np.column_stack([labels.astype(np.uint8), planes]).tobytes())
    if form == "folder":
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            (path / str(label)).mkdir(exist_ok=True)
            Image.fromarray(image).save(path / str(label) / f"{number:02}.png")
    return path


@pytest.mark.parametrize("form", ["npz", "npy", "csv", "cifar", "folder"])
@pytest.mark.parametrize("coloured", [0, 1])
def test_grey_images_that_are_stored_in_colour_are_grey_in_every_format(
    form: str, coloured: int, tmp_path: Path
) -> None:
    images = np.repeat(RANDOM.integers(0, 256, (30, 32, 32, 1), dtype=np.uint8), 3, axis=3)
    images[:coloured, 5, 5] = 1, 2, 3
    labels = np.arange(30) % 3
    path = grey_in_colour(form, tmp_path, images, labels)
    dataset = datasets.load(Data(source=str(path), size=32))
    said = "30 images are stored in colour and are grey: they were read as grey" in dataset.notices
    assert (dataset.domain().channels, said) == ((3, False) if coloured else (1, True))
    given = datasets.load(Data(size=32), (images, labels))
    keys = [{row.tobytes() for rows in each.hashes.values() for row in rows} for each in (dataset, given)]
    assert keys[0] == keys[1]
    assert datasets.load(Data(source=str(path), size=32, channels=3)).domain().channels == 3
    if form == "npz":  # a folder was read by the modes of its files
        assert datasets.load(Data(source=str(path), size=32, reading=1)).domain().channels == 3
