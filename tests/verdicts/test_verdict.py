"""Verdicts on stand-ins for a generator, whose worth is known."""

from pathlib import Path

import numpy as np
import pytest

from condgan.arrays import Images, Labels
from condgan.data.dataset import Split
from condgan.verdicts import ways
from condgan.verdicts.interval import Interval
from condgan.verdicts.trials import Draw, Effort, Trials
from condgan.verdicts.verdict import judged, word

CLASSES, SIZE = 5, 8
EFFORT = Effort(steps=80, width=6, seeds=5)


def digits() -> Split:
    """The first five digits of scikit-learn's, 8 px, in an order of chance."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(n_class=CLASSES, return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    return Split(np.uint8(images * 255 / 16).reshape(-1, 1, SIZE, SIZE)[order], labels[order].astype(np.int64))


DIGITS = digits()


def some(count: int, first: int) -> Split:
    """So many digits, from the first on: 901 in all."""
    return Split(DIGITS.images[first : first + count], DIGITS.labels[first : first + count])


POOLS, REST = (some(150, 100), some(150, 250)), 400


def of(pool: Split) -> Draw:
    """What draws from images that there are."""

    def draw(labels: Labels) -> Images:
        images = np.empty((len(labels), *pool.images.shape[1:]), np.uint8)
        for label in np.unique(labels):
            wanted = np.flatnonzero(labels == label)
            images[wanted] = pool.images[np.resize(np.flatnonzero(pool.labels == label), len(wanted))]
        return images

    return draw


def shuffled(pool: Split) -> Split:
    return Split(pool.images, np.random.default_rng(0).permutation(pool.labels))


def trials(train: Split, generators: list[Draw]) -> Trials:
    return Trials(train, some(150, REST), some(350, REST + 150), CLASSES, generators, EFFORT)


def test_held_back_real_images_help() -> None:
    found = judged(trials(some(10, 0), [of(pool) for pool in POOLS]))
    assert found.verdict == "helps"
    assert found.interval.low > 0
    assert found.way.real
    assert found.way.synthetic


def test_wrong_labels_hurt() -> None:
    found = judged(trials(some(100, 0), [of(shuffled(pool)) for pool in POOLS]))
    assert found.verdict == "hurts"
    alone = next(row for row in found.table if row.way == "synthetic alone")
    assert alone.value < 45  # chance is 20


@pytest.mark.slow
def test_copies_of_training_images_do_not_help() -> None:
    train = some(100, 0)
    assert judged(trials(train, [of(train)] * 2)).verdict in ("no-difference", "hurts", "cannot-tell")


@pytest.mark.slow
def test_flips_that_break_the_classes_are_named() -> None:
    """A bar at the left, or at the right."""
    random = np.random.default_rng(3)

    def bars(count: int) -> Split:
        labels = random.integers(0, 2, count)
        images = random.integers(0, 120, (count, 1, SIZE, SIZE), dtype=np.uint8)
        images[labels == 0, :, :, 1:3] += 100
        images[labels == 1, :, :, 5:7] += 100
        return Split(images, labels.astype(np.int64))

    train = bars(60)
    found = judged(Trials(train, bars(200), bars(200), 2, [of(train)] * 2, EFFORT))
    assert any("flips break these classes" in note for note in found.notes)
    assert "flipped" not in found.base.name


def test_rare_classes_are_filled_up_and_counted_alike() -> None:
    train = some(100, 0)
    kept = (train.labels != 2) | (np.arange(len(train)) % 25 == 2)
    train = Split(train.images[kept], train.labels[kept])
    counts = np.bincount(train.labels, minlength=CLASSES)
    filled = next(way for way in ways.with_synthetic(ways.BASES[0], counts) if way.fills)
    assert (filled.wanted(counts) + counts == counts.max()).all()
    found = judged(trials(train, [of(pool) for pool in POOLS]))
    assert found.balanced
    assert found.rarest is not None
    assert found.rarest[0] == 2
    assert found.rarest[1].difference > 0


def test_ratios_follow_the_classes() -> None:
    counts = np.array([10, 30, 0])
    ones, threes, *_ = ways.with_synthetic(ways.BASES[1], counts)
    assert ones.wanted(counts).tolist() == [10, 30, 0]
    assert threes.wanted(counts).tolist() == [30, 90, 0]
    assert ones.augment is ways.BASES[1].augment


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.1, 9, "helps"), (-9, -0.1, "hurts"), (-3, 4, "no-difference"), (-4, 9, "cannot-tell"), (0, 0, "no-difference")],
)
def test_the_word_follows_from_the_interval(low: float, high: float, expected: str) -> None:
    assert word(Interval((low + high) / 2, low, high, 1, 1)) == expected


def test_nothing_is_trained_twice(tmp_path: Path) -> None:
    train, begun = some(100, 0), []
    draws = [of(pool) for pool in POOLS]

    def again() -> Trials:
        return Trials(
            train, some(40, REST), some(40, 500), CLASSES, draws, Effort(4, 4, 2), tmp_path, lambda: begun.append(1)
        )

    first = judged(again())
    count = len(begun)
    assert count == 2 * (3 + 2 * 3)
    files = sorted(tmp_path.iterdir())
    assert len(files) == count
    files[0].write_text("[")
    files[1].write_text('{"validation": [0], "test": [0]}')
    second = judged(again())
    assert len(begun) == count + 2  # what was damaged is trained again
    assert first == second
