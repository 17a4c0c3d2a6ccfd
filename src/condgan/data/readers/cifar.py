"""CIFAR's binary files: ``data_batch_1.bin`` ... and ``test_batch.bin`` of CIFAR-10, ``train.bin`` and ``test.bin`` of
CIFAR-100, whose fine labels are taken.

A record is one byte of label (CIFAR-100: coarse, then fine) and 3 x 32 x 32 bytes of red, green and blue.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.data.dataset import Contents
from condgan.data.memory import check_room, fill, room
from condgan.data.readers import arrays
from condgan.data.readers.arrays import Arrays, Part
from condgan.data.readers.reader import Progress, Reader, silent
from condgan.errors import CondganError
from condgan.recipe import Data

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
TEN = {"train": [f"data_batch_{number}.bin" for number in range(1, 6)], "test": ["test_batch.bin"]}
HUNDRED = {"train": ["train.bin"], "test": ["test.bin"]}
NAMES = {1: "batches.meta.txt", 2: "fine_label_names.txt"}
BELOW = ("", "cifar-10-batches-bin", "cifar-100-binary", "cifar-10-batches-py", "cifar-100-python")
LONGEST_NAMES = 1 << 16  # bytes
CONVERSION = (
    "import numpy, pickle; d = [pickle.load(open(f, 'rb'), encoding='latin1') for f in {files}]; "
    "x = [b['data'].reshape(-1, 3, 32, 32) for b in d]; y = [b['{key}'] for b in d]; "
    "numpy.savez('data.npz', x_train=numpy.concatenate(x[:-1]), y_train=numpy.concatenate(y[:-1]), "
    "x_test=x[-1], y_test=y[-1])"
)


def read(path: Path, name: str, data: Data, progress: Progress = silent) -> Contents:
    """The images of all batches that are there.

    Raises:
        CondganError: a batch is damaged, or there is none of train; or these are the batches that Python pickled.
    """
    folder, batches, before = found(path)
    if not before:
        key = "labels" if "data_batch_1" in batches["train"] else "fine_labels"
        files = [str(folder / batch) for group in batches.values() for batch in group]
        raise CondganError(
            f"{folder} is CIFAR as Python pickled it, which can run any program: take the binary version, or trust it "
            f"and convert it: {CONVERSION.format(files=files, key=key)}"
        )
    parts = {split: read_batches([folder / batch for batch in group], before) for split, group in batches.items()}
    names = class_names(folder / NAMES[before])
    if names is not None and any(part.conditions.max() >= len(names) for part in parts.values()):
        raise CondganError(f"{folder / NAMES[before]} has {len(names)} names, but labels go beyond: fetch CIFAR again")
    how = "; ".join(f"{split}: {', '.join(group)}" for split, group in batches.items())
    return arrays.contents(name, Arrays(str(folder), parts, class_names=names, how=how), data)


def found(path: Path) -> tuple[Path, dict[str, list[str]], int]:
    """The folder of the batches, their names by split, and how many bytes precede an image: 0 if Python wrote it.

    Raises:
        CondganError: there are none of train.
    """
    for below in BELOW:
        folder = (path if path.is_dir() else path.parent) / below
        for before, table in ((1, TEN), (2, HUNDRED)):
            for ending, known in ((".bin", before), ("", 0)):
                batches = {
                    split: [batch.removesuffix(".bin") + ending for batch in group] for split, group in table.items()
                }
                there = {split: [b for b in group if (folder / b).is_file()] for split, group in batches.items()}
                if there["train"] and is_cifar(folder / there["train"][0], known, before):
                    return folder, {split: group for split, group in there.items() if group}, known
    raise CondganError(f"{path} has no batches of train: put data_batch_1.bin or train.bin there")


def is_cifar(file: Path, before: int, table: int) -> bool:
    """Whether a file of a usual name is a batch: by its size, or what lies beside one that Python wrote."""
    if before == 1 or (before == 0 and table == 1):
        return True
    if before == 0:
        return (file.parent / "meta").is_file()
    return file.stat().st_size % (before + PIXELS) == 0 or (file.parent / NAMES[before]).is_file()


def read_batches(files: list[Path], before: int) -> Part:
    """The images and labels of some batches.

    Raises:
        CondganError: one is damaged, or they are too large.
    """
    record = before + PIXELS
    sizes = [file.stat().st_size for file in files]
    for file, size in zip(files, sizes, strict=True):
        if not size or size % record:
            raise CondganError(f"{file} has {size} bytes, no multiple of {record}: it is damaged, fetch it again")
    check_room(str(files[0].parent), sum(sizes))
    count, below = sum(sizes) // record, 0
    images, labels = room((count, *SHAPE), np.uint8), np.empty(count, np.int64)
    rows: npt.NDArray[np.uint8] = np.empty((1000, record), np.uint8)
    for file in files:
        with file.open("rb") as stream:
            while taken := fill(rows, stream) // record:
                taken = min(taken, count - below)
                labels[below : below + taken] = rows[:taken, before - 1]
                images[below : below + taken] = rows[:taken, before:].reshape(-1, *SHAPE)
                below += taken
    return Part(images[:below], labels[:below], "images", "labels")


def class_names(file: Path) -> npt.NDArray[np.str_] | None:
    """The names of the classes, a line each, if they lie beside the batches."""
    if not file.is_file() or file.stat().st_size > LONGEST_NAMES:
        return None
    names = [line.strip() for line in file.read_text("utf-8", errors="replace").splitlines()]
    return np.array([name for name in names if name], dtype=str)


def matches(path: Path) -> bool:
    """Whether a folder contains batches, or a file is one."""
    if path.is_file() and not path.name.startswith(("data_batch", "test_batch")) and path.suffix != ".bin":
        return False
    if not path.is_file() and not path.is_dir():
        return False
    try:
        found(path)
    except CondganError:
        return False
    return True


READER = Reader("cifar", "CIFAR's binary files", "train, and test if it is there", matches, read, endings=(".bin",))
