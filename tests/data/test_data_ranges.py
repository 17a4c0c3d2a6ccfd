"""Pixel ranges: every usual form of the same pictures is read as the same bytes, and every proposed cure works."""

import contextlib
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from condgan.data import memory
from condgan.data.ranges import full_scale, to_bytes
from condgan.errors import CondganError

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
PICTURES[0, 0, :2] = 0, 255
TWO = PICTURES > 127


def read(images: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    found, notices = to_bytes({"train": images.copy(order="K")}, "it")
    assert found["train"].dtype == np.uint8
    return found["train"], notices


FORMS: dict[str, tuple[np.ndarray, np.ndarray, str]] = {
    "bool": (TWO, TWO * np.uint8(255), "0 or 1"),
    "zero and one": (TWO.astype(np.uint8), TWO * np.uint8(255), "0 or 1"),
    "zero and one, floats": (TWO.astype(np.float32), TWO * np.uint8(255), "0 or 1"),
    "unit": (PICTURES / 255, PICTURES, "0..1 and were multiplied by 255"),
    "unit, single": ((PICTURES / 255).astype(np.float32), PICTURES, "0..1"),
    "unit, half": ((PICTURES / 255).astype(np.float16), PICTURES, "0..1"),
    "unit, a little beyond": (PICTURES / 255 * 1.0001 - 1e-5, PICTURES, "0..1"),
    "symmetric": ((PICTURES / 127.5 - 1).astype(np.float32), PICTURES, "-1..1"),
    "symmetric whole": (TWO * 2 - 1, TWO * np.uint8(255), "-1..1"),
    "bytes": (PICTURES, PICTURES, ""),
    "bytes, wide": (PICTURES.astype(np.int64), PICTURES, ""),
    "bytes, floats": (PICTURES.astype(np.float32), PICTURES, ""),
    "bytes, not whole": (PICTURES + np.random.default_rng(1).uniform(-0.0009, 0.0009, PICTURES.shape), PICTURES, "rou"),
    "16 bits": (PICTURES.astype(np.uint16) * 257, PICTURES, "16 bits"),
    "int8": ((PICTURES.astype(int) - 128).astype(np.int8), PICTURES, "128 was added"),
    "big endian": (PICTURES.astype(">u2") * 257, PICTURES, "16 bits"),
    "columns first": (np.asfortranarray(PICTURES / 255), PICTURES, "0..1"),
    "strided": ((PICTURES / 255)[:, ::-1][:, ::-1].transpose(0, 2, 1), PICTURES.transpose(0, 2, 1), "0..1"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_usual_form(form: str) -> None:
    images, expected, says = FORMS[form]
    found, notices = read(images)
    assert np.array_equal(found, expected)
    assert says in " ".join(notices)
    assert bool(notices) == bool(says)


@pytest.mark.parametrize(("bits", "most"), [(10, 256), (10, 1023), (12, 1024), (12, 4000), (14, 4096), (16, 65535)])
def test_deep_images_have_the_smallest_scale_that_contains_them(bits: int, most: int) -> None:
    images = np.linspace(0, most, 640).astype(np.uint16).reshape(10, 8, 8)
    found, (notice,) = read(images)
    assert full_scale(most) == 2**bits - 1
    assert f"{bits} bits" in notice
    assert np.abs(found - images * (255 / (2**bits - 1))).max() <= 0.5


def test_digits_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    images = load_digits().images
    found, (notice,) = read(images)
    assert "0..16" in notice
    assert np.array_equal(found, np.rint(images * (255 / 16)).astype(np.uint8))


def test_one_rule_for_all_splits() -> None:
    bright, dark = PICTURES / 255, np.full((3, 8, 8), 0.25)
    found, notices = to_bytes({"train": bright, "test": dark}, "it")
    assert (found["test"] == 64).all()
    assert len(notices) == 1


BAD: dict[str, tuple[np.ndarray, str]] = {
    "nearly black": (PICTURES // 50, "nearly black"),
    "nearly black floats": (PICTURES / 255 / 255, "nearly black"),
    "nearly black signed": (PICTURES / 2550 - 1, "nearly black"),
    "standardised": (PICTURES / 100 - 1.3, "pixels lie in -1.3..1.25, expected"),
    "negative": (PICTURES.astype(np.int16) - 100, "pixels lie in -100..155"),
    "enormous": (PICTURES.astype(np.int64) * 10**9, "expected"),
    "fractions": (PICTURES * 1.7, "expected"),
    "nan": (np.where(np.arange(20)[:, None, None] == 3, np.nan, PICTURES), "NaN"),
    "infinite": (np.where(np.arange(20)[:, None, None] == 3, -np.inf, PICTURES), "NaN"),
}


@pytest.mark.parametrize("form", BAD)
def test_every_cure_works(form: str) -> None:
    """The expression that the message proposes is executed as it stands, and what it gives is read."""
    images, says = BAD[form]
    with pytest.raises(CondganError, match=says) as caught:
        read(images)
    assert "\n" not in str(caught.value)
    cure = str(caught.value).rpartition(": save ")[2] or str(caught.value)
    names: dict[str, Any] = {"numpy": np, "images": images, "labels": np.arange(len(images))}
    if "keep = " in cure:
        statement, first, second = re.fullmatch(r".*(keep = .*), then (.*) and (.*)", cure).groups()  # type: ignore[union-attr]
        exec(statement, names)
        cured, labels = eval(first, names), eval(second, names)
        assert len(cured) == len(labels) == 19
    else:
        statement, expression = cure.split(", then ")
        exec(statement, names)
        cured = eval(expression, names)
        assert (cured.min(), cured.max()) == (0, 255)
    read(cured)


@pytest.mark.parametrize("images", [np.zeros((3, 8, 8)), np.full((3, 8, 8), 7), np.ones((3, 8, 8), bool)])
def test_equal_pixels_are_refused(images: np.ndarray) -> None:
    with pytest.raises(CondganError, match="all pixels are"):
        read(images)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_equal_bytes_are_read_with_a_word(value: int) -> None:
    found, (notice,) = read(np.full((3, 8, 8), value, np.uint8))
    assert (found == value).all()
    assert f"all pixels are {value}: nothing can be learnt" in notice


@pytest.mark.parametrize("dtype", [complex, "U3", "S3", "M8[s]", "V4"])
def test_what_is_no_number(dtype: str) -> None:
    with pytest.raises(CondganError, match="expected numbers"):
        read(np.zeros((3, 8, 8), dtype))


numbers = st.one_of(hnp.boolean_dtypes(), hnp.integer_dtypes(endianness="?"), hnp.floating_dtypes(endianness="?"))


@given(st.data())
def test_any_numbers_give_bytes_in_the_same_order_or_one_line(data: st.DataObject) -> None:
    images = data.draw(hnp.arrays(data.draw(numbers), (3, 4, 5)))
    with contextlib.suppress(CondganError):
        found, _ = read(images)
        order = np.argsort(images.reshape(-1), kind="stable")
        assert (np.diff(found.reshape(-1)[order].astype(int)) >= 0).all()


@given(hnp.arrays(np.uint8, (4, 5, 5)))
def test_bytes_stay_as_they_are(images: np.ndarray) -> None:
    images[0, 0, :2] = 0, 32
    assert np.array_equal(read(images)[0], images)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("dtype", "top"), [("bool", 1), ("uint8", 1), ("float32", 1), ("float64", 255)])
def test_memory_never_contains_the_pixels_twice(dtype: str, top: int) -> None:
    watched = """
import sys, resource
import numpy as np
from condgan.data.ranges import to_bytes
images = np.zeros((60_000, 28, 28), sys.argv[1])
images[:, ::2] = int(sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
to_bytes({"train": images}, "it")
print(images.size, images.nbytes, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
    done = subprocess.run([sys.executable, "-c", watched, dtype, str(top)], capture_output=True, text=True, check=True)
    pixels, size, grown = map(int, done.stdout.split())
    result = 0 if pixels == size else pixels
    assert grown < result + 40e6


def test_large_results_lie_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAPPED", 1)
    assert isinstance(read(PICTURES / 255)[0], np.memmap)
