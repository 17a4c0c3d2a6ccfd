"""The feature network of a dataset: included for built-in data, else trained on its labels and cached by its hash."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condgan.arrays import MAX_CLASSES, MAX_SIZE, MIN_SIZE, Images
from condgan.data import Dataset
from condgan.data.readers import stacked_mnist as stacked
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation import pixels
from condgan.recipe import Data
from condgan.storage import cache, weights
from condgan.storage.files import check_writable
from condgan.storage.weights import Arrays

if TYPE_CHECKING:
    from condgan.metrics import Embedding, feature_network

KIND = "features"
STEPS = 1500
MOST_STEPS = 1_000_000
SEED = 0
FACTS = {"accuracy": dict, "data": str, "data_sha256": str, "steps": int}  # which other modules read
MNIST_SHA256 = "eaac34f3a5c988b8a24621c38d84ab5c712ddc9bc4f41699738887bb2960d3f5"  # of its weights

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]
"""What is done, how much of it is done, and how much there is in all: for a bar."""


@dataclass(frozen=True)
class FeatureNetwork:
    """A feature network, and the facts of its training.

    Attributes:
        embed: features (N, dim) and class posteriors of uint8 (N, C, H, W).
        dim: D, of the features.
        space: that its figures name: ``mnist`` or ``stacked_mnist`` for built-in data, else ``features``; ``pixels``
            of images without labels; ``imagenet`` for the Inception network of torchvision and Jittor; empty for that
            of 2015, whose ``fid`` is the standard one.
        sha256: of its weights.
        facts: the data and its hash, steps, batch, seed, and accuracy on validation and test images; none of Inception.
    """

    embed: Callable[[Images], "Embedding"]
    dim: int
    space: str
    sha256: str
    facts: dict[str, Any]


def form(data: Data) -> Data:
    """The form in which a recipe's data is measured: its own, or that of an included network."""
    return Data(source=data.source) if data.source in SHIPPED else data


def of(dataset: Dataset, say: Say = lambda _: None, progress: Progress | None = None) -> FeatureNetwork:
    """The network for a dataset: included, cached, or trained now, which takes seconds to minutes.

    ``progress`` sees each step of a training; without it ``say`` reports each tenth of the steps.

    Raises:
        CondganError: the dataset has one class only.
    """
    network = known(dataset, say)
    if network is not None:
        return network
    check_classes(dataset)
    with cache.locked(KIND, dataset.sha256):  # of several trainings on the same data, one trains it
        network = known(dataset, say)
        if network is not None:
            return network
        most = sized(dataset).steps
        say(f"no feature network is known for {dataset.name}: one is trained on its labels, {most} steps, once")
        facts, arrays = train(dataset, None, say, progress)
        if not cache.keep(KIND, dataset.sha256, facts, arrays):
            path = cache.path(KIND, dataset.sha256)
            say(f"{path} cannot be written: the feature network is not kept for the next time")
    return from_arrays(facts, arrays, "features", "the trained network")


def known(dataset: Dataset, say: Say = lambda _: None) -> FeatureNetwork | None:
    """The network for a dataset that is included or cached; none where one is to be trained.

    Raises:
        CondganError: the included network is damaged; or the dataset has no labels, and its images are all alike.
    """
    if not dataset.class_names:
        return of_pixels(dataset)
    for load_included in SHIPPED.values():
        network = load_included()
        if network.facts["data_sha256"] == dataset.sha256:
            return network
    path = cache.path(KIND, dataset.sha256)
    if path.exists():
        try:
            network = load(path)
            if network.facts["data_sha256"] == dataset.sha256:
                return network
            say(f"{path} was trained on other data: it is trained anew")
        except CondganError as error:
            say(f"{error}: it is trained anew")
    return None


def check_classes(dataset: Dataset) -> None:
    """Refuse a dataset whose labels teach nothing.

    Raises:
        CondganError: it has one class only.
    """
    count = len(dataset.class_names)
    if count < 2:
        has = "one class" if count else "no classes"
        raise CondganError(f"{dataset.name} has {has}: a feature network learns from two or more")


def sized(dataset: Dataset) -> "feature_network.Size":
    """How long a network is trained on a dataset."""
    from condgan.metrics.feature_network import sized

    return sized(len(dataset.train), len(dataset.class_names), STEPS)


