"""From names in requests to paths: nothing outside the folders that were named is ever read or written."""

import os
import stat
from pathlib import Path, PurePosixPath

from condgan.data.readers import BUILT_IN
from condgan.errors import ArgumentError, CondganError
from condgan.experiments.study import JOURNAL, PLAN
from condgan.runs.run import Run
from condgan.studio.settings import Settings

MOST_NAME = 200
READ = (
    *("recipe.json", "status.json", "log.jsonl", "provenance.json", "splits.json", "worth.json", "cure.json"),
    *(PLAN, JOURNAL),
)
"""Files of a run or study that are read when it is shown."""

PNG, END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"  # how a file begins and ends


class MissingError(CondganError):
    """What a request names does not exist: status 404."""


class ConflictError(ArgumentError):
    """What a request asks for does not agree with what is there by now: status 409."""


def below(folder: Path, name: str, what: str) -> Path:
    """The path of a name below a folder, wherever symbolic links lead.

    Raises:
        MissingError: it is not below the folder, a hidden one, or no line of text.
    """
    parts = PurePosixPath(name).parts
    plain = (
        bool(parts) and "/".join(parts) == name and len(name) <= MOST_NAME and name.isprintable() and "\\" not in name
    )
    if not plain or any(part.startswith((".", "/")) for part in parts):
        raise MissingError(f"no {what} is named {name[:60]!r}")
    path = folder.joinpath(*parts)
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links that lead in a circle
        inside = False
    if not inside:
        raise MissingError(f"no {what} is named {name[:60]!r}")
    return path


def check(folder: Path) -> None:
    """Refuse a run or study of which a file is none: a link may lead anywhere, and a pipe would never end.

    Raises:
        CondganError: there is one.
    """
    for name in READ:
        path = folder / name
        if (path.is_symlink() or path.exists()) and not stat.S_ISREG(path.lstat().st_mode):
            raise CondganError(f"{name} is no regular file: {folder.name} is not read")


def is_png(path: Path) -> bool:
    """Whether a file begins and ends as a PNG does; a pipe, which would never end, is none."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with open(path, "rb") as file:
            begins = file.read(16)[:8] == PNG and file.seek(-12, os.SEEK_END) > 0
            return begins and file.read() == END
    except OSError:
        return False


def run(settings: Settings, name: str) -> Run:
    """The run of a name.

    Raises:
        MissingError: there is none.
        CondganError: a file of it is none.
    """
    folder = below(settings.runs, name, "run")
    if not (folder / "recipe.json").is_file():
        raise MissingError(f"no run is named {name[:60]!r}")
    check(folder)
    return Run(folder)


def place(settings: Settings, name: str) -> Path:
    """The folder of a run or study.

    Raises:
        MissingError: there is none.
    """
    folder = below(settings.runs, name, "run")
    if not any((folder / inside).is_file() for inside in ("recipe.json", PLAN)):
        raise MissingError(f"no run is named {name[:60]!r}")
    check(folder)
    return folder


def arm(settings: Settings, name: str) -> Path:
    """The folder of a run, of a study, or of those trainings of a study that differ in their seed alone.

    Raises:
        MissingError: there is none.
    """
    folder = below(settings.runs, name, "run")
    if not (folder.parent / PLAN).is_file() or (folder / "recipe.json").is_file():
        return place(settings, name)
    check(folder.parent)
    runs = [path.parent for path in folder.glob("*/recipe.json")]
    if not runs:
        raise MissingError(f"no run is named {name[:60]!r}")
    for run in runs:
        check(run)
    return folder


def file(settings: Settings, name: str, inner: str) -> Path:
    """A file of a run or study.

    Raises:
        MissingError: there is none.
    """
    path = below(place(settings, name), inner, "file")
    if not path.is_file() or path.suffix == ".sqlite":  # judgements, which would tell what is real
        raise MissingError(f"{name} has no file {inner[:60]!r}")
    return path


def new(settings: Settings, name: str) -> Path:
    """The folder of a run that is to be trained.

    Raises:
        ArgumentError: it cannot have that name.
        ConflictError: there is something already.
    """
    try:
        folder = below(settings.runs, name, "run")
    except MissingError:
        raise ArgumentError("run", name[:60], "expected a name below the folder of runs, as mnist-1") from None
    if folder.exists():
        raise ConflictError("run", name, "exists already: choose another name")
    for above in folder.relative_to(settings.runs).parents[:-1]:
        if any((settings.runs / above / file).exists() for file in ("recipe.json", PLAN)):
            raise ArgumentError("run", name, f"lies within {above}, which is a run or a study: choose another name")
    return folder


def data(settings: Settings, name: str) -> str:
    """What names a dataset: a built-in one, an upload, or a path within the folders that were named.

    Raises:
        MissingError: it is none of these.
    """
    if name in BUILT_IN:
        return name
    allowed = [place.resolve() for place in (*settings.data, settings.uploads)]
    try:
        path = Path(name).resolve(strict=True)
        known = any(path.is_relative_to(place) for place in allowed)
    except (OSError, ValueError):  # nothing there, or no file system can have such a name
        known = False
    if not name or not known:
        raise MissingError(f"no dataset is named {name[:60]!r}: name its folder as the studio starts")
    return str(path)


def named(settings: Settings, folder: Path) -> str:
    """The name of a run or study: its path below the folder of runs."""
    return folder.relative_to(settings.runs).as_posix()
