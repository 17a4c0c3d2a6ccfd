"""What a file says of itself: by which software, recipe, generator and seed it was made, and that it is synthetic."""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from typing import Annotated, Any, Literal, Self
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.streams import encodable

KEY = "condgan"
"""Of the manifest as JSON, among the texts of a PNG and the metadata of other formats."""
MOST_BYTES = 4 << 20
"""Of a manifest as JSON; a larger one is not read."""
PRODUCER = "CONDGAN_PRODUCER"
"""The variable of the environment that names the producer."""
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's digital source type of media that a trained model has made."""
MOST_PRODUCER = 200  # characters

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=1000)]
Kind = Literal["image", "row", "grid", "walk", "set", "picture", "plot", "report"]


class Manifest(BaseModel):
    """What a file says of itself. It is a claim: `condgan verify` compares it with what can be made again.

    Fields that do not apply are None, and are not written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    format: Literal[1] = 1
    kind: Kind
    """An image, a row, a grid or a walk of images that can be made again; a set of images; another picture; a plot."""
    synthetic: bool
    """Whether it shows what a generator has made."""
    software: Text
    producer: Annotated[str, Field(max_length=MOST_PRODUCER)]
    """Who answers for the file: a person or a company, else the software."""
    time: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """SOURCE_DATE_EPOCH if it is set, else when the export or the training began; UTC."""
    recipe: Text | None = None
    """The name of the recipe."""
    recipe_sha256: Hash | None = None
    generator_sha256: Hash | None = None
    """Of the generator's weights, networks and classes, wherever they are kept."""
    data: Text | None = None
    """The name of the training data."""
    images_seen: int | None = None
    """In the training of the generator."""
    sample: dict[str, Any] | None = None
    """Seed, numbers, classes and form of what was made: a row of ``generation.jobs``, or the plan of a set."""
    shows: Text | None = None
    """In words, where there is no ``sample``."""
    watermark: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    """The fingerprint of the key whose mark the pixels have: they are made again with that key alone."""
    pixels_sha256: Hash | None = None
    """Of the image, as ``pixels_sha256`` computes it."""
    content: dict[str, Any] | None = None
    """Of a set: its number of images, and the hashes of its files and images."""

    def to_json(self) -> str:
        """One line of JSON, without what does not apply."""
        return encodable(json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False, separators=(",", ":")))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what anyone may have written.

        Raises:
            CondganError: too long, no JSON, or not a manifest.
        """
        if len(text) > MOST_BYTES:
            raise CondganError(f"its manifest has {len(text)} bytes, expected at most {MOST_BYTES}")
        try:
            return cls.model_validate(json.loads(text, object_pairs_hook=once))
        except ValidationError as error:
            field = ".".join(map(str, error.errors()[0]["loc"])) or "manifest"
            raise CondganError(f"its manifest is damaged ({field}: {error.errors()[0]['msg']})") from None
        except (ValueError, RecursionError):
            raise CondganError("its manifest is no JSON") from None

    def of(self, kind: Kind, sample: Mapping[str, Any] | None = None, **changes: Any) -> Self:
        """This manifest, of another file of the same export."""
        return self.model_copy(update={"kind": kind, "sample": None if sample is None else dict(sample), **changes})


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON that says nothing twice: readers differ in which they take.

    Raises:
        ValueError: it does.
    """
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a key that occurs twice")
    return said


def begin(producer: str | None = None, *, started: datetime | None = None, synthetic: bool = True) -> Manifest:
    """The manifest that the files of an export or a training have in common.

    Args:
        producer: none: the environment's ``CONDGAN_PRODUCER``, else the software.
        started: when it began; none: now. The environment's SOURCE_DATE_EPOCH wins.
        synthetic: whether a generator has made what they show.

    Raises:
        CondganError: a producer that is empty, too long or not printable, or a SOURCE_DATE_EPOCH that is no number.
    """
    given = os.environ.get(PRODUCER) if producer is None else arguments.text("producer", producer)
    if given is not None and not (0 < len(given) <= MOST_PRODUCER and given.isprintable() and given.strip()):
        what = f"expected 1 to {MOST_PRODUCER} printable characters"
        if producer is None:
            raise CondganError(f"{PRODUCER}={given!r}: {what}")
        raise ArgumentError("producer", arguments.shown(producer), what)
    name = software()
    return Manifest(kind="picture", synthetic=synthetic, software=name, producer=given or name, time=now(started))


def software() -> str:
    """The name and the version of this condgan."""
    return f"condgan {metadata.version('condgan')}"


def now(started: datetime | None = None) -> str:
    """The time that manifests have: SOURCE_DATE_EPOCH (reproducible-builds.org), else when the work began.

    Raises:
        CondganError: SOURCE_DATE_EPOCH is not a number of seconds.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH")
    time = started or datetime.now(UTC)
    if text:
        try:
            time = datetime.fromtimestamp(int(text), UTC)
        except (ValueError, OverflowError, OSError):
            raise CondganError(f"SOURCE_DATE_EPOCH={text}: expected seconds since 1970") from None
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pixels_sha256(picture: npt.NDArray[np.uint8]) -> str:
    """The hash of an image (h, w) or (h, w, 3), whatever file it comes from."""
    shape = "x".join(map(str, picture.shape))
    return hashlib.sha256(shape.encode() + b"\0" + np.ascontiguousarray(picture).tobytes()).hexdigest()


def label(manifest: Manifest) -> dict[str, str]:
    """The implicit label of generated content: GB 45438-2025, annex E; ``Label`` 1 is "generated"."""
    produced = hashlib.sha256(manifest.to_json().encode()).hexdigest()[:32]
    return {
        "Label": "1", "ContentProducer": manifest.producer, "ProduceID": produced, "ReservedCode1": "",
        "ContentPropagator": "", "PropagateID": "", "ReservedCode2": "",
    }  # fmt: skip


def xmp(manifest: Manifest) -> str:
    """The packet of XMP (ISO 16684-1): software, time and producer, and of what is synthetic, what says so.

    That is IPTC's DigitalSourceType, and ``TC260:AIGC``, the field of GB 45438-2025.
    """
    name, version = manifest.software.rsplit(" ", 1)
    properties = {
        "xmp:CreatorTool": manifest.software,
        "xmp:CreateDate": manifest.time,
        "photoshop:Credit": manifest.producer,
    }
    if manifest.synthetic:
        properties |= {
            "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE,
            "Iptc4xmpExt:AISystemUsed": name,
            "Iptc4xmpExt:AISystemVersionUsed": version,
            "TC260:AIGC": json.dumps(label(manifest), ensure_ascii=False, separators=(",", ":")),
        }
    body = "".join(f"<{name}>{escape(encodable(value))}</{name}>" for name, value in properties.items())
    spaces = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "xmp": "http://ns.adobe.com/xap/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/", "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
        "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    }  # fmt: skip
    used = "".join(f' xmlns:{name}="{uri}"' for name, uri in spaces.items() if name == "rdf" or f"<{name}:" in body)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF{used}><rdf:Description rdf:about="">{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="r"?>'
    )
