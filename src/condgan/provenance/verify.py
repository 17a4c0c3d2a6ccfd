"""Whether files are what they say of themselves: ``condgan.verify``."""

import os
from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path

from condgan import arguments
from condgan.data.archives import MANIFEST
from condgan.errors import CondganError
from condgan.marks import keys
from condgan.marks.keys import Key
from condgan.provenance import folders, judging, marks, sets
from condgan.provenance.files import DamagedError, UnreadableError, below, opened
from condgan.provenance.generators import Generators
from condgan.provenance.labels import misplaced
from condgan.provenance.packed import is_packed, unpacked
from condgan.provenance.reading import Entry, Picture
from condgan.provenance.signing import Trust, signed, with_signatures
from condgan.provenance.verdicts import Report, finding
from condgan.storage.manifest import Manifest

Progress = Callable[[int, int], object]
"""Called with the number of files or images looked at, and the number of all."""


def silent(done: int, count: int) -> None:
    """No progress."""


def verify(
    path: str | PathLike[str],
    generator: str | PathLike[str] | None = None,
    engine: str | None = None,
    key: Key | str | PathLike[str] | None = None,
    *,
    trust: Sequence[str | PathLike[str]] = (),
    progress: Progress = silent,
) -> Report:
    """Look whether a file, a folder or a set of images is what it says of itself.

    Manifests are read back, hashes are computed again, and pictures are made again from their seeds where their
    generator is at hand. Links are not followed; archives of folders are unpacked into a temporary folder.

    Args:
        path: a file or a folder that condgan wrote, or that says so.
        generator: a run, ``RUN@100`` or a generator file; those of the package are always at hand, and where the path
            is a run, those that it has kept.
        engine: that makes pictures again; default: the one that trained the generator.
        key: a key or the path of a key file: its mark is looked for in the pixels, and pictures that say that they have
            it are made again with it; signatures by it are trusted.
        trust: files of public keys (``signatures.detached.write_public``) and of certificates, PEM: whose signatures
            are trusted.
        progress: called with what is done and how much there is.

    Raises:
        CondganError: there is nothing at the path, nothing to look at, or it cannot be read; the generator cannot be
            loaded; the key cannot be read.
    """
    secret = keys.of(key)
    place = Path(arguments.path("path", path))
    try:
        os.stat(place)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        what = "no such file or folder" if missing else f"cannot be read: {error.strerror or error}"
        raise CondganError(f"{place}: {what}") from None
    believed = Trust.of(trust, secret)
    generators = Generators(generator, engine, place if (place / "recipe.json").is_file() else None, secret, believed)
    try:
        if place.is_dir():
            found = _folder(place, str(path), generators, progress)
        else:
            found = _packed(place, generators, progress) if is_packed(place) else _file(place, generators, progress)
        return with_signatures(found, place, believed)
    except UnreadableError as error:
        raise CondganError(f"{place}: {error}") from None


def _packed(path: Path, generators: Generators, progress: Progress) -> Report:
    """An archive of a folder."""
    try:
        with unpacked(path) as folder:
            return _folder(folder, str(path), generators, progress)
    except DamagedError as error:
        return _looked(path, [], Report(files=(finding(str(path), "unknown", str(error)),)), generators)


def _looked(path: Path, paths: Sequence[Path], report: Report, generators: Generators) -> Report:
    """A report with the mark, if a key is given."""
    return report if generators.key is None else marks.looked(path, paths, report, generators.key)


def _file(path: Path, generators: Generators, progress: Progress) -> Report:
    """A file alone."""
    opened(path, follow=True).close()
    step = Steps(progress, 1)
    if path.suffix.lower() in sets.FILES:
        together, file = folders.alone(path, str(path), generators, step, follow=True)
        return _looked(path, [path], Report(set=together, files=(file,)), generators)
    read: Picture | UnreadableError
    try:
        read = judging.read(path, follow=True)
    except DamagedError as error:
        read = error
    (one,) = judging.judged([Entry(str(path), read, None)], generators)
    misplaced(one, [path.absolute().parent.name])
    return _looked(path, [path], Report(files=(one.found,)), generators)


def _folder(folder: Path, shown: str, generators: Generators, progress: Progress) -> Report:
    """All files of a folder, whose path is shown so: its sets, and what else there is."""
    paths = list(below(folder))
    roots: dict[Path, Manifest | DamagedError] = {}
    for path in sorted((path for path in paths if path.name == MANIFEST), key=lambda path: len(path.parts)):
        if not any(above in roots for above in path.parents) and (told := folders.manifest(path.parent)):
            roots[path.parent] = told  # what stands within a set is a part of it
    parts: dict[Path | None, list[Path]] = {root: [] for root in [None, *roots]}
    for path in paths:
        parts[next((above for above in path.parents if above in roots), None)].append(path)
    if not roots and not any(map(folders.looked_at, parts[None])):
        raise CondganError(f"{shown} has no files to look at: pictures, or sets of images, that condgan wrote")
    step = Steps(progress, len(paths))
    alone = folders.loose(folder, parts[None], generators, step)
    together, found = None, [signed(one, folder / one.path, generators.trust) for one in alone]
    for root, told in roots.items():
        place, name = parts[root], root.relative_to(folder).as_posix() if root != folder else shown
        if isinstance(told, DamagedError):
            one = finding(name, "unknown", str(told))
            files = folders.loose(root, place, generators, step)
        else:
            one, files = folders.whole(root, name, told, place, generators, step)
        if root == folder:
            together = one
        else:
            found.append(signed(one, root, generators.trust))
            files = [file.model_copy(update={"path": f"{name}/{file.path}"}) for file in files]
        found += files
    report = Report(set=together, files=tuple(sorted(found, key=lambda file: file.path)))
    return _looked(folder, paths, report, generators)


class Steps:
    """Counts files and images as they are looked at; there are more images than files."""

    def __init__(self, progress: Progress, count: int) -> None:
        self.progress, self.done, self.count = progress, 0, count

    def __call__(self) -> None:
        """One more."""
        self.done += 1
        self.progress(self.done, max(self.count, self.done))
