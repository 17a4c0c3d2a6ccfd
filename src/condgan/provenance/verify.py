"""Whether files are what they say of themselves: ``condgan.verify``."""

from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path

from condgan import arguments
from condgan.errors import CondganError
from condgan.provenance import judging
from condgan.provenance.files import DamagedError, UnreadableError, below
from condgan.provenance.reading import FOREIGN, READERS, Picture
from condgan.provenance.remaking import Generators
from condgan.provenance.verdicts import Finding, Report

Progress = Callable[[int, int], object]
"""Called with the number of files or images looked at, and the number of all."""


def silent(done: int, count: int) -> None:
    """No progress."""


def verify(
    path: str | PathLike[str],
    generator: str | PathLike[str] | None = None,
    engine: str | None = None,
    *,
    progress: Progress = silent,
) -> Report:
    """Look whether a file, a folder or a set of images is what it says of itself.

    Manifests are read back, hashes are computed again, and pictures are made again from their seeds where their
    generator is at hand. Links are not followed, and nothing is unpacked or written.

    Args:
        path: a file or a folder that condgan wrote, or that says so.
        generator: a run, ``RUN@100`` or a generator file; those of the package are always at hand.
        engine: that makes pictures again; default: the one that trained the generator.
        progress: called with what is done and how much there is.

    Raises:
        CondganError: there is nothing at the path, nothing to look at, or it cannot be read; the generator cannot be
            loaded.
    """
    place = Path(arguments.path("path", path))
    if not place.exists():
        raise CondganError(f"{place}: no such file or folder")
    generators = Generators(generator, engine)
    try:
        report = _folder(place, generators, progress) if place.is_dir() else _file(place, generators, progress)
    except UnreadableError as error:
        raise CondganError(f"{place}: {error}") from None
    return report


def _file(path: Path, generators: Generators, progress: Progress) -> Report:
    """A file alone."""
    read: Picture | UnreadableError
    try:
        read = judging.read(path, follow=True)
    except DamagedError as error:
        read = error
    (found,) = judging.judged([(str(path), read)], generators)
    progress(1, 1)
    return Report(files=(found.found,))


def _folder(folder: Path, generators: Generators, progress: Progress) -> Report:
    """All files of a folder."""
    paths = [path for path in below(folder) if path.suffix.lower() in {*READERS, *FOREIGN}]
    if not paths:
        raise CondganError(f"{folder} has no files to look at")

    def pictures() -> Iterator[tuple[str, Picture | UnreadableError]]:
        for number, path in enumerate(paths):
            try:
                yield str(path.relative_to(folder)), judging.read(path)
            except UnreadableError as error:
                yield str(path.relative_to(folder)), error
            progress(number + 1, len(paths))

    findings: list[Finding] = [one.found for one in judging.judged(pictures(), generators)]
    return Report(files=tuple(findings))
