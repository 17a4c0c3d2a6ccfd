"""Zip and tar archives of folders, unpacked into a temporary folder: files and folders alone, and within bounds."""

import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from condgan.data import memory
from condgan.data.archives import uncompressed
from condgan.data.tree import BROKEN
from condgan.errors import CondganError
from condgan.provenance import archives
from condgan.provenance.files import DEEPEST, MOST_FILES, DamagedError, UnreadableError, opened

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MOST_UNPACKED = 16 << 30  # bytes
MOST_READ = 64 << 20  # bytes that a header of a tar may have
BLOCK = 1 << 20


def is_packed(path: Path) -> bool:
    """Whether a file is an archive of a folder by its name, and no tar of a webdataset by its beginning."""
    name = path.name.lower()
    if not name.endswith(ENDINGS):
        return False
    if not name.endswith(".tar"):
        return True
    with opened(path, follow=True) as file:
        return file.read(archives.BLOCK)[156:157] != archives.GLOBAL


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A folder with the files of an archive, until the context ends; of an archive of one folder, that folder.

    Raises:
        UnreadableError: it cannot be read.
        DamagedError: damaged, too large, or it has links, other kinds of files, or files outside of itself.
    """
    with tempfile.TemporaryDirectory(prefix="condgan-verify-", dir=memory.place()) as place:
        folder = Path(place)
        try:
            (_unzip if path.suffix.lower() == ".zip" else _untar)(path, _Target(folder))
        except (*BROKEN, *archives.ZIP_ERRORS) as error:
            raise DamagedError(f"damaged: {type(error).__name__}") from None
        except CondganError as error:
            raise UnreadableError(str(error).removeprefix(f"{path} ")) from None
        inside = list(folder.iterdir())
        yield inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


class _Target:
    """Takes files below a folder, as many and as large as there is room for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.files = folder, 0
        self.left = min(MOST_UNPACKED, memory.spare() // 2)

    def place(self, name: str) -> Path:
        """Where a member goes.

        Raises:
            DamagedError: its name leads elsewhere, or there are too many.
        """
        parts = name.removeprefix("./").rstrip("/").split("/")
        if name in (".", "./"):
            return self.folder
        self.files += 1
        if self.files > MOST_FILES or len(parts) > DEEPEST:
            raise DamagedError(f"it has more than {MOST_FILES} files, or more than {DEEPEST} folders deep")
        if any(part in ("", ".", "..") or len(part.encode(errors="replace")) > 255 for part in parts):
            raise DamagedError("it has a file with a name that leads elsewhere")
        if any(letter in name for letter in "\\\0"):
            raise DamagedError("it has a file with a name that leads elsewhere")
        return self.folder.joinpath(*parts)

    def write(self, name: str, stream: IO[bytes], size: int) -> None:
        """A file of this size.

        Raises:
            DamagedError: it has another size, no room, or is there already.
        """
        path = self.place(name)
        self.left -= size
        if size < 0 or self.left < 0:
            raise DamagedError("it unpacks to more bytes than there is room for")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                while size and (block := stream.read(min(BLOCK, size))):
                    file.write(block)
                    size -= len(block)
        except FileExistsError:
            raise DamagedError("it has several files of one name") from None
        if size:
            raise DamagedError("damaged: a file in it ends before its end")


def _unzip(path: Path, target: _Target) -> None:
    with opened(path, follow=True) as file:
        entries = archives.members(file)
        with zipfile.ZipFile(file) as archive:
            for name, entry in entries.items():
                kind = stat.S_IFMT(entry.external_attr >> 16)
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise DamagedError("it has links or other kinds of files")
                if name.endswith("/"):
                    target.place(name).mkdir(parents=True, exist_ok=True)
                    continue
                with archive.open(entry) as stream:
                    target.write(name, stream, entry.file_size)
                    if stream.read(1):
                        raise DamagedError("damaged: a file in it is larger than it says")


def _untar(path: Path, target: _Target) -> None:
    with uncompressed(path) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r:") as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.isdir():
                target.place(member.name).mkdir(parents=True, exist_ok=True)
                continue
            if not member.isreg() or member.issparse():
                raise DamagedError("it has links or other kinds of files")
            place = stream.tell()
            stream.seek(member.offset_data)
            target.write(member.name, stream, member.size)
            stream.seek(place)


class _Bounded:
    """A file for tarfile, which would read a header of any size into memory."""

    def __init__(self, file: IO[bytes] | BinaryIO) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        """So many bytes."""
        if not 0 <= size <= MOST_READ:
            raise DamagedError("damaged: a header of a tar")
        return self.file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        """As of a file."""
        return self.file.seek(place, whence)

    def tell(self) -> int:
        """As of a file."""
        return self.file.tell()
