"""Signatures of what is looked at: in a PNG, or in a file beside what it signs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from condgan import arguments
from condgan.errors import CondganError
from condgan.marks.keys import Key
from condgan.provenance.verdicts import Finding, Report, Signature, Verdict
from condgan.signatures import credentials, detached
from condgan.signatures.certificates import parsed
from condgan.signatures.packages import there
from condgan.storage.files import companion, content

MOST_BYTES = 8 << 20  # of certificates, and of a cover
BEST: tuple[Verdict, ...] = ("verified", "claimed")


@dataclass(frozen=True)
class Trust:
    """Whose signatures are believed.

    Attributes:
        keys: public keys, hexadecimal.
        roots: certificates, PEM.
    """

    keys: frozenset[str] = frozenset()
    roots: bytes = b""

    @classmethod
    def of(cls, paths: Sequence[str | PathLike[str]], key: Key | None) -> "Trust":
        """Files of public keys and of certificates, and a key of one's own.

        Raises:
            CondganError: a file cannot be read, or is neither.
        """
        known, roots = set(), []
        if key is not None and there("cryptography"):
            known.add(detached.public_key(key))
        for given in paths:
            place = arguments.path("trust", given)
            public = detached.read_public(place)
            if public is not None:
                known.add(public)
                continue
            data = content(place, MOST_BYTES, "expected certificates in PEM")
            certificates = b"".join(
                b"-----BEGIN CERTIFICATE-----" + part.partition(b"-----END CERTIFICATE-----")[0]
                + b"-----END CERTIFICATE-----\n"
                for part in data.split(b"-----BEGIN CERTIFICATE-----")[1:]
            )  # fmt: skip
            if not certificates:
                raise CondganError(f"{place} is no public key of `condgan key public`, and has no certificate in PEM")
            if there("cryptography") and parsed(certificates) is None:
                raise CondganError(f"{place} has a damaged certificate: expected certificates in PEM")
            roots.append(certificates)
        return cls(frozenset(known), b"".join(roots))


def in_png(data: bytes, trust: Trust) -> Signature:
    """The content credentials of a PNG that has some."""
    if not there("c2pa", "cryptography"):
        return Signature(
            found=True, kind="c2pa", why='its content credentials need "condgan[provenance]" to be checked'
        )
    return _told(credentials.read(data, trust.roots))


def _told(found: credentials.Credentials) -> Signature:
    by = ", certified by ".join(found.chain) or None
    return Signature(found=True, kind="c2pa", valid=found.valid, trusted=found.trusted, by=by, why=found.why)


def beside(path: Path, trust: Trust) -> list[Signature]:
    """The signatures that lie beside a file or a folder: of a key, and a cover."""
    return [one for one in (_detached(path, trust), _cover(path, trust)) if one is not None]


def notes(path: Path) -> tuple[str, ...]:
    """What lies beside a file or a folder and is none of these."""
    cover = companion(path, credentials.COVER)
    names = [detached.foreign(path), cover.name if cover.is_symlink() else None]
    return tuple(f"{name} beside it is no signature of condgan's: it was not looked at" for name in names if name)


def _detached(path: Path, trust: Trust) -> Signature | None:
    place = detached.beside_of(path)
    if not place.is_file() or detached.foreign(path) is not None:
        return None
    if not there("cryptography"):
        return Signature(found=True, kind="ed25519", why=f'{place.name} needs "condgan[provenance]" to be checked')
    try:
        found = detached.check(path, trust.keys)
    except CondganError as error:  # as of a folder without a manifest, which nobody can have signed
        return Signature(found=True, kind="ed25519", valid=False, trusted=False, why=str(error))
    if found is None:
        return None
    by = found.by or None
    return Signature(found=True, kind="ed25519", valid=found.valid, trusted=found.trusted, by=by, why=found.why)


def _cover(path: Path, trust: Trust) -> Signature | None:
    place = companion(path, credentials.COVER)
    if path.is_dir() or place.is_symlink() or not place.is_file():
        return None
    try:
        data = content(place, MOST_BYTES, "it is no cover")
    except CondganError as error:
        return Signature(found=True, kind="c2pa", valid=False, trusted=False, why=str(error))
    if credentials.CHUNK not in data:
        why = f"{place.name} has no content credentials"
        return Signature(found=True, kind="c2pa", valid=False, trusted=False, why=why)
    if not there("c2pa", "cryptography"):
        return in_png(data, trust)
    read = credentials.read(data, trust.roots)
    found, named = _told(read), {digest for _, digest in read.files}
    if found.valid is False:
        return found
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest in named:
        return found
    return found.model_copy(
        update={"valid": False, "trusted": False, "why": f"{place.name} is of another file, or this one was changed"}
    )


def with_signatures(report: Report, path: Path, trust: Trust) -> Report:
    """A report with the signatures beside its path; one that does not hold contradicts whatever else is found."""
    found, more = beside(path, trust), notes(path)
    if not found and not more:
        return report
    if report.set is not None:
        return report.model_copy(update={"set": _with(report.set, found, more)})
    return report.model_copy(update={"files": tuple(_with(file, found, more) for file in report.files)})


def signed(whole: Finding, path: Path, trust: Trust) -> Finding:
    """A finding of a file or a set in a folder, with what lies beside it."""
    return _with(whole, beside(path, trust), notes(path))


def _with(whole: Finding, found: Sequence[Signature], more: tuple[str, ...]) -> Finding:
    """A finding with more signatures and notes."""
    whole = whole.model_copy(update={"notes": (*whole.notes, *more)})
    if not found:
        return whole
    every = (*whole.signatures, *found)
    worst = min(every, key=lambda one: (one.valid is not False, one.valid is not None, one.trusted is True))
    changes: dict[str, object] = {"signature": worst, "signatures": every}
    if worst.valid is False and whole.verdict in BEST:
        changes |= {"verdict": "contradictory", "why": worst.why or "its signature does not hold"}
    elif worst.valid is None and whole.verdict == "verified":
        changes |= {"verdict": "claimed", "why": f"{whole.why}; but {worst.why or 'its signature was not checked'}"}
    return whole.model_copy(update=changes)
