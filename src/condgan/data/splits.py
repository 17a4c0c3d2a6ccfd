"""Three splits of every dataset: those that it comes with, and the missing ones drawn from its train split."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Labels
from condgan.data.dataset import Contents, Dataset, Split
from condgan.data.memory import room
from condgan.data.prepare import representatives
from condgan.draws.philox import Stream, permutation
from condgan.errors import CondganError

MOST_NAMED = 10  # classes in a sentence
SMALLEST = 3  # images of a class that can be shared among three splits


def complete(contents: Contents, seed: int) -> Dataset:
    """The dataset with its missing splits drawn: each is 10 % of every class of train, at least one image.

    Images keep their order within a split, and equal images share one. A class of fewer than three images stays in
    train whole. Where conditions are vectors, all images are as of one class.

    Raises:
        CondganError: there is no train split, or a class has no images in it.
    """
    splits, hashes = dict(contents.splits), dict(contents.hashes)
    counts = check_train(contents, {n: split.class_counts(len(contents.class_names)) for n, split in splits.items()})
    train = splits["train"]
    missing = [name for name in ("validation", "test") if name not in splits]
    notices = contents.notices
    if missing:
        small = int(np.count_nonzero(counts < SMALLEST))
        if small:
            who = f"{small} of {len(counts)} classes have" if contents.class_names else f"{contents.name} has"
            notices += (f"{who} fewer than {SMALLEST} images: all of them are in train",)
        copies = representatives(hashes["train"]) if "train" in hashes else None
        parts = draw(groups(train.labels), len(missing), seed, copies)
        order = np.concatenate(parts)
        images = room(train.images.shape, train.images.dtype)  # one array, so that its splits lie side by side
        np.take(train.images, order, axis=0, out=images, mode="clip")  # "raise" would build a copy beside it
        shuffled = Split(images, train.labels[order])
        ends = np.cumsum([len(part) for part in parts]).tolist()
        for name, start, end in zip(["train", *missing], [0, *ends[:-1]], ends, strict=True):
            splits[name] = Split(shuffled.images[start:end], shuffled.labels[start:end])
        if "train" in hashes:
            hashes |= {
                name: contents.hashes["train"][part] for name, part in zip(["train", *missing], parts, strict=True)
            }
    return Dataset(
        name=contents.name,
        class_names=contents.class_names,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        split_rule=contents.split_rule or rule(missing, seed, bool(contents.class_names)),
        notices=notices,
        **contents.reading | {"drawn": (*contents.drawn, *missing), "hashes": hashes},
    )


def check_train(contents: Contents, counts: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The images of each class in train, by those of each split.

    Raises:
        CondganError: there is no train split, or a class has no images in it.
    """
    if "train" not in counts:
        raise CondganError(f"{contents.name} has {' and '.join(counts)} but no train: give the path of a whole dataset")
    if not counts["train"].all():
        absent = contents.class_names[int(np.argmin(counts["train"]))]
        raise CondganError(f'{contents.name}: class "{absent}" has no training images: add some, or remove the class')
    return counts["train"]


def without_empty(contents: Contents, counts: npt.NDArray[np.int64] | None = None) -> Contents:
    """The contents without classes that have a name and no image in any split, as sets of some classes of a generator.

    ``counts`` has the images of each class, (K,), where the contents are a sample of them.

    One that has images in another split than train stays, and is refused by ``complete``.
    """
    names, splits = contents.class_names, contents.splits
    if counts is None:
        counts = sum((split.class_counts(len(names)) for split in splits.values()), np.zeros(len(names), np.int64))
    present = counts > 0
    if present.all() or not present.any():
        return contents
    place = np.cumsum(present) - 1
    absent = [name for name, there in zip(names, present.tolist(), strict=True) if not there]
    shown = ", ".join(absent[:MOST_NAMED]) + (", ..." if len(absent) > MOST_NAMED else "")
    left_out = f"{len(absent)} of {len(names)} classes have no images, and are left out: {shown}"
    return replace(
        contents,
        class_names=tuple(name for name, there in zip(names, present.tolist(), strict=True) if there),
        splits={name: Split(split.images, place[split.labels]) for name, split in splits.items()},
        notices=(*contents.notices, left_out),
    )


def groups(labels: Conditions) -> Labels:
    """What splits are stratified by, (N,): the classes, or nothing where conditions are vectors."""
    return labels if labels.ndim == 1 else np.zeros(len(labels), np.int64)


def draw(
    labels: Labels, parts: int, seed: int, copies: npt.NDArray[np.int64] | None = None
) -> list[npt.NDArray[np.int64]]:
    """Sorted indexes of what stays, and of each part drawn: a stratified partition that depends on seed and labels.

    ``copies`` has of each row the first row with the same image, whose part it shares; none: all images differ.
    """
    part_of = np.zeros(len(labels), np.int8)
    by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(np.bincount(labels))[:-1])
    for label, every in enumerate(by_class):
        members = every if copies is None else every[copies[every] == every]
        if not (each := share(len(members))):
            continue
        shuffled = members[permutation(seed, Stream.SPLIT, label, len(members))]
        for part in range(parts):
            part_of[shuffled[part * each : (part + 1) * each]] = part + 1
    if copies is not None:
        part_of = part_of[copies]
    return [np.flatnonzero(part_of == part) for part in range(parts + 1)]


def share(count: int) -> int:
    """How many images of a class a split gets that is drawn from so many."""
    return max(1, (count + 5) // 10) if count >= SMALLEST else 0


def rule(missing: list[str], seed: int, classes: bool) -> str:
    """The sentence that a run records."""
    given = [name for name in ("train", "validation", "test") if name not in missing]
    if not missing:
        return "train, validation and test as the source gives them"
    drawn = f"10 % of {'every class of train' if classes else 'train'}, drawn with seed {seed}"
    if len(missing) == 2:
        return f"validation and test are each {drawn}"
    return f"{missing[0]} is {drawn}; {given[1]} as the source gives it"
