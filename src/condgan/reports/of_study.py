"""The report of a study: its trainings with their spread, and what its kind has found."""

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from condgan.errors import CondganError
from condgan.evaluation.summary import number
from condgan.experiments import results, side_by_side, sweep, table
from condgan.experiments.study import Study
from condgan.experiments.trainings import Trainings
from condgan.reports import of_run, pictures, planned, repeating, verdicts
from condgan.reports.document import Block, Document, Items, Paragraph, Picture, Section, Table
from condgan.reports.language import Words
from condgan.reports.subject import Subject

CLAIMS = "claims.json"
MOST_ROWS = 60
LOSS, NETWORKS = ("loss", "penalty"), ("data", "latent", "generator", "discriminator")  # parts of a recipe


def document(folder: Path, words: Words, author: Sequence[tuple[str, str]]) -> Document:
    """The report of a study of any kind.

    Raises:
        CondganError: it is damaged.
    """
    study = Study.open(folder)
    kind, (begun, outcomes) = study.kind(), study.read()
    runs = study.runs()
    sections = [VERDICTS[kind](study, words)] if kind in VERDICTS else []
    sections += [summary(study, words), trainings(study, words)]
    sections += [make(study, words) for make in KINDS.get(kind, ())]
    subjects = [Subject.open(run.folder) for run in runs.values()]
    if subjects:
        sections += [planned.setup(study, subjects, words), *models(subjects, words)]
    sections.append(limits(study, words))
    if subjects:
        sections += [repeating.environment(subjects[0], words)]
    sections.append(planned.repeat(study, words))
    title = words("study.title", kind=words.get(f"study.{kind}", kind), name=folder.resolve().name)
    subtitle = words("study.subtitle", ended=len(outcomes), begun=len(begun))
    return Document(words.lang, title, subtitle, sections, author)


def models(subjects: Sequence[Subject], words: Words) -> list[Section]:
    """What is minimised, and the networks: of the first training, which is said where others differ."""
    first, recipes = subjects[0], [subject.recipe for subject in subjects]
    found = []
    for make, parts in ((of_run.losses, LOSS), (of_run.layers, NETWORKS)):
        section = make(first, words)
        if any(getattr(one, part) != getattr(recipes[0], part) for one in recipes for part in parts):
            section.blocks.insert(0, Paragraph(words("study.of-first", name=first.run.folder.name), True))
        found.append(section)
    return found


def summary(study: Study, words: Words) -> Section:
    """How many trainings, what became of them, and which failed."""
    begun, outcomes = study.read()
    states = [outcome.state for outcome in outcomes.values()]
    counted = words.comma.join(f"{states.count(state)} {words(f'study.{state}')}" for state in dict.fromkeys(states))
    section = Section("summary", words("summary.title"))
    section.add(Paragraph(words("study.counted", begun=len(begun), counted=counted or words("report.none"))))
    left = [name for name in begun if name not in outcomes]
    if left:
        section.add(
            Paragraph(
                words("study.unended", names=words.between.join(left[:10]), folder=shlex.quote(str(study.folder)))
            )
        )
    failed = tuple(
        f"{name} ({words(f'study.{one.state}')}): {one.reason or '?'}"
        for name, one in outcomes.items()
        if one.state in ("failed", "diverged")
    )
    return section.add(None if not failed else Items(failed[:MOST_ROWS]))


def trainings(study: Study, words: Words) -> Section:
    """Each training with its headline figures on validation images."""
    _, outcomes = study.read()
    rows, metrics = [], ("label_accuracy", "fid", "recall", "coverage")
    for name, run in list(study.runs().items())[:MOST_ROWS]:
        evaluations = [record for record in run.evaluations() if record.step]
        values = [table.last_value(evaluations, metric) for metric in metrics]
        state = outcomes[name].state if name in outcomes else "open"
        rows.append((f"`{name}`", words(f"study.{state}"), f"{run.status.epoch:g}", *map(number, values)))
    header = (words("study.training"), words("study.state"), words("training.epoch"), *(f"`{one}`" for one in metrics))
    section = Section("trainings", words("study.trainings"))
    if not rows:
        return section.add(Paragraph(words("study.none")))
    return section.add(Table(header, tuple(rows), words("study.validation"), frozenset(range(2, len(header)))))


