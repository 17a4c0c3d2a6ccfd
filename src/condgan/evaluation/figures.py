"""Figures of images: their value, standard error and floor, or the reason why they have none; never a silent NaN."""

import math
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import METRICS, Comparison, Measure
from condgan.evaluation.features import Say
from condgan.evaluation.reference import first_of_each
from condgan.metrics import Estimate, distances
from condgan.results.figure import Figure
from condgan.storage.weights import Arrays


def measured(
    made: Comparison, held: Comparison | None, measures: Iterable[Measure], say: Say = lambda _: None
) -> dict[str, Figure]:
    """The figures of some images, and of the real ones that are held against the same reference as their floor."""
    figures = {}
    for measure in measures:
        figure = measure.figure(made.reference.features.space)
        say(f"{figure.name}: {measure.text}")
        figure = attempt(partial(measure.of, made), figure)
        if held is not None:
            figure = figure.model_copy(update={"floor": kept_floor(held, measure)})
        figures[figure.name] = figure
    return figures


def attempt(of: Callable[[], Estimate], figure: Figure) -> Figure:
    """A figure with its value, or with the reason why it has none; never NaN."""
    try:
        value, se = of()
    except UndefinedError as error:
        return figure.model_copy(update={"note": str(error)})
    if not math.isfinite(value):
        return figure.model_copy(update={"note": f"came out as {value}"})
    known = float(se) if se is not None and math.isfinite(se) else None
    return figure.model_copy(update={"value": float(value), "se": known})


def kept_floor(held: Comparison, measure: Measure) -> float | None:
    """The figure of real images: a fact about the data, computed once and kept; none where it is not defined."""

    def make() -> Arrays:
        value = attempt(partial(measure.of, held), measure.figure("")).value
        return {"floor": np.array([] if value is None else [value])}

    counts = np.bincount(held.labels, minlength=held.reference.classes).tolist()
    kept = held.reference.kept(make, ["floor"], "floor", measure.name, counts, held.small_n)["floor"]
    return float(kept[0]) if len(kept) else None


def hundred_against_hundred(made: Comparison, held: Comparison) -> dict[str, Figure]:
    """The protocol of a published report: 100 real images against 100 generated ones, and its formula.

    A covariance of 100 images in more dimensions has no full rank: the figure is mostly bias. The report's formula
    leaves the norm of the means unsquared, so both are given.
    """
    each = np.full(made.reference.classes, max(1, 100 // made.reference.classes))
    real = made.reference.embedding.features[first_of_each(made.reference.real.labels, each)]
    figures = {}
    for metric, distance in (
        ("fid_100_vs_100", distances.frechet), ("fid_100_vs_100_unsquared", distances.frechet_of_means),
    ):  # fmt: skip
        figure = METRICS[metric].figure(made.reference.features.space)

        def of(side: Comparison, distance: Callable[..., float] = distance) -> Estimate:
            few = np.arange(len(side.images))[: len(real)] if side.asked is None else first_of_each(side.asked, each)
            if min(len(real), len(few)) < each.sum():
                raise UndefinedError(f"{len(real)} real and {len(few)} other images: the protocol takes {each.sum()}")
            return Estimate(distance(real, side.embedding.features[few]))

        floor = attempt(partial(of, held), figure).value
        figures[figure.name] = attempt(partial(of, made), figure.model_copy(update={"floor": floor}))
    return figures


def gan_train_figures(made: Comparison, say: Say) -> tuple[dict[str, Figure], Labels]:
    """GAN-train and GAN-test against the same training on as many real images; and by index the real images whose
    shapes the generated ones lack."""
    from condgan.metrics.gan_train import gan_train

    train, test = made.reference.dataset.train, made.reference.real
    try:
        counts = np.minimum(
            *(np.bincount(labels, minlength=made.reference.classes) for labels in (made.labels, train.labels))
        )
        absent = [name for name, count in zip(made.reference.dataset.class_names, counts, strict=True) if not count]
        if absent:
            raise UndefinedError(f'no images of class "{absent[0]}"')
    except UndefinedError as error:
        names = ("gan_train", "gan_train_behind", "gan_test")
        return {name: Figure(metric=name, note=str(error)) for name in names}, np.empty(0, np.int64)
    synthetic, real = first_of_each(made.labels, counts), first_of_each(train.labels, counts)
    found = gan_train(
        (made.images[synthetic], made.labels[synthetic]),
        (train.images[real], train.labels[real]),
        (test.images, test.labels),
        made.reference.classes,
        heard=say,
    )
    floor = found.real.value
    figures = {
        name: Figure(metric=name, value=estimate.value, se=estimate.se, floor=real_floor)
        for name, estimate, real_floor in (
            ("gan_train", found.train, floor),
            ("gan_train_behind", found.behind, 0.0),
            ("gan_test", found.test, floor),
        )
    }
    return figures, found.missing
