"""Measuring a generator, or any labelled images: every figure with its standard error, its floor and its protocol."""

import time
from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from condgan import arguments
from condgan.arrays import Images
from condgan.data import Given
from condgan.errors import ArgumentError, CondganError, UndefinedError
from condgan.evaluation import comparison, features, figures, subjects
from condgan.evaluation.comparison import MEASURES, PARZEN_PER_CLASS, Comparison
from condgan.evaluation.features import Say
from condgan.evaluation.reference import OTHER, Reference, check_split, proportions
from condgan.evaluation.subjects import Subject
from condgan.generation.generator import check_checkpoint
from condgan.generation.sampling import check_seed
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.figure import Figure
from condgan.results.protocol import DataFacts, MemorisedFacts, NetworkFacts, ParzenFacts, Protocol
from condgan.runs import moment, session
from condgan.runs.run import Run
from condgan.storage.files import check_writable

DEFAULT_IMAGES = 10_000
MOST_IMAGES = 1_000_000
MOST_PAIRS = 20
MOST_MISSING = 100
T = TypeVar("T")
IN_ANY_SPACE = ("fid", "kid")


def evaluate(
    path: str | PathLike[str],
    *overrides: str,
    data: Given | None = None,
    n: int | None = None,
    split: str = "test",
    seed: int = 0,
    checkpoint: str = "last",
    small_n: bool = False,
    gan_train: bool = True,
    inception: Path | None = None,
    hundred: bool = False,
    engine: str | None = None,
    output: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
) -> Evaluation:
    """Measure a run, a generator file, or any labelled images.

    Args:
        path: a run or its folder, a moment of it (``runs/a@100``), a generator file, or images in any format of
            ``data.readers``.
        overrides: ``data.field=value``, as for training.
        data: the real images, as for training; none: those that the generator was trained on, or MNIST.
        n: generated images, in the proportions of the real classes; none: 10,000, or as many as the floor has.
        split: real images that are held against: ``test``, or ``validation`` for whatever is chosen by the figures.
        seed: decides the generated images.
        checkpoint: of a run, ``last`` or ``best``.
        small_n: allow Frechet distances between sets that are too small for them.
        gan_train: GAN-train and GAN-test too, which take minutes.
        inception: the Inception weights of 2015, for the standard FID.
        hundred: also the published protocol of 100 real against 100 generated images.
        engine: of a generator, as for `generator.load`.
        output: a folder for ``evaluation.json`` and pictures; none: of a run its ``evaluation/`` (of ``RUN@100``
            ``evaluation/epoch-0100/``), and nowhere for anything else.
        say: is called with sentences about the progress.

    Raises:
        CondganError: nothing to measure at the path, or it does not fit the data.
    """
    n = None if n is None else arguments.integer("n", n, 2, MOST_IMAGES, "images")
    if split not in OTHER:
        raise ArgumentError("split", split, f"expected {' or '.join(OTHER)}")
    check_checkpoint(checkpoint)
    check_seed(seed)
    from condgan.metrics import feature_network
    from condgan.metrics import inception as inception_network

    folder = arguments.path("output", output) if output is not None else own_folder(path)
    if folder is not None:
        check_writable(folder / FILE)
    started = time.monotonic()
    standard = (
        None if inception is None else features.inception(arguments.path("inception", inception), say)
    )  # a wrong path is told at once
    subject = subjects.find(Path(path), data, list(overrides), seed, checkpoint, engine)
    check_split(subject.dataset, split)  # before a feature network is trained
    with feature_network.computing(feature_network.fastest_threads(subject.dataset.domain().shape)):
        reference = Reference(subject.dataset, split, features.of(subject.dataset, say))
        made, held = sides(subject, reference, n or enough(reference), small_n)
        found = figures.measured(made, held, MEASURES, say)
        if hundred:
            found |= figures.hundred_against_hundred(made, held)
        if standard is not None:
            there = replace(reference, features=standard)
            sides_there = replace(made, reference=there, embedded=None), comparison.floor(there, counted(held), small_n)
            found |= figures.measured(*sides_there, [m for m in MEASURES if m.name in IN_ANY_SPACE], say)
            if hundred:
                found |= figures.hundred_against_hundred(*sides_there)
        else:
            note = f"needs `inception={inception_network.FILE}`"
            found["fid"] = Figure(metric="fid", note=note)
        missing = None
        if gan_train:
            learnt, lacked = figures.gan_train_figures(made, say)
            found |= learnt
            missing = reference.real.images[lacked[:MOST_MISSING]]
        how = protocol(str(Path(path)), subject, made, held, time.monotonic() - started)
        pairs = nearest_pairs(made)
    evaluation = Evaluation(found, how, nearest=pairs, missing=missing)
    if made.asked is not None:
        per_class = dict(zip(subject.dataset.class_names, made.accuracy.per_class, strict=True))
        evaluation = replace(evaluation, per_class=per_class, confusion=made.accuracy.confusion)
    if folder is None:
        return evaluation
    from condgan.evaluation import summary

    return replace(evaluation, files=tuple(summary.save(evaluation, folder)))


