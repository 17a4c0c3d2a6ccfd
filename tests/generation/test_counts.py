"""Datasets with any number of each class."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from condgan.errors import CondganError
from condgan.generation import counts
from condgan.recipe import Domain, builtin

RECIPE = builtin.get("cgan-lsgan", [])


def domain(*names: str) -> Domain:
    return Domain(channels=1, size=8, class_names=names, data="x", data_sha256="0" * 64)


ANIMALS = domain("cat", "dog", "polar bear", "a,b", "x=y")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat=500,dog=20", [500, 20, 0, 0, 0]),
        (" dog=20 , cat=500 ", [500, 20, 0, 0, 0]),
        ("polar bear=1", [0, 0, 1, 0, 0]),
        ("a,b=7,cat=2", [2, 0, 0, 7, 0]),
        ("x=y=3", [0, 0, 0, 0, 3]),
        ("cat=1000000000", [1_000_000_000, 0, 0, 0, 0]),
    ],
)
def test_counts_are_parsed(text: str, expected: list[int]) -> None:
    assert counts.parse(text, ANIMALS).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "counts='': expected as cat=500"),
        ("cat", "expected as cat=500"),
        ("cat=", "expected as cat=500"),
        ("cat=5,dog", "expected as cat=500"),
        ("cat=-5", "expected as cat=500"),
        ("cat=1.5", "expected as cat=500"),
        ("cat=0", "counts=0: expected 1 to"),
        ("cat=1000000001", "expected 1 to 1000000000"),
        ("cat=" + "9" * 5000, "expected 1 to 1000000000"),
        ("cat=1,cat=2", '"cat" is named twice'),
        ("cta=1", r'no class "cta" \(did you mean "cat"\?\)'),
        ("1=1", "`index` takes positions"),
        ("=5", 'no class ""'),
    ],
)
def test_bad_counts_are_refused(text: str, message: str) -> None:
    with pytest.raises(CondganError, match=message):
        counts.parse(text, ANIMALS)


def test_names_in_another_unicode_form_are_equal() -> None:
    assert counts.parse("cafe\u0301=3", domain("dog", "caf\u00e9")).tolist() == [0, 3]


def test_too_many_images_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(CondganError, match="expected at most 1000000000"):
        counts.check_total("x", np.full(4, 1_000_000_000))


def dataset(path: Path, count: dict[str, int]) -> Path:
    names = list(count)
    labels = np.repeat(np.arange(len(names)), list(count.values()))
    images = np.random.default_rng(1).integers(0, 256, (len(labels), 8, 8), dtype=np.uint8)
    np.savez(path, images=images, labels=labels, class_names=np.array(names))
    return path


def test_what_a_dataset_lacks(tmp_path: Path) -> None:
    of = domain("dog", "cat", "cafe\u0301", "other")
    path = dataset(tmp_path / "own.npz", {"cat": 40, "caf\u00e9": 3, "dog": 13, "bird": 35})
    lacks, words = counts.lacking(path, RECIPE, of)
    assert lacks.tolist() == [27, 0, 37, 0]
    assert words == (
        f"{path} has cat=40, caf\u00e9=3, dog=13, bird=35: each class is filled up to 40; "
        "this generator has no class bird (lacks 5)"
    )


def test_folders_are_counted_without_a_test_split_of_their_own(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, count in {"train/cat": 12, "train/dog": 4, "test/cat": 2, "test/dog": 9}.items():
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(count):
            pixels = random.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "own" / name / f"{number}.png")
    assert counts.lacking(tmp_path / "own", RECIPE, domain("cat", "dog"))[0].tolist() == [0, 8]


def test_a_dataset_that_lacks_nothing_or_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    even = dataset(tmp_path / "even.npz", {"cat": 9, "dog": 9})
    with pytest.raises(CondganError, match="is balanced: each class has 9 images"):
        counts.lacking(even, RECIPE, ANIMALS)
    other = dataset(tmp_path / "other.npz", {"cow": 9, "hen": 4})
    with pytest.raises(CondganError, match=r"no class that lacks images is known to this generator: hen \(lacks 5\)"):
        counts.lacking(other, RECIPE, ANIMALS)
    with pytest.raises(CondganError, match="no such path"):
        counts.lacking(tmp_path / "none", RECIPE, ANIMALS)
