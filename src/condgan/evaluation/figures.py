"""Figures of images: their value, standard error and floor, or the reason why they have none; never a silent NaN."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from condgan.arrays import Labels
from condgan.errors import UndefinedError
from condgan.evaluation.comparison import Comparison, Measure
from condgan.evaluation.features import Say
from condgan.evaluation.reference import first_of_each
from condgan.metrics import Estimate, distances
from condgan.storage.weights import Arrays

BETTER = {"gan_train": "higher", "gan_train_behind": "lower", "gan_test": "higher"}


@dataclass(frozen=True)
class Figure:
    """A figure of some images; ``value`` is none where it is not defined, and ``note`` says why."""

    value: float | None
    se: float | None = None
    floor: float | None = None
    """The same of as many real images."""
    note: str = ""
    better: str = ""
    text: str = ""


def measured(
    made: Comparison, held: Comparison | None, measures: Iterable[Measure], say: Say = lambda _: None
) -> dict[str, Figure]:
    """The figures of some images, and of the real ones that are held against the same reference as their floor."""
    figures = {}
    for measure in measures:
        name = measure.name.format(space=made.reference.features.suffix)
        say(f"{name}: {measure.text}")
        figure = attempt(partial(measure.of, made), measure)
        if held is not None:
            figure = replace(figure, floor=kept_floor(held, measure))
        figures[name] = figure
    return figures


def attempt(of: Callable[[], Estimate], measure: Measure) -> Figure:
    """A figure, or the reason why it has no value; never NaN."""
    described = Figure(None, better=measure.better, text=measure.text)
    try:
        value, se = of()
    except UndefinedError as error:
        return replace(described, note=str(error))
    if not math.isfinite(value):
        return replace(described, note=f"came out as {value}")
    return replace(described, value=value, se=se if se is None or math.isfinite(se) else None)


def kept_floor(held: Comparison, measure: Measure) -> float | None:
    """The figure of real images: a fact about the data, computed once and kept; none where it is not defined."""

    def make() -> Arrays:
        value = attempt(partial(measure.of, held), measure).value
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
    for name, distance in (("", distances.frechet), ("_unsquared", distances.frechet_of_means)):
        text = f"published protocol, biased{'; norm of the means unsquared' if name else ''}"
        measure = Measure(f"fid{{space}}_100_vs_100{name}", "lower", text, lambda c: c.fid())

        def of(side: Comparison, distance: Callable[..., float] = distance) -> Estimate:
            few = np.arange(len(side.images))[: len(real)] if side.asked is None else first_of_each(side.asked, each)
            if min(len(real), len(few)) < each.sum():
                raise UndefinedError(f"{len(real)} real and {len(few)} other images: the protocol takes {each.sum()}")
            return Estimate(distance(real, side.embedding.features[few]))

        figure = attempt(partial(of, made), measure)
        floor = attempt(partial(of, held), measure).value
        figures[measure.name.format(space=made.reference.features.suffix)] = replace(figure, floor=floor)
    return figures


def gan_train_figures(made: Comparison, say: Say) -> tuple[dict[str, Figure], Labels]:
    """GAN-train and GAN-test against the same training on as many real images; and by index the real images whose
    shapes the generated ones lack."""
    from condgan.metrics.gan_train import gan_train

    train, test = made.reference.dataset.train, made.reference.real
    texts = {
        "gan_train": "trained on these, tested on real images",
        "gan_train_behind": "gan_train behind its floor, paired by seed",
        "gan_test": "trained on real images, tested on these",
    }
    try:
        counts = np.minimum(
            *(np.bincount(labels, minlength=made.reference.classes) for labels in (made.labels, train.labels))
        )
        absent = [name for name, count in zip(made.reference.dataset.class_names, counts, strict=True) if not count]
        if absent:
            raise UndefinedError(f'no images of class "{absent[0]}"')
    except UndefinedError as error:
        undefined = {
            name: Figure(None, note=str(error), better=BETTER[name], text=text) for name, text in texts.items()
        }
        return undefined, np.empty(0, np.int64)
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
        name: Figure(*estimate, real_floor, better=BETTER[name], text=texts[name])
        for name, estimate, real_floor in (
            ("gan_train", found.train, floor),
            ("gan_train_behind", found.behind, 0.0),
            ("gan_test", found.test, floor),
        )
    }
    return figures, found.missing
