"""What it takes to repeat a run: environment, commands, and the papers behind it."""

import shlex
from collections.abc import Sequence

from condgan.errors import CondganError
from condgan.recipe import builtin
from condgan.recipe.text import to_json
from condgan.reports.document import Code, Items, Paragraph, Section, Table
from condgan.reports.figures import MOST_LINES, measured
from condgan.reports.language import Words
from condgan.reports.references import references
from condgan.reports.subject import Subject

MOST_THREADS = 1024  # that a file of a run is believed


def environment(subject: Subject, words: Words) -> Section:
    """Versions, machine and settings of each session."""
    return environments([subject], words)


def environments(subjects: Sequence[Subject], words: Words) -> Section:
    """Those of several runs."""
    section = Section("environment", words("environment.title"))
    sessions = [session for subject in subjects for session in subject.sessions]
    if not sessions:
        return section.add(Paragraph(words("state.no-provenance")))
    rows = []
    for place, one in enumerate(sessions[-MOST_LINES:], max(1, len(sessions) - MOST_LINES + 1)):
        settings = one.get("settings") or {}
        versions = words.comma.join(
            f"{name} {one[name]}" for name in ("condgan", "python", "torch", "jittor", "numpy") if name in one
        )
        used = words.comma.join(str(settings.get(name, "?")) for name in ("device", "threads", "precision"))
        rows.append(
            (
                str(place),
                str(one.get("started", "?")).replace("T", " ")[:16],
                versions,
                str(one.get("platform", "?")),
                used,
            )
        )
    header = tuple(words(f"environment.{name}") for name in ("session", "started", "versions", "machine", "settings"))
    return section.add(Table(header, tuple(rows)))


def repeat(subject: Subject, words: Words) -> Section:
    """The commands that make all this again."""
    run = shlex.quote(subject.path)
    known = subject.recipe.name in builtin.RECIPES
    lines = [builtin.command(subject.recipe, settings(subject)) if known else "condgan train recipe.json"]
    lines += [f"condgan evaluate {run}", f"condgan diagnose {run}", f"condgan sample {run} --grid -o grid.png"]
    section = Section("repeat", words("repeat.title"))
    section.add(Paragraph(words("repeat.intro")), Code("\n".join(lines), "console"))
    if subject.recipe.name not in builtin.RECIPES:
        section.add(Paragraph(words("repeat.recipe")), Code(to_json(subject.recipe).strip(), "json"))
    sha = generator_hash(subject)
    return section.add(None if sha is None else Paragraph(words("repeat.hash", sha=sha), True))


def settings(subject: Subject) -> list[str]:
    """What the last session chose by measuring, as overrides: another start may choose otherwise."""
    chosen = (subject.sessions or [{"settings": {}}])[-1]["settings"]
    threads, precision = chosen.get("threads"), chosen.get("precision")
    found = [f"machine.threads={threads}"] if isinstance(threads, int) and 0 < threads < MOST_THREADS else []
    if precision == "float32" != subject.recipe.train.precision:
        found.append(f"train.precision={precision}")
    return found


def generator_hash(subject: Subject) -> str | None:
    """Of the generator's weights; none where it cannot be loaded."""
    from condgan.generation import generator

    try:
        return generator.of_run(subject.run, epoch=subject.until).sha256
    except CondganError:
        return None


def cited(subject: Subject, words: Words) -> Section:
    """The papers that the report names."""
    found = references(subject.recipe, {one.metric for one in measured(subject)[0].values()})
    return Section("references", words("references.title")).add(Items(tuple(found), numbered=True))
