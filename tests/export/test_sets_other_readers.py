"""Datasets of condgan in the libraries that they are meant for: what these read is what the generator made."""

import gc
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sets import Made

Make = Callable[[str, str], Made]


@contextmanager
def leaky() -> Iterator[None]:
    """These libraries leave it to the collector to close their files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", pytest.PytestUnraisableExceptionWarning)
        yield
        gc.collect()


def same(written: Made, images: Any, labels: Any) -> None:
    """In order, by number."""
    assert np.array_equal(np.stack([np.asarray(image) for image in images]), written.images)
    assert list(labels) == written.labels.tolist()


def hugging_face(path: str, **options: Any) -> Any:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    with leaky(), tempfile.TemporaryDirectory() as cache:  # which takes two folders of one name for the same
        return datasets.load_dataset(path, split="train", cache_dir=cache, keep_in_memory=True, **options)


@pytest.mark.parametrize("which", ["plain", "grey", "colour"])
@pytest.mark.parametrize("form", ["parquet", "one.parquet"])
def test_parquet_in_hugging_face_datasets(made: Make, which: str, form: str) -> None:
    written = made(which, form)
    files = {} if written.path.is_dir() else {"data_files": str(written.path)}
    dataset = hugging_face(str(written.path) if not files else "parquet", **files)
    assert dataset.column_names == ["image", "label"]
    assert type(dataset.features["image"]).__name__ == "Image"
    assert dataset.features["label"].names == list(written.names)
    same(written, dataset["image"], dataset["label"])


@pytest.mark.parametrize("which", ["plain", "grey", "colour"])
@pytest.mark.parametrize("by", ["its card", "imagefolder"])
def test_a_folder_of_images_in_hugging_face_datasets(made: Make, which: str, by: str) -> None:
    """The names are text, or numbers where all look like some. The CSV reader takes None and nan for no name at all."""
    written = made(which, "imagefolder")
    path, options = (str(written.path), {}) if by == "its card" else ("imagefolder", {"data_dir": str(written.path)})
    dataset = hugging_face(path, **options)
    assert {*dataset.column_names} >= {"image", "label"}
    labels = [str(label) for label in dataset["label"]]
    assert labels == [written.names[label].replace("nan", "None") for label in written.labels]
    same(written, dataset["image"], written.labels)


def test_class_folders_in_hugging_face_datasets(made: Make) -> None:
    written = made("plain", "folder")
    dataset = hugging_face(str(written.path))
    assert dataset.features["label"].names == list(written.names)
    assert np.bincount(dataset["label"]).tolist() == [5] * 10


@pytest.mark.parametrize("which", ["plain", "colour"])
def test_tar_files_in_hugging_face_datasets(made: Make, which: str) -> None:
    written = made(which, "webdataset")
    dataset = hugging_face(str(written.path))
    same(written, dataset["png"], dataset["cls"])
    assert [row["label"] for row in dataset["json"]] == [written.names[label] for label in written.labels]


@pytest.mark.parametrize("which", ["plain", "grey", "colour"])
@pytest.mark.parametrize("form", ["webdataset", "one.tar"])
def test_tar_files_in_webdataset(made: Make, which: str, form: str) -> None:
    webdataset = pytest.importorskip("webdataset")
    written = made(which, form)
    files = sorted(map(str, written.path.glob("*.tar"))) if written.path.is_dir() else [str(written.path)]
    with leaky():
        pipeline = (
            webdataset.WebDataset(files, shardshuffle=False)
            .decode("pil" if which == "colour" else "pill")
            .to_tuple("png", "cls", "json")
        )
        images, labels, names = zip(*pipeline, strict=True)
    same(written, images, labels)
    assert [name["label"] for name in names] == [written.names[label] for label in written.labels]


@pytest.mark.parametrize("which", ["plain", "grey"])
def test_idx_in_python_mnist(made: Make, which: str) -> None:
    mnist = pytest.importorskip("mnist")
    written = made(which, "idx")
    images, labels = mnist.MNIST(str(written.path)).load_training()
    same(written, [np.array(image, np.uint8).reshape(8, 8) for image in images], labels)


@pytest.mark.parametrize("which", ["plain", "grey", "colour"])
def test_npz_in_numpy(made: Make, which: str) -> None:
    written = made(which, "one.npz")
    with np.load(written.path, allow_pickle=False) as arrays:
        same(written, arrays["images"], arrays["labels"])
        assert arrays["class_names"].tolist() == list(written.names)
        assert np.array_equal(arrays["numbers"], written.numbers)
        assert arrays["labels"].dtype == arrays["numbers"].dtype == np.int64


@pytest.mark.parametrize("form", ["folder", "imagefolder", "idx", "npz", "parquet", "webdataset"])
def test_the_card_is_one_that_hugging_face_accepts(made: Make, form: str) -> None:
    hub = pytest.importorskip("huggingface_hub")
    written = made("plain", form)
    card = hub.DatasetCard((Path(written.path) / "README.md").read_text(encoding="utf-8"))
    assert card.data.task_categories == ["image-classification"]
    assert "synthetic" in card.data.tags
    assert card.data.size_categories == ["n<1K"]
