"""PNG files -> pictures with what they say of themselves; whatever anyone wrote, within bounds."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError
from condgan.provenance.files import DamagedError, UnreadableError
from condgan.storage.manifest import KEY, Manifest
from condgan.storage.pictures import XMP, Pixels, texts

MOST_PIXELS = 100_000_000
"""Of a picture, or of all frames of an animation."""
MOST_CHUNKS = 100_000  # of a PNG; also blocks of a GIF
PIECE, MOST_PIECE = 1 << 14, 1 << 20  # bytes that are decompressed at a time, before and after
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CREDENTIALS = b"caBX"  # the chunk of C2PA
GREY, RGB = 0, 2  # colour types of a PNG
SHOWN = {b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"acTL", b"fcTL", b"fdAT",
         b"mDCV", b"cLLI", b"oFFs", b"eXIf"}  # fmt: skip
"""Chunks that change what a viewer shows."""


@dataclass
class Picture:
    """A picture as it was read.

    Attributes:
        frames: (h, w) or (h, w, 3); one, but for an animation. None: not decoded.
        told: the manifests in it, as text.
        contradictions: what is said in one place and not in another.
        changed: how it shows other pixels than those that were written.
        foreign: how it differs from what condgan writes, though its pixels may be the same.
        milliseconds: that each frame of an animation is shown.
        form: its bytes without those of pixels, of an animation.
        vector: instead of pixels, of a set of vectors.
        signed: the whole file, where it has content credentials.
        manifest: the one in it.
    """

    frames: list[Pixels] | None = None
    told: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)
    form: bytes = b""
    vector: npt.NDArray[np.float32] | None = None
    signed: bytes | None = None
    manifest: Manifest | None = None


@dataclass(frozen=True)
class Entry:
    """A file, or an image of a set.

    Attributes:
        name: where it is.
        picture: what was read, or why nothing was.
        label: the name of the class that a set gives it; none: it gives none.
        position: of this class among all, as the set has it.
    """

    name: str
    picture: Picture | UnreadableError
    label: str | None
    position: int | None = None


def png(data: bytes) -> Picture:
    """A PNG.

    Raises:
        DamagedError: damaged, too large, or no PNG.
    """
    found = Picture()
    said: dict[str, list[str]] = {}
    kept: list[bytes] = []
    kinds: list[bytes] = []
    for kind, body, whole in _chunks(data, found):
        kinds.append(kind)
        if kind in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(whole)
        elif kind in (b"tEXt", b"iTXt"):
            keyword, text = _text(kind, body)
            said.setdefault(keyword, []).append(text)
        if kind in SHOWN:
            found.changed.append(f"it has a chunk {kind.decode()}, which changes what is shown")
        elif kind == CREDENTIALS and found.signed is None:
            found.signed = data
        elif kind == b"IEND" and body:
            found.foreign.append("it has bytes in its last chunk")
        elif kind not in (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"iTXt"):
            found.foreign.append(f"it has a chunk {kind.decode('ascii', 'replace')}")
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") != 1 or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise DamagedError("damaged: its chunks are not those of a PNG")
    first, last = kinds.index(b"IDAT"), len(kinds) - kinds[::-1].index(b"IDAT")
    if any(kind != b"IDAT" for kind in kinds[first:last]):
        raise DamagedError("damaged: its pixels are in several places")
    found.told = said.get(KEY, [])
    decide(found)
    if found.manifest is not None:
        _compare(found, said, found.manifest)
        _measure(kept, found)
        found.frames = [_pixels(kept[0][8:-4], b"".join([SIGNATURE, *kept]), found)]
    return found


def _measure(kept: list[bytes], found: Picture) -> None:
    """Whether the compressed data are those of the pixels and no others: nothing can hide behind them."""
    width, height, depth, colour, *_ = _header(kept[0][8:-4])
    expected = height * (1 + width * {GREY: 1, RGB: 3}.get(colour, 0))
    if depth != 8 or colour not in (GREY, RGB):
        return  # which is no form of condgan's
    data = b"".join(chunk[8:-4] for chunk in kept if chunk[4:8] == b"IDAT")
    stream, size, end = zlib.decompressobj(), 0, 0
    try:
        while end < len(data) and not stream.eof and size <= expected:
            piece, end = data[end : end + PIECE], end + PIECE
            while piece and size <= expected:
                size += len(stream.decompress(piece, MOST_PIECE))
                piece = stream.unconsumed_tail
        size += 0 if stream.eof or size > expected else len(stream.flush())
    except zlib.error:
        raise DamagedError("damaged: its pixels") from None
    if size < expected:
        raise DamagedError("damaged: it has fewer pixels than it says")
    if size > expected or not stream.eof or stream.unused_data or end < len(data):
        found.foreign.append("its pixels are followed by other bytes")


def _header(body: bytes) -> tuple[int, ...]:
    """Width, height, depth, colour type, compression, filter and interlace method.

    Raises:
        DamagedError: no header of a PNG, or of a picture that is too large.
    """
    if len(body) != 13 or body[10:12] != bytes(2):
        raise DamagedError("damaged: its header is not that of a PNG")
    width, height, *rest = struct.unpack(">IIBBBBB", body)
    if not 0 < width * height <= MOST_PIXELS:
        raise DamagedError(f"{width} x {height} pixels, expected at most {MOST_PIXELS}")
    return width, height, *rest


def _chunks(data: bytes, found: Picture) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and bytes of each chunk."""
    if not data.startswith(SIGNATURE):
        raise DamagedError("no PNG")
    place = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if place + 12 > len(data):
            raise DamagedError("damaged: it ends before its end")
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 12 + length
        if end > len(data):
            raise DamagedError("damaged: it ends before its end")
        kind, body = data[place + 4 : place + 8], data[place + 8 : end - 4]
        if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(data[end - 4 : end], "big"):
            raise DamagedError("damaged: a checksum does not fit")
        yield kind, body, data[place:end]
        if kind == b"IEND":
            if end != len(data):
                found.foreign.append("it has bytes after its end")
            return
        place = end
    raise DamagedError(f"damaged: more than {MOST_CHUNKS} chunks")


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    """Keyword and text of a chunk; compressed ones, which condgan does not write, have no text."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"tEXt":
        return keyword.decode("latin-1"), rest.decode("latin-1")
    if rest[:4] != bytes(4):  # not compressed; no method, no language, no translated keyword
        return keyword.decode("latin-1"), ""
    text = rest[4:]
    try:
        return keyword.decode("latin-1"), text.decode()
    except UnicodeDecodeError:
        return keyword.decode("latin-1"), ""


def decide(found: Picture) -> None:
    """The one manifest in it, if there is one."""
    if len(set(found.told)) > 1:
        found.contradictions.append("it has several manifests that differ")
    elif len(found.told) > 1:
        found.foreign.append("it has its manifest several times")
    if found.told:
        found.manifest = manifest(found.told[0])
        if found.manifest.to_json() != found.told[0]:
            found.foreign.append("its manifest is not written as condgan writes it")


def manifest(text: str | bytes) -> Manifest:
    """A manifest that anyone may have written.

    Raises:
        DamagedError: none, or one that cannot be written as JSON.
    """
    try:
        read = Manifest.from_json(text)
        read.to_json()
    except CondganError as error:
        raise DamagedError(str(error)) from None
    except (ValueError, RecursionError):
        raise DamagedError("its manifest is damaged") from None
    if not _sound([read.sample, read.content]):
        raise DamagedError("its manifest is damaged: too deep, or with numbers that are not finite")
    return read


def _sound(value: object, depth: int = 0) -> bool:
    """Whether each number is finite, and nothing is deep."""
    if isinstance(value, float):
        return bool(np.isfinite(value))
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return depth < 8 and all(_sound(part, depth + 1) for part in parts)
    return True


def _compare(found: Picture, said: dict[str, list[str]], told: Manifest) -> None:
    """What else a PNG says, beside what its manifest would have it say: compared as text, nothing is parsed."""
    names = {XMP: "XMP"}
    try:
        expected = texts(told)
    except ValueError:
        found.contradictions.append("its software has no version")
        return
    for keyword, text in expected.items():
        if keyword == KEY:
            continue
        given = said.get(keyword, [])
        if not given:
            found.foreign.append(f"its {names.get(keyword, keyword)} was removed")
        elif given != [text]:
            found.contradictions.append(f"its {names.get(keyword, keyword)} is not that of its manifest")
    found.foreign += [f'it has a text "{keyword[:79]}"' for keyword in said if keyword not in expected]
    if "Source" in said and "Source" not in expected:
        found.contradictions.append("its text says that it is synthetic, its manifest that it is not")


def _pixels(header: bytes, data: bytes, found: Picture) -> Pixels:
    """The pixels of a PNG that has only what is needed to decode it."""
    _, _, depth, colour, _, _, interlaced = _header(header)
    if depth != 8 or colour not in (GREY, RGB):
        found.changed.append("it is not 8-bit grey or RGB, as condgan writes pictures")
    if interlaced:
        found.foreign.append("it is interlaced")
    return decoded(data, "PNG")[0][0]


def decoded(data: bytes, form: str) -> tuple[list[Pixels], list[int]]:
    """Frames, and how long each is shown. The size of the file was checked before.

    Raises:
        DamagedError: damaged, or too many pixels.
    """
    import warnings

    from PIL import Image, ImageSequence

    frames: list[Pixels] = []
    shown: list[int] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[form]) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise DamagedError(f"more than {MOST_PIXELS} pixels")
                for frame in ImageSequence.Iterator(image) if form == "GIF" else [image]:
                    if frame.mode.startswith("I"):  # 16 bits, which Pillow would cut off above 255
                        frames.append((np.asarray(frame) >> 8).astype(np.uint8))
                    else:
                        frames.append(np.asarray(frame.convert("L" if frame.mode in ("L", "1") else "RGB")))
                    shown.append(int(frame.info.get("duration", 0)))
                    if len(frames) * image.width * image.height > MOST_PIXELS:
                        raise DamagedError(f"more than {MOST_PIXELS} pixels")
    except DamagedError:
        raise
    except Exception as error:  # whatever Pillow raises for damaged files
        raise DamagedError(f"damaged: {type(error).__name__}") from None
    return frames, shown
