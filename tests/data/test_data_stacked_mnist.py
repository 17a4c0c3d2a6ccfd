"""Stacked MNIST against MNIST itself: each channel of each image is looked up among the digits of its own split."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import Dataset, load
from condgan.data.fit import fit
from condgan.data.readers.stacked_mnist import stacks
from condgan.errors import CondganError
from condgan.evaluation import features
from condgan.recipe import Data

STACKED = Data(source="stacked-mnist")


@pytest.fixture(scope="module")
def stacked() -> Dataset:
    return load(STACKED)


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load(Data())


def test_every_split_has_every_class_equally_often(stacked: Dataset) -> None:
    assert stacked.name == "stacked-mnist"
    assert stacked.class_names == tuple(f"{r}{g}{b}" for r in range(10) for g in range(10) for b in range(10))
    for split, each in zip(stacked.splits.values(), (50, 10, 10), strict=True):
        assert split.images.shape == (1000 * each, 3, 28, 28)
        assert np.array_equal(np.bincount(split.labels, minlength=1000), np.full(1000, each))
        assert len(np.unique(split.labels[:1000])) < 700  # in random order, so that any part is a sample


def test_a_class_names_its_channels_digits_and_splits_share_none(stacked: Dataset, mnist: Dataset) -> None:
    """Red first. No digit of a split is among those of another, so that nothing leaks."""
    known = {
        name: {image.tobytes(): str(label) for image, label in zip(split.images, split.labels, strict=True)}
        for name, split in mnist.splits.items()
    }
    for name, split in stacked.splits.items():
        others = [digits for other, digits in known.items() if other != name]
        uses: list[Counter[bytes]] = [Counter(), Counter(), Counter()]
        for image, label in zip(split.images, split.labels, strict=True):
            digits = [channel.tobytes() for channel in image]
            assert "".join(known[name][digit] for digit in digits) == stacked.class_names[label]
            for channel, digit in enumerate(digits):
                uses[channel][digit] += 1
        for used in uses:
            assert not any(used.keys() & digits.keys() for digits in others)
            assert len(used) > 0.95 * len(known[name])  # nearly all of MNIST is seen, in each channel
            assert max(used.values()) <= 2 + (name == "train")  # MNIST's training images hold a few copies


def test_the_hash_is_pinned_and_known_to_its_feature_network(stacked: Dataset) -> None:
    """Runs and generators record it: a change here would orphan them."""
    assert stacked.sha256 == "b7f9dd18a7ce8bcc5ac212cf42a88a1a8f157f5d2095fc2c0a81b0cf469942fc"
    assert load(STACKED.model_copy(update={"split_seed": 1})).sha256 == stacked.sha256  # the seed draws nothing here
    assert features.stacked_mnist().facts["data_sha256"] == stacked.sha256


def test_validation_follows_train_in_memory(stacked: Dataset) -> None:
    whole = stacked.trained_on(Data(train_on="train+validation"))
    assert np.shares_memory(whole.images, stacked.train.images)
    assert np.array_equal(whole.images[50_000:], stacked.validation.images)
    assert all(split.images.flags.writeable and split.images.flags.c_contiguous for split in stacked.splits.values())


def test_a_size_changes_the_pixels_and_not_what_is_stacked(stacked: Dataset) -> None:
    small = load(Data(source="stacked-mnist", size=12, channels=3))
    assert small.test.images.shape == (10_000, 3, 12, 12)
    assert small.notices == ("images of 28x28 were resized to 12x12 (data.size)",)
    for name, split in small.splits.items():
        whole = stacked.splits[name]
        assert np.array_equal(split.labels, whole.labels)
        colours = whole.images[:50].transpose(0, 2, 3, 1)
        assert np.array_equal(split.images[:50].transpose(0, 2, 3, 1), fit(colours, (12, 12), "pad"))


def test_one_channel_is_refused() -> None:
    with pytest.raises(CondganError, match=r"data\.channels=1: stacked-mnist has a digit in each of 3 channels"):
        load(Data(source="stacked-mnist", channels=1))


def test_the_name_is_suggested() -> None:
    with pytest.raises(CondganError, match='did you mean "stacked-mnist"'):
        load(Data(source="stacked_minst"))


@settings(max_examples=30)
@given(st.lists(st.integers(0, 9), max_size=1500), st.integers(0, 5))
def test_any_digits_are_stacked_as_the_classes_say(some: list[int], number: int) -> None:
    digits = np.array([*range(10), *some], np.int64)
    chosen, labels = stacks(digits, number)
    assert chosen.shape == (len(digits), 3)
    read = digits[chosen]
    assert np.array_equal(100 * read[:, 0] + 10 * read[:, 1] + read[:, 2], labels)
    counts = np.bincount(labels, minlength=1000)
    assert counts.max() - counts.min() <= 1
    again = stacks(digits, number)
    assert np.array_equal(chosen, again[0])
    assert np.array_equal(labels, again[1])
    for channel in range(3):  # images of a digit take equal shares
        uses = np.bincount(chosen[:, channel], minlength=len(digits))
        for digit in range(10):
            assert np.ptp(uses[digits == digit]) <= 1


def test_draws_of_other_splits_are_others() -> None:
    digits = np.arange(3000) % 10
    assert not np.array_equal(stacks(digits, 0)[1], stacks(digits, 1)[1])
