"""Adding the mark to images."""

import numpy as np
import numpy.typing as npt

from condgan.arrays import Samples
from condgan.marks.pattern import Patterns

DISTORTION = 6.45
"""Mean square change of a picture's pixels that the mark aims at: a PSNR of 40.03 dB."""
MOST_DISTORTION = 6.5
"""What it never exceeds: 40.00 dB."""
SHARE = 0.25  # of the low layer, before its part below black is cut off
MOST_GAIN = 5.0  # of the high layer where a picture has few middle tones
AT_ONCE = 1 << 16  # pixels: what fits into a cache

TONES = (4.0 * np.arange(256) * (255 - np.arange(256)) / 255**2).astype(np.float32)
"""How much of the high layer a tone carries: nothing at black and white, where half of it would be cut off."""


def marked(images: Samples, patterns: Patterns, payload: str) -> Samples:
    """Images (N, C, H, W) uint8 with the mark, of the same type and shape; each depends on itself alone.

    All channels of a pixel change by the same number of levels, so that compression of colours does not touch it. The
    strength is chosen for each picture so that its PSNR is just above 40 dB.
    """
    low, high = (layer.astype(np.float32).ravel() for layer in patterns.layers(payload))
    out = np.empty_like(images)
    count = max(1, AT_ONCE // max(1, images[:1].size))
    for first in range(0, len(images), count):
        out[first : first + count] = _part(images[first : first + count], low, high)
    return out


def _part(images: Samples, low: npt.NDArray[np.float32], high: npt.NDArray[np.float32]) -> Samples:
    pixels = images.reshape(*images.shape[:2], -1).astype(np.float32)  # (N, C, H * W)
    tones = TONES[images].reshape(pixels.shape).mean(axis=1)
    rms = np.sqrt((tones * tones).mean(axis=1, keepdims=True))
    gain = np.minimum(np.float32((1 - SHARE) ** 0.5) / np.maximum(rms, np.float32(1e-3)), np.float32(MOST_GAIN))
    change = np.float32(SHARE**0.5) * low + gain * tones * high  # (N, H * W)
    scale = np.full((len(images), 1), np.float32(DISTORTION**0.5))
    result = _added(pixels, change, scale)
    for _ in range(2):
        scale = scale * np.sqrt(np.float32(DISTORTION) / np.maximum(_distortion(result, pixels), np.float32(0.1)))
        result = _added(pixels, change, scale)
    while (loud := _distortion(result, pixels)[:, 0] > MOST_DISTORTION).any():
        scale[loud] *= np.float32(0.99)
        result[loud] = _added(pixels[loud], change[loud], scale[loud])
    return result.reshape(images.shape).astype(np.uint8)


def _added(
    pixels: npt.NDArray[np.float32], change: npt.NDArray[np.float32], scale: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    added = np.rint(scale * change)[:, None] + pixels
    return np.asarray(np.minimum(np.maximum(added, 0, out=added), 255, out=added), np.float32)


def _distortion(result: npt.NDArray[np.float32], pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Mean square change, (N, 1). Sums of whole numbers below 2^24: exact in any order."""
    change = (result - pixels).reshape(len(pixels), -1)
    return np.asarray(np.einsum("np,np->n", change, change)[:, None] / np.float32(change.shape[1]), np.float32)
