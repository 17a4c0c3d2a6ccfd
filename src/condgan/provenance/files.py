"""Files that anyone may have written, read within bounds: regular ones alone, and never more than is expected."""

import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

MOST_FILE = 256 << 20
"""Bytes of a picture; a larger one is not read."""
MOST_FILES = 1_000_000  # in a folder
DEEPEST = 16  # folders below the one that is given


class UnreadableError(Exception):
    """A file that cannot be read, with the reason in words."""


class DamagedError(UnreadableError):
    """A file that can be read, and is not what it should be."""


def opened(path: Path, *, follow: bool = False) -> BufferedReader:
    """A regular file, open for reading; a FIFO or a device is not waited for.

    Raises:
        UnreadableError: another kind of file, a symbolic link, no permission.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not follow:
        if path.is_symlink():
            raise UnreadableError("a symbolic link, which is not followed")
        flags |= getattr(os, "O_NOFOLLOW", 0)
    try:
        if not stat.S_ISREG(os.stat(path, follow_symlinks=follow).st_mode):
            raise UnreadableError("no regular file")
        number = os.open(path, flags)
    except (OSError, ValueError) as error:
        raise UnreadableError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UnreadableError("no regular file")
    return open(number, "rb")


def content(path: Path, most: int = MOST_FILE, *, follow: bool = False) -> bytes:
    """The bytes of a file.

    Raises:
        UnreadableError: as ``opened``, or larger than ``most``.
    """
    with opened(path, follow=follow) as file:
        try:
            data = file.read(most + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > most:
        raise UnreadableError(f"larger than {most >> 20} MiB")
    return data


def below(folder: Path) -> Iterator[Path]:
    """The files of a folder and its folders by name; links among them, but nothing that is behind a link.

    Raises:
        UnreadableError: there are too many, or they lie too deep.
    """
    left = MOST_FILES
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            raise UnreadableError(f"{here} cannot be read: {error.strerror or error}") from None
        left -= len(entries)
        if left < 0 or depth > DEEPEST:
            raise UnreadableError(f"more than {MOST_FILES} files" if left < 0 else f"more than {DEEPEST} folders deep")
        folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield from (Path(entry.path) for entry in entries if not entry.is_dir(follow_symlinks=False))
        waiting += [(path, depth + 1) for path in reversed(folders)]
