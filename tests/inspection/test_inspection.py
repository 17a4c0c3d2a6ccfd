"""What a dataset is, before anyone trains on it."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from condgan.cli import main
from condgan.data.readers import npz
from condgan.errors import CondganError
from condgan.inspection import facts, opening
from condgan.inspection.inspection import inspect


def put(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def picture(number: int, shape: tuple[int, ...] = (12, 12)) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes in own splits, with copies across splits, a contradiction, litter and a tiny class."""
    for number in range(60):
        put(tmp_path / "p" / "train" / ("bee", "cat")[number % 2] / f"{number}.png", picture(number))
    for number in range(100, 112):
        put(tmp_path / "p" / "test" / ("bee", "cat")[number % 2] / f"{number}.png", picture(number))
    for number in range(2):
        put(tmp_path / "p" / "train" / "dog" / f"{number}.png", picture(200 + number))
    put(tmp_path / "p" / "test" / "bee" / "copy.png", picture(0))
    put(tmp_path / "p" / "train" / "cat" / "other.png", picture(2))
    (tmp_path / "p" / "notes.txt").write_text("x")
    return tmp_path / "p"


def test_the_facts(photos: Path) -> None:
    result = inspect(str(photos), timed=False)
    assert dict(result.classes) == {"bee": 37, "cat": 37, "dog": 2}
    assert sum(result.splits.values()) == 76
    assert result.splits["test"] == 13
    assert result.drawn == ("validation",)
    assert (result.channels, result.size, result.background) == (1, (12, 12), "auto")
    assert result.range == (0, 255)
    assert dict(result.skipped) == {".txt files": 1}
    assert dict(result.duplicates) == {"images": 2, "across_splits": 1, "other_label": 1}
    told = " ".join(result.warnings)
    for words in ("61 training images are few", "classes are imbalanced (bee has 37 images, dog has 2)",
                  "tiny classes: dog (2)", "1 validation or test images are in another split too",
                  "1 images equal another of a different class"):  # fmt: skip
        assert words.replace("61", str(result.splits["train"])) in told
    assert result.recipe == "images-small"
    assert result.overrides[0] == "data.size=12"


def test_near_copies_across_splits_are_counted(tmp_path: Path) -> None:
    for number in range(40):
        pixels = np.kron(picture(number, (4, 4)), np.ones((4, 4), np.uint8))
        put(tmp_path / "train" / ("bee", "cat")[number % 2] / f"{number}.png", pixels)
        if number < 5:
            nearly = np.clip(pixels.astype(int) + np.random.default_rng(0).integers(-3, 4, pixels.shape), 0, 255)
            put(tmp_path / "test" / ("bee", "cat")[number % 2] / f"{number}.png", nearly.astype(np.uint8))
    for number in range(50, 55):
        put(tmp_path / "test" / "bee" / f"{number}.png", np.kron(picture(number, (4, 4)), np.ones((4, 4), np.uint8)))
    result = inspect(str(tmp_path), timed=False)
    assert result.near_duplicates == 5
    assert result.duplicates["images"] == 0
    assert any("5 validation or test images nearly equal one of another split" in words for words in result.warnings)


def test_thumbnails_correlate_as_numpy_says() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 1, 16, 16), dtype=np.uint8)
    small = facts.thumbnails(images)
    assert np.allclose(small @ small.T, np.corrcoef(images.reshape(6, -1)), atol=1e-5)


def test_the_command_line_prints_text_and_json(photos: Path, capsys: Any, tmp_path: Path) -> None:
    for options in ([], ["--json"], ["-o", str(tmp_path / "out"), "data.size=16"]):
        with pytest.raises(SystemExit) as stopped:
            main(["data", str(photos), *options])
        assert stopped.value.code == 0
        printed = capsys.readouterr().out
        if options == ["--json"]:
            content = json.loads(printed)
            assert content["classes"] == {"bee": 37, "cat": 37, "dog": 2}
            assert content.keys() >= {
                "classes", "splits", "drawn", "channels", "size", "range", "background", "skipped", "how", "warnings",
            }  # fmt: skip
        else:
            assert "3 classes: bee 37, cat 37, dog 2" in printed
            assert f"next: condgan train images-small --data {photos} " in printed
    means = np.asarray(Image.open(tmp_path / "out" / "means.png"))
    sheet = np.asarray(Image.open(tmp_path / "out" / "contact-sheet.png"))
    assert sheet.shape[1] == means.shape[1]
    assert sheet.shape[0] > 5 * (means.shape[0] - 20)
    assert "data.size=16" in printed


def test_built_in_data_are_described_too() -> None:
    result = inspect("mnist", timed=False)
    assert result.splits == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert (result.recipe, result.overrides) == ("cgan-lsgan", ())
    assert result.size == (28, 28)


