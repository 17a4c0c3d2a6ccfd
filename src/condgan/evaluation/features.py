"""The feature network of a dataset: shipped for built-in data, else trained on its labels and kept by its hash."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from condgan.arrays import MAX_CLASSES, MAX_SIZE, MIN_SIZE, Images
from condgan.data import Dataset
from condgan.data.readers import stacked_mnist as stacked
from condgan.errors import ArgumentError, CondganError
from condgan.recipe import Data
from condgan.storage import cache, weights
from condgan.storage.files import check_writable
from condgan.storage.weights import Arrays

if TYPE_CHECKING:
    from condgan.metrics import Embedding

KIND = "features"
STEPS = 1500
MOST_STEPS = 1_000_000
SEED = 0
FACTS = {"accuracy": dict, "data": str, "data_sha256": str, "steps": int}  # that others rely on

MNIST_SHA256 = "eaac34f3a5c988b8a24621c38d84ab5c712ddc9bc4f41699738887bb2960d3f5"  # of its weights

Say = Callable[[str], None]


@dataclass(frozen=True)
class FeatureNetwork:
    """A feature network, and what is known of it.

    Attributes:
        embed: features (N, dim) and class posteriors of uint8 (N, C, H, W).
        dim: D, of the features.
        space: that its figures name: ``mnist`` or ``stacked_mnist`` for built-in data, else ``features``; empty
            for the Inception network, whose ``fid`` is the standard one.
        sha256: of its weights.
        facts: the data and its hash, steps, seed, and accuracy on validation and test images.
    """

    embed: Callable[[Images], "Embedding"]
    dim: int
    space: str
    sha256: str
    facts: dict[str, Any]


def form(data: Data) -> Data:
    """The form in which a recipe's data is measured: its own, or that which a shipped network has seen."""
    return Data(source=data.source) if data.source in SHIPPED else data


def of(dataset: Dataset, say: Say = lambda _: None) -> FeatureNetwork:
    """The network for a dataset: shipped, kept from before, or trained now (which takes minutes, and is said).

    Raises:
        CondganError: the dataset has one class only, or no images to learn from.
    """
    for shipped in SHIPPED.values():
        found = shipped()
        if found.facts["data_sha256"] == dataset.sha256:
            return found
    kept = cache.path(KIND, dataset.sha256)
    if kept.exists():
        try:
            found = load(kept)
            if found.facts["data_sha256"] == dataset.sha256:
                return found
            say(f"{kept} was trained on other data: it is trained anew")
        except CondganError as error:
            say(f"{error}: it is trained anew")
    say(f"no feature network is known for {dataset.name}: one is trained on its labels, {STEPS} steps, once")
    facts, arrays = train(dataset, STEPS, say)
    if not cache.keep(KIND, dataset.sha256, facts, arrays):
        say(f"{kept} cannot be written: the feature network is not kept for the next time")
    return made(facts, arrays, "features", "what was trained")


