import json
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from condgan.data import load, writers
from condgan.data.writers.folder import TABLE, folder_names
from condgan.data.writers.output import Output, writing
from condgan.data.writers.writer import Content
from condgan.errors import CondganError
from condgan.recipe import Data
from condgan.storage.manifest import begin

NAMES = ("ant", "bee", "cat")
LABELS = np.arange(30) % 3


def pictures(channels: int, count: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, channels, 8, 8), dtype=np.uint8)


class Writer:
    """A dataset of any samples, whose numbers are their places."""

    def __init__(self, out: Output) -> None:
        self.out = out

    def write(self, samples: Any, conditions: Any) -> None:
        first = self.out.written
        self.out.add(samples, conditions, np.arange(first, first + len(samples)))


@contextmanager
def writer(
    path: Path, shape: tuple[int, ...], names: tuple[str, ...] = (), condition: int | None = None, plan: int = 0,
    form: str | None = None,
) -> Iterator[Writer]:  # fmt: skip
    row = writers.of(path, form)
    single = bool(row.ending) and path.suffix == row.ending
    manifest = begin().of("set", {"seed": 0})
    with writing(path, Content(shape, names, condition, manifest, single), row, {"plan": plan}) as out:
        yield Writer(out)
        out.finish("# a card\n")


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
    with writer(path, (channels, 8, 8), NAMES) as out:
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
    with writer(tmp_path / "a.npz", (channels, 8, 8), NAMES) as out:
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
        with writer(tmp_path / name, (1, 8, 8), NAMES) as out:
            for start in range(0, 30, batch):
                out.write(pictures(1)[start : start + batch], LABELS[start : start + batch])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_what_was_left_unfinished_goes_on_to_the_same_bytes(tmp_path: Path, name: str) -> None:
    def fill(path: Path, stops: tuple[int, ...]) -> None:
        for stop in (*stops, 30):
            try:
                with writer(path, (1, 8, 8), NAMES) as out:
                    while out.out.written < 30:
                        if out.out.written >= stop:
                            raise KeyboardInterrupt
                        rows = slice(out.out.written, out.out.written + 6)
                        out.write(pictures(1)[rows], LABELS[rows])
            except KeyboardInterrupt:
                assert not path.exists()
                assert os.listdir(path.parent) == [f".{name}.part"]

    for folder, stops in (("whole", ()), ("cut", (6, 12, 24))):
        (tmp_path / folder).mkdir()
        fill(tmp_path / folder / name, stops)
        assert os.listdir(tmp_path / folder) == [name]
    assert contents(tmp_path / "whole" / name) == contents(tmp_path / "cut" / name)


def contents(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def test_what_was_left_of_another_plan_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with suppress(KeyboardInterrupt), writer(path, (1, 8, 8), NAMES, plan=1) as out:
        out.write(pictures(1, 3), LABELS[:3])
        raise KeyboardInterrupt
    left = r"\.out\.part is what is left of another export .*\(another plan\)"
    with pytest.raises(CondganError, match=left), writer(path, (1, 8, 8), NAMES, plan=2):
        pass
    (tmp_path / ".out.part" / "plan.json").write_text("{")
    with pytest.raises(CondganError, match="is damaged"), writer(path, (1, 8, 8), NAMES, plan=1):
        pass


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with writer(tmp_path / "out", (1, 8, 8), NAMES) as out:
        out.write(pictures(1, 3), LABELS[:3])
        busy = pytest.raises(CondganError, match="is being written by another process")
        with busy, writer(tmp_path / "out", (1, 8, 8), NAMES):
            pass


def test_files_are_numbered_within_their_class(tmp_path: Path) -> None:
    with writer(tmp_path / "out", (1, 8, 8), NAMES) as out:
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
            writer(path, (1, 8, 8), NAMES),
        ):
            pass
        assert os.listdir(tmp_path) == [name]
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_something_that_appears_meanwhile_is_kept(tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    def interfere() -> None:
        with writer(path, (1, 8, 8), NAMES) as out:
            out.write(pictures(1, 1), LABELS[:1])
            path.write_text("precious")

    with pytest.raises(CondganError, match="exists already"):
        interfere()
    assert path.read_text() == "precious"
    assert name in os.listdir(tmp_path)


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("mine"), OSError(5, "mine")])
def test_an_exception_passes_and_leaves_nothing_under_the_final_name(
    tmp_path: Path, name: str, error: BaseException
) -> None:
    def fail() -> None:
        with writer(tmp_path / name, (1, 8, 8), NAMES) as out:
            out.write(pictures(1, 2), LABELS[:2])
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert os.listdir(tmp_path) == [f".{name}.part"]  # where it can go on


