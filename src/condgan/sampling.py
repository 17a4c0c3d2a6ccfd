"""The one sampling function, and the pictures that every door shows of a generator."""

import numpy as np
import numpy.typing as npt

from condgan import draws, images, labels, provenance
from condgan.engines import Images, Sampler
from condgan.errors import CondganError
from condgan.recipe import Domain, Recipe

GRID_ROWS, MOST_COLUMNS = 10, 20
MOST_SEED = (1 << 63) - 1


def pictures(sampler: Sampler, recipe: Recipe, classes: npt.NDArray[np.int64], seed: int, first: int = 0) -> Images:
    """Pictures first, first + 1, ... of a seed -> (N, C, H, W) uint8.

    A picture is made from (seed, its number, its class) alone, so that any batch size gives the same.

    Raises:
        CondganError: the seed or the first number is out of range.
    """
    if not 0 <= seed <= MOST_SEED:
        raise CondganError(f"seed {seed}: expected 0 to {MOST_SEED}")
    if first < 0:
        raise CondganError(f"first picture {first}: expected 0 or more")
    numbers = np.arange(first, first + len(classes))
    return sampler.sample(draws.latents(recipe.latent.distribution, recipe.latent.dim, seed, numbers), classes)


def grid(sampler: Sampler, recipe: Recipe, domain: Domain, seed: int, scale: int | None = None) -> images.Pixels:
    """Ten rows of pictures; column = class, with its name above, where the generator has classes."""
    columns = min(domain.classes, MOST_COLUMNS) if recipe.conditional else GRID_ROWS
    classes = np.tile(np.arange(columns, dtype=np.int64) % domain.classes, GRID_ROWS)
    titles = domain.class_names[:columns] if recipe.conditional else None
    return images.grid(pictures(sampler, recipe, classes, seed), columns, titles, scale)


def result_labels(recipe: Recipe, domain: Domain) -> npt.NDArray[np.int64]:
    """Classes of result.png: the recipe's sequence, or each class once.

    Raises:
        CondganError: the sequence names a class that is not there.
    """
    if recipe.output.sequence is None or not recipe.conditional:
        return np.arange(min(domain.classes, MOST_COLUMNS), dtype=np.int64)
    return labels.parse(recipe.output.sequence, domain)


def caption(recipe: Recipe, domain: Domain, seed: int, images_seen: int) -> dict[str, str]:
    """What a picture says of itself, as PNG text."""
    return {
        "condgan": provenance.version(),
        "recipe": recipe.name,
        "data": domain.data,
        "seed": str(seed),
        "images_seen": str(images_seen),
    }
