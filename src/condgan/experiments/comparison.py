"""Trainings side by side: what differs in their recipes, and which figures differ by more than chance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.evaluation.comparison import METRICS
from condgan.experiments import known, trainings
from condgan.experiments.differences import Difference, Sample, judge
from condgan.experiments.trainings import Measured, Trainings
from condgan.recipe.text import differences, present, typed
from condgan.runs import moment
from condgan.storage.files import atomic, check_writable

FILE = "comparison.json"
RATIOS = ("fid", "swd", "modes_kl", "intra_fid")
"""Metrics whose logarithms are compared: distances above 0, whose spread between trainings grows with them."""
WORDS = {
    "better": "better",
    "worse": "worse",
    "not-distinguishable": "not distinguishable",
    "cannot-know": "cannot know",
}


@dataclass(frozen=True, eq=False)
class Pair:
    """Two sides, and what differs between them.

    Attributes:
        a, b: their paths.
        figures: of each, b against a.
    """

    a: str
    b: str
    figures: Mapping[str, Difference]

    def as_json(self) -> dict[str, Any]:
        """Of each figure: a, b (mean, spread, n), difference, low, high, verdict, p, detectable, seeds."""
        told = {}
        for name, one in self.figures.items():
            sides = {
                key: {"mean": side.mean, "spread": side.spread, "n": side.n}
                for key, side in (("a", one.a), ("b", one.b))
            }
            told[name] = sides | {key: value for key, value in asdict(one).items() if key not in sides}
        return {"a": self.a, "b": self.b, "figures": told}


@dataclass(frozen=True, eq=False)
class Comparison:
    """What ``condgan.compare`` finds.

    Attributes:
        sides: what was compared, the first with each other one.
        recipes: of each field in which recipes differ, its value on each side.
        pairs: the first side with each other one.
        protocol: how all figures were measured.
        epochs: of each side, at which its trainings were measured.
        notices: what a reader should know, in sentences.
        files: that were written.
    """

    sides: tuple[Trainings, ...]
    recipes: Mapping[str, tuple[str, ...]]
    pairs: tuple[Pair, ...]
    protocol: Mapping[str, Any]
    epochs: tuple[float, ...]
    notices: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For machines; ``figures`` are those of the pair, where there is one."""
        sides = [
            {
                "path": side.path,
                "runs": [str(run.folder) for run in side.runs],
                "recipe": side.recipe.name,
                "epoch": epoch,
            }
            for side, epoch in zip(self.sides, self.epochs, strict=True)
        ]
        pairs = [pair.as_json() for pair in self.pairs]
        return {
            "sides": sides,
            "recipes": {name: list(values) for name, values in self.recipes.items()},
            "protocol": dict(self.protocol),
            **({"figures": pairs[0]["figures"]} if len(pairs) == 1 else {}),
            "comparisons": pairs,
            "notices": list(self.notices),
            "files": [str(path) for path in self.files],
        }


def compare(*paths: str | PathLike[str], output: str | PathLike[str] | None = None) -> Comparison:
    """Compare trainings: the first with each other one.

    Args:
        paths: two or more: a run, a study of seeds, a folder with runs of one recipe, or one of them ``@EPOCH``.
        output: a folder for comparison.json, curves.png and pictures.png; none: nothing is written.

    Raises:
        CondganError: fewer than two, nothing at a path, no figures, or figures that were not measured alike.
    """
    if len(paths) < 2:
        raise CondganError(f"expected two or more trainings to compare, given {len(paths)}")
    folder = None if output is None else place(arguments.path("output", output))
    sides, found, notices = trainings.measured([trainings.find(path) for path in paths])
    protocol = found[0][0].protocol
    pairs, said = judged(sides, found)
    result = Comparison(
        tuple(sides), recipes(sides), pairs, protocol, tuple(max(one.epoch for one in side) for side in found),
        (*notices, *said),
    )  # fmt: skip
    return result if folder is None else replace(result, files=tuple(save(result, folder)))


