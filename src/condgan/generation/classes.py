"""Parsing classes: digits, names, or numbers -> class indexes."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

from condgan.arguments import shown
from condgan.errors import ArgumentError, CondganError, nearest
from condgan.recipe import Domain

MOST_NAMED = 12  # class names in an error


def parse(classes: str | int | Iterable[str | int], domain: Domain) -> npt.NDArray[np.int64]:
    """Classes as text or as a list -> (N,) class indexes.

    ``"2026"`` is four digits; ``"cat,dog,cat"`` (or with spaces) are class names; a list may hold either. Where the
    names are not numbers, a number is the index of a class.

    Raises:
        CondganError: the sequence is empty, or names an unknown class.
    """
    if isinstance(classes, int):
        classes = [classes]
    if not isinstance(classes, Iterable):
        raise ArgumentError("conditions", shown(classes), f"expected classes, as {','.join(domain.class_names[:3])}")
    names = tuple(_form(name) for name in domain.class_names)  # as typed, whatever a file system made of it
    if len(set(names)) < domain.classes:  # two differ by their form only
        names = domain.class_names
    elif isinstance(classes, str):
        classes = _form(classes)
    else:
        classes = [_form(str(token)) for token in classes]
    tokens = _split(classes, names) if isinstance(classes, str) else [str(token) for token in classes]
    if not tokens:
        raise CondganError(f"an empty sequence: name at least one class, such as {','.join(domain.class_names[:3])}")
    index = {name: number for number, name in enumerate(names)}
    if not all(name.isdecimal() for name in domain.class_names):
        index = {str(number): number for number in range(domain.classes)} | index
    unknown = [token for token in dict.fromkeys(tokens) if token not in index]
    if unknown:
        known = ", ".join(domain.class_names[:MOST_NAMED]) + (", ..." if domain.classes > MOST_NAMED else "")
        raise CondganError(
            f'no class "{unknown[0][:80]}"{nearest(unknown[0], names)}: this generator has {domain.classes} ({known})'
        )
    return np.array([index[token] for token in tokens], np.int64)


def _form(name: str) -> str:
    """A name in NFC, as keyboards write it; file systems may take it apart, and the locale C leaves it as bytes."""
    with suppress(UnicodeError):
        name = name.encode("utf-8", "surrogateescape").decode()
    return normalize("NFC", name)


def _split(text: str, names: Sequence[str]) -> list[str]:
    """The names and numbers in a text, without a check that they exist."""
    if text.strip() in names:
        return [text.strip()]
    if "," in text:  # a class name may contain spaces
        return [part.strip() for part in text.split(",") if part.strip()]
    parts = text.split()
    if len(parts) == 1 and all(len(name) == 1 for name in names):
        return list(parts[0])
    tokens: list[str] = []
    for part in parts:
        digits = len(names) <= 10 and part.isascii() and part.isdecimal() and part not in names
        tokens += part if digits else [part]  # "2026" is four classes where every number has one digit
    return tokens
