import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from condgan.data import Dataset, Split, load
from condgan.data.dataset import joined
from condgan.errors import CondganError
from condgan.recipe import Data


def split(count: int, *, channels: int = 1, size: int = 4, classes: int = 2, seed: int = 0) -> Split:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, channels, size, size), dtype=np.uint8)
    return Split(images, np.arange(count, dtype=np.int64) % classes)


def dataset(**changes: object) -> Dataset:
    return replace(Dataset("toy", ("a", "b"), split(6), split(2, seed=1), split(3, seed=2), "by hand", ()), **changes)


def test_length_is_the_number_of_images() -> None:
    assert len(split(6)) == 6
    assert len(split(0)) == 0


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (np.zeros((2, 1, 4, 4), np.float32), np.zeros(2, np.int64), "images are float32"),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64), r"\(2, 4, 4\)"),
        (np.zeros((2, 2, 4, 4), np.uint8), np.zeros(2, np.int64), "1 or 3"),
        (np.zeros((2, 1, 4, 4), np.uint8), np.zeros(3, np.int64), r"expected int64 \(2,\)"),
        (np.zeros((2, 1, 4, 4), np.uint8), np.zeros(2, np.int32), "labels are int32"),
    ],
)
def test_a_split_refuses_other_arrays(images: np.ndarray, labels: np.ndarray, says: str) -> None:
    with pytest.raises(CondganError, match=says):
        Split(images, labels)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"class_names": ("a",)}, r"labels of train lie in 0\.\.1, expected 0\.\.0"),
        ({"class_names": ()}, "0 classes"),
        ({"class_names": ("a", "a")}, 'two classes are named "a"'),
        ({"class_names": ("a", " ")}, "printable"),
        ({"class_names": ("a", "b\x1b[2J")}, "printable"),
        ({"class_names": ("a", "b" * 201)}, "200"),
        ({"train": split(0)}, "no training images"),
        ({"test": split(2, size=5)}, "images of test"),
        ({"test": split(2, channels=3)}, "images of test"),
        ({"validation": Split(split(1).images, np.array([-1]))}, "labels of validation"),
    ],
)
def test_a_dataset_refuses_what_does_not_belong_together(changes: dict[str, object], says: str) -> None:
    with pytest.raises(CondganError, match=says):
        dataset(**changes)


def test_the_hash_is_of_the_content_and_not_of_the_name() -> None:
    base = dataset()
    assert base.sha256 == dataset().sha256 == dataset(name="other", notices=("something",)).sha256
    strided = Split(np.repeat(base.train.images, 2, axis=0)[::2], base.train.labels)
    assert dataset(train=strided).sha256 == base.sha256

    pixels = base.train.images.copy()
    pixels[-1, 0, -1, -1] ^= 1
    variants = [
        dataset(class_names=("a", "c")),
        dataset(train=Split(pixels, base.train.labels)),
        dataset(train=Split(base.train.images, 1 - base.train.labels)),
        dataset(validation=base.test, test=base.validation),
        dataset(test=split(0)),
    ]
    assert len({base.sha256, *(variant.sha256 for variant in variants)}) == len(variants) + 1


def test_the_domain_is_what_a_generator_learns() -> None:
    base = dataset()
    domain = base.domain()
    assert (domain.channels, domain.size, domain.class_names, domain.data) == (1, 4, ("a", "b"), "toy")
    assert domain.data_sha256 == base.sha256


def test_trained_on() -> None:
    base = dataset()
    assert base.trained_on(Data(train_on="train")) is base.train
    both = base.trained_on(Data(train_on="train+validation"))
    assert np.array_equal(both.images, np.concatenate([base.train.images, base.validation.images]))
    assert np.array_equal(both.labels, np.concatenate([base.train.labels, base.validation.labels]))


def test_joined_is_a_view_of_neighbours_only() -> None:
    whole = np.arange(20).reshape(10, 2)
    assert np.shares_memory(joined(whole[:7], whole[7:]), whole)
    assert np.array_equal(joined(whole[:7], whole[7:]), whole)
    for first, second in [(whole[:6], whole[7:]), (whole[7:], whole[:7]), (whole[::2], whole[9:]), (whole, whole)]:
        assert np.array_equal(joined(first, second), np.concatenate([first, second]))
        assert not np.shares_memory(joined(first, second), whole)


@pytest.mark.parametrize("source", ["mnits", "no/such/folder", "mnist\0", "x" * 5000, "~nobody-of-this-name/x"])
def test_an_unknown_source_is_named(source: str) -> None:
    with pytest.raises(CondganError, match="no such path, and no built-in dataset") as caught:
        load(Data(source=source))
    assert source in str(caught.value)


def test_the_nearest_built_in_is_suggested() -> None:
    with pytest.raises(CondganError, match='did you mean "mnist"'):
        load(Data(source="MINST"))


def test_importing_is_light() -> None:
    heavy = ("PIL.Image", "torch", "torchvision")
    code = f"import sys, condgan.data; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