BAD: dict[str, tuple[Any, Any, str]] = {
    "floats": (np.zeros((1, 1, 8, 8), np.float32), LABELS[:1], "images are float32"),
    "size": (np.zeros((1, 1, 9, 9), np.uint8), LABELS[:1], r"images are \(1, 9, 9\), expected \(1, 8, 8\)"),
    "channels": (pictures(3, 1), LABELS[:1], r"expected \(1, 8, 8\)"),
    "label": (pictures(1, 1), np.array([3]), r"labels lie in 3\.\.3, expected 0\.\.2"),
    "negative": (pictures(1, 1), np.array([-1]), r"labels lie in -1"),
    "lengths": (pictures(1, 1), LABELS[:2], r"expected int64 \(1,\)"),
}


@pytest.mark.parametrize("name", ["out.npz", "out"])
@pytest.mark.parametrize("case", BAD)
def test_bad_batches(tmp_path: Path, name: str, case: str) -> None:
    images, labels, says = BAD[case]
    with pytest.raises(CondganError, match=says), writer(tmp_path / name, (1, 8, 8), NAMES) as out:
        out.write(images, labels)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_a_file_in_the_way(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CondganError, match="cannot be written"), writer(tmp_path / "file" / name, (1, 8, 8), NAMES):
        pass


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, the test runner's own output included: only for as long as needed."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["out.npz", "out"])
def test_a_full_disk(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(CondganError, match="File too large"),
        little_room(50),
        writer(tmp_path / name, (1, 8, 8), NAMES) as out,
    ):
        out.write(pictures(1, 1), LABELS[:1])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["out.npz", "out.parquet", "out.tar"])
def test_what_a_full_disk_has_stopped_goes_on_where_there_is_room(tmp_path: Path, name: str) -> None:
    def stop() -> None:
        with writer(tmp_path / name, (1, 8, 8), NAMES) as out:
            out.write(pictures(1)[:3], LABELS[:3])
            with little_room(300):
                out.write(pictures(1)[3:], LABELS[3:])

    with pytest.raises(CondganError, match="File too large; 3 are written: the same command goes on from there"):
        stop()
    assert os.listdir(tmp_path) == [f".{name}.part"]
    with writer(tmp_path / name, (1, 8, 8), NAMES) as out:
        assert (out.out.resumed, out.out.written) == (True, 3)
        out.write(pictures(1)[3:], LABELS[3:])
    assert sum(map(len, by_name(tmp_path / name, 1).values())) == 30


@pytest.mark.parametrize("names", [(), ("a", "a"), ("", "a")])
def test_bad_class_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(CondganError), writer(tmp_path / "out", (1, 8, 8), names):
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


def exported(path: Path, names: tuple[str, ...], labels: np.ndarray = LABELS) -> dict[str, str]:
    """The class of each class folder that is written for these names, as the table of names says."""
    with writer(path, (1, 8, 8), names) as out:
        out.write(pictures(1, len(labels)), labels)
    folders = {entry.name for entry in path.iterdir() if entry.is_dir()}
    assert {"manifest.json", "README.md"} <= {entry.name for entry in path.iterdir() if entry.is_file()}
    if not (path / TABLE).exists():
        return {name: name for name in folders}
    table = json.loads((path / TABLE).read_text(encoding="utf-8"))
    assert table.keys() == {"format", "classes"}
    assert table["format"] == 1
    assert table["classes"].keys() == folders
    return dict(table["classes"])


RISKY = (
    *("A", "a", "dog", " dog", "dog ", "dog.", "\u00e9t\u00e9", "e\u0301te\u0301", "a/b", "a\\b", "..", "x" * 200),
    *(
        "CON",
        "nul.txt",
        "com1",
        "thumbs.db",
        "__MACOSX",
        "@eaDir",
        "~$x",
        ".hidden",
        "classes.json",
        "\u4e2d\u6587" * 60,
    ),
)


