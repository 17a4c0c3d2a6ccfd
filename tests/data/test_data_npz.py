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
TEXT = np.array(["cat", "ant", "bee"])


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
    "no images": ({"a": GREY, "b": LABELS}, "needs arrays images and labels; its arrays are: a, b"),
    "no labels": ({"images": GREY}, "its arrays are: images"),
    "objects": ({"images": np.array([None, None]), "labels": LABELS[:2]}, "images holds Python objects"),
    "names are objects": (
        {"images": GREY, "labels": LABELS, "class_names": np.array(["a", "b", "c"], object)},
        "class_names holds Python objects",
    ),
    "flat": ({"images": GREY.reshape(12, 64), "labels": LABELS}, r"shape \(12, 64\)"),
    "five": ({"images": COLOUR[None], "labels": LABELS}, "expected .N, H, W."),
    "two channels": ({"images": COLOUR[..., :2], "labels": LABELS}, r"\(12, 8, 8, 2\)"),
    "ambiguous": ({"images": COLOUR[:, :3], "labels": LABELS}, r"\(12, 3, 8, 3\)"),
    "none": ({"images": GREY[:0], "labels": LABELS[:0]}, "at least one image"),
    "no pixels": ({"images": GREY[:, :0], "labels": LABELS}, "at least one image"),
    "lengths": ({"images": GREY, "labels": LABELS[:5]}, "12 images but 5 labels"),
    "too large": ({"images": GREY, "labels": LABELS.astype(np.uint64) + np.uint64(2**63)}, "renumber"),
    "negative": ({"images": GREY, "labels": LABELS - 1, "class_names": np.array(["a", "b", "c"])}, "label -1 of"),
    "halves": ({"images": GREY, "labels": LABELS / 2}, "not whole numbers"),
    "several of a row": ({"images": GREY, "labels": np.ones((12, 3), int)}, "row 0 is not one-hot"),
    "transparent": ({"images": np.zeros((12, 8, 8, 4)), "labels": LABELS}, r"save images\[..., :3\]"),
    "complex": ({"images": GREY * 1j, "labels": LABELS}, "expected numbers"),
    "text among names": ({"images": GREY, "labels": np.array(list("abcd" * 3)), "class_names": TEXT[:1]}, '"a" is'),
    "two of images": ({"images": GREY, "x": GREY, "labels": LABELS}, "holds images and x: expected one of them"),
    "train twice": ({"images": GREY, "train_images": GREY, "labels": LABELS}, "holds images and train_images"),
    "only test": ({"x_test": GREY, "y_test": LABELS}, "of test, but not of train"),
    "a class of test": ({"x": GREY, "y": LABELS, "x_test": GREY, "y_test": LABELS + 1}, '"3" has no training images'),
    "too few names": ({"images": GREY, "labels": LABELS, "class_names": TEXT[:1]}, "label 2 of labels, but only"),
    "names in bytes": ({"images": GREY, "labels": LABELS, "class_names": np.array([b"a", b"b", b"c"])}, "dtype=str"),
    "names are equal": ({"images": GREY, "labels": LABELS, "class_names": np.array(["a", "b", "a"])}, 'named "a"'),
    "a class is tested and not learnt": (
        {
            "x_train": GREY,
            "y_train": LABELS,
            "x_test": GREY[:1],
            "y_test": LABELS[:1] * 0 + 3,
            "class_names": np.array(["a", "b", "c", "d"]),
        },
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


LABEL_FORMS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "column": (LABELS[:, None].astype(np.uint8), ("0", "1", "2")),
    "floats": (LABELS / 1, ("0", "1", "2")),
    "negative": (LABELS - 1, ("-1", "0", "1")),
    "bools": (LABELS > 0, ("0", "1")),
    "one-hot": (np.eye(3, dtype=np.uint8)[LABELS], ("0", "1", "2")),
    "one-hot floats": (np.eye(3, dtype=np.float32)[LABELS], ("0", "1", "2")),
    "one-hot bools": (np.eye(3, dtype=bool)[LABELS], ("0", "1", "2")),
    "text": (TEXT[LABELS], ("ant", "bee", "cat")),
    "text in bytes": (np.char.encode(TEXT[LABELS], "utf-8"), ("ant", "bee", "cat")),
    "text in a column": (TEXT[LABELS][:, None], ("ant", "bee", "cat")),
}


