"""The report of a study: its trainings with their spread, and what its kind has found."""

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from condgan.diagnosis import alarms
from condgan.errors import CondganError
from condgan.evaluation.summary import number
from condgan.experiments import results, side_by_side, sweep, table
from condgan.experiments.study import Study
from condgan.experiments.trainings import Trainings
from condgan.reports import of_run, pictures, planned, repeating, verdicts
from condgan.reports.document import Beside, Block, Document, Items, Paragraph, Picture, Section, Table
from condgan.reports.figures import HEADLINES
from condgan.reports.language import Words
from condgan.reports.subject import Subject

CLAIMS = "claims.json"
MOST_ROWS, MOST_GRIDS = 60, 4
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
        sections += [samples(subjects, words), diagnoses(subjects, words)]
        sections += [planned.setup(study, subjects, words), *models(subjects, words)]
    sections.append(limits(study, words))
    if subjects:
        sections += [repeating.environments(subjects, words)]
    sections.append(planned.repeat(study, words))
    if subjects:
        sections.append(repeating.cited(subjects[0], words))
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
    if unlisted := study.unlisted():
        told = words.between.join(unlisted[:10])
        section.add(Paragraph(words("study.unlisted", names=told, folder=shlex.quote(str(study.folder)))))
    gone = [name for name in begun if name not in study.runs()]
    if gone:
        section.add(Paragraph(words("study.gone", names=words.between.join(gone[:10]))))
    told = headline(study, words)
    if told:
        section.add(Paragraph(told))
    failed = tuple(
        f"{name} ({words(f'study.{one.state}')}): {one.reason or '?'}"
        for name, one in outcomes.items()
        if one.state in ("failed", "diverged")
    )
    return section.add(None if not failed else Items(failed[:MOST_ROWS]))


def headline(study: Study, words: Words) -> str:
    """The figures of trainings that differ in their seed alone, with their spread; nothing of other studies."""
    if study.kind() != "seeds":
        return ""
    found = {one.metric: one for one in table.spreads([*table.last(study).values()]).values()}
    figures = [
        f"`{name}` {number(one.mean)} ± {number(one.spread)}"
        for name in HEADLINES
        if (one := found.get(name)) is not None and one.mean is not None
    ]
    return words("study.headline", figures=words.comma.join(figures)) if figures else ""


def samples(subjects: Sequence[Subject], words: Words) -> Section:
    """The last grids of the first trainings, two in a row."""
    section = Section("samples", words("samples.title"))
    shown = [
        (f"{one.run.folder.parent.name}/{one.run.folder.name}", pictures.small(one.grids[-1][1]))
        for one in subjects
        if one.grids
    ][:MOST_GRIDS]
    if not shown:
        return section.add(Paragraph(words("state.no-samples")))
    return section.add(*(Beside(tuple(shown[at : at + 2]), words("samples.alt")) for at in range(0, len(shown), 2)))


def diagnoses(subjects: Sequence[Subject], words: Words) -> Section:
    """What the log of each training shows to have gone wrong."""
    section = Section("diagnosis", words("diagnosis.title"))
    rows = []
    for one in subjects[:MOST_ROWS]:
        kinds = [words(f"alarm.{found.kind}") for found in alarms.ordered(alarms.from_log(one.recipe, one.records))]
        name = f"`{one.run.folder.parent.name}/{one.run.folder.name}`"
        rows.append((name, words.comma.join(kinds) or words("report.none")))
    header = words("study.training"), words("study.findings")
    told = words("study.diagnose", folder=shlex.quote(str(subjects[0].run.folder)))
    return section.add(Table(header, tuple(rows)), Paragraph(told, True))


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
        told = [tuple(str(one[name]) for name in ("claim", "says", "verdict", "figure")) for one in found]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return section.add(Paragraph(words("study.no-claims", folder=shlex.quote(str(study.folder)))))
    header = tuple(words(f"study.{name}") for name in ("claim", "says", "verdict", "rests-on"))
    rows = tuple(
        (f"`{name}`", words.get(f"claim.{name}", says), words.get(f"judged.{verdict}", verdict), figure)
        for name, says, verdict, figure in told
    )
    section.add(Table(header, rows))
    for name, says, verdict, _ in told:
        path = study.folder / "pictures" / f"{Path(name).name}.png"
        if verdict in ("holds", "does-not-hold") and pictures.readable(path):
            caption = f"{words.get(f'claim.{name}', says)} {words.get(f'judged.{verdict}')}"
            section.add(Picture(pictures.small(path), caption, caption))
    return section


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
