"""A dataset in files that several processes map into memory: read and decoded once, held once."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from condgan.data.dataset import SPLITS, Dataset, Split
from condgan.errors import CondganError
from condgan.storage.files import atomic

FORMAT = 1
FACTS = "dataset.json"


def write(folder: Path, dataset: Dataset, source: str) -> None:
    """Write a dataset that was read from ``source``; the file with its facts comes last.

    Raises:
        CondganError: a file cannot be written.
    """
    for part in ("images", "labels"):
        whole = np.concatenate([getattr(split, part) for split in dataset.splits.values()])
        atomic(folder / f"{part}.npy", lambda file, array=whole: np.save(file, array, allow_pickle=False))  # type: ignore[misc]
    for name, hashes in dataset.hashes.items():
        atomic(folder / f"hashes-{name}.npy", lambda file, array=hashes: np.save(file, array, allow_pickle=False))  # type: ignore[misc]
    facts: dict[str, Any] = {
        "format": FORMAT,
        "source": source,
        "name": dataset.name,
        "class_names": dataset.class_names,
        "counts": {name: len(split) for name, split in dataset.splits.items()},
        "split_rule": dataset.split_rule,
        "notices": dataset.notices,
        "drawn": dataset.drawn,
        "how": dataset.how,
        "skipped": dict(dataset.skipped),
        "background": dataset.background,
        "hashes": list(dataset.hashes),
        "sizes": [[*size, count] for size, count in dataset.sizes.items()],
        "pixels": dataset.pixels,
    }
    atomic(folder / FACTS, json.dumps(facts).encode())


def read(folder: Path) -> Dataset:
    """The dataset, in mapped memory.

    Raises:
        CondganError: it is not there, or damaged.
    """
    try:
        facts = json.loads((folder / FACTS).read_bytes())
        if facts["format"] != FORMAT:
            raise ValueError(f"format {facts['format']}, expected {FORMAT}")
        images, labels = (np.load(folder / f"{part}.npy", "r", allow_pickle=False) for part in ("images", "labels"))
        images, splits, start = np.asarray(images), {}, 0  # a plain array: two splits of it can lie side by side
        for name in SPLITS:
            stop = start + facts["counts"][name]
            splits[name], start = Split(images[start:stop], np.asarray(labels)[start:stop]), stop
        hashes = {name: np.load(folder / f"hashes-{name}.npy", allow_pickle=False) for name in facts["hashes"]}
        return Dataset(
            **splits, name=facts["name"], class_names=tuple(facts["class_names"]), split_rule=facts["split_rule"],
            notices=tuple(facts["notices"]), drawn=tuple(facts["drawn"]), how=facts["how"], skipped=facts["skipped"],
            background=facts["background"], hashes=hashes,
            sizes={(height, width): count for height, width, count in facts["sizes"]},
            pixels=facts["pixels"] and tuple(facts["pixels"]), source=facts["source"],
        )  # fmt: skip
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise CondganError(f"{folder} holds no dataset ({error})") from None
