"""Whether weights from a file are those of a network, before anything is filled with them."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError

Form = tuple[tuple[int, ...], str]
"""Shape and type, as ``((10, 4), "float32")``."""


def check(wanted: Mapping[str, Form], arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
    """Every name, shape and type must fit, and none be left over.

    Raises:
        CondganError: naming the first that does not.
    """
    missing = [name for name in wanted if name not in arrays]
    extra = [name for name in arrays if name not in wanted]
    if missing or extra:
        what = f'"{missing[0]}" is missing' if missing else f'"{extra[0]}" has no place'
        raise CondganError(
            f"weights do not fit the recipe: {what} ({len(missing)} missing, {len(extra)} unknown): "
            "they belong to another recipe or dataset"
        )
    for name, (shape, kind) in wanted.items():
        given = arrays[name]
        if (given.shape, str(given.dtype)) != (shape, kind):
            raise CondganError(
                f'weights do not fit the recipe: "{name}" is {given.dtype} {given.shape}, expected {kind} {shape}: '
                "they belong to another recipe or dataset"
            )
