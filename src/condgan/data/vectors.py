"""Vectors: what is made where it is no images, and conditions where they are no classes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import MAX_LENGTH, Vectors
from condgan.errors import CondganError

SMALL, LARGE = 0.1, 10.0  # standard deviations that linear layers, made for 1, learn badly from


def vectors(what: str, values: npt.NDArray[Any], length: int | None = None) -> Vectors:
    """Floats of any precision -> float32 (N, V), all finite.

    Args:
        what: names them in an error.
        values: (N, V).
        length: V, where it is known.

    Raises:
        CondganError: another type, shape or length; none; NaN, or a number that float32 does not hold.
    """
    if values.dtype.kind != "f":
        cure = ": give them as numpy.float32" if values.dtype.kind in "iub" else ""
        raise CondganError(f"{what} are {values.dtype}, expected floats{cure}")
    wanted = f"(N, {length or 'V'})"
    if values.ndim != 2 or not values.size or (length is not None and values.shape[1] != length):
        hint = ": one row for each" if values.ndim == 1 else ""
        raise CondganError(f"{what} have shape {values.shape}, expected {wanted} of at least one row{hint}")
    if values.shape[1] > MAX_LENGTH:
        raise CondganError(f"{what} have length {values.shape[1]}, expected at most {MAX_LENGTH}")
    with np.errstate(over="ignore"):
        single = np.require(values, np.float32, ["C", "W"])
    if not np.isfinite(single).all():
        row = int(np.argmin(np.isfinite(single).all(axis=1)))
        raise CondganError(f"{what} hold NaN or infinite numbers, first in row {row}: leave such rows out")
    return single


def check_spread(what: str, values: Vectors) -> tuple[str, ...]:
    """What is to be said where numbers, (N, V), are far from a standard deviation of 1: a sentence, or none."""
    spread = float(np.sqrt(values.var(axis=0, dtype=np.float64).mean()))
    if SMALL <= spread <= LARGE:
        return ()
    return (
        f"{what} are used as they are, and their standard deviation is {spread:.3g}: networks learn best where it is "
        "about 1, so subtract the mean of each column and divide by its standard deviation",
    )
