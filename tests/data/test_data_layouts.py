"""Labels are read where people keep them, and what is doubtful is refused with the reading that it suggests."""

import contextlib
import csv
import json
import os
import re
import shlex
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from condgan.data import Dataset, load
from condgan.data.readers.names import Pattern, evident, split_of, tidy
from condgan.errors import CondganError
from condgan.recipe import Data
from condgan.recipe.text import override_section

KINDS = ("cat", "dog", "bee")


def picture(number: int) -> Image.Image:
    """One that no other number has."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8))


def put(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(number).save(path)


def read(path: Path, *overrides: str) -> Dataset:
    return load(override_section("data", Data(source=str(path), size=8), overrides))


def refused(path: Path, says: str, *overrides: str) -> str:
    with pytest.raises(CondganError, match=says) as caught:
        read(path, *overrides)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def counts(dataset: Dataset) -> dict[str, int]:
    totals = sum(np.bincount(split.labels, minlength=len(dataset.class_names)) for split in dataset.splits.values())
    return dict(zip(dataset.class_names, totals.tolist(), strict=True))


def test_images_of_test_are_recognised() -> None:
    """That tests below may identify an image by its pixels."""
    assert len({picture(number).tobytes() for number in range(200)}) == 200


# Split folders


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("training", "valid", "testing"), ("Train", "VAL", "Test"), ("train_set", "val_set", "test_set"),
     ("train-images", "dev", "eval"), ("TRAIN", "Validation", "evaluation")],
)  # fmt: skip
def test_split_folders_under_usual_names(train: str, validation: str, test: str, tmp_path: Path) -> None:
    number = 0
    for split, count in ((train, 10), (validation, 3), (test, 4)):
        for kind in KINDS:
            for _ in range(count):
                put(tmp_path / split / kind / f"{number}.png", number)
                number += 1
    for litter in ("__MACOSX/._x", f"{train}/@eaDir/0.png", f"{train}/cat/Thumbs.db", ".DS_Store"):
        (tmp_path / litter).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / litter).write_bytes(b"x")
    dataset = read(tmp_path)
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 30, "validation": 9, "test": 12}
    assert dataset.drawn == ()
    assert sum(dataset.skipped.values()) == 4
    assert counts(dataset) == {"bee": 17, "cat": 17, "dog": 17}


def test_split_names_with_images_in_them_are_no_classes(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / ("train" if number < 9 else "test") / f"{number:05d}.png", number)
    refused(tmp_path, "test, train are names of splits, not of classes")
    assert read(tmp_path, "data.label_from={class}/*").class_names == ("test", "train")


def test_a_class_may_have_the_name_of_a_split(tmp_path: Path) -> None:
    for number, kind in enumerate(("bus", "car", "train") * 5):
        put(tmp_path / kind / f"{number}.png", number)
    assert counts(read(tmp_path)) == {"bus": 5, "car": 5, "train": 5}


def test_splits_joined_with_classes_are_refused(tmp_path: Path) -> None:
    for number, folder in enumerate(("trainA", "trainB", "testA", "testB") * 4):
        put(tmp_path / folder / f"{number}.png", number)
    refused(tmp_path, "look like splits joined with classes: move the images to train/CLASS")


def test_split_folders_in_class_folders(tmp_path: Path) -> None:
    for number in range(24):
        put(tmp_path / KINDS[number % 3] / ("train" if number < 15 else "test") / f"{number}.png", number)
    dataset = read(tmp_path)
    assert len(dataset.test) == 9
    assert counts(dataset) == {"bee": 8, "cat": 8, "dog": 8}


def test_one_level_too_deep_and_one_too_high(tmp_path: Path) -> None:
    for number in range(24):
        for name in ("a", "b"):
            put(
                tmp_path
                / "all"
                / name
                / ("training" if number < 15 else "testing")
                / str(number % 3)
                / f"{number}.png",
                number,
            )
    assert counts(read(tmp_path / "all" / "a")) == {"0": 8, "1": 8, "2": 8}
    refused(tmp_path / "all", r"has several datasets: a, b: give the path of one, as .*all/a")
    refused(tmp_path, r"several datasets: a, b")
    (tmp_path / "all" / "b").rename(tmp_path / "b")
    assert len(read(tmp_path / "all").test) == 9


# Storage


@pytest.mark.parametrize("restart", [False, True])
def test_numbered_folders_are_classes_unless_their_files_run_on(restart: bool, tmp_path: Path) -> None:
    for number in range(30):
        name = f"{number % 10 if restart else number:08d}.png"
        put(tmp_path / f"{number // 10:05d}" / name, number)
    if restart:  # as GTSRB has them
        assert counts(read(tmp_path)) == {"00000": 10, "00001": 10, "00002": 10}
        return
    refused(tmp_path, "storage, not classes")
    assert counts(read(tmp_path, "data.label_from={class}/*")) == {"00000": 10, "00001": 10, "00002": 10}
    labels = [[f"{number // 10:05d}/{number:08d}.png", number % 3] for number in range(30)]
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
    assert counts(read(tmp_path)) == {"0": 10, "1": 10, "2": 10}


# Tables


def csv_of(path: Path, rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(rows)


TABLES: dict[str, Callable[[Path, list[tuple[str, str]]], None]] = {
    "metadata.csv": lambda path, rows: csv_of(path, [["file_name", "label"], *map(list, rows)]),
    "labels.tsv": lambda path, rows: csv_of(path, [["image", "species"], *map(list, rows)]),
    "no-heading.csv": lambda path, rows: csv_of(path, [list(row) for row in rows]),
    "stems.csv": lambda path, rows: csv_of(path, [["id", "breed"], *[[name[:-4], kind] for name, kind in rows]]),
    "metadata.jsonl": lambda path, rows: path.write_text(
        "\n".join(json.dumps({"file_name": name, "label": kind, "box": [1, 2]}) for name, kind in rows)
    ) and None,
    "labels.json": lambda path, rows: path.write_text(json.dumps(dict(rows))) and None,
    "records.json": lambda path, rows: path.write_text(
        json.dumps([{"path": f"./{name}", "category": kind, "width": 8} for name, kind in rows])
    ) and None,
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_beside_the_images(name: str, tmp_path: Path) -> None:
    for split, count in (("train", 30), ("test", 9)):
        rows = []
        for number in range(count):
            put(tmp_path / split / f"{number:05d}.png", number + 100 * (split == "test"))
            rows.append((f"{number:05d}.png", KINDS[number % 3]))
        TABLES[name](tmp_path / split / name, rows)
    dataset = read(tmp_path)
    assert counts(dataset) == {"bee": 13, "cat": 13, "dog": 13}
    assert len(dataset.test) == 9
    assert name in dataset.how
    held_out = {picture(number + 100).tobytes() for number in range(9)}
    assert {image.tobytes() for image in dataset.test.images} == held_out
    assert not held_out & {image.tobytes() for image in dataset.train.images}
    assert [tuple(KINDS).index(dataset.class_names[label]) for label in dataset.test.labels] == [
        next(n for n in range(9) if picture(n + 100).tobytes() == image.tobytes()) % 3 for image in dataset.test.images
    ]


def test_a_table_with_a_column_of_splits(tmp_path: Path) -> None:
    for number in range(30):
        put(tmp_path / "images" / f"{number}.png", number)
    rows = [[f"images/{number}.png", KINDS[number % 3], ("train", "val", "test")[number // 10]] for number in range(30)]
    csv_of(tmp_path / "labels.csv", [["file", "label", "split"], *rows])
    assert [len(split) for split in read(tmp_path).splits.values()] == [10, 10, 10]


def test_a_table_whose_label_column_is_not_evident(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / f"{number}.png", number)
    rows = [[f"{number}.png", KINDS[number % 3], number % 2] for number in range(12)]
    csv_of(tmp_path / "table.csv", [["file", "animal", "night"], *rows])
    message = refused(tmp_path, "no column called label but animal, night: .* data.label_from=animal")
    proposed = re.search(r"data\.label_from=\S+", message)
    assert proposed is not None
    assert counts(read(tmp_path, proposed[0])) == {"bee": 4, "cat": 4, "dog": 4}
    assert counts(read(tmp_path, "data.label_from=night")) == {"0": 6, "1": 6}
    refused(tmp_path, "has the columns animal, night", "data.label_from=day")


def test_tables_that_do_not_fit(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / f"{number}.png", number)
    csv_of(tmp_path / "labels.csv", [["file", "label"], *[[f"{number}.png", "x"] for number in range(3)]])
    refused(tmp_path, "names 3 of 12 images: complete the table")
    rows = [[f"{number}.png", KINDS[number % 2]] for number in range(14)]
    csv_of(tmp_path / "labels.csv", [["file", "label"], *rows])
    assert read(tmp_path).skipped == {"rows of tables whose image is missing or not read": 2}
    csv_of(tmp_path / "more.csv", [["file", "label"], *[[f"{number}.png", "z"] for number in range(12)]])
    refused(tmp_path, r'is "cat" in one row and "z" in another')


def test_a_table_that_names_no_image_is_not_passed_over(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / "img" / f"{number}.png", number)
    csv_of(tmp_path / "img" / "metadata.csv", [["file_name", "label"], *[[f"pic{n}.jpg", "x"] for n in range(12)]])
    refused(
        tmp_path, r"metadata\.csv has the columns file_name, label, and no row names an image here \(the first: pic0"
    )
    csv_of(
        tmp_path / "img" / "metadata.csv", [["file_name", "label"], *[[f"{n}.PNG", KINDS[n % 3]] for n in range(12)]]
    )
    assert counts(read(tmp_path)) == {"bee": 4, "cat": 4, "dog": 4}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_tables_in_any_usual_encoding(encoding: str, delimiter: str, tmp_path: Path) -> None:
    lines = [f"file_name{delimiter}label"]
    for number in range(12):
        put(tmp_path / f"{number}.png", number)
        lines.append(f"{number}.png{delimiter}{('né', 'nè')[number % 2]}")
    (tmp_path / "labels.csv").write_bytes("\n".join(lines).encode(encoding))
    assert counts(read(tmp_path)) == {"né": 6, "nè": 6}


def in_folders(root: Path, kinds: dict[str, str], above: str = "") -> None:
    """Three images in each folder, and a table with the class that ``kinds`` gives to each."""
    rows = ["file_name,label"]
    for folder, label in kinds.items():
        for number in range(3):
            put(root / above / folder / f"{number}.png", 10 * len(rows) + number)
            rows.append(f"{above}{folder}/{number}.png,{label}")
    (root / "labels.csv").write_text("\n".join(rows))


def test_a_table_that_agrees_with_class_folders(tmp_path: Path) -> None:
    in_folders(tmp_path, {kind: kind for kind in KINDS})
    dataset = read(tmp_path)
    assert counts(dataset) == {"bee": 3, "cat": 3, "dog": 3}
    assert dataset.notices == ()


def test_a_table_that_renames_class_folders(tmp_path: Path) -> None:
    in_folders(tmp_path, {"n01": "tench", "n02": "shark", "hen": "hen"}, "photos/train/")
    dataset = read(tmp_path)
    assert set(dataset.class_names) == {"tench", "shark", "hen"}
    assert dataset.notices == ("column label of labels.csv renames the class folders: n01 -> tench, n02 -> shark",)


def test_a_table_about_something_else_than_folders(tmp_path: Path) -> None:
    in_folders(tmp_path, {"patient 1": "ill", "patient 2": "well", "patient 3": "ill"})
    dataset = read(tmp_path)
    assert counts(dataset) == {"ill": 6, "well": 3}
    (notice,) = dataset.notices
    assert "not from the 3 folders" in notice
    assert 'patient 1/0.png is "ill"' in notice


@pytest.mark.parametrize("above", ["", "photos/", "train/", "photos/train/"])
def test_a_table_that_contradicts_class_folders_is_refused_with_both_readings(above: str, tmp_path: Path) -> None:
    in_folders(tmp_path, {kind: kind for kind in KINDS}, above)
    table = tmp_path / "labels.csv"
    table.write_text(table.read_text().replace("cat/0.png,cat", "cat/0.png,dog"))
    message = refused(tmp_path, r'contradicts the folders of 1 of 9 images \(.*cat/0.png is "dog"\)')
    by_table, by_folder = [option for option in shlex.split(message) if option.startswith("data.label_from=")]
    assert counts(read(tmp_path, by_table)) == {"bee": 3, "cat": 2, "dog": 4}
    assert counts(read(tmp_path, by_folder)) == {"bee": 3, "cat": 3, "dog": 3}


def test_a_table_that_swaps_class_folders_is_no_renaming(tmp_path: Path) -> None:
    in_folders(tmp_path, {"cat": "dog", "dog": "cat"})
    refused(tmp_path, "contradicts the folders of 6 of 6 images")


@pytest.mark.parametrize(
    ("labels", "classes", "says"),
    [
        (("1", "2", "10"), {"1", "2", "10"}, None),
        (("1.0", "2.0", "10.0"), {"1", "2", "10"}, "whole numbers written as 1.0: the class is 1"),
        (("1", "1.0", "2"), {"1", "2"}, "written both as 1.0 and as 1: they are one class, 1"),
        (("1.0", "2", "3"), {"1", "2", "3"}, "whole numbers written as 1.0: the class is 1"),
        (("-1.0", "0.00", "1.0"), {"-1", "0", "1"}, "whole numbers written as 0.00: the class is 0"),
        (("1.0", "1", "1.5"), {"1.0", "1", "1.5"}, None),
        (("1.0", "2.0", "beta"), {"1.0", "2.0", "beta"}, None),
    ],
)
def test_labels_that_pandas_wrote_as_floats(
    labels: tuple[str, ...], classes: set[str], says: str | None, tmp_path: Path
) -> None:
    for number in range(3):
        put(tmp_path / f"{number}.png", number)
    rows = [f"{number}.png,{label}" for number, label in enumerate(labels)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]))
    dataset = read(tmp_path)
    assert set(dataset.class_names) == classes
    said = [notice for notice in dataset.notices if "labels are" in notice]
    assert len(said) == (says is not None)
    assert says is None or says in said[0]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_class_folders_without_images_are_named(kind: str, tmp_path: Path) -> None:
    root = tmp_path / "pets"
    for split in ("train", "test"):
        for number in range(2):
            put(root / split / "cat" / f"{number}.png", number)
    (root / "train" / "bee").mkdir()
    (root / "test" / "ant").mkdir()
    (root / "test" / "ant" / "note.txt").write_text("to come")
    (root / "test" / ".git").mkdir()
    path = root
    if kind == "zip":
        path = tmp_path / "pets.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(root.rglob("*")):
                archive.write(file, file.relative_to(tmp_path))
    if kind == "tar":
        path = tmp_path / "pets.tar"
        with tarfile.open(path, "w") as archive:
            archive.add(root, "pets")
    notice = next(notice for notice in read(path).notices if "folders" in notice)
    below = "" if kind == "folder" else "pets/"
    assert notice == f"2 folders have no images and are no classes: {below}test/ant, {below}train/bee"


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / f"{number}.png", number)
    rows = [[f"{number}.png", KINDS[number % 2], ("train", "validaton")[number % 2]] for number in range(12)]
    csv_of(tmp_path / "labels.csv", [["file", "label", "split"], *rows])
    refused(tmp_path, 'has "validaton" in the column split: expected train, validation or test')


@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".json", ".jsonl"]))
def test_no_table_breaks_it(content: bytes, ending: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS[:2]:
            put(Path(folder) / kind / "1.png", len(kind))
        (Path(folder) / f"x{ending}").write_bytes(content)
        with contextlib.suppress(CondganError):
            read(Path(folder))


# Patterns of file names


def test_the_evident_pattern_is_proposed_and_works(tmp_path: Path) -> None:
    for split, count in (("train", 30), ("test", 9)):
        for number in range(count):
            put(tmp_path / split / f"{KINDS[number % 3]}.{number}.png", number + 100 * (split == "test"))
    message = refused(tmp_path, "their names contain the classes")
    proposed = next(word for word in shlex.split(message) if word.startswith("data.label_from="))
    dataset = read(tmp_path, proposed)
    assert counts(dataset) == {"bee": 13, "cat": 13, "dog": 13}
    assert len(dataset.test) == 9
    refused(tmp_path, "fits none of 39 images, as test/", "data.label_from=x_{class}.png")
    refused(tmp_path, "with {class} once", "data.label_from={class}{class}")


MATCHES = [
    ("{class}.*", "cat.0.png", "cat"), ("{class}_*", "black cat_01.png", "black cat"),
    ("*/{class}_*.png", "x/dog_1.png", "dog"), ("{class}/*", "dog/1.png", "dog"),
    ("{split}/{class}/*", "test/dog/1.png", "dog"), ("img-*-{class}.png", "img-7-été.png", "été"),
    ("{class}.*", "train/cat.0.png", "cat"), ("*_{class}.*", "1_a.png", "a"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHES)
def test_patterns(pattern: str, path: str, expected: str) -> None:
    match = Pattern(pattern).match(PurePosixPath(path))
    assert match is not None
    assert match[0] == expected


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("{class}.*", "cat"), ("{class}_*", "_1.png"), ("{class}/*", "1.png"), ("*/{class}_*.png", "x/dog_1.jpg"),
     ("{split}/{class}/*", "x/dog/1")],
)  # fmt: skip
def test_patterns_that_do_not_fit(pattern: str, path: str) -> None:
    assert Pattern(pattern).match(PurePosixPath(path)) is None


@given(st.text("ab._-", min_size=1, max_size=12), st.sampled_from(["{class}", "{class}.*", "{class}_*", "*-{class}.b"]))
def test_a_pattern_fits_as_the_regular_expression_does(name: str, pattern: str) -> None:
    if name in (".", "..") or "/" in name:
        return
    expression = re.escape(pattern).replace(r"\{class\}", "(.+?)").replace(r"\*", ".*?")
    expected = re.fullmatch(expression, name)
    match = Pattern(pattern).match(PurePosixPath(name))
    assert (match is None) == (expected is None)
    if match and expected:
        assert match[0] == expected[1]


def test_a_pattern_takes_linear_time() -> None:
    import time

    pattern = Pattern("*a*a*a*a*a*a*a*a{class}b")
    started = time.monotonic()
    assert pattern.match(PurePosixPath("a" * 200_000)) is None
    assert time.monotonic() - started < 5


def test_nothing_is_evident_in_counting_numbers() -> None:
    assert evident([PurePosixPath(f"{number:05d}.png") for number in range(40)]) is None
    assert evident([PurePosixPath(f"img_{number}.png") for number in range(40)]) is None
    assert evident([PurePosixPath(f"{number % 10}.png") for number in range(40)]) is None
    assert evident([PurePosixPath(f"{number % 4}_{number}.png") for number in range(40)]) == "{class}_*"


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", "train"), ("Testing", "test"), ("val_set", "validation"), ("trainA", None), ("ship", None), ("0", None)],
)
def test_names_of_splits(name: str, split: str | None) -> None:
    assert split_of(name) == split


# Names


def test_names_that_differ_in_form_only(tmp_path: Path) -> None:
    number = 0
    for name in ("A", "a", " dog", "e\u0301te\u0301"):
        for _ in range(5):
            put(tmp_path / name / f"{number}.png", number)
            number += 1
    assert read(tmp_path).class_names == ("A", "a", "dog", "été")
    assert tidy(" e\u0301 ") == "é"
    put(tmp_path / "dog" / "1.png", 99)
    refused(tmp_path, r"the folders ' dog' and 'dog' name one class, \"dog\": merge them")


def test_names_of_classes_that_are_no_names_of_folders(tmp_path: Path) -> None:
    for number, folder in enumerate(("a", "a-2") * 5):
        put(tmp_path / folder / f"{number}.png", number)
    (tmp_path / "classes.json").write_text(json.dumps({"format": 1, "classes": {"a": "a", "a-2": "A/B"}}))
    assert read(tmp_path).class_names == ("a", "A/B")
    (tmp_path / "classes.json").write_text("[")
    assert read(tmp_path).class_names == ("a", "a-2")


# Archives


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.xz"])
def test_archives_are_read_as_the_folder(kind: str, tmp_path: Path) -> None:
    for number in range(24):
        put(tmp_path / "f" / ("train" if number < 15 else "test") / KINDS[number % 3] / f"{number}.png", number)
    path = tmp_path / f"f.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted((tmp_path / "f").rglob("*.png")):
                archive.write(file, Path("../../f") / file.relative_to(tmp_path / "f"))
    else:
        with tarfile.open(path, f"w:{kind.partition('.')[2]}") as archive:
            archive.add(tmp_path / "f", "f")
    of_folder, of_archive = read(tmp_path / "f"), read(path)
    assert of_archive.sha256 == of_folder.sha256
    assert of_archive.name == of_folder.name == "f"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CondganError):
        read(path)


def test_an_archive_that_lies_about_its_sizes(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.png", bytes(1 << 24))
        archive.writestr("b/1.png", b"x")
    refused_twice = pytest.raises(CondganError, match="2 of 2 images cannot be read")
    with refused_twice as caught:
        read(path)
    assert str(caught.value).count("\n") == 2


# Damage


def test_all_damaged_files_are_named_at_once(tmp_path: Path) -> None:
    for number in range(40):
        put(tmp_path / KINDS[number % 2] / f"{number}.png", number)
    for number in range(0, 40, 2):
        path = tmp_path / "cat" / f"{number}.png"
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(CondganError) as caught:
        read(tmp_path)
    lines = str(caught.value).split("\n")
    assert "20 of 40 images cannot be read" in lines[0]
    assert len(lines) == 12
    assert "cat/0.png" in lines[1]
    assert all("replace or remove it" in line for line in lines[1:11])
    assert lines[11].strip() == "... and 10 more"


# Runs and links


def test_own_runs_and_links_out_are_left_out(tmp_path: Path) -> None:
    for number in range(20):
        put(tmp_path / "data" / KINDS[number % 2] / f"{number}.png", number)
    expected = read(tmp_path / "data").sha256
    put(tmp_path / "data" / "runs" / "a" / "samples" / "000.png", 7)
    (tmp_path / "data" / "runs" / "a" / "recipe.json").write_text("{}")
    (tmp_path / "data" / "runs" / "a" / "log.jsonl").write_text("")
    put(tmp_path / "elsewhere" / "1.png", 1)
    (tmp_path / "data" / "cat" / "away.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "data" / "away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "cat" / "loop").symlink_to(tmp_path / "data")
    dataset = read(tmp_path / "data")
    assert dataset.sha256 == expected
    assert dataset.skipped == {
        "files of condgan runs": 1,
        "links that lead out of the folder": 2,
        "links to a folder that is read already": 1,
    }


def test_a_folder_that_cannot_be_listed_is_no_missing_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``os.walk`` leaves it out without a word."""
    for number in range(12):
        put(tmp_path / KINDS[number % 2] / f"{number}.png", number)
    listed = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    refused(tmp_path, "dog cannot be read: Permission denied")


