"""Key files: one secret, from which each purpose has a subkey of its own."""

import hashlib
import hmac
import json
import os
import secrets
import stat
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from condgan import arguments
from condgan.errors import CondganError
from condgan.storage import secret

KIND, VERSION = "condgan key", 1
PUBLIC = "condgan public key"
SECRET = 32  # bytes
MOST_BYTES = 4096  # of a file

Warn = Callable[[str], object]


@dataclass(frozen=True)
class Key:
    """A secret. Its text shows the fingerprint alone.

    Attributes:
        secret: 32 random bytes.
    """

    secret: bytes = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """The subkey of a purpose, 32 bytes: keyed BLAKE2b (RFC 7693), as PRF; none tells of another or the secret."""
        return hashlib.blake2b(f"condgan key {VERSION}: {purpose}".encode(), key=self.secret, digest_size=32).digest()

    @cached_property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that name the key; the secret cannot be computed from them."""
        return self.derived("fingerprint").hex()[:32]

    def __repr__(self) -> str:
        """``<Key 0f3a...>``."""
        return f"<Key {self.fingerprint}>"


def warned(message: str) -> None:
    """Warn as Python does."""
    warnings.warn(message, stacklevel=3)


def new_key(path: str | PathLike[str], *, force: bool = False) -> Key:
    """Make a key, and write it to a file that its owner alone can read and write.

    Args:
        path: of the file; folders above it are created.
        force: replace what is at the path. What was marked with a key that is lost cannot be recognised any more.

    Raises:
        CondganError: something is at the path, and ``force`` is not given; it cannot be written.
    """
    place = arguments.path("path", path)
    key = Key(secrets.token_bytes(SECRET))
    said = {"kind": KIND, "version": VERSION, "fingerprint": key.fingerprint, "secret": key.secret.hex()}
    secret.write(place, json.dumps(said, indent=2).encode() + b"\n", force=force)
    return key


def load(path: str | PathLike[str], warn: Warn = warned) -> Key:
    """Read a key file.

    Args:
        path: of the file.
        warn: called with a sentence where others may read the file too.

    Raises:
        CondganError: it cannot be read, is damaged or no key file, or is of another version.
    """
    place = arguments.path("key", path)
    try:
        number = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(number, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise CondganError(f"{place} is no key file, but {'a folder' if stat.S_ISDIR(mode) else 'no file'}")
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        cure = ": `condgan key new` writes one" if isinstance(error, FileNotFoundError) else ""
        raise CondganError(f"key {place} cannot be read ({error.strerror or error}){cure}") from None
    key = _parsed(place, data)
    if os.name == "posix" and mode & 0o077:
        warn(f"{place} can be read by others (mode {mode & 0o777:03o}): chmod 600 {place}")
    return key


def of(given: "Key | str | PathLike[str] | None", warn: Warn = warned) -> Key | None:
    """A key, as a caller gives it: one that is loaded, a path, or none.

    Raises:
        CondganError: as for ``load``.
    """
    return given if given is None or isinstance(given, Key) else load(given, warn)


def _parsed(place: Path, data: bytes) -> Key:
    said: Any = None
    if len(data) <= MOST_BYTES:
        with suppress(ValueError, RecursionError):
            said = json.loads(data)
    if isinstance(said, dict) and said.get("kind") == PUBLIC:
        raise CondganError(f"{place} is a public key, for those who check signatures: expected the key file itself")
    if not isinstance(said, dict) or said.get("kind") != KIND:
        raise CondganError(f"{place} is no key file, or a part of one: expected a file of `condgan key new`")
    if said.get("version") != VERSION or isinstance(said["version"], bool):
        version = arguments.shown(said.get("version"))
        raise CondganError(f"{place} is a key of version {version}, and this condgan reads version {VERSION}")
    try:
        key = Key(bytes.fromhex(said["secret"]))
    except (KeyError, TypeError, ValueError):
        raise CondganError(f"{place} is damaged: it has no secret of {SECRET} bytes") from None
    told = said.get("fingerprint")
    if len(key.secret) != SECRET:
        raise CondganError(f"{place} is damaged: its secret has {len(key.secret)} bytes, expected {SECRET}")
    if not isinstance(told, str) or not hmac.compare_digest(told.encode("utf-8", "replace"), key.fingerprint.encode()):
        raise CondganError(f"{place} is damaged: its fingerprint is not that of its secret")
    return key
