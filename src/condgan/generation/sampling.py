"""The one sampling function, and which classes pictures show."""

import numpy as np
import numpy.typing as npt

from condgan import arguments
from condgan.arrays import Conditions, Latents, Samples
from condgan.draws import philox, truncation
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.generation.classes import parse
from condgan.recipe import Domain, Recipe

MOST_COLUMNS = 20  # of a picture
MOST_SEED = (1 << 63) - 1
MOST_BOUND = truncation.MOST


def pictures(
    sampler: Sampler, recipe: Recipe, conditions: Conditions, seed: int, first: int = 0, bound: float | None = None
) -> Samples:
    """Sample images first, first + 1, ... of a seed for conditions (N, ...) -> (N, C, H, W) uint8, or (N, D) float32.

    Raises:
        CondganError: the seed, the first number or the bound is out of range.
    """
    first = arguments.integer("first", first, 0, MOST_SEED - len(conditions))
    return numbered(sampler, recipe, conditions, seed, np.arange(first, first + len(conditions)), bound)


def numbered(
    sampler: Sampler,
    recipe: Recipe,
    conditions: Conditions,
    seed: int,
    numbers: npt.NDArray[np.int64],
    bound: float | None = None,
) -> Samples:
    """Sample images with these numbers, (N,), of a seed for conditions (N, ...). Returns as ``pictures``.

    An image is a function of (seed, its number, its condition, the bound) alone, and so independent of the batch size.

    Raises:
        CondganError: the seed or the bound is out of range.
    """
    return sampler.sample(latents(recipe, seed, numbers, bound), conditions)


def latents(recipe: Recipe, seed: int, numbers: npt.ArrayLike, bound: float | None = None) -> Latents:
    """The latents with these numbers, (N,), of a seed -> (N, dim); with a bound, truncated to +-bound.

    Raises:
        CondganError: the seed or the bound is out of range.
    """
    drawn = philox.latents(recipe.latent, check_seed(seed), numbers)
    return drawn if bound is None else truncation.truncated(recipe.latent, drawn, bound)


def check_seed(seed: int) -> int:
    """A seed, or an ArgumentError unless it is a whole number, 0 ... 2**63 - 1."""
    return arguments.integer("seed", seed, 0, MOST_SEED)


def check_bound(bound: float | None) -> float | None:
    """Within which latents are truncated, or an ArgumentError unless it is a number above 0, 8 at most; or none."""
    return None if bound is None else truncation.check(bound)


def in_turn(domain: Domain, count: int, first: int = 0) -> Conditions:
    """Default conditions of images first, first + 1, ...: the classes in turn, (N,), or zeros, (N, V)."""
    if domain.condition is not None:
        return np.zeros((count, domain.condition), np.float32)
    return np.arange(first, first + count) % domain.classes


def shown(domain: Domain) -> npt.NDArray[np.int64]:
    """The classes in a picture, (N,): all of them, or 20 at even distances."""
    return np.linspace(0, domain.classes - 1, min(domain.classes, MOST_COLUMNS)).round().astype(np.int64)


def result_labels(recipe: Recipe, domain: Domain) -> npt.NDArray[np.int64]:
    """The classes of result.png, (N,): the recipe's sequence, or as ``shown``.

    In the sequence of a recipe with the old reading, a number is also the position of a class.

    Raises:
        CondganError: the sequence names an unknown class, or conditions are vectors.
    """
    sequence = recipe.output.sequence
    if sequence is not None and domain.condition is not None:
        raise CondganError(f"output.sequence names classes, and {domain.data} has vector conditions: leave it out")
    if sequence is None or not recipe.conditional:
        return shown(domain)
    return parse(sequence, domain, positions=recipe.data.reading == 1)
