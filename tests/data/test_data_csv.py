"""Tables of pixels are the images that they were written from, wherever the label stands."""

import contextlib
import csv
import gzip
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.data import load
from condgan.data.readers import csv_lines, csv_pixels, of
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(4)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8), dtype=np.uint8)
IMAGES[:, 0, 0] = IMAGES[:, -1, -1] = 0  # as the corners of digits
LABELS = np.arange(60) % 3


def write(
    path: Path, images: np.ndarray, labels: Sequence[Any], place: int = 0, header: Any = None, delimiter: str = ","
) -> Path:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter)
        if header:
            writer.writerow(header)
        for image, label in zip(images.reshape(len(images), -1).tolist(), labels, strict=True):
            image.insert(place if place >= 0 else len(image), label)
            writer.writerow(image)
    return path


def read(path: Path) -> Any:
    return load(Data(source=str(path), size=8))


def pixels(count: int) -> list[str]:
    return [f"pixel{number}" for number in range(count)]


def check(dataset: Any, images: np.ndarray, names: Sequence[str]) -> None:
    expected = {image.tobytes(): name for image, name in zip(images, names, strict=True)}
    found = {
        image.tobytes(): dataset.class_names[label]
        for split in dataset.splits.values()
        for image, label in zip(split.images, split.labels, strict=True)
    }
    assert found == expected


@pytest.mark.parametrize("place", [0, -1, 5])
@pytest.mark.parametrize("headed", [True, False])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_a_label_first_last_or_named(tmp_path: Path, place: int, headed: bool, name: str) -> None:
    header = pixels(64)
    header.insert(place if place >= 0 else 64, "Label")
    if place == 5 and not headed:
        return
    path = write(tmp_path / name, IMAGES, LABELS, place, header if headed else None, "\t" if "tsv" in name else ",")
    dataset = read(path)
    check(dataset, IMAGES[:, None], [str(label) for label in LABELS])
    assert dataset.name == "a"
    assert "8x8" in dataset.how


@pytest.mark.parametrize("place", [0, -1])
def test_colour_floats_and_text(tmp_path: Path, place: int) -> None:
    images = RANDOM.integers(0, 256, (60, 3, 8, 8), dtype=np.uint8)
    labels = [["cat", "ant", "bee"][label] for label in LABELS]
    dataset = read(write(tmp_path / "a.csv", images / 255, labels, place))
    check(dataset, images, labels)
    assert "0..1" in dataset.notices[0]


def test_numbered_columns_are_a_header(tmp_path: Path) -> None:
    dataset = read(write(tmp_path / "a.csv", IMAGES, LABELS, 0, range(65)))
    assert sum(map(len, dataset.splits.values())) == 60


def test_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = read(write(tmp_path / "a.csv", IMAGES, LABELS))
    monkeypatch.setattr(csv_pixels, "BLOCK", 65 * 7)
    assert read(tmp_path / "a.csv").sha256 == expected.sha256


def test_a_spreadsheet_s_mark_and_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", IMAGES, LABELS, 0, ["label", *pixels(64)], ";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n\n")
    check(read(path), IMAGES[:, None], [str(label) for label in LABELS])


def test_two_noisy_ends_are_asked_about(tmp_path: Path) -> None:
    noise = RANDOM.integers(0, 3, (60, 8, 8), dtype=np.uint8) * 100
    with pytest.raises(CondganError, match="add a first row that names it"):
        read(write(tmp_path / "a.csv", noise, LABELS))
    check(
        read(write(tmp_path / "a.csv", noise, LABELS, 0, ["label", *pixels(64)])),
        noise[:, None],
        [str(label) for label in LABELS],
    )


def row(count: int, text: str = "7") -> str:
    return ",".join([text] * count)


BAD = {
    "no labels": ("\n".join([",".join(pixels(64)), row(64)]), "all of them pixels, and no labels"),
    "no labels, no names": (row(64) + "\n" + row(64), "all of them pixels, and no labels"),
    "no square": (row(71) + "\n" + row(71), "70 columns beside the labels"),
    "two of labels": (",".join(["label", "y", *pixels(64)]) + "\n" + row(66), "has columns label and y"),
    "short": (row(65) + "\n" + row(64), "row 2 has 64 columns, expected 65"),
    "words": (row(65) + "\n" + row(64) + ",x\n" + row(3, "q") + "," + row(62), 'row 2 has "x" among its pixels'),
    "only names": (",".join(["label", *pixels(64)]), "no rows below its header"),
    "no label": ("label," + ",".join(pixels(64)) + "\n," + row(64), "row 2 has no label"),
    "nearly black": ("label," + ",".join(pixels(64)) + "\n" + row(64) + ",5", "nearly black"),
    "not a number": ("label," + ",".join(pixels(64)) + "\n" + row(64) + ",nan", "NaN"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables(tmp_path: Path, case: str) -> None:
    text, says = BAD[case]
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(CondganError, match=says) as caught:
        read(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


WIDE = {
    "one line": b"1," * (30 << 20),
    "below a row": b"1," * 16 + b"1\n" + b"1," * (30 << 20),
    "a line break in each thousandth cell": b'1,"\n' + (b'",' + b"1," * 1000 + b'"\n') * (30 << 10),
}


@pytest.mark.parametrize("case", WIDE)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_a_row_wider_than_any_image_is_refused_before_it_is_held(tmp_path: Path, name: str, case: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(WIDE[case], 1) if name.endswith("gz") else WIDE[case])
    tracemalloc.start()
    try:
        with pytest.raises(CondganError, match=r"a row of more than 3145729 columns") as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 16 * csv_lines.WIDEST  # bytes: a pointer to each of the cells that a row may have, and its text


def test_cells_longer_than_any_number_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "LONGEST", 3 << 20)
    (tmp_path / "a.csv").write_text(",".join(["0" * 100_000] * 65))
    with pytest.raises(CondganError, match="a row of more than 3 MiB"):
        read(tmp_path / "a.csv")


def test_rows_are_bounded_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", IMAGES, LABELS, 0, ["label", *pixels(64)])
    expected = read(path).sha256
    monkeypatch.setattr(csv_lines, "PIECE", 10)
    monkeypatch.setattr(csv_lines, "WIDEST", 65)
    monkeypatch.setattr(csv_lines, "LONGEST", max(map(len, path.read_bytes().splitlines(keepends=True))))
    assert read(path).sha256 == expected
    monkeypatch.setattr(csv_lines, "WIDEST", 64)
    with pytest.raises(CondganError, match="a row of more than 64 columns"):
        read(path)


def test_a_table_of_something_else_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,label\na.png,cat\n")
    assert of(tmp_path / "a.csv") is None
    (tmp_path / "b.csv").write_bytes(gzip.compress(b"x" * 1000)[:-9])
    assert of(tmp_path / "b.csv") is None


@given(st.sampled_from(["a.csv", "a.csv.gz"]), st.data())
@settings(max_examples=150)
def test_changed_bytes_give_a_dataset_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.getbasetemp() / name, IMAGES[:6], LABELS[:6], 0, ["label", *pixels(64)])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with contextlib.suppress(CondganError):
        csv_pixels.read(path, "a", Data(size=8))
