"""Arrays that are passed in Python: what an .npz of the same arrays would hold."""

import numpy as np

from condgan.data.dataset import Contents
from condgan.data.readers import arrays
from condgan.data.readers.arrays import Arrays, Part
from condgan.errors import CondganError
from condgan.recipe import Data

NAME = "arrays"
EXPECTED = "expected (images, labels): arrays of numbers and of integers or text, or floats for vectors and conditions"


def read(given: object, data: Data) -> Contents:
    """A pair of arrays -> the dataset's contents.

    Args:
        given: images (N, H, W), (N, H, W, C) or (N, C, H, W) in 0..255, 0..1 or another usual range, or vectors,
            floats (N, D); and labels, whole numbers or text (N,) or one-hot, or conditions, floats (N, V). What numpy
            takes for an array is one.
        data: the shape that images are brought to.

    Raises:
        CondganError: not a pair, or arrays of another type or shape.
    """
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise CondganError(f"data={type(given).__name__}: {EXPECTED}, a Dataset or a path")
    try:
        samples, conditions = (np.asarray(array) for array in given)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors of another device or with gradients
        raise CondganError(f"data=(images, labels) are no arrays ({error}): {EXPECTED}") from None
    if any(np.ma.isMaskedArray(array) for array in given):
        raise CondganError(f"data=(images, labels) are masked: fill what is masked, or leave it out; {EXPECTED}")
    if conditions.dtype.kind == "O" and all(isinstance(label, str) for label in conditions.reshape(-1)):
        conditions = conditions.astype(str)
    vectors, by_vectors = (array.dtype.kind == "f" and array.ndim == 2 for array in (samples, conditions))
    names = "vectors" if vectors else "images", "conditions" if by_vectors else "labels"
    # copies: a caller who goes on writing to his arrays must not change what is trained on
    copies = Part(samples.copy(), conditions.copy(), *names)
    return arrays.contents(NAME, Arrays("data=(images, labels)", {"train": copies}, vectors, by_vectors), data)
