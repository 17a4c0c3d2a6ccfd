"""What the commands of studies share: their progress, and tables of figures with their spread."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from condgan import streams

if TYPE_CHECKING:
    from condgan.experiments.executor import Working
    from condgan.experiments.table import Spread


@contextmanager
def progress(quiet: bool = False) -> Iterator[dict[str, Any]]:
    """Yield ``say`` and ``looked`` of a job: on a terminal a bar for each trial at work, elsewhere lines.

    A quiet one speaks on stderr: stdout is for JSON.
    """
    streams.news()
    if quiet or not sys.stdout.isatty():
        out = sys.stderr if quiet else sys.stdout
        yield {"say": lambda text: print(text, file=out, flush=True), "looked": lambda working: None}
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


def spread_table(spreads: "dict[str, Spread]", title: str) -> None:
    """Print figures over trainings."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, title=title, title_justify="left", title_style="")
    shown.add_column("figure", no_wrap=True)
    for name in ("mean", "spread", "lowest", "highest", "± se of one"):
        shown.add_column(name, justify="right", no_wrap=True)
    for spread in spreads.values():
        numbers = (spread.mean, spread.spread, min(spread.values), max(spread.values), spread.se)
        shown.add_row(spread.name, *("" if number is None else f"{number:.4g}" for number in numbers))
    Console(width=max(80, Console().width)).print(shown)
