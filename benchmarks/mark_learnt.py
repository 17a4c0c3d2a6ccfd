"""What learns the invisible mark: generators by a term of their loss or from marked images, and classifiers.

condgan train mnist-fast watermark.key=mark.key --run gan
python benchmarks/mark_learnt.py weights mark.key gan           # sets of 64 of its images, nothing added
python benchmarks/mark_learnt.py images mark.key marked.npz     # MNIST whose training images have the mark
python benchmarks/mark_learnt.py training [--seeds 10]          # GAN-train of marked against unmarked images
python benchmarks/mark_learnt.py classifier [--seeds 3]         # can one that learnt from marked images be told?
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.fft import dctn

from condgan.data import sources
from condgan.generation.generator import load
from condgan.marks import keys
from condgan.marks.detection import Evidence, detect, tail
from condgan.marks.marking import marked
from condgan.marks.pattern import Patterns, patterns
from condgan.metrics import feature_network
from condgan.metrics.gan_train import STEPS, WIDTH, gan_train, right, shifted
from condgan.recipe import builtin
from mark import GOALS, SET, SIZE, key

WORD = "3fa2"
CLASSES = 10
IMAGES = 20_000
SLOPES = 2000  # test images at which a classifier's slopes are taken


def images(file: str, out: str) -> None:
    """MNIST with marked training and validation images, and test images as they are."""
    data, layout = sources.load(builtin.get("mnist").data), patterns(keys.load(file), SIZE)
    splits = {"train": data.train, "val": data.validation, "test": data.test}
    arrays: dict[str, Any] = {}
    for name, split in splits.items():
        arrays[f"{name}_images"] = (split.images if name == "test" else marked(split.images, layout, WORD))[:, 0]
        arrays[f"{name}_labels"] = split.labels
    np.savez_compressed(out, allow_pickle=False, **arrays)


def weights(file: str, runs: Sequence[str], sets: int = 100) -> None:
    """How often sets of 64 images of generators show the mark."""
    layout = patterns(keys.load(file), SIZE)
    for run in runs:
        drawn = load(run).sample_classes(np.arange(sets * SET) % CLASSES, 5).reshape(sets, SET, 1, *SIZE)
        for name, change in GOALS.items():
            found = [detect(Evidence.of(change(each_set)), layout) for each_set in drawn]
            rate = float(np.median([one.false_alarm for one in found]))
            told = np.mean([one.payload is not None for one in found])
            share = np.mean([one.found for one in found])
            print(f"{run} | {name} | {share:.0%} | {rate:.0e} | {told:.0%}", flush=True)


def training(seeds: int) -> None:
    """GAN-train of the same 20,000 images with and without the mark, paired by seed."""
    plain = load("mnist").sample_classes(labels := np.arange(IMAGES) % CLASSES, 1)
    test = sources.load(builtin.get("mnist").data).test
    made = marked(plain, patterns(key(), SIZE), WORD)
    found = gan_train((made, labels), (plain, labels), (test.images, test.labels), CLASSES, seeds, say=print)
    for name, one in (("unmarked", found.real), ("marked", found.train), ("difference", found.behind)):
        print(f"{name}: {100 * one.value:.3f} points, standard error {100 * (one.se or 0.0):.3f}", flush=True)


def classifier(seeds: int) -> None:
    """Small classifiers of marked digits: how improbable their slopes would be, had they not seen the key's pattern.

    Besides the mark as it is, one that has another payload for each class, which a classifier could make use of.
    """
    data = sources.load(builtin.get("mnist").data)
    digits, labels = data.train.images[:IMAGES], np.asarray(data.train.labels[:IMAGES])
    print("| mark | marked images | images shifted | accuracy | probability without the mark, by seed |")
    print("|---|---|---|---|---|")
    as_they_are: Callable[..., torch.Tensor] = lambda given, seed, step: given  # noqa: E731
    for name, words, share, augment in (
        ("one for all classes", [WORD] * CLASSES, 1.0, as_they_are),
        ("one for each class", [4 * f"{c:x}" for c in range(CLASSES)], 1.0, as_they_are),
        ("one for each class", [4 * f"{c:x}" for c in range(CLASSES)], 1.0, shifted),
        ("one for each class", [4 * f"{c:x}" for c in range(CLASSES)], 0.1, as_they_are),
        ("none", [4 * f"{c:x}" for c in range(CLASSES)], 0.0, as_they_are),
    ):
        rates, hits = [], []
        for seed in range(seeds):
            layout, count = patterns(key(), SIZE), int(share * IMAGES)
            made = np.concatenate([by_class(digits[:count], labels[:count], layout, words), digits[count:]])
            network = feature_network.train(made, labels, CLASSES, STEPS, seed, WIDTH, augment)
            rates.append(suspected(slopes(network, data.test.images[:SLOPES]), layout, words))
            hits.append(right(network, data.test.images, data.test.labels).mean())
        told = ", ".join(f"{rate:.0e}" for rate in rates)
        moved = "yes" if augment is shifted else "no"
        print(f"| {name} | {share:.0%} | {moved} | {np.mean(hits):.1%} | {told} |", flush=True)


def by_class(digits: np.ndarray, labels: np.ndarray, layout: Patterns, words: Sequence[str]) -> np.ndarray:
    """Images whose mark says what their class has for a word."""
    made = digits.copy()
    for label, word in enumerate(words):
        made[labels == label] = marked(digits[labels == label], layout, word)
    return made


def slopes(network: feature_network.Network, digits: np.ndarray) -> np.ndarray:
    """By how much each pixel raises the log-probability of each class, summed over images: (K, H, W)."""
    given = feature_network.to_float(digits).requires_grad_(True)
    logs = torch.log_softmax(network(given)[1], 1)
    found = [torch.autograd.grad(logs[:, label].sum(), given, retain_graph=True)[0] for label in range(CLASSES)]
    return torch.stack(found).sum((1, 2)).numpy()


def suspected(slope: np.ndarray, layout: Patterns, words: Sequence[str]) -> float:
    """The probability that slopes of a network that has not seen the pattern are as near to it as these.

    Where each class has a pattern of its own, these together are one direction in K times the dimensions, which is
    uniform on a sphere for who does not know the key (``marks.detection``). Where all have one, a class may lean
    towards it or away from it: the best of both layers, classes and signs, times their number.
    """

    def band(places: np.ndarray) -> np.ndarray:
        found = dctn(slope.astype(np.float64), axes=(1, 2), norm="ortho").reshape(CLASSES, -1)[:, places]
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))

    if len(set(words)) > 1:
        wanted, found = np.stack([layout.word(word) for word in words]), band(layout.low)
        return float(tail((found * wanted).sum() / np.linalg.norm(found) / np.linalg.norm(wanted), wanted.size))
    layers = (layout.low, layout.word(words[0])), (layout.high, layout.carrier)
    best = [
        float(tail(np.abs(band(places) @ wanted).max() / np.linalg.norm(wanted), wanted.size))
        for places, wanted in layers
    ]
    return min(1.0, 2 * 2 * CLASSES * min(best))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("weights", "images", "training", "classifier"))
    parser.add_argument("given", nargs="*", help="of images and weights")
    parser.add_argument("--seeds", type=int)
    given = parser.parse_args()
    work: dict[str, Callable[[], None]] = {
        "weights": lambda: weights(given.given[0], given.given[1:]), "images": lambda: images(*given.given),
        "training": lambda: training(given.seeds or 10), "classifier": lambda: classifier(given.seeds or 3),
    }  # fmt: skip
    work[given.what]()
