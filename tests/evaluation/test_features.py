"""The feature network of a dataset: the one in the package, those that are trained, and files that anyone wrote."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from condgan import data, metrics
from condgan.data import Dataset, Split
from condgan.data.readers.stacked_mnist import stacks
from condgan.errors import CondganError
from condgan.evaluation import features
from condgan.metrics import feature_network, modes
from condgan.metrics.feature_network import Embedding
from condgan.recipe import Data
from condgan.storage import cache, weights
from condgan.storage.weights import Arrays

FILE = Path(metrics.__file__).parent / "files" / "mnist.safetensors"


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return data.load(Data())


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and trainings of two steps."""
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    monkeypatch.setattr(features, "STEPS", 2)
    return tmp_path / "cache"


@pytest.fixture
def small(digits: Path) -> Dataset:
    return data.load(Data(source=str(digits), size=8))


# the one in the package


@pytest.fixture(scope="module")
def seen(mnist: Dataset) -> Embedding:
    """What the network in the package says of MNIST's test images."""
    return features.mnist().embed(mnist.test.images)


def test_the_shipped_network_reads_mnist_as_well_as_it_promises(mnist: Dataset, seen: Embedding) -> None:
    """Its test images, which it was not trained on, and which no choice was made by."""
    shipped = features.mnist()
    accuracy = float((seen.posteriors.argmax(1) == mnist.test.labels).mean())
    assert accuracy >= 0.994
    assert accuracy == pytest.approx(shipped.facts["accuracy"]["test"], abs=2e-4)  # one image on another machine
    assert seen.features.shape == (10_000, shipped.dim)
    assert seen.features.dtype == seen.posteriors.dtype == np.float32
    assert (seen.features.std(0) > 0).mean() > 0.95  # axes that are always 0 would make every covariance singular
    assert shipped.space == "mnist"
    assert shipped.facts["data_sha256"] == mnist.sha256
    assert shipped.facts["class_names"] == list(mnist.class_names)


def test_it_reads_stacked_digits_as_well_as_it_promises(mnist: Dataset, seen: Embedding) -> None:
    """From what it says of each digit alone: real stacks have all modes, and as often as they should."""
    chosen, labels = stacks(mnist.test.labels, 2)
    digits = seen.posteriors.argmax(1)[chosen]
    read = digits @ np.array([100, 10, 1])
    promised = features.stacked_mnist().facts["accuracy"]["test"]
    assert (read == labels).mean() == pytest.approx(promised, abs=1e-3)
    assert modes.covered(read).value == 1000
    assert modes.divergence(read, np.arange(1000), 1000).value < 0.002


def test_stacked_digits_are_seen_channel_by_channel(mnist: Dataset, seen: Embedding, kept: Path) -> None:
    stacked = data.load(Data(source="stacked-mnist"))
    said: list[str] = []
    network = features.of(stacked, said.append)
    assert (network.space, network.dim, said) == ("stacked_mnist", 3 * features.mnist().dim, [])
    assert network.facts["class_names"] == list(stacked.class_names)
    assert not kept.exists()
    result = network.embed(stacked.test.images[:200])
    chosen = stacks(mnist.test.labels, 2)[0][:200]
    np.testing.assert_allclose(result.features, seen.features[chosen].reshape(200, -1), atol=1e-4)
    red, green, blue = seen.posteriors[chosen].transpose(1, 0, 2)
    expected = np.einsum("nr,ng,nb->nrgb", red, green, blue).reshape(200, 1000)
    np.testing.assert_allclose(result.posteriors, expected, atol=1e-4)
    assert result.features.dtype == result.posteriors.dtype == np.float32


@pytest.mark.slow
def test_every_accuracy_of_stacked_digits_is_the_promised_one() -> None:
    stacked, network = data.load(Data(source="stacked-mnist")), features.stacked_mnist()
    for name, promised in network.facts["accuracy"].items():
        split = stacked.splits[name]
        read = network.embed(split.images).posteriors.argmax(1)
        assert (read == split.labels).mean() == pytest.approx(promised, abs=1e-3)


def test_the_shipped_file_is_small_and_the_one_that_is_promised() -> None:
    assert FILE.stat().st_size < 2e6
    assert features.load(FILE).sha256 == features.MNIST_SHA256