def spread(study: Study, words: Words) -> Section:
    """Mean and spread over trainings, their curves on one axis, and images of the first."""
    figures = table.last(study)
    section = Section("spread", words("study.spread"))
    if not figures:
        return section.add(Paragraph(words("study.no-figures", folder=shlex.quote(str(study.folder)))))
    spreads = table.spreads([*figures.values()])
    rows = tuple(
        (
            f"`{one.name}`", number(one.mean), number(one.spread), number(min(one.values)), number(max(one.values)),
            number(one.se), words.get(f"metric.{one.metric}"),
        )
        for one in spreads.values()
    )  # fmt: skip
    names = ("figure", "mean", "spread-of", "lowest", "highest", "se", "meaning")
    header = tuple(words(f"study.{name}") for name in names)
    section.add(Paragraph(words("study.why")), Table(header, rows, "", frozenset(range(1, 6))))
    side = Trainings(study.folder.name, tuple(study.runs()[name] for name in figures))
    return section.add(*drawn([side], words))


def drawn(sides: Sequence[Trainings], words: Words) -> list[Block]:
    """The curves of trainings on one axis."""
    shown = pictures.maybe_drawn(lambda path: side_by_side.draw_curves(sides, path))
    return [] if shown is None else [Picture(shown, words("study.curves"), words("study.curves"))]


def settings(study: Study, words: Words) -> Section:
    """The settings of a sweep in order, the best with fresh seeds, and the effect of each field."""
    section = Section("settings", words("study.settings"))
    try:
        found = results.of(sweep.written(study))
    except CondganError as error:
        return section.add(Paragraph(str(error)))
    metrics = found.sweep.metrics
    rows = tuple(
        (
            str(row.number), f"`{row.words()}`" if row.overrides else words("study.as-it-is"),
            words(f"study.{row.state}"),
            *((number(value) for value in row.values) if row.values else ["-"] * len(metrics)),
        )
        for row in found.ranked()[:MOST_ROWS]
    )  # fmt: skip
    header = (words("study.number"), words("study.setting"), words("study.state"), *(f"`{name}`" for name in metrics))
    section.add(Table(header, rows, "", frozenset((0, *range(3, len(header))))))
    if found.best is not None and found.fresh:
        values = [one[0] for one in found.fresh]
        seen = (found.rows[found.best].values or (None,))[0]
        told = words(
            "study.best", number=found.best, metric=metrics[0], seen=number(seen),
            fresh=words.between.join(map(number, values)), count=len(values),
        )  # fmt: skip
        section.add(Paragraph(told))
    for path in found.files:
        section.add(Picture(path.read_bytes(), words("study.effects"), words("study.effects")))
    return section


def claims(study: Study, words: Words) -> Section:
    """The answers to published claims, as they were last judged."""
    section = Section("claims", words("study.claims"))
    try:
        found: Any = json.loads((study.folder / CLAIMS).read_text("utf-8"))["claims"]
        rows = tuple(tuple(str(one[name]) for name in ("claim", "says", "verdict", "figure")) for one in found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return section.add(Paragraph(words("study.no-claims", folder=shlex.quote(str(study.folder)))))
    header = tuple(words(f"study.{name}") for name in ("claim", "says", "verdict", "figure"))
    return section.add(Table(header, tuple((f"`{name}`", *rest) for name, *rest in rows)))


KINDS: dict[str, tuple[Callable[[Study, Words], Section], ...]] = {
    "seeds": (spread,),
    "sweep": (settings,),
    "reproduction": (claims,),
}
"""What each kind of study has found, by the name of its plan."""


VERDICTS: dict[str, Callable[[Study, Words], Section]] = {"worth": verdicts.worth, "cure": verdicts.cured}
"""What stands first: the answer that a study was made for."""


def limits(study: Study, words: Words) -> Section:
    """What the figures do not show."""
    texts = [words("limits.validation"), words("limits.network"), words("limits.label"), words("limits.eyes")]
    return Section("limits", words("limits.title")).add(Items(tuple(texts)))
