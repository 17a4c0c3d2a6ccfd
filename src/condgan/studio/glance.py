"""A glance at the log of a run: its last evaluation, its alarms, how far it is, and whether it is one."""

import mmap
from pathlib import Path

from condgan.errors import CondganError
from condgan.results.records import AlarmRecord, EvaluationRecord, Record, from_line

EVALUATION, ALARM = b'"evaluation": ', b'"alarm": '  # as lines of logs have them


def seen(log: Path, *, whole: bool = False) -> tuple[EvaluationRecord | None, list[str], Record | None]:
    """The last evaluation in a log, the kinds of its alarms, and its last line; only these lines are parsed.

    While a training runs, its status tells of the last checkpoint, and its log of the last steps.

    Raises:
        CondganError: lines are no records; or the last one is cut, and ``whole`` says that none can be.
    """
    try:
        with open(log, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            check_lines(log, content, whole)
            record = parsed(content, content.rfind(EVALUATION))
            newest = parsed(content, content.rfind(b"\n") - 1)
            alarms, at = dict[str, None](), content.find(ALARM)
            while at >= 0:
                one = parsed(content, at)
                if isinstance(one, AlarmRecord):
                    alarms[one.alarm] = None
                at = content.find(ALARM, at + 1)
    except (OSError, ValueError):  # none yet, or empty
        return None, [], None
    return (
        record if isinstance(record, EvaluationRecord) else None,
        [*alarms],
        newest if isinstance(newest, Record) else None,
    )


def check_lines(log: Path, content: mmap.mmap, whole: bool) -> None:
    """Refuse a log whose lines do not look like records, at the cost of a look at its bytes.

    Raises:
        CondganError: there are such lines; or the last one is cut, and ``whole`` says that none can be.
    """
    text = content[:]
    lines, tail = text.count(b"\n"), not text.endswith(b"\n")
    begun, ended = text.count(b"\n{") + text.startswith(b"{"), text.count(b"}\n")
    newest = parsed(content, content.rfind(b"\n") - 1)
    if (begun, ended) != (lines + tail, lines) or (lines and newest is None):
        raise CondganError(f"{log} is damaged: it has lines that are no records; train anew, or restore it from a copy")
    if tail and whole:
        raise CondganError(f"{log} is damaged: it ends in the middle of a line; train anew, or restore it from a copy")


def parsed(content: mmap.mmap, at: int) -> object:
    """The record of the line around a place; none where it is not whole."""
    start, end = content.rfind(b"\n", 0, max(0, at)) + 1, content.find(b"\n", max(0, at))
    if at < 0 or end < 0:
        return None
    try:
        return from_line(content[start:end].decode("utf-8"))
    except ValueError:
        return None
