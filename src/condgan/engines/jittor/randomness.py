"""What a step draws itself, from NumPy by the step's seed: Jittor's own stream can be neither saved nor set back."""

import numpy as np

_generator = np.random.Generator(np.random.Philox(0))


def seed(number: int) -> None:
    """Draw from here on by this seed."""
    global _generator
    _generator = np.random.Generator(np.random.Philox(number))


def generator() -> np.random.Generator:
    """To draw from."""
    return _generator
