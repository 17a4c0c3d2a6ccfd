"""What a training shows of its generator: images in a grid, or vectors in a plot, made for conditions of the data."""

from condgan.data import Dataset, Split
from condgan.engines import Sampler
from condgan.generation import sampling
from condgan.pictures import images, scatter
from condgan.recipe import Recipe

COLUMNS = 10  # vector conditions that a grid has room for
POINTS = 1000  # vectors in a plot


def moment(sampler: Sampler, recipe: Recipe, dataset: Dataset) -> images.Pixels:
    """The picture of now: ten rows of images, column = class or vector condition; or vectors beside real ones."""
    domain = dataset.domain()
    if domain.vector is not None:
        real = first(dataset, POINTS)
        return scatter.vectors(real.images, sampling.pictures(sampler, recipe, real.labels, recipe.seed))
    if domain.condition is not None:
        return sampling.columns(sampler, recipe, first(dataset, COLUMNS).labels, recipe.seed)
    return sampling.grid(sampler, recipe, domain, recipe.seed)


def result(sampler: Sampler, recipe: Recipe, dataset: Dataset) -> images.Pixels:
    """The picture at the end: a row of images, of the asked classes or the first conditions; or as ``moment``."""
    domain = dataset.domain()
    if domain.vector is not None:
        return moment(sampler, recipe, dataset)
    vectors = domain.condition is not None
    asked = first(dataset, COLUMNS).labels if vectors else sampling.result_labels(recipe, domain)
    return images.row(sampling.pictures(sampler, recipe, asked, recipe.seed))


def first(dataset: Dataset, count: int) -> Split:
    """The first rows that are not trained on, or, of data too small for a validation split, that are."""
    split = dataset.validation if len(dataset.validation) else dataset.train
    return Split(*split.take(slice(count)))
