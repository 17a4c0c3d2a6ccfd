"""The formats of recipes in files: this version writes the newest, and reads the older ones."""

from collections.abc import Callable
from typing import Any, Literal

from condgan.errors import CondganError

FORMAT: Literal[3] = 3

Values = dict[str, Any]


def engine_into_machine(values: Values) -> Values:
    """Format 1 had ``engine`` beside the sections; it says where a run computes, which is ``machine``'s subject."""
    if "engine" not in values:
        return values
    machine = values.get("machine", {})
    if not isinstance(machine, dict):
        return values
    rest = {name: value for name, value in values.items() if name != "engine"}
    return rest | {"machine": machine | {"engine": values["engine"]}}


BUILT_IN = ("mnist", "stacked-mnist")
"""The datasets of formats 1 and 2 that came with condgan: they are read as ever."""


def old_reading(values: Values) -> Values:
    """Format 2 read pixels by type and class folders by shape alone, and drew splits with the training's seed."""
    data = values.get("data", {})
    if not isinstance(data, dict) or data.get("source", BUILT_IN[0]) in BUILT_IN:
        return values
    return values | {"data": {"reading": 1, "split_seed": values.get("seed", 0)} | data}


UPGRADES: dict[int, Callable[[Values], Values]] = {1: engine_into_machine, 2: old_reading}
"""From a format to the next one."""


def upgraded(values: object, what: str) -> object:
    """Parsed JSON in the newest format; what is no recipe at all stays as it is.

    Raises:
        CondganError: ``what`` is of a newer format than this version knows.
    """
    if not isinstance(values, dict):
        return values
    version = values.get("format", 1)
    if isinstance(version, int) and version > FORMAT:
        raise CondganError(f"{what} has recipe format {version}, this condgan reads up to {FORMAT}: upgrade condgan")
    while isinstance(version, int) and version in UPGRADES:
        values, version = UPGRADES[version](values), version + 1
        values = values | {"format": version}
    return values
