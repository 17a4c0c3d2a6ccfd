"""The pictures of a training: images in a grid or a row, or generated vectors beside real ones."""

from condgan.data import Dataset, Split
from condgan.generation import jobs, sampling
from condgan.generation.jobs import Moment
from condgan.pictures import scatter
from condgan.recipe import Recipe
from condgan.storage.pictures import Pixels

COLUMNS = 10  # of a picture of vector conditions
POINTS = 1000  # real vectors in a plot


def moment(recipe: Recipe, dataset: Dataset) -> jobs.Grid | None:
    """The picture during training: ten rows of images, column = class or vector condition; none for vectors."""
    domain = dataset.domain()
    if domain.vector is not None:
        return None
    conditions = first(dataset, COLUMNS).labels if domain.condition is not None and recipe.conditional else None
    return jobs.grid(recipe, domain, recipe.seed, conditions)


def result(recipe: Recipe, dataset: Dataset) -> jobs.Row | None:
    """The picture of a finished training: a row of images, one for each class or vector condition; none for vectors."""
    domain = dataset.domain()
    if domain.vector is not None:
        return None
    classes = domain.condition is None
    conditions = sampling.result_labels(recipe, domain) if classes else first(dataset, COLUMNS).labels
    return jobs.row(recipe, domain, conditions, recipe.seed)


def plot(source: Moment, dataset: Dataset) -> Pixels:
    """Generated vectors beside real ones, as a scatter plot."""
    real = first(dataset, POINTS)
    return scatter.vectors(
        real.images, sampling.pictures(source.sampler, source.recipe, real.labels, source.recipe.seed)
    )


def first(dataset: Dataset, count: int) -> Split:
    """The first rows of the validation split, or of the training split if data is too small for validation."""
    split = dataset.validation if len(dataset.validation) else dataset.train
    return Split(*split.take(slice(count)))
