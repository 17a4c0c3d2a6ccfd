"""stdout and stderr of the command line: no print fails, whatever becomes of the terminal, the pipe or the disk."""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = getattr(select, "PIPE_BUF", 512)  # bytes that a pipe with room takes without blocking
SECONDS = 1.0  # that news wait for a reader


class Lasting(io.RawIOBase):
    """The raw end of a stream, which drops what cannot be written.

    Attributes:
        news: what is written is news of a training, which must neither wait for a reader nor count as lost.
        error: of the first bytes dropped, if they were no news.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw, self.news, self.stuck = raw, False, False
        self.error: Exception | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write the first bytes, or drop all -> how many are dealt with."""
        view = memoryview(data).cast("B")
        try:
            if not self.ready():
                return len(view)
            return self.raw.write(view[:PIECE]) or 0  # None: another process took the room; the buffer tries again
        except (OSError, ValueError) as error:  # a closed terminal, a reader that went away, a full disk
            if not self.news:
                self.error = self.error or error
            return len(view)

    def ready(self) -> bool:
        """Whether there is room: news wait a second for it, and not again before there is some."""
        if os.name == "nt":
            return True
        wait = None if not self.news else 0.0 if self.stuck else SECONDS
        self.stuck = not select.select([], [self.raw], [], wait)[1]
        return not self.stuck

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The number of the file."""
        return self.raw.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal, which may have been closed."""
        try:
            return self.raw.isatty()
        except (OSError, ValueError):
            return False


def protect() -> None:
    """Let the process's own stdout and stderr last; characters outside their encoding are written as escapes.

    A stream that was closed before the start becomes the null device, and so does its number: a file of a run that had
    it would be written into by whatever prints.
    """
    if None in (sys.stdout, sys.stderr):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            null = open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 (for good)
            setattr(sys, name, null)
        elif isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _lasting(stream))
        elif isinstance(stream, io.TextIOWrapper):  # of a caller that redirected it within this process
            stream.reconfigure(errors="backslashreplace")


def news() -> None:
    """What is written from now on is news: a training neither waits for its readers nor fails without them."""
    for stream in (sys.stdout, sys.stderr):
        end = _end(stream)
        if end is not None:
            end.news = True


def encodable(text: str, encoding: str | None = "utf-8") -> str:
    """A text with escapes for what an encoding lacks: in UTF-8, halves of surrogate pairs, of file names.

    The escapes of UTF-8 are those of JSON, so that a reader of JSON has the same text.
    """
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def lost() -> Exception | None:
    """The reason why a part of stdout is lost, if it is."""
    end = _end(sys.stdout)
    if end is None:
        return None
    sys.stdout.flush()
    return end.error


def _lasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """A stream that writes where this one does."""
    raw: Any = getattr(stream.buffer, "raw", stream.buffer)  # `python -u` has no buffer
    return io.TextIOWrapper(
        io.BufferedWriter(Lasting(raw)), encoding=stream.encoding, errors="backslashreplace",
        line_buffering=stream.line_buffering, write_through=stream.write_through,
    )  # fmt: skip


def _end(stream: object) -> Lasting | None:
    """The raw end of a protected stream."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, Lasting) else None


def plain(text: str, most: int = 300) -> str:
    """A text on one line, without characters that a terminal obeys."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= most else line[: most - 1] + "…"
