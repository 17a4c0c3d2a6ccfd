"""Paths of what is written: free ones, hashes, and errors where the file system refuses."""

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from condgan.errors import CondganError


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


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
