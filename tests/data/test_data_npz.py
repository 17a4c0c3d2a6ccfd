import contextlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import Dataset, load
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (12, 8, 8), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
LABELS = np.arange(12) % 3


def read(path: Path, **changes: Any) -> Dataset:
    return load(Data(**{"source": str(path), "size": 8} | changes))


def save(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def everything(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """All images and labels, whatever their split, in an order of their own."""
    images = np.concatenate([split.images for split in dataset.splits.values()])
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    order = np.lexsort(images.reshape(len(images), -1).T)
    return images[order], labels[order]


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (GREY, GREY[:, None]),
        (GREY[..., None], GREY[:, None]),
        (GREY[:, None], GREY[:, None]),
        (COLOUR, COLOUR.transpose(0, 3, 1, 2)),
        (COLOUR.transpose(0, 3, 1, 2), COLOUR.transpose(0, 3, 1, 2)),
        (np.asfortranarray(GREY), GREY[:, None]),
    ],
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_layout(tmp_path: Path, images: np.ndarray, expected: np.ndarray, save: Any) -> None:
    save(tmp_path / "a.npz", images=images, labels=LABELS)
    found, labels = everything(read(tmp_path / "a.npz"))
    order = np.lexsort(expected.reshape(12, -1).T)
    assert np.array_equal(found, expected[order])
    assert np.array_equal(labels, LABELS[order])


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=12), st.sampled_from(["<i8", ">i8", "<u8"]))
@settings(max_examples=50)
def test_the_classes_are_the_distinct_labels_in_order(
    tmp_path_factory: pytest.TempPathFactory, labels: list[int], dtype: str
) -> None:
    path = save(tmp_path_factory.mktemp("npz") / "a.npz", images=GREY[: len(labels)], labels=np.array(labels, dtype))
    dataset = read(path)
    assert dataset.class_names == tuple(str(label) for label in sorted(set(labels)))
    named = [dataset.class_names[label] for label in everything(dataset)[1]]
    assert sorted(named) == sorted(map(str, labels))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_any_integer_labels(tmp_path: Path, dtype: type) -> None:
    dataset = read(save(tmp_path / "a.npz", images=GREY, labels=LABELS.astype(dtype)))
    assert dataset.train.labels.dtype == np.int64


def test_class_names(tmp_path: Path) -> None:
    names = np.array(["zebra", "ant", "ä ö"])
    dataset = read(save(tmp_path / "a.npz", images=GREY, labels=LABELS, class_names=names))
    assert dataset.class_names == ("zebra", "ant", "ä ö")
    assert dataset.name == "a"


