"""A moment of a run: ``runs/a@100`` names the generator that the run had after 100 epochs."""

import os
from pathlib import Path


def parse(path: str | os.PathLike[str]) -> tuple[Path, int | None]:
    """``runs/a@100`` -> (``runs/a``, 100); any other path -> (path, none). A path that exists is taken as it is."""
    path = Path(path)
    name, at, epoch = path.name.rpartition("@")
    if not at or not name or not (epoch.isascii() and epoch.isdecimal()) or path.exists():
        return path, None
    return path.with_name(name), int(epoch)
