"""Parsing classes: digits, names, or numbers -> class indexes."""

from collections.abc import Iterable

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
    tokens = _split(classes, domain) if isinstance(classes, str) else [str(token) for token in classes]
    if not tokens:
        raise CondganError(f"an empty sequence: name at least one class, such as {','.join(domain.class_names[:3])}")
    index = {name: number for number, name in enumerate(domain.class_names)}
    if not all(name.isdecimal() for name in domain.class_names):
        index = {str(number): number for number in range(domain.classes)} | index
    unknown = [token for token in dict.fromkeys(tokens) if token not in index]
    if unknown:
        known = ", ".join(domain.class_names[:MOST_NAMED]) + (", ..." if domain.classes > MOST_NAMED else "")
        raise CondganError(
            f'no class "{unknown[0][:80]}"{nearest(unknown[0], domain.class_names)}: '
            f"this generator has {domain.classes} ({known})"
        )
    return np.array([index[token] for token in tokens], np.int64)


def _split(text: str, domain: Domain) -> list[str]:
    """The names and numbers in a text, without a check that they exist."""
    if text.strip() in domain.class_names:
        return [text.strip()]
    if "," in text:  # a class name may contain spaces
        return [part.strip() for part in text.split(",") if part.strip()]
    parts = text.split()
    if len(parts) == 1 and all(len(name) == 1 for name in domain.class_names):
        return list(parts[0])
    tokens: list[str] = []
    for part in parts:
        digits = domain.classes <= 10 and part.isascii() and part.isdecimal() and part not in domain.class_names
        tokens += part if digits else [part]  # "2026" is four classes where every number has one digit
    return tokens
