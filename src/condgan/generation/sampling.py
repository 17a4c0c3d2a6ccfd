"""The one sampling function, and the pictures that every door shows of a generator."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.draws import philox
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.generation import classes as labels
from condgan.pictures import images
from condgan.recipe import Domain, Recipe
from condgan.runs import session

GRID_ROWS, MOST_COLUMNS = 10, 20
MOST_SEED = (1 << 63) - 1


def pictures(sampler: Sampler, recipe: Recipe, conditions: Conditions, seed: int, first: int = 0) -> Samples:
    """Pictures first, first + 1, ... of a seed, for conditions (N, ...) -> (N, C, H, W) uint8, or (N, D) float32.

    A picture is made from (seed, its number, its condition) alone, so that any batch size gives the same.

    Raises:
        CondganError: the seed or the first number is out of range.
    """
    if not 0 <= seed <= MOST_SEED:
        raise CondganError(f"seed {seed}: expected 0 to {MOST_SEED}")
    if first < 0:
        raise CondganError(f"first picture {first}: expected 0 or more")
    numbers = np.arange(first, first + len(conditions))
    return sampler.sample(philox.latents(recipe.latent, seed, numbers), conditions)


def grid(sampler: Sampler, recipe: Recipe, domain: Domain, seed: int, scale: int | None = None) -> images.Pixels:
    """Ten rows of pictures; column = class, with its name above, where the generator has classes."""
    if not recipe.conditional:
        return columns(sampler, recipe, in_turn(domain, GRID_ROWS), seed, None, scale)
    classes = shown(domain)
    return columns(sampler, recipe, classes, seed, [domain.class_names[label] for label in classes], scale)


def columns(
    sampler: Sampler,
    recipe: Recipe,
    conditions: Conditions,
    seed: int,
    titles: Sequence[str] | None = None,
    scale: int | None = None,
) -> images.Pixels:
    """Ten rows of pictures, column = condition."""
    made = pictures(sampler, recipe, np.concatenate([conditions] * GRID_ROWS), seed)
    return images.grid(made, len(conditions), titles, scale)


def in_turn(domain: Domain, count: int, first: int = 0) -> Conditions:
    """Conditions of pictures first, first + 1, ... where none is asked for: classes in turn, or vectors of zeros."""
    if domain.condition is not None:
        return np.zeros((count, domain.condition), np.float32)
    return np.arange(first, first + count) % domain.classes


def shown(domain: Domain) -> npt.NDArray[np.int64]:
    """The classes that a picture has room for: all of them, or 20 spread evenly over them."""
    return np.linspace(0, domain.classes - 1, min(domain.classes, MOST_COLUMNS)).round().astype(np.int64)


def result_labels(recipe: Recipe, domain: Domain) -> npt.NDArray[np.int64]:
    """Classes of result.png: the recipe's sequence, or each class that there is room for.

    Raises:
        CondganError: the sequence names a class that is not there.
    """
    if recipe.output.sequence is not None and domain.condition is not None:
        raise CondganError(f"output.sequence names classes, and {domain.data} has vector conditions: leave it out")
    if recipe.output.sequence is None or not recipe.conditional:
        return shown(domain)
    return labels.parse(recipe.output.sequence, domain)


def caption(recipe: Recipe, domain: Domain, seed: int, images_seen: int) -> dict[str, str]:
    """What a picture says of itself, as PNG text."""
    return {
        "condgan": session.version(),
        "recipe": recipe.name,
        "data": domain.data,
        "seed": str(seed),
        "images_seen": str(images_seen),
    }
