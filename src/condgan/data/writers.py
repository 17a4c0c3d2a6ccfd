"""Writing labelled images that ``load`` reads back: an .npz archive, or a folder of class folders with PNG files."""

import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images, Labels
from condgan.data.dataset import Split, check_class_names
from condgan.errors import CondganError

LONGEST_FOLDER = 200  # bytes; file systems allow 255
COMPRESSION = 1  # zlib's fastest: generated images shrink well, and are written about as fast as they are sampled

Add = Callable[[Images, Labels], None]  # takes raw images (n, H, W) or (n, H, W, 3)


@dataclass(eq=False)
class Writer:
    """Takes labelled images, batch after batch; comes from ``writer``."""

    path: Path
    count: int
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    add: Add
    written: int = 0

    def write(self, images: Images, labels: Labels) -> None:
        """Add images uint8 (n, C, H, W) of labels int64 (n,), indexes into the class names.

        Raises:
            CondganError: another shape or type, a label out of range, more images than announced, a full disk.
        """
        batch = Split(images, labels)
        if images.shape[1:] != self.shape:
            raise CondganError(f"{self.path}: images are {images.shape[1:]}, expected {self.shape}")
        if len(batch) and not 0 <= labels.min() <= labels.max() < len(self.class_names):
            raise CondganError(
                f"{self.path}: labels lie in {labels.min()}..{labels.max()}, expected 0..{len(self.class_names) - 1}"
            )
        self.written += len(batch)
        if self.written > self.count:
            raise CondganError(f"{self.path}: {self.written} images were written, {self.count} were announced")
        try:
            self.add(raw(images), labels)
        except OSError as error:
            raise unwritable(self.path, error) from None


def raw(images: Images) -> Images:
    """Images (n, C, H, W) as files have them: (n, H, W) or (n, H, W, 3)."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1) if images.shape[1] == 3 else images[:, 0])


@contextmanager
def writer(path: Path, count: int, channels: Literal[1, 3], size: int, class_names: Sequence[str]) -> Iterator[Writer]:
    """A place for exactly ``count`` images (channels, size, size), which appears at ``path`` once all are written.

    A path that ends in .npz becomes an archive of ``images`` uint8 (N, H, W) or (N, H, W, 3), ``labels`` int64 (N,)
    and ``class_names``; any other becomes a folder ``class name/000000.png``. Images are written as they come.
    After any exception nothing is left behind; folders above ``path`` are made as needed.

    Raises:
        CondganError: the path exists, cannot be written, or there are fewer or more images than announced.
    """
    names = tuple(class_names)
    check_class_names(str(path), names)
    check_free(path)
    temporary = path.with_name(f".condgan-{secrets.token_hex(8)}.part")
    failed: BaseException | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = archive if path.suffix.lower() == ".npz" else folder
        with kind(temporary, (count, channels, size, size), names) as add:
            images = Writer(path, count, (channels, size, size), names, add)
            try:
                yield images
            except BaseException as error:
                failed = error
                raise
            if images.written < count:
                raise CondganError(f"{path}: {images.written} images were written, {count} were announced")
        check_free(path)
        os.replace(temporary, path)
    except BaseException as error:
        remove(temporary)
        if failed is None and isinstance(error, OSError):
            raise unwritable(path, error) from None
        if failed is not None and failed is not error:  # closing half an archive may fail again, as on a full disk
            raise failed from None
        raise


@contextmanager
def archive(path: Path, shape: tuple[int, int, int, int], class_names: tuple[str, ...]) -> Iterator[Add]:
    """An .npz archive; labels, 8 bytes each, wait in memory until the images are there."""
    count, channels, height, width = shape
    fields = {"descr": "|u1", "fortran_order": False}
    waiting: list[Labels] = [np.empty(0, np.int64)]
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION) as file:
        with file.open("images.npy", "w", force_zip64=True) as stream:
            raw_shape = (count, height, width) if channels == 1 else (count, height, width, channels)
            np.lib.format.write_array_header_1_0(stream, fields | {"shape": raw_shape})

            def add(raw: Images, labels: Labels) -> None:
                stream.write(raw.reshape(-1).data)
                waiting.append(labels.copy())

            yield add
        arrays: dict[str, npt.NDArray[Any]] = {
            "labels": np.concatenate(waiting),
            "class_names": np.array(class_names, dtype=str),
        }
        for key, array in arrays.items():
            with file.open(f"{key}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


@contextmanager
def folder(path: Path, shape: tuple[int, int, int, int], class_names: tuple[str, ...]) -> Iterator[Add]:
    """A folder for each class that has images, with PNG files numbered from 000000."""
    from PIL import Image

    names, counts = folder_names(class_names), [0] * len(class_names)
    path.mkdir()

    def add(raw: Images, labels: Labels) -> None:
        for pixels, label in zip(raw, labels.tolist(), strict=True):
            below = path / names[label]
            if not counts[label]:
                below.mkdir()
            Image.fromarray(pixels).save(below / f"{counts[label]:06d}.png")
            counts[label] += 1

    yield add


def folder_names(class_names: Sequence[str]) -> list[str]:
    """Class names as names of folders: visible, valid on every file system, and different even where case is not."""
    names: list[str] = []
    taken: set[str] = set()
    for name in class_names:
        safe = re.sub(r'[/\\:*?"<>|\x00-\x1f]', "_", name).strip(" .")
        safe = safe.encode()[:LONGEST_FOLDER].decode(errors="ignore") or "class"
        unique, number = safe, 2
        while unique.casefold() in taken:
            unique, number = f"{safe}-{number}", number + 1
        taken.add(unique.casefold())
        names.append(unique)
    return names


def check_free(path: Path) -> None:
    """Refuse to write over anything.

    Raises:
        CondganError: something is at this path, if only a broken link.
    """
    if os.path.lexists(path):
        raise CondganError(f"{path} exists already and is not overwritten: give another path, or remove it first")


def remove(path: Path) -> None:
    """Delete a file or folder, if it is there; an error in doing so must not hide why."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def unwritable(path: Path, error: OSError) -> CondganError:
    """What the user is told when the file system refuses."""
    return CondganError(f"{path} cannot be written: {error.strerror or error}")
