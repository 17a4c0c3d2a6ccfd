"""What goes wrong in a run, in words: the symptoms in its log, and what its pictures show beside real ones."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike, fspath

import numpy as np
import numpy.typing as npt

from condgan.diagnosis import alarms
from condgan.diagnosis.alarms import Finding, figures
from condgan.diagnosis.alarms.finding import more_dropout, patience
from condgan.diagnosis.alarms.losses import LEAST
from condgan.errors import CondganError, UndefinedError
from condgan.evaluation import features as networks
from condgan.evaluation import subjects
from condgan.evaluation.comparison import Comparison
from condgan.evaluation.features import FeatureNetwork, Say
from condgan.evaluation.reference import Reference
from condgan.evaluation.subjects import Subject
from condgan.generation import generator
from condgan.metrics.neighbours import HONEST, duplicates, nearest_other
from condgan.recipe import Recipe
from condgan.recipe.builtin import RECIPES
from condgan.recipe.text import differences
from condgan.results.records import EvaluationRecord, StepRecord, of_kind
from condgan.runs import moment
from condgan.runs.run import Run

PER_CLASS, MOST = 200, 5000  # pictures
FEWEST = 10  # real images, and pictures, of a class that is judged
# Calibrated on real generators. How far a picture is from the next one of its class, in features, as a share of the
# same among real images: 0.5 to 1.3 from the second epoch on, 0.00 to 0.11 for one to twenty pictures over and over.
CROWDED = 0.3
MEMORISED, FLOORS = 0.2, 3.0  # share of pictures, and at least so many times what chance gives; else 0 to 0.001

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and on what evidence.

    Attributes:
        findings: the worst first, one of a kind.
        lines, evaluations: so many were read in the log.
        pictures: so many were drawn.
        skipped: what was not looked at, and why.
    """

    findings: tuple[Finding, ...]
    lines: int
    evaluations: int
    pictures: int
    skipped: tuple[str, ...]


def diagnose(
    run: str | PathLike[str], data: str | None = None, features: FeatureNetwork | None = None, say: Say = lambda _: None
) -> Diagnosis:
    """Look at a run's log, and at 200 pictures of each class (5000 in all at most) beside validation images.

    Args:
        run: a run, its folder, or a moment of it: ``runs/a@100`` is judged by its log and pictures up to epoch 100.
        data: the real images; none: those that it was trained on.
        features: sees the pictures; none: the network of the data, which may have to be trained first.
        say: told in words what takes long.

    Raises:
        CondganError: no run there, or its recipe or log is damaged. What the pictures lack is in ``skipped``.
    """
    folder, epoch = moment.parse(run)
    opened = Run.open(folder)
    recipe, records = opened.recipe, opened.records()
    if epoch is not None:
        records = [record for record in records if record.epoch <= epoch]
    found: list[Finding] = []
    skipped: list[str] = []
    pictures = 0
    try:
        subject, made = drawn(opened, epoch, recipe, data, features, say)
        pictures = len(made.images)
        checks: tuple[Callable[[Recipe, Comparison], Finding | None], ...] = (repetition, memorisation)
        if subject.conditional:
            checks += (labels,)
        else:
            skipped.append("labels were not looked at: the generator is unconditional")
        for check in checks:
            try:
                found += [finding for finding in [check(recipe, made)] if finding is not None]
            except UndefinedError as error:
                skipped.append(f"{check.__name__} was not looked at: {error}")
    except CondganError as error:
        skipped.append(f"no pictures were looked at: {error}")
    logged = alarms.from_log(recipe, records)
    return Diagnosis(
        findings=tuple(alarms.ordered([*found, *logged])),  # pictures tell more than figures of them
        lines=len(of_kind(records, StepRecord)),
        evaluations=len(of_kind(records, EvaluationRecord)),
        pictures=pictures,
        skipped=tuple(skipped),
    )


