"""Progress on stderr, for commands whose stdout is their result: a live line on a terminal, sentences elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SENTENCE_EVERY = 10.0  # seconds


@contextmanager
def status() -> Iterator[Callable[[str], None]]:
    """Shows each sentence that it is called with: on a terminal, in place of the one before."""
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("") as line:
        yield lambda text: line.update(escape(text))


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of how many are done: a bar on a terminal, a sentence every ten seconds elsewhere.

    Nothing is shown before its first call.
    """
    if not sys.stderr.isatty():
        yield _sentences(what)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn(what), TextColumn("ETA"), TimeRemainingColumn()
    live = Progress(*columns, console=Console(stderr=True), transient=True)
    task = live.add_task(what)

    def tell(done: int, count: int) -> None:
        live.start()  # which does nothing once it has
        live.update(task, completed=done, total=count)

    try:
        yield tell
    finally:
        live.stop()


def _sentences(what: str) -> Callable[[int, int], None]:
    started = last = time.monotonic()

    def tell(done: int, count: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= SENTENCE_EVERY:
            last = now
            rate = done / (now - started)
            print(f"{done:,} of {count:,} {what}, {rate:,.0f} a second", file=sys.stderr, flush=True)

    return tell
