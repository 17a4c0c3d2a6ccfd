"""PNG, GIF and HTML files -> pictures with what they say of themselves; whatever anyone wrote, within bounds."""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError
from condgan.provenance.files import DamagedError, UnreadableError
from condgan.storage.manifest import KEY, MOST_BYTES, Manifest
from condgan.storage.pictures import XMP, Pixels, texts

MOST_PIXELS = 100_000_000
"""Of a picture, or of all frames of an animation."""
MOST_CHUNKS = 100_000  # of a PNG, and blocks of a GIF
SIGNATURE = b"\x89PNG\r\n\x1a\n"
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
        elif kind not in (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"iTXt"):
            found.foreign.append(f"it has a chunk {kind.decode('ascii', 'replace')}")
    if kinds[:1] != [b"IHDR"] or kinds.count(b"IHDR") != 1 or kinds[-1:] != [b"IEND"] or b"IDAT" not in kinds:
        raise DamagedError("damaged: its chunks are not those of a PNG")
    first, last = kinds.index(b"IDAT"), len(kinds) - kinds[::-1].index(b"IDAT")
    if any(kind != b"IDAT" for kind in kinds[first:last]):
        raise DamagedError("damaged: its pixels are in several places")
    found.told = said.get(KEY, [])
    _decide(found)
    if found.manifest is not None:
        _compare(found, said, found.manifest)
    header = kept[0][8:-4]
    found.frames = [_pixels(header, b"".join([SIGNATURE, *kept]), found)]
    return found


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
    if len(rest) < 2 or rest[0]:
        return keyword.decode("latin-1"), ""
    *_, text = rest[2:].split(b"\0", 2)  # language, translated keyword, text
    try:
        return keyword.decode("latin-1"), text.decode()
    except UnicodeDecodeError:
        return keyword.decode("latin-1"), ""


def _decide(found: Picture) -> None:
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
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header.ljust(13, b"\0")[:13])
    if not 0 < width * height <= MOST_PIXELS:
        raise DamagedError(f"{width} x {height} pixels, expected at most {MOST_PIXELS}")
    if depth != 8 or colour not in (GREY, RGB):
        found.changed.append("it is not 8-bit grey or RGB, as condgan writes pictures")
    if interlaced:
        found.foreign.append("it is interlaced")
    return _decoded(data, "PNG")[0][0]


def _decoded(data: bytes, form: str) -> tuple[list[Pixels], list[int]]:
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
                    grey = frame.mode in ("L", "1", "I;16")
                    frames.append(np.asarray(frame.convert("L" if grey else "RGB")))
                    shown.append(int(frame.info.get("duration", 0)))
                    if len(frames) * image.width * image.height > MOST_PIXELS:
                        raise DamagedError(f"more than {MOST_PIXELS} pixels")
    except DamagedError:
        raise
    except Exception as error:  # whatever Pillow raises for damaged files
        raise DamagedError(f"damaged: {type(error).__name__}") from None
    return frames, shown


def gif(data: bytes) -> Picture:
    """A GIF; grey where every frame is.

    Raises:
        DamagedError: damaged, too large, or no GIF.
    """
    found = Picture()
    comments = _blocks(data, found)
    found.told = [text for text in comments if text.lstrip().startswith("{")]
    if len(found.told) != len(comments):
        found.foreign.append("it has other comments")
    _decide(found)
    frames, found.milliseconds = _decoded(data, "GIF")
    colours = [frame if frame.ndim == 3 else np.repeat(frame[:, :, None], 3, axis=2) for frame in frames]
    grey = all((frame[..., :1] == frame).all() for frame in colours)
    found.frames = [frame[..., 0] if grey else frame for frame in colours]
    return found


def _blocks(data: bytes, found: Picture) -> list[str]:
    """The comments of a GIF, whose blocks are checked to reach from its start to its end."""
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise DamagedError("no GIF")
    width, height = struct.unpack("<HH", data[6:10])
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    comments: list[str] = []
    pixels, kept = 0, [data[:place]]
    for _ in range(MOST_CHUNKS):
        kind = data[place : place + 1]
        if kind == b";":
            if place + 1 != len(data):
                found.foreign.append("it has bytes after its end")
            found.form = b"".join(kept)
            return comments
        start = place
        if kind == b"!":
            label = data[place + 1 : place + 2]
            body, place = _sub_blocks(data, place + 2)
            if label == b"\xfe":
                comments.append(body.decode("utf-8", "replace"))
            elif label == b"\x01":
                found.changed.append("it has a text that is shown")
            elif label == b"\xff" and not body.startswith(b"NETSCAPE2.0"):
                found.foreign.append("it has an application's block")
            kept.append(data[start:place])
        elif kind == b"," and place + 10 <= len(data):
            flags = data[place + 9]
            pixels += width * height
            if pixels > MOST_PIXELS:
                raise DamagedError(f"more than {MOST_PIXELS} pixels")
            place += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
            kept.append(data[start:place])
            _, place = _sub_blocks(data, place)
        else:
            raise DamagedError("damaged: its blocks are not those of a GIF")
    raise DamagedError(f"damaged: more than {MOST_CHUNKS} blocks")


def _sub_blocks(data: bytes, place: int) -> tuple[bytes, int]:
    """The content of sub-blocks, and the place after them."""
    parts = []
    while place < len(data) and data[place]:
        parts.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    if place >= len(data):
        raise DamagedError("damaged: it ends before its end")
    return b"".join(parts), place + 1


META = re.compile(rf'<meta\s+name="{KEY}"\s+content="([^"<>]*)"\s*/?>', re.IGNORECASE)


def html(data: bytes) -> Picture:
    """A report, which says of itself what cannot be made again.

    Raises:
        DamagedError: its manifest is damaged.
    """
    text = data.decode("utf-8", "replace")
    found = Picture(told=[unescape(match[:MOST_BYTES]) for match in META.findall(text)])
    _decide(found)
    return found


READERS = {".png": png, ".gif": gif, ".html": html, ".htm": html}
"""What reads which ending."""
FOREIGN = {".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".apng", ".avif", ".jxl", ".svg"}
"""Endings of pictures that condgan does not write."""
