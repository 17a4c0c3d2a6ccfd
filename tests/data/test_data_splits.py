import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.data import Split
from condgan.data.dataset import Contents
from condgan.data.splits import complete, draw, without_empty
from condgan.errors import CondganError
from condgan.recipe import Data

label_lists = st.lists(st.integers(0, 4), min_size=1, max_size=120).map(lambda labels: np.array(labels, np.int64))


def numbered(labels: np.ndarray, first: int = 0) -> Split:
    """Images that tell their number."""
    numbers = np.arange(first, first + len(labels), dtype=np.uint32)
    return Split(np.repeat(numbers.view(np.uint8).reshape(-1, 1, 2, 2), 1, axis=1), labels)


def numbers(split: Split) -> list[int]:
    return split.images.reshape(-1).view(np.uint32).tolist()


def found(**splits: Split) -> Contents:
    return Contents("toy", tuple("abcde"), splits, ("a notice",))


@given(label_lists, st.integers(1, 2), st.integers(0, 2**63 - 1))
def test_a_draw_is_a_stratified_partition(labels: np.ndarray, parts: int, seed: int) -> None:
    drawn = draw(labels, parts, seed)
    assert len(drawn) == parts + 1
    assert sorted(np.concatenate(drawn).tolist()) == list(range(len(labels)))
    for part in drawn:
        assert (np.diff(part) > 0).all()  # in the order of the images
    for label, count in enumerate(np.bincount(labels)):
        shares = [int((labels[part] == label).sum()) for part in drawn]
        assert shares[0] >= shares[1] or count < 3
        if count >= 3:
            assert all(share >= 1 for share in shares)
            assert all(abs(share - count / 10) <= 1 for share in shares[1:])
        else:
            assert shares == [count] + [0] * parts
    assert all(np.array_equal(one, other) for one, other in zip(drawn, draw(labels, parts, seed), strict=True))


def test_a_class_is_drawn_alike_whatever_the_others_are() -> None:
    labels = np.zeros(50, np.int64)
    more = np.concatenate([labels, np.ones(30, np.int64)])
    assert [part.tolist() for part in draw(labels, 2, 7)] == [part[part < 50].tolist() for part in draw(more, 2, 7)]


def test_the_seed_decides() -> None:
    labels = np.zeros(100, np.int64)
    assert draw(labels, 1, 0)[1].tolist() != draw(labels, 1, 1)[1].tolist()


def test_the_draw_is_pinned() -> None:
    """A run records its split by hash, and must find it again in a later version."""
    assert [part.tolist() for part in draw(np.array([0, 1] * 10), 2, 0)[1:]] == [[0, 1], [2, 19]]


LABELS = np.arange(100) % 5


def test_nothing_given() -> None:
    dataset = complete(found(train=numbered(LABELS)), 3)
    assert [len(split) for split in dataset.splits.values()] == [80, 10, 10]
    assert dataset.split_rule == "validation and test are each 10 % of every class of train, drawn with seed 3"
    everything = [number for split in dataset.splits.values() for number in numbers(split)]
    assert sorted(everything) == list(range(100))
    for split in dataset.splits.values():
        assert numbers(split) == sorted(numbers(split))
        assert split.labels.tolist() == [number % 5 for number in numbers(split)]
    assert np.shares_memory(dataset.trained_on(Data(train_on="train+validation")).images, dataset.train.images)
    assert dataset.notices == ("a notice",)


def test_test_given() -> None:
    test = numbered(LABELS[:7], 1000)
    dataset = complete(found(train=numbered(LABELS), test=test), 0)
    assert [len(split) for split in dataset.splits.values()] == [90, 10, 7]
    assert dataset.test is test
    assert dataset.split_rule == (
        "validation is 10 % of every class of train, drawn with seed 0; test as the source gives it"
    )


def test_validation_given() -> None:
    validation = numbered(LABELS[:7], 1000)
    dataset = complete(found(train=numbered(LABELS), validation=validation), 0)
    assert [len(split) for split in dataset.splits.values()] == [90, 7, 10]
    assert dataset.split_rule.startswith("test is 10 %")
    assert dataset.split_rule.endswith("validation as the source gives it")


def test_all_given() -> None:
    splits = {name: numbered(LABELS) for name in ("train", "validation", "test")}
    dataset = complete(found(**splits), 0)
    assert dataset.splits == splits
    assert dataset.split_rule == "train, validation and test as the source gives them"


def test_tiny_classes_stay_in_train_and_that_is_said() -> None:
    dataset = complete(found(train=numbered(np.array([0, 1, 2, 2, 3, 3, 3, 4]))), 0)
    assert [len(split) for split in dataset.splits.values()] == [6, 1, 1]
    assert dataset.notices[-1] == "4 of 5 classes have fewer than 3 images: all of them are in train"


def test_a_single_image() -> None:
    dataset = complete(Contents("one", ("a",), {"train": numbered(np.array([0]))}), 0)
    assert [len(split) for split in dataset.splits.values()] == [1, 0, 0]
    assert len(dataset.trained_on(Data(train_on="train+validation"))) == 1


def test_a_class_without_training_images() -> None:
    with pytest.raises(CondganError, match='"c" has no training images'):
        complete(found(train=numbered(np.array([0, 1, 3, 4]))), 0)


@given(st.lists(st.sampled_from([0, 2, 4]), min_size=1, max_size=30), st.lists(st.sampled_from([1, 2]), max_size=5))
def test_classes_without_images_are_left_out_and_no_label_changes_its_name(train: list[int], test: list[int]) -> None:
    splits = {"train": numbered(np.array(train, np.int64)), "test": numbered(np.array(test, np.int64), first=100)}
    before = found(**splits)
    after = without_empty(before)
    present = {*train, *test}
    assert after.class_names == tuple(name for label, name in enumerate("abcde") if label in present)
    for name, split in splits.items():
        assert [after.class_names[label] for label in after.splits[name].labels] == [
            "abcde"[label] for label in split.labels
        ]
        assert after.splits[name].images is split.images
    assert any("have no images, and are left out" in notice for notice in after.notices)
    if {*test} - {*train}:
        with pytest.raises(CondganError, match="has no training images"):  # a class that can be tested, and not learnt
            complete(after, 0)