def drawn(
    run: Run, epoch: int | None, recipe: Recipe, data: str | None, features: FeatureNetwork | None, say: Say
) -> tuple[Subject, Comparison]:
    """Pictures of an epoch, or of the run's last checkpoint, beside the validation images of its data.

    Raises:
        CondganError: there is no checkpoint yet, or it does not fit the data; that epoch was not kept.
    """
    made = generator.of_run(run, epoch=epoch)
    subject = subjects.of_generator(made, subjects.real_images(recipe.data, data, [], recipe.seed), recipe.seed)
    reference = Reference(subject.dataset, "validation", features or networks.of(subject.dataset, say))
    each = max(2, min(PER_CLASS, MOST // reference.classes))
    return subject, Comparison(reference, *subject.take(np.full(reference.classes, each)))


def repetition(recipe: Recipe, made: Comparison) -> Finding | None:
    """Pictures that lie much nearer to each other, within a class, than real ones do: a few are made over and over.

    Nearest neighbours see that also where the few differ widely, which a mean distance does not.
    """
    seen, real = made.embedding.features, made.reference.embedding.features
    judged, crowded = 0, {}
    for name, mine, others in groups(made):
        count = min(len(mine), len(others))
        if count < FEWEST:
            continue
        judged += 1
        usual = float(np.median(nearest_other(real[others[:count]])[0]))
        share = float(np.median(nearest_other(seen[mine[:count]])[0])) / usual if usual else 1.0
        if share < CROWDED:
            crowded[name] = share
    if not crowded:
        return None
    text = "The generator makes the same few pictures over and over, whatever the noise."
    if len(crowded) < judged:
        text = f"Within {listed(list(crowded))} the generator makes the same few pictures over and over."
    nearness = ", ".join(f"{name} {share:.2f}" for name, share in list(crowded.items())[:10])
    return figures.collapsed(
        recipe,
        text,
        f"{len(made.images)} pictures: distance to the next picture as a share of that among real images: {nearness}; "
        f"{twins(made)} of all pictures have a near-identical twin",
    )


def groups(made: Comparison) -> list[tuple[str, Rows, Rows]]:
    """What belongs together: (name, rows of the pictures, rows of the real images), of each class if there are any."""
    if made.asked is None:
        return [("all pictures", np.arange(len(made.images)), np.arange(len(made.reference.real)))]
    asked, real = made.asked, made.reference.real.labels
    return [
        (made.name(label), np.flatnonzero(asked == label), np.flatnonzero(real == label)) for label in np.unique(asked)
    ]


def twins(made: Comparison) -> str:
    """The share of pictures with a near-identical one, beside as many training images."""
    train = made.reference.dataset.train
    asked, own = made.asked, train.labels
    if asked is None:
        asked, own = np.zeros(len(made.images), np.int64), np.zeros(len(train), np.int64)
    return f"{duplicates(made.images, asked, train.images, own).value:.0%}"


def labels(recipe: Recipe, made: Comparison) -> Finding | None:
    """Classes whose pictures are read as others, which real images of them are not."""
    reference = made.reference
    own, real = reference.embedding.posteriors.argmax(1), reference.real.labels
    counts = np.bincount(made.labels, minlength=reference.classes)
    right = {
        reference.dataset.class_names[label]: share
        for label, share in enumerate(made.accuracy.per_class)
        if share is not None and counts[label] >= FEWEST
    }
    ceiling = {
        name: float((own[real == label] == label).mean())
        for label, name in enumerate(reference.dataset.class_names)
        if (real == label).any()
    }
    bad = figures.poor(right, ceiling)
    if not bad:
        return None
    overall = made.accuracy.overall.value
    read = [f'"{name}": {share:.0%} right{instead(made, name)}' for name, share in list(bad.items())[:10]]
    return figures.mislabelled(
        recipe,
        list(bad),
        nothing=figures.follows_nothing(overall, reference.classes),
        evidence=f"{len(made.images)} pictures, read by a network that reads {(own == real).mean():.0%} of the real "
        f"images right and {overall:.0%} of these; {', '.join(read)}",
    )


def instead(made: Comparison, name: str) -> str:
    """What the pictures of a class are mostly read as, in words."""
    names = made.reference.dataset.class_names
    row = made.accuracy.confusion[names.index(name)].copy()
    total = int(row.sum())
    row[names.index(name)] = 0
    other = int(row.argmax())
    return f", {row[other] / total:.0%} read as {made.name(other)}" if row[other] else ""


def memorisation(recipe: Recipe, made: Comparison) -> Finding | None:
    """Pictures that lie nearer to a training image than real images do that were not trained on."""
    found = made.memorisation
    held = len(made.reference.heldout_distances)
    chance = max(HONEST, 2 / (held + 1))  # a low quantile of few distances is their least
    if found.share.value < max(MEMORISED, FLOORS * chance):
        return None
    return Finding(
        "memorisation",
        "The generator repeats its training images.",
        f"{found.share.value:.0%} of {len(made.images)} pictures lie nearer to a training image than 99 % of {held} "
        f"validation images do (by chance: about {chance:.0%}); their median distance is {found.ratio:.2f} of theirs",
        (
            f"train.epochs={max(1, recipe.train.epochs // 2)}",
            *more_dropout(recipe),
            *patience(recipe),
        ),
    )


def report(found: Diagnosis, run: str | PathLike[str]) -> str:
    """A diagnosis in plain text: each finding with its evidence and the command to try, or that nothing was found."""
    run, recipe = fspath(run), Run.open(moment.parse(run)[0]).recipe
    basis = f"{found.lines} log lines, {found.evaluations} evaluations and {found.pictures} pictures"
    if not found.findings:
        judged = found.pictures or found.lines >= LEAST
        verdict = f"Nothing wrong was found in {run}" if judged else f"{run} is too young to be judged"
        return "\n".join([f"{verdict} ({basis}).", *map(sentence, found.skipped)])
    parts = [f"{run}: {recipe.name}, judged by {basis}.", *map(sentence, found.skipped)]
    for finding in found.findings:
        parts += ["", f"{finding.kind}: {finding.text}", f"  evidence: {finding.evidence}"]
        parts += [f"  try: {command(recipe, finding.advice)}"] if finding.advice else []
    return "\n".join(parts)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def command(recipe: Recipe, advice: tuple[str, ...]) -> str:
    """The command that trains a run's recipe with the advice."""
    if recipe.name not in RECIPES:
        return f"train it with {' '.join(advice)}"
    advised = {text.partition("=")[0] for text in advice}
    own = [
        text for text in differences(recipe, RECIPES[recipe.name], "machine") if text.partition("=")[0] not in advised
    ]
    return f"condgan train {shlex.join([recipe.name, *own, *advice])}"


def listed(names: list[str]) -> str:
    """At most ten of them, in words."""
    return ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")
