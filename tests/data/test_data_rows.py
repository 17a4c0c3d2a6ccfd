"""Engines learn the same from rows wherever they lie."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from condgan import engines
from condgan.data.dataset import Split
from condgan.data.rows import Index, Rows
from condgan.draws.philox import Stream, permutation
from condgan.engines import Settings
from condgan.recipe import Domain, builtin

CLASSES, COUNT, SIZE = 4, 150, 8  # batches of 64, 64 and 22
RANDOM = np.random.default_rng(5)
ARRAYS = Split(RANDOM.integers(0, 256, (COUNT, 1, SIZE, SIZE), dtype=np.uint8), RANDOM.integers(0, CLASSES, COUNT))
CONDITIONED = Split(ARRAYS.images, RANDOM.standard_normal((COUNT, 3)).astype(np.float32))
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
SMALL = ["generator.hidden=16,16", "discriminator.hidden=16,16", "latent.dim=6", f"data.size={SIZE}"]


class OnDisk(Rows):
    """Rows read one by one from a file; nothing of it stays in memory."""

    def __init__(self, split: Split, path: Path) -> None:
        self.length, self.shape, self.width = len(split), split.images.shape[1:], split.images[0].nbytes
        self.numbers = split.labels
        self.path = path
        self.most = 0  # rows taken at a time
        path.write_bytes(split.images.tobytes())

    def __len__(self) -> int:
        return self.length

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes() + self.numbers.tobytes()).hexdigest()

    def take(self, index: Index) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        rows = np.arange(self.length)[index]
        self.most = max(self.most, len(rows))
        found = np.empty((len(rows), *self.shape), np.uint8)
        with self.path.open("rb") as file:
            for place, row in enumerate(rows.tolist()):
                file.seek(row * self.width)
                found[place] = np.frombuffer(file.read(self.width), np.uint8).reshape(self.shape)
        return found, self.numbers[rows]


@pytest.mark.parametrize(
    ("rows", "overrides"),
    [
        (ARRAYS, ["train.fakes=fresh"]),
        (ARRAYS, ["train.fakes=fresh", "train.fake_labels=real", "train.critic_steps=2", "train.order=d-first"]),
        (CONDITIONED, ["generator.condition=vector", "discriminator.condition=vector"]),
    ],
)
def test_rows_that_are_no_arrays_train_bit_for_bit_as_arrays(tmp_path: Path, rows: Split, overrides: list[str]) -> None:
    names = ("a", "b", "c", "d") if rows is ARRAYS else ()
    length = None if names else 3
    domain = Domain(size=SIZE, class_names=names, condition=length, data="noise", data_sha256="0" * 64)
    recipe = builtin.get("cgan-lsgan", [*SMALL, *overrides])
    on_disk = OnDisk(rows, tmp_path / "images")
    trained = []
    for source in (rows, on_disk):
        engine = engines.load("torch").build(recipe, domain, source, ONE_THREAD)
        figures = {name: np.concatenate(pair) for name, *pair in both(engine.run(0, 4), engine.run(4, 3))}
        trained.append({**engine.state(), **figures})
    assert all(np.array_equal(trained[0][name], trained[1][name]) for name in trained[0] | trained[1])
    assert on_disk.most <= 4 * 64  # of a block, never all


def both(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(name, first[name], second[name]) for name in first]


def test_what_rows_say_of_themselves_needs_no_more_than_take(tmp_path: Path) -> None:
    on_disk = OnDisk(ARRAYS, tmp_path / "images")
    assert np.array_equal(on_disk.class_counts(6), np.bincount(ARRAYS.labels, minlength=6))
    assert np.array_equal(on_disk.class_counts(6), ARRAYS.class_counts(6))
    assert CONDITIONED.class_counts(0).tolist() == [COUNT]
    assert np.array_equal(on_disk.conditions(np.array([3, 3, 0])), ARRAYS.labels[[3, 3, 0]])
    for rows in (on_disk, ARRAYS):
        assert np.array_equal(rows.order(7, 2), permutation(7, Stream.ORDER, 2, COUNT))
    images, labels = ARRAYS.take(slice(5, 9))
    assert np.shares_memory(images, ARRAYS.images)
    assert np.array_equal(labels, ARRAYS.labels[5:9])


def test_the_hash_of_a_split_is_that_of_its_content() -> None:
    again = Split(ARRAYS.images.copy(), ARRAYS.labels.copy())
    assert again.sha256 == ARRAYS.sha256
    assert Split(ARRAYS.images[::-1], ARRAYS.labels).sha256 != ARRAYS.sha256
    assert Split(ARRAYS.images, ARRAYS.labels[::-1]).sha256 != ARRAYS.sha256
