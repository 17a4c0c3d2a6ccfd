"""Raw images in an array -> images of a dataset: one size, one number of channels, one ground."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data import ground
from condgan.data.fit import TO_GREY, TO_RGB, fit, fit_notices, is_grey, to_grey, with_channels
from condgan.recipe import Data

Hashes = npt.NDArray[np.uint64]
"""(N, 2): 16 bytes that identify each raw image."""


class Prepared(NamedTuple):
    """Images uint8 (N, C, H, W), what was done to them in words, their hashes, and ``data.background`` as decided."""

    images: Images
    notices: tuple[str, ...]
    hashes: Hashes
    background: str


def prepare(raw: Images, data: Data, identify: bool = True) -> Prepared:
    """A stack of raw images, (N, H, W) grey or (N, H, W, 3) RGB, in the form of a dataset.

    Without ``data.channels`` the stack keeps its own. Without ``identify`` there are no hashes.
    """
    colour = raw.ndim == 4
    hashes = identities(raw) if identify and data.reading > 1 else np.zeros((0, 2), np.uint64)
    fill = ground.stack(raw, data)
    tinted = fill is not None and fill != "edge" and len(set(fill)) > 1
    channels = data.channels or (3 if colour or tinted else 1)
    notices, background = fit_notices({(raw.shape[1], raw.shape[2])}, data), data.background
    if fill is not None and background == "auto":
        background = ground.named(fill)
        notices += (f"images were padded with {ground.words(fill)} (data.background)",)
    if channels == 1 and colour:
        raw = to_grey(raw)
        notices += (TO_GREY,)
    if channels == 3 and not colour:
        notices += (TO_RGB,)
    images = with_channels(fit(raw, (data.height, data.width), data.fit), channels)
    if fill is not None and fill != (0, 0, 0):
        shape = np.array(raw.shape[1:3], np.int32)
        for image in images:
            ground.lay(image, None, shape, fill, data.fit)
    return Prepared(images, notices, hashes, background)


def identities(raw: npt.NDArray[np.uint8]) -> Hashes:
    """A hash of each row; equal images have equal ones wherever they were read from, also if grey is stored as RGB."""
    hashes = np.zeros((len(raw), 2), np.uint64)
    grey = is_grey(raw) if raw.ndim == 4 and raw.shape[3] == 3 else np.zeros(len(raw), bool)
    for row, image in enumerate(raw):
        hashes[row] = np.frombuffer(identity(image[..., 0] if grey[row] else image), np.uint64)
    return hashes


def identity(pixels: npt.NDArray[Any], clear: npt.NDArray[np.uint8] | None = None) -> bytes:
    """16 bytes that depend on what a raw image shows, its transparency included, and not on where it was read from."""
    digest = hashlib.blake2b(f"{pixels.shape} {pixels.dtype}".encode(), digest_size=16)
    for array in (pixels, clear):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


def representatives(hashes: Hashes) -> np.ndarray:
    """Of each row the number of the first row with the same image, (N,)."""
    rows = np.ascontiguousarray(hashes).view([("a", np.uint64), ("b", np.uint64)]).reshape(-1)
    _, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    return first[inverse]
