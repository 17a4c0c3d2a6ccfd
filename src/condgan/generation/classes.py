"""Classes by name, as text or as a list, and by position -> class indexes."""

import operator
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from unicodedata import normalize

import numpy as np

from condgan import arguments
from condgan.arguments import shown
from condgan.arrays import Labels
from condgan.errors import ArgumentError, CondganError, nearest
from condgan.recipe import Domain

MOST_NAMED = 12  # class names in a message

Classes = str | int | Iterable[str | int]


def parse(classes: Classes, domain: Domain, positions: bool = False) -> Labels:
    """Classes by name, as text or as a list -> (N,) class indexes.

    ``"2026"`` is four classes where each name has one character; ``"cat,dog,cat"`` (or with spaces) are names; a list
    may hold either. A number is the name that it is written as. Names in different Unicode forms are equal.

    Args:
        classes: text, a number, or an iterable of both.
        domain: of the generator.
        positions: where the names are not numbers, a number is also the index of a class, as in old recipes.

    Raises:
        CondganError: the sequence is empty, or names an unknown class.
    """
    if (number := _whole(classes)) is not None:
        classes = str(number)
    if not isinstance(classes, Iterable):
        raise ArgumentError("conditions", shown(classes), f"expected classes, as {','.join(domain.class_names[:3])}")
    index = by_name(domain)
    old = positions and not all(name.isdecimal() for name in domain.class_names)
    if old:
        index = {str(number): number for number in range(domain.classes)} | index
    tokens = _split(classes, index, domain, old) if isinstance(classes, str) else list(map(str, classes))
    if not tokens:
        raise CondganError(f"an empty sequence: name at least one class, such as {','.join(domain.class_names[:3])}")
    return np.array([one(token, index, domain) for token in tokens], np.int64)


def by_name(domain: Domain) -> dict[str, int]:
    """The index of each class by its name, as it is and in Unicode's composed form."""
    index = {composed(name): number for number, name in enumerate(domain.class_names)}
    return index | {name: number for number, name in enumerate(domain.class_names)}


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC): equal for names that look equal, also where the locale left bytes."""
    with suppress(UnicodeError):
        name = name.encode("utf-8", "surrogateescape").decode()
    return normalize("NFC", name)


def one(token: str, index: dict[str, int], domain: Domain) -> int:
    """The index of the class of this name.

    Raises:
        CondganError: there is none; the message says which was probably meant.
    """
    number = index.get(token, index.get(composed(token)))
    if number is not None:
        return number
    names = domain.class_names
    known = ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
    close, cure = nearest(token, names), ""
    if token.isdecimal() and not all(name.isdecimal() for name in names):
        numbered = _numbered(token, names)
        close = f' (did you mean "{numbered}"?)' if numbered else close
        cure = f"; `index` takes positions, 0 to {len(names) - 1}"
    raise CondganError(f'no class "{token[:80]}"{close}: this generator has {len(names)} ({known}){cure}')


def positions(index: Classes, domain: Domain) -> Labels:
    """Classes by position, ``"3,0"``, ``3`` or ``[3, 0]`` -> (N,) class indexes.

    Raises:
        CondganError: there is no number, or one is not a position.
    """
    if isinstance(index, str):
        index = [int(part) if re.fullmatch(r"[0-9]{1,9}", part) else part for part in index.replace(",", " ").split()]
    elif (number := _whole(index)) is not None:
        index = [number]
    if not isinstance(index, Iterable):
        raise ArgumentError("index", shown(index), "expected positions of classes, as 3,0")
    numbers = [arguments.integer("index", number, 0, domain.classes - 1) for number in index]
    if not numbers:
        raise ArgumentError("index", '""', f"expected positions of classes, 0 to {domain.classes - 1}, as 3,0")
    return np.array(numbers, np.int64)


def exact(names: Sequence[str], domain: Domain) -> Labels:
    """Classes by their exact names, as files have them -> (N,) class indexes.

    Raises:
        CondganError: the generator lacks one.
    """
    index = {name: number for number, name in enumerate(domain.class_names)}
    unknown = [name for name in names if name not in index]
    if unknown:
        raise CondganError(f'this generator has no class "{unknown[0][:80]}"')
    return np.array([index[name] for name in names], np.int64)


def counted(labels: Labels, domain: Domain) -> str:
    """How many of each class, in order of appearance: ``cat=500, dog=20``; of many classes the first."""
    counts = np.bincount(labels, minlength=domain.classes)
    order = [int(label) for label in dict.fromkeys(labels.tolist())]
    words = ", ".join(f"{domain.class_names[label]}={counts[label]}" for label in order[:MOST_NAMED])
    return words + (f", ... ({len(order)} classes)" if len(order) > MOST_NAMED else "")


def _whole(value: Any) -> int | None:
    """A whole number, numpy's too; None for anything else."""
    try:
        return operator.index(value)
    except TypeError:
        return None


def _numbered(token: str, names: tuple[str, ...]) -> str | None:
    """The class whose name ends in this number, else one that contains it: ``3`` -> ``Sample003``."""
    number = token.lstrip("0")
    for pattern in (r"[0-9]+$", r"[0-9]+"):
        for name in names:
            if any(digits.lstrip("0") == number for digits in re.findall(pattern, name)):
                return name
    return None


def _split(text: str, index: dict[str, int], domain: Domain, digits: bool) -> list[str]:
    """The names in a text, without a check that they exist; ``digits`` are split where classes are few."""
    for whole in (text, text.strip()):
        if whole in index or composed(whole) in index:
            return [whole]
    if "," in text:  # a class name may contain spaces
        return _between_commas(text.split(","), index)
    parts = text.split()
    if all(len(composed(name)) == 1 for name in domain.class_names):
        return [letter for part in parts for letter in composed(part)]
    if digits and domain.classes <= 10:
        few = [part.isascii() and part.isdecimal() and part not in domain.class_names for part in parts]
        return [token for part, split in zip(parts, few, strict=True) for token in (part if split else [part])]
    return parts


def _between_commas(parts: list[str], index: dict[str, int]) -> list[str]:
    """The names in parts of a text, of which the longest name takes the parts that it contains: it may have commas."""
    most = max((name.count(",") for name in index), default=0) + 1
    tokens, start = [], 0
    while start < len(parts):
        for end in range(min(start + most, len(parts)), start, -1):
            token = ",".join(parts[start:end])
            token = token if token in index else token.strip()
            if token in index or composed(token) in index:
                break
        tokens.append(token)
        start = end
    return [token for token in tokens if token]
