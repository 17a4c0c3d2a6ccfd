"""The tables of what can be read are complete, and every text that lists formats lists all of them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from condgan import data as datasets
from condgan.data import load, readers
from condgan.data.readers import BUILT_IN, READERS, idx
from condgan.errors import CondganError
from condgan.recipe import Data

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("row", [*READERS, *BUILT_IN.values()], ids=lambda row: row.name)
def test_rows_are_complete(row: readers.Reader | readers.BuiltIn) -> None:
    assert row.name
    assert row.words
    assert row.splits.startswith("train")
    assert callable(row.read)


def test_names_are_unique_and_the_last_row_takes_any_folder(tmp_path: Path) -> None:
    names = [row.name for row in (*READERS, *BUILT_IN.values())]
    assert len(set(names)) == len(names)
    assert {name: row.name for name, row in BUILT_IN.items()} == {name: name for name in BUILT_IN}
    assert [row.name for row in READERS if row.matches(tmp_path)] == [READERS[-1].name]


def test_the_first_row_that_matches_reads(tmp_path: Path) -> None:
    np.savez(tmp_path / "idx.npz", images=np.zeros((3, 8, 8), np.uint8), labels=np.arange(3))
    assert readers.of(tmp_path / "idx.npz") is READERS[0]
    (tmp_path / "renamed").write_bytes((tmp_path / "idx.npz").read_bytes())
    assert readers.of(tmp_path / "renamed") is READERS[0]  # by content
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx.header((1, 8, 8)) + bytes(64))
    assert [row.name for row in (readers.of(tmp_path), readers.of(tmp_path / "train-images-idx3-ubyte")) if row] == [
        "idx",
        "idx",
    ]
    (tmp_path / "text").write_text("hello")
    assert readers.of(tmp_path / "text") is None


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.name)
def test_every_text_that_lists_formats_lists_this_one(row: readers.Reader) -> None:
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace("`", "").split())
    assert row.words in readme
    for source in ("no-such-thing", str(ROOT / "README.md")):
        with pytest.raises(CondganError, match=re.escape(row.words)):
            datasets.load(Data(source=source))
    for command in ("train", "evaluate"):
        shown = subprocess.run(
            [sys.executable, "-m", "condgan", command, "--help"],
            env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "TERMINAL_WIDTH": "400"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert row.words in " ".join(shown.split())


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_unknown_source_is_told_of_the_built_in_ones(name: str) -> None:
    with pytest.raises(CondganError, match=f"give .*{name}.*, or the path of"):
        datasets.load(Data(source="no-such-thing"))


def packed(kind: str, root: Path) -> Path:
    """A folder as an archive beside it."""
    path = root.with_name(f"{root.name}.{kind}")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(root.rglob("*")):
                archive.write(file, file.relative_to(root))
        return path
    with tarfile.open(path, f"w:{'gz' if kind.endswith('gz') else ''}") as archive:
        archive.add(root, "")
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "folder"])
@pytest.mark.parametrize("form", ["kaggle", "cifar", "idx", "npz"])
def test_other_formats_in_archives_are_refused_with_what_to_do(kind: str, form: str, tmp_path: Path) -> None:
    """Kaggle's digit recognizer comes as a zip of train.csv and test.csv; who does as he is told gets the dataset."""
    root = tmp_path / "the set"
    (root / "below").mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (30, 32, 32), dtype=np.uint8)
    labels = np.arange(30, dtype=np.uint8) % 3
    if form == "kaggle":
        heading = ",".join(f"pixel{number}" for number in range(1024))
        for name, rows, first in (
            ("train.csv", np.column_stack([labels, images.reshape(30, -1)]), "label,"),
            ("test.csv", np.tile(images.reshape(30, -1), (2, 1)), ""),
        ):
            np.savetxt(root / name, rows, "%d", ",", header=first + heading, comments="")
        np.savetxt(root / "sample_submission.csv", np.zeros((9, 2)), "%d", ",", header="ImageId,Label", comments="")
    elif form == "cifar":
        records = np.column_stack([labels, np.tile(images.reshape(30, -1), 3)])
        (root / "below" / "data_batch_1.bin").write_bytes(records.astype(np.uint8).tobytes())
    elif form == "idx":
        (root / "below" / "train-images-idx3-ubyte").write_bytes(idx.header(images.shape) + images.tobytes())
        (root / "below" / "train-labels-idx1-ubyte").write_bytes(idx.header(labels.shape) + labels.tobytes())
    else:
        np.savez(root / "below" / "pixels.npz", images=images, labels=labels)
        (root / "below" / "readme.txt").write_text("." * 70_000)  # a tar that ends with an .npz is read as one
    path = root.parent if form in ("cifar", "idx") else root
    if kind != "folder":
        path = packed(kind, root)
        shutil.rmtree(root)
    with pytest.raises(CondganError, match="has no images but") as caught:
        load(Data(source=str(path), size=32))
    message = str(caught.value)
    assert "submission" not in message
    assert "\n" not in message
    if kind != "folder":
        command = message.split("`")[1]
        assert shlex.split(command.split(" && ")[-1])[-1] == "the set"
        if shutil.which(shlex.split(command)[0]):
            subprocess.run(command, shell=True, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
        else:
            shutil.unpack_archive(path, tmp_path / "the set")
    dataset = load(Data(source=str(tmp_path / message.rpartition("give ")[2]), size=32))
    assert sum(map(len, dataset.splits.values())) == 30
