import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import load, writer, writers
from condgan.data.writers.folder import folder_names
from condgan.errors import CondganError
from condgan.recipe import Data

NAMES = ("ant", "bee", "cat")
LABELS = np.arange(30) % 3


def pictures(channels: int, count: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, channels, 8, 8), dtype=np.uint8)


def by_name(path: Path, channels: int) -> dict[str, list[bytes]]:
    """Every image under the name of its class, whatever split it is in."""
    dataset = load(Data(source=str(path), size=8, channels=channels))
    found: dict[str, list[bytes]] = {name: [] for name in dataset.class_names}
    for split in dataset.splits.values():
        for image, label in zip(split.images, split.labels, strict=True):
            found[dataset.class_names[label]].append(image.tobytes())
    return {name: sorted(images) for name, images in found.items()}


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch", [1, 7, 30])
def test_what_is_written_loads_again(tmp_path: Path, name: str, channels: Literal[1, 3], batch: int) -> None:
    images = pictures(channels)
    path = tmp_path / "new" / name
    with writer(path, 30, (channels, 8, 8), NAMES) as out:
        for start in range(0, 30, batch):
            out.write(images[start : start + batch], LABELS[start : start + batch])
            assert not path.exists()
    assert os.listdir(path.parent) == [name]
    expected = {
        NAMES[label]: sorted(image.tobytes() for image in images[label == LABELS]) for label in range(len(NAMES))
    }
    assert by_name(path, channels) == expected


@pytest.mark.parametrize("channels", [1, 3])
def test_an_archive_is_what_numpy_reads(tmp_path: Path, channels: Literal[1, 3]) -> None:
    images = pictures(channels)
    with writer(tmp_path / "a.npz", 30, (channels, 8, 8), NAMES) as out:
        out.write(images[:10], LABELS[:10])
        out.write(images[10:], LABELS[10:])
    with np.load(tmp_path / "a.npz") as archive:
        assert archive["images"].shape == ((30, 8, 8) if channels == 1 else (30, 8, 8, 3))
        assert np.array_equal(archive["images"].reshape(30, 8, 8, channels).transpose(0, 3, 1, 2), images)
        assert archive["labels"].dtype == np.int64
        assert np.array_equal(archive["labels"], LABELS)
        assert archive["class_names"].tolist() == list(NAMES)


def test_the_same_images_make_the_same_archive(tmp_path: Path) -> None:
    for name, batch in (("a.npz", 30), ("b.npz", 4)):
        with writer(tmp_path / name, 30, (1, 8, 8), NAMES) as out:
            for start in range(0, 30, batch):
                out.write(pictures(1)[start : start + batch], LABELS[start : start + batch])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_files_are_numbered_within_their_class(tmp_path: Path) -> None:
    with writer(tmp_path / "out", 5, (1, 8, 8), NAMES) as out:
        out.write(pictures(1, 5), np.array([2, 0, 2, 2, 0]))
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert found == ["ant/000000.png", "ant/000001.png", "cat/000000.png", "cat/000001.png", "cat/000002.png"]
    assert not (tmp_path / "out" / "bee").exists()


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for make in (path.touch, path.mkdir, lambda: path.symlink_to("nowhere")):
        make()
        with (
            pytest.raises(CondganError, match="exists already and is not overwritten"),
            writer(path, 1, (1, 8, 8), NAMES),
        ):
            pass
        assert os.listdir(tmp_path) == [name]
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_something_that_appears_meanwhile_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    def interfere() -> None:
        with writer(path, 1, (1, 8, 8), NAMES) as out:
            out.write(pictures(1, 1), LABELS[:1])
            path.write_text("precious")

    with pytest.raises(CondganError, match="exists already"):
        interfere()
    assert path.read_text() == "precious"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), OSError(5, "mine")])
def test_an_exception_passes_and_leaves_nothing(tmp_path: Path, name: str, error: BaseException) -> None:
    def fail() -> None:
        with writer(tmp_path / name, 3, (1, 8, 8), NAMES) as out:
            out.write(pictures(1, 2), LABELS[:2])
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert os.listdir(tmp_path) == []


BAD: dict[str, tuple[Any, Any, str]] = {
    "floats": (np.zeros((1, 1, 8, 8), np.float32), LABELS[:1], "images are float32"),
    "size": (np.zeros((1, 1, 9, 9), np.uint8), LABELS[:1], r"images are \(1, 9, 9\), expected \(1, 8, 8\)"),
    "channels": (pictures(3, 1), LABELS[:1], r"expected \(1, 8, 8\)"),
    "label": (pictures(1, 1), np.array([3]), r"labels lie in 3\.\.3, expected 0\.\.2"),
    "negative": (pictures(1, 1), np.array([-1]), r"labels lie in -1"),
    "lengths": (pictures(1, 1), LABELS[:2], r"expected int64 \(1,\)"),
    "too many": (pictures(1, 3), LABELS[:3], "3 images were written, 2 were announced"),
    "too few": (pictures(1, 1), LABELS[:1], "1 images were written, 2 were announced"),
}


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("case", BAD)
def test_bad_batches(tmp_path: Path, name: str, case: str) -> None:
    images, labels, says = BAD[case]
    with pytest.raises(CondganError, match=says), writer(tmp_path / name, 2, (1, 8, 8), NAMES) as out:
        out.write(images, labels)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_a_file_in_the_way(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CondganError, match="cannot be written"), writer(tmp_path / "file" / name, 1, (1, 8, 8), NAMES):
        pass


