"""The pictures of a training: images in a grid or a row, or generated vectors beside real ones."""

from condgan.data import Dataset, Split
from condgan.engines import Sampler
from condgan.generation import sampling
from condgan.pictures import images, scatter
from condgan.recipe import Recipe

COLUMNS = 10  # of a picture of vector conditions
POINTS = 1000  # real vectors in a plot


def moment(sampler: Sampler, recipe: Recipe, dataset: Dataset) -> images.Pixels:
    """A picture during training: ten rows of images, column = class or vector condition; of vectors, a scatter plot."""
    domain = dataset.domain()
    if domain.vector is not None:
        real = first(dataset, POINTS)
        return scatter.vectors(real.images, sampling.pictures(sampler, recipe, real.labels, recipe.seed))
    if domain.condition is not None:
        conditions = first(dataset, COLUMNS).labels
        return images.grid(sampling.ten_rows(sampler, recipe, conditions, recipe.seed), len(conditions))
    return sampling.grid(sampler, recipe, domain, recipe.seed)


def result(sampler: Sampler, recipe: Recipe, dataset: Dataset) -> images.Pixels:
    """The picture of a finished training: a row of images, one for each class or vector condition; or as ``moment``."""
    domain = dataset.domain()
    if domain.vector is not None:
        return moment(sampler, recipe, dataset)
    classes = domain.condition is None
    conditions = sampling.result_labels(recipe, domain) if classes else first(dataset, COLUMNS).labels
    return images.row(sampling.pictures(sampler, recipe, conditions, recipe.seed))


def first(dataset: Dataset, count: int) -> Split:
    """The first rows of the validation split, or of the training split if data is too small for validation."""
    split = dataset.validation if len(dataset.validation) else dataset.train
    return Split(*split.take(slice(count)))
