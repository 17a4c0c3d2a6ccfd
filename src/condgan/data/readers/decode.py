"""One image file -> one raw image, whatever its mode: upright, 8 bits, grey or RGB, opaque."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from condgan.arrays import Images
from condgan.errors import CondganError

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # no other of Pillow's many parsers sees a stranger's file
GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
PALETTE = frozenset({"P", "PA"})


def decode(path: Path) -> tuple[Images, bool]:
    """The first frame of an image file as (H, W) grey or (H, W, 3) RGB, and whether it was transparent somewhere.

    EXIF orientation is applied, transparency is laid on black, 16-bit grey is scaled to 8 bits.

    Raises:
        CondganError: the file is no image, damaged, too large, or has pixels that have no natural 8-bit form.
    """
    from PIL import ImageOps

    with opened(path) as image:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return pixels(path, image)


def has_colour(path: Path) -> bool:
    """Whether an image file is stored in colour; a palette of greys counts as grey.

    Raises:
        CondganError: as ``decode``, as far as the file had to be read.
    """
    with opened(path) as image:
        if image.mode in PALETTE:
            return decode(path)[0].ndim == 3
        return image.mode not in GREY


@contextmanager
def opened(path: Path) -> Iterator["Image.Image"]:
    """An image file whose header was read; all that Pillow raises on it becomes a CondganError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as image:
            limit = Image.MAX_IMAGE_PIXELS  # beyond it Pillow warns, and raises only beyond twice as many
            if limit is not None and image.width * image.height > limit:
                raise ValueError(f"{image.width}x{image.height} is more than {limit} pixels")
            yield image
    except (CondganError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise CondganError(f"{path} is not an image that can be read: replace or remove it") from None
    except Exception as error:  # Pillow raises a dozen kinds on damaged files
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CondganError(f"{path} cannot be read as an image ({reason}): replace or remove it") from None


def pixels(path: Path, image: "Image.Image") -> tuple[Images, bool]:
    """What ``decode`` returns, of an image that Pillow has loaded."""
    from PIL import Image

    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        deep = np.asarray(image).astype(np.uint32)
        return ((deep + 128) // 257).astype(np.uint8), False
    if image.mode in ("I", "F"):
        raise CondganError(f"{path} has 32-bit pixels: save it with 8 or 16 bits")
    mode, transparent = image.mode, False
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        transparent = layer.getchannel("A").getextrema() != (255, 255)
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "black"), layer)
    if mode in GREY:
        return np.asarray(image.convert("L")), transparent
    colour = np.asarray(image.convert("RGB"))
    if mode in PALETTE and (colour == colour[..., :1]).all():
        return colour[..., 0], transparent
    return colour, transparent
