"""Signatures by a key file: Ed25519 (RFC 8032) of a file's name, length and hash, in a file beside it."""

import hashlib
import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from condgan import arguments
from condgan.data.archives import MANIFEST
from condgan.errors import CondganError
from condgan.marks.keys import KIND, PUBLIC, Key
from condgan.signatures.packages import needed
from condgan.storage.files import atomic, companion, content

ENDING = ".sig"
PURPOSE = "sign"
MOST_BYTES = 1 << 16  # of a signature's file
MOST_CERTIFICATES = 8 << 20  # of a file that may have a public key or certificates
PIECE = 1 << 20  # bytes that are hashed at a time
BEGINNING = b'{"kind":"condgansignature"'  # of a signature's file, without spaces
MOST_NAMES = 4  # of a signature's fields that the JSON of another program may have too

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class Statement(BaseModel):
    """What is signed: these bytes, at a time that the signer states."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Literal["condgan signature"]
    version: Literal[1]
    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Of the file when it was signed; of a folder, that of its manifest."""
    length: Annotated[int, Field(ge=0)]
    sha256: Hex32
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    public_key: Hex32

    def signed(self) -> bytes:
        """The bytes that the signature is of: JSON, its keys in order, without spaces."""
        said = self.model_dump()
        return b"condgan signature\n" + json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


class Signed(Statement):
    """A statement with its signature."""

    signature: Hex64


@dataclass(frozen=True)
class Checked:
    """What is found of a signature.

    Attributes:
        valid: whether it is of these bytes.
        trusted: whether its key is one that was given.
        by: the public key, shortened; empty where none can be read.
        why: in words.
    """

    valid: bool
    trusted: bool
    by: str
    why: str