def place(folder: Path) -> Path:
    """The folder for a comparison: a new one, or that of an earlier comparison, which is replaced.

    Raises:
        ArgumentError: it has other files in it.
        CondganError: it cannot be written to.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE).is_file():
        raise ArgumentError("output", folder, "has other files in it: give a new folder")
    check_writable(folder / FILE)
    return folder


def recipes(sides: Sequence[Trainings]) -> dict[str, tuple[str, ...]]:
    """The fields in which recipes differ, and how far they were trained; chance alone is no difference."""
    base = sides[0].recipe
    changed = [
        text.partition("=")[0] for side in sides[1:] for text in differences(side.recipe, base, *trainings.CHANCE)
    ]
    return {name: tuple(typed(present(side.recipe, name)) for side in sides) for name in dict.fromkeys(sorted(changed))}


def judged(sides: Sequence[Trainings], found: Sequence[Sequence[Measured]]) -> tuple[tuple[Pair, ...], list[str]]:
    """The verdicts on all figures of all pairs, which are looked at together; and what they rest on, in sentences."""
    table = [known.of(side.recipe) for side in sides]
    in_log = "form" in found[0][0].protocol  # as what is known was measured
    images = found[0][0].protocol["generated images"]
    pooled = [row if row is not None and in_log and row.images == images else None for row in table]
    elsewhere = known.nearest(sides[0].recipe)
    pairs: dict[tuple[int, str], tuple[Sample, Sample]] = {}
    improves: dict[tuple[int, str], Literal["higher", "lower"] | float] = {}
    for name in names(found):
        samples = [
            Sample(values(side, name), None if row is None else row.known(name), metric(found, name) in RATIOS)
            for side, row in zip(found, pooled, strict=True)
        ]
        for other in range(1, len(sides)):
            if samples[0].values and samples[other].values:
                pairs[other, name] = samples[0], samples[other]
                improves[other, name] = direction(found[0], name)
    spreads = {key: one for key in pairs if elsewhere is not None and (one := elsewhere.known(key[1])) is not None}
    verdicts = judge(pairs, improves, spreads)
    told = [
        Pair(sides[0].path, sides[other].path, {name: verdicts[place, name] for place, name in pairs if place == other})
        for other in range(1, len(sides))
    ]
    return tuple(told), grounds(sides, pooled, elsewhere)


def grounds(
    sides: Sequence[Trainings], pooled: Sequence[known.Spreads | None], elsewhere: known.Spreads | None
) -> list[str]:
    """What the verdicts rest on, in sentences."""
    said = []
    for side, row in zip(sides, pooled, strict=True):
        if row is not None and len(side.runs) > 1:
            said.append(
                f"{side.path}: its spread is pooled with that of {row.trainings} trainings of {row.recipe} elsewhere"
            )
    alone = [side for side in sides if len(side.runs) == 1]
    near = elsewhere is not None and pooled[0] is not None
    far = "" if near or elsewhere is None else f" on {elsewhere.images} generated images of MNIST, a rough guide"
    inside = [side for side in alone if not (moment.parse(side.path)[0] / "recipe.json").is_file()]
    said += [f"{side.path}: the only run, {side.runs[0].folder}" for side in inside]
    if alone:
        of = f", with the spread of {elsewhere.trainings} trainings of {elsewhere.recipe}{far}" if elsewhere else ""
        said.append(
            f"{', '.join(side.path for side in alone)}: one training, which cannot tell a difference from chance: "
            f"`condgan train ... --seeds N`; how many seeds it takes is estimated{of}"
        )
    return said


def names(found: Sequence[Sequence[Measured]]) -> list[str]:
    """The figures that any training has, in the order of the table of metrics."""
    have = dict.fromkeys(name for side in found for one in side for name in one.figures)
    order = list(METRICS)
    known_ones = [name for name in have if METRICS.get(metric(found, name))]
    return sorted(known_ones, key=lambda name: order.index(metric(found, name)))


def metric(found: Sequence[Sequence[Measured]], name: str) -> str:
    """The metric of a figure."""
    return next(one.figures[name].metric for side in found for one in side if name in one.figures)


def values(side: Sequence[Measured], name: str) -> tuple[float, ...]:
    """The values of a figure, of those trainings that have one."""
    figures = [one.figures[name] for one in side if name in one.figures]
    return tuple(figure.value for figure in figures if figure.value is not None)


def direction(side: Sequence[Measured], name: str) -> Literal["higher", "lower"] | float:
    """Which way a figure gets better; its floor, where it should be near that."""
    figures = [one.figures[name] for one in side if name in one.figures]
    better = METRICS[figures[0].metric].better
    if better != "near the floor":
        return better
    return float(next((figure.floor for figure in figures if figure.floor is not None), 0.0))


def save(comparison: Comparison, folder: Path) -> list[Path]:
    """Write comparison.json, curves.png and, of images, pictures.png -> their paths."""
    from condgan.experiments import side_by_side

    pictures = side_by_side.draw(comparison.sides, folder)
    text = json.dumps(
        replace(comparison, files=tuple(pictures)).as_json(), indent=2, ensure_ascii=False, allow_nan=False
    )
    atomic(folder / FILE, text.encode() + b"\n")
    return [folder / FILE, *pictures]
