import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from condgan.data import Dataset, load, memory
from condgan.data.readers import idx
from condgan.errors import CondganError
from condgan.recipe import Data

arrays = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=9))


def encode(array: np.ndarray) -> bytes:
    return idx.header(array.shape) + array.tobytes()


def write(path: Path, array: np.ndarray) -> Path:
    """An IDX file; gzipped if its name says so."""
    path.write_bytes(gzip.compress(encode(array)) if path.suffix == ".gz" else encode(array))
    return path


def make(folder: Path, count: int, *, stem: str = "train", end: str = "-idx{}-ubyte", side: int = 8) -> None:
    random = np.random.default_rng(count)
    images = random.integers(0, 256, (count, side, side), dtype=np.uint8)
    write(folder / (f"{stem}-images" + end.format(3)), images)
    write(folder / (f"{stem}-labels" + end.format(1)), (np.arange(count) % 3 + 5).astype(np.uint8))


def read(path: Path) -> Dataset:
    return load(Data(source=str(path), size=8))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("idx") / "file"


@given(arrays, st.booleans())
def test_any_array_comes_back(file: Path, array: np.ndarray, zipped: bool) -> None:
    file.write_bytes(gzip.compress(encode(array)) if zipped else encode(array))
    assert np.array_equal(idx.read_array(file, array.ndim), array)


@given(arrays, st.booleans(), st.data())
def test_truncated_anywhere_is_a_plain_error(file: Path, array: np.ndarray, zipped: bool, data: st.DataObject) -> None:
    whole = gzip.compress(encode(array)) if zipped else encode(array)
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(CondganError, match=str(file)):
        idx.read_array(file, array.ndim)


@given(arrays, st.booleans(), st.data())
def test_a_changed_byte_gives_an_array_or_a_plain_error(
    file: Path, array: np.ndarray, zipped: bool, data: st.DataObject
) -> None:
    whole = bytearray(gzip.compress(encode(array)) if zipped else encode(array))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(whole)
    with contextlib.suppress(CondganError):
        assert idx.read_array(file, array.ndim).size <= array.size


