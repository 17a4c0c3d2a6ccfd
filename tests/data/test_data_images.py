import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan.data import Dataset, load
from condgan.data.readers import images as reader
from condgan.errors import CondganError
from condgan.recipe import Data


def put(path: Path, count: int = 3, *, end: str = "png", mode: str = "L", size: tuple[int, int] = (8, 8)) -> None:
    """Random images in a class folder."""
    path.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    shape = size[::-1] if mode == "L" else (*size[::-1], 3)
    for number in range(count):
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(path / f"{number}.{end}")


def read(path: Path, **changes: Any) -> Dataset:
    return load(Data(**{"source": str(path), "size": 8} | changes))


def refused(path: Path, says: str) -> None:
    with pytest.raises(CondganError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_class_folders_in_natural_order(tmp_path: Path) -> None:
    for name in ("10", "9", "b", "A", "a 2", "a 11"):
        put(tmp_path / name, 4)
    put(tmp_path / ".hidden")
    for junk in (".DS_Store", "9/.DS_Store", "9/Thumbs.db", "9/._0.png", "README.txt"):
        (tmp_path / junk).write_bytes(b"junk")
    dataset = read(tmp_path)
    assert dataset.class_names == ("9", "10", "A", "a 2", "a 11", "b")
    assert [len(split) for split in dataset.splits.values()] == [12, 6, 6]
    assert dataset.train.images.shape[1:] == (1, 8, 8)
    assert dataset.name == tmp_path.name
    assert dataset.notices == ()


@pytest.mark.parametrize("name", ["validation", "val", "valid"])
def test_split_folders(tmp_path: Path, name: str) -> None:
    for split, count in {"train": 5, name: 2, "test": 3}.items():
        for label in ("cat", "dog"):
            put(tmp_path / split / label, count)
    dataset = read(tmp_path)
    assert [len(split) for split in dataset.splits.values()] == [10, 4, 6]
    assert dataset.train.labels.tolist() == [0] * 5 + [1] * 5
    assert dataset.split_rule == "train, validation and test as the source gives them"


def test_only_some_split_folders(tmp_path: Path) -> None:
    put(tmp_path / "train" / "cat", 10)
    put(tmp_path / "train" / "dog", 10)
    assert [len(split) for split in read(tmp_path).splits.values()] == [16, 2, 2]
    put(tmp_path / "test" / "dog", 3)
    dataset = read(tmp_path)
    assert [len(split) for split in dataset.splits.values()] == [18, 2, 3]
    assert dataset.test.labels.tolist() == [1, 1, 1]


def test_classes_may_be_called_like_splits(tmp_path: Path) -> None:
    put(tmp_path / "train")
    put(tmp_path / "ship")
    assert read(tmp_path).class_names == ("ship", "train")


def test_every_kind_of_file(tmp_path: Path) -> None:
    for end in ("png", "PNG", "jpg", "jpeg", "bmp", "gif", "webp", "tif", "tiff"):
        put(tmp_path / end.replace("PNG", "upper"), end=end)
    put(tmp_path / "jfif")
    for path in (tmp_path / "jfif").iterdir():
        Image.open(path).save(path.with_suffix(".jfif"), "JPEG")
        path.unlink()
    assert sum(map(len, read(tmp_path).splits.values())) == 30


def test_channels(tmp_path: Path) -> None:
    put(tmp_path / "grey")
    assert read(tmp_path).domain().channels == 1
    put(tmp_path / "colour", mode="RGB")
    mixed = read(tmp_path)
    assert mixed.domain().channels == 3
    assert mixed.notices == ("grey images were repeated over 3 channels (data.channels)",)
    grey = read(tmp_path, channels=1)
    assert grey.domain().channels == 1
    assert grey.notices == ("colour images were converted to grey (data.channels)",)


def test_sizes_are_brought_together_and_that_is_said(tmp_path: Path) -> None:
    put(tmp_path / "a", 2, size=(8, 8))
    put(tmp_path / "b", 1, size=(31, 40))
    put(tmp_path / "c", 1, size=(60, 20))
    assert read(tmp_path).notices[0] == (
        "images of 3 different sizes (8x8 ... 40x31) were padded and resized to 8x8 (data.fit, data.size)"
    )
    assert read(tmp_path, fit="crop", size=16).train.images.shape == (4, 1, 16, 16)


def test_an_image_is_the_same_from_a_folder_and_from_an_array(tmp_path: Path) -> None:
    raw = np.random.default_rng(0).integers(0, 256, (1, 30, 50, 3), dtype=np.uint8)
    (tmp_path / "f" / "a").mkdir(parents=True)
    Image.fromarray(raw[0]).save(tmp_path / "f" / "a" / "1.png")
    np.savez(tmp_path / "n.npz", images=raw, labels=[0])
    for channels in (None, 1, 3):
        one, other = (read(tmp_path / name, channels=channels, size=20) for name in ("f", "n.npz"))
        assert np.array_equal(one.train.images, other.train.images)


def test_more_images_than_one_thread_takes(tmp_path: Path) -> None:
    """Each lands in its own row."""
    (tmp_path / "a").mkdir()
    for number in range(200):
        Image.new("L", (8, 8), number).save(tmp_path / "a" / f"{number}.png")
    images = reader.read(tmp_path, "x", Data(size=8)).splits["train"].images
    assert images[:, 0, 0, 0].tolist() == list(range(200))


def test_transparency_is_laid_on_black_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGBA", (8, 8), (255, 255, 255, 0)).save(tmp_path / "a" / "1.png")
    Image.new("RGBA", (8, 8), (255, 255, 255, 255)).save(tmp_path / "a" / "2.png")
    dataset = read(tmp_path)
    assert dataset.train.images[:, 0, 0, 0].tolist() == [0, 255]
    assert "1 images with transparency were laid on black (data.background)" in dataset.notices


BROKEN: dict[str, tuple[bytes, str]] = {
    "x.psd": (b"hello", r"1 \.psd files \(convert them to PNG\), or move them elsewhere"),
    "x.png": (b"", r"a/x\.png is not an image that can be read: replace or remove it"),
    "x.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", r"a/x\.jpg is not an image that can be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_that_are_no_images(tmp_path: Path, name: str) -> None:
    content, says = BROKEN[name]
    put(tmp_path / "a")
    (tmp_path / "a" / name).write_bytes(content)
    refused(tmp_path, says)


@pytest.mark.parametrize("end", ["png", "jpg", "bmp", "gif", "webp", "tif"])
def test_truncated_images(tmp_path: Path, end: str) -> None:
    put(tmp_path / "a", end=end, size=(64, 64))
    victim = tmp_path / "a" / f"1.{end}"
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    refused(tmp_path, rf"a/1\.{end} .*replace or remove it")


def test_a_decompression_bomb_is_an_error_and_not_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a", 1, size=(40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    refused(tmp_path, r"a/0\.png cannot be read as an image \(40x40 is more than 1000 pixels\)")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    refused(tmp_path, r"a/0\.png cannot be read as an image")


def test_layouts_without_classes(tmp_path: Path) -> None:
    refused(tmp_path, "has no images: expected a folder for each class")
    put(tmp_path / "flat")
    refused(tmp_path / "flat", "has images without labels: put a table of file and label beside them")
    put(tmp_path / "a" / "b")
    put(tmp_path / "c" / "d")
    (tmp_path / "flat").rename(tmp_path / "a" / "flat")
    refused(tmp_path, r"folders in folders \(a/b/0\.png\): data\.label_from='\{class\}/\*/\*' takes the upper ones")


def test_split_folders_that_do_not_belong_together(tmp_path: Path) -> None:
    put(tmp_path / "test" / "cat")
    refused(tmp_path, "has test but no train")
    put(tmp_path / "train" / "dog")
    refused(tmp_path, 'class "cat" has no training images')
    put(tmp_path / "train" / "cat")
    put(tmp_path / "val" / "cat")
    assert len(read(tmp_path).validation) == 3
    put(tmp_path / "valid" / "cat")
    refused(tmp_path, "has both val and valid, which name one split")
    (tmp_path / "valid").rename(tmp_path / "more")
    refused(tmp_path, "test, train, val with class folders, and more, which names no split")


def test_an_image_beside_the_class_folders_of_a_split(tmp_path: Path) -> None:
    put(tmp_path / "train" / "dog")
    put(tmp_path / "train", 1)
    refused(tmp_path, r"train/0\.png is in no class folder")


def test_class_names_that_a_generator_cannot_carry(tmp_path: Path) -> None:
    put(tmp_path / "a\x1b[2J")
    refused(tmp_path, "class name .* printable")


def test_other_things_than_files(tmp_path: Path) -> None:
    put(tmp_path / "a")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert read(tmp_path).skipped == {"devices and the like": 1}
    refused(tmp_path / "a" / "pipe.png", "neither a file nor a folder")
    refused(tmp_path / "a" / "0.png", r"0\.png is not a dataset: give the path of an .npz")


def test_a_source_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path, **options: object) -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "walk", forbidden)
    refused(tmp_path, "cannot be read: Permission denied")


def test_too_many_images_for_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a")
    monkeypatch.setattr("condgan.data.memory.LARGEST", 100)
    refused(tmp_path, "of memory, the limit is")