@contextmanager
def little_room() -> Iterator[None]:
    """No file may grow beyond 50 bytes, the test runner's own output included: only for as long as needed."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("count", [1, 3000])
def test_a_full_disk(tmp_path: Path, name: str, count: int) -> None:
    images, labels = pictures(1, count), np.zeros(count, np.int64)
    with (
        pytest.raises(CondganError, match=f"{name} cannot be written: File too large"),
        little_room(),
        writer(tmp_path / name, count, (1, 8, 8), NAMES) as out,
    ):
        out.write(images, labels)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("names", [(), ("a", "a"), ("", "a")])
def test_bad_class_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(CondganError), writer(tmp_path / "out", 1, (1, 8, 8), names):
        pass


def test_names_become_safe_folders() -> None:
    names = ["a/b", "a\\b", "..", ".", ".hidden", "A", "a", "x. ", "ü" * 150, "nul\0"]
    assert folder_names(names) == ["a_b", "a_b-2", "class", "class-2", "hidden", "A", "a-2", "x", "ü" * 100, "nul_"]


@given(st.lists(st.text(min_size=1, max_size=200).filter(str.isprintable), unique=True, max_size=9))
@settings(max_examples=50)
def test_any_names_become_different_visible_folders(names: list[str]) -> None:
    folders = folder_names(names)
    assert len({folder.casefold() for folder in folders}) == len(names)
    for folder in folders:
        assert 0 < len(folder.encode()) <= 255
        assert not folder.startswith(".")
        assert not set(folder) & set('/\\:*?"<>|')


def test_any_name_survives_in_an_archive(tmp_path: Path) -> None:
    names = ("a/b", "..", "ü ö")
    for name in ("out.npz", "out"):
        with writer(tmp_path / name, 30, (1, 8, 8), names) as out:
            out.write(pictures(1), LABELS)
    assert by_name(tmp_path / "out.npz", 1).keys() == set(names)
    assert by_name(tmp_path / "out", 1).keys() == {"a_b", "class", "ü ö"}


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8), (3, 8, 8)])
@pytest.mark.parametrize("condition", [None, 3])
@pytest.mark.parametrize("row", writers.WRITERS, ids=lambda row: row.name)
def test_each_format_gives_back_what_it_takes_or_refuses_it(
    tmp_path: Path, row: writers.Writer, shape: tuple[int, ...], condition: int | None
) -> None:
    """A new row is tested here without another line."""
    random = np.random.default_rng(1)
    images = len(shape) == 3
    samples = random.integers(0, 256, (40, *shape), dtype=np.uint8) if images else random.normal(size=(40, *shape))
    samples = samples if images else samples.astype(np.float32)
    conditions = np.repeat([0, 1], 20) if condition is None else random.normal(size=(40, 3)).astype(np.float32)
    path = tmp_path / f"out{row.ending}"
    out = writer(path, 40, shape, ("a", "b") if condition is None else (), condition)
    if not row.vectors and not (images and condition is None):
        with pytest.raises(CondganError, match="vectors are written to"), out:
            pass
        assert not path.exists()
        return
    with out as output:
        for part in (slice(13), slice(13, 40)):
            output.write(samples[part], conditions[part])
    splits = load(Data(source=str(path), size=8, channels=shape[0] if images else None)).splits.values()
    back = [pair for split in splits for pair in pairs(*split.take(slice(None)))]
    assert sorted(back) == sorted(pairs(samples, conditions))


def pairs(samples: np.ndarray, conditions: np.ndarray) -> list[tuple[bytes, bytes]]:
    return [(one.tobytes(), of.tobytes()) for one, of in zip(samples, conditions, strict=True)]


def test_rows_of_the_table_are_complete() -> None:
    assert len({row.name for row in writers.WRITERS}) == len({row.ending for row in writers.WRITERS})
    assert [row.name for row in writers.WRITERS if not row.ending] == ["folder"]
    for row in writers.WRITERS:
        assert row.name
        assert row.words.startswith(("a ", "an "))
        assert writers.of(Path("out" + row.ending.upper())) is row
        assert row.words in writers.listed()
    assert any(row.vectors for row in writers.WRITERS)
