"""Folders of .npy files are read as the .npz of them; files of other programs are refused with a conversion."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan.data import load
from condgan.data.readers import of
from condgan.errors import CondganError
from condgan.recipe import Data

RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.integers(0, 256, (60, 8, 8), dtype=np.uint8)
LABELS = np.arange(60) % 3


def read(path: Path) -> Any:
    return load(Data(source=str(path), size=8))


@pytest.mark.parametrize(
    "names",
    [
        ("X", "y"),
        ("images", "labels"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"),
    ],
)
def test_what_an_archive_of_them_is(tmp_path: Path, names: tuple[str, ...]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    arrays = {name: (LABELS if number % 2 else IMAGES / 255) for number, name in enumerate(names)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(tmp_path / "a.npz", **arrays)
    expected = read(tmp_path / "a.npz")
    for path in (folder, folder / f"{names[0]}.npy"):
        found = read(path)
        assert found.sha256 == expected.sha256
        assert (found.how, found.notices, found.skipped) == (expected.how, expected.notices, expected.skipped)
        assert found.drawn == expected.drawn


def test_class_folders_beside_an_array_are_class_folders(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    np.save(tmp_path / "images.npy", IMAGES)
    row = of(tmp_path)
    assert row is not None
    assert row.name == "images"


def test_a_lone_array_lacks_labels(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", IMAGES)
    with pytest.raises(CondganError, match="needs arrays images and labels; its arrays are: images"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x02\x00()", b"text"])
def test_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "X.npy").write_bytes(content)
    np.save(tmp_path / "y.npy", LABELS)
    with pytest.raises(CondganError, match=r"X.npy is damaged or not an \.npy file"):
        read(tmp_path)


def test_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.array([None] * 3), allow_pickle=True)
    np.save(tmp_path / "y.npy", LABELS[:3])
    with pytest.raises(CondganError, match="holds Python objects"):
        read(tmp_path)


def torch_file(path: Path) -> None:
    import torch

    torch.save((torch.from_numpy(IMAGES), torch.from_numpy(LABELS)), path)


def pickle_file(path: Path) -> None:
    path.write_bytes(pickle.dumps((IMAGES, LABELS)))


def matlab_file(path: Path) -> None:
    import scipy.io

    scipy.io.savemat(path, {"X": IMAGES, "y": LABELS[:, None]})


@pytest.mark.parametrize(
    ("ending", "write"), [(".pt", torch_file), (".pkl", pickle_file), (".mat", matlab_file), (".pth", torch_file)]
)
def test_the_conversion_that_is_proposed_works(tmp_path: Path, ending: str, write: Any) -> None:
    """It is executed as it stands, in a process of its own."""
    path = tmp_path / f"mine{ending}"
    write(path)
    with pytest.raises(CondganError, match=r"has to be converted to an \.npz") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    code = "import " + str(caught.value).partition("import ")[2]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    found = read(tmp_path / "data.npz")
    assert {image.tobytes() for split in found.splits.values() for image in split.images} == {
        image.tobytes() for image in IMAGES
    }


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
def test_what_needs_a_package_of_its_own_is_named(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(CondganError, match=r"import numpy, h5py"):
        read(tmp_path / f"a{ending}")
