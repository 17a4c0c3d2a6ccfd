"""Vectors and vector conditions from archives: as they are, split without classes, refused where they are none."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import Dataset, Split, load
from condgan.data.readers.npz import read_conditions
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(0)
COUNT = 60
VECTORS = RANDOM.normal(size=(COUNT, 4)).astype(np.float32)
CONDITIONS = RANDOM.normal(size=(COUNT, 3)).astype(np.float32)
IMAGES = RANDOM.integers(0, 256, (COUNT, 8, 8), dtype=np.uint8)
LABELS = np.arange(COUNT) % 3


def read(path: Path, seed: int = 0, **arrays: Any) -> Dataset:
    """The dataset that arrays are saved as."""
    np.savez(path / "a.npz", **arrays)
    return load(Data(source=str(path / "a.npz"), size=8, split_seed=seed))


def pairs(dataset: Dataset) -> list[tuple[bytes, bytes]]:
    """What is made and what for, of every split in turn, as it lies in memory."""
    return [
        (made.tobytes(), asked.tobytes())
        for split in dataset.splits.values()
        for made, asked in zip(split.images, split.labels, strict=True)
    ]


@pytest.mark.parametrize(
    ("arrays", "kind", "made", "asked", "rule"),
    [
        ({"images": IMAGES, "conditions": CONDITIONS}, "images with vector conditions", IMAGES, CONDITIONS, "train"),
        (
            {"vectors": VECTORS, "labels": LABELS},
            "vectors with classes",
            VECTORS,
            LABELS.astype(np.int64),
            "every class of train",
        ),
        (
            {"vectors": VECTORS, "conditions": CONDITIONS},
            "vectors with vector conditions",
            VECTORS,
            CONDITIONS,
            "train",
        ),
    ],
)
def test_each_row_keeps_its_condition_and_lies_in_one_split(
    tmp_path: Path, arrays: dict[str, Any], kind: str, made: Any, asked: Any, rule: str
) -> None:
    dataset = read(tmp_path, **arrays)
    assert [len(split) for split in dataset.splits.values()] == [48, 6, 6]
    assert sorted(pairs(dataset)) == sorted((a.tobytes(), b.tobytes()) for a, b in zip(made, asked, strict=True))
    assert dataset.split_rule == f"validation and test are each 10 % of {rule}, drawn with seed 0"
    assert {split.modality for split in dataset.splits.values()} == {kind}
    assert dataset.notices == ()
    assert np.shares_memory(dataset.trained_on(Data(train_on="train+validation")).images, dataset.train.images)
    domain = dataset.domain()
    assert domain.shape == ((1, 8, 8) if "images" in arrays else (4,))
    assert (domain.condition, domain.classes) == ((None, 3) if "labels" in arrays else (3, 0))
    assert domain.data_sha256 == dataset.sha256


def test_the_seed_draws_the_splits(tmp_path: Path) -> None:
    arrays = {"vectors": VECTORS, "conditions": CONDITIONS}
    first, again, other = (read(tmp_path, seed, **arrays) for seed in (0, 0, 1))
    assert pairs(first) == pairs(again)
    assert sorted(pairs(first)) == sorted(pairs(other))
    assert pairs(first) != pairs(other)


def test_few_rows_stay_in_train_and_that_is_said(tmp_path: Path) -> None:
    dataset = read(tmp_path, vectors=VECTORS[:2], conditions=CONDITIONS[:2])
    assert [len(split) for split in dataset.splits.values()] == [2, 0, 0]
    assert dataset.notices == ("a has fewer than 3 images: all of them are in train",)


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8", ">f8"])
def test_floats_of_any_precision(tmp_path: Path, dtype: str) -> None:
    values = np.asfortranarray(VECTORS.astype(np.float16).astype(dtype))  # numbers that all of them hold
    dataset = read(tmp_path, vectors=values, conditions=values[:, :2])
    assert dataset.train.images.dtype == dataset.train.labels.dtype == np.float32
    assert sorted(pairs(dataset)) == sorted((row.tobytes(), row[:2].tobytes()) for row in values.astype(np.float32))


def test_the_hash_covers_every_number(tmp_path: Path) -> None:
    arrays = {"vectors": VECTORS, "conditions": CONDITIONS}
    seen = {read(tmp_path, **arrays).sha256}
    assert read(tmp_path, **arrays).sha256 in seen
    for name in arrays:
        changed = arrays[name].copy()
        changed[-1, -1] = np.nextafter(changed[-1, -1], np.float32(9))
        seen.add(read(tmp_path, **arrays | {name: changed}).sha256)
    seen.add(read(tmp_path, vectors=VECTORS, labels=LABELS).sha256)
    seen.add(read(tmp_path, vectors=CONDITIONS, conditions=VECTORS).sha256)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("scale", "shift", "said"), [(1, 100, False), (0.2, 0, False), (5, 0, False), (20, 0, True), (0.05, 0, True)]
)
def test_numbers_far_from_a_standard_deviation_of_1_are_told(
    tmp_path: Path, scale: float, shift: float, said: bool
) -> None:
    dataset = read(tmp_path, vectors=VECTORS, conditions=CONDITIONS * scale + shift)
    assert np.abs(dataset.train.labels).max() > 1.5 * scale  # as they are
    assert [note.split()[0] for note in dataset.notices] == ["conditions"] * said
    if said:
        assert "standard deviation" in dataset.notices[0]


FLOATS: dict[str, tuple[Any, str]] = {
    "ints": (np.ones((COUNT, 3), int), "are int64, expected floats: give them as numpy.float32"),
    "pixels": (np.ones((COUNT, 3), np.uint8), "are uint8"),
    "bools": (np.ones((COUNT, 3), bool), "are bool"),
    "complex": (np.ones((COUNT, 3), complex), "are complex128"),
    "text": (np.full((COUNT, 3), "1.5"), "expected floats"),
    "objects": (np.array([[None]] * COUNT), "Python objects"),
    "scalar": (np.float32(3), r"shape \(\)"),
    "flat": (np.ones(COUNT), r"shape \(60,\), expected \(N, V\) .*one row for each"),
    "deep": (np.ones((COUNT, 2, 2)), r"shape \(60, 2, 2\)"),
    "no rows": (np.ones((0, 3)), r"shape \(0, 3\)"),
    "no columns": (np.ones((COUNT, 0)), r"shape \(60, 0\)"),
    "too wide": (np.ones((2, 65_537), np.float16), "length 65537, expected at most 65536"),
    "nan": (np.where(np.arange(3 * COUNT).reshape(COUNT, 3) == 17, np.nan, 1.0), "NaN or infinite .*, first in row 5"),
    "infinite": (np.full((COUNT, 3), -np.inf), "first in row 0"),
    "beyond float32": (np.full((COUNT, 3), 1e39), "first in row 0"),
    "lengths": (np.ones((COUNT - 1, 3)), "59|60"),
}  # fmt: skip


@pytest.mark.parametrize("key", ["vectors", "conditions"])
@pytest.mark.parametrize("case", FLOATS)
def test_what_are_no_vectors(tmp_path: Path, key: str, case: str) -> None:
    values, says = FLOATS[case]
    other = {"conditions": CONDITIONS} if key == "vectors" else {"images": IMAGES}
    with pytest.raises(CondganError, match=says) as caught:
        read(tmp_path, **{key: values}, **other)
    assert key in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"vectors": VECTORS}, "its arrays are: vectors .vectors may stand for images, and conditions for labels"),
        ({"conditions": CONDITIONS}, "its arrays are: conditions"),
        ({"images": IMAGES, "vectors": VECTORS, "labels": LABELS}, "holds images and vectors: expected one of them"),
        ({"images": IMAGES, "labels": LABELS, "conditions": CONDITIONS}, "holds labels and conditions"),
        (
            {"vectors": VECTORS, "conditions": CONDITIONS, "class_names": np.array(["a"])},
            "class_names, which conditions have not",
        ),
        ({"vectors": VECTORS, "conditions": CONDITIONS[:9]}, "60 vectors but 9 conditions: expected one cond"),
        ({"images": IMAGES[:9], "conditions": CONDITIONS}, "9 images but 60 conditions"),
        ({"vectors": VECTORS, "labels": LABELS[:9]}, "60 vectors but 9 labels: expected one label for each vector"),
        ({"vectors": VECTORS, "labels": LABELS[:0]}, "60 vectors but 0 labels"),
        ({"vectors": VECTORS, "labels": np.eye(3)[LABELS] / 2}, "row 0 is not one-hot"),
    ],
)  # fmt: skip
def test_archives_that_are_no_dataset(tmp_path: Path, arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(CondganError, match=says) as caught:
        read(tmp_path, **arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (VECTORS.astype(np.float64), LABELS, "vectors are float64"),
        (VECTORS[:, :0], LABELS, r"vectors are float32 \(60, 0\)"),
        (VECTORS, CONDITIONS[:9], r"conditions are float32 \(9, 3\), expected float32 \(60, "),
        (VECTORS, LABELS[:, None], "conditions are int64"),
        (VECTORS, LABELS[:9], r"labels are int64 \(9,\)"),
    ],
)
def test_a_split_refuses_other_arrays(images: Any, labels: Any, says: str) -> None:
    with pytest.raises(CondganError, match=says):
        Split(images, labels)


@pytest.mark.parametrize(
    ("names", "validation", "says"),
    [
        (("a",), Split(VECTORS, CONDITIONS), "vector conditions and class names"),
        ((), Split(VECTORS[:, :2], CONDITIONS), "images of validation"),
        ((), Split(VECTORS, CONDITIONS[:, :2]), "conditions of validation"),
        ((), Split(VECTORS, LABELS.astype(np.int64)), "conditions of validation"),
    ],
)
def test_a_dataset_refuses_what_does_not_belong_together(names: Any, validation: Split, says: str) -> None:
    with pytest.raises(CondganError, match=says):
        Dataset("toy", names, Split(VECTORS, CONDITIONS), validation, Split(VECTORS[:0], CONDITIONS[:0]), "by hand")


# Conditions that a generator is asked for


def archives() -> list[bytes]:
    """The conditions as an .npz, compressed or not, and as an .npy."""
    contents = []
    for write in (np.savez, np.savez_compressed, lambda stream, conditions: np.save(stream, conditions)):
        stream = io.BytesIO()
        write(stream, conditions=CONDITIONS)
        contents.append(stream.getvalue())
    return contents


@pytest.mark.parametrize("content", archives())
def test_conditions_are_read_in_their_order(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)  # by what it is, not by what it is called
    found = read_conditions(tmp_path / "a", 3)
    assert found.dtype == np.float32
    assert found.tobytes() == CONDITIONS.tobytes()
    with pytest.raises(CondganError, match=r"a: conditions have shape \(60, 3\), expected \(N, 4\)"):
        read_conditions(tmp_path / "a", 4)


@given(st.sampled_from(archives()), st.data())
@settings(max_examples=200)
def test_damaged_conditions_give_conditions_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, data: st.DataObject
) -> None:
    changed = bytearray(content[: data.draw(st.integers(0, len(content)))])
    for _ in range(data.draw(st.integers(0, 3)) if changed else 0):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed"
    path.write_bytes(changed)
    with contextlib.suppress(CondganError):
        assert np.isfinite(read_conditions(path, 3)).all()


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 3)}", "declares float32"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3)}", r"damaged or not an \.npy file"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1, 3)}", "Python objects"),
        ("{}", "damaged"),
    ],
)
def test_hostile_headers(tmp_path: Path, header: str, says: str) -> None:
    text = header.encode() + b"\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(12))
    with pytest.raises(CondganError, match=says):
        read_conditions(tmp_path / "a.npy", 3)


@pytest.mark.parametrize(("name", "says"), [("nowhere.npz", "No such file"), (".", "Is a directory")])
def test_no_file_of_conditions(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(CondganError, match=f"cannot be read: {says}"):
        read_conditions(tmp_path / name, 3)


def test_an_archive_without_conditions(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", condition=CONDITIONS)
    with pytest.raises(CondganError, match=r"needs an array conditions; its arrays are: condition$"):
        read_conditions(tmp_path / "a.npz", 3)
