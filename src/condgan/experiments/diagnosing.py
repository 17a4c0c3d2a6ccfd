"""Diagnosing the trainings of a study, each like a single one."""

from os import PathLike
from pathlib import Path
from shlex import quote

from condgan.diagnosis import diagnosis
from condgan.diagnosis.diagnosis import Diagnosis
from condgan.errors import CondganError
from condgan.evaluation.features import Say
from condgan.experiments.study import PLAN, Study
from condgan.generation.run import Run
from condgan.runs import moment


def finished(path: str | PathLike[str]) -> dict[str, Path]:
    """The finished runs in a study of any kind, or in another folder of runs, by their names in it.

    Raises:
        CondganError: there are none, or the path names an epoch.
    """
    place, epoch = moment.parse(path)
    if epoch is not None:
        raise CondganError(f"{path}: a study is diagnosed at its end: give {place}, or one of its runs @{epoch}")
    if (place / PLAN).is_file():
        runs = Study.open(place).runs()
    else:
        runs = {folder.name: Run(folder) for folder in sorted(place.iterdir()) if (folder / "recipe.json").is_file()}
    found = {name: run.folder for name, run in runs.items() if run.status.state == "finished"}
    if not found:
        raise CondganError(f"{place} has no finished training yet: `condgan resume {quote(str(place))}` goes on")
    return found


def diagnose(path: str | PathLike[str], data: str | None = None, say: Say = lambda _: None) -> dict[str, Diagnosis]:
    """Diagnose each finished run of a study -> its diagnosis, by the name of the run.

    Args:
        path: a study, or a folder of runs.
        data: the real images; none: those that each was trained on.
        say: receives sentences about the progress.

    Raises:
        CondganError: there is no finished run, or one is damaged.
    """
    runs, results = finished(path), {}
    for number, (name, folder) in enumerate(runs.items(), 1):
        say(f"{name}: {number} of {len(runs)}")
        results[name] = diagnosis.diagnose(folder, data, say=say)
    return results
