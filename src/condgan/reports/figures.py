"""The figures of a run in a report: with error, floor and protocol, over the training, and what they do not show."""

import shlex

from condgan.evaluation.comparison import METRICS
from condgan.evaluation.summary import number
from condgan.reports import pictures
from condgan.reports.document import Items, Paragraph, Section, Table
from condgan.reports.language import Words
from condgan.reports.subject import Subject
from condgan.results import classes
from condgan.results.evaluation import FILE
from condgan.results.figure import Figure

HEADLINES = ("label_accuracy", "fid", "recall", "coverage")
MOST_LINES = 12  # of tables over the training
SMALL = 2000  # images below which figures are called noisy


def measured(subject: Subject) -> tuple[dict[str, Figure], str]:
    """The figures to show, and the split: those of ``condgan evaluate``, else of the last evaluation in the log."""
    if subject.evaluation is not None:
        return dict(subject.evaluation.figures), subject.evaluation.protocol.split
    return (dict(subject.evaluations[-1].evaluation) if subject.evaluations else {}), "validation"


def by_metric(found: dict[str, Figure], metric: str) -> Figure | None:
    """The figure of a metric, in whatever space; of several the first that names its space."""
    named = [one for one in found.values() if one.metric == metric]
    return next((one for one in named if one.value is not None), None)


def floor(one: Figure, words: Words) -> str:
    """The value of real images, where it was measured."""
    return "" if one.floor is None else words("summary.floor", floor=one.floor)


def figures(subject: Subject, words: Words) -> Section:
    """The figures with error, floor and protocol, and over the training."""
    section = Section("figures", words("figures.title"))
    found, split = measured(subject)
    run = shlex.quote(subject.path)
    if subject.evaluated is not None and subject.evaluation is None:
        section.add(Paragraph(words("state.damaged-evaluation", run=run, file=f"{subject.evaluated.name}/{FILE}")))
    if not found:
        return section.add(Paragraph(words("state.no-evaluations", run=run)) if subject.evaluated is None else None)
    if subject.evaluation is not None:
        facts = subject.evaluation.protocol
        told = words(
            "figures.test",
            generated=f"{facts.n_generated:,}",
            real=f"{facts.n_real:,}",
            split=words.split(split),
            data=facts.data.name,
        )
    else:
        epoch, images = subject.evaluations[-1].epoch, subject.recipe.evaluation.images
        key = "figures.log" if subject.evaluated is None else "figures.log-alone"
        told = words(key, epoch=epoch, images=f"{images:,}", run=run)
    section.add(Paragraph(told), table(found, words))
    if subject.evaluation is not None:
        network = subject.evaluation.protocol.feature_network
        accuracy = network.accuracy.get(split)
        if accuracy is not None:
            told = words(
                "figures.network",
                data=network.data,
                accuracy=accuracy,
                split=words.split(split),
                sha=network.sha256[:12],
            )
            section.add(Paragraph(told, True))
    per_class = subject.evaluation.per_class if subject.evaluation else subject.evaluations[-1].per_class
    worst = classes.least_accurate(per_class or {}, 3)
    if worst:
        shown = words.comma.join(f"{words.quoted(name)} {value:.1%}" for name, value in worst)
        section.add(Paragraph(words("figures.worst", classes=shown)))
    return section.add(over_time(subject, words))


def table(found: dict[str, Figure], words: Words) -> Table:
    """Each figure that has a value."""
    ways = {"higher": "figures.higher", "lower": "figures.lower", "near the floor": "figures.near"}
    rows = []
    order = list(METRICS)
    ordered = sorted(found.items(), key=lambda pair: order.index(pair[1].metric) if pair[1].metric in order else 99)
    floors = any(one.floor is not None for one in found.values())
    for name, one in ordered:
        metric = METRICS.get(one.metric)
        if metric is not None and one.value is not None:
            meaning = words.get(f"metric.{one.metric}", metric.text)
            numbers = (number(one.value), number(one.se), *([number(one.floor)] if floors else []))
            rows.append((f"`{name}`", words(ways[metric.better]), *numbers, meaning))
    keys = ("figure", "better", "value", "se", *(["floor"] if floors else []), "meaning")
    header = tuple(words(f"figures.{key}") for key in keys)
    return Table(header, tuple(rows), "", frozenset(range(2, len(header) - 1)))


def over_time(subject: Subject, words: Words) -> Table | None:
    """The headline figures of evaluations; none with fewer than two."""
    if len(subject.evaluations) < 2:
        return None
    chosen = pictures.spread(subject.evaluations, MOST_LINES)
    names = [
        name for name, one in subject.evaluations[-1].evaluation.items() if one.metric in HEADLINES
    ]  # fmt: skip
    rows = tuple((f"{record.epoch:.4g}", *(number(record.value(name)) for name in names)) for record in chosen)
    header = (words("training.epoch"), *(f"`{name}`" for name in names))
    return Table(header, rows, words("figures.over-time"), frozenset(range(len(header))))


def limits(subject: Subject, words: Words) -> Section:
    """What the figures do not show."""
    found, split = measured(subject)
    texts = [words("limits.one")]
    if found:
        texts.append(words("limits.network"))
        texts += [words("limits.validation")] if split == "validation" else []
        texts += [words("limits.label")] if by_metric(found, "label_accuracy") else []
        count = (
            subject.recipe.evaluation.images if subject.evaluation is None else subject.evaluation.protocol.n_generated
        )
        texts += [words("limits.small", images=f"{count:,}")] if count < SMALL else []
        texts += [words("limits.all-images")] if "validation" in subject.trained_on and split == "validation" else []
    return Section("limits", words("limits.title")).add(Items((*texts, words("limits.eyes"))))
