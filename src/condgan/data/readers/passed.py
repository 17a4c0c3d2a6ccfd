"""Arrays that are passed in Python: what an .npz of the same arrays would hold."""

from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.data.dataset import Contents
from condgan.data.readers.npz import contents
from condgan.errors import CondganError
from condgan.recipe import Data

NAME = "arrays"
EXPECTED = "expected (images, labels): arrays of uint8 and of integers or text, or floats for vectors and conditions"


def read(given: object, data: Data) -> Contents:
    """A pair of arrays -> the dataset's contents.

    Args:
        given: images uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), or vectors, floats (N, D); and labels, integers or
            text (N,), or conditions, floats (N, V). What numpy takes for an array is one.
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
    arrays = {"vectors" if samples.dtype.kind == "f" and samples.ndim == 2 else "images": samples}
    if conditions.dtype.kind == "O" and all(isinstance(label, str) for label in conditions.reshape(-1)):
        conditions = conditions.astype(str)
    if conditions.dtype.kind == "U" and conditions.ndim == 1:
        names, indexes = np.unique(conditions, return_inverse=True)
        arrays |= {"labels": indexes, "class_names": names}
    else:
        arrays["conditions" if conditions.dtype.kind == "f" else "labels"] = conditions
    return contents("data=(images, labels)", NAME, copies(arrays), data)


def copies(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Copies: a caller who goes on writing to his arrays must not change what is trained on."""
    return {key: array.copy() for key, array in arrays.items()}
