"""What is worth keeping between commands: feature networks, and what they say of real images. Safe to delete."""

import os
from pathlib import Path

from condgan.errors import CondganError
from condgan.storage.weights import Arrays, load, save

PLACE = "CONDGAN_CACHE"


def folder() -> Path:
    """``$CONDGAN_CACHE``, else ``condgan`` in the user's cache folder."""
    if os.environ.get(PLACE):
        return Path(os.environ[PLACE]).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "condgan"


def path(kind: str, key: str) -> Path:
    """Where something of a kind is kept under a key, a hash."""
    return folder() / kind / f"{key}.safetensors"


def read(kind: str, key: str) -> tuple[dict[str, object], Arrays] | None:
    """What is kept; none if nothing is, or if it is damaged: then it is made anew."""
    try:
        return load(path(kind, key), kind)
    except (CondganError, OSError):
        return None


def keep(kind: str, key: str, description: dict[str, object], arrays: Arrays) -> bool:
    """Keep it -> whether that was possible: a full or read-only disk must not spoil a measurement."""
    try:
        save(path(kind, key), kind, description, arrays)
    except (CondganError, OSError):
        return False
    return True
