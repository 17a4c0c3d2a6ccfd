"""The runs and studies of a folder as cards. What is not shown, or has not changed, is not read."""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from condgan.errors import CondganError, in_one_line
from condgan.experiments import overview
from condgan.experiments.study import PLAN, Study
from condgan.experiments.table import last_value
from condgan.reports import planned
from condgan.runs.run import Run
from condgan.runs.status import check
from condgan.studio import places, studies
from condgan.studio.glance import seen

DEPTH = 4  # of folders below that of the runs
FRESH, LISTING = 1.0, 0.01  # seconds: how old a listing may be, and the share of a core that listings may cost
MOST_CARDS = 5000  # in memory
HEADLINES = ("label_accuracy", "fid", "recall", "coverage")
ENDED = ("finished", "diverged")  # states of trainings that have written their log to its end
CHANGING = ("running", "open")  # states in which more changes than the files that tell of it
Kind = Literal["run", "study"]


@dataclass(frozen=True)
class Entry:
    """A run or a study, as far as its folder's entry tells.

    Attributes:
        name: its path below the folder of runs.
        kind: of what it is.
        changed: when its status or journal was last written, seconds since 1970.
    """

    name: str
    kind: Kind
    changed: float


class Library:
    """The runs and studies below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listed: list[Entry] = []
        self.until = -1.0  # until then it is fresh, by the clock that never goes back
        self.cards: OrderedDict[str, tuple[tuple[Any, ...], dict[str, Any], float]] = OrderedDict()
        self.lock, self.sweeping = threading.Lock(), threading.Lock()

    def entries(self) -> list[Entry]:
        """All of them, those that changed last first; at most a second old, of thousands a few."""
        with self.lock:
            if time.monotonic() > self.until:
                began = time.thread_time()
                self.listed = sorted(scan(self.folder), key=lambda entry: (-entry.changed, entry.name))
                self.until = time.monotonic() + max(FRESH, (time.thread_time() - began) / LISTING)
            return self.listed

    def page(
        self, search: str = "", state: str = "", sort: str = "newest", offset: int = 0, limit: int = 48
    ) -> dict[str, Any]:
        """Some cards, and how many there are.

        Args:
            search: words that the name or the recipe's name has.
            state: of a training; empty: any.
            sort: ``newest``, ``name``, or a figure of ``HEADLINES``, the best first.
            offset, limit: which of them.
        """
        found = self.entries()
        words = search.lower().split()
        if words or state or sort in HEADLINES:
            cards = self.swept(found)
        if words:
            found = [one for one in found if told(cards[one.name], words)]
        if state:
            found = [one for one in found if cards[one.name]["state"] == state]
        if sort == "name":
            found = sorted(found, key=lambda one: one.name)
        elif sort in HEADLINES:
            sign = 1 if sort == "fid" else -1
            values = {one.name: cards[one.name]["figures"].get(sort) for one in found}
            found = sorted(found, key=lambda one: (values[one.name] is None, sign * (values[one.name] or 0.0)))
        return {"total": len(found), "runs": [self.card(one) for one in found[offset : offset + limit]]}

    def swept(self, entries: list[Entry]) -> dict[str, dict[str, Any]]:
        """The cards of all, at most a second old; where many ask at the same time, one looks at the files."""
        with self.sweeping:
            return {one.name: self.card(one, old=FRESH) for one in entries}

    def card(self, entry: Entry, old: float = 0.0) -> dict[str, Any]:
        """What is shown of a run or study, or was so many seconds ago; one that cannot be read says why."""
        folder, now = self.folder / entry.name, time.monotonic()
        with self.lock:
            kept = self.cards.get(entry.name)
        if kept is not None and now - kept[2] < old:
            return kept[1]
        stamp = (entry.kind, *(stamped(folder / name) for name in places.READ))
        if kept is not None and kept[0] == stamp and kept[1]["state"] not in CHANGING:
            with self.lock:
                self.cards[entry.name] = *kept[:2], now
            return kept[1]
        try:
            places.check(folder)
            card = of_study(folder, self.folder) if entry.kind == "study" else of_run(Run(folder))
        except (CondganError, OSError) as error:
            card = {"state": "damaged", "recipe": "", "error": in_one_line(str(error)), "figures": {}, "alarms": []}
        card |= {"name": entry.name, "kind": entry.kind, "changed": entry.changed}
        with self.lock:
            self.cards[entry.name] = stamp, card, now
            self.cards.move_to_end(entry.name)
            while len(self.cards) > MOST_CARDS:
                self.cards.popitem(last=False)
        return card

    def trials(self, study: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The cards of those trainings of a study that have a folder, by their names in it."""
        known = [name for name in names if (self.folder / study / name / "recipe.json").is_file()]
        return {name: self.card(Entry(f"{study}/{name}", "run", 0.0)) for name in known}

    def beside(self, run: str) -> list[dict[str, Any]]:
        """The studies that a run belongs to, or that are to cure it: their name, kind and verdict."""
        studies = [(one, self.card(one)) for one in self.entries() if one.kind == "study"]
        found = [(one, card) for one, card in studies if run.startswith(f"{one.name}/") or card.get("of") == run]
        return [
            {"study": one.name, "kind": card["recipe"], "state": card["state"], "verdict": card.get("verdict")}
            for one, card in found
        ]

    def running(self) -> list[str]:
        """The names of trainings that a process holds."""
        recent = [one for one in self.entries() if one.kind == "run" and time.time() - one.changed < 3600]
        return [one.name for one in recent if not self.is_still(one) and self.card(one)["state"] == "running"]

    def is_still(self, entry: Entry) -> bool:
        """Whether it did not run when its card was made, and nothing was written since."""
        with self.lock:
            kept = self.cards.get(entry.name)
        return kept is not None and kept[1]["changed"] == entry.changed and kept[1]["state"] not in CHANGING