def test_mnist_takes_the_shipped_network_and_other_data_do_not(mnist: Dataset, kept: Path, small: Dataset) -> None:
    said: list[str] = []
    assert features.of(mnist, said.append).sha256 == features.MNIST_SHA256
    assert said == []
    assert not kept.exists()
    assert features.of(small).sha256 != features.MNIST_SHA256


def test_mnist_in_another_form_is_measured_in_the_one_that_is_known() -> None:
    assert features.form(Data(size=14, channels=3)) == Data()
    assert features.form(Data(source="stacked-mnist", size=14)) == Data(source="stacked-mnist")
    other = Data(source="somewhere", size=14)
    assert features.form(other) is other


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package's files seem to lie."""
    monkeypatch.setattr(features, "files", lambda _: tmp_path)
    (tmp_path / "files").mkdir()
    return tmp_path / "files" / "mnist.safetensors"


def test_a_shipped_network_that_was_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One flipped bit of one weight: a file in order, but another network, whose figures would compare with none."""
    path = elsewhere(tmp_path, monkeypatch)
    facts, arrays = weights.load(FILE, features.KIND)
    weights.save(path, features.KIND, facts, arrays)
    assert features.mnist().sha256 == features.MNIST_SHA256
    weight = arrays["head.weight"].copy()
    weight.reshape(-1)[7:8].view(np.uint32)[0] ^= 1
    weights.save(path, features.KIND, facts, arrays | {"head.weight": weight})
    assert features.load(path).sha256 != features.MNIST_SHA256
    with pytest.raises(CondganError, match="not the file that was shipped: reinstall"):
        features.mnist()


def test_a_shipped_network_that_is_damaged_or_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = elsewhere(tmp_path, monkeypatch)
    path.write_bytes(FILE.read_bytes()[:-9])
    with pytest.raises(CondganError, match=r"cannot be read.*reinstall condgan"):
        features.mnist()
    path.unlink()
    with pytest.raises(CondganError, match=r"cannot be read.*reinstall condgan"):
        features.mnist()


# those that are trained


def test_a_network_is_trained_once_and_then_found(small: Dataset, kept: Path) -> None:
    said: list[str] = []
    first = features.of(small, said.append)
    assert "no feature network is known for digits" in said[0]
    assert "once" in said[0]
    assert said[1:] == ["feature network: step 1 of 2", "feature network: step 2 of 2"]
    there = {file.relative_to(kept).as_posix() for file in kept.rglob("*.*")}
    assert there == {f"features/{small.sha256}.safetensors", f"features/{small.sha256}.lock"}
    said.clear()
    again = features.of(small, said.append)
    assert said == []
    assert again.sha256 == first.sha256
    assert again.facts.items() >= first.facts.items()
    assert np.array_equal(again.embed(small.test.images).features, first.embed(small.test.images).features)


def test_what_is_recorded_of_a_training(small: Dataset, tmp_path: Path) -> None:
    trained = features.train_to(tmp_path / "network.safetensors", small, 3)
    assert trained.space == "features"
    assert trained.facts.items() >= {
        ("data", "digits"),
        ("data_sha256", small.sha256),
        ("size", 8),
        ("channels", 1),
        ("steps", 3),
        ("seed", 0),
    }
    for name in ("validation", "test"):
        split = small.splits[name]
        read = trained.embed(split.images).posteriors.argmax(1)
        assert trained.facts["accuracy"][name] == pytest.approx((read == split.labels).mean(), abs=1e-6)
    assert features.train_to(tmp_path / "again.safetensors", small, 3).sha256 == trained.sha256
    assert features.train_to(tmp_path / "longer.safetensors", small, 4).sha256 != trained.sha256


def test_other_data_have_a_network_of_their_own(small: Dataset, kept: Path, animals: Path) -> None:
    features.of(small)
    colourful = data.load(Data(source=str(animals), size=8))
    seen = features.of(colourful).embed(colourful.test.images)
    assert seen.posteriors.shape == (len(colourful.test), 3)
    assert len(list(kept.rglob("*.safetensors"))) == 2


def test_a_damaged_network_is_trained_anew_and_that_is_said(small: Dataset, kept: Path) -> None:
    first = features.of(small)
    path = cache.path(features.KIND, small.sha256)
    path.write_bytes(path.read_bytes()[:1000])
    said: list[str] = []
    assert features.of(small, said.append).sha256 == first.sha256
    assert str(path) in said[0]
    assert said[0].endswith("it is trained anew")
    assert features.load(path).sha256 == first.sha256


def test_a_cache_that_cannot_be_written(small: Dataset, kept: Path) -> None:
    kept.write_text("a file where the folder should be")
    said: list[str] = []
    assert features.of(small, said.append).facts["data_sha256"] == small.sha256  # minutes of work are not thrown away
    assert "is not kept" in said[-1]


def test_a_file_that_cannot_be_written_is_reported_before_the_training(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "train", None)
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "network"):
        with pytest.raises(CondganError, match="cannot write"):
            features.train_to(path, small, 3)


def test_one_class_teaches_nothing(tmp_path: Path, kept: Path) -> None:
    split = Split(np.zeros((4, 1, 8, 8), np.uint8), np.zeros(4, np.int64))
    alone = Dataset("alone", ("only",), split, split, split, "by hand")
    with pytest.raises(CondganError, match="alone has one class"):
        features.of(alone)
    assert not kept.exists()


@pytest.mark.parametrize("steps", [0, -1, features.MOST_STEPS + 1])
def test_steps_out_of_range(small: Dataset, tmp_path: Path, steps: int) -> None:
    with pytest.raises(CondganError, match=f"steps={steps}: expected 1 to 1000000"):
        features.train_to(tmp_path / "network.safetensors", small, steps)


def test_a_dataset_without_held_out_images(tmp_path: Path, small: Dataset) -> None:
    none = Split(small.train.images[:0], small.train.labels[:0])
    trained = features.train_to(tmp_path / "network", Dataset("x", small.class_names, small.train, none, none, ""), 1)
    assert trained.facts["accuracy"] == {}


# the size of a training


@pytest.mark.parametrize(("images", "classes"), [(6400, 10), (60_000, 10), (50_000, 1000), (550, 1000)])
def test_many_images_or_classes_are_trained_on_as_before(images: int, classes: int) -> None:
    assert feature_network.sized(images, classes, 1500) == (1500, 128, 0.1, False)


@given(st.integers(1, 10_000), st.integers(2, 200))
def test_a_training_grows_with_the_data(images: int, classes: int) -> None:
    size, larger = (feature_network.sized(count, classes, 1500) for count in (images, images + 200))
    assert 1 <= size.steps <= 1500
    assert 16 <= size.batch <= 128
    assert size.steps * size.batch <= larger.steps * larger.batch + 128
    if size.small:
        seen = size.steps * size.batch
        assert 30 * max(images, 12 * classes) <= seen + 128 * 1500 * (size.steps == 1500)
        assert seen < 30 * max(images, 12 * classes) + size.batch


def test_126_images_are_read_after_a_few_steps(mnist: Dataset, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tenth of the pictures that a training of 1500 batches of 128 sees, at least 80 % right."""
    monkeypatch.setattr(features, "STEPS", 1500)
    few = [Split(*mnist.train.take(slice(start, start + count))) for start, count in ((0, 126), (200, 40))]
    dataset = Dataset("few", mnist.class_names, few[0], few[1], Split(*mnist.test.take(slice(500))), "by hand")
    seen: list[tuple[str, int, int]] = []
    said: list[str] = []
    network = features.of(dataset, said.append, lambda *step: seen.append(step))
    assert network.facts["steps"] * network.facts["batch"] <= 30 * 126 + 16
    assert network.facts["accuracy"]["test"] > 0.75
    assert [done for _, done, _ in seen] == list(range(1, len(seen) + 1))
    assert len({(what, total) for what, _, total in seen}) == 1
    assert len(said) == 1  # a bar instead of sentences


