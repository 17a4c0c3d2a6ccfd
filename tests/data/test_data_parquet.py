"""Parquet files as Hugging Face writes them are the images and labels that were put into them."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from condgan.data import load
from condgan.data.readers import parquet
from condgan.errors import CondganError
from condgan.recipe import Data

arrow = pytest.importorskip("pyarrow", exc_type=ImportError)  # it refuses an older numpy by one
tables = pytest.importorskip("pyarrow.parquet")

RANDOM = np.random.default_rng(6)
GREY = RANDOM.integers(0, 256, (30, 8, 8), dtype=np.uint8)
COLOUR = RANDOM.integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
LABELS = (np.arange(30) % 3).tolist()
NAMES = ["cat", "ant", "bee"]


def encoded(image: np.ndarray, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, form)
    return stream.getvalue()


def write(path: Path, images: Any, labels: Any, *, names: bool = True, struct: bool = True, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = [image if isinstance(image, bytes) or image is None else encoded(image) for image in images]
    column: Any = [{"bytes": content, "path": None} for content in contents] if struct else contents
    kind = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())]) if struct else arrow.binary()
    table = arrow.table({"image": arrow.array(column, kind), "label": labels, **more})
    if names:
        features = {"image": {"_type": "Image"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    tables.write_table(table, path, row_group_size=7)
    return path


def read(path: Path, **changes: Any) -> Any:
    return load(Data(**{"source": str(path), "size": 8} | changes))


@pytest.mark.parametrize("below", ["", "data", "plain_text"])
@pytest.mark.parametrize(("images", "struct"), [(GREY, True), (COLOUR, False)])
def test_a_dataset_of_several_files(tmp_path: Path, below: str, images: np.ndarray, struct: bool) -> None:
    for number in range(2):
        part = slice(number * 10, number * 10 + 10)
        write(tmp_path / below / f"train-0000{number}-of-00002.parquet", images[part], LABELS[part], struct=struct)
    write(tmp_path / below / "test-00000-of-00001.parquet", images[20:], LABELS[20:], struct=struct)
    dataset = read(tmp_path)
    assert dataset.class_names == tuple(NAMES)
    planar = images.transpose(0, 3, 1, 2) if images.ndim == 4 else images[:, None]
    assert np.array_equal(dataset.test.images, planar[20:])
    assert dataset.test.labels.tolist() == LABELS[20:]
    trained = {image.tobytes() for split in (dataset.train, dataset.validation) for image in split.images}
    assert trained == {image.tobytes() for image in planar[:20]}
    assert "train-00000-of-00002.parquet" in dataset.how


def test_text_labels_and_a_lone_file(tmp_path: Path) -> None:
    dataset = read(write(tmp_path / "mine.parquet", GREY, [NAMES[label] for label in LABELS], names=False))
    assert dataset.class_names == ("ant", "bee", "cat")
    assert dataset.name == "mine"


def test_sizes_and_modes_of_all_kinds(tmp_path: Path) -> None:
    images = [GREY[0], COLOUR[1], np.tile(GREY[2], (2, 2)), np.tile(COLOUR[3], (1, 2, 1))] * 3
    dataset = read(write(tmp_path / "a.parquet", images, (LABELS * 2)[:12]))
    assert dataset.train.images.shape[1:] == (3, 8, 8)
    assert "different sizes" in " ".join(dataset.notices)
    assert read(tmp_path / "a.parquet", channels=1).train.images.shape[1:] == (1, 8, 8)


def test_a_test_whose_labels_are_not_to_be_known(tmp_path: Path) -> None:
    write(tmp_path / "train.parquet", GREY, LABELS)
    write(tmp_path / "test.parquet", GREY[:5], [-1] * 5)
    dataset = read(tmp_path)
    assert sum(dataset.skipped.values()) == 1
    assert dataset.drawn == ("validation", "test")


def refused(path: Path, says: str) -> None:
    with pytest.raises(CondganError, match=says) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    refused(write(path, [None, *GREY[1:]], LABELS), "row 0 has no image")
    refused(write(path, [b"no image", *GREY[1:]], LABELS), "row 0 is not an image that can be read")
    refused(write(path, GREY, [None, *LABELS[1:]]), "row 0 has no label")
    refused(write(path, GREY, LABELS, target=LABELS), "may have its labels in label or target")
    refused(write(path, GREY, [label + 1 for label in LABELS]), "label 3 of label, but only 3 class names")
    refused(write(path, GREY // 12, LABELS), "nearly black")
    assert "multiplied by 255/16" in " ".join(read(write(path, GREY // 50, LABELS)).notices)
    tables.write_table(arrow.table({"label": LABELS}), path)
    refused(path, "has no column of images; its columns are: label")
    path.write_bytes(b"PAR1")
    refused(path, "damaged or no parquet")


def test_only_test(tmp_path: Path) -> None:
    write(tmp_path / "test-00000-of-00001.parquet", GREY, LABELS)
    refused(tmp_path, "parquet files of test, but none of train")
    write(tmp_path / "more.parquet", GREY, LABELS)
    refused(tmp_path, r"holds more.parquet beside files of splits")


def test_several_datasets(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder / "train.parquet", GREY, LABELS)
    refused(tmp_path, "several datasets of parquet files: give one of its folders one, two")


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", GREY, LABELS)
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from condgan.data import load\nfrom condgan.recipe import Data\n"
        "from condgan.errors import CondganError\n"
        "try:\n    load(Data(source=sys.argv[1]))\nexcept CondganError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.parquet"], capture_output=True, text=True)
    assert "pip install condgan[parquet]" in done.stdout, done.stderr


@given(st.data())
@settings(max_examples=100)
def test_changed_bytes_give_a_dataset_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "changed.parquet", GREY[:6], LABELS[:6])
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(CondganError):
        parquet.read(path, "a", Data(size=8))
