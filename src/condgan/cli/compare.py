"""Comparing trainings: ``compare``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from condgan.cli.command import command

if TYPE_CHECKING:
    from rich.table import Table

    from condgan.experiments.comparison import Comparison, Pair
    from condgan.experiments.differences import Difference, Sample


@command(epilog="Example: condgan compare runs/A runs/B@100 -o compared")
def compare(
    paths: Annotated[
        list[str], typer.Argument(help="Runs, studies of seeds or folders of such runs; RUN@100: after epoch 100.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for JSON, curves and pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Compare trainings: the first with each other one.

    What differs in their recipes, and for each figure whether it is better, worse, or not distinguishable from the
    chance of another seed.
    """
    from condgan.experiments.comparison import compare as compared

    found = compared(*paths, output=output)
    if as_json:
        print(json.dumps(found.as_json(), allow_nan=False))
        return
    report(found)


def report(found: "Comparison") -> None:
    """Print the recipes' differences, the figures of each pair with a sentence each, and what they rest on."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=max(110, Console().width))
    names = [side.path for side in found.sides]
    recipes = Table(box=None, pad_edge=False)
    for name in ("recipe", *names):
        recipes.add_column(name, overflow="fold")
    for field, values in found.recipes.items():
        recipes.add_row(field, *values)
    recipes.add_row("epochs trained", *(f"{epoch:g}" for epoch in found.epochs))
    recipes.add_row("trainings", *(str(len(side.runs)) for side in found.sides))
    console.print(recipes, markup=False, highlight=False)
    how = ", ".join(f"{name} {value}" for name, value in found.protocol.items())
    print(f"\nmeasured alike: {how}")
    for pair in found.pairs:
        print()
        console.print(pair_table(pair), markup=False, highlight=False)
    for line in (*found.notices, *map(str, found.files)):
        print(line)


def pair_table(pair: "Pair") -> "Table":
    """The figures of a pair."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    shown.add_column("figure", no_wrap=True)
    for name in (pair.a, pair.b):
        shown.add_column(name, justify="right", overflow="fold")
    shown.add_column(f"{pair.b} is", overflow="fold")
    for name, one in pair.figures.items():
        shown.add_row(name, told(one.a), told(one.b), sentence(one))
    return shown


def told(side: "Sample") -> str:
    """A mean with the spread between trainings."""
    return f"{side.mean:.4g}" + ("" if side.spread is None else f" ± {side.spread:.2g}")


def sentence(one: "Difference") -> str:
    """What is known of a difference, in words."""
    from condgan.experiments.comparison import WORDS

    seeds = "" if one.seeds is None else f"; {one.seeds} seeds a side would show it"
    if one.verdict == "cannot-know":
        return WORDS[one.verdict] + (
            "" if one.seeds is None else f": {one.seeds} seeds a side would show such a difference"
        )
    if one.low is None or one.high is None:
        return WORDS[one.verdict]
    if one.verdict == "not-distinguishable" and vague(one):
        return f"{WORDS[one.verdict]}: so few trainings bound nothing{seeds}"
    if one.verdict == "not-distinguishable":
        largest = max(abs(one.a.mean), abs(one.b.mean))  # more than that is no news: 2.5 of a recall
        known = one.detectable is not None and one.detectable <= largest
        least = f"; {one.detectable:.2g} would have shown" if known else ""
        among = " among so many figures" if one.low * one.high > 0 else ""  # alone it would be
        return f"{WORDS[one.verdict]}{among} ({one.low:.2g} to {one.high:+.2g}{least}{seeds})"
    return f"{WORDS[one.verdict]} by {abs(one.difference):.2g} ({one.low:.2g} to {one.high:.2g})"


def vague(one: "Difference") -> bool:
    """Whether an interval is so wide that its ends say nothing, as with two trainings a side."""
    reach = max(abs(one.low or 0.0), abs(one.high or 0.0))
    return reach > 10 * max(map(abs, (*one.a.values, *one.b.values)))