def test_old_recipes_are_read_by_the_old_rules(tmp_path: Path) -> None:
    """Folders are classes by shape alone, pixels lie on black, and grey stored in colour stays in colour."""
    for number in range(12):
        path = tmp_path / ("train" if number < 8 else "test") / f"{number}.png"
        put(path, number)
    old: dict[str, Any] = {"reading": 1, "background": "black"}
    assert load(Data(source=str(tmp_path), size=8, **old)).class_names == ("test", "train")
    Image.new("LA", (8, 8), (9, 0)).save(tmp_path / "train" / "clear.png")
    picture(3).convert("RGB").save(tmp_path / "train" / "x.png")
    dataset = load(Data(source=str(tmp_path), size=8, **old))
    assert dataset.domain().channels == 3
    assert dataset.hashes == {}


@pytest.mark.parametrize(
    "table",
    ["file,label,split\n0.png,a,train\n1.png,b,\"tr\nain\"", "file,label\n0.png,a\n0.png,\"b\nc\"\n1.png,b",
     "file,\"lab\nel\",x\n0.png,a,b\n1.png,b,c", "file,label\n\"no\nne.png\",a"],
)  # fmt: skip
def test_what_a_stranger_wrote_makes_no_second_line(table: str, tmp_path: Path) -> None:
    for number in range(2):
        put(tmp_path / f"{number}.png", number)
    (tmp_path / "labels.csv").write_text(table)
    refused(tmp_path, "\\?")


