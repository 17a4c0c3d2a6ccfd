"""The operations of augmentations in Jittor: each image by its own draw, from NumPy."""

from collections.abc import Callable

import jittor as jt
import numpy as np

from condgan.engines.jittor import randomness


def sometimes(images: jt.Var, probability: jt.Var, change: Callable[[jt.Var], jt.Var]) -> jt.Var:
    """(N, C, H, W) -> the same shape: each changed with the probability."""
    drawn = jt.array(randomness.generator().random((len(images), 1, 1, 1), np.float32))
    chosen = (drawn < probability.detach().reshape(1, 1, 1, 1)).float32()
    return chosen * change(images) + (1 - chosen) * images


def noisy(images: jt.Var, deviation: float) -> jt.Var:
    """(N, ...) -> the same shape, with normal noise."""
    noise = randomness.generator().standard_normal(tuple(images.shape), np.float32)
    return images + jt.array(noise * np.float32(deviation))


def translated(images: jt.Var, most: tuple[int, int], grey: float) -> jt.Var:
    """(N, C, H, W) -> the same shape: each moved by up to so many rows and columns."""
    n, channels, height, width = images.shape
    rows, columns = (  # (N, H), (N, W)
        randomness.generator().integers(-far, far + 1, (n, 1)) + np.arange(side)
        for far, side in zip(most, (height, width), strict=True)
    )
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    pixels = np.clip(rows, 0, height - 1)[:, :, None] * width + np.clip(columns, 0, width - 1)[:, None]
    chosen = jt.array(np.repeat(pixels.reshape(n, 1, -1), channels, axis=1).astype(np.int32))
    moved = jt.gather(images.reshape(n, channels, -1), 2, chosen).reshape(images.shape)
    mask = jt.array(inside[:, None].astype(np.float32))
    return moved * mask + grey * (1 - mask)


def cut_out(images: jt.Var, hole: tuple[int, int], grey: float) -> jt.Var:
    """(N, C, H, W) -> the same shape, with a grey rectangle of a height and width in each."""
    inside = []
    for length, side in zip(hole, images.shape[2:], strict=True):
        first = randomness.generator().integers(-(length // 2), side - (length + 1) // 2 + 1, (len(images), 1))
        place = np.arange(side) - first
        inside.append((place >= 0) & (place < length))
    rows, columns = inside  # (N, H), (N, W)
    mask = jt.array(1 - (rows[:, :, None] & columns[:, None])[:, None].astype(np.float32))
    return images * mask + grey * (1 - mask)


def adapt(probability: jt.Var, logits: jt.Var, target: float, pace: float) -> None:
    """Move a probability, in place, by the sign of the excess of the logits' mean sign over the target."""
    logits = logits.detach()
    excess = ((logits > 0).float32() - (logits < 0).float32()).mean() - target
    direction = (excess > 0).float32() - (excess < 0).float32()
    probability.update((probability + pace * direction).clamp(0.0, 1.0))
