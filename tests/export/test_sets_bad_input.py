"""What cannot be written is refused in one line, before any work, and leaves nothing behind."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan as package
from condgan.data.writers import WRITERS

SET = ("--per-class", "2")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*SET, "--format", "parket", "-o", "a"), '--format parket: expected folder, imagefolder, idx, npz, parquet, '
         'webdataset (did you mean "parquet"?)'),
        ((*SET, "--format", "npz", "-o", "a.parquet"), "a.parquet: .parquet is the ending of --format parquet, and "
         "--format npz was given"),
        ((*SET, "--format", "folder", "-o", "a.tar"), ".tar is the ending of --format webdataset"),
        ((*SET, "-o", "a.tar.gz"), "a.tar.gz: no .gz is written: choose .npz, .parquet, .tar, or the "
         "name of a new folder"),
        ((*SET, "-o", "a.PQ"), "a.PQ: no .pq is written"),
        ((*SET, "--format", "imagefolder", "-o", "a.csv"), "a.csv: no .csv is written"),
        ((*SET, "--shard-size", "0", "-o", "a"), "--shard-size 0: expected 1 to"),
        (("20", "--shard-size", "5", "-o", "a.png"), "--shard-size 5: goes with a dataset"),
        (("20", "--keep", "0.9", "-o", "a.png"), "--keep 0.9: goes with a dataset"),
        (("--grid", "--format", "npz"), "--grid and --format were given: choose one"),
        ((*SET, "--keep", "2", "-o", "a"), "--keep 2.0: expected"),
        ((*SET, "-o", "a" * 300), "name too long"),
        ((*SET, "-o", "a" * 300 + ".npz"), "name too long"),
        ((*SET, "-o", "/proc/a"), "/proc/a cannot be written"),
        ((*SET, "-o", "/dev/null"), "/dev/null exists already"),
        ((*SET, "-o", "."), "exists already"),
        ((*SET, "-o", ".."), "exists already"),
    ],
)  # fmt: skip
def test_one_line(arguments: tuple[str, ...], message: str, refused: Any) -> None:
    assert message.lower() in refused("sample", "mnist", *arguments).lower()
    assert os.listdir() == []


@pytest.mark.parametrize(("row", "length"), [(WRITERS[0], 249), (WRITERS[0], 250), *((row, 255) for row in WRITERS)])
def test_the_longest_names(row: Any, length: int) -> None:
    """A name that the file system takes is written, though the hidden one beside it would be longer."""
    from condgan.export import export

    path = Path("x" * (length - len(row.ending)) + row.ending)
    export.to_file("mnist", per_class=2, output=path, format=row.name)
    assert os.listdir() == [str(path)]


def test_a_place_below_a_link(tmp_path: Path) -> None:
    from condgan.export import export

    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    export.to_file("mnist", per_class=2, output=tmp_path / "link" / "deep" / "set")
    assert os.listdir(tmp_path / "real" / "deep") == ["set"]


@pytest.mark.parametrize("which", ["link to nothing", "link to a folder", "link to itself"])
def test_a_link_is_not_followed(which: str, refused: Any) -> None:
    Path("there").mkdir()
    Path("a").symlink_to({"link to nothing": "nowhere", "link to a folder": "there", "link to itself": "a"}[which])
    assert "a exists already and is not overwritten" in refused("sample", "mnist", *SET, "-o", "a")
    assert os.listdir("there") == []


def test_idx_holds_grey_images_of_256_classes(generators: dict[str, Path], tiny: Any, refused: Any) -> None:
    message = refused("sample", generators["colour"], *SET, "--format", "idx", "-o", "a")
    assert "colour" in message
    assert "--format" in message
    assert all(row.name in message for row in WRITERS if row.name != "idx")
    images = np.random.default_rng(0).integers(0, 256, (600, 8, 8), dtype=np.uint8)
    np.savez(
        "many.npz", images=images, labels=np.arange(600) % 300, class_names=np.array([f"c{k}" for k in range(300)])
    )
    package.train("cgan-lsgan", *tiny["cgan-lsgan"], data="many.npz", epochs=1, run="many")
    message = refused("sample", "many", *SET, "--format", "idx", "-o", "a")
    assert "256" in message
    assert "300" in message
    assert sorted(os.listdir()) == ["many", "many.npz"]


@pytest.mark.parametrize("row", [row for row in WRITERS if not row.vectors], ids=lambda row: row.name)
def test_vectors_are_an_npz(row: Any, vectors: Path, refused: Any) -> None:
    message = refused("sample", vectors, *SET, "--format", row.name, "-o", "a")
    assert ".npz" in message
    assert os.listdir() == []


@pytest.fixture(scope="module")
def vectors(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that makes vectors for classes."""
    folder = tmp_path_factory.mktemp("vectors")
    samples = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    np.savez(folder / "data.npz", vectors=samples, labels=np.arange(60) % 3)
    options = [option for option in tiny["cgan-lsgan"] if not option.startswith("data.")] + ["generator.output=linear"]
    return package.train("cgan-lsgan", *options, data=folder / "data.npz", epochs=1, run=folder / "run").folder


@pytest.mark.parametrize("row", WRITERS, ids=lambda row: row.name)
def test_without_classes_there_is_no_dataset(
    row: Any, digits: Path, tiny: Any, tmp_path_factory: pytest.TempPathFactory, refused: Callable[..., str]
) -> None:
    run = package.train(
        "gan-mlp", *tiny["gan-mlp"], data=digits, epochs=1, run=tmp_path_factory.mktemp("runs") / "unconditional"
    )
    assert "unconditional" in refused("sample", run.folder, *SET, "--format", row.name, "-o", "a")
    assert os.listdir() == []
