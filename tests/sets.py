"""Generators with names that file systems, tables and readers may confuse, and datasets of them in every format."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import condgan as package
from condgan.export import export

PLAIN = tuple("0123456789")
RISKY = (
    *("A", "a", "dog", "polar bear", "\u00e9t\u00e9", "\u732b", "\u043a\u043e\u0442", "\u0642\u0637", "\U0001f408"),
    *("a/b", "a\\b", "..", "CON", "thumbs.db", ".hidden", "classes.json", "manifest.json", "README.md", "numbers.npy"),
    *("train", "1.0", "1", "01", "x,y", 'say "hi"', "x" * 200, "-1", "None", "nan", "true", "file_name", "<b>|*_"),
)
"""In many scripts, equal on some file systems, names of files that lie beside the images, and numbers that are not."""
FORMATS = ("folder", "imagefolder", "idx", "npz", "parquet", "webdataset")
SINGLE = {".npz": "npz", ".parquet": "parquet", ".tar": "webdataset"}
FORMS = {
    **{name: (name, "") for name in FORMATS},
    **{f"one{ending}": (name, ending) for ending, name in SINGLE.items()},
}
"""Every way to write a dataset: format and ending."""
COUNT, SHARD = 5, 37  # of each class; images of a shard


@pytest.fixture(scope="session", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hugging Face's libraries ask nobody, and keep nothing of the user's; set before they are imported."""
    os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    os.environ["HF_HOME"] = str(tmp_path_factory.mktemp("hugging-face"))


@dataclass(frozen=True)
class Made:
    """A dataset on disk, and what is in it: images (N, H, W) or (N, H, W, 3) by number, with the names of classes."""

    path: Path
    names: tuple[str, ...]
    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]

    def by_name(self) -> dict[str, list[bytes]]:
        """The images of each class, sorted."""
        return by_name(self.images, [self.names[label] for label in self.labels])


def by_name(images: Any, names: Any) -> dict[str, list[bytes]]:
    """The images of each class, sorted."""
    found: dict[str, list[bytes]] = {}
    for image, name in zip(images, names, strict=True):
        found.setdefault(str(name), []).append(np.ascontiguousarray(image).tobytes())
    return {name: sorted(same) for name, same in found.items()}


@pytest.fixture(scope="session")
def generators(tiny: dict[str, tuple[str, ...]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """``plain`` (grey, 0 ... 9), ``grey`` and ``colour`` (risky names)."""
    folder, paths = tmp_path_factory.mktemp("generators"), {}
    for name, names, channels in (("plain", PLAIN, 1), ("grey", RISKY, 1), ("colour", RISKY, 3)):
        random, count = np.random.default_rng(0), 10 * len(names)
        images = random.integers(0, 256, (count, 8, 8, *([3] if channels == 3 else [])), dtype=np.uint8)
        np.savez(folder / f"{name}.npz", images=images, labels=np.arange(count) % len(names),
                 class_names=np.array(names))  # fmt: skip
        paths[name] = package.train(
            "cgan-lsgan", *tiny["cgan-lsgan"], "machine.threads=1", data=folder / f"{name}.npz", epochs=1,
            run=folder / name,
        ).folder  # fmt: skip
    return paths


@pytest.fixture(scope="session")
def made(generators: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Made]:
    """A dataset of a generator in a form, a key of ``FORMS``; written once."""
    folder, done = tmp_path_factory.mktemp("made"), dict[tuple[str, str], Made]()

    def make(which: str, form: str) -> Made:
        if (which, form) not in done:
            format, ending = FORMS[form]
            path = folder / which / f"{format}{ending}"
            export.to_file(generators[which], per_class=COUNT, seed=3, output=path, format=format, shard_size=SHARD)
            done[which, form] = Made(path, *expected(package.load(generators[which])))
        return done[which, form]

    return make


def expected(generator: Any) -> tuple[Any, ...]:
    """Names, images, labels and numbers of ``COUNT`` images of each class, as Generator.sample makes them.

    Images are made in the same batches as a dataset of one shard: sums may depend on how many rows a matrix has.
    """
    classes = generator.domain.classes
    labels = np.tile(np.arange(classes), COUNT)
    numbers = np.arange(COUNT * classes)
    images = generator.sample(index=labels, seed=3)
    raw = images.transpose(0, 2, 3, 1) if images.shape[1] == 3 else images[:, 0]
    return generator.domain.class_names, raw, labels, numbers