def test_a_member_without_a_name(tmp_path: Path) -> None:
    """zipfile itself fails when it is asked whether that is a folder."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a/1.png", "b/2.png", "x"):
            archive.writestr(name, (put(tmp_path / "1.png", len(name)), (tmp_path / "1.png").read_bytes())[1])
    content = (tmp_path / "a.zip").read_bytes()
    directory = content.rindex(b"PK\x01\x02")
    changed = bytearray(content)
    changed[directory + 28 : directory + 30] = b"\0\0"  # the length of the name
    changed[directory + 30 : directory + 32] = b"\1\0"  # its letter becomes an extra field, which is passed over
    (tmp_path / "a.zip").write_bytes(changed)
    assert counts(read(tmp_path / "a.zip")) == {"a": 1, "b": 1}


def test_damaged_archives_are_refused_as_such(tmp_path: Path) -> None:
    for number in range(40):
        put(tmp_path / "f" / "ab"[number % 2] / f"{number}.png", number)
    for kind in ("gz", "bz2", "xz"):
        with tarfile.open(tmp_path / f"a.tar.{kind}", f"w:{kind}") as archive:  # type: ignore[call-overload]
            archive.add(tmp_path / "f", "f")
        content = bytearray((tmp_path / f"a.tar.{kind}").read_bytes())
        for place in (len(content) - 6, len(content) // 2):
            content[place] ^= 255
        (tmp_path / f"a.tar.{kind}").write_bytes(content)
        refused(tmp_path / f"a.tar.{kind}", "is damaged|is not a dataset")


def test_a_compressed_tar_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        put(tmp_path / "f" / "ab"[number % 2] / f"{number}.png", number)
    (tmp_path / "f" / "zeros.txt").write_bytes(bytes(3 << 20))
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "f", "f")
    assert counts(read(tmp_path / "a.tar.gz")) == {"a": 3, "b": 3}
    monkeypatch.setattr("condgan.data.archives.spare", lambda: 2 << 20)
    refused(tmp_path / "a.tar.gz", "unpacks to more than")
