"""Content credentials: C2PA manifests in PNG files, signed by a certificate (spec.c2pa.org, 2.2).

What is no PNG, an archive or a model, gets a cover: a PNG beside it whose credentials name the file by its hash.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from condgan import arguments
from condgan.errors import CondganError
from condgan.signatures import detached
from condgan.signatures.certificates import ROOT, Certificate, named, readable
from condgan.signatures.packages import needed
from condgan.storage import manifest as manifests
from condgan.storage import pictures
from condgan.storage.files import atomic, companion, content
from condgan.streams import plain

if TYPE_CHECKING:
    from cryptography import x509

CHUNK = b"caBX"  # of a PNG, in which credentials lie
COVER = ".c2pa.png"
FILES = "org.condgan.files"  # the assertion that names other files
MOST_BYTES = 256 << 20
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "builder": {"thumbnail": {"enabled": False}},
}
UNTRUSTED, EXPIRED = "signingCredential.untrusted", "signingCredential.expired"  # or not valid yet
OF_THESE_BYTES = {"claimSignature.validated", "assertion.dataHash.match"}
DER = b"\x30\x82"  # how a certificate begins
MOST_CERTIFICATES = 20  # that are looked at


@dataclass(frozen=True)
class Credentials:
    """What is found of the credentials of a file.

    Attributes:
        valid: whether they are of these bytes, by a certificate that can sign; none: they are of these bytes, and the
            certificate is not valid today. Who has the key of an expired one can go on signing with it, so that only a
            trusted time stamp would tell whether it was valid when it signed.
        trusted: whether the chain ends in a root that was given.
        chain: the names of who signed, and of who vouches for them, in order.
        files: of a cover: the files that it names, with their hashes.
        why: in words.
    """

    valid: bool | None
    trusted: bool
    chain: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    why: str


def sign(path: str | PathLike[str], certificate: Certificate) -> Path:
    """Sign a PNG in place, or make the cover of another file -> the PNG with the credentials.

    Raises:
        CondganError: it cannot be read or written, is a folder, has credentials already, or a package is missing.
    """
    needed("c2pa", "cryptography")
    place = arguments.path("path", path)
    if place.is_dir():
        raise CondganError(f"{place} is a folder: sign its archive or its files, or sign it with a key file")
    data = content(place, MOST_BYTES, "sign it with a key file")
    if data.startswith(b"\x89PNG"):
        if CHUNK in data:
            raise CondganError(f"{place} has content credentials already: sign the file as it was written")
        atomic(place, embedded(data, certificate, place.name))
        return place
    target = companion(place, COVER)
    if target.is_symlink():
        raise CondganError(f"{target} is a link, and is not followed: remove it")
    about = {"name": place.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    atomic(target, embedded(drawn(about), certificate, place.name, [about]))
    return target


def outdates(path: Path) -> str | None:
    """The name of a signature by a key file that would not hold any more if this PNG got credentials."""
    beside = detached.beside_of(path)
    if path.is_dir() or not beside.is_file() or detached.foreign(path) is not None:
        return None
    with open(path, "rb") as file:
        return beside.name if file.read(4) == b"\x89PNG" else None


def embedded(png: bytes, certificate: Certificate, title: str, files: Sequence[dict[str, Any]] = ()) -> bytes:
    """A PNG with credentials."""
    import c2pa

    made = {"action": "c2pa.created", "digitalSourceType": manifests.SOURCE_TYPE}
    assertions: list[dict[str, Any]] = [{"label": "c2pa.actions", "data": {"actions": [made]}}]
    if files:
        assertions.append({"label": FILES, "data": {"files": list(files)}})
    name, _, version = manifests.software().partition(" ")
    said = {"claim_generator_info": [{"name": name, "version": version}], "title": title, "assertions": assertions}
    algorithm = getattr(c2pa.C2paSigningAlg, certificate.algorithm.upper())
    out = io.BytesIO()
    try:
        info = c2pa.C2paSignerInfo(algorithm, certificate.chain, certificate.private, None)
        signer, context = c2pa.Signer.from_info(info), c2pa.Context.from_dict(OFFLINE)
        c2pa.Builder.from_json(json.dumps(said), context).sign(signer, "image/png", io.BytesIO(png), out)
    except c2pa.C2paError as error:
        raise CondganError(f"the certificate of {certificate.subject} cannot sign: {plain(str(error), 200)}") from None
    return out.getvalue()


def read(data: bytes, trust: bytes = b"") -> Credentials:
    """Look at the credentials of a PNG.

    Args:
        data: of the file.
        trust: certificates of roots that are believed, PEM.

    Raises:
        CondganError: ``c2pa-python`` is not installed, or it takes no such roots.
    """
    needed("c2pa")
    import c2pa

    settings: dict[str, Any] = OFFLINE | (
        {"trust": {"user_anchors": trust.decode("ascii", "replace")}} if trust else {}
    )
    try:
        context = c2pa.Context.from_dict(settings)
    except c2pa.C2paError as error:
        raise CondganError(f"the trusted certificates cannot be used: {plain(str(error), 200)}") from None
    try:
        reader = c2pa.Reader("image/png", io.BytesIO(data), context=context)
        told, results = reader.get_active_manifest() or {}, reader.get_validation_results() or {}
        state = reader.get_validation_state()
    except Exception as error:  # C2paError, and KeyError where a store names a manifest that it does not have
        return Credentials(False, False, (), (), f"its content credentials are damaged: {plain(str(error), 200)}")
    active = results.get("activeManifest") or {}
    failures = [str(one.get("code", "")) for one in active.get("failure", [])]
    trusted = state == "Trusted"
    wrong = [code for code in failures if code != UNTRUSTED]
    signer = told.get("signature_info") or {}
    certificates = certified(data, str(signer.get("cert_serial_number", "")))
    chain = tuple(plain(named(one), 100) for one in certificates)
    files = _files(told)
    who = ", certified by ".join(chain) or "nobody who is named"
    sound = {str(one.get("code", "")) for one in active.get("success", [])} >= OF_THESE_BYTES
    if set(wrong) == {EXPIRED} and sound and not results.get("ingredientDeltas"):
        return Credentials(None, False, chain, files, f"signed by {who}; {_dated(certificates)}")
    if wrong or state not in ("Valid", "Trusted"):
        return Credentials(
            False, False, chain, files, f"its content credentials do not hold: {', '.join(wrong) or state}"
        )
    if trusted:
        return Credentials(True, True, chain, files, f"signed by {who}, which is trusted")
    made = "self-made, and trusted by nobody" if ROOT in chain else "which nothing here vouches for"
    if any(one.not_valid_after_utc <= datetime.now(UTC) for one in certificates[1:]):
        made = "a certificate above it has expired"
    return Credentials(True, False, chain, files, f"signed by {who}: {made}")


def certified(data: bytes, serial: str) -> "list[x509.Certificate]":
    """The certificates of the signer and of those who vouch for it, as far as those in a file show that.

    The library that checks signatures tells the signer alone.
    """
    from cryptography import x509

    certificates: list[x509.Certificate] = []
    place = 0
    while (place := data.find(DER, place)) >= 0 and len(certificates) < MOST_CERTIFICATES:
        length = 4 + int.from_bytes(data[place + 2 : place + 4], "big")
        try:
            one = x509.load_der_x509_certificate(data[place : place + length])
        except Exception:  # ValueError, and others for versions that there are not
            place += 1
            continue
        place += length
        if readable(one):
            certificates.append(one)
    found = [one for one in certificates if str(one.serial_number) == serial][:1]
    while found and len(found) <= MOST_CERTIFICATES:
        above = next((one for one in certificates if one not in found and _issued(found[-1], one)), None)
        if above is None:
            break
        found.append(above)
    return found


def _dated(certificates: "Sequence[x509.Certificate]") -> str:
    """Why a certificate is not valid today, and what that means."""
    if not certificates:
        return "its certificate is not valid today"
    leaf = certificates[0]
    if datetime.now(UTC) < leaf.not_valid_before_utc:
        return f"its certificate is valid from {leaf.not_valid_before_utc:%Y-%m-%d} on only"
    return (
        f"its certificate expired on {leaf.not_valid_after_utc:%Y-%m-%d}: without a trusted time stamp nobody can tell "
        "whether it was signed before"
    )


def _issued(one: Any, above: Any) -> bool:
    try:
        one.verify_directly_issued_by(above)
    except Exception:  # of whatever kind: it did not
        return False
    return True


def drawn(about: dict[str, Any]) -> bytes:
    """The picture of a cover: what it is about, in letters."""
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (560, 100), 255)
    lines = (f"Content credentials of {about['name'][:60]}", f"{about['bytes']:,} bytes", f"SHA-256 {about['sha256']}")
    for number, line in enumerate(lines):
        ImageDraw.Draw(sheet).text((12, 14 + 26 * number), line.encode("ascii", "replace").decode(), fill=0)
    told = manifests.begin(synthetic=False).of("picture", shows=f"the content credentials of {about['name'][:200]}")
    return pictures.png(np.asarray(sheet), told)


def _files(told: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a cover names; anyone may have written it."""
    parts = [one for one in told.get("assertions", []) if isinstance(one, dict) and one.get("label") == FILES]
    found = [part["data"].get("files") for part in parts if isinstance(part.get("data"), dict)]
    named = [one for files in found if isinstance(files, list) for one in files if isinstance(one, dict)]
    texts = [(one.get("name"), one.get("sha256")) for one in named]
    return tuple((a[:255], b[:64]) for a, b in texts if isinstance(a, str) and isinstance(b, str))