def train(dataset: Dataset, steps: int, say: Say = lambda _: None) -> tuple[dict[str, Any], Arrays]:
    """Train a network on the train split -> what is known of it, and its weights.

    Raises:
        CondganError: one class only, or steps out of range.
    """
    from condgan.metrics import feature_network

    if len(dataset.class_names) < 2:
        raise CondganError(f"{dataset.name} has one class: a feature network learns from two or more")
    if not 1 <= steps <= MOST_STEPS:
        raise ArgumentError("steps", steps, f"expected 1 to {MOST_STEPS}")
    images, labels = dataset.train.take(slice(None))
    tenth = max(1, steps // 10)

    def heard(step: int) -> None:
        if step % tenth == 0:
            say(f"feature network: step {step} of {steps}")

    accuracy = {}
    with feature_network.computing(feature_network.fastest_threads(images.shape[1:])):
        trained = feature_network.train(images, labels, len(dataset.class_names), steps, SEED, heard=heard)
        for name in ("validation", "test"):
            split = dataset.splits[name]
            if len(split):
                read = feature_network.embed(trained, split.images).posteriors.argmax(1)
                accuracy[name] = round(float((read == split.labels).mean()), 6)
    facts = {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "channels": images.shape[1],
        "size": max(images.shape[2:]),  # of which alone the network depends
        "class_names": list(dataset.class_names),
        "steps": steps,
        "seed": SEED,
        "accuracy": accuracy,
    }
    return facts, {name: tensor.numpy() for name, tensor in trained.state_dict().items()}


def train_to(path: Path, dataset: Dataset, steps: int, say: Say = lambda _: None) -> FeatureNetwork:
    """Train a network, and write it to a file.

    Raises:
        CondganError: as ``train``; or the file cannot be written, which is found out first.
    """
    check_writable(path)
    weights.save(path, KIND, *train(dataset, steps, say))
    return load(path)


def mnist() -> FeatureNetwork:
    """The network in the package, trained on MNIST's first 50,000 training images.

    Raises:
        CondganError: it is missing or not the one that was shipped.
    """
    try:
        with as_file(files("condgan.metrics") / "files" / "mnist.safetensors") as path:
            found = load(path, "mnist")
    except (CondganError, OSError) as error:
        raise CondganError(f"condgan's own feature network cannot be read ({error}): reinstall condgan") from None
    if found.sha256 != MNIST_SHA256:
        raise CondganError("condgan's own feature network is not the file that was shipped: reinstall condgan")
    return found


def stacked_mnist() -> FeatureNetwork:
    """The same network reading each channel of Stacked MNIST; no digit of a test stack was trained on.

    Raises:
        CondganError: as for MNIST.
    """
    from condgan.metrics.feature_network import by_channel

    digit = mnist()
    facts = digit.facts | {
        "data_sha256": "b7f9dd18a7ce8bcc5ac212cf42a88a1a8f157f5d2095fc2c0a81b0cf469942fc",
        "channels": stacked.CHANNELS,
        "class_names": list(stacked.CLASS_NAMES),
        "accuracy": {"validation": 0.9875, "test": 0.9914},
    }
    seen, dim = partial(by_channel, digit.embed), stacked.CHANNELS * digit.dim
    return FeatureNetwork(seen, dim, "stacked_mnist", digit.sha256, facts)


SHIPPED = {"mnist": mnist, stacked.NAME: stacked_mnist}
"""Built-in data that the network in the package can read, in the form in which they are by default."""


def load(path: Path, space: str = "features") -> FeatureNetwork:
    """A network from a file that anyone may have written.

    Raises:
        CondganError: not a feature network, or damaged.
    """
    return made(*weights.load(path, KIND), space, str(path))


def made(facts: dict[str, Any], arrays: Arrays, space: str, what: str) -> FeatureNetwork:
    """A network from what is known of it and its weights.

    Raises:
        CondganError: ``what`` does not fit together.
    """
    from condgan.metrics import feature_network

    try:
        names, channels, size = facts["class_names"], int(facts["channels"]), int(facts["size"])
        if channels not in (1, 3) or not MIN_SIZE <= size <= MAX_SIZE or not 2 <= len(names) <= MAX_CLASSES:
            raise ValueError(f"{len(names)} classes, {channels} channels, {size} pixels")
        if not all(isinstance(facts[key], kind) for key, kind in FACTS.items()):
            raise ValueError("facts of wrong types")
        if not all(isinstance(share, int | float) for share in facts["accuracy"].values()):
            raise ValueError("accuracies that are no numbers")
        network = feature_network.restore(channels, size, len(names), arrays)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise CondganError(f"{what} is no feature network of this condgan ({error})") from None
    seen = partial(feature_network.embed, network)
    return FeatureNetwork(seen, network.dim, space, digest(arrays), facts)


def inception(path: Path, say: Say = lambda _: None) -> FeatureNetwork:
    """The Inception network of 2015, from the weights that the user has: the space of the standard FID.

    Raises:
        CondganError: they are absent (and where they come from), or are others.
    """
    from condgan.metrics import inception

    network = inception.load(path)

    def seen(images: Images) -> "Embedding":
        def heard(done: int) -> None:
            if done % 320 == 0:
                say(f"Inception network: {done} of {len(images)} images")

        return inception.embed(network, images, heard)

    return FeatureNetwork(seen, inception.FEATURES, "", inception.SHA256, {"source": inception.WHERE})


def digest(arrays: Arrays) -> str:
    """A hash of names and weights, whatever file they lie in."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()
