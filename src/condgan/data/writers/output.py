"""Writing a dataset that ``load`` reads back: part by part, and at its path only once it is complete."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condgan.arrays import Conditions, Samples
from condgan.data import writers
from condgan.data.dataset import Split, check_class_names
from condgan.data.writers.writer import Add, Content
from condgan.errors import CondganError


@dataclass(eq=False)
class Output:
    """Takes labelled samples, batch after batch; comes from ``writer``."""

    path: Path
    content: Content
    add: Add
    written: int = 0

    def write(self, samples: Samples, conditions: Conditions) -> None:
        """Add images uint8 (n, C, H, W) or vectors float32 (n, D), and labels int64 (n,) or conditions float32 (n, V).

        Raises:
            CondganError: another shape or type, a label out of range, more samples than announced, a full disk.
        """
        batch, classes, length = Split(samples, conditions), len(self.content.class_names), self.content.condition
        if samples.shape[1:] != self.content.shape:
            raise CondganError(f"{self.path}: images are {samples.shape[1:]}, expected {self.content.shape}")
        if conditions.shape[1:] != (() if length is None else (length,)):
            raise CondganError(f"{self.path}: conditions are {conditions.shape}, expected length {length}")
        if length is None and len(batch) and not 0 <= conditions.min() <= conditions.max() < classes:
            raise CondganError(
                f"{self.path}: labels lie in {conditions.min()}..{conditions.max()}, expected 0..{classes - 1}"
            )
        self.written += len(batch)
        if self.written > self.content.count:
            raise CondganError(f"{self.path}: {self.written} images were written, {self.content.count} were announced")
        try:
            self.add(raw(samples), conditions)
        except OSError as error:
            raise unwritable(self.path, error) from None


def raw(samples: Samples) -> Samples:
    """Images (n, C, H, W) as files have them: (n, H, W) or (n, H, W, 3); vectors as they are."""
    if samples.ndim == 2:
        return samples
    return np.ascontiguousarray(samples.transpose(0, 2, 3, 1) if samples.shape[1] == 3 else samples[:, 0])


@contextmanager
def writer(
    path: Path, count: int, shape: tuple[int, ...], class_names: Sequence[str] = (), condition: int | None = None
) -> Iterator[Output]:
    """A place for exactly ``count`` samples of a shape, which appears at ``path`` once all are written.

    The ending of the path chooses the format, a row of ``writers.WRITERS``. After any exception nothing is left behind;
    folders above ``path`` are created as needed.

    Args:
        path: must be free.
        count: of samples.
        shape: of a sample, (C, H, W) or (D,).
        class_names: none where conditions are vectors.
        condition: length of vector conditions; none: classes.

    Raises:
        CondganError: the path exists, cannot be written, or its format cannot hold vectors; there are fewer or more
            samples than announced.
    """
    content, row = Content(count, shape, tuple(class_names), condition), writers.of(path)
    if condition is None:
        check_class_names(str(path), content.class_names)
    if not row.vectors and (len(shape) == 1 or condition is not None):
        raise CondganError(f"{path}: vectors are written to {writers.listed(vectors=True)}")
    check_free(path)
    temporary = path.with_name(f".condgan-{secrets.token_hex(8)}.part")
    failed: BaseException | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with row.open(temporary, content) as add:
            output = Output(path, content, add)
            try:
                yield output
            except BaseException as error:
                failed = error
                raise
            if output.written < count:
                raise CondganError(f"{path}: {output.written} images were written, {count} were announced")
        check_free(path)
        os.replace(temporary, path)
    except BaseException as error:
        remove(temporary)
        if failed is None and isinstance(error, OSError):
            raise unwritable(path, error) from None
        if failed is not None and failed is not error:  # closing half an archive may fail again, as on a full disk
            raise failed from None
        raise


def check_free(path: Path) -> None:
    """Refuse to write over anything.

    Raises:
        CondganError: something is at this path, if only a broken link.
    """
    if os.path.lexists(path):
        raise CondganError(f"{path} exists already and is not overwritten: give another path, or remove it first")


def free(name: str) -> Path:
    """The path of this name in the working directory, or the first of ``name-2``, ``name-3``, ... that is free."""
    path, number = Path(name), 1
    while os.path.lexists(path):
        number += 1
        path = Path(name).with_stem(f"{Path(name).stem}-{number}")
    return path


def remove(path: Path) -> None:
    """Delete a file or folder, if it is there; an error in doing so must not hide why."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def unwritable(path: Path, error: OSError) -> CondganError:
    """The error where the file system refuses."""
    return CondganError(f"{path} cannot be written: {error.strerror or error}")
