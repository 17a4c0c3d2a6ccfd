"""What a step draws itself, from NumPy by the step's seed: Jittor's own stream can be neither saved nor set back."""

import math

import numpy as np
import numpy.typing as npt

_generator = np.random.Generator(np.random.Philox(0))


def seed(number: int) -> None:
    """Where the draws of a step begin."""
    global _generator
    _generator = np.random.Generator(np.random.Philox(number))


def generator() -> np.random.Generator:
    """To draw from."""
    return _generator


def words(shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """16 random bits for each place."""
    count = math.prod(shape)
    return np.frombuffer(_generator.bytes(2 * count), np.uint16).reshape(shape)