def test_it_ends_early_where_all_held_out_images_are_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Black and white: nothing more is to be learnt."""
    monkeypatch.setattr(features, "STEPS", 1500)
    labels = np.arange(64) % 2
    split = Split(np.repeat(labels.astype(np.uint8) * 255, 64).reshape(64, 1, 8, 8), labels)
    easy = Dataset("easy", ("black", "white"), split, split, split, "by hand")
    seen: list[tuple[int, int]] = []
    network = features.of(easy, progress=lambda _, done, total: seen.append((done, total)))
    assert network.facts["accuracy"] == {"validation": 1.0, "test": 1.0}
    assert network.facts["steps"] < features.sized(easy).steps
    assert seen[-1] == (features.sized(easy).steps,) * 2  # the bar is full
    whole, _ = features.train(easy, 50)  # who names a number of steps gets them all
    assert whole["steps"] == 50


# files that anyone wrote


@pytest.fixture(scope="module")
def whole() -> tuple[dict[str, Any], Arrays]:
    return weights.load(FILE, features.KIND)


def said_of(path: Path) -> str:
    with pytest.raises(CondganError) as refused:
        features.load(path)
    assert str(path) in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize("length", [0, 1, 8, 100, 5000, 900_000])
def test_a_truncated_file(tmp_path: Path, length: int) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(FILE.read_bytes()[:length])
    assert "truncated" in said_of(path)


def test_files_of_other_kinds(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    weights.save(path, "generator", {}, {})
    assert "is a generator, not a features" in said_of(path)
    save_file({"x": np.zeros(3)}, path)
    assert "not written by condgan" in said_of(path)
    path.write_bytes(b"PK\3\4 something else")
    said_of(path)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 2},
        {"channels": -1},
        {"channels": "many"},
        {"channels": None},
        {"size": 3},
        {"size": 1025},
        {"size": 10**30},
        {"size": float("inf")},
        {"size": float("nan")},
        {"size": [28]},
        {"size": 64},  # another architecture
        {"class_names": 10},
        {"class_names": None},
        {"class_names": ["0"]},
        {"class_names": ["0", "1"]},
        {"class_names": ["x"] * 100_001},
        {"accuracy": 0.99},
        {"data_sha256": 7},
    ],
    ids=str,
)
def test_facts_that_cannot_be(tmp_path: Path, whole: tuple[dict[str, Any], Arrays], change: dict[str, Any]) -> None:
    path = tmp_path / "network.safetensors"
    header = json.dumps(whole[0] | change)
    save_file(whole[1], path, {weights.KEY: header})
    assert "no feature network of this condgan" in said_of(path)


@pytest.mark.parametrize("missing", ["channels", "size", "class_names", "accuracy", "data_sha256"])
def test_facts_that_are_missing(tmp_path: Path, whole: tuple[dict[str, Any], Arrays], missing: str) -> None:
    path = tmp_path / "network.safetensors"
    facts = {name: fact for name, fact in whole[0].items() if name != missing}
    weights.save(path, features.KIND, facts, whole[1])
    assert missing in said_of(path)


def lacking(arrays: Arrays) -> Arrays:
    return {name: array for name, array in arrays.items() if name != "head.bias"}


@pytest.mark.parametrize(
    "change",
    [
        lacking,
        lambda arrays: arrays | {"more": np.zeros(3, np.float32)},
        lambda arrays: arrays | {"head.bias": np.zeros(11, np.float32)},
        lambda arrays: arrays | {"head.bias": np.zeros((10, 1), np.float32)},
        lambda arrays: arrays | {"head.bias": np.zeros(10, np.float64)},
        lambda arrays: arrays | {"head.bias": np.zeros(10, np.int32)},
        lambda _: {},
    ],
)
def test_weights_that_do_not_fit(
    tmp_path: Path, whole: tuple[dict[str, Any], Arrays], change: Callable[[Arrays], Arrays]
) -> None:
    path = tmp_path / "network.safetensors"
    weights.save(path, features.KIND, whole[0], change(whole[1]))
    assert "its weights do not fit" in said_of(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(tmp_path: Path, whole: tuple[dict[str, Any], Arrays], value: float) -> None:
    path = tmp_path / "network.safetensors"
    damaged = whole[1] | {"head.bias": np.full(10, value, np.float32)}
    save_file(damaged, path, {weights.KEY: json.dumps(whole[0])})
    assert "NaN or infinite" in said_of(path)


def test_a_file_that_claims_to_be_huge_is_not_allocated(tmp_path: Path, whole: tuple[dict[str, Any], Arrays]) -> None:
    """Either in its facts (100,000 classes of 1024 pixels are allowed) or in the shapes of its weights."""
    path = tmp_path / "network.safetensors"
    names = [str(number) for number in range(100_000)]
    weights.save(path, features.KIND, whole[0] | {"size": 1024, "class_names": names}, whole[1])
    assert "its weights do not fit" in said_of(path)
    description = {"__metadata__": {weights.KEY: json.dumps(whole[0])}}
    described = description | {"head.bias": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    header = json.dumps(described).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    said_of(path)
