"""GIF and HTML files -> what they show and say of themselves; whatever anyone wrote, within bounds."""

import re
import struct
from html import unescape

import numpy as np

from condgan.data.readers.decode import SUFFIXES
from condgan.provenance import reading
from condgan.provenance.files import DamagedError
from condgan.provenance.reading import MOST_CHUNKS, MOST_PIXELS, Picture, decide, decoded
from condgan.storage.manifest import KEY, MOST_BYTES


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
    decide(found)
    frames, found.milliseconds = decoded(data, "GIF")
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
    decide(found)
    return found


READERS = {".png": reading.png, ".gif": gif, ".html": html, ".htm": html}
"""What reads which ending."""
FOREIGN = {*(SUFFIXES - READERS.keys()), ".jxl", ".svg", ".jp2", ".tga", ".ico", ".psd", ".exr", ".mp4", ".webm",
           ".npy", ".idx3-ubyte", ".zip", ".gz", ".tgz", ".bz2", ".xz"}  # fmt: skip
"""Endings of pictures, arrays and archives that condgan does not write."""
SIGNATURES = (b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"\0\0\x08\3")
"""How pictures begin, and arrays of IDX."""
