"""The cache: feature networks and their features of real images, between commands. Safe to delete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from condgan.errors import CondganError
from condgan.storage.weights import Arrays, load, save

PLACE = "CONDGAN_CACHE"


def folder() -> Path:
    """``$CONDGAN_CACHE``, else ``condgan`` in the user's cache folder (on Linux ``~/.cache``)."""
    given = os.environ.get(PLACE)
    return Path(given).expanduser() if given else user_cache_path("condgan", appauthor=False)


def path(kind: str, key: str) -> Path:
    """The file of a kind and a key, a hash."""
    return folder() / kind / f"{key}.safetensors"


def read(kind: str, key: str) -> tuple[dict[str, object], Arrays] | None:
    """The description and arrays of a kind and a key; none if they are absent or damaged."""
    try:
        return load(path(kind, key), kind)
    except (CondganError, OSError):
        return None


@contextmanager
def locked(kind: str, key: str) -> Iterator[None]:
    """Let one process at a time make an entry; where the cache cannot be written, all may."""
    from filelock import FileLock

    place = path(kind, key).with_suffix(".lock")
    lock = FileLock(place)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:
        yield
        return
    try:
        yield
    finally:
        lock.release()


def keep(kind: str, key: str, description: dict[str, object], arrays: Arrays) -> bool:
    """Write an entry -> whether that was possible: a full or read-only disk must not spoil a measurement."""
    try:
        save(path(kind, key), kind, description, arrays)
    except (CondganError, OSError):
        return False
    return True