@pytest.mark.parametrize("form", LABEL_FORMS)
def test_every_form_of_labels(tmp_path: Path, form: str) -> None:
    labels, names = LABEL_FORMS[form]
    dataset = read(save(tmp_path / "a.npz", images=GREY, labels=labels))
    assert dataset.class_names == names
    meant = [str(value) for value in (TEXT[LABELS] if "text" in form else LABELS - (form == "negative")).tolist()]
    if form == "bools":
        meant = [str(int(label > 0)) for label in LABELS]
    by_image = dict(zip([image.tobytes() for image in GREY], meant, strict=True))
    for image, label in zip(*everything(dataset), strict=True):
        assert by_image[image.tobytes()] == dataset.class_names[label]


def test_labels_of_text_beside_class_names(tmp_path: Path) -> None:
    dataset = read(save(tmp_path / "a.npz", images=GREY, labels=TEXT[LABELS], class_names=TEXT))
    assert dataset.class_names == tuple(TEXT)
    assert np.array_equal(np.sort(everything(dataset)[1]), np.sort(LABELS))


SPLIT_NAMES = {
    "medmnist": ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels"),
    "keras": ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
    "capitals": ("X_train", "Y_train", "X_dev", "Y_dev", "X_Test", "Y_Test"),
    "ours": ("train_images", "train_labels", "validation_images", "validation_labels", "test_images", "test_labels"),
    "camel": ("trainX", "trainY", "validX", "validY", "testX", "testY"),
    "long": ("training-data", "training-targets", "valid-data", "valid-targets", "eval-data", "eval-targets"),
    "mixed": ("images", "labels", "images.val", "labels.val", "ImagesTest", "LabelsTest"),
    "sets": ("train_set_x", "train_set_y", "dev_set_x", "dev_set_y", "test_set_x", "test_set_y"),
}


@pytest.mark.parametrize("style", SPLIT_NAMES)
def test_archives_with_their_own_splits(tmp_path: Path, style: str) -> None:
    parts = [slice(0, 6), slice(6, 9), slice(9, 12)]
    arrays = {}
    for number, (images, labels) in enumerate(zip(SPLIT_NAMES[style][::2], SPLIT_NAMES[style][1::2], strict=True)):
        arrays |= {images: GREY[parts[number]], labels: LABELS[parts[number]][:, None]}
    dataset = read(save(tmp_path / "a.npz", **arrays, mean=np.zeros(3), x_unlabelled=GREY))
    for part, split in zip(parts, dataset.splits.values(), strict=True):
        assert np.array_equal(split.images[:, 0], GREY[part])
        assert np.array_equal(split.labels, LABELS[part])
    assert all(name in dataset.how for name in SPLIT_NAMES[style])
    assert dict(dataset.skipped) == {"arrays that are neither images nor labels": 2}
    assert dataset.drawn == ()


def test_what_has_no_labels_is_counted(tmp_path: Path) -> None:
    dataset = read(save(tmp_path / "a.npz", x_train=GREY, y_train=LABELS, x_test=GREY))
    assert sum(dataset.skipped.values()) == 1
    assert dataset.drawn == ("validation", "test")


def test_grey_and_colour_splits_have_the_same_channels(tmp_path: Path) -> None:
    dataset = read(save(tmp_path / "a.npz", x_train=GREY, y_train=LABELS, x_test=COLOUR, y_test=LABELS))
    assert dataset.train.images.shape[1] == dataset.test.images.shape[1] == 3
    assert "grey images were repeated" in " ".join(dataset.notices)


