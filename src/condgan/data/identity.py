"""Which image is in which split, by what it shows: a run keeps it, so that no image ever changes sides."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from condgan.data.dataset import SPLITS, Contents, Dataset, Split
from condgan.data.memory import room
from condgan.data.prepare import representatives
from condgan.data.splits import draw
from condgan.errors import CondganError
from condgan.storage.files import atomic

FORMAT = 1
RULE = "as the run drew them, by the hash of each image"
LARGEST = 1 << 32  # bytes of the file


Known = Mapping[bytes, str]
"""The splits of a run: hash of an image (16 bytes) -> split."""


def save(path: Path, dataset: Dataset) -> None:
    """Write the splits of a dataset whose images have hashes; nothing for others.

    Raises:
        CondganError: the file cannot be written.
    """
    if dataset.hashes:
        splits = {name: [row.tobytes().hex() for row in hashes] for name, hashes in dataset.hashes.items()}
        atomic(path, json.dumps({"format": FORMAT, "splits": splits}).encode() + b"\n")


def load(path: Path) -> Known | None:
    """The splits that a run has written; none where it has written none.

    Raises:
        CondganError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, expected {FORMAT}")
        return {bytes.fromhex(text): name for name in SPLITS for text in content["splits"].get(name, ())}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CondganError(f"{path} is damaged ({error}): restore it, or train anew") from None


def assigned(contents: Contents, known: Known, leave_out: bool, seed: int) -> tuple[Contents, tuple[str, ...]]:
    """Contents with each known image in its split.

    An image that is not known stays in the split that its source names, or is in train. Of a class of which the run has
    set no image aside, as of a class that is new, the missing splits are drawn as usual.

    Args:
        contents: as read, with hashes.
        known: the splits of a run.
        leave_out: leave out images that are not known instead.
        seed: ``data.split_seed``.

    Returns:
        The contents, and what differs from the run in words.
    """
    keys = {source: [row.tobytes() for row in hashes] for source, hashes in contents.hashes.items()}
    found = {source: np.array([known.get(key, "") for key in part], "<U10") for source, part in keys.items()}
    new = sum(int((names == "").sum()) for names in found.values())
    gone = len(known.keys() - {key for part in keys.values() for key in part})
    notices: tuple[str, ...] = ()
    if new:
        place = "left out" if leave_out else "in train, or drawn where the run has set no image of their class aside"
        notices += (f"{new} images are new since the run began: they are {place}",)
    if gone:
        notices += (f"{gone} images of the run are missing from {contents.name}",)
    if leave_out and not any((names != "").any() for names in found.values()):
        return contents, notices  # other data
    targets = {source: names if leave_out else placed(contents, source, names, seed) for source, names in found.items()}
    if all((names == source).all() for source, names in targets.items()):
        return contents, notices
    images = room((sum(int((names != "").sum()) for names in targets.values()), *shape(contents)), np.uint8)
    splits, hashes, start = {}, {}, 0
    for name in SPLITS:  # side by side in one array, so that two of them can be trained on without a copy
        pieces = [(source, np.flatnonzero(names == name)) for source, names in targets.items()]
        if any(len(rows) for _, rows in pieces):
            stop = start
            for source, rows in pieces:
                images[stop : stop + len(rows)] = contents.splits[source].images[rows]
                stop += len(rows)
            labels = np.concatenate([contents.splits[source].labels[rows] for source, rows in pieces])
            splits[name], start = Split(images[start:stop], labels), stop
            hashes[name] = np.concatenate([contents.hashes[source][rows] for source, rows in pieces])
    return replace(contents, splits=splits, hashes=hashes, split_rule=RULE), notices


def shape(contents: Contents) -> tuple[int, ...]:
    """Of an image, (C, H, W)."""
    return next(iter(contents.splits.values())).images.shape[1:]


def placed(contents: Contents, source: str, names: np.ndarray, seed: int) -> np.ndarray:
    """The split of each row of a split of the source: the known one, or where it lies, or as it is drawn."""
    names, missing = names.copy(), [name for name in SPLITS if name not in contents.splits]
    labels, new = contents.splits[source].labels, names == ""
    names[new] = source
    if source != "train" or not missing or labels.ndim != 1:
        return names
    aside = np.unique(labels[np.isin(names, missing)])
    rows = np.flatnonzero(new & ~np.isin(labels, aside))
    parts = draw(labels[rows], len(missing), seed, representatives(contents.hashes[source][rows])) if len(rows) else []
    for name, part in zip(missing, parts[1:], strict=False):
        names[rows[part]] = name
    return names