def train(
    dataset: Dataset, steps: int | None = None, say: Say = lambda _: None, progress: Progress | None = None
) -> tuple[dict[str, Any], Arrays]:
    """Train a network on the train split -> the facts of its training, and its weights.

    Args:
        dataset: labelled images.
        steps: batches of 128 images; none: as many as fit the size of the dataset. Of a small one the training ends
            where all validation images are read correctly twice in a row.
        say, progress: as for ``of``.

    Raises:
        CondganError: one class only, or steps out of range.
    """
    from condgan.metrics import feature_network

    check_classes(dataset)
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise ArgumentError("steps", steps, f"expected 1 to {MOST_STEPS}")
    images, labels = dataset.train.take(slice(None))
    classes, held_out = len(dataset.class_names), dataset.validation
    size = sized(dataset) if steps is None else feature_network.Size(steps)
    tenth, done, right = max(1, size.steps // 10), 0, 0

    def on_step(step: int) -> None:
        nonlocal done
        done = step
        if progress is not None:
            progress("feature network", step, size.steps)
        elif step % tenth == 0:
            say(f"feature network: step {step} of {size.steps}")

    def enough(step: int, network: feature_network.Network) -> bool:
        nonlocal right
        if size.small and len(held_out) and step % tenth == 0:
            right = right + 1 if feature_network.accuracy(network, held_out.images, held_out.labels) == 1 else 0
        return right == 2

    with feature_network.computing(feature_network.fastest_threads(images.shape[1:])):
        network = feature_network.train(
            images, labels, classes, size.steps, SEED, batch=size.batch, rate=size.rate, on_step=on_step, enough=enough
        )
        accuracy = {
            name: round(feature_network.accuracy(network, split.images, split.labels), 6)
            for name, split in dataset.splits.items()
            if name != "train" and len(split)
        }
    if progress is not None and done < size.steps:
        progress("feature network", size.steps, size.steps)  # it ended early
    facts = {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "channels": images.shape[1],
        "size": max(images.shape[2:]),  # of which alone the network depends
        "class_names": list(dataset.class_names),
        "steps": done,
        "batch": size.batch,
        "seed": SEED,
        "accuracy": accuracy,
    }
    return facts, {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def train_to(
    path: Path,
    dataset: Dataset,
    steps: int | None = None,
    say: Say = lambda _: None,
    progress: Progress | None = None,
) -> FeatureNetwork:
    """``train``, and write the network to a file; CondganError if it cannot be written, which is checked first."""
    check_writable(path)
    weights.save(path, KIND, *train(dataset, steps, say, progress))
    return load(path)


def mnist() -> FeatureNetwork:
    """The network in the package, trained on MNIST's first 50,000 training images; CondganError if it is damaged."""
    try:
        with as_file(files("condgan.metrics") / "files" / "mnist.safetensors") as path:
            network = load(path, "mnist")
    except (CondganError, OSError) as error:
        raise CondganError(f"condgan's own feature network cannot be read ({error}): reinstall condgan") from None
    if network.sha256 != MNIST_SHA256:
        raise CondganError("condgan's own feature network is not the file that was shipped: reinstall condgan")
    return network


def stacked_mnist() -> FeatureNetwork:
    """The same network applied to each channel of Stacked MNIST; no digit of a test stack was trained on."""
    from condgan.metrics.feature_network import by_channel

    digit = mnist()
    facts = digit.facts | {
        "data_sha256": "b7f9dd18a7ce8bcc5ac212cf42a88a1a8f157f5d2095fc2c0a81b0cf469942fc",
        "channels": stacked.CHANNELS,
        "class_names": list(stacked.CLASS_NAMES),
        "accuracy": {"validation": 0.9875, "test": 0.9914},
    }
    embed, dim = partial(by_channel, digit.embed), stacked.CHANNELS * digit.dim
    return FeatureNetwork(embed, dim, "stacked_mnist", digit.sha256, facts)


SHIPPED = {"mnist": mnist, stacked.NAME: stacked_mnist}
"""Built-in data, in its default form, and the networks in the package."""


def load(path: Path, space: str = "features") -> FeatureNetwork:
    """A network from a file of any origin; CondganError if it is not a feature network, or damaged."""
    return from_arrays(*weights.load(path, KIND), space, str(path))


def from_arrays(facts: dict[str, Any], arrays: Arrays, space: str, what: str) -> FeatureNetwork:
    """A network from the facts of its training and its weights; CondganError names ``what`` if they do not fit."""
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
    return FeatureNetwork(partial(feature_network.embed, network), network.dim, space, digest(arrays), facts)


def inception(path: Path, say: Say = lambda _: None) -> FeatureNetwork:
    """An Inception network, from the weights that the user has: that of 2015, in whose space FID is the standard one,
    or torchvision's and Jittor's.

    Raises:
        CondganError: they are missing (the message says where to download them), or are others.
    """
    from condgan.metrics import inception, inception_weights

    network = inception_weights.load(path)

    def embed(images: Images) -> "Embedding":
        def progress(done: int) -> None:
            if done % 320 == 0:
                say(f"Inception network: {done} of {len(images)} images")

        return inception.embed(network, images, progress)

    sha256 = digest({name: tensor.numpy() for name, tensor in network.state_dict().items()})
    return FeatureNetwork(embed, inception.FEATURES, network.port.space, sha256, {})


def of_pixels(dataset: Dataset) -> FeatureNetwork:
    """The space of images without labels, as `pixels.space`; its facts have a ``text`` instead of a training."""
    embed, dim, arrays, text = pixels.space(dataset)
    facts = {"data": dataset.name, "steps": 0, "accuracy": {}, "text": text}
    return FeatureNetwork(embed, dim, pixels.KIND, digest(arrays), facts)


def digest(arrays: Arrays) -> str:
    """A hash of names and weights, independent of the file."""
    sha256 = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha256.update(f"{name} {array.shape} {array.dtype}".encode())
        sha256.update(array.tobytes())
    return sha256.hexdigest()