def test_the_table_of_names_gives_back_every_class(tmp_path: Path) -> None:
    classes = exported(tmp_path / "out", RISKY, np.arange(len(RISKY)))
    assert sorted(classes.values()) == sorted(RISKY)
    assert {name for name, of in classes.items() if name == of} >= {"A", "dog", "\u00e9t\u00e9"}
    for folder, of in classes.items():
        for file in (tmp_path / "out" / folder).iterdir():
            with Image.open(file) as image:
                assert np.array_equal(np.asarray(image), pictures(1, len(RISKY))[RISKY.index(of), 0])


def test_there_is_a_table_only_where_a_reader_needs_it(tmp_path: Path) -> None:
    assert exported(tmp_path / "plain", NAMES) == {name: name for name in NAMES}
    assert not (tmp_path / "plain" / TABLE).exists()
    exported(tmp_path / "some", ("train", "bus", "car"))
    assert not (tmp_path / "some" / TABLE).exists()
    assert exported(tmp_path / "splits", ("train", "Test", "val_set")) == {
        "train": "train",
        "Test": "Test",
        "val_set": "val_set",
    }
    assert (tmp_path / "splits" / TABLE).exists()  # these folders could be splits
    exported(tmp_path / "absent", ("ant", "a/b", "cat"), np.zeros(3, np.int64))
    assert not (tmp_path / "absent" / TABLE).exists()  # the class has no images, and no folder


CLASS_NAMES = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=200).filter(lambda name: name.isprintable() and bool(name.strip())),
        st.sampled_from(RISKY),
        st.text("aA\u00c5\u212b\u030a .-2", min_size=1, max_size=4).filter(str.strip),
    ),
    unique=True,
    min_size=1,
    max_size=9,
)


@given(CLASS_NAMES)
@settings(max_examples=60)
def test_any_class_names_come_back_by_the_table(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        classes = exported(Path(folder) / "out", tuple(names), np.arange(len(names)))
    assert sorted(classes.values()) == sorted(names)
    apart = {normalize("NFC", normalize("NFC", name).casefold()) for name in classes}
    assert len(apart) == len(names)
    for name in classes:
        assert not name.startswith((".", " ", "~$"))
        assert not name.endswith((".", " "))
        assert name.partition(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9"}


def test_any_name_survives_in_an_archive(tmp_path: Path) -> None:
    names = ("a/b", "..", "ü ö")
    for name in ("out.npz", "out"):
        with writer(tmp_path / name, (1, 8, 8), names) as out:
            out.write(pictures(1), LABELS)
    assert by_name(tmp_path / "out.npz", 1).keys() == set(names)
    assert by_name(tmp_path / "out", 1).keys() == set(names)


@pytest.mark.parametrize("shape", [(5,), (1, 8, 8), (3, 8, 8)])
@pytest.mark.parametrize("condition", [None, 3])
@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("row", writers.WRITERS, ids=lambda row: row.name)
def test_each_format_gives_back_what_it_takes_or_refuses_it(
    tmp_path: Path, row: writers.Writer, shape: tuple[int, ...], condition: int | None, single: bool
) -> None:
    """A new row is tested here without another line."""
    random = np.random.default_rng(1)
    images = len(shape) == 3
    samples = random.integers(0, 256, (40, *shape), dtype=np.uint8) if images else random.normal(size=(40, *shape))
    samples = samples if images else samples.astype(np.float32)
    conditions = np.repeat([0, 1], 20) if condition is None else random.normal(size=(40, 3)).astype(np.float32)
    path = tmp_path / (f"out{row.ending}" if single else "out")
    out = writer(path, shape, ("a", "b") if condition is None else (), condition, form=row.name)
    refused = "vectors are written to" if not row.vectors and not (images and condition is None) else None
    if row.name == "idx" and shape == (3, 8, 8):
        refused = refused or "IDX holds grey images"
    if refused:
        with pytest.raises(CondganError, match=refused), out:
            pass
        assert os.listdir(tmp_path) == []
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
    assert len({row.name for row in writers.WRITERS}) == len(writers.WRITERS)
    for row in writers.WRITERS:
        assert row.words.startswith(("a ", "an "))
        assert writers.of(Path("out"), row.name) is row
        assert writers.of(Path("out" + row.ending.upper())).name == (row.name if row.ending else "folder")
        assert row.words in writers.listed()
    with pytest.raises(CondganError, match="did you mean"):
        writers.of(Path("out"), "parqet")
    with pytest.raises(CondganError, match="is the ending of `format=npz`"):
        writers.of(Path("out.npz"), "idx")
    assert any(row.vectors for row in writers.WRITERS)
