"""The lines of a table of pixels: a row that is larger than any image is refused before it is held or parsed."""

import io
from collections.abc import Iterator
from pathlib import Path

from condgan.arrays import MAX_SIZE, MIN_SIZE
from condgan.data.memory import LARGEST
from condgan.errors import CondganError

WIDEST = 3 * MAX_SIZE * MAX_SIZE + 1  # columns of a row: the pixels and the label
LONGEST = WIDEST * 32  # characters of a row
PIECE = 1 << 20  # characters of a line that are read at a time
DELIMITERS = "\t;,"


class TooLargeError(CondganError):
    """A row, or the whole, is larger than any table of pixels."""


class Lines(Iterator[str]):
    """The lines of a text, read in pieces, so that a row is refused before it is held or parsed.

    Quotes let a row run over lines: what is counted is counted until ``end_row``.

    Raises:
        TooLargeError: a row, or the whole, is too large.
    """

    def __init__(self, path: Path, text: io.TextIOWrapper) -> None:
        self.path, self.text = path, text
        self.separators = dict.fromkeys(DELIMITERS, 0)  # in this row so far, by what may separate columns
        self.length = self.total = 0  # characters of this row so far, and of all

    def __next__(self) -> str:
        """The next line, with its end."""
        pieces: list[str] = []
        while piece := self.text.readline(PIECE):
            self.check(piece)
            pieces.append(piece)
            if piece.endswith(("\n", "\r")):
                break
        if not pieces:
            raise StopIteration
        return "".join(pieces)

    def check(self, piece: str) -> None:
        """Count a piece."""
        for delimiter in self.separators:
            self.separators[delimiter] += piece.count(delimiter)
        self.length += len(piece)
        self.total += len(piece)
        if max(self.separators.values()) >= WIDEST:
            raise TooLargeError(
                f"{self.path} has a row of more than {WIDEST} columns: expected a label and N*N (grey) or 3*N*N (red, "
                f"green, blue) pixels, N from {MIN_SIZE} to {MAX_SIZE}"
            )
        if self.length > LONGEST or self.total > LARGEST:
            what, most = ("a row", LONGEST) if self.length > LONGEST else ("text", LARGEST)
            raise TooLargeError(f"{self.path} has {what} of more than {most >> 20} MiB: expected a table of pixels")

    def end_row(self) -> None:
        """Count the next row from here."""
        self.separators = dict.fromkeys(self.separators, 0)
        self.length = 0
