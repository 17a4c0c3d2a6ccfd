"""The feature space of images without labels: the principal components of their pixels, cached by the data's hash."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from condgan.arrays import Images
from condgan.data import Dataset
from condgan.errors import CondganError, UndefinedError
from condgan.storage import cache
from condgan.storage.weights import Arrays

if TYPE_CHECKING:
    from condgan.metrics import Embedding

KIND = "pixels"
NAMES = ("mean", "axes")


class Space(NamedTuple):
    """The embedding of images, uint8 (N, C, H, W) -> features (N, ``dim``); what it is made of, also in words."""

    embed: "Callable[[Images], Embedding]"
    dim: int
    arrays: Arrays
    text: str


def space(dataset: Dataset) -> Space:
    """The principal components of a dataset's training images; kept, since another machine's may have other signs.

    Raises:
        CondganError: fewer than two training images, or all are alike.
    """
    from condgan.metrics import principal

    entry = cache.read(KIND, dataset.sha256)
    if entry is not None and fits(entry[1], dataset):
        arrays = entry[1]
    else:
        try:
            arrays = dict(zip(NAMES, principal.components(dataset.train.images), strict=True))
        except UndefinedError as error:
            raise CondganError(f"{dataset.name}: {error}") from None
        cache.keep(KIND, dataset.sha256, {}, arrays)
    mean, axes = (arrays[name].astype(np.float32) for name in NAMES)
    dim = axes.shape[1]
    text = f"{dim} principal components of the pixels of {dataset.name}'s training images, which have no labels"
    return Space(partial(principal.embed, mean, axes), dim, arrays, text)


def fits(arrays: Arrays, dataset: Dataset) -> bool:
    """Whether arrays from the cache are components of such images."""
    size = int(np.prod(dataset.train.images.shape[1:]))
    shapes = {name: array.shape for name, array in arrays.items()}
    return set(shapes) == set(NAMES) and shapes["mean"] == (size,) and shapes["axes"][:-1] == (size,)
