"""What shows through transparent pixels and fills the bars of padded images: one ground for a dataset."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data.fit import inner
from condgan.recipe import Data

Colour = tuple[int, int, int]
Ground = Colour | Literal["edge"]
NAMED: dict[str, Colour] = {"black": (0, 0, 0), "white": (255, 255, 255)}
MIDDLE: Colour = (128, 128, 128)
NEAR = 24  # grey levels within which pixels of a border count as one colour
MOST = 0.8  # share of a border, or of images, that must agree
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601


def ink(pixels: Images, clear: Images) -> float | None:
    """The mean grey level, 0..255, of an image's opaque parts, whose pixels lie on black; none if it has none."""
    grey = pixels @ LUMA if pixels.ndim == 3 else pixels
    opaque = 255.0 * clear.size - float(clear.sum(dtype=np.float64))
    return None if opaque < 1 else 255.0 * float(grey.sum(dtype=np.float64)) / opaque


def border(pixels: Images) -> Colour | None:
    """The colour of most of an image's border; none where it has no one colour."""
    edges = [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]
    line = np.concatenate(edges).reshape(-1, pixels.shape[2] if pixels.ndim == 3 else 1)
    middle = np.median(line, axis=0)
    if (np.abs(line - middle).max(axis=1) <= NEAR).mean() < MOST:
        return None
    red, green, blue = np.broadcast_to(middle.round().astype(int), 3).tolist()
    return red, green, blue


def decide(data: Data, inks: Sequence[float], borders: Sequence[Colour | None]) -> Ground:
    """The ground that ``data.background`` says.

    auto: where images are transparent, black or white, on which the faintest tenth of them keeps more contrast, or
    grey if neither keeps any; else the colour of the borders of the padded images, if they agree, or black.
    """
    if data.background != "auto":
        return parsed(data.background)
    if data.reading == 1:
        return NAMED["black"]
    if inks:
        contrast = {name: float(np.quantile(np.abs(np.array(inks) - NAMED[name][0]), 0.1)) for name in NAMED}
        best = max(contrast, key=lambda name: contrast[name])
        if contrast[best] >= 2 * NEAR:
            return NAMED[best]
        return MIDDLE
    plain = np.array([colour for colour in borders if colour is not None]).reshape(-1, 3)
    if len(borders) and len(plain) >= MOST * len(borders):
        middle = np.median(plain, axis=0)
        if (np.abs(plain - middle).max(axis=1) <= NEAR).mean() >= MOST:
            red, green, blue = map(round, middle.tolist())
            return next((near for near in NAMED.values() if np.abs(middle - near).max() <= NEAR), (red, green, blue))
    return NAMED["black"]


def parsed(background: str) -> Ground:
    """``edge``, ``white`` or ``R,G,B`` as a ground."""
    if background == "edge":
        return "edge"
    if background in NAMED:
        return NAMED[background]
    red, green, blue = map(int, background.split(","))
    return red, green, blue


def named(fill: Ground) -> str:
    """A ground as ``data.background`` has it."""
    if fill == "edge":
        return "edge"
    return next((name for name, colour in NAMED.items() if colour == fill), ",".join(map(str, fill)))


def words(fill: Ground) -> str:
    """A ground in a sentence."""
    name = named(fill)
    return name if name in NAMED else "their own edges" if fill == "edge" else f"the colour {name}"


def lay(image: Images, clear: Images | None, shape: npt.NDArray[np.int32], fill: Ground, how: str) -> None:
    """Lay a fitted image (C, H, W), whose transparent parts and bars are black, on a ground, in place.

    Args:
        image: to be changed.
        clear: how transparent its pixels are, (H, W); none: opaque.
        shape: of the file, (2,): height and width.
        fill: the ground.
        how: the image was fitted, a ``data.fit``.
    """
    rows, columns = image.shape[1:]
    top, left, height, width = inner((int(shape[0]), int(shape[1])), (rows, columns)) if how == "pad" else (
        0, 0, rows, columns)  # fmt: skip
    part = image[:, top : top + height, left : left + width]
    colour = np.array(MIDDLE if fill == "edge" else fill)
    level = colour if len(image) == 3 else np.array([round(float(colour @ LUMA))])
    if clear is not None:
        through = clear[top : top + height, left : left + width].astype(np.uint32)
        shown = (level[:, None, None].astype(np.uint32) * through + 127) // 255
        part[:] = np.minimum(part + shown, 255).astype(np.uint8)
    around = ((0, 0), (top, rows - top - height), (left, columns - left - width))
    if fill == "edge":
        image[:] = np.pad(part, around, mode="edge")
        return
    bars = np.ones((rows, columns), bool)
    bars[top : top + height, left : left + width] = False
    image[:, bars] = level[:, None].astype(np.uint8)


def stack(raw: Images, data: Data) -> Ground | None:
    """The ground of a stack of raw images (N, H, W) or (N, H, W, 3), by the borders of at most a thousand of them.

    None where no bars will show it.
    """
    if data.fit != "pad" or raw.shape[1] * data.width == raw.shape[2] * data.height:
        return None
    return decide(data, (), [border(image) for image in raw[:: max(1, len(raw) // 1000)]])
