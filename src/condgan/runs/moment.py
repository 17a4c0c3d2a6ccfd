"""A moment of a run: ``runs/a@100`` names the generator that the run had after 100 epochs."""

import os
from pathlib import Path

from condgan import arguments


def parse(path: str | os.PathLike[str], argument: str = "path") -> tuple[Path, int | None]:
    """``runs/a@100`` -> (``runs/a``, 100); any other path -> (path, none). A path that exists is taken as it is.

    Raises:
        ArgumentError: ``argument`` is no path.
    """
    whole = arguments.path(argument, path)
    name, at, epoch = whole.name.rpartition("@")
    if not at or not name or not (epoch.isascii() and epoch.isdecimal()) or whole.exists():
        return whole, None
    return whole.with_name(name), int(epoch)
