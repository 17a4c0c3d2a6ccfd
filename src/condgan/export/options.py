"""Which options of ``export.to_file`` go together."""

from collections.abc import Mapping
from typing import Any

from condgan import arguments
from condgan.errors import ArgumentError, CondganError
from condgan.generation.counts import MOST
from condgan.pictures.labelling import WORDS

CONFLICTS: dict[str, tuple[str, ...]] = {
    "sequence": ("index", "grid", "per_class", "counts", "balance", "conditions"),
    "index": ("grid", "per_class", "counts", "balance", "conditions"),
    "grid": ("per_class", "count", "counts", "balance", "conditions", "walk", "exact"),
    "per_class": ("count", "counts", "balance", "conditions", "walk", "scale", "exact"),
    "count": ("counts", "balance", "conditions", "walk", "scale", "exact"),
    "counts": ("balance", "conditions", "walk", "scale", "exact"),
    "balance": ("conditions", "walk", "scale", "exact"),
    "conditions": ("walk",),
    "scale": ("exact",),
    "visible_label": ("per_class", "count", "counts", "balance", "format"),
    "format": ("grid", "walk", "exact", "scale"),
    "truncation": ("per_class", "count", "counts", "balance", "format", "keep"),
    "keep": ("grid", "walk", "conditions", "exact", "scale"),
}
"""Options that exclude each other: each row's name, and all of its list."""
TEXTS = ("sequence", "index", "counts", "walk", "format")
NUMBERS = {"per_class": MOST, "count": MOST, "scale": 64, "shard_size": 10_000_000}
"""Options that are text, and those that are whole numbers from 1 on."""
DATASETS = ("per_class", "count", "counts", "balance")
"""Options that ask for a dataset."""


def check(given: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other, or that need another one; those that were not given are None or False.

    Raises:
        CondganError: in one line, with their names.
    """
    for name in TEXTS:
        if given[name] is not None:
            arguments.text(name, given[name])
    for name, most in NUMBERS.items():
        if given[name] is not None:
            arguments.integer(name, given[name], 1, most)
    names = [name for name, value in given.items() if value is not None and value is not False]
    clashing = {name for one in names for other in names if other in CONFLICTS.get(one, ()) for name in (one, other)}
    if clashing:
        listed = " and ".join(f"`{name}`" for name in names if name in clashing)
        raise CondganError(f"{listed} were given: choose one")
    if "count" in names and not {"sequence", "index"} & {*names}:
        raise ArgumentError(
            "count", given["count"], "of which classes? Name them in `sequence`; `per_class` generates all"
        )
    for name in ("keep", "shard_size"):
        if name in names and not {*DATASETS, "format"} & {*names}:
            raise ArgumentError(name, given[name], "goes with a dataset: `per_class`, `count`, `counts` or `balance`")
    if "frames" in names and "walk" not in names:
        raise ArgumentError("frames", given["frames"], "goes with `walk`")
    language = given["visible_label"]
    if language is not None and language not in WORDS:
        raise ArgumentError("visible_label", arguments.shown(language), f"expected {' or '.join(WORDS)}")
