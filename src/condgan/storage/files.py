"""Files are written whole or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from condgan.errors import CondganError


def content(path: Path, most: int, advice: str) -> bytes:
    """The bytes of a regular file that is not large.

    Args:
        path: of the file.
        most: bytes.
        advice: what to do with a larger one.

    Raises:
        CondganError: it cannot be read, is no file, or is larger.
    """
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise CondganError(f"{path} cannot be read: it is no file")
            data = file.read(most + 1)
    except OSError as error:
        raise CondganError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > most:
        raise CondganError(f"{path} has more than {most >> 10:,} KiB: {advice}")
    return data


def check_writable(path: Path) -> None:
    """Check, before long work, that its result can be written.

    Raises:
        CondganError: a file at this path cannot be.
    """
    if path.is_dir():
        raise CondganError(f"cannot write {path}: it is a folder")
    folder = next(above for above in path.absolute().parents if above.exists())  # those below it are created
    probe = folder / f".{path.name[:32]}.{secrets.token_hex(8)}.tmp"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CondganError(f"cannot write {path}: {error.strerror or error}") from None


def companion(place: Path, ending: str) -> Path:
    """The path beside a file or a folder that has its name and an ending, also of ``.`` and ``..``."""
    place = place.resolve() if place.name in ("", "..") else place
    return place.with_name(place.name + ending)


def atomic(path: Path, data: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file so that a reader, or a crash, finds the old content or the new, never a part.

    It is written beside its place, flushed to the disk and moved there; folders above it are created, a symbolic
    link is followed. ``data`` is the content, or a function that writes it to the open file; if that raises, the old
    file stays, and the exception is passed on, unless it is an OSError.

    Raises:
        CondganError: the file cannot be written: disk full, no permission, a folder or a device of that name.
    """
    place = Path(os.path.realpath(path))
    beside = place.with_name(f".{place.name[:32]}.{secrets.token_hex(8)}.tmp")
    if place.exists() and not place.is_file():
        raise CondganError(f"cannot write {path}: it is {'a folder' if place.is_dir() else 'not a regular file'}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(beside, "xb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, place)
    except OSError as error:
        raise CondganError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):  # after the move there is none, and a failed clean-up hides no error
            beside.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # some network disks flush no folders; the file itself is safe
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
