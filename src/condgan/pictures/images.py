"""Pictures from images: rows, grids, PNG files with text, and the GIF of a training."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from condgan.pictures import fonts
from condgan.storage import pictures
from condgan.storage.files import atomic
from condgan.storage.manifest import Manifest
from condgan.storage.pictures import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

    Load = Callable[[str, int], FreeTypeFont]

GAP = 2  # pixels between the tiles of a grid, and around them
GREY = 48  # of gaps and header
INK = 232  # of titles
ROW_TILE, GRID_TILE = 64, 48  # smallest side of a tile in pixels, where no scale is given
TITLE_SIZES = 9, 32  # of the font, in pixels
GIF_SIDE = 1280  # larger frames are shrunk: all frames of a GIF are in memory at once


def row(images: Pixels, scale: int | None = None) -> Pixels:
    """Images side by side: (N, C, H, W) uint8, C 1 or 3 -> (h, w) or (h, w, 3) uint8.

    ``scale``, 1 or more, is the side of a pixel of an image in pixels of the picture; default: the smallest whole
    number that makes a tile at least 64 pixels high and wide.

    Raises:
        ValueError: images of another type or shape, or a scale below 1.
    """
    tiles = _tiles(images, scale, ROW_TILE)
    n, h, w, c = tiles.shape
    return tiles.swapaxes(0, 1).reshape((h, n * w, c) if c > 1 else (h, n * w))


def grid(images: Pixels, columns: int, titles: Sequence[str] | None = None, scale: int | None = None) -> Pixels:
    """Images in rows of ``columns``, a dark gap around each: (N, C, H, W) uint8, C 1 or 3 -> (h, w) or (h, w, 3) uint8.

    Image i is the tile in row i // columns and column i % columns; unused tiles are black. ``titles`` stand above the
    columns, shrunk and if need be clipped to the width of a tile. ``scale`` is as for `row`, but by default a tile is
    at least 48 pixels high and wide.

    Raises:
        ValueError: images of another type or shape, a scale or columns below 1, or not one title for each column.
    """
    if columns < 1 or (titles is not None and len(titles) != columns):
        raise ValueError(f"expected columns >= 1 and a title for each, given {columns} columns, titles {titles}")
    tiles = _tiles(images, scale, GRID_TILE)
    n, h, w, c = tiles.shape
    rows = -(-n // columns)
    tiles = np.concatenate([tiles, np.zeros((rows * columns - n, h, w, c), np.uint8)])
    tiles = np.pad(tiles, ((0, 0), (GAP, 0), (GAP, 0), (0, 0)), constant_values=GREY)
    h, w = h + GAP, w + GAP
    picture = tiles.reshape(rows, columns, h, w, c).swapaxes(1, 2).reshape(rows * h, columns * w, c)
    picture = np.pad(picture, ((0, GAP), (0, GAP), (0, 0)), constant_values=GREY)
    if titles is not None:
        header = _header(titles, w - GAP)
        picture = np.concatenate([np.repeat(header[:, :, None], c, axis=2), picture])
    return picture if c > 1 else picture[:, :, 0]


def _tiles(images: Pixels, scale: int | None, least: int) -> Pixels:
    """(N, C, H, W) -> (N, H * scale, W * scale, C), by default with sides of at least ``least``."""
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape:
        raise ValueError(f"expected uint8 images (N, 1 or 3, H, W), given {images.dtype} {images.shape}")
    if scale is None:
        scale = enlargement(images.shape[1:], least)
    if scale < 1:
        raise ValueError(f"expected a scale of at least 1, given {scale}")
    return images.transpose(0, 2, 3, 1).repeat(scale, axis=1).repeat(scale, axis=2)


def enlargement(shape: tuple[int, ...], least: int) -> int:
    """The smallest scale at which images (C, H, W) have sides of at least this many pixels."""
    return -(-least // min(shape[1:]))


def _header(titles: Sequence[str], width: int) -> Pixels:
    """Titles centred above columns of this width -> (height, columns * (width + GAP) + GAP) uint8."""
    from PIL import Image, ImageDraw

    smallest, largest = TITLE_SIZES
    names = [fonts.drawable(encodable(" ".join(title.split()))) for title in titles]
    pieces = partial(_pieces, plain="".join(names).isascii(), load=cache(_font))
    for size in range(max(smallest, min(largest, width // 4)), smallest - 1, -1):  # one size for all
        if max(_length(pieces(name, size)) for name in names) <= width:
            break
    height = round(1.5 * size) + GAP
    header = np.full((height, len(names) * (width + GAP) + GAP), GREY, np.uint8)
    for column, name in enumerate(names):
        if _length(pieces(name, size)) > width:
            while name and _length(pieces(name + "…", size)) > width:
                name = name[:-1].rstrip()
            name += "…"
        strip = Image.new("L", (width, height), GREY)  # one for each title, so that none overlaps another
        line = pieces(name, size)
        left = (width - _length(line)) / 2
        for font, piece in line:
            middle = left + font.getlength(piece) / 2
            ImageDraw.Draw(strip).text((middle, height - size / 2), piece, fill=INK, font=font, anchor="ms")
            left += font.getlength(piece)
        place = GAP + column * (width + GAP)
        header[:, place : place + width] = np.asarray(strip)
    return header


def _pieces(name: str, size: int, plain: bool, load: "Load") -> "list[tuple[FreeTypeFont, str]]":
    """A name as pieces, each with a font that has its characters; one piece where all titles are ASCII."""
    runs = [(name, "")] if plain else fonts.runs(name)
    return [(load(file, size), piece) for piece, file in runs]


def _length(line: "list[tuple[FreeTypeFont, str]]") -> float:
    """The width of pieces in pixels."""
    return sum(font.getlength(piece) for font, piece in line)


def _font(file: str, size: int) -> "FreeTypeFont":
    """The font of a file; of none, Pillow's own, which has ASCII only."""
    from PIL import ImageFont

    return ImageFont.truetype(file, size) if file else cast("FreeTypeFont", ImageFont.load_default(size))


