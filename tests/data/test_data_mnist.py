import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from condgan.data import Dataset, load
from condgan.data.readers import mnist
from condgan.errors import CondganError
from condgan.recipe import Data


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load(Data())


def test_it_is_the_mnist_that_everyone_uses(digits: Dataset) -> None:
    assert digits.name == "mnist"
    assert digits.class_names == tuple("0123456789")
    assert [len(split) for split in digits.splits.values()] == [50_000, 10_000, 10_000]
    whole = digits.trained_on(Data(train_on="train+validation"))
    assert np.bincount(whole.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert whole.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert whole.images.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert whole.images.std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_validation_is_the_end_of_the_training_images_without_a_copy(digits: Dataset) -> None:
    whole = digits.trained_on(Data(train_on="train+validation"))
    assert np.shares_memory(whole.images, digits.train.images)
    assert np.shares_memory(whole.labels, digits.validation.labels)
    assert np.array_equal(whole.images[50_000:], digits.validation.images)
    assert "last 10,000" in digits.split_rule
    assert digits.notices == ()


def test_the_hash_is_pinned(digits: Dataset) -> None:
    """Runs and generators record it: a change here would orphan them."""
    assert digits.sha256 == "6ac4b36a731ecc0ca3ad24e6eacdec2bb998e619e816f0f1b76dd30ac88d3a19"
    assert load(Data(split_seed=1)).sha256 == digits.sha256  # the seed draws nothing here


def test_other_sizes_and_channels(digits: Dataset) -> None:
    other = load(Data(size=32, channels=3))
    assert other.test.images.shape == (10_000, 3, 32, 32)
    assert other.notices == (
        "images of 28x28 were resized to 32x32 (data.size)",
        "grey images were repeated over 3 channels (data.channels)",
    )
    assert other.sha256 != digits.sha256


def test_the_arrays_can_be_written_to(digits: Dataset) -> None:
    """torch.from_numpy warns about arrays that cannot."""
    assert digits.train.images.flags.writeable
    assert digits.test.labels.flags.writeable


def test_a_damaged_installation_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(mnist.SHA256, "t10k-labels-idx1-ubyte", "0" * 64)
    with pytest.raises(CondganError, match=r"t10k-labels-idx1-ubyte\.gz is not the file .* reinstall condgan"):
        load(Data())
    monkeypatch.setattr(mnist, "files", lambda package: tmp_path)
    with pytest.raises(CondganError, match=r"cannot be read .* reinstall condgan"):
        load(Data())


def test_the_attribution_is_shipped_with_the_hashes_that_are_checked() -> None:
    readme = (files("condgan.data") / "files" / "mnist" / "README.md").read_text()
    assert dict(map(reversed, re.findall(r"([0-9a-f]{64})  (\S+)", readme))) == mnist.SHA256
    assert all(word in readme for word in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"))


@pytest.mark.parametrize("content", [None, "only/1.png"])
def test_the_built_in_name_wins_unless_a_path_is_written_as_one(
    content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, digits: Dataset
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Path("mnist").mkdir()
    if content:
        Path("mnist/only").mkdir()
        Image.fromarray(np.arange(784, dtype=np.uint8).reshape(28, 28)).save(Path("mnist") / content)
    assert load(Data()).sha256 == digits.sha256
    if content:
        assert load(Data(source="./mnist")).class_names == ("only",)
