"""The operations of augmentations in Jittor: each image by its own draw, from NumPy."""

from collections.abc import Callable

import jittor as jt
import numpy as np

from condgan.engines.jittor import randomness


def sometimes(images: jt.Var, probability: jt.Var, change: Callable[[jt.Var], jt.Var]) -> jt.Var:
    """(N, C, S, S) -> the same shape: each changed with the probability."""
    drawn = jt.array(randomness.generator().random((len(images), 1, 1, 1), np.float32))
    chosen = (drawn < probability.detach().reshape(1, 1, 1, 1)).float32()
    return chosen * change(images) + (1 - chosen) * images


def noisy(images: jt.Var, deviation: float) -> jt.Var:
    """(N, ...) -> the same shape, with normal noise."""
    noise = randomness.generator().standard_normal(tuple(images.shape), np.float32)
    return images + jt.array(noise * np.float32(deviation))


def translated(images: jt.Var, most: int, grey: float) -> jt.Var:
    """(N, C, S, S) -> the same shape: each moved by up to so many pixels along each axis."""
    n, channels, side, _ = images.shape
    rows, columns = randomness.generator().integers(-most, most + 1, (2, n, 1)) + np.arange(side)  # (N, S) each
    inside = ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None]
    pixels = np.clip(rows, 0, side - 1)[:, :, None] * side + np.clip(columns, 0, side - 1)[:, None]
    chosen = jt.array(np.repeat(pixels.reshape(n, 1, -1), channels, axis=1).astype(np.int32))
    moved = jt.gather(images.reshape(n, channels, -1), 2, chosen).reshape(images.shape)
    mask = jt.array(inside[:, None].astype(np.float32))
    return moved * mask + grey * (1 - mask)


def cut_out(images: jt.Var, hole: int, grey: float) -> jt.Var:
    """(N, C, S, S) -> the same shape, with a grey square in each."""
    n, side = len(images), images.shape[-1]
    first = randomness.generator().integers(-(hole // 2), side - (hole + 1) // 2 + 1, (2, n, 1))
    place = np.arange(side) - first
    rows, columns = (place >= 0) & (place < hole)  # (N, S) each
    mask = jt.array(1 - (rows[:, :, None] & columns[:, None])[:, None].astype(np.float32))
    return images * mask + grey * (1 - mask)


def adapt(probability: jt.Var, logits: jt.Var, target: float, pace: float) -> None:
    """Move a probability, in place, by the sign of the excess of the logits' mean sign over the target."""
    logits = logits.detach()
    excess = ((logits > 0).float32() - (logits < 0).float32()).mean() - target
    direction = (excess > 0).float32() - (excess < 0).float32()
    probability.update((probability + pace * direction).clamp(0.0, 1.0))