@given(st.binary(max_size=200))
def test_any_bytes_as_a_source(file: Path, content: bytes) -> None:
    path = file.with_name("x-images-idx3-ubyte")
    path.write_bytes(content)
    path.with_name("x-labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(CondganError):
        read(path)


@pytest.mark.parametrize("end", ["-idx{}-ubyte", "-idx{}-ubyte.gz", ".idx{}-ubyte", ".idx{}-ubyte.gz"])
def test_a_folder_with_the_usual_names(tmp_path: Path, end: str) -> None:
    make(tmp_path, 60, end=end)
    make(tmp_path, 9, stem="t10k", end=end)
    dataset = read(tmp_path)
    assert dataset.class_names == ("5", "6", "7")
    assert dataset.name == tmp_path.name
    assert [len(split) for split in dataset.splits.values()] == [54, 6, 9]
    assert dataset.split_rule == (
        "validation is 10 % of every class of train, drawn with seed 0; test as the source gives it"
    )
    assert dataset.test.labels.tolist() == [0, 1, 2] * 3


def test_a_folder_without_test_files(tmp_path: Path) -> None:
    make(tmp_path, 60)
    assert [len(split) for split in read(tmp_path).splits.values()] == [48, 6, 6]


def test_one_images_file_finds_its_labels_zipped_or_not(tmp_path: Path) -> None:
    make(tmp_path, 30, stem="emnist-letters")
    labels = tmp_path / "emnist-letters-labels-idx1-ubyte"
    zipped = labels.with_name(labels.name + ".gz")
    zipped.write_bytes(gzip.compress(labels.read_bytes()))
    labels.unlink()
    dataset = read(tmp_path / "emnist-letters-images-idx3-ubyte")
    assert dataset.name == "emnist-letters-images-idx3-ubyte"
    assert sum(map(len, dataset.splits.values())) == 30


def test_colour_and_size(tmp_path: Path) -> None:
    make(tmp_path, 30)
    dataset = load(Data(source=str(tmp_path), size=16, channels=3))
    assert dataset.train.images.shape[1:] == (3, 16, 16)
    assert len(dataset.notices) == 2


def refused(path: Path, says: str) -> None:
    with pytest.raises(CondganError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_longer_than_declared(tmp_path: Path) -> None:
    array = np.zeros((2, 3), np.uint8)
    for name, content in {"a": encode(array) + b"x", "b.gz": gzip.compress(encode(array) + b"x")}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CondganError, match="longer than the 2x3 = 6 bytes"):
            idx.read_array(tmp_path / name, 2)


def test_bytes_after_the_gzip_stream(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(encode(np.zeros(4, np.uint8))) + b"trailing")
    with pytest.raises(CondganError, match="damaged"):
        idx.read_array(tmp_path / "a.gz", 1)


def test_another_type_or_number_of_dimensions(tmp_path: Path) -> None:
    make(tmp_path, 6)
    images = tmp_path / "train-images-idx3-ubyte"
    images.write_bytes(b"\0\0\x0d\x03" + images.read_bytes()[4:])
    refused(tmp_path, "train-images-idx3-ubyte starts with 00000d03, expected 00000803")
    images.write_bytes((tmp_path / "train-labels-idx1-ubyte").read_bytes())
    refused(images, "starts with 00000801, expected 00000803")
    images.write_bytes(b"")
    refused(images, "starts with nothing")


def test_labels_of_another_length(tmp_path: Path) -> None:
    make(tmp_path, 6)
    write(tmp_path / "train-labels-idx1-ubyte", np.zeros(5, np.uint8))
    refused(tmp_path, "train-labels-idx1-ubyte has 5 labels for the 6 images of train-images-idx3-ubyte")


def test_missing_files(tmp_path: Path) -> None:
    make(tmp_path, 6, stem="t10k")
    refused(tmp_path, "holds t10k-images but no train-images")
    make(tmp_path, 6)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    refused(tmp_path, "has no labels: expected train-labels-idx1-ubyte beside it")
    refused(tmp_path / "t10k-labels-idx1-ubyte", 'must contain "images"')


def test_no_values(tmp_path: Path) -> None:
    write(tmp_path / "train-images-idx3-ubyte", np.zeros((0, 8, 8), np.uint8))
    write(tmp_path / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))
    refused(tmp_path, "declares no values")


def test_a_class_that_only_test_has(tmp_path: Path) -> None:
    make(tmp_path, 6)
    make(tmp_path, 3, stem="t10k")
    write(tmp_path / "t10k-labels-idx1-ubyte", np.array([5, 6, 9], np.uint8))
    refused(tmp_path, 'class "9" has no training images')


@pytest.mark.parametrize("zipped", [False, True])
def test_sizes_beyond_the_file_are_refused_before_anything_is_allocated(tmp_path: Path, zipped: bool) -> None:
    bomb = idx.header((2**32 - 1, 2**32 - 1, 2**32 - 1)) + bytes(1000)
    (tmp_path / "a").write_bytes(gzip.compress(bomb) if zipped else bomb)
    with pytest.raises(CondganError, match="truncated: it declares 4294967295x"):
        idx.read_array(tmp_path / "a", 3)


def test_a_bomb_is_refused_by_what_it_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST", 1 << 20)
    make(tmp_path, 100, side=200, end="-idx{}-ubyte.gz")
    refused(tmp_path, "needs 0.0 GiB of memory, the limit is")


def test_memory_is_known() -> None:
    assert 1 << 24 < memory.available() < 1 << 50


