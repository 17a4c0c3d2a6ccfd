"""A study as its card and its page show it: what was ordered, what became of it, its arms and their trainings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from condgan.experiments import overview
from condgan.experiments.study import Outcome, Study
from condgan.reports import planned
from condgan.verdicts import kept

NOWHERE: dict[str, Any] = {"state": "waiting", "figures": {}, "alarms": []}  # the card of a training without a folder
Card = Mapping[str, Any]


def detail(study: Study, cards: Mapping[str, Card], runs: Path) -> dict[str, Any]:
    """All that the page of a study shows.

    Args:
        study: of any kind.
        cards: of its trainings, by their names; those that have no folder yet are left out.
        runs: the folder of all runs.

    Raises:
        CondganError: the plan is damaged.
    """
    begun, outcomes = study.read()
    known = {trial: cards.get(trial, NOWHERE) for trial in begun}
    found = overview.of(study, {trial: one["figures"] for trial, one in known.items()})
    works, ordered = overview.at_work(study), planned.ordered(study)
    return {
        "study": study.kind(),
        "command": planned.command(study),
        "begun": begun,
        "outcomes": {trial: outcome.model_dump(mode="json") for trial, outcome in outcomes.items()},
        "ordered": ordered,
        "at_work": works,
        "whole": whole(len(begun), len(outcomes), ordered, works),
        "of": of_cure(study, runs),
        "fields": found.fields,
        "arms": [
            {
                "name": one.name,
                "settings": one.settings,
                "figures": {metric: figure.as_json() for metric, figure in one.figures.items()},
                "trials": [trial(told, known[told], outcomes.get(told)) for told in one.trials],
            }
            for one in found.arms
        ],
    }


def whole(begun: int, ended: int, ordered: int | None, works: bool) -> bool:
    """Whether all of a study has ended; where the plan does not say how much that is, nothing is left or at work."""
    return begun > 0 and ended >= begun and (not works if ordered is None else ended >= ordered)


def trial(name: str, card: Card, outcome: Outcome | None) -> dict[str, Any]:
    """A training of a study: its state is what the study noted, or that of its run while it noted none."""
    return {
        "name": name,
        "state": card["state"] if outcome is None else outcome.state,
        "reason": card.get("reason") if outcome is None else outcome.reason,
        "epoch": card.get("epoch"),
        "epochs": card.get("epochs"),
        "figures": card["figures"],
        "alarms": card["alarms"],
        "grid": card.get("grid"),
        "grid_written": card.get("grid_written"),
    }


def of_cure(study: Study, runs: Path) -> str | None:
    """The name of the run that a study is to cure; none of other studies, or of a run that lies elsewhere."""
    of = study.described()["plan"].get("of")
    if not isinstance(of, str):
        return None
    try:
        return Path(of).resolve().relative_to(runs.resolve()).as_posix()
    except (OSError, ValueError):
        return None


def verdict(folder: Path, kind: str) -> str | None:
    """The word that a study of worth or of a cure has ended with; none before, and of other studies."""
    if kind == "worth":
        worth = kept.of_worth(folder)
        return None if worth is None else worth.verdict
    cure = kept.of_cure(folder) if kind == "cure" else None
    return None if cure is None else "cured" if cure.cured else "better-cure" if cure.better else "not-cured"
