"""Large arrays lie in files without names: the same data, in memory that does not grow with them."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condgan import data
from condgan.data import Dataset, memory
from condgan.errors import CondganError
from condgan.recipe import Data
from condgan.storage import cache
from conftest import random_images

COUNT = 60
IMAGES, LABELS = random_images(COUNT, 10, 3), np.arange(COUNT) % 3


def archive(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), images=IMAGES.transpose(0, 2, 3, 1), labels=LABELS)
    path.with_suffix(".npz").rename(path)


def packed(path: Path) -> None:
    np.savez_compressed(path.with_suffix(".npz"), images=IMAGES[:, 0], labels=LABELS)
    path.with_suffix(".npz").rename(path)


def column_major(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), images=np.asfortranarray(IMAGES[:, 0]), labels=LABELS)
    path.with_suffix(".npz").rename(path)


def folder(path: Path) -> None:
    for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        (path / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.transpose(1, 2, 0)).save(path / str(label) / f"{number}.png")


def idx(path: Path) -> None:
    path.mkdir()
    grey = np.ascontiguousarray(IMAGES[:, 0])
    head = [bytes([0, 0, 8, 3]), *(side.to_bytes(4, "big") for side in grey.shape)]
    (path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(b"".join(head) + grey.tobytes()))
    labels = bytes([0, 0, 8, 1]) + COUNT.to_bytes(4, "big") + LABELS.astype(np.uint8).tobytes()
    (path / "train-labels-idx1-ubyte").write_bytes(labels)


def of_files(dataset: Dataset) -> bool:
    """Whether all images lie in one."""
    base = dataset.train.images
    while isinstance(base.base, np.ndarray):
        base = base.base
    return isinstance(base, np.memmap)


@pytest.mark.parametrize("write", [archive, packed, column_major, folder, idx])
@pytest.mark.parametrize(("size", "channels"), [(10, None), (7, 1), (12, 3)])
def test_what_is_loaded_is_the_same(
    write: Callable[[Path], None], size: int, channels: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "source")
    asked = Data(source=str(tmp_path / "source"), size=size, channels=channels)
    held = data.load(asked)
    monkeypatch.setattr(memory, "MAPPED", 1)
    mapped = data.load(asked)
    assert of_files(mapped)
    assert not of_files(held)
    assert mapped.sha256 == held.sha256
    for name, split in mapped.splits.items():
        assert np.array_equal(split.images, held.splits[name].images)
        assert np.array_equal(split.labels, held.splits[name].labels)
    both = mapped.trained_on(Data(train_on="train+validation")).images
    assert np.shares_memory(both, mapped.train.images)


def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.PLACE, str(tmp_path))
    monkeypatch.setattr(memory, "MAPPED", 1)
    array = memory.room((5, 1000), np.float32)
    assert array.shape == (5, 1000)
    assert not array.any()
    array[3] = 7
    assert array.sum() == 7000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoiled", ["no folder", "full"])
def test_without_a_disk_it_lies_in_memory(spoiled: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(memory, "MAPPED", 1)
    if spoiled == "full":
        monkeypatch.setattr(memory, "spare", lambda: 0)
    else:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv(cache.PLACE, str(tmp_path / "file" / "below"))
    archive(tmp_path / "source")
    dataset = data.load(Data(source=str(tmp_path / "source"), size=10))
    assert of_files(dataset) == (spoiled != "full")  # a temporary folder stands in for a cache that cannot be written
    assert len(dataset.train) + len(dataset.validation) + len(dataset.test) == COUNT


def test_more_than_there_is_room_for_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive(tmp_path / "source")
    monkeypatch.setattr(memory, "MAPPED", 1)
    monkeypatch.setattr(memory, "LARGEST", 1 << 10)
    with pytest.raises(CondganError, match="GiB of memory or disk, the limit is"):
        data.load(Data(source=str(tmp_path / "source"), size=10))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_data(tmp_path: Path) -> None:
    """Of 400,000 images, 314 MB: what this process alone holds, while it loads them and afterwards."""
    count = 400_000
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, :3] = np.arange(count)[:, None] >> np.array([0, 8, 16]) & 255  # no two are equal
    np.savez_compressed(tmp_path / "many.npz", images=images, labels=np.arange(count) % 10)
    watched = """
import sys, threading, time
from pathlib import Path
from condgan import data
from condgan.recipe import Data

def own():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) * 1024

most, done = own(), threading.Event()
before = most
def watch():
    global most
    while not done.wait(0.005):
        most = max(most, own())
watching = threading.Thread(target=watch)
watching.start()
dataset = data.load(Data(source=sys.argv[1]))
dataset.sha256
done.set()
watching.join()
print(len(dataset.train), most - before)
"""
    done = subprocess.run([sys.executable, "-c", watched, tmp_path / "many.npz"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    trained, grown = map(int, done.stdout.split())
    assert trained == count * 0.8
    assert grown < images.nbytes / 3
