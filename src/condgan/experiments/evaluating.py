"""Measuring several trainings of one recipe, each like a single one."""

from os import PathLike
from pathlib import Path
from typing import Any

from condgan import arguments
from condgan.evaluation import evaluation
from condgan.evaluation.features import Say
from condgan.experiments import trainings
from condgan.experiments.study import PLAN
from condgan.results.evaluation import Evaluation
from condgan.runs import moment


def is_several(path: str | PathLike[str]) -> bool:
    """Whether a path leads to a study, or to another folder with runs in it."""
    place, _ = moment.parse(path)
    if not place.is_dir() or (place / "recipe.json").is_file():
        return False
    return (place / PLAN).is_file() or any(place.glob("*/recipe.json"))


def evaluate(
    path: str | PathLike[str],
    *overrides: str,
    output: str | PathLike[str] | None = None,
    say: Say = lambda _: None,
    **options: Any,
) -> dict[str, Evaluation]:
    """Measure each training at a path -> its evaluation, by the name of its run.

    Args:
        path: a study of seeds, a folder with runs of one recipe, or one of them ``@EPOCH``.
        overrides, options: as for ``condgan.evaluate``.
        output: a folder, with one for each run in it; none: each run's own ``evaluation/``.
        say: receives sentences about the progress.

    Raises:
        CondganError: as for ``condgan.evaluate``, or there are no such runs.
    """
    found = trainings.find(path, wanted=1)
    folder: Path | None = None if output is None else arguments.path("output", output)
    results = {}
    for number, run in enumerate(found.runs, 1):
        say(f"{run.folder.name}: {number} of {len(found.runs)}")
        place = run.folder if found.epoch is None else f"{run.folder}@{found.epoch}"
        there = None if folder is None else folder / run.folder.name
        results[run.folder.name] = evaluation.evaluate(place, *overrides, output=there, say=say, **options)
    return results
