"""Checks of generated images of each class, compared with validation images."""

import numpy as np

from condgan.arrays import Labels
from condgan.diagnosis.alarms.alarm import Finding
from condgan.diagnosis.alarms.evaluations import listed, mislabelled, near_chance, poor
from condgan.diagnosis.alarms.evidence import evidence
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import Comparison
from condgan.metrics.neighbours import HELD_OUT, duplicates, nearest_other

FEWEST = 10  # real images, and pictures, of a class that is checked
# Calibrated on real generators. The distance from a picture to the next one of its class, in features, as a share of
# the same among real images: 0.5 to 1.3 from the second epoch on, 0.00 to 0.11 for one to twenty repeated pictures.
CROWDED = 0.3
MEMORISED, FLOORS = 0.2, 3.0  # share of pictures, and at least so many times what chance gives; else 0 to 0.001

LOOKED_AT, DISTINCT = 20_000, 0.25  # training images, and the least share of them that differs from all others


def repetition(compared: Comparison) -> Finding | None:
    """Pictures of a class lie much nearer to each other than real images do: a few are repeated.

    Distances to nearest neighbours show this even if these few differ widely; mean distances do not.
    """
    generated, real = compared.embedding.features, compared.reference.embedding.features
    train = compared.reference.dataset.train
    labels, real_labels, train_labels = class_labels(compared)
    checked, crowded = 0, {}
    for label in np.unique(labels):
        own, others = generated[labels == label], real[real_labels == label]
        count = min(len(own), len(others))
        if count < FEWEST:
            continue
        checked += 1
        usual = float(np.median(nearest_other(others[:count])[0]))
        share = float(np.median(nearest_other(own[:count])[0])) / usual if usual else 1.0
        if share < CROWDED:
            named = compared.requested is not None and compared.reference.labelled
            crowded[compared.name(label) if named else "all pictures"] = share
    if not crowded:
        return None
    where = "" if len(crowded) == checked else f" within {listed(list(crowded))}"
    if not where and follows_nothing(compared):
        where = " for every class"
    nearness = ", ".join(f"{name} {share:.2f}" for name, share in list(crowded.items())[:10])
    twins = duplicates(compared.images, labels, train.images, train_labels).value
    return Finding(
        f"The generator repeats the same few pictures{where}, whatever the noise.",
        evidence(("pictures", len(compared.images)), ("nearness", nearness), ("twins", twins)),
        explains=("wrong-labels",) if where == " for every class" else (),
    )


def follows_nothing(compared: Comparison) -> bool:
    """Whether labels tell nothing of the pictures: as many are right as by guessing, neither more nor fewer."""
    if compared.requested is None or not compared.reference.labelled:
        return False
    accuracy, classes = compared.accuracy.overall.value, compared.reference.classes
    return near_chance(accuracy, classes) and accuracy >= 0.5 / classes


def class_labels(compared: Comparison) -> tuple[Labels, Labels, Labels]:
    """Labels of the pictures, of the real and of the training images; all 0 where pictures have no classes."""
    real, train = compared.reference.real, compared.reference.dataset.train
    if compared.requested is not None and compared.reference.labelled:
        return compared.requested, real.labels, train.labels
    zeros = [np.zeros(len(images), np.int64) for images in (compared.images, real, train)]
    return zeros[0], zeros[1], zeros[2]


def wrong_labels(compared: Comparison) -> Finding | None:
    """Classes whose pictures are mostly classified as others, while real images are not.

    Raises:
        UndefinedError: the generator is unconditional, or has vector conditions.
    """
    if not compared.reference.labelled:
        raise UndefinedError("the generator has vector conditions")
    if compared.requested is None:
        raise UndefinedError("the generator is unconditional")
    reference = compared.reference
    predicted, real = reference.embedding.posteriors.argmax(1), reference.real.labels
    counts = np.bincount(compared.requested, minlength=reference.classes)
    right = {
        reference.dataset.class_names[label]: share
        for label, share in enumerate(compared.accuracy.per_class)
        if share is not None and counts[label] >= FEWEST
    }
    ceiling = {
        name: float((predicted[real == label] == label).mean())
        for label, name in enumerate(reference.dataset.class_names)
        if (real == label).any()
    }
    known = float((predicted == real).mean())
    if near_chance(known, reference.classes):
        return Finding(
            "No classifier can learn the labels of the data: wrong labels, or far too few images.",
            evidence(("pictures", len(compared.images)), ("unreadable", known, 1 / reference.classes)),
        )
    bad = poor(right, ceiling)
    if not bad:
        return None
    overall = compared.accuracy.overall.value
    shares = [f'"{name}": {share:.0%} right{instead(compared, name)}' for name, share in list(bad.items())[:10]]
    return Finding(
        mislabelled(list(bad), near_chance(overall, reference.classes)),
        evidence(
            ("pictures", len(compared.images)),
            ("classifier", known, overall),
            ("confused", ", ".join(shares)),
        ),
    )


def instead(compared: Comparison, name: str) -> str:
    """The class that pictures of a class are most often confused with, in words."""
    names = compared.reference.dataset.class_names
    row = compared.accuracy.confusion[names.index(name)].copy()
    total = int(row.sum())
    row[names.index(name)] = 0
    other = int(row.argmax())
    return f", {row[other] / total:.0%} classified as {compared.name(other)}" if row[other] else ""


def memorisation(compared: Comparison) -> Finding | None:
    """Pictures that lie nearer to a training image than validation images do; or too few images to learn from."""
    return by_heart(compared) or repeated_data(compared)


def repeated_data(compared: Comparison) -> Finding | None:
    """Most training images are copies of a few: more than these a generator cannot learn."""
    images = compared.reference.dataset.train.images[:LOOKED_AT]
    distinct = len({image.tobytes() for image in images})
    if images.ndim != 4 or distinct > DISTINCT * len(images):
        return None
    return Finding(
        "The data repeats a few images, which the generator learns by heart.",
        evidence(("pictures", len(compared.images)), ("distinct", distinct, len(images))),
    )


def by_heart(compared: Comparison) -> Finding | None:
    """Pictures that lie nearer to a training image than validation images do."""
    result = compared.memorisation
    validation = len(compared.reference.heldout_distances)
    chance = max(HELD_OUT, 2 / (validation + 1))  # a low quantile of few distances is their least
    if result.share.value < max(MEMORISED, FLOORS * chance):
        return None
    return Finding(
        "The generator repeats its training images.",
        evidence(
            ("pictures", len(compared.images)),
            ("memorised", result.share.value, validation),
            ("by-chance", chance),
            ("distance", result.ratio),
        ),
    )
