"""Bringing images to one size and one number of channels.

Raw images are (N, H, W) grey or (N, H, W, 3) RGB, uint8. One image is a stack of one: both take the same path, so
an image comes out the same whether it was read from a folder or from an array.
"""

from collections.abc import Collection
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data.memory import room
from condgan.recipe import Data

CHUNK_PIXELS = 1 << 21  # of a stack that Pillow holds at once
DONE = {"pad": "padded and resized", "crop": "cropped and resized", "stretch": "stretched"}


TO_GREY = "colour images were converted to grey (data.channels)"
TO_RGB = "grey images were repeated over 3 channels (data.channels)"


def read_as_grey(count: int) -> str:
    """What is said where all pixels of all images that are stored in colour are grey."""
    return f"{count} images are stored in colour and are grey: they were read as grey"


def is_grey(raw: Images) -> npt.NDArray[np.bool_]:
    """Whether each RGB image (N, H, W, 3) has only grey pixels, (N,)."""
    grey, step = np.empty(len(raw), bool), max(1, CHUNK_PIXELS // (raw.shape[1] * raw.shape[2]))
    for start in range(0, len(raw), step):
        part = raw[start : start + step]
        grey[start : start + step] = (part[..., 1:] == part[..., :1]).all(axis=(1, 2, 3))
    return grey


def fit_notices(sizes: Collection[tuple[int, int]], data: Data) -> tuple[str, ...]:
    """What ``fit`` does to images of these (height, width): one sentence, or none where all fit already."""
    if set(sizes) <= {(data.height, data.width)}:
        return ()
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    (low, high), count = (f"{h}x{w}" for h, w in (ordered[0], ordered[-1])), len(sizes)
    of = f"of {low}" if count == 1 else f"of {count} different sizes ({low} ... {high})"
    to = f"{data.height}x{data.width}"
    if all(width * data.height == height * data.width for height, width in sizes):
        return (f"images {of} were resized to {to} (data.size)",)
    return (f"images {of} were {DONE[data.fit]} to {to} (data.fit, data.size)",)


def fit(raw: Images, size: tuple[int, int], how: Literal["pad", "crop", "stretch"]) -> Images:
    """Raw images of any height and width -> the same at a size (height, width), resized with antialiasing.

    pad keeps the whole image, on black; crop keeps the largest part of the right proportions at its centre; stretch
    keeps no proportions.
    """
    (rows, columns), (count, height, width) = size, raw.shape[:3]
    if how == "crop":
        high, wide = min(height, max(1, width * rows // columns)), min(width, max(1, height * columns // rows))
        top, left = (height - high) // 2, (width - wide) // 2
        raw = raw[:, top : top + high, left : left + wide]
        height, width = high, wide
    if (height, width) == (rows, columns):
        return raw
    top, left, *within = inner((height, width), size) if how == "pad" else (0, 0, rows, columns)
    fitted = room((count, rows, columns, *raw.shape[3:]), np.uint8)
    chunk = max(1, CHUNK_PIXELS // max(height * width, rows * columns))
    for start in range(0, count, chunk):
        resized = resize(raw[start : start + chunk], *within)
        fitted[start : start + chunk, top : top + within[0], left : left + within[1]] = resized
    return fitted


def inner(shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where an image of a shape (height, width) lies in the size it is padded to: top, left, height, width."""
    (height, width), (rows, columns) = shape, size
    high, wide = rows, columns
    if height * columns > width * rows:
        wide = max(1, (2 * width * rows + height) // (2 * height))
    else:
        high = max(1, (2 * height * columns + width) // (2 * width))
    return (rows - high) // 2, (columns - wide) // 2, high, wide


def resize(raw: Images, height: int, width: int) -> Images:
    """Raw images -> the same at (height, width): bilinear, antialiased, exactly as Pillow resizes a square to a square.

    Pillow resizes in two passes of 8 bits, so that a pass over all rows of a stack is a pass over each image. The one
    that shrinks more comes first: Pillow chooses by version and shape, and a thin image must not grow huge in between.
    """
    if height * raw.shape[2] < width * raw.shape[1]:
        return resize_rows(resize_rows(raw.swapaxes(1, 2), height).swapaxes(1, 2), width)
    return resize_rows(resize_rows(raw, width).swapaxes(1, 2), height).swapaxes(1, 2)


def resize_rows(raw: Images, width: int) -> Images:
    """Raw images -> the same at another width."""
    from PIL import Image

    count, height, before = raw.shape[:3]
    if before == width:
        return raw
    tall = Image.fromarray(np.ascontiguousarray(raw).reshape(count * height, *raw.shape[2:]))
    resized = np.asarray(tall.resize((width, count * height), Image.Resampling.BILINEAR))
    return resized.reshape(count, height, width, *raw.shape[3:])


def to_grey(raw: Images) -> Images:
    """RGB (N, H, W, 3) -> grey (N, H, W): ITU-R 601 luma, as in Pillow."""
    from PIL import Image

    count, height, width = raw.shape[:3]
    grey = room((count, height, width), np.uint8)
    chunk = max(1, CHUNK_PIXELS // (height * width))
    for start in range(0, count, chunk):
        part = np.ascontiguousarray(raw[start : start + chunk])
        tall = Image.fromarray(part.reshape(len(part) * height, width, 3)).convert("L")
        grey[start : start + chunk] = np.asarray(tall).reshape(len(part), height, width)
    return grey


def with_channels(raw: Images, channels: Literal[1, 3]) -> Images:
    """Raw images -> contiguous (N, C, H, W); grey ones are repeated where C is 3.

    Colour images must have been converted where C is 1.
    """
    images = raw.transpose(0, 3, 1, 2) if raw.ndim == 4 else raw[:, None]
    if images.shape[1] == channels and images.flags.c_contiguous:
        return images
    laid = room((len(raw), channels, *raw.shape[1:3]), np.uint8)
    laid[:] = images
    return laid