CURES = {
    "four channels last": RANDOM.integers(0, 256, (12, 8, 8, 4), dtype=np.uint8),
    "four channels first": RANDOM.integers(0, 256, (12, 4, 8, 8), dtype=np.uint8),
    "two channels last": RANDOM.integers(0, 256, (12, 8, 8, 2), dtype=np.uint8),
    "two channels first": RANDOM.integers(0, 256, (12, 2, 8, 8), dtype=np.uint8),
    "rows": GREY.reshape(12, 64),
    "rows of colour": COLOUR.transpose(0, 3, 1, 2).reshape(12, 192),
    "images last": COLOUR.transpose(1, 2, 3, 0),
}


@pytest.mark.parametrize("case", CURES)
def test_every_cure_works(tmp_path: Path, case: str) -> None:
    images = CURES[case]
    with pytest.raises(CondganError, match="save ") as caught:
        read(save(tmp_path / "a.npz", images=images, labels=LABELS))
    expression = str(caught.value).partition("save ")[2].partition(" if ")[0].partition(" to ")[0]
    cured = eval(expression, {"images": images})
    dataset = read(save(tmp_path / "cured.npz", images=cured, labels=LABELS))
    assert sum(map(len, dataset.splits.values())) == 12
    if case == "images last":
        assert np.array_equal(cured, COLOUR)
    if case == "rows of colour":
        assert np.array_equal(cured, COLOUR.transpose(0, 3, 1, 2))


def test_the_cure_of_several_labels_works(tmp_path: Path) -> None:
    labels = RANDOM.integers(0, 2, (12, 5)) + np.eye(1, 5, dtype=int)
    with pytest.raises(CondganError, match=r"save labels\[:, 0\]"):
        read(save(tmp_path / "a.npz", images=GREY, labels=labels))
    assert read(save(tmp_path / "a.npz", images=GREY, labels=labels[:, 0])).class_names == ("1", "2")


@pytest.mark.parametrize("images", [GREY // 255, GREY > 3, GREY / 255, GREY / 127.5 - 1, GREY.astype(np.uint16) * 257])
def test_ranges_are_read_by_content(tmp_path: Path, images: np.ndarray) -> None:
    images[0, 0, :2] = images.min(), images.max()
    dataset = read(save(tmp_path / "a.npz", images=images, labels=LABELS))
    found = np.concatenate([split.images for split in dataset.splits.values()])
    assert (found.min(), found.max()) == (0, 255)
    assert "pixels " in dataset.notices[0]


def test_recipes_of_old_formats_read_as_they_did(tmp_path: Path) -> None:
    dark, old = GREY // 200, {"reading": 1}
    path = save(tmp_path / "a.npz", images=dark, labels=LABELS, x_train=GREY, test_images=GREY, test_labels=LABELS)
    assert np.array_equal(everything(read(path, **old))[0], everything(read(path, **old))[0])
    assert sorted(image.tobytes() for image in everything(read(path, **old))[0]) == sorted(i.tobytes() for i in dark)
    with pytest.raises(CondganError, match="images are float64, expected uint8"):
        read(save(tmp_path / "b.npz", images=GREY / 255, labels=LABELS), **old)


@pytest.mark.parametrize("bits", [0x7FF8000000000000, 0x7FF0000000000001, 0xFFF0000000000001])
def test_one_hot_labels_with_any_nan_are_refused(bits: int, tmp_path: Path) -> None:
    """A signalling one makes numpy warn where it is taken for a truth value."""
    labels = np.eye(3)[np.arange(6) % 3]
    labels.view(np.uint64)[4, 1] = bits
    path = save(tmp_path / "a.npz", images=np.arange(6 * 64, dtype=np.uint8).reshape(6, 8, 8), labels=labels)
    with pytest.raises(CondganError, match="row 4 is not one-hot"):
        read(path)
