"""Copies of training images, also shifted ones, and how well they are detected: some are planted and counted.

An image is compared by the magnitudes of its low frequencies, which a shift leaves as they are.
"""

import io
from collections.abc import Mapping

import numpy as np

from condgan.arrays import Features, Images
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.errors import UndefinedError
from condgan.metrics import Estimate, share
from condgan.metrics.neighbours import HELD_OUT, Distances, nearest_image

CYCLES = 8  # per side, at most, of the frequencies that are compared
PLANTED = 1000  # images of each kind, at most
NOISE = 8.0  # standard deviation, in grey levels
QUALITY = 90  # of JPEG
NOTHING = 1e-3  # a distance that is rounding: one grey level of one pixel is four times as much
CHUNK = 4096  # images at a time
KINDS = ("exact", "noise", "jpeg", "shifted")
"""Of planted copies."""


def magnitudes(images: Images) -> Features:
    """uint8 (N, C, H, W) -> float32 (N, C F): the magnitudes of the F lowest frequencies of each channel.

    Distances are at most those of the pixels in [0, 1] under the best cyclic shift, by Parseval's equation.
    """
    height, width = images.shape[2:]
    rows = np.abs(np.fft.fftfreq(height, 1 / height)) <= CYCLES
    columns = np.fft.rfftfreq(width, 1 / width)
    twice = np.where((columns > 0) & (2 * columns < width), 2, 1)  # with the frequency that is its conjugate
    kept = columns <= CYCLES
    scale = np.sqrt(twice[kept] / (height * width)) / 255
    parts = [
        np.abs(np.fft.rfft2(images[first : first + CHUNK])[..., rows, :][..., kept]) * scale
        for first in range(0, len(images), CHUNK)
    ]
    return np.concatenate(parts).reshape(len(images), -1).astype(np.float32) if parts else np.empty((0, 0), np.float32)


def distances(images: Images, train: Images) -> Distances:
    """The distance in ``magnitudes`` of each image, uint8 (N, C, H, W), to its nearest training image, (N,).

    Raises:
        UndefinedError: there are no training images.
    """
    if not len(train):
        raise UndefinedError("there are no training images")
    return nearest_image(images, train, magnitudes)[0] if len(images) else np.empty(0)


def threshold(held_out: Distances) -> float:
    """The distance up to which an image is called a copy, as 1 % of (M,) images are that were not trained on.

    Raises:
        UndefinedError: fewer than 100 of them.
    """
    fewest = round(1 / HELD_OUT)
    if len(held_out) < fewest:
        raise UndefinedError(f"{len(held_out)} held-out images: false alarms of {HELD_OUT:.0%} need at least {fewest}")
    return max(float(np.quantile(held_out, HELD_OUT)), NOTHING)


def copies(found: Distances, held_out: Distances) -> Estimate:
    """The share of images at ``distances`` (N,) that are called copies; see ``threshold``.

    Raises:
        UndefinedError: there are no images, or fewer than 100 held-out ones.
    """
    return share(found <= threshold(held_out))


def planted(train: Images, seed: int = 0) -> Mapping[str, Images]:
    """Copies of 1000 training images, or of all, by their kind of ``KINDS``.

    The noise is normal, of 8 grey levels; the JPEG is of quality 90; the shift is of one pixel, in each of the eight
    directions in turn, and the edge is repeated.
    """
    chosen = train[np.sort(philox.permutation(seed, Stream.SPLIT, 0, len(train))[:PLANTED])]
    noise = philox.normal(seed, Stream.AUGMENTATION, np.arange(len(chosen)), int(np.prod(train.shape[1:])))
    noisy = chosen + NOISE * noise.reshape(chosen.shape)
    kinds = (
        chosen,
        noisy.round().clip(0, 255).astype(np.uint8),
        np.stack([jpeg(image) for image in chosen]),
        shifted(chosen),
    )
    return dict(zip(KINDS, kinds, strict=True))


def jpeg(image: Images) -> Images:
    """An image, uint8 (C, H, W), after JPEG of quality 90."""
    from PIL import Image

    grey = len(image) == 1
    file = io.BytesIO()
    Image.fromarray(image[0] if grey else image.transpose(1, 2, 0)).save(file, "JPEG", quality=QUALITY)
    with Image.open(file) as decoded:
        pixels = np.asarray(decoded)
    return pixels[None] if grey else pixels.transpose(2, 0, 1)


def shifted(images: Images) -> Images:
    """Images, uint8 (N, C, H, W), moved by one pixel in each of the eight directions in turn."""
    height, width = images.shape[2:]
    wide = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    places = [(top, left) for top in range(3) for left in range(3) if (top, left) != (1, 1)]
    moved = np.empty_like(images)
    for turn, (top, left) in enumerate(places):
        moved[turn :: len(places)] = wide[turn :: len(places), :, top : top + height, left : left + width]
    return moved
