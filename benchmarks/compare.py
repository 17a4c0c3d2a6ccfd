"""Two runs of the benchmarks beside each other: what got faster, what slower."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from host import Row, on_stdout

NOISE = 0.1  # of a ratio: less is not called a change
HELP = """Compare what bench.py wrote before and after a change, ratio by ratio; more is better.

Ratios of two machines, or of a quiet and a busy one, compare badly: the machines are printed too.
"""
EPILOG = "Example: python benchmarks/compare.py old.json new.json"


def read(path: Path) -> tuple[str, dict[str, Row]]:
    """The machine, and the rows by name.

    Raises:
        typer.BadParameter: the file is not what bench.py writes.
    """
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        machine = "{processor}, {cores} core(s), load {load}, torch {torch}, condgan {condgan}".format(
            **written["host"]
        )
        rows = {row["name"]: Row(**row) for row in written["rows"]}
        if not all(row.ratio > 0 for row in rows.values()):
            raise ValueError("a ratio is not positive")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise typer.BadParameter(f"{path} is not what bench.py writes ({type(error).__name__}: {error})") from None
    return machine, rows


def verdict(old: Row, new: Row) -> str:
    change = new.ratio / old.ratio - 1
    return "" if abs(change) < NOISE else f"{change:+.0%} {'faster' if change > 0 else 'SLOWER'}"


def table(old: dict[str, Row], new: dict[str, Row]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for title in ("", "old", "new", "x limit old", "new", ""):
        shown.add_column(title, justify="right" if title else "left", no_wrap=True)
    for name in old | new:
        before, after = old.get(name), new.get(name)
        ratios = ["" if row is None else f"{row.ratio:.2f}" for row in (before, after)]
        distances = ["" if row is None or row.distance is None else f"{row.distance:.2f}" for row in (before, after)]
        said = verdict(before, after) if before and after else "only in one"
        shown.add_row(name, *ratios, *distances, said)
    return shown


def main(
    old: Annotated[Path, typer.Argument(help="Written before.")],
    new: Annotated[Path, typer.Argument(help="Written after.")],
) -> None:
    (before, old_rows), (after, new_rows) = read(old), read(new)
    console = on_stdout()
    console.print(f"old: {before}\nnew: {after}\n", highlight=False, soft_wrap=True)
    console.print(table(old_rows, new_rows), highlight=False)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
