"""The verdicts of worth and cure in reports: the sentence first, then what it rests on."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from condgan.evaluation.summary import number
from condgan.experiments.study import Study
from condgan.reports import pictures
from condgan.reports.document import Code, Items, Paragraph, Picture, Section, Table
from condgan.reports.language import Words
from condgan.verdicts import cure, kept
from condgan.verdicts.cure import SHOWN
from condgan.verdicts.kept import Cure, Kind, Worth

PICTURES = {"cure.images": cure.PICTURE, "cure.curves": cure.CURVES}


def worth(study: Study, words: Words) -> Section:
    """Whether synthetic images help, and the ways that were compared."""
    section, found = Section("verdict", words("worth.title")), kept.of_worth(study.folder)
    if found is None:
        return section.add(without(study.folder, words))
    section.add(Paragraph(of_worth(found, words)))
    if found.rarest is not None:
        rare = found.rarest
        told = {"difference": rare.difference, "low": rare.low, "high": rare.high, "name": words.quoted(rare.name)}
        section.add(Paragraph(words("worth.rarest", **told)))
    section.add(*(Paragraph(words("comparison.notice", text=note)) for note in found.notes))
    if found.verdict == "helps":
        section.add(Paragraph(words("worth.make")), Code(found.command, "console"))
    rows = tuple((way(one.way, words), f"{one.value:.1f} %", f"{one.spread:.1f}", str(one.n)) for one in found.table)
    accuracy = words("worth.balanced" if found.balanced else "worth.accuracy")
    header = (words("worth.way"), accuracy, words("worth.spread"), words("worth.trainings"))
    section.add(Table(header, rows, words("worth.table"), frozenset((1, 2, 3))))
    done = words("worth.done", generators=len(study.runs()), train=found.train_images, test=found.test_images)
    return section.add(Paragraph(done), Paragraph(words("worth.limits"), True))


def of_worth(found: Worth, words: Words) -> str:
    """The verdict as a sentence of the language."""
    points = words("worth.points-balanced" if found.balanced else "worth.points")
    figure = words("worth.figure", difference=found.difference, points=points, low=found.low, high=found.high)
    half = (found.high - found.low) / 2
    told = words(f"worth.{found.verdict}", figure=figure, tests=found.test_images, way=way(found.way, words), half=half)
    if found.verdict != "cannot-tell" or "needed_images" not in found.model_fields_set:  # as older files have it
        return told
    needed = found.needed_images
    more = words("worth.more-minutes") if needed is None else words("worth.more-images", images=needed)
    return f"{told}{' ' * (words.lang == 'en')}{more}"


def way(name: str, words: Words) -> str:
    """A way to train the classifier, in the words of the language: ``real, moved + 3 x synthetic``."""
    return " + ".join(words.get(f"way.{part}", part) for part in name.split(" + "))


def cured(study: Study, words: Words) -> Section:
    """What came of a cure: the figures before and after, what was tried, and the pictures."""
    section, found = Section("verdict", words("cure.title")), kept.of_cure(study.folder)
    if found is None:
        return section.add(without(study.folder, words))
    faults = tuple(f"`{one.kind}`{words.colon}{words.get(f'alarm.{one.kind}', one.kind)}" for one in found.findings)
    section.add(Paragraph(of_cure(found, words)), Items(faults) if faults else None, before_and_after(found, words))
    ordered = sorted(found.table, key=lambda one: (one.fid is None, one.fid or 0.0))
    rows = tuple((tried(one.cure, words), number(one.fid)) for one in ordered)
    section.add(Table((words("cure.tried"), "`fid`"), rows, words("cure.table"), frozenset((1,))))
    for key, name in PICTURES.items():
        path = study.folder / name
        if path.is_file() and pictures.readable(path):
            section.add(Picture(pictures.small(path), words(key), words(key)))
    section.add(Paragraph(words("cure.done", run=found.of)))
    if found.run is not None:
        section.add(Paragraph(words("cure.kept", run=shlex.quote(found.run))))
    return section


def of_cure(found: Cure, words: Words) -> str:
    """What came of it, as a sentence of the language."""
    faults = named([one.kind for one in found.findings], words)
    if not found.findings:
        return words("cure.healthy")
    if not any(one.fid is not None for one in found.table):
        return words("cure.unmeasured", faults=faults)
    if found.after is None:
        return words("cure.nothing", faults=faults)
    as_it_is, after = (number((one or {}).get(SHOWN[0])) for one in (found.as_it_is, found.after))
    figure = words("cure.figure", before=as_it_is, after=after, cure=tried(found.cure or (), words))
    key = "cure.cured" if found.cured else "cure.better" if found.better else "cure.not-cured"
    return words(key, faults=faults, left=named(found.left, words), figure=figure)


def named(kinds: Sequence[str], words: Words) -> str:
    """Faults by their names."""
    return words.between.join(f"`{kind}`" for kind in kinds)


def tried(overrides: tuple[str, ...], words: Words) -> str:
    """What a branch changed."""
    return f"`{' '.join(overrides)}`" if overrides else words("study.as-it-is")


def before_and_after(found: Cure, words: Words) -> Table | None:
    """The figures of the run, and by fresh seeds without and with the cure; none where nothing was better."""
    if found.after is None:
        return None
    sides = [one or {} for one in (found.before, found.as_it_is, found.after)]
    rows = tuple((f"`{name}`", *(number(one.get(name)) for one in sides)) for name in SHOWN)
    header = tuple(words(f"cure.{key}") for key in ("figure-name", "before", "as-it-is", "after"))
    return Table(header, rows, words("cure.sides"), frozenset((1, 2, 3)))


def without(folder: Path, words: Words) -> Paragraph:
    """Where there is no verdict."""
    return Paragraph(words("verdict.none", folder=shlex.quote(str(folder))))


def beside(path: str, words: Words) -> Section | None:
    """The verdicts that belong to a run, by their sentences; none where there are none."""
    sentences: dict[Kind, Callable[[Path], str | None]] = {
        "worth": lambda folder: None if (one := kept.of_worth(folder)) is None else of_worth(one, words),
        "cure": lambda folder: None if (one := kept.of_cure(folder)) is None else of_cure(one, words),
    }
    found = [(folder, sentences[kind](folder)) for kind, folder in kept.beside(path)]
    told = tuple(
        words("verdict.beside", sentence=one, folder=shlex.quote(str(folder)))
        for folder, one in found
        if one is not None
    )
    return Section("verdicts", words("verdict.title"), [Items(told)]) if told else None
