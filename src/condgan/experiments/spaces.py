"""Spaces of settings: ``optim.lr=1e-5..1e-3:log``, ``train.batch=32,64,128``, ``optim.betas=0.5,0.999/0,0.9``."""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from condgan.errors import CondganError
from condgan.recipe import Recipe
from condgan.recipe.text import override, present

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
INTERVAL = re.compile(rf"(?P<low>{NUMBER})\.\.(?P<high>{NUMBER})(?P<log>:log)?", re.IGNORECASE)
INTERVAL_LIKE = re.compile(rf"{NUMBER}\.\.", re.IGNORECASE)
TOGETHER = re.compile(r"\+(?=\w+(?:\.\w+)+=)")
MOST_CHOICES = 1000
MOST_LISTED = 10_000  # settings of a space whose settings are listed


@dataclass(frozen=True)
class Interval:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        log: whether they are uniform on a logarithmic scale.
        whole: whether they are whole numbers.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def text(self, value: float) -> str:
        """A number of it as it is typed in an override."""
        return str(int(value)) if self.whole else repr(float(value))

    @property
    def values(self) -> range | None:
        """All of its whole numbers; none: it has others too."""
        return range(int(self.low), int(self.high) + 1) if self.whole else None


@dataclass(frozen=True)
class Choices:
    """Values as they are typed in an override; ``adamw+optim.weight_decay=0.01`` sets a second field with it."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Space:
    """A recipe, and what is varied in it.

    Attributes:
        base: with what was fixed.
        fields: the values of each field that is varied.
    """

    base: Recipe
    fields: dict[str, Interval | Choices]

    def recipe(self, setting: dict[str, Any]) -> Recipe:
        """The recipe of a setting: field -> number or text.

        Raises:
            CondganError: values that exclude each other.
        """
        return override(self.base, self.overrides(setting))

    def size(self) -> int | None:
        """How many settings it has; none: without end."""
        counts = [None if field.values is None else len(field.values) for field in self.fields.values()]
        return None if None in counts else math.prod(count for count in counts if count is not None)

    def others(self, known: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """All settings but known ones; empty where they are too many to be listed."""
        if (self.size() or MOST_LISTED + 1) > MOST_LISTED:
            return []
        values = [field.values or () for field in self.fields.values()]
        every = (dict(zip(self.fields, each, strict=True)) for each in itertools.product(*values))
        return [setting for setting in every if setting not in known]

    def overrides(self, setting: dict[str, Any]) -> list[str]:
        """A setting as overrides."""
        found = []
        for name, value in setting.items():
            field = self.fields[name]
            found += texts(name, field.text(value) if isinstance(field, Interval) else value)
        return found


def texts(name: str, value: str) -> list[str]:
    """A value of a field, and what it sets with it, as overrides."""
    return TOGETHER.split(f"{name}={value}")


def parse(base: Recipe, words: Sequence[str]) -> Space:
    """A space from words of the command line; a single value fixes its field.

    Commas separate choices of fields that hold one value; slashes those of fields that hold several, ``optim.betas``.
    A choice may set other fields with it: ``optim.name=adam,adamw+optim.weight_decay=0.01``.

    Raises:
        CondganError: naming all words that are no space of such a field, at once.
    """
    problems: list[str] = []
    given: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            problems.append(f'"{word}" is no field with values: write section.field=value, ...')
        elif not text.strip():
            problems.append(f"{word}: no value: give a range, as 1e-5..1e-3:log, choices, as 32,64, or one value")
        elif name in given:
            problems.append(f"{name} is given twice: give it once")
        else:
            given[name] = text
    varied: dict[str, Interval | Choices] = {}
    for name, text in sorted(given.items(), key=lambda item: _several(base, *item)):  # what is fixed comes first
        try:
            if _several(base, name, text):
                varied[name] = _field(base, name, text)
            else:
                base = override(base, texts(name, text.strip()))
        except CondganError as error:
            problems.append(str(error))
    if problems:
        raise CondganError("; ".join(dict.fromkeys(problems)))
    return Space(base, {name: varied[name] for name in given if name in varied})


def _several(base: Recipe, name: str, text: str) -> bool:
    """Whether a field is given more than one value."""
    try:
        separator = "/" if isinstance(present(base, name), tuple) else ","
    except CondganError:
        return True  # which is refused later
    return separator in text or INTERVAL_LIKE.match(text) is not None


def _field(base: Recipe, name: str, text: str) -> Interval | Choices:
    """The values of a field.

    Raises:
        CondganError: there is no such field, or it cannot have one of these values.
    """
    value = present(base, name)
    match = INTERVAL.fullmatch(text)
    if match is not None:
        if isinstance(value, bool | str | tuple):
            raise CondganError(f"{name}={text}: a range is for numbers, this is {value}: give choices, as a,b")
        low, high, log = float(match["low"]), float(match["high"]), match["log"] is not None
        whole = isinstance(value, int) and all(part.lstrip("+-").isdecimal() for part in (match["low"], match["high"]))
        if not low < high or (log and low <= 0):
            raise CondganError(f"{name}={text}: expected low..high{', above 0 with :log' if log else ''}")
        interval = Interval(low, high, log, whole)
        override(base, [f"{name}={interval.text(low)}"])
        override(base, [f"{name}={interval.text(high)}"])
        return interval
    if INTERVAL_LIKE.match(text):
        raise CondganError(f"{name}={text}: expected low..high, or low..high:log")
    values = tuple(part.strip() for part in text.split("/" if isinstance(value, tuple) else ","))
    repeated = [value for value in dict.fromkeys(values) if values.count(value) > 1]
    if repeated:
        raise CondganError(f"{name}={text}: {', '.join(repeated)} is given twice: give each value once")
    if len(values) > MOST_CHOICES:
        raise CondganError(f"{name}: {len(values)} values: give at most {MOST_CHOICES}")
    problems = []
    for choice in values:
        try:
            override(base, texts(name, choice))
        except CondganError as error:
            problems.append(str(error))
    if problems:
        raise CondganError("; ".join(problems))
    return Choices(values)
