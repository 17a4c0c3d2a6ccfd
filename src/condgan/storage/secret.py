"""Files that their owner alone may read: keys."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from condgan.errors import CondganError


def write(place: Path, data: bytes, *, force: bool = False) -> None:
    """Write a file that its owner alone can read and write; folders above it are created.

    Args:
        place: its path.
        data: what it has.
        force: replace what is at the path, whole or not at all.

    Raises:
        CondganError: something is at the path, and ``force`` is not given; it cannot be written.
    """
    if os.path.lexists(place) and not force:
        raise CondganError(f"{place} exists: another path, or `force`, which replaces it for good")
    beside = place.with_name(f".{place.name[:32]}.{secrets.token_hex(8)}.tmp") if force else place
    made = False
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        made = True
        with open(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            os.replace(beside, place)
    except OSError as error:
        if made:
            with suppress(OSError):
                beside.unlink()
        raise CondganError(f"cannot write {place}: {error.strerror or error}") from None
