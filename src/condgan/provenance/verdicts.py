"""What is found of a file: its verdict, the reason in words, and the whole report."""

import json
from collections import Counter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from condgan.storage.manifest import Manifest
from condgan.streams import encodable, plain

Verdict = Literal["verified", "claimed", "altered", "contradictory", "unknown"]
"""From best to worst as far as the order of reports goes; only ``verified`` says that a picture was made again."""
WORDS: dict[Verdict, str] = {
    "verified": "made again from its generator and seed: the same pixels",
    "claimed": "what it says fits its pixels, but was not made again",
    "altered": "its pixels are not those it says it has, or not those that its seed gives",
    "contradictory": "what it says in one place is not what it says in another",
    "unknown": "no manifest of condgan",
}


class Signature(BaseModel):
    """A signature in the file, or beside it: who signed these bytes. Pictures are verified by their pixels alone."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    found: bool = False
    kind: Literal["ed25519", "c2pa"] | None = None
    """By a key file, or content credentials by a certificate."""
    valid: bool | None = None
    """Whether it holds: it is of these bytes, and who signed could sign. None: it was not checked, or it is of these
    bytes, by a certificate that is not valid today."""
    trusted: bool | None = None
    """Whether it is by a key, or below a root, that was given as trusted."""
    by: str | None = None
    """Who signed: the key, or the names of the certificate and of those who vouch for it."""
    why: str | None = None
    """In words."""


class Mark(BaseModel):
    """The invisible mark of a key in the pixels. It verifies nothing: who has many marked images can copy it."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    found: bool | None = None
    """Whether the false-alarm rate is at most 1e-6; none: it was not looked for, or could not be."""
    score: float | None = None
    """About a normal number of variance 1 for one try without a mark."""
    false_alarm: float | None = None
    """An upper bound of the chance that images without the mark look so, over all tries."""
    key: str | None = None
    """The fingerprint of the key."""
    payload: str | None = None
    """The first digits of the hash of the generator, as the mark says; none where they cannot be read."""
    images: int | None = None
    """How many images were looked at together."""
    looked: int | None = None
    """How many of them were looked at one by one, and"""
    alone: int | None = None
    """in how many of these it was found alone."""
    why: str | None = None
    """Why it could not be looked for."""


class Finding(BaseModel):
    """What is found of a file, or of a set of images."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    path: str
    verdict: Verdict
    why: str
    """The reason, in words."""
    manifest: dict[str, Any] | None = None
    """What the file says of itself, if that can be read."""
    remade: bool | None = None
    """Whether it was made again and is the same; none: it was not tried."""
    signature: Signature = Signature()
    """Of several, that which holds least."""
    signatures: tuple[Signature, ...] = ()
    """All of them: in the file, and beside it."""
    notes: tuple[str, ...] = ()
    """What lies beside it, was not looked at, and changes no verdict."""
    mark: Mark = Mark()


class Report(BaseModel):
    """What ``condgan.verify`` finds.

    Attributes:
        set: of a set of images as a whole, if there is one.
        files: of each file that was looked at, by path.
        mark: of a key, in all images together; none: no key was given.
    """

    model_config = ConfigDict(frozen=True)

    set: Finding | None = None
    files: tuple[Finding, ...] = ()
    mark: Mark | None = None

    @property
    def verified(self) -> bool:
        """Whether the set as a whole is verified, or every file."""
        if self.set is not None:
            return self.set.verdict == "verified"
        return bool(self.files) and all(file.verdict == "verified" for file in self.files)

    @property
    def counts(self) -> Counter[Verdict]:
        """How many files have which verdict."""
        return Counter(file.verdict for file in self.files)

    def to_json(self) -> str:
        """As JSON; names of files that are not UTF-8 are written with escapes."""
        return encodable(json.dumps(self.model_dump(), indent=2, ensure_ascii=False, allow_nan=False))


def finding(
    path: str,
    verdict: Verdict,
    why: str,
    manifest: Manifest | None = None,
    remade: bool | None = None,
    signature: Signature | None = None,
) -> Finding:
    """A finding; texts that others wrote are shortened and kept on one line."""
    said = None if manifest is None else manifest.model_dump(mode="json", exclude_none=True)
    found = Finding(path=path, verdict=verdict, why=plain(why), manifest=said, remade=remade)
    return found if signature is None else found.model_copy(update={"signature": signature, "signatures": (signature,)})
