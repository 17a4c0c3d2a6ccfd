"""Figures of images: value, standard error and floor, or the reason why there is no value. A value is never NaN."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from condgan.arrays import Features, Labels
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import BY_CLASS, METRICS, Comparison, Measure
from condgan.evaluation.features import Say
from condgan.evaluation.reference import first_of_each
from condgan.metrics import Estimate, distances
from condgan.results.classes import uneven
from condgan.results.figure import Figure
from condgan.storage.weights import Arrays

WEAK = "says little: the feature network is near chance on real images"


def measured(
    generated: Comparison, real: Comparison | None, measures: Iterable[Measure], say: Say = lambda _: None
) -> dict[str, Figure]:
    """The figures of some images by name; their floors are those of ``real``, if it is given."""
    figures = {}
    for measure in measures:
        figure = measure.figure(generated.reference.features.space)
        say(f"{figure.name}: {measure.text}")
        figure = attempt(partial(measure.of, generated), figure)
        if real is not None:
            figure = figure.model_copy(update={"floor": cached_floor(real, measure)})
        figures[figure.name] = figure
    return figures


def headline_first(figures: dict[str, Figure], counts: Sequence[int]) -> dict[str, Figure]:
    """The figures; where classes differ in their number of images, counts (K,), the balanced accuracy comes first."""
    first = "balanced_accuracy"
    if first not in figures or not uneven(counts):
        return figures
    return {first: figures[first]} | {name: figure for name, figure in figures.items() if name != first}


def cautious(figures: dict[str, Figure], weakness: str) -> dict[str, Figure]:
    """The figures; where the feature network is too weak to measure with, those that depend on it say so."""
    if not weakness:
        return figures
    return {
        name: figure.model_copy(update={"note": WEAK})
        if figure.value is not None and METRICS[figure.metric].by_network
        else figure
        for name, figure in figures.items()
    }


def without_labels(name: str, left_out: Sequence[str] = BY_CLASS) -> str:
    """What is not measured of a dataset with vector conditions, in a sentence."""
    return (
        f"{name} has vector conditions and no labels: {', '.join(left_out)} are left out; the others compare pixels, "
        "and none sees whether an image fits its condition"
    )


def attempt(of: Callable[[], Estimate], figure: Figure) -> Figure:
    """A figure with its value, or with the reason why it has none."""
    try:
        value, se = of()
    except UndefinedError as error:
        return figure.model_copy(update={"note": str(error)})
    if not math.isfinite(value):
        return figure.model_copy(update={"note": f"the result is {value}"})
    known = float(se) if se is not None and math.isfinite(se) else None
    return figure.model_copy(update={"value": float(value), "se": known})


def cached_floor(real: Comparison, measure: Measure) -> float | None:
    """The figure of real images, which is computed once for a dataset; none where it is not defined."""

    def compute() -> Arrays:
        value = attempt(partial(measure.of, real), measure.figure("")).value
        return {"floor": np.array([] if value is None else [value])}

    counts = np.bincount(real.labels, minlength=real.reference.classes).tolist()
    floor = real.reference.cached(compute, ["floor"], "floor", measure.name, counts, real.small_n)["floor"]
    return float(floor[0]) if len(floor) else None


def hundred_against_hundred(generated: Comparison, floor: Comparison) -> dict[str, Figure]:
    """The protocol of a published report: 100 real images against 100 generated ones, and its formula.

    A covariance of 100 images in more dimensions has no full rank: the figure is mostly bias. The report's formula
    leaves the norm of the means unsquared, so both are given.
    """
    each = np.full(generated.reference.classes, max(1, 100 // generated.reference.classes))
    real = generated.reference.embedding.features[first_of_each(generated.reference.real.labels, each)]

    def few(side: Comparison) -> Features:
        labels = side.requested
        chosen = np.arange(len(side.images))[: len(real)] if labels is None else first_of_each(labels, each)
        if min(len(real), len(chosen)) < each.sum():
            raise UndefinedError(f"{len(real)} real and {len(chosen)} other images: the protocol takes {each.sum()}")
        return side.embedding.features[chosen]

    return few_against_few(real, partial(few, generated), partial(few, floor), generated.reference.features.space)


def few_against_few(
    real: Features, generated: Callable[[], Features], floor: Callable[[], Features], space: str
) -> dict[str, Figure]:
    """Both distances of that protocol between features of a few real and a few generated images, and their floors.

    ``generated`` and ``floor``, other real images, raise UndefinedError where there are too few.
    """

    def of(distance: Callable[..., float], side: Callable[[], Features]) -> Estimate:
        return Estimate(distance(real, side()))

    figures = {}
    for metric, distance in (
        ("fid_100_vs_100", distances.frechet_of_few),
        ("fid_100_vs_100_unsquared", distances.frechet_of_means),
    ):
        figure = METRICS[metric].figure(space)
        floor_value = attempt(partial(of, distance, floor), figure).value
        figures[figure.name] = attempt(partial(of, distance, generated), figure).model_copy(
            update={"floor": floor_value}
        )
    return figures


def gan_train_figures(generated: Comparison, say: Say) -> tuple[dict[str, Figure], Labels]:
    """GAN-train and GAN-test, with the same training on as many real images as their floor.

    Also the indexes of real images whose shapes the generated ones lack.
    """
    from condgan.metrics.gan_train import gan_train

    reference = generated.reference
    train, test, classes = reference.dataset.train, reference.real, reference.classes
    try:
        counts = np.minimum(*(np.bincount(of, minlength=classes) for of in (generated.labels, train.labels)))
        if not counts.all():
            raise UndefinedError(f"no images of class {generated.name(int(counts.argmin()))}")
    except UndefinedError as error:
        names = ("gan_train", "gan_train_behind", "gan_test")
        return {name: Figure(metric=name, note=str(error)) for name in names}, np.empty(0, np.int64)
    chosen, real = first_of_each(generated.labels, counts), first_of_each(train.labels, counts)
    result = gan_train(
        (generated.images[chosen], generated.labels[chosen]),
        (train.images[real], train.labels[real]),
        (test.images, test.labels),
        classes,
        say=say,
    )
    rows = (
        ("gan_train", result.train, result.real.value),
        ("gan_train_behind", result.behind, 0.0),
        ("gan_test", result.test, result.real.value),
    )
    figures = {name: Figure(metric=name, value=it.value, se=it.se, floor=floor) for name, it, floor in rows}
    return figures, result.missing