def sign(path: str | PathLike[str], key: Key) -> Path:
    """Sign a file, or the manifest of a folder -> the file of the signature, beside it; an older one is replaced.

    Raises:
        CondganError: it cannot be read, is a folder without a manifest, another program's signature lies there, or
            ``cryptography`` is not installed.
    """
    needed("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    place = arguments.path("path", path)
    name, length, digest = _hashed(place)
    if (other := foreign(place)) is not None:
        raise CondganError(f"{other} beside {place} is not condgan's, and is not replaced: move it, or rename it")
    private = Ed25519PrivateKey.from_private_bytes(key.derived(PURPOSE))
    public = private.public_key().public_bytes_raw().hex()
    moment = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.now(UTC) if not moment or not moment.isdecimal() else datetime.fromtimestamp(int(moment), UTC)
    told = Statement(
        kind="condgan signature", version=1, name=name, length=length, sha256=digest, time=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        public_key=public,
    )  # fmt: skip
    whole = Signed(**told.model_dump(), signature=private.sign(told.signed()).hex())
    beside = beside_of(place)
    atomic(beside, whole.model_dump_json(indent=2).encode() + b"\n")
    return beside


def beside_of(place: Path) -> Path:
    """Where the signature of a file or a folder lies."""
    return companion(place, ENDING)


def own(data: bytes) -> bool:
    """Whether bytes have the form of these signatures: sound, damaged, cut off, or empty.

    Other programs (gpg, minisign, signify, OpenSSH) write files of the same name, which have not.
    """
    names = sum(f'"{name}"'.encode() in data for name in Signed.model_fields)
    return names > MOST_NAMES or b'"condgan signature"' in data or BEGINNING.startswith(b"".join(data.split()))


def foreign(path: str | PathLike[str]) -> str | None:
    """The name of what has the name of a signature and is not condgan's: another program's, a link, a folder, a pipe.

    None where there is nothing, or condgan's.
    """
    beside = beside_of(arguments.path("path", path))
    if not os.path.lexists(beside):
        return None
    if beside.is_symlink() or not beside.is_file():
        return beside.name
    try:
        with open(beside, "rb") as file:
            return None if own(file.read(MOST_BYTES)) else beside.name
    except OSError:
        return None


def check(path: str | PathLike[str], trusted: Collection[str] = ()) -> Checked | None:
    """Look at the signature beside a file or a folder; none where there is none of condgan's.

    Args:
        path: of what is signed.
        trusted: public keys, hexadecimal, whose signatures are believed.

    Raises:
        CondganError: the file cannot be read, or ``cryptography`` is not installed.
    """
    place = arguments.path("path", path)
    beside = beside_of(place)
    if not beside.is_file() or foreign(place) is not None:
        return None
    try:
        whole = Signed.model_validate_json(content(beside, MOST_BYTES, "it is no signature"))
    except CondganError as error:
        return Checked(False, False, "", str(error))
    except (ValidationError, ValueError, RecursionError):
        return Checked(False, False, "", f"{beside.name} is a damaged signature, or one of another version")
    by = whole.public_key[:12]
    if not _fits(whole):
        return Checked(False, False, by, f"the signature in {beside.name} is not that of its key")
    _, length, digest = _hashed(place)
    if (length, digest) != (whole.length, whole.sha256):
        return Checked(False, False, by, f"{beside.name} signs other bytes: it was changed since, or is another file")
    known = whole.public_key in trusted
    words = "a key that is trusted" if known else "a key that nothing here vouches for"
    return Checked(True, known, by, f"signed on {whole.time[:10]}, as it says, by {words}, {by}")


def public_key(key: Key) -> str:
    """The public part of a key, hexadecimal: it may be given to anyone."""
    needed("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(key.derived(PURPOSE))
    return str(private.public_key().public_bytes_raw().hex())


def write_public(path: str | PathLike[str], key: Key) -> Path:
    """Write the public part of a key, for those who check."""
    place = arguments.path("path", path)
    said = {"kind": PUBLIC, "version": 1, "public_key": public_key(key)}
    atomic(place, json.dumps(said, indent=2).encode() + b"\n")
    return place


def read_public(path: str | PathLike[str]) -> str | None:
    """The public key in a file of ``write_public``; none: it is another kind of file.

    Raises:
        CondganError: it cannot be read, or is damaged.
    """
    place = arguments.path("trust", path)
    try:
        said: Any = json.loads(content(place, MOST_CERTIFICATES, "expected a public key, or certificates in PEM"))
    except (ValueError, RecursionError):
        return None
    if isinstance(said, dict) and said.get("kind") == KIND:
        raise CondganError(f"{place} is a key file, which is a secret: give it as `key`, or its `condgan key public`")
    if not isinstance(said, dict) or said.get("kind") != PUBLIC:
        return None
    found = said.get("public_key")
    if (
        said.get("version") != 1
        or not isinstance(found, str)
        or len(found) != 64
        or set(found) - set("0123456789abcdef")
    ):
        raise CondganError(f"{place} is a damaged public key, or one of another version")
    return found


def _fits(whole: Signed) -> bool:
    """Whether a signature is that of its statement and its key."""
    needed("cryptography")
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    told = Statement(**whole.model_dump(exclude={"signature"}))
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(whole.public_key))
        public.verify(bytes.fromhex(whole.signature), told.signed())
    except (InvalidSignature, ValueError):
        return False
    return True


def _hashed(place: Path, begun: Callable[[], Any] = hashlib.sha256) -> tuple[str, int, str]:
    """Name, length and SHA-256 of a file, or of the manifest of a folder."""
    file_of = place / MANIFEST if place.is_dir() else place
    if place.is_dir() and not file_of.is_file():
        raise CondganError(
            f"{place} has no {MANIFEST}: a folder is signed by its manifest, a run by its generator file"
        )
    digest, length = begun(), 0
    try:
        with open(file_of, "rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                length += len(piece)
    except OSError as error:
        raise CondganError(f"{file_of} cannot be read: {error.strerror or error}") from None
    return file_of.name, length, digest.hexdigest()
