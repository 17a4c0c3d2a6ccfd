"""Recipes as text: ``section.field=value`` strings that change one, and JSON that anyone may have written."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from condgan.errors import CondganError, nearest
from condgan.recipe import Recipe, Section
from condgan.recipe.called import CALLED
from condgan.recipe.formats import upgraded
from condgan.streams import encodable

SHORT = {"engine": "machine.engine"}
"""Fields that may be set by a shorter name."""

SomeSection = TypeVar("SomeSection", bound=Section)

MOST_BYTES = 1 << 20  # of the JSON of a recipe


def to_json(recipe: Section) -> str:
    """The whole recipe as indented JSON, every field written out."""
    return encodable(json.dumps(recipe.model_dump(mode="json"), indent=2, ensure_ascii=False)) + "\n"


def override(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """The recipe with ``section.field=value`` strings applied, all errors reported at once.

    A field of every part of a section may be set on the section: ``optim.lr=1e-4`` sets ``optim.g.lr`` and
    ``optim.d.lr``. Later strings win.

    Raises:
        CondganError: naming each unknown field (with the nearest known one) and each value out of range.
    """
    values = recipe.model_dump()
    problems: list[str] = []
    for text in overrides:
        path, equals, value = str(text).partition("=")
        if not equals or not path:
            problems.append(f'"{text}" is not an override: write section.field=value, as in train.batch=128')
            continue
        targets = _targets(Recipe, SHORT.get(path, path).split("."))
        if not targets:
            problems.append(f'unknown field "{path}"{nearest(path, _paths(Recipe))}: `condgan recipes NAME` shows all')
        for target in targets:
            inner = values
            for name in target[:-1]:
                inner = inner[name]
            inner[target[-1]] = value
    try:
        changed = Recipe.model_validate(values)
    except ValidationError as error:
        problems += explain(error)
    if problems:
        raise CondganError("; ".join(dict.fromkeys(problems)))
    return changed


def present(recipe: Recipe, path: str) -> object:
    """The value of a field, or of the first of those that a path names.

    Raises:
        CondganError: there is no such field.
    """
    targets = _targets(Recipe, SHORT.get(path, path).split("."))
    if not targets:
        raise CondganError(f'unknown field "{path}"{nearest(path, _paths(Recipe))}: `condgan recipes NAME` shows all')
    value: object = recipe
    for name in targets[0]:
        value = getattr(value, name)
    return value


def differences(recipe: Recipe, base: Recipe, *left_out: str) -> list[str]:
    """The overrides that turn one recipe into another; without name, source, notes and the sections ``left_out``."""
    result: list[str] = []

    def compare(path: str, mine: Any, other: Any) -> None:
        if isinstance(mine, dict):
            for name in mine:
                compare(f"{path}.{name}" if path else name, mine[name], other[name])
        elif mine != other:
            result.append(f"{path}={typed(mine)}")

    excluded = {"name", "source", "notes", *left_out}
    compare("", recipe.model_dump(exclude=excluded), base.model_dump(exclude=excluded))
    return result


def typed(value: Any) -> str:
    """A value as it is typed in an override."""
    if isinstance(value, tuple):
        return ",".join(map(typed, value)) or "none"
    return "none" if value is None else str(value)


def override_section(name: str, section: SomeSection, overrides: Iterable[str]) -> SomeSection:
    """One section of a recipe with ``name.field=value`` strings applied.

    Raises:
        CondganError: another section's field, an unknown one, or a value out of range.
    """
    values = section.model_dump()
    for text in overrides:
        path, equals, value = text.partition("=")
        field = path.removeprefix(f"{name}.")
        if not equals or path == field or field not in values:
            known = ", ".join(f"{name}.{known}" for known in values)
            raise CondganError(f'"{text}" does not apply here{nearest(path, known.split(", "))}: expected {known}')
        values[field] = value
    try:
        return type(section).model_validate(values)
    except ValidationError as error:
        raise CondganError("; ".join(f"{name}.{clause}" for clause in explain(error))) from None


def explain(error: ValidationError) -> list[str]:
    """Each problem of a failed validation in one clause: field, what is wrong, what was given."""
    clauses = []
    for problem in error.errors(include_url=False):
        location = [str(part) for part in problem["loc"]]
        path, given = ".".join(location) or "recipe", problem["input"]
        if problem["type"] == "extra_forbidden":
            clauses.append(f'unknown field "{path}"{nearest(path, _paths(Recipe))}')
        elif problem["type"] == "value_error":
            value = f"={given}" if isinstance(given, str | int | float) else ""
            clauses.append(f"{path}{value}: {str(problem['msg']).removeprefix('Value error, ')}")
        else:
            hint = ""
            if problem["type"] == "literal_error" and isinstance(given, str):
                hint = nearest(given, re.findall("'([^']+)'", problem["ctx"]["expected"]), CALLED)
            message = problem["msg"][0].lower() + problem["msg"][1:]
            clauses.append(f"{path}={given if isinstance(given, str) else repr(given)[:80]}: {message}{hint}")
    return clauses


def read(path: Path) -> Recipe:
    """The recipe in a JSON file, as ``condgan recipes`` prints one; fields that it leaves out have their defaults.

    Raises:
        CondganError: the file cannot be read, is of a newer format, or is no valid recipe.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a device may have no end
            raise CondganError(f"{path} is no file: give the path of a recipe, as `condgan recipes NAME` prints one")
        with open(path, "rb") as file:
            text = file.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise CondganError(f"{path} has more than {MOST_BYTES} bytes: it is no recipe")
        return from_json(text, str(path))
    except OSError as error:
        raise CondganError(f"no recipe can be read from {path}: {error.strerror or error}") from None


def from_json(text: str | bytes, what: str) -> Recipe:
    """A recipe from JSON that someone else may have written.

    Raises:
        CondganError: ``what`` is of a newer format, or no valid recipe.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError
        raise CondganError(f"{what} is not JSON ({error})") from None
    return from_values(values, what)


def from_values(values: object, what: str) -> Recipe:
    """A recipe from parsed JSON that someone else may have written.

    Raises:
        CondganError: ``what`` is of a newer format, or no valid recipe.
    """
    values = upgraded(values, what)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise CondganError(f"{what} is not a recipe: {'; '.join(explain(error)[:5])}") from None


def _sections(model: type[Section]) -> dict[str, type[Section]]:
    return {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def _targets(model: type[Section], path: list[str]) -> list[list[str]]:
    """The fields that a path names: one, or one in each part of a section; none if it is unknown or a section."""
    head, rest = path[0], path[1:]
    sections = _sections(model)
    if head in sections:
        return [[head, *target] for target in _targets(sections[head], rest)] if rest else []
    if head in model.model_fields:
        return [] if rest else [path]
    if sections and len(sections) == len(model.model_fields) and len(set(sections.values())) == 1:
        return [[name, *target] for name, part in sections.items() for target in _targets(part, path)]
    return []


def _paths(model: type[Section], prefix: str = "") -> list[str]:
    """Every ``section.field`` of a recipe, for suggestions."""
    found = []
    for name in model.model_fields:
        section = _sections(model).get(name)
        found += _paths(section, f"{prefix}{name}.") if section else [prefix + name]
    return found
