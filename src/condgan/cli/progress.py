"""Progress on stderr: a live line or bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 10.0  # between two lines of ``counting``


@contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows a message: on a terminal, in place of the one before."""
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as line:
        yield lambda text: line.update(escape(text))


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows (done, count): a bar on a terminal, a line every ten seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn(what), TextColumn("ETA"), TimeRemainingColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what)

    def show(done: int, count: int) -> None:
        bar.start()  # only now, and once: a command that counts nothing shows no bar
        bar.update(task, completed=done, total=count)

    try:
        yield show
    finally:
        bar.stop()


def _lines(what: str) -> Callable[[int, int], None]:
    started = last = time.monotonic()

    def show(done: int, count: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SECONDS:
            last = now
            rate = done / (now - started)
            print(f"{done:,} of {count:,} {what}, {rate:,.0f} a second", file=sys.stderr, flush=True)

    return show
