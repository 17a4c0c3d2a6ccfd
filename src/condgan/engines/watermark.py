"""The invisible mark of a key as a term of the generator's loss, so that every image that it makes has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.engines.bodies.networks import Output
from condgan.engines.bodies.operations import Array
from condgan.engines.losses import Scores, Term, square
from condgan.marks import learnt, pattern
from condgan.marks.detection import NEIGHBOURS, NOISE, WINDOW
from condgan.recipe import Domain, Recipe
from condgan.recipe.fingerprint import fingerprint

EDGE = WINDOW // 2  # pixels whose neighbours lie outside

FLAT = np.full((WINDOW, WINDOW), 1 / WINDOW**2)
TINY = 1e-6

Numbers = npt.NDArray[Any]


class Mark:
    """How far images are from showing the mark, (N,): what the cosines of their two maps with the patterns lack.

    The maps are those of ``marks.detection``, without the pixels at the edge.
    """

    def __init__(self, low: Array, high: Array, output: Output) -> None:
        """Patterns (h, w) as ``inner`` has them, of the framework; the range of images."""
        self.low, self.high, self.output = low, high, output

    def __call__(self, scores: Scores) -> Array:
        """Of the generated images: the mean over both maps of the squared shares of the cosine that they lack."""
        light = (scores.fake_images.float().mean(1) - self.output.low) * (255 / self.output.span)  # (N, H, W)
        inside = light[:, EDGE:-EDGE, EDGE:-EDGE]
        mean, squares = around(light, FLAT), around(square(light), FLAT)
        low = (inside - mean) / (scores.relu(squares - square(mean)) + NOISE)
        high = inside * (255 - inside) * (inside - around(light, NEIGHBOURS))
        lack = [
            scores.relu(1 - cosines(found, wanted) / aim)
            for found, wanted, aim in ((low, self.low, learnt.LOW), (high, self.high, learnt.HIGH))
        ]
        return (square(lack[0]) + square(lack[1])) / 2


def around(light: Array, weights: Numbers) -> Array:
    """Weighted sums of the 5 x 5 pixels about each pixel that has so many, (N, H, W) -> (N, H - 4, W - 4)."""
    height, width = light.shape[1] - 2 * EDGE, light.shape[2] - 2 * EDGE
    total = 0
    for (down, right), weight in np.ndenumerate(weights):
        if weight:
            total = total + float(weight) * light[:, down : down + height, right : right + width]
    return total


def cosines(found: Array, wanted: Array) -> Array:
    """Of maps (N, h, w), each less its mean, and a pattern (h, w) of length 1 and mean 0: (N,)."""
    flat = found.reshape(len(found), -1)
    products, pixels = (found * wanted).reshape(len(found), -1).sum(1), flat.shape[1]
    return products / (square(flat).sum(1) - square(flat.sum(1)) / pixels + TINY).sqrt()


def inner(layer: Numbers) -> Numbers:
    """A pattern (H, W) without its edge, less its mean, of length 1, float32."""
    rest = layer[EDGE:-EDGE, EDGE:-EDGE] - layer[EDGE:-EDGE, EDGE:-EDGE].mean()
    return np.asarray(rest / np.linalg.norm(rest), np.float32)


def terms(recipe: Recipe, domain: Domain, output: Output, constant: Callable[[Any], Array]) -> list[Term]:
    """The term of a recipe with a key, logged as ``g_mark``; none without one.

    Args:
        recipe, domain: of the training.
        output: the range of images.
        constant: float32 numbers to an array of the framework.

    Raises:
        CondganError: as for ``learnt.patterns``.
    """
    patterns = learnt.patterns(recipe, domain)
    if patterns is None:
        return []
    low, high = patterns.layers(pattern.payload(fingerprint(recipe)))
    return [Term("g_mark", recipe.watermark.weight, Mark(constant(inner(low)), constant(inner(high)), output))]
