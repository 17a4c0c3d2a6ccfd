"""What is left of a trial: whether a finished one still has its run, and the last words of its process."""

from collections.abc import Mapping
from pathlib import Path

from condgan.experiments.study import ASIDE, Outcome, Study


def missing(study: Study, outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    """The trials that ended as finished and have no whole run any more -> what is missing, by their names.

    Raises:
        CondganError: the recipe of such a run is damaged.
    """
    found = {}
    for name, outcome in outcomes.items():
        run = study.run(name)
        if outcome.state != "finished":
            continue
        parts = (run.folder, "run folder"), (run.folder / "recipe.json", "recipe.json"), (run.log, run.log.name)
        lacking = next((what for path, what in parts if not path.exists()), None)
        if lacking is not None:
            found[name] = lacking
        else:
            _ = run.recipe  # read, as a damaged one must be told
    return found


def reopen(study: Study, trial: str) -> str:
    """Let a trial begin anew -> where what is left of its run lies now, in words; empty where nothing is left."""
    folder, told = study.run(trial).folder, ""
    if folder.is_dir() and any(folder.iterdir()):
        target, number = study.folder / ASIDE / trial, 1
        while target.exists():
            number += 1
            target = study.folder / ASIDE / f"{trial}-{number}"
        target.parent.mkdir(parents=True, exist_ok=True)
        told = f"; what was left of it lies in {folder.rename(target)}"
    study.write({"began": trial})  # only now: killed before it, the trial is found again
    return told


def last_line(path: Path) -> str:
    """The last words of a log."""
    lines = path.read_text("utf-8", "replace").split("\n") if path.is_file() else []
    return next((line.strip()[:500] for line in reversed(lines) if line.strip()), "without a word")
