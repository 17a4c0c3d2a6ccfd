"""What names of files and folders tell: splits, an order in which 9 comes before 10, and classes by a pattern."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

from condgan.errors import CondganError

SPLITS = {
    **dict.fromkeys(("train", "training", "trn", "tr"), "train"),
    **dict.fromkeys(("validation", "val", "valid", "validate", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}
ENDINGS = re.compile(r"(set|sets|data|images|imgs|split|folder)$")
CLASS, SPLIT = "{class}", "{split}"
ASCII_DIGITS = re.compile(r"(\d+)", re.ASCII)


def split_of(name: str) -> str | None:
    """The split that a folder or table is named after, as ``Train``, ``train_set`` or ``val-images``; else none."""
    plain = re.sub(r"[^a-z]", "", name.casefold()) if re.fullmatch(r"[a-zA-Z_\- ]+", name) else ""
    return SPLITS.get(plain) or SPLITS.get(ENDINGS.sub("", plain))


def natural(name: str) -> tuple[list[str | int], str]:
    """A sorting key under which 9 comes before 10."""
    parts = ASCII_DIGITS.split(name.casefold())  # text and digits in turn
    return [int(part) if odd % 2 else part for odd, part in enumerate(parts)], name


def tidy(name: str) -> str:
    """A class name as it is typed: composed Unicode (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", name).strip()


class Pattern:
    """``{class}.*``, ``*/{class}_*.png`` or ``{split}/{class}/*``: where a path contains the class, and the split.

    ``*`` and the names in braces stand for any characters but ``/``, as few as fit; all else for itself. Each part of a
    path is matched in one pass from left to right, so that the time is linear in its length.
    """

    def __init__(self, text: str) -> None:
        """Parse it.

        Raises:
            CondganError: it does not contain ``{class}`` once, or two placeholders follow each other.
        """
        self.parts = [re.split(r"(\{class\}|\{split\}|\*+)", part) for part in text.split("/")]
        marks = [piece for part in self.parts for piece in part[1::2]]
        touching = any(not piece for part in self.parts for piece in part[2:-1:2])
        if marks.count(CLASS) != 1 or marks.count(SPLIT) > 1 or touching:
            raise CondganError(
                f"data.label_from={text}: expected a pattern with {CLASS} once, as '{CLASS}.*', '*/{CLASS}_*.png' or "
                f"'{SPLIT}/{CLASS}/*', or the name of a column of a table beside the images"
            )

    def match(self, path: PurePosixPath) -> tuple[str, str | None] | None:
        """Class and split of a path; none if it does not fit.

        The split is that of ``{split}``, or of a first folder that is named after one. The pattern may leave it out.
        """
        above = split_of(path.parts[0]) if len(path.parts) > 1 else None
        values = self.values(path.parts)
        if values is not None and CLASS in self.parts[0]:
            above = None  # its first folder is the class
        elif values is None and above is not None:
            values = self.values(path.parts[1:])
        if values is None:
            return None
        if SPLIT in values:
            above = split_of(values[SPLIT])
            if above is None:
                return None
        return values[CLASS], above

    def values(self, parts: Sequence[str]) -> dict[str, str] | None:
        """What the placeholders stand for; none if the pattern does not fit."""
        values: dict[str, str] = {}
        if len(parts) != len(self.parts):
            return None
        fit = all(fits(pieces, part, values) for pieces, part in zip(self.parts, parts, strict=True))
        return values if fit else None


def fits(pieces: Sequence[str], text: str, values: dict[str, str]) -> bool:
    """Whether a part of a path fits a part of a pattern: literals at even places, placeholders between them."""
    first, *rest = pieces
    if not text.startswith(first):
        return False
    position = len(first)
    for number, (mark, literal) in enumerate(zip(rest[::2], rest[1::2], strict=True), 1):
        last = 2 * number == len(rest)
        least = position + (0 if mark.startswith("*") else 1)
        end = text.find(literal, least)
        if last:
            end = len(text) - len(literal)
            if end < least or not text.endswith(literal):
                return False
        if end < 0:
            return False
        values[mark] = text[position:end]
        position = end + len(literal)
    return position == len(text)


def evident(paths: Sequence[PurePosixPath]) -> str | None:
    """The pattern by which file names evidently contain classes, as ``{class}.*`` for cat.0.png; none if none does.

    It is evident where it fits all names, gives two classes or more, each of two images or more on average, and classes
    are no counting numbers.
    """
    candidates = [f"{CLASS}{joint}*" for joint in "._- "] + [f"*{joint}{CLASS}.*" for joint in "_- "]
    for text in candidates:
        matched = [Pattern(text).match(path) for path in paths]
        classes = {match[0] for match in matched if match}
        counting = any(len(name) > 2 and name.isdecimal() for name in classes)
        counting |= text.startswith(f"{CLASS}.") and any(path.name.count(".") < 2 for path in paths)  # only an ending
        if all(matched) and 2 <= len(classes) <= len(paths) // 2 and not counting:
            return text
    return None