def told(card: dict[str, Any], words: list[str]) -> bool:
    """Whether the name or the recipe has all the words."""
    text = f"{card['name']} {card['recipe']}".lower()
    return all(word in text for word in words)


def scan(folder: Path, depth: int = DEPTH, below: str = "") -> Iterator[Entry]:
    """Runs and studies below a folder; folders in a run or study are not looked at, nor hidden ones, nor what
    no address can name.
    """
    try:
        with os.scandir(folder) as found:
            inside = {one.name: one for one in found}
    except OSError:
        return
    if below and PLAN in inside:
        yield Entry(below, "study", changed(inside, "journal.jsonl", PLAN))
    elif below and "recipe.json" in inside:
        yield Entry(below, "run", changed(inside, "status.json", "recipe.json"))
    elif depth:
        for name, one in inside.items():
            if not name.startswith(".") and name.isprintable() and is_folder(one):
                yield from scan(folder / name, depth - 1, f"{below}/{name}" if below else name)


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder; one that a link leads to is not: it may lie anywhere."""
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def changed(inside: "dict[str, os.DirEntry[str]]", *names: str) -> float:
    """When the first of some files that is there was written."""
    for name in names:
        try:
            return inside[name].stat().st_mtime
        except (KeyError, OSError):
            continue
    return 0.0


def stamped(path: Path) -> tuple[int, int] | None:
    """What changes whenever a file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def of_run(run: Run) -> dict[str, Any]:
    """What a run's card shows.

    Raises:
        CondganError: its recipe, its status or its log is damaged.
    """
    check(run)
    recipe, status = run.recipe, run.status
    last, alarms, newest = seen(run.log, whole=status.state in ENDED)
    figures = {name: last_value([last], name) for name in HEADLINES} if last is not None else {}
    grid = newest_grid([run], run.folder)
    return {
        "state": status.state,
        "recipe": recipe.name,
        "data": recipe.data.source,
        "epoch": max(status.epoch, newest.epoch if newest else 0.0),
        "epochs": recipe.train.epochs,
        "step": max(status.step, newest.step if newest else 0),
        "reason": status.reason,
        "figures": {name: value for name, value in figures.items() if value is not None},
        "alarms": alarms,
        **grid,
    }


def of_study(folder: Path, runs: Path) -> dict[str, Any]:
    """What a study's card shows.

    Raises:
        CondganError: it is damaged.
    """
    study = Study.open(folder)
    begun, outcomes = study.read()
    grid = next(
        (one for name in reversed(begun) if (one := newest_grid([study.run(name)], folder)) and shows(one)), None
    )
    grid = grid or newest_grid([study.run(name) for name in begun[-1:]], folder)
    states = [one.state for one in outcomes.values()]
    kind, works, ordered = study.kind(), overview.at_work(study), planned.ordered(study)
    ended = studies.whole(len(begun), len(outcomes), ordered, works)
    return {
        "state": "finished" if ended else "running" if works else "open",
        "recipe": kind,
        "begun": len(begun),
        "ordered": ordered,
        "ended": len(outcomes),
        "outcomes": {state: states.count(state) for state in dict.fromkeys(states)},
        "of": studies.of_cure(study, runs),
        "verdict": studies.verdict(folder, kind),
        "figures": {},
        "alarms": [],
        **grid,
    }


def newest_grid(runs: list[Run], folder: Path) -> dict[str, Any]:
    """The newest grid of samples of some runs: its path below a folder, and when it was written."""
    grids = [one for run in runs for one in sorted(run.samples.glob("[0-9]*.png"))]
    newest = next(filter(places.is_png, reversed(grids)), None)
    stamp = None if newest is None else stamped(newest)
    if newest is None or stamp is None:
        return {"grid": None, "grid_written": None}
    return {"grid": newest.relative_to(folder).as_posix(), "grid_written": stamp[0] / 1e9}


def shows(grid: dict[str, Any]) -> bool:
    """Whether a grid is there that is not of the noise before the first step."""
    return grid["grid"] is not None and int(Path(grid["grid"]).stem) > 0
