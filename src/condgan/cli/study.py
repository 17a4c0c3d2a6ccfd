"""What the commands of studies share: their progress, and tables of figures with their spread."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from condgan import streams

if TYPE_CHECKING:
    from condgan.experiments.executor import Working
    from condgan.experiments.table import Spread


SECONDS = 30.0  # between two lines about trials at work


@contextmanager
def progress(quiet: bool = False) -> Iterator[dict[str, Any]]:
    """Yield ``say`` and ``looked`` of a job: on a terminal a bar for each trial at work, elsewhere lines.

    A quiet one speaks on stderr: stdout is for JSON.
    """
    streams.news()
    if quiet or not sys.stdout.isatty():
        out = sys.stderr if quiet else sys.stdout

        def say(text: str) -> None:
            print(text, file=out, flush=True)

        yield {"say": say, "looked": _lines(say)}
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    live = Progress(*columns, console=Console())
    tasks: dict[str, TaskID] = {}

    def looked(working: "Sequence[Working]") -> None:
        for gone in tasks.keys() - {worker.trial.name for worker in working}:
            live.remove_task(tasks.pop(gone))
        for worker in working:
            if worker.steps:
                name = worker.trial.name
                if name not in tasks:
                    tasks[name] = live.add_task(name)
                live.update(tasks[name], completed=worker.at, total=worker.steps)

    with live:
        yield {"say": lambda text: live.console.print(text, markup=False, highlight=False), "looked": looked}


def _lines(say: Callable[[str], None]) -> "Callable[[Sequence[Working]], None]":
    """How far trials are, in a line every half minute if that has changed."""
    last, said = time.monotonic(), ""

    def looked(working: "Sequence[Working]") -> None:
        nonlocal last, said
        if time.monotonic() - last < SECONDS:
            return
        last = time.monotonic()
        text = ", ".join(f"{one.trial.name} {one.at / one.steps:.0%}" for one in working if one.steps)
        if text not in ("", said):
            said = text
            say(text)

    return looked


def trainings(count: int) -> str:
    """So many trainings, in words."""
    return f"{count} training{'' if count == 1 else 's'}"


def spread_table(spreads: "dict[str, Spread]", title: str) -> None:
    """Print figures over trainings."""
    from rich.console import Console
    from rich.table import Table

    from condgan.evaluation.comparison import METRICS
    from condgan.evaluation.summary import ARROWS

    shown = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="")
    for name in ("figure", ""):
        shown.add_column(name, no_wrap=True)
    floors = any(spread.floor is not None for spread in spreads.values())
    for name in ("mean", "spread", "lowest", "highest", "± se of one", *(["real floor"] if floors else [])):
        shown.add_column(name, justify="right", no_wrap=True)
    for spread in spreads.values():
        numbers = [spread.mean, spread.spread, min(spread.values), max(spread.values), spread.se, spread.floor]
        told = ["" if number is None else f"{number:.4g}" for number in numbers[: 6 if floors else 5]]
        shown.add_row(spread.name, ARROWS[METRICS[spread.metric].better] if spread.metric in METRICS else "", *told)
    Console(width=max(90, Console().width)).print(shown)