def test_a_refusal_is_one_line(refused: Any, tmp_path: Path) -> None:
    assert "no such path" in refused("data", "nowhere")
    assert "has no images" in refused("data", str(tmp_path))


def test_many_classes_are_shortened() -> None:
    line = opening.of_classes({f"c{number:03d}": number + 1 for number in range(50)})
    assert line.startswith("50 classes: c000 1, c001 2")
    assert "... (1 to 50 images; the smallest is c000)" in line


def test_nothing_is_overwritten_and_nothing_written_into_the_dataset(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "means.png").write_text("precious")
    with pytest.raises(CondganError, match=r"means\.png exists already"):
        inspect(str(photos), output=tmp_path / "mine", timed=False)
    assert (tmp_path / "mine" / "means.png").read_text() == "precious"
    with pytest.raises(CondganError, match="give a folder outside of the dataset"):
        inspect(str(photos), output=photos / "described", timed=False)


def test_tiny_classes_leave_no_validation_images(tmp_path: Path) -> None:
    for number in range(8):
        put(tmp_path / f"c{number}" / "1.png", picture(number))
    result = inspect(str(tmp_path), timed=False)
    assert result.splits == {"train": 8, "validation": 0, "test": 0}
    assert result.near_duplicates == 0


def test_one_class_gets_a_recipe_without_conditions(tmp_path: Path) -> None:
    for number in range(12):
        put(tmp_path / "cat" / f"{number}.png", picture(number))
    assert inspect(str(tmp_path), timed=False).recipe == "gan-mlp"


def described_in_part(source: Path) -> Any:
    """A description from at most 100 images, which says of how many, and what the whole one has as well."""
    part, whole = inspect(str(source), timed=False, most=100), inspect(str(source), timed=False)
    assert (whole.looked_at, part.looked_at) == (None, 100)
    assert part.notices[0].startswith("100 of ")
    for name in ("name", "how", "classes", "drawn", "channels", "size", "background", "skipped", "recipe", "overrides",
                 "reason"):  # fmt: skip
        assert getattr(part, name) == getattr(whole, name), name
    return part, whole


def test_many_files_are_described_by_some_and_counted_by_their_names(tmp_path: Path) -> None:
    for number in range(400):
        split, label = ("train", "test")[number % 10 == 0], ("bee", "cat", "dog")[min(number // 199, 2)]
        put(tmp_path / "p" / split / label / f"{number}.png", picture(number))
    part, whole = described_in_part(tmp_path / "p")
    assert part.splits == whole.splits
    assert part.classes["dog"] == 2
    assert "tiny classes: dog (2)" in " ".join(part.warnings)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "p")
    described_in_part(tmp_path / "packed.zip")


def test_large_arrays_are_described_by_some_rows(tmp_path: Path) -> None:
    images = np.stack([picture(number) for number in range(400)])
    labels = np.sort(np.arange(400) % 7)
    for save, name in ((np.savez, "plain"), (np.savez_compressed, "packed")):
        save(tmp_path / f"{name}.npz", images=images, labels=labels)
        part, whole = described_in_part(tmp_path / f"{name}.npz")
        assert part.splits == whole.splits  # no two images are equal
        assert part.range == (images[::4].min(), images[::4].max())


def test_of_large_arrays_a_bounded_part_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.stack([picture(number) for number in range(400)])
    images[:100] //= 2
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(400) % 2)
    monkeypatch.setattr(npz, "READ_BYTES", 100 * 144)
    monkeypatch.setattr(npz, "SAMPLED_BYTES", 40 * 144)
    part = inspect(str(tmp_path / "a.npz"), timed=False, most=1000)
    assert part.looked_at is not None
    assert part.looked_at <= 40
    assert part.range is not None
    assert part.range[1] < 128  # of the first hundred
    assert dict(part.classes) == {"0": 200, "1": 200}


def test_what_is_wrong_with_a_large_dataset_is_said_by_a_part_too(tmp_path: Path) -> None:
    images = np.stack([picture(number) for number in range(400)])
    for name, labels, names, says in (
        ("short", np.arange(399) % 2, None, "400 images but 399 labels"),
        ("beyond", np.arange(400) % 3, ["a", "b"], "label 2"),
    ):
        more = {} if names is None else {"class_names": np.array(names)}
        np.savez(tmp_path / f"{name}.npz", images=images, labels=labels, **more)
        with pytest.raises(CondganError, match=says):
            inspect(str(tmp_path / f"{name}.npz"), timed=False, most=100)
    np.savez(tmp_path / "empty.npz", images=images, labels=np.arange(400) % 2, class_names=np.array(["a", "b", "c"]))
    described_in_part(tmp_path / "empty.npz")
