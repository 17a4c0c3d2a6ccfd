"""All that has to be fast, in one run: each part against its baseline, and against the machine's limit."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from host import Host, Row, save, writable

HERE = Path(__file__).parent
PARTS = {
    "train_step": "training steps of each recipe, batch 64, 256 and 1024, and peak memory",
    "sampling": "labelled datasets",
    "evaluate": "condgan evaluate",
    "growth": "how cost grows with the number of images",
    "startup": "commands, from the shell",
}
HELP = f"""Run the benchmarks, one after the other, and write all ratios to one file, which compare.py reads.

Parts: {"; ".join(f"{name} ({what})" for name, what in PARTS.items())}. Each has options of its own when run alone.
"""
EPILOG = "Example: python benchmarks/bench.py startup sampling --json bench.json"


def main(
    parts: Annotated[list[str] | None, typer.Argument(metavar="[PART ...]", help="Default: all.")] = None,
    json_path: Annotated[
        Path, typer.Option("--json", metavar="PATH", callback=writable, help="Write all rows here.")
    ] = Path("bench.json"),
) -> None:
    chosen = parts or list(PARTS)
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]}: expected one of {', '.join(PARTS)}", param_hint="PART")
    host, rows, details = Host(), [], {}
    with tempfile.TemporaryDirectory() as folder:
        for part in chosen:
            print(f"\n== {PARTS[part]}", flush=True)
            found = Path(folder) / f"{part}.json"
            subprocess.run([sys.executable, str(HERE / f"{part}.py"), "--json", str(found)], check=True)
            details[part] = json.loads(found.read_text(encoding="utf-8"))
            rows += [Row(**row) for row in details[part].pop("rows")]
    save(json_path, host, rows, **details)
    print(f"\n{json_path}")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=HELP, epilog=EPILOG)(main)
    app()
