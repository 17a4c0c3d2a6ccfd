"""Which image is in which split, by what it shows: a run keeps it, so that no image ever changes sides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condgan.data.dataset import SPLITS, Contents, Dataset, Split
from condgan.data.memory import room
from condgan.errors import CondganError
from condgan.storage.files import atomic

FORMAT = 1
LARGEST = 1 << 32  # bytes of the file


@dataclass(frozen=True, eq=False)
class Known:
    """The splits of a run: hash of an image (16 bytes) -> split."""

    of: Mapping[bytes, str]


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
        return Known({bytes.fromhex(text): name for name in SPLITS for text in content["splits"].get(name, ())})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CondganError(f"{path} is damaged ({error}): restore it, or train anew") from None


def assigned(contents: Contents, known: Known, leave_out: bool) -> tuple[Contents, tuple[str, ...]]:
    """Contents with each known image in its split.

    An image that is not known stays in the split that its source names, or is in train.

    Args:
        contents: as read, with hashes.
        known: the splits of a run.
        leave_out: leave out images that are not known instead.

    Returns:
        The contents, and what differs from the run in words.
    """
    parts: dict[str, list[tuple[str, np.ndarray]]] = {name: [] for name in SPLITS}
    new = moved = 0
    seen: set[bytes] = set()
    for source, hashes in contents.hashes.items():
        keys = [row.tobytes() for row in hashes]
        seen.update(keys)
        targets = np.array([known.of.get(key, "" if leave_out else source) for key in keys], dtype="<U10")
        new += sum(key not in known.of for key in keys)
        moved += int(np.count_nonzero((targets != source) & (targets != "")))
        for name in SPLITS:
            if (targets == name).any():
                parts[name].append((source, np.flatnonzero(targets == name)))
    gone = sum(key not in seen for key in known.of)
    notices: tuple[str, ...] = ()
    if new:
        notices += (f"{new} images are new since the run began: they are {'left out' if leave_out else 'in train'}",)
    if gone:
        notices += (f"{gone} images of the run are missing from {contents.name}",)
    if not moved and not (new and leave_out):
        return contents, notices
    splits, hashes_of = {}, {}
    for name, pieces in parts.items():
        if pieces:
            splits[name] = gathered(contents, pieces)
            hashes_of[name] = np.concatenate([contents.hashes[source][rows] for source, rows in pieces])
    rest = {"splits": splits, "hashes": hashes_of, "split_rule": "as the run drew them, by the hash of each image"}
    return contents.replace(**rest), notices


def gathered(contents: Contents, pieces: list[tuple[str, np.ndarray]]) -> Split:
    """Rows of several splits as one."""
    first = contents.splits[pieces[0][0]]
    count = sum(len(rows) for _, rows in pieces)
    images = room((count, *first.images.shape[1:]), first.images.dtype)
    start = 0
    for source, rows in pieces:
        images[start : start + len(rows)] = contents.splits[source].images[rows]
        start += len(rows)
    return Split(images, np.concatenate([contents.splits[source].labels[rows] for source, rows in pieces]))