def encodable(text: str) -> str:
    """The text with ``?`` for halves of surrogate pairs, which come from file names that are not UTF-8."""
    return text.encode("utf-8", "replace").decode()


def save_png(path: Path, picture: Pixels, manifest: Manifest) -> None:
    """Write a picture, (h, w) or (h, w, 3) uint8, and what it says of itself; create the folders above it.

    The file is written whole or not at all.

    Raises:
        CondganError: the file cannot be written.
    """
    atomic(path, pictures.png(picture, manifest))


def save_gif(
    path: Path, pngs: Sequence[Path], manifest: Manifest, seconds: float = 8.0, most_frames: int = 100
) -> None:
    """Write pictures as an endless animation of about ``seconds``, which stops for 2 s at the last.

    Of more than ``most_frames`` pictures, some at even distances are chosen, with the first and the last. A picture
    that cannot be read, or whose size differs from that of the last one, is left out. Without pictures no file is
    written.

    Raises:
        CondganError: the file cannot be written.
    """
    chosen = np.linspace(0, len(pngs) - 1, min(len(pngs), most_frames)).round().astype(int)
    read = [frame for frame in (_frame(pngs[i]) for i in chosen) if frame]
    if not read:
        return
    frames = [frame for frame in read if frame.size == read[-1].size]
    if any(frame.mode != "L" for frame in frames):
        frames = [frame.convert("RGB") for frame in frames]
    each = 10 * round(min(max(100 * seconds / len(frames), 2), 50))  # milliseconds, in steps of 1/100 s as in a GIF
    durations = [each] * (len(frames) - 1) + [2000]
    atomic(path, pictures.gif([np.asarray(frame) for frame in frames], durations, manifest))


def _frame(png: Path) -> "Image | None":
    """A picture in grey or RGB, shrunk to ``GIF_SIDE``; None if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(png) as image:
            frame = image.convert("L" if image.mode == "L" else "RGB")
    except (OSError, SyntaxError, ValueError, EOFError):  # what Pillow raises for damaged files
        return None
    frame.thumbnail((GIF_SIDE, GIF_SIDE))
    return frame
