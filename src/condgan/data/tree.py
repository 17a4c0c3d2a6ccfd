"""The files of a dataset wherever they lie: below a folder here, in an archive in ``archives``."""

import errno
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from condgan.errors import CondganError

MOST_FILES = 20_000_000
LARGEST_FILE = 1 << 30  # bytes of one image file or table of labels
LITTER = frozenset({"thumbs.db", "desktop.ini", "icon\r", "lost+found", "system volume information", "$recycle.bin"})
LITTER_STARTS = (".", "~$", "__macosx", "@eadir")
HIDDEN = "hidden files and those that desktops leave behind"
LINKS = "links that lead out of the folder"
TWICE = "links to a folder that is read already"
RUNS = "files of condgan runs"
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class File:
    """A file in a tree.

    Attributes:
        path: below the root of the tree, as ``train/cat/1.png``.
        size: in bytes.
        place: what the tree needs to open it.
    """

    path: PurePosixPath
    size: int
    place: Any


class Tree(ABC):
    """Files below a root.

    Attributes:
        root: the folder or archive.
        files: all of them but hidden ones, by path.
        folders: those that are listed, also empty ones.
        skipped: how many entries were left out, by reason.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.skipped = root, Counter[str]()
        self.files: dict[PurePosixPath, File] = {}
        self.folders: set[PurePosixPath] = set()

    def add(self, path: PurePosixPath, size: int, place: Any) -> None:
        """Take in a file, unless it is hidden.

        Raises:
            CondganError: there are too many.
        """
        if any(is_litter(part) for part in path.parts):
            self.skipped[HIDDEN] += 1
            return
        if len(self.files) >= MOST_FILES:
            raise CondganError(f"{self.root} has more than {MOST_FILES} files: give a part of it")
        self.files[path] = File(path, size, place)

    def add_folder(self, path: PurePosixPath) -> None:
        """Take in a folder, unless it is hidden."""
        if not any(is_litter(part) for part in path.parts):
            self.folders.add(path)

    @contextmanager
    def open(self, file: File) -> Iterator[IO[bytes]]:
        """A file to read, and to seek in.

        Raises:
            CondganError: it is damaged, encrypted, or larger than declared.
        """
        try:
            with whole(self.shown(file.path)), self._open(file) as stream:
                yield stream
        except RuntimeError:  # zipfile's, on an encrypted file
            raise CondganError(f"{self.shown(file.path)} is encrypted: unpack it first") from None

    def read(self, file: File, most: int = LARGEST_FILE) -> bytes:
        """What a file contains; of a longer one, its first ``most`` bytes and one more.

        Raises:
            CondganError: as for ``open``.
        """
        with self.open(file) as stream:
            return stream.read(most + 1)

    def shown(self, path: PurePosixPath) -> str:
        """A file in an error, in one line."""
        return f"{self.root}/{printable(str(path))}"

    @abstractmethod
    def _open(self, file: File) -> Any:
        """A context with the file's bytes."""

    def close(self) -> None:  # noqa: B027  # a folder needs none
        """Give back what the tree has opened."""


class FolderTree(Tree):
    """A folder. Symbolic links are followed while they stay inside; condgan's own runs are left out."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        real = os.path.realpath(root)
        seen: set[tuple[int, int]] = set()
        for place, folders, names in os.walk(root, onerror=refuse, followlinks=True):
            below = PurePosixPath(os.path.relpath(place, root))
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen:
                self.skipped[TWICE] += 1
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            if place != str(root) and "recipe.json" in names and {"checkpoints", "log.jsonl"} & {*folders, *names}:
                self.skipped[RUNS] += 1
                folders.clear()
                continue
            folders.sort()
            self.add_folder(below)
            for name in [name for name in folders if is_litter(name) or not inside(os.path.join(place, name), real)]:
                self.skipped[HIDDEN if is_litter(name) else LINKS] += 1
                folders.remove(name)
            for name in sorted(names):
                path = os.path.join(place, name)
                if os.path.islink(path) and not inside(path, real):
                    self.skipped[LINKS] += 1
                    continue
                status = os.stat(path)
                if stat.S_ISREG(status.st_mode):
                    self.add(below / name, status.st_size, path)
                elif not stat.S_ISDIR(status.st_mode):
                    self.skipped["devices and the like"] += 1

    def _open(self, file: File) -> Any:
        return open(file.place, "rb")


class LoneFile(Tree):
    """One file."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        path = PurePosixPath(root.name)
        self.files[path] = File(path, root.stat().st_size, str(root))

    def shown(self, path: PurePosixPath) -> str:
        """The file itself."""
        return str(self.root)

    def _open(self, file: File) -> Any:
        return open(file.place, "rb")


@contextmanager
def whole(what: str) -> Iterator[None]:
    """Whatever damaged archives raise is one error."""
    try:
        yield
    except BROKEN as error:
        raise CondganError(f"{what} is damaged: {error}") from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # none: gzip's and bz2's; EINVAL: a place before the start
            raise
        raise CondganError(f"{what} is damaged: {error.strerror or error}") from None


def refuse(error: OSError) -> None:
    """Raise an error of ``os.walk``, which would leave the folder out without a word."""
    raise error


def normal(name: str) -> PurePosixPath | None:
    """A member's name as a path below the root; nothing is ever written there, so that ``..`` is only left out."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return PurePosixPath(*parts) if parts else None


def printable(name: str) -> str:
    """A name, or what a stranger wrote, as it can be written to JSON and to a line of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def is_litter(name: str) -> bool:
    """Whether a name is hidden, or of what desktops leave behind."""
    return name.lower().startswith(LITTER_STARTS) or name.lower() in LITTER


def inside(path: str, real: str) -> bool:
    """Whether a path, its links followed, exists and lies below a folder."""
    target = os.path.realpath(path)
    return os.path.exists(target) and (target == real or target.startswith(real.rstrip(os.sep) + os.sep))
