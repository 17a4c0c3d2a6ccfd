"""Labels as people have them -> indexes into class names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Labels
from condgan.errors import CondganError

Array = npt.NDArray[Any]


def classes(labels: Mapping[str, Array]) -> tuple[tuple[str, ...], dict[str, Labels]]:
    """The classes are the distinct labels, whole numbers or text, in order: their names, and each split as 0..K-1."""
    distinct = np.unique(np.concatenate([np.unique(split) for split in labels.values()]))
    indexes = {name: np.searchsorted(distinct, split).astype(np.int64) for name, split in labels.items()}
    return tuple(str(label) for label in distinct.tolist()), indexes


def numbered(
    what: str, labels: Mapping[str, tuple[str, Array]], class_names: Array | None = None
) -> tuple[tuple[str, ...], dict[str, Labels]]:
    """Class names, and the labels of each split as indexes into them.

    Args:
        what: contains the labels, in an error.
        labels: split -> how its labels are called, and the labels: whole numbers, text, or one-hot, (N,), (N, 1) or
            (N, K). Without class names the distinct ones are the classes, in order.
        class_names: text (K,); labels are indexes into it, or some of the names.

    Raises:
        CondganError: a label is not valid, or has no name.
    """
    raw = {split: raw_labels(what, *named) for split, named in labels.items()}
    texts = [split.dtype.kind == "U" for split in raw.values()]
    if any(texts) and not all(texts):
        raise CondganError(f"{what}: some labels are text and some are numbers: save all in the same form")
    if class_names is None:
        return classes(raw)
    names = raw_names(what, class_names)
    if all(texts):
        return names, {split: positions(what, values, names) for split, values in raw.items()}
    for split, values in raw.items():
        if len(values) and not 0 <= values.min() <= values.max() < len(names):
            wrong = values.min() if values.min() < 0 else values.max()
            raise CondganError(
                f"{what}: label {wrong} of {labels[split][0]}, but only {len(names)} class names: "
                f"labels are indexes into the class names, from 0"
            )
    return names, raw


def raw_labels(what: str, key: str, labels: Array) -> Array:
    """The labels of a split -> int64 (N,), or text (N,).

    Raises:
        CondganError: another type or shape; numbers that are not whole; rows that are not one-hot.
    """
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.dtype.kind == "S":
        labels = decoded(what, key, labels)
    if labels.dtype.kind == "U" and labels.ndim == 1:
        text(what, key, np.unique(labels))
        return labels
    if labels.dtype.kind not in "buif":
        raise CondganError(f"{what}: {key} are {labels.dtype}, expected whole numbers or text: save them as int64")
    if labels.ndim == 2 and labels.size:
        return one_hot(what, key, labels)
    if labels.ndim != 1:
        raise CondganError(f"{what}: {key} have shape {labels.shape}, expected (N,): save one label for each image")
    if labels.dtype.kind == "f" and not (np.isfinite(labels) & (np.rint(labels) == labels)).all():
        raise CondganError(
            f"{what}: {key} are not whole numbers: save whole ones as classes, or rename labels to conditions, "
            "floats (N, V), to learn from numbers"
        )
    limits = np.iinfo(np.int64)
    if len(labels) and not limits.min <= int(labels.min()) <= int(labels.max()) <= limits.max:
        raise CondganError(f"{what}: {key} lie in {labels.min()}..{labels.max()}, beyond 64 bits: renumber them")
    return labels.astype(np.int64)


def one_hot(what: str, key: str, labels: Array) -> Labels:
    """One-hot rows (N, K) -> the column of each one.

    Raises:
        CondganError: a row has not exactly one 1.
    """
    valid = ((labels == 0) | (labels == 1)).all(axis=1) & ((labels == 1).sum(axis=1) == 1)
    if not valid.all():
        raise CondganError(
            f"{what}: {key} have shape {labels.shape}, and row {int(np.argmin(valid))} is not one-hot: an image has "
            "one class here, save labels[:, 0] or another column"
        )
    columns: Labels = np.argmax(labels, axis=1).astype(np.int64)
    return columns


def raw_names(what: str, names: Array) -> tuple[str, ...]:
    """Class names as text.

    Raises:
        CondganError: they are no list of text.
    """
    if names.dtype.kind != "U" or names.ndim != 1:
        raise CondganError(
            f"{what}: class_names are {names.dtype} {names.shape}, expected text (K,): "
            "save numpy.array(names, dtype=str)"
        )
    return text(what, "class_names", names)


def positions(what: str, labels: Array, names: tuple[str, ...]) -> Labels:
    """Where labels of text stand among the names.

    Raises:
        CondganError: one does not.
    """
    distinct, inverse = np.unique(labels, return_inverse=True)
    place = {name: number for number, name in enumerate(names)}
    for label in distinct.tolist():
        if label not in place:
            raise CondganError(f'{what}: label "{label[:40]}" is none of the class names: add it to them')
    return np.array([place[label] for label in distinct.tolist()], np.int64)[inverse]


def text(what: str, key: str, values: Array) -> tuple[str, ...]:
    """Text of an array that anyone may have written.

    Raises:
        CondganError: it has characters that do not exist.
    """
    try:
        return tuple(values.tolist())
    except (ValueError, OverflowError, SystemError):
        raise CondganError(f"{what}: {key} hold characters that are no Unicode: save them again") from None


def decoded(what: str, key: str, values: Array) -> Array:
    """Text that is stored as bytes.

    Raises:
        CondganError: it is not UTF-8.
    """
    try:
        return np.char.decode(values, "utf-8")
    except UnicodeDecodeError:
        raise CondganError(f"{what}: {key} are bytes that are no UTF-8: save them with dtype=str") from None
