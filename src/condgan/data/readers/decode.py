"""One image file -> one raw image, whatever its mode: upright, 8 bits, grey or RGB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data.prepare import identity
from condgan.errors import CondganError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = {
    "PNG": (".png", ".apng"), "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "BMP": (".bmp", ".dib"), "GIF": (".gif",),
    "WEBP": (".webp",), "TIFF": (".tif", ".tiff"), "PPM": (".ppm", ".pgm", ".pbm", ".pnm"), "AVIF": (".avif",),
    "HEIF": (".heic", ".heif"),
}  # fmt: skip
"""No other of Pillow's many parsers sees a stranger's file."""
SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
HEIC = FORMATS["HEIF"]
GREY = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
PALETTE = frozenset({"P", "PA"})
DEEP_FORMATS = ("PNG", "PPM")  # whose 32-bit mode in Pillow contains 16-bit values


@dataclass(frozen=True, eq=False)
class Decoded:
    """One upright image.

    Attributes:
        pixels: (H, W) grey or (H, W, 3) RGB, uint8; transparent parts on black.
        clear: (H, W) uint8, how transparent each pixel is; none: opaque everywhere.
        deep: (H, W) uint16, the values of a file of 16 bits, of which ``pixels`` are the full scale.
        grey_as_colour: it was stored in colour, and all its pixels are grey.
    """

    pixels: Images
    clear: Images | None = None
    deep: npt.NDArray[np.uint16] | None = None
    grey_as_colour: bool = False

    def digest(self) -> bytes:
        """16 bytes that depend on what the image shows, and not on how its file is written."""
        return identity(self.pixels if self.deep is None else self.deep, self.clear)


def decode(source: Path | IO[bytes], what: str = "", by_content: bool = True) -> Decoded:
    """The first frame of an image file, named ``what`` in errors; EXIF orientation is applied.

    With ``by_content``, an image whose pixels are all grey is grey, however it is stored.

    Raises:
        CondganError: the file is no image, damaged, too large, or has pixels that have no natural 8-bit form.
    """
    from PIL import ImageOps

    what = what or str(source)
    with opened(source, what) as image:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return pixels(what, image, by_content)


@contextmanager
def opened(source: Path | IO[bytes], what: str) -> Iterator["Image.Image"]:
    """An image file whose header was read; all that Pillow raises on it becomes a CondganError."""
    from PIL import Image, UnidentifiedImageError

    known = [name for name in FORMATS if name != "HEIF" or reads_heic()]
    try:
        with Image.open(source, formats=known) as image:
            limit = Image.MAX_IMAGE_PIXELS  # beyond it Pillow warns, and raises only beyond twice as many
            if limit is not None and image.width * image.height > limit:
                raise ValueError(f"{image.width}x{image.height} is more than {limit} pixels")
            yield image
    except (CondganError, MemoryError):
        raise
    except UnidentifiedImageError:
        cure = "replace or remove it"
        if what.lower().endswith(HEIC) and not reads_heic():
            cure = "`pip install condgan[heic]` reads HEIC"
        raise CondganError(f"{what} is not an image that can be read: {cure}") from None
    except Exception as error:  # Pillow raises a dozen kinds on damaged files
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise CondganError(f"{what} cannot be read as an image ({reason}): replace or remove it") from None


@cache
def reads_heic() -> bool:
    """Whether pillow-heif is installed, which is then registered with Pillow."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def pixels(what: str, image: "Image.Image", by_content: bool) -> Decoded:
    """What ``decode`` returns, of an image that Pillow has loaded."""
    from PIL import Image

    if image.mode.startswith("I;16") or (image.mode == "I" and image.format in DEEP_FORMATS):
        deep = np.asarray(image).astype(np.uint16)
        return Decoded(((deep.astype(np.uint32) + 128) // 257).astype(np.uint8), deep=deep)
    if image.mode in ("I", "F"):
        raise CondganError(f"{what} has 32-bit pixels: save it with 8 or 16 bits")
    mode, clear = image.mode, None
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        alpha = np.asarray(layer.getchannel("A"))
        clear = None if alpha.min() == 255 else 255 - alpha
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "black"), layer)
    if mode in GREY:
        return Decoded(np.asarray(image.convert("L")), clear)
    colour: Any = np.asarray(image.convert("RGB"))
    if (by_content or mode in PALETTE) and (colour == colour[..., :1]).all():
        return Decoded(np.ascontiguousarray(colour[..., 0]), clear, grey_as_colour=mode not in PALETTE)
    return Decoded(colour, clear)