def own_folder(path: str | PathLike[str]) -> Path | None:
    """Where the evaluation of a run, or of a moment of it, is saved; none for anything else."""
    place, epoch = moment.parse(path)
    if not (place / "recipe.json").is_file():
        return None
    folder = Run(place).evaluation
    return folder if epoch is None else folder / f"epoch-{epoch:04d}"


def enough(reference: Reference) -> int:
    """As many images as a figure and its floor can both have, so that they compare."""
    return min(DEFAULT_IMAGES, len(reference.other)) if len(reference.other) > 1 else DEFAULT_IMAGES


def sides(subject: Subject, reference: Reference, n: int, small_n: bool) -> tuple[Comparison, Comparison]:
    """n images of the subject, and as many real ones, against the reference.

    Raises:
        CondganError: the subject has none.
    """
    images, labels = subject.take(proportions(reference.real.labels, reference.classes, n))
    if len(images) < 2:
        raise CondganError(f"there are {len(images)} images of the classes of {subject.dataset.name}: 2 are needed")
    made = Comparison(reference, images, labels, small_n=small_n, window=lambda: window(subject, n))
    return made, comparison.floor(reference, counted(made), small_n)


def counted(side: Comparison) -> npt.NDArray[np.int64]:
    """Images of each class, (K,); as the real ones are distributed, where they have none."""
    if side.asked is None:
        return proportions(side.reference.real.labels, side.reference.classes, len(side.images))
    return np.bincount(side.asked, minlength=side.reference.classes)


def protocol(path: str, subject: Subject, made: Comparison, held: Comparison, seconds: float) -> Protocol:
    """All that another needs to get the same figures."""
    reference, dataset = made.reference, subject.dataset
    network = reference.features
    return Protocol(
        subject=subject.facts(path),
        data=DataFacts(name=dataset.name, sha256=dataset.sha256, splits=dataset.split_rule),
        split=reference.split,
        n_real=len(reference.real),
        n_generated=len(made.images),
        n_floor=len(held.images),
        n_paired=len(made.paired),
        floor=f"{OTHER[reference.split]} images instead of generated ones, as many of each class as there are",
        classes="in the proportions of the real images",
        resize=subject.resized or "none",
        seed=subject.seed,
        feature_network=NetworkFacts(
            space=network.space,
            sha256=network.sha256,
            dim=network.dim,
            data=network.facts["data"],
            steps=network.facts["steps"],
            accuracy=network.facts["accuracy"],
        ),
        standard_errors="over images; distances: jackknife over 20 groups of generated images; GAN-train: 5 seeds",
        parzen=defined(lambda: ParzenFacts(sigma=made.parzen.sigma, sigma_at_edge=bool(made.parzen.at_edge))),
        memorised=defined(
            lambda: MemorisedFacts(median_distance_against_held_out=round(float(made.memorisation.ratio), 4))
        ),
        small_n=made.small_n,
        condgan=session.version(),
        seconds=round(seconds, 1),
    )


def window(subject: Subject, first: int) -> Images:
    """1000 pictures of each class for the Parzen window, others than those that are measured if it can make them.

    Raises:
        UndefinedError: there are not so many.
    """
    classes = len(subject.dataset.class_names)
    images, _ = subject.take(np.full(classes, PARZEN_PER_CLASS), first)
    if len(images) < classes * PARZEN_PER_CLASS:
        raise UndefinedError(f"{len(images)} images: the protocol takes {PARZEN_PER_CLASS} of each class")
    return images


def defined(of: Callable[[], T]) -> T | None:
    """Details of a figure; none where it is not defined."""
    try:
        return of()
    except UndefinedError:
        return None


def nearest_pairs(made: Comparison) -> tuple[Images, Images] | None:
    """Of each class, or of 20, the images nearest to training images; and those training images."""
    try:
        found = made.memorisation
    except UndefinedError:
        return None
    order = np.argsort(found.distances, kind="stable")
    if made.asked is not None:
        each = max(1, MOST_PAIRS // made.reference.classes)
        of = made.asked[order]
        order = np.concatenate([order[of == label][:each] for label in range(made.reference.classes)])
    if len(order) > MOST_PAIRS:
        order = order[np.argsort(found.distances[order], kind="stable")][:MOST_PAIRS]
    return made.images[order], made.reference.dataset.train.images[found.indexes[order]]
