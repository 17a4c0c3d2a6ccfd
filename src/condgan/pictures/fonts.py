"""Fonts for text in any script: matplotlib's own font, and for what it lacks those of the system."""

import importlib.util
import logging
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FALSE = ("lastresort", "blank")  # in names of fonts that have a box, or nothing, for every character
ODD = ("bold", "black", "italic", "oblique", "light", "thin", "mono", "serif")  # less legible at small sizes

log = logging.getLogger("condgan")
known: dict[str, str] = {}
"""The file of a font for a character that ours lacks; nothing where the system has none."""


@cache
def own() -> str:
    """The file of DejaVu Sans, which matplotlib brings along: Latin, Greek, Cyrillic, Arabic, Hebrew and symbols."""
    package = importlib.util.find_spec("matplotlib")  # an import would take long
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf")


def drawable(text: str) -> str:
    """A text of which every character has a glyph in ``own()`` or another font of this machine.

    Characters without one are written as they are composed (``Ａ`` as ``A``), else as escapes (``\\u732b``), which is
    said once in the log; invisible ones are left out.
    """
    if text.isascii() and text.isprintable():
        return text
    find(text)
    pieces = [character if known[character] else _substitute(character) for character in text]
    escaped = sorted({c for c, piece in zip(text, pieces, strict=True) if piece.startswith("\\") and c != piece})
    _notice("".join(escaped))
    return "".join(pieces)


def runs(text: str) -> list[tuple[str, str]]:
    """A drawable text as pieces, each with the file of the font that has its characters."""
    find(text)
    pieces: list[tuple[str, str]] = []
    for character in text:
        file = known[character]
        if pieces and (character == " " or pieces[-1][1] == file):
            pieces[-1] = (pieces[-1][0] + character, pieces[-1][1])
        else:
            pieces.append((character, file))
    return pieces


def families(text: str) -> list[str]:
    """The families with which matplotlib draws a drawable text: the user's, and those that have what it lacks."""
    from matplotlib import rcParams
    from matplotlib.font_manager import FontEntry, fontManager

    families = [*rcParams["font.family"], "DejaVu Sans"]
    for file in dict.fromkeys(file for _, file in runs(text) if file != own()):
        family = f"condgan: {file}"  # of our own: matplotlib's may lack the file, or know it in another weight only
        if all(entry.name != family for entry in fontManager.ttflist):
            fontManager.ttflist.append(FontEntry(fname=file, name=family, weight=400))
        families.append(family)
    return families


def find(text: Iterable[str]) -> None:
    """Find a font for each new character: one look at each font, since a machine may have hundreds."""
    from matplotlib.ft2font import FT2Font

    missing = set(text) - known.keys()
    for file in (own(), *system()) if missing else ():
        try:
            font = FT2Font(file)
            if font.scalable:  # pictures of emoji have one size
                has = {character for character in missing if font.get_char_index(ord(character))}
                known.update(dict.fromkeys(has, file))
                missing -= has
        except (OSError, RuntimeError):  # no font, or a damaged one
            continue
        if not missing:
            return
    known.update(dict.fromkeys(missing, ""))


@cache
def system() -> tuple[str, ...]:
    """The files of the system's fonts, upright ones of normal weight first."""
    from matplotlib import font_manager

    def rank(file: str) -> tuple[bool, bool, str]:
        name = Path(file).name.lower()
        return any(word in name for word in ODD), "regular" not in name, file

    files = font_manager.findSystemFonts()
    return tuple(sorted((file for file in files if not any(word in file.lower() for word in FALSE)), key=rank))


def _substitute(character: str) -> str:
    """What is written for a character that no font has."""
    if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":  # joiners, direction, variants
        return ""
    parts = unicodedata.normalize("NFKD", character)
    if parts != character:
        find(parts)
        if all(known[part] for part in parts):
            return parts
    return character.encode("unicode_escape").decode()


@cache
def _notice(characters: str) -> None:
    """Say that they are written as escapes."""
    if characters:
        shown = " ".join(characters[:12]) + (" ..." if len(characters) > 12 else "")
        log.warning("no font here has %s: pictures show escapes instead; fonts such as Noto have them", shown)
