"""Zip and tar archives as trees of files; nothing is unpacked into folders."""

import lzma
import os
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any

from condgan.data.memory import LARGEST, place, spare
from condgan.data.tree import BROKEN, LARGEST_FILE, File, FolderTree, LoneFile, Tree, is_litter, normal, whole
from condgan.errors import CondganError
from condgan.storage.manifest import MOST_BYTES, Manifest

MANIFEST, CARD = "manifest.json", "README.md"
"""What `condgan sample` writes into a dataset that is a folder."""
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def grow(path: Path) -> Tree:
    """The files at a path: of a folder or an archive, or the file alone.

    Raises:
        CondganError: the archive is damaged or too large.
    """
    if path.is_dir():
        shards = tar_shards(path)
        return ShardsTree(path, shards) if shards else without_facts(FolderTree(path))
    if is_zip(path) or path.suffix.lower() == ".zip":  # a damaged one is no zip for zipfile
        return ZipTree(path)
    if is_tar(path):
        return TarTree(path)
    return LoneFile(path)


def tar_shards(path: Path) -> list[Path]:
    """The tar files of a folder that has no others but what condgan writes beside them; none elsewhere."""
    names = sorted(name for name in os.listdir(path) if not is_litter(name))
    shards = [path / name for name in names if name.endswith(".tar")]
    return shards if shards and len(shards) + len({*names} & {MANIFEST, CARD}) == len(names) else []


def without_facts(tree: Tree) -> Tree:
    """The tree without what `condgan sample` writes beside a dataset: its manifest, and its card."""
    manifest = tree.files.get(PurePosixPath(MANIFEST))
    if manifest is not None and manifest.size <= MOST_BYTES:
        try:
            if Manifest.from_json(tree.read(manifest)).kind == "set":
                for name in (MANIFEST, CARD):
                    tree.files.pop(PurePosixPath(name), None)
        except CondganError:
            pass  # a file of the user's own
    return tree


class ShardsTree(Tree):
    """Several tar archives, as a webdataset has them: each is a folder of its name."""

    def __init__(self, root: Path, shards: Sequence[Path]) -> None:
        super().__init__(root)
        self.shards: dict[str, Tree] = {}
        for shard in shards:
            tree = self.shards[shard.stem] = TarTree(shard)
            for file in tree.files.values():
                self.add(shard.stem / file.path, file.size, (shard.stem, file))
            self.skipped += tree.skipped

    def _open(self, file: File) -> Any:
        shard, within = file.place
        return self.shards[shard].open(within)

    def close(self) -> None:
        """Close all archives."""
        for tree in self.shards.values():
            tree.close()


class ZipTree(Tree):
    """A zip archive."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        with whole(str(root)):
            self.archive = zipfile.ZipFile(root)
            for member in self.archive.infolist():
                path = normal(member.filename)
                if path and member.filename.endswith("/"):
                    self.add_folder(path)
                elif path:
                    self.add(path, member.file_size, member)

    def _open(self, file: File) -> Any:
        return self.archive.open(file.place)

    def close(self) -> None:
        """Close the archive."""
        self.archive.close()


class TarTree(Tree):
    """A tar archive; a compressed one is first unpacked into a nameless temporary file, for random access."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.lock = threading.Lock()
        with ExitStack() as stack, whole(str(root)):
            self.stream = stack.enter_context(uncompressed(root))
            with tarfile.open(fileobj=self.stream, mode="r:") as archive:
                for member in archive:
                    path = normal(member.name)
                    if path and member.isreg():
                        self.add(path, member.size, member.offset_data)
                    elif path and member.isdir():
                        self.add_folder(path)
                    elif not member.isdir():
                        self.skipped["links and devices in the archive"] += 1
            stack.pop_all()  # ``close`` closes it

    @contextmanager
    def _open(self, file: File) -> Iterator[IO[bytes]]:
        with tempfile.SpooledTemporaryFile(max_size=LARGEST_FILE) as copy:
            with self.lock:
                self.stream.seek(file.place)
                copy_some(self.stream, copy, file.size)
            copy.seek(0)
            yield copy

    def close(self) -> None:
        """Close the archive."""
        self.stream.close()


def is_archive(path: Path) -> bool:
    """Whether a file is a zip or tar archive."""
    return path.is_file() and (is_zip(path) or path.suffix.lower() == ".zip" or is_tar(path))


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive, and no .npz by its name or content."""
    if path.suffix.lower() in (".npz", ".pt", ".pth") or not zipfile.is_zipfile(path):
        return False
    try:
        return not any("/" not in name for name in arrays_in(path))
    except BROKEN:
        return True


def arrays_in(path: Path) -> frozenset[str]:
    """The names of members of a zip archive that end in .npy.

    Raises:
        Exception: zipfile's, of a dozen kinds, if it is damaged.
    """
    found = path.stat()
    return _arrays_in(str(path), found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(maxsize=16)  # every reader asks, and the directory of an archive of many files takes long to read
def _arrays_in(path: str, *stamp: int) -> frozenset[str]:
    with zipfile.ZipFile(path) as archive:
        return frozenset(name for name in archive.namelist() if name.endswith(".npy"))


def is_tar(path: Path) -> bool:
    """Whether a file is a tar archive, plain or compressed."""
    try:
        return tarfile.is_tarfile(path)
    except (*BROKEN, OSError):
        return False


def uncompressed(path: Path) -> IO[bytes]:
    """A tar archive without its compression, at most as large as the largest array, and as the disk has room for.

    Raises:
        CondganError: it is larger.
    """
    import bz2
    import gzip

    with path.open("rb") as file:
        start = file.read(6)
    openers: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
    opener = next((opener for magic, opener in openers.items() if start.startswith(magic)), None)
    if opener is None:
        return path.open("rb")
    with ExitStack() as stack:
        copy, most = stack.enter_context(tempfile.TemporaryFile(dir=place())), min(LARGEST, spare())
        stream = stack.enter_context(opener(path, "rb"))
        if copy_some(stream, copy, most) >= most:
            raise CondganError(f"{path} unpacks to more than {most / 2**30:.0f} GiB: unpack it, and give a part of it")
        copy.seek(0)
        stream.close()
        stack.pop_all()  # the tree closes the copy
    return copy


def copy_some(source: IO[bytes], target: Any, count: int) -> int:
    """Copy at most so many bytes -> how many there were."""
    done = 0
    while done < count and (block := source.read(min(1 << 20, count - done))):
        target.write(block)
        done += len(block)
    return done
