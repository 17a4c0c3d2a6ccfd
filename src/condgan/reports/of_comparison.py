"""The report of a comparison, from the folder that ``condgan compare -o`` wrote."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from condgan.errors import CondganError
from condgan.evaluation.comparison import METRICS
from condgan.evaluation.summary import number
from condgan.experiments import side_by_side
from condgan.experiments.comparison import FILE
from condgan.reports import pictures
from condgan.reports.document import Code, Document, Items, Paragraph, Picture, Section, Table
from condgan.reports.language import Words

VERDICTS = ("better", "worse", "not-distinguishable", "cannot-know")


def document(folder: Path, words: Words, author: Sequence[tuple[str, str]]) -> Document:
    """The report of a comparison.

    Raises:
        CondganError: its file is damaged.
    """
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
        sections = [
            summary(found, words), recipes(found, words), *pairs(found, words), drawn(folder, words),
            limits(found, words), repeat(found, words),
        ]  # fmt: skip
        paths = [str(side["path"]) for side in found["sides"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        said = f"{type(error).__name__} {error}"
        raise CondganError(f"{folder / FILE} is damaged ({said}): compare again with the same folder") from None
    subtitle = words("comparison.subtitle", count=len(paths))
    title = words("comparison.title", names=words.between.join(told(paths).values()))
    return Document(words.lang, title, subtitle, sections, author)


def told(paths: Sequence[str]) -> dict[str, str]:
    """How each side is called: its path without the folders that all of them share."""
    parts = [Path(path).parts for path in paths]
    least = min(len(one) for one in parts) - 1
    shared = next((place for place in range(least) if len({one[place] for one in parts}) > 1), least)
    return {path: str(Path(*one[shared:])) for path, one in zip(paths, parts, strict=True)}


def names(found: Any) -> dict[str, str]:
    """How each side of a comparison is called."""
    return told([str(side["path"]) for side in found["sides"]])


def summary(found: Any, words: Words) -> Section:
    """How many figures are better, worse, or cannot be told, of each pair."""
    section = Section("summary", words("summary.title"))
    for pair in found["comparisons"]:
        verdicts = [str(one["verdict"]) for one in pair["figures"].values()]
        counted = words.comma.join(
            f"{words(f'comparison.{verdict}')} {verdicts.count(verdict)}" for verdict in VERDICTS if verdict in verdicts
        )
        of = names(found)
        section.add(Paragraph(words("comparison.counted", a=of[pair["a"]], b=of[pair["b"]], told=counted)))
    notices = tuple(words("comparison.notice", text=str(one)) for one in found["notices"])
    return section.add(None if not notices else Items(notices))


def recipes(found: Any, words: Words) -> Section:
    """What differs between the recipes."""
    sides = found["sides"]
    rows = [(f"`{name}`", *map(str, values)) for name, values in found["recipes"].items()]
    rows.append((words("comparison.epochs"), *(f"{side['epoch']:g}" for side in sides)))
    rows.append((words("comparison.trainings"), *(str(len(side["runs"])) for side in sides)))
    header = (words("setup.field"), *names(found).values())
    return Section("recipes", words("comparison.recipes")).add(Table(header, tuple(rows)))


def pairs(found: Any, words: Words) -> list[Section]:
    """The figures of each pair, with a sentence for each."""
    return [pair_of(pair, names(found), words, f"pair-{place}") for place, pair in enumerate(found["comparisons"], 1)]


def pair_of(pair: Any, of: dict[str, str], words: Words, place: str) -> Section:
    """The figures of a pair."""
    rows = []
    for name, one in pair["figures"].items():
        a, b = (side_of(one[side]) for side in ("a", "b"))
        interval = "-" if one["low"] is None else f"{number(one['low'])} ... {number(one['high'])}"
        needed = "-" if one.get("seeds") is None else str(one["seeds"])
        rows.append((f"`{name}`", a, b, words(f"comparison.{one['verdict']}"), interval, needed))
    header = (
        words("figures.figure"), of[pair["a"]], of[pair["b"]],
        *(words(f"comparison.{name}") for name in ("second", "interval", "seeds")),
    )  # fmt: skip
    title = words("comparison.pair", a=of[pair["a"]], b=of[pair["b"]])
    meanings = tuple(
        f"`{name}`{words.colon}{words.get(f'metric.{metric}', METRICS[metric].text)}"
        for name in pair["figures"]
        if (metric := metric_of(name)) in METRICS
    )
    return Section(place, title).add(
        Table(header, tuple(rows), "", frozenset((1, 2, 4, 5))),
        Paragraph(words("comparison.test"), True),
        Items(meanings),
    )


def metric_of(name: str) -> str:
    """The metric of a figure's name, which may name its space."""
    return name if name in METRICS else name.partition("_")[0]


def side_of(side: Any) -> str:
    """A mean, its spread and the number of trainings."""
    spread = "" if side["spread"] is None else f" ± {number(side['spread'])}"
    return f"{number(side['mean'])}{spread} (n {side['n']})"


def drawn(folder: Path, words: Words) -> Section:
    """The curves, and images of the same classes and seeds."""
    section = Section("pictures", words("comparison.pictures"))
    for name, key in ((side_by_side.CURVES, "curves"), (side_by_side.PICTURES, "images")):
        path = folder / name
        if path.is_file() and pictures.readable(path):
            caption = words(f"comparison.{key}")
            section.add(Picture(pictures.small(path, 1800), caption, caption))
    return section if section.blocks else section.add(Paragraph(words("state.no-samples")))


def limits(found: Any, words: Words) -> Section:
    """What the comparison does not show."""
    few = min(len(side["runs"]) for side in found["sides"])
    texts = [words("comparison.few", count=few)] if few < 5 else []
    return Section("limits", words("limits.title")).add(
        Items((*texts, words("limits.network"), words("limits.label"), words("limits.eyes")))
    )


def repeat(found: Any, words: Words) -> Section:
    """The command."""
    protocol = words.comma.join(
        words.get(f"protocol.{name.replace(' ', '-')}", name) + f" {words.split(str(value))}"
        for name, value in found["protocol"].items()
    )
    paths = " ".join(shlex.quote(str(side["path"])) for side in found["sides"])
    return Section("repeat", words("repeat.title")).add(
        Paragraph(words("comparison.protocol", protocol=protocol)),
        Code(f"condgan compare {paths} -o comparison", "console"),
    )