def test_it_is_known_by_its_content(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", images=GREY, labels=LABELS).rename(tmp_path / "archive")
    assert len(read(path).class_names) == 3


def test_grey_from_colour(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npz", images=np.full((12, 8, 8, 3), [255, 0, 0], np.uint8), labels=LABELS)
    dataset = read(path, channels=1)
    assert (dataset.train.images == 76).all()  # 0.299 * 255
    assert dataset.notices == ("colour images were converted to grey (data.channels)",)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no images": ({"x_train": GREY, "y_train": LABELS}, "needs arrays images and labels; its arrays are: x_train, y_t"),
    "no labels": ({"images": GREY}, "its arrays are: images"),
    "objects": ({"images": np.array([None, None]), "labels": LABELS[:2]}, "images holds Python objects"),
    "names are objects": (
        {"images": GREY, "labels": LABELS, "class_names": np.array(["a", "b", "c"], object)},
        "class_names holds Python objects",
    ),
    "floats": ({"images": GREY / 255, "labels": LABELS}, r"images are float64, expected uint8 .* \(images \* 255\)"),
    "wide": ({"images": GREY.astype(np.int32), "labels": LABELS}, r"images are int32, .*astype\(numpy.uint8\)"),
    "flat": ({"images": GREY.reshape(12, 64), "labels": LABELS}, r"shape \(12, 64\)"),
    "five": ({"images": COLOUR[None], "labels": LABELS}, "expected .N, H, W."),
    "two channels": ({"images": COLOUR[..., :2], "labels": LABELS}, r"\(12, 8, 8, 2\)"),
    "ambiguous": ({"images": COLOUR[:, :3], "labels": LABELS}, r"\(12, 3, 8, 3\)"),
    "none": ({"images": GREY[:0], "labels": LABELS[:0]}, "at least one image"),
    "no pixels": ({"images": GREY[:, :0], "labels": LABELS}, "at least one image"),
    "lengths": ({"images": GREY, "labels": LABELS[:5]}, "12 images but 5 labels"),
    "negative": ({"images": GREY, "labels": LABELS - 1}, r"labels lie in -1\.\.1"),
    "too large": ({"images": GREY, "labels": LABELS.astype(np.uint64) + np.uint64(2**63)}, "renumber"),
    "float labels": ({"images": GREY, "labels": LABELS / 1}, r"labels are float64, .*astype\(numpy.int64\)"),
    "bool labels": ({"images": GREY, "labels": LABELS > 0}, "labels are bool"),
    "one-hot": ({"images": GREY, "labels": np.eye(3, dtype=int)[LABELS]}, r"argmax\(1\)"),
    "too few names": ({"images": GREY, "labels": LABELS, "class_names": np.array(["a"])}, "label 2 but only 1"),
    "names in bytes": ({"images": GREY, "labels": LABELS, "class_names": np.array([b"a", b"b", b"c"])}, "dtype=str"),
    "names are equal": ({"images": GREY, "labels": LABELS, "class_names": np.array(["a", "b", "a"])}, 'named "a"'),
    "a class is empty": (
        {"images": GREY, "labels": LABELS, "class_names": np.array(["a", "b", "c", "d"])},
        '"d" has no training images',
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays(tmp_path: Path, case: str) -> None:
    arrays, says = BAD[case]
    with pytest.raises(CondganError, match=says) as caught:
        read(save(tmp_path / "a.npz", **arrays))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"\x93NUMPY"])
def test_not_an_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(CondganError, match=r"damaged or not an \.npz archive"):
        read(tmp_path / "a.npz")


@pytest.fixture(scope="module")
def archives() -> list[bytes]:
    contents = []
    for function in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        function(stream, images=GREY, labels=LABELS, class_names=np.array(["a", "b", "c"]))
        contents.append(stream.getvalue())
    return contents


@given(st.sampled_from([0, 1]), st.data())
def test_truncated_anywhere_is_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, archives: list[bytes], which: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "truncated.npz"
    path.write_bytes(archives[which][: data.draw(st.integers(0, len(archives[which]) - 1))])
    with pytest.raises(CondganError):
        read(path)


@given(st.sampled_from([0, 1]), st.data())
@settings(max_examples=300)
def test_changed_bytes_give_a_dataset_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, archives: list[bytes], which: int, data: st.DataObject
) -> None:
    content = bytearray(archives[which])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    path.write_bytes(content)
    with contextlib.suppress(CondganError):
        read(path)


def member(header: str, body: bytes = b"") -> bytes:
    """A .npy file with any header."""
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 28, 28)}\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 28, 28)}\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}\n",
        "{'descr': '|V99999999', 'fortran_order': False, 'shape': (9, 28, 28)}\n",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2, 3)}\n",
        "{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (1, 2, 3)}\n",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1L, 2L, 3L)}\n",
        "(" * 5000,
        "__import__('os').abort()\n",
        "{}\n",
        "",
    ],
)
def test_hostile_headers(tmp_path: Path, header: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images.npy", member(header, bytes(100)))
        archive.writestr("labels.npy", member("{'descr': '|u1', 'fortran_order': False, 'shape': (0,)}\n"))
    with pytest.raises(CondganError):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compressions(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", method) as archive:
        for key, array in {"images": GREY, "labels": LABELS}.items():
            with archive.open(f"{key}.npy", "w") as stream:
                np.save(stream, array)
    with pytest.raises(CondganError, match="unusual compression"):
        read(tmp_path / "a.npz")