def letters(folder: Path, variant: str = "emnist-letters") -> np.ndarray:
    """EMNIST's files: images that stand upright here are stored transposed, labels begin with 1."""
    folder.mkdir(parents=True, exist_ok=True)
    upright = np.random.default_rng(1).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    for split, part in (("train", slice(0, 45)), ("test", slice(45, 60))):
        write(folder / f"{variant}-{split}-images-idx3-ubyte.gz", upright[part].transpose(0, 2, 1))
        write(folder / f"{variant}-{split}-labels-idx1-ubyte.gz", (np.arange(60) % 3 + 1).astype(np.uint8)[part])
    (folder / f"{variant}-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    return upright


@pytest.mark.parametrize("below", ["", "gzip", "EMNIST/raw", "raw"])
def test_emnist_is_put_upright_and_has_letters(tmp_path: Path, below: str) -> None:
    upright = letters(tmp_path / below)
    for path in (tmp_path, tmp_path / below / "emnist-letters-train-images-idx3-ubyte.gz"):
        dataset = read(path)
        assert dataset.class_names == ("A", "B", "C")
        assert np.array_equal(dataset.test.images[:, 0], upright[45:])
        assert dataset.test.labels.tolist() == [0, 1, 2] * 5
        assert "EMNIST's images are stored transposed and were put upright" in dataset.notices
        assert "emnist-letters-test-images" in dataset.how


def test_several_variants_are_named(tmp_path: Path) -> None:
    letters(tmp_path)
    letters(tmp_path, "emnist-digits")
    refused(tmp_path, "holds 2 datasets of IDX files: .*emnist-digits-train-images.*emnist-letters-train-images")
    assert read(tmp_path / "emnist-digits-train-images-idx3-ubyte.gz").class_names == ("A", "B", "C")


def test_qmnist_has_its_labels_in_the_first_column(tmp_path: Path) -> None:
    images = np.random.default_rng(1).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    table = np.random.default_rng(2).integers(0, 99999, (30, 8)).astype(">i4")
    table[:, 0] = np.arange(30) % 3
    for split in ("train", "test"):
        write(tmp_path / f"qmnist-{split}-images-idx3-ubyte", images)
        head = bytes([0, 0, 0x0C, 2, 0, 0, 0, 30, 0, 0, 0, 8])
        (tmp_path / f"qmnist-{split}-labels-idx2-int.gz").write_bytes(gzip.compress(head + table.tobytes()))
    dataset = read(tmp_path)
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.test.labels.tolist() == table[:, 0].tolist()
    assert np.array_equal(dataset.test.images[:, 0], images)


def test_the_root_of_torchvision(tmp_path: Path) -> None:
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for end in ("-idx{}-ubyte", "-idx{}-ubyte.gz"):  # it keeps both
        make(tmp_path / "MNIST" / "raw", 30, end=end)
        make(tmp_path / "MNIST" / "raw", 9, stem="t10k", end=end)
    assert read(tmp_path).sha256 == read(tmp_path / "MNIST" / "raw").sha256
    assert len(read(tmp_path).test) == 9
    (tmp_path / "FashionMNIST" / "raw").mkdir(parents=True)
    make(tmp_path / "FashionMNIST" / "raw", 30)
    refused(tmp_path, "holds 2 datasets of IDX files")


def test_zero_and_one_become_black_and_white(tmp_path: Path) -> None:
    make(tmp_path, 30)
    images = np.random.default_rng(1).integers(0, 2, (30, 8, 8), dtype=np.uint8)
    write(tmp_path / "train-images-idx3-ubyte", images)
    assert set(np.unique(read(tmp_path).train.images)) == {0, 255}


def test_recipes_of_old_formats_read_as_they_did(tmp_path: Path) -> None:
    upright = letters(tmp_path)
    file = tmp_path / "emnist-letters-train-images-idx3-ubyte.gz"
    dataset = load(Data(source=str(file), size=8, reading=1))
    assert dataset.class_names == ("1", "2", "3")
    stored = {image.tobytes() for image in upright[:45].transpose(0, 2, 1)}
    assert {image.tobytes() for split in dataset.splits.values() for image in split.images} == stored
    assert len(stored) == 45
