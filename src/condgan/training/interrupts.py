"""The signals that end a training, heard between two of its blocks rather than inside one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AT_ONCE = (signal.SIGINT, signal.SIGTERM)  # the second one ends the process
PATIENT = ("SIGHUP", "SIGUSR1")  # a closed terminal, which shell and system both report; Slurm's warning


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 set an event, so that a block ends and is saved.

    A second Ctrl-C or SIGTERM stops at once; a second SIGHUP or SIGUSR1 changes nothing. A signal that is ignored, as
    SIGHUP is under nohup, stays ignored; but for SIGINT, which shells ignore for all that runs in the background, and
    which `kill -INT` means. Afterwards the former handlers are back.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    patient = [getattr(signal, name) for name in PATIENT if hasattr(signal, name)]  # Windows lacks them
    before = {number: signal.getsignal(number) for number in (*AT_ONCE, *patient)}
    left = {None, signal.SIG_IGN}  # None: of a library in C, which Python cannot bring back
    heard = [number for number, handler in before.items() if handler not in left]
    if before[signal.SIGINT] is signal.SIG_IGN:
        heard.append(signal.SIGINT)

    def restore(*numbers: signal.Signals) -> None:
        for number in numbers:
            signal.signal(number, before[number])

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        if number in AT_ONCE:
            restore(*(number for number in AT_ONCE if number in heard))

    for number in heard:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore(*heard)
