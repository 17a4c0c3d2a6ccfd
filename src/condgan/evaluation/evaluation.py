"""Measure a generator, or any images: every figure with its standard error, its floor and its protocol."""

import time
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np

from condgan import arguments
from condgan.arrays import Images
from condgan.data import Given
from condgan.errors import ArgumentError, CondganError, UndefinedError
from condgan.evaluation import features, figures, subjects
from condgan.evaluation.comparison import (
    IN_ANY_SPACE,
    MEASURES,
    PARZEN_PER_CLASS,
    TWO_SAMPLE,
    Comparison,
    floor,
    possible,
)
from condgan.evaluation.features import FeatureNetwork, Progress, Say
from condgan.evaluation.reference import OTHER, Counts, Reference, check_split, proportions
from condgan.evaluation.subjects import Subject
from condgan.generation.generator import check_checkpoint
from condgan.generation.sampling import check_seed
from condgan.metrics import copies
from condgan.results.classes import rare
from condgan.results.evaluation import FILE, Evaluation
from condgan.results.figure import Figure
from condgan.results.protocol import (
    CopiesFacts,
    DataFacts,
    InceptionFacts,
    MemorisedFacts,
    NetworkFacts,
    ParzenFacts,
    Protocol,
)
from condgan.runs import moment, session
from condgan.runs.run import Run
from condgan.storage.files import check_writable

