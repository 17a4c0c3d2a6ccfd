"""Facts of a dataset: counts, equal and nearly equal images, and what may go wrong with it."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data import Dataset
from condgan.data.dataset import SPLITS
from condgan.data.prepare import identities
from condgan.recipe.suited import FEW

TINY, IMBALANCED = 20, 3.0  # images of a class; largest class over smallest
SIDE = 16  # pixels of the thumbnails that are compared
ALIKE = 0.998  # correlation of two thumbnails from which on they count as nearly equal
MOST_COMPARED = 2_000, 100_000  # images of validation and test; of train
MOST_NAMED = 5


def duplicates(dataset: Dataset) -> dict[str, int]:
    """Images that equal an earlier one: in all, across splits, and with another label.

    ``across_splits`` counts validation and test images that are in a split before theirs too.
    """
    counts = {"images": 0, "across_splits": 0, "other_label": 0}
    first: dict[bytes, tuple[str, int]] = {}
    for split in SPLITS:
        rows = dataset.splits[split]
        for key, label in zip(keys(dataset, split), rows.labels.tolist(), strict=True):
            if key in first:
                counts["images"] += 1
                counts["across_splits"] += first[key][0] != split
                counts["other_label"] += first[key][1] != label
            else:
                first[key] = split, label
    return counts


def keys(dataset: Dataset, split: str) -> list[bytes]:
    """16 bytes of each image that are equal where images are."""
    if split in dataset.hashes:
        return [row.tobytes() for row in dataset.hashes[split]]
    return [row.tobytes() for row in identities(dataset.splits[split].images)]


def near_duplicates(dataset: Dataset) -> int:
    """Validation images that nearly equal a training image, and test images that nearly equal one of either.

    Nearly equal are images whose thumbnails correlate by 0.998 or more. Of large datasets, a part is compared.
    """
    before, count = thumbnails(spread(dataset.train.images, MOST_COMPARED[1])), 0
    for name in ("validation", "test"):
        images = thumbnails(spread(dataset.splits[name].images, MOST_COMPARED[0]))
        best = np.full(len(images), -1.0, np.float32)
        for start in range(0, len(before), 8192):
            best = np.maximum(best, (images @ before[start : start + 8192].T).max(axis=1, initial=-1.0))
        count += int((best >= ALIKE).sum())
        before = np.concatenate([before, images])
    return count


def spread(images: Images, most: int) -> Images:
    """At most so many of the images, evenly spread."""
    return images[:: max(1, -(-len(images) // most))]


def thumbnails(images: Images) -> npt.NDArray[np.float32]:
    """Small grey images without mean and of length 1, (N, side * side); of flat ones zeros."""
    rows, columns = images.shape[2:]
    if not len(images):
        return np.zeros((0, min(SIDE, rows, columns) ** 2), np.float32)
    side = min(SIDE, rows, columns)
    grey = images.mean(axis=1, dtype=np.float32)
    edges = [np.linspace(0, size, side + 1).astype(int)[:-1] for size in (rows, columns)]
    small = np.add.reduceat(np.add.reduceat(grey, edges[0], axis=1), edges[1], axis=2).reshape(len(images), -1)
    small -= small.mean(axis=1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    return (small / np.where(length > 0, length, 1)).astype(np.float32)


def warnings(
    dataset: Dataset, equal: Mapping[str, int], near: int, totals: Mapping[str, int], train: int
) -> tuple[str, ...]:
    """What may go wrong, a sentence each, with what to do.

    Args:
        dataset: the images that were read.
        equal, near: equal and nearly equal ones.
        totals: images of each class.
        train: training images.
    """
    result = []
    if train < FEW:
        result.append(f"{train} training images are few: images-small augments them; expect copies of training images")
    if totals:
        low, high = min(totals, key=lambda label: totals[label]), max(totals, key=lambda label: totals[label])
        if totals[high] >= IMBALANCED * totals[low]:
            result.append(
                f"classes are imbalanced ({high} has {totals[high]} images, {low} has {totals[low]}): "
                "data.sampling=balanced or sqrt trains on them more evenly"
            )
        tiny = [f"{label} ({count})" for label, count in totals.items() if count < TINY]
        if tiny:
            more = f" and {len(tiny) - MOST_NAMED} more" if len(tiny) > MOST_NAMED else ""
            result.append(f"tiny classes: {', '.join(tiny[:MOST_NAMED])}{more}: their figures will be unreliable")
    if equal["across_splits"]:
        result.append(f"{equal['across_splits']} validation or test images are in another split too: figures flatter")
    if equal["other_label"]:
        result.append(f"{equal['other_label']} images equal another of a different class: correct their labels")
    if near > equal["across_splits"]:
        result.append(
            f"{near} validation or test images nearly equal one of another split (correlation {ALIKE}): check for leaks"
        )
    flat = int((np.ptp(dataset.train.images.reshape(len(dataset.train), -1), axis=1) == 0).sum())
    if flat:
        result.append(f"{flat} training images are of one colour all over: remove them if they are mistakes")
    return tuple(result)
