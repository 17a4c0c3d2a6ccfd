"""Real images that others are compared with, and what is cached of them between commands."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from condgan.arrays import Images
from condgan.data import Dataset, Split
from condgan.errors import CondganError
from condgan.evaluation import reference
from condgan.evaluation.features import FeatureNetwork
from condgan.evaluation.reference import Reference, first_of_each, proportions
from condgan.metrics.feature_network import Embedding
from condgan.storage import cache
from condgan.storage.weights import Arrays
from conftest import random_images


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def split(count: int, seed: int) -> Split:
    return Split(random_images(count, 6, seed=seed), np.arange(count) % 3)


def dataset(train: int = 90, validation: int = 20, test: int = 30, seed: int = 0) -> Dataset:
    splits = (split(count, seed + number) for number, count in enumerate((train, validation, test)))
    return Dataset("three", ("a", "b", "c"), *splits, "by hand")


class Counting:
    """A network that counts the images that it sees."""

    def __init__(self, sha256: str = "0" * 64) -> None:
        self.seen = 0
        self.network = FeatureNetwork(self.embed, 2, "_test", sha256, {})

    def embed(self, images: Images) -> Embedding:
        self.seen += len(images)
        flat = images.reshape(len(images), 36).astype(np.float32)
        return Embedding(flat[:, :2], np.full((len(images), 3), 1 / 3, np.float32))


def test_the_split_and_its_counterpart() -> None:
    real = dataset()
    for name, other in (("test", "validation"), ("validation", "test")):
        target = Reference(real, name, Counting().network)
        assert np.array_equal(target.real.images, real.splits[name].images)
        assert np.array_equal(target.other.images, real.splits[other].images)
        assert len(target.embedding.features) == len(real.splits[name])
        assert np.array_equal(target.other_embedding.features, Counting().embed(real.splits[other].images).features)
    assert target.classes == 3


def test_splits_that_cannot_be_references() -> None:
    for name in ("train", "tset", ""):
        with pytest.raises(CondganError, match=f"split={name}: expected test or validation"):
            Reference(dataset(), name, Counting().network)
    for count in (0, 1):
        with pytest.raises(CondganError, match=f"three has {count} test images: at least 2"):
            Reference(dataset(test=count), "test", Counting().network)
    assert Reference(dataset(validation=0), "test", Counting().network).other_embedding.features.shape == (0, 2)


def test_at_most_so_many_real_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MOST", 7)
    counting = Counting()
    target = Reference(dataset(), "test", counting.network)
    assert len(target.real) == len(target.embedding.features) == counting.seen == 7


def test_real_images_are_seen_once() -> None:
    counting = Counting()
    first = Reference(dataset(), "test", counting.network)
    embedding = first.embedding
    assert first.embedding is embedding
    assert counting.seen == 30
    again = Reference(dataset(), "test", counting.network)  # another command
    assert np.array_equal(again.embedding.features, embedding.features)
    assert np.array_equal(again.embedding.posteriors, embedding.posteriors)
    assert counting.seen == 30
    assert len(again.other_embedding.features) == 20
    assert counting.seen == 50


def counted(target: Reference, calls: list[int], *key: object) -> float:
    def make() -> Arrays:
        calls.append(1)
        return {"x": np.array([float(len(calls))])}

    return float(target.cached(make, ["x"], *key)["x"][0])


def test_what_is_kept_belongs_to_data_network_split_and_key() -> None:
    target, calls = Reference(dataset(), "test", Counting().network), list[int]()
    assert counted(target, calls, "a", 1) == counted(target, calls, "a", 1) == 1
    others = [
        (target, ("a", 2)),
        (target, ("b", 1)),
        (target, ("a",)),
        (Reference(dataset(), "validation", target.features), ("a", 1)),
        (Reference(dataset(seed=9), "test", target.features), ("a", 1)),
        (Reference(dataset(), "test", Counting("1" * 64).network), ("a", 1)),
        (Reference(replace(dataset(), class_names=("a", "b", "d")), "test", target.features), ("a", 1)),
    ]
    for number, (other, key) in enumerate(others, 2):
        assert counted(other, calls, *key) == number
    assert counted(Reference(replace(dataset(), name="renamed"), "test", target.features), calls, "a", 1) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "SCHEME", reference.SCHEME + 1)
        assert counted(target, calls, "a", 1) == len(others) + 2
    assert counted(target, calls, "a", 1) == 1


@pytest.mark.parametrize("damage", [lambda whole: whole[:-3], lambda _: b"", lambda _: b"nonsense" * 30])
def test_what_is_damaged_is_made_anew(kept: Path, damage: Callable[[bytes], bytes]) -> None:
    target, calls = Reference(dataset(), "test", Counting().network), list[int]()
    counted(target, calls, "a")
    [path] = kept.rglob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert counted(target, calls, "a") == 2
    assert counted(target, calls, "a") == 2
    path.unlink()
    path.mkdir()  # nor can it be written here
    assert counted(target, calls, "a") == 3
    assert counted(target, calls, "a") == 4


def test_a_cache_that_cannot_be_written_costs_time_only(kept: Path) -> None:
    kept.write_text("a file where the folder should be")
    counting = Counting()
    for times in (1, 2):
        assert len(Reference(dataset(), "test", counting.network).embedding.features) == 30
        assert counting.seen == 30 * times
    assert cache.keep("real", "0", {}, {"x": np.zeros(1)}) is False
    assert cache.read("real", "0") is None


def test_what_was_kept_under_another_kind_is_not_taken() -> None:
    assert cache.keep("features", "0", {}, {"x": np.ones(1)})
    cache.path("real", "0").parent.mkdir(parents=True)
    cache.path("features", "0").rename(cache.path("real", "0"))
    assert cache.read("real", "0") is None


def test_where_things_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.PLACE, "~/here")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder() == tmp_path / "here"
    monkeypatch.setenv(cache.PLACE, "")
    assert cache.folder() == tmp_path / ".cache" / "condgan"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache.folder() == tmp_path / "x" / "condgan"
    assert cache.path("real", "abc") == tmp_path / "x" / "condgan" / "real" / "abc.safetensors"


def test_held_out_distances_and_bins_are_those_of_the_measures() -> None:
    real = dataset()
    target = Reference(real, "test", Counting().network)
    flat = [s.images.reshape(len(s), -1) / 255 for s in (real.test, real.train)]
    np.testing.assert_allclose(target.heldout_distances, cdist(*flat).min(1), rtol=1e-6)
    assert [len(centres) for centres in target.bins] == [1, 1, 1]  # 30 images a class: a bin has 20 at least
    for label, centres in enumerate(target.bins):
        np.testing.assert_allclose(centres[0], flat[1][real.train.labels == label].mean(0), atol=1e-6)
    again = Reference(real, "test", Counting().network)
    assert np.array_equal(again.heldout_distances, target.heldout_distances)
    assert all(np.array_equal(a, b) for a, b in zip(again.bins, target.bins, strict=True))


# shares


@given(st.lists(st.integers(0, 7), min_size=1, max_size=200), st.integers(0, 3), st.integers(0, 5000))
def test_proportions_are_exact_within_one_image(labels: list[int], absent: int, count: int) -> None:
    classes = max(labels) + 1 + absent
    counts = proportions(np.array(labels), classes, count)
    assert counts.dtype == np.int64
    assert counts.sum() == count
    for label in range(classes):
        share = labels.count(label) * count / len(labels)
        assert abs(counts[label] - share) < 1
        if share == int(share):
            assert counts[label] == share


@given(st.lists(st.integers(0, 7), min_size=1, max_size=200))
def test_proportions_of_as_many_are_the_counts_themselves(labels: list[int]) -> None:
    assert proportions(np.array(labels), 8, len(labels)).tolist() == [labels.count(label) for label in range(8)]


def test_proportions_by_largest_remainders() -> None:
    assert proportions(np.repeat([0, 1, 2], [5, 3, 1]), 3, 4).tolist() == [2, 1, 1]  # 2.22, 1.33, 0.44
    assert proportions(np.repeat([0, 1, 2], [1, 1, 1]), 3, 4).tolist() == [2, 1, 1]


@given(st.lists(st.integers(0, 4), max_size=60), st.lists(st.integers(0, 20), min_size=5, max_size=5))
def test_the_first_of_each_class(labels: list[int], counts: list[int]) -> None:
    expected, left = [], list(counts)
    for index, label in enumerate(labels):
        if left[label]:
            left[label] -= 1
            expected.append(index)
    result = first_of_each(np.array(labels, np.int64), np.array(counts))
    assert result.dtype == np.int64
    assert result.tolist() == expected
