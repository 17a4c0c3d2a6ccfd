"""Pictures that look like nothing, and labels that mean nothing, by a network whose answers are known."""

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images, Labels
from condgan.data import Dataset, Split
from condgan.diagnosis.alarms import from_pictures
from condgan.evaluation.comparison import Comparison
from condgan.evaluation.features import FeatureNetwork
from condgan.evaluation.reference import Reference
from condgan.metrics import Embedding
from condgan.recipe import builtin

CLASSES, EACH = 4, 30


def embed(images: Images) -> Embedding:
    """Pixels as features; the class is the brightest quarter."""
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    quarters = flat.reshape(len(flat), CLASSES, -1).mean(2)
    posteriors = np.exp(50 * quarters) / np.exp(50 * quarters).sum(1, keepdims=True)
    return Embedding(flat, posteriors.astype(np.float32))


NETWORK = FeatureNetwork(embed, 64, "features", "0" * 64, {"data_sha256": ""})


def quarters(random: np.random.Generator, each: int = EACH) -> tuple[Images, Labels]:
    """Images of 8 x 8 with a bright quarter, which is the class, and noise."""
    labels: npt.NDArray[np.int64] = np.repeat(np.arange(CLASSES), each)
    images = random.integers(0, 60, (len(labels), CLASSES, 16))
    images[np.arange(len(labels)), labels] += 150
    return images.reshape(-1, 1, 8, 8).astype(np.uint8), labels


def kinds(
    made: Images, requested: Labels, shuffled: bool = False, distinct: int = CLASSES * EACH
) -> tuple[list[str], str]:
    """What is found in pictures, beside real images whose labels are right, or shuffled; and the first sentence."""
    random = np.random.default_rng(1)
    splits = [quarters(random) for _ in range(3)]
    rows = np.arange(CLASSES * EACH) % EACH % (distinct // CLASSES) + EACH * splits[0][1]  # of the training images
    splits[0] = splits[0][0][rows], splits[0][1]
    if shuffled:
        splits = [(images, random.permutation(labels)) for images, labels in splits]
    names = tuple("abcd")
    data = Dataset(name="quarters", class_names=names, split_rule="three", **dict(
        zip(("train", "validation", "test"), (Split(*split) for split in splits), strict=True)
    ))  # fmt: skip
    found, skipped = from_pictures(
        builtin.get("cgan-bce"), Comparison(Reference(data, "validation", NETWORK), made, requested)
    )
    assert not skipped
    return [one.kind for one in found], found[0].text if found else ""


def test_good_pictures_are_left_alone() -> None:
    assert kinds(*quarters(np.random.default_rng(2)))[0] == []


def test_pictures_that_resemble_nothing() -> None:
    """Noise twice as bright as any image has it, in the right quarter or not."""
    random = np.random.default_rng(3)
    images, labels = quarters(random)
    noise = random.integers(0, 255, images.shape).astype(np.uint8)
    found, _ = kinds(noise, labels)
    assert "not-learning" in found
    same = np.broadcast_to(noise[:1], images.shape).copy()
    assert "not-learning" not in kinds(same, labels)[0]  # they are the same: a collapse, which is told
    assert "collapse" in kinds(same, labels)[0]


def test_labels_that_no_classifier_can_learn_are_the_data_s_fault() -> None:
    images, labels = quarters(np.random.default_rng(4))
    found, text = kinds(images, np.random.default_rng(5).permutation(labels), shuffled=True)
    assert found == ["wrong-labels"]
    assert "No classifier" in text
    found, text = kinds(images, np.random.default_rng(5).permutation(labels))
    assert found == ["wrong-labels"]
    assert "do not follow the labels" in text


def test_data_of_few_images_again_and_again() -> None:
    made = quarters(np.random.default_rng(6))
    found, text = kinds(*made, distinct=20)
    assert found == ["memorisation"]
    assert "data repeats a few images" in text
    assert kinds(*made, distinct=60)[0] == []
