"""CIFAR's binary files, and the refusal of those that Python pickled, whose conversion works."""

import contextlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import load
from condgan.data.readers import cifar, of
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(5)
IMAGES = RANDOM.integers(0, 256, (60, 3, 32, 32), dtype=np.uint8)
LABELS = np.arange(60) % 3
NAMES = ("airplane", "automobile", "bird")


def records(part: slice, *labels: np.ndarray) -> bytes:
    columns = [*(label[part].astype(np.uint8) for label in labels), IMAGES[part].reshape(-1, 3072)]
    return np.column_stack(columns).tobytes()


def ten(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(5):
        (folder / f"data_batch_{number + 1}.bin").write_bytes(records(slice(9 * number, 9 * number + 9), LABELS))
    (folder / "test_batch.bin").write_bytes(records(slice(45, 60), LABELS))
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return folder


def hundred(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.bin").write_bytes(records(slice(0, 45), LABELS * 0, LABELS))
    (folder / "test.bin").write_bytes(records(slice(45, 60), LABELS * 0, LABELS))
    (folder / "fine_label_names.txt").write_text("\n".join(NAMES))
    (folder / "coarse_label_names.txt").write_text("all")
    return folder


def read(path: Path) -> Any:
    return load(Data(source=str(path), size=32))


@pytest.mark.parametrize(("write", "below"), [(ten, "cifar-10-batches-bin"), (hundred, "cifar-100-binary"), (ten, "")])
def test_the_binary_version(tmp_path: Path, write: Any, below: str) -> None:
    folder = write(tmp_path / below)
    for path in (tmp_path, folder, next(folder.glob("*train*.bin"), folder / "data_batch_1.bin")):
        dataset = read(path)
        assert dataset.class_names == NAMES
        assert np.array_equal(dataset.test.images, IMAGES[45:])
        assert np.array_equal(dataset.test.labels, LABELS[45:])
        trained = {image.tobytes() for split in (dataset.train, dataset.validation) for image in split.images}
        assert trained == {image.tobytes() for image in IMAGES[:45]}
        assert ".bin" in dataset.how


@pytest.mark.parametrize("cut", [1, 3072, 3073 * 9])
def test_a_batch_of_another_size(tmp_path: Path, cut: int) -> None:
    ten(tmp_path)
    file = tmp_path / "data_batch_3.bin"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(CondganError, match=r"data_batch_3\.bin has .* bytes, no multiple of 3073"):
        read(tmp_path)


def test_too_few_names(tmp_path: Path) -> None:
    ten(tmp_path)
    (tmp_path / "batches.meta.txt").write_text("airplane\n")
    with pytest.raises(CondganError, match="has 1 names, but labels go beyond"):
        read(tmp_path)


def pickled_ten(folder: Path) -> None:
    for number in range(5):
        part = slice(9 * number, 9 * number + 9)
        batch = {"data": IMAGES[part].reshape(-1, 3072), "labels": LABELS[part].tolist()}
        (folder / f"data_batch_{number + 1}").write_bytes(pickle.dumps(batch, protocol=2))
    batch = {"data": IMAGES[45:].reshape(-1, 3072), "labels": LABELS[45:].tolist()}
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))


def pickled_hundred(folder: Path) -> None:
    for name, part in (("train", slice(0, 45)), ("test", slice(45, 60))):
        batch = {"data": IMAGES[part].reshape(-1, 3072), "fine_labels": LABELS[part].tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "meta").write_bytes(b"")


@pytest.mark.parametrize("write", [pickled_ten, pickled_hundred])
def test_what_python_pickled_is_refused_with_a_conversion_that_works(tmp_path: Path, write: Any) -> None:
    write(tmp_path)
    with pytest.raises(CondganError, match="as Python pickled it") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)
    code = "import " + str(caught.value).partition(": import ")[2]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    dataset = read(tmp_path / "data.npz")
    assert np.array_equal(dataset.test.images, IMAGES[45:])
    assert np.array_equal(dataset.test.labels, LABELS[45:])


def test_a_class_folder_named_train_is_none(tmp_path: Path) -> None:
    (tmp_path / "train" / "cat").mkdir(parents=True)
    row = of(tmp_path)
    assert row is not None
    assert row.name == "images"


@given(st.data())
@settings(max_examples=100)
def test_changed_bytes_give_a_dataset_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = hundred(tmp_path_factory.getbasetemp() / "changed cifar")
    file = folder / data.draw(st.sampled_from(["train.bin", "test.bin", "fine_label_names.txt"]))
    content = bytearray(file.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with contextlib.suppress(CondganError):
        cifar.read(folder, "a", Data(size=8))