DEFAULT_IMAGES = 10_000
MOST_IMAGES = 1_000_000
MOST_PAIRS = 20
MOST_MISSING = 100
IN_TURN = "none: the vector conditions of the real images in turn, each as often as any other to within one"


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
    c2st: bool | None = None,
    inception: Path | None = None,
    hundred: bool = False,
    engine: str | None = None,
    output: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a run, a generator file, or any images; those without labels get the figures that need none.

    Images under vector conditions are generated for those of the split's real images, and have no labels.

    Args:
        path: a run or its folder, a moment of it (``runs/a@100``), a generator file, or images in any format of
            ``data.readers``, or a folder of images without labels.
        overrides: ``data.field=value``, as for training.
        data: the real images, as for training; none: those that the generator was trained on, or MNIST.
        n: generated images, in the proportions of the real classes; none: 10,000, or as many as the floor has.
        split: of the real images: ``test``, or ``validation`` for choices that depend on the figures.
        seed: determines the generated images.
        checkpoint: of a run, ``last`` or ``best``.
        small_n: allow Frechet distances between sets that are too small for them.
        gan_train: GAN-train and GAN-test too, which take minutes.
        c2st: the classifier two-sample test too, which takes minutes; none: as ``gan_train``.
        inception: the Inception weights of 2015, for the standard FID; or torchvision's or Jittor's Inception-v3, whose
            figures are named apart, as ``fid_imagenet``.
        hundred: also the published protocol of 100 real against 100 generated images.
        engine: of a generator, as for `generator.load`.
        output: a folder for ``evaluation.json`` and pictures; none: of a run its ``evaluation/`` (of ``RUN@100``
            ``evaluation/epoch-0100/``), and nowhere for anything else.
        say: receives sentences about the progress.
        progress: receives what is done, how much of it and how much there is, where it is counted; for a bar.

    Raises:
        CondganError: an argument out of range, nothing to measure at the path, or it does not fit the data.
    """
    n = None if n is None else arguments.integer("n", n, 2, MOST_IMAGES, "images")
    if split not in OTHER:
        raise ArgumentError("split", split, f"expected {' or '.join(OTHER)}")
    check_checkpoint(checkpoint)
    check_seed(seed)
    from condgan.metrics import feature_network
    from condgan.metrics.inception_weights import FILE as WEIGHTS

    folder = arguments.path("output", output) if output is not None else own_folder(path)
    if folder is not None:
        check_writable(folder / FILE)
    started = time.monotonic()
    inception = None if inception is None else arguments.path("inception", inception)
    in_addition = None if inception is None else features.inception(inception, say)  # refuses a wrong path at once
    subject = subjects.find(path, data, list(overrides), seed, checkpoint, engine)
    for notice in subject.notices:
        say(f"note: {notice}")
    check_split(subject.dataset, split)  # before a feature network is trained
    shape = subject.dataset.domain().shape
    with feature_network.computing(feature_network.fastest_threads(shape)):
        reference = Reference(subject.dataset, split, features.of(subject.dataset, say, progress))
        generated, real = sides(subject, reference, n or default_count(reference), small_n)
        spaces = [(generated, real, possible(MEASURES, reference))]
        if in_addition is not None:
            other = replace(reference, features=in_addition)
            in_other = replace(generated, reference=other, embedded=None), floor(other, counts(real), small_n)
            spaces.append((*in_other, IN_ANY_SPACE))
        results: dict[str, Figure] = {}
        for images, real_images, measures in spaces:
            there = figures.measured(images, real_images, measures, say)
            if hundred:
                there |= figures.hundred_against_hundred(images, real_images)
            results |= figures.cautious(there, images.reference.weakness)
        if "fid" not in results:
            results["fid"] = Figure(metric="fid", note=f"needs `inception={WEIGHTS}`")
        if gan_train if c2st is None else c2st:
            results |= figures.measured(generated, real, [TWO_SAMPLE], say)
        missing = None
        if gan_train and reference.labelled:
            of_gan_train, indexes = figures.gan_train_figures(generated, say)
            results |= of_gan_train
            missing = reference.real.images[indexes[:MOST_MISSING]]
        facts = protocol(str(Path(path)), subject, generated, real, in_addition, time.monotonic() - started)
        evaluation = Evaluation(results, facts, nearest=nearest_pairs(generated), missing=missing)
    if generated.requested is not None and reference.labelled:
        per_class = dict(zip(subject.dataset.class_names, generated.accuracy.per_class, strict=True))
        evaluation = replace(evaluation, per_class=per_class, confusion=generated.accuracy.confusion)
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


def default_count(reference: Reference) -> int:
    """As many images as a figure and its floor can both have, so that they compare."""
    return min(DEFAULT_IMAGES, len(reference.other)) if len(reference.other) > 1 else DEFAULT_IMAGES


def sides(subject: Subject, reference: Reference, n: int, small_n: bool) -> tuple[Comparison, Comparison]:
    """n images of the subject, and as many real ones, against the reference; CondganError if the subject has none."""
    wanted = proportions(reference.real.labels, reference.classes, n)
    images, labels = subject.take(wanted, split=reference.split)
    if len(images) < 2:
        raise CondganError(f"there are {len(images)} images of the classes of {subject.dataset.name}: 2 are needed")
    generated = Comparison(reference, images, labels, small_n=small_n, window=lambda: window(subject, n))
    if isinstance(subject.source, np.ndarray):
        generated = replace(generated, unlabelled="none were found")
    return generated, floor(reference, counts(generated), small_n)


def counts(side: Comparison) -> Counts:
    """Images of each class, (K,); without labels, in the proportions of the real images."""
    if side.requested is None:
        return proportions(side.reference.real.labels, side.reference.classes, len(side.images))
    return np.bincount(side.requested, minlength=side.reference.classes)


def notices(subject: Subject, generated: Comparison) -> tuple[str, ...]:
    """What a reader of the figures should know, in sentences."""
    reference, names = generated.reference, subject.dataset.class_names
    if not reference.labelled:
        return *subject.notices, figures.without_labels(subject.dataset.name)
    real = np.bincount(reference.real.labels, minlength=reference.classes).tolist()
    sentences = [*subject.notices, rare(names, real, f"{reference.split} images")]
    if generated.requested is not None:
        sentences.append(rare(names, counts(generated).tolist(), "measured images"))
    return tuple(sentence for sentence in (*sentences, reference.weakness) if sentence)


def protocol(
    path: str,
    subject: Subject,
    generated: Comparison,
    real: Comparison,
    inception: FeatureNetwork | None,
    seconds: float,
) -> Protocol:
    """All that another needs to get the same figures."""
    reference, dataset = generated.reference, subject.dataset
    network = reference.features
    try:
        width = ParzenFacts(sigma=generated.parzen.sigma, sigma_at_edge=bool(generated.parzen.at_edge))
    except UndefinedError:
        width = None
    try:
        memorised = MemorisedFacts(median_distance_against_held_out=round(float(generated.memorisation.ratio), 4))
    except UndefinedError:
        memorised = None
    try:
        distances, kinds = reference.copy_distances, copies.KINDS
        detected = {kind: copies.copies(distances[kind], distances["real"]).value for kind in kinds}
        planted = CopiesFacts(planted=len(distances[kinds[0]]), detected=detected)
    except UndefinedError:
        planted = None
    return Protocol(
        subject=subject.facts(path),
        data=DataFacts(name=dataset.name, sha256=dataset.sha256, splits=dataset.split_rule),
        split=reference.split,
        n_real=len(reference.real),
        n_generated=len(generated.images),
        n_floor=len(real.images),
        n_paired=len(generated.paired),
        floor=f"{OTHER[reference.split]} images instead of generated ones, as many of each class as there are",
        classes="in the proportions of the real images" if reference.labelled else IN_TURN,
        resize=subject.resized or "none",
        seed=subject.seed,
        feature_network=NetworkFacts(
            space=network.space,
            sha256=network.sha256,
            dim=network.dim,
            text=network.facts.get("text", ""),
            **{name: network.facts[name] for name in ("data", "steps", "accuracy")},
        ),
        inception=None if inception is None else InceptionFacts(space=inception.space, sha256=inception.sha256),
        standard_errors="over images; distances: jackknife over 20 groups of generated images; GAN-train: 5 seeds; "
        "C2ST: over images, or over 5 folds where that is more"
        + ("" if inception is None else "; is_standard: the deviation of 10 splits, as it is published"),
        parzen=width,
        memorised=memorised,
        copies=planted,
        small_n=generated.small_n,
        condgan=session.version(),
        seconds=round(seconds, 1),
        trained_on_other=subject.other,
        notices=notices(subject, generated),
    )


def window(subject: Subject, first: int) -> Images:
    """1000 images of each class for the Parzen window, not those that are measured if the subject can generate others.

    Raises UndefinedError if there are too few.
    """
    classes = len(subject.dataset.class_names)
    images, _ = subject.take(np.full(classes, PARZEN_PER_CLASS), first)
    if len(images) < classes * PARZEN_PER_CLASS:
        raise UndefinedError(f"{len(images)} images: the protocol takes {PARZEN_PER_CLASS} of each class")
    return images


def nearest_pairs(generated: Comparison) -> tuple[Images, Images] | None:
    """The images of each class, 20 in all at most, that are nearest to training images; and these training images."""
    try:
        distances, indexes = generated.memorisation.distances, generated.memorisation.indexes
    except UndefinedError:
        return None
    order = np.argsort(distances, kind="stable")
    if generated.requested is not None:
        each = max(1, MOST_PAIRS // generated.reference.classes)
        labels = generated.requested[order]
        order = np.concatenate([order[labels == label][:each] for label in range(generated.reference.classes)])
    if len(order) > MOST_PAIRS:
        order = order[np.argsort(distances[order], kind="stable")][:MOST_PAIRS]
    return generated.images[order], generated.reference.dataset.train.images[indexes[order]]
