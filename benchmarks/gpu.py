"""One run on a GPU: every part in a process of its own, with a limit of its own, and one JSON of all of them."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TOTAL = 540.0  # seconds, from the first line of gpu.sh
RESERVE = 15.0  # of them for ending processes and copying
GRACE = 8.0  # seconds that a part has after its own limit to save what it has
PICTURES = 7
RESULTS = "0-results.json"

Json = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A part of the run.

    Attributes:
        seconds: its limit; none: all that is left but ``leaves``.
        leaves: seconds that later parts need.
    """

    name: str
    seconds: float | None
    rehearsal: float
    leaves: float = 0.0


PARTS = (
    Part("machine", 20, 60),
    Part("tests", 70, 60),
    Part("steps", 85, 60),
    Part("sampling", 20, 60),
    Part("training", None, 90, leaves=42),
    Part("flagship", 32, 60),
)


def write(path: Path, content: Json) -> None:
    """Whole or not at all: a reader, and a kill, never meet half a file."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    new.replace(path)


def read(path: Path) -> Json:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def run(part: Part, command: list[str], seconds: float, scratch: Path) -> Json:
    """Run a part to its end or its limit -> what it has written until then, how it ended, and its last words."""
    scratch.mkdir()
    start = time.monotonic()
    with (scratch / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [*command, part.name, str(scratch), f"{seconds:.0f}"],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(seconds + GRACE)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    status = "finished" if code == 0 else "overran" if code is None else "failed"
    result = {"status": status, "seconds": round(time.monotonic() - start, 1), "limit": round(seconds, 1)}
    try:
        result |= read(scratch / "part.json")
    except ValueError as error:
        result |= {"status": "failed", "error": str(error)}
    if result["status"] != "finished":
        result["output"] = (scratch / "output.txt").read_text(encoding="utf-8", errors="replace")[-3000:]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    rehearsing = os.environ.get("CONDGAN_GPU_REHEARSAL") == "1"
    parser.add_argument("--rehearse", action="store_true", default=rehearsing, help="on the CPU, tiny, in a minute")
    parser.add_argument("--started", type=float, default=time.time(), help="when the run began, in seconds")
    parser.add_argument("--only", default=",".join(part.name for part in PARTS), help="parts, with commas")
    parser.add_argument("--parts", type=Path, default=HERE / "gpu_parts.py", help="what runs a part")
    parser.add_argument("--table", type=Path, metavar="JSON", help="print the Markdown table of a run, and end")
    options = parser.parse_args()
    if options.table:
        from gpu_table import table

        print(table(read(options.table)))
        return
    out = Path(os.environ.get("OUT") or HERE.parent / "gpu-results")
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("[1-9]-*.png"):
        old.unlink()
    ends = time.monotonic() + TOTAL - RESERVE - (time.time() - options.started)
    results: Json = {"rehearsal": options.rehearse, "parts": {}}
    command = [sys.executable, str(options.parts), *(["--rehearse"] if options.rehearse else [])]
    pictures: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        write(out / RESULTS, results)
        for part in PARTS:
            if part.name not in options.only.split(","):
                continue
            left = ends - time.monotonic() - GRACE
            limit = part.rehearsal if options.rehearse else part.seconds or left - part.leaves
            seconds = min(limit, left)
            print(f"{part.name}: at most {seconds:.0f} s", flush=True)
            if seconds < 5:
                results["parts"][part.name] = {"status": "skipped: no time was left"}
            else:
                scratch = Path(folder) / part.name
                results["parts"][part.name] = run(part, command, seconds, scratch)
                pictures += sorted(scratch.glob("*.png"))
            write(out / RESULTS, results)
            print(f"{part.name}: {results['parts'][part.name]['status']}", flush=True)
            for path in pictures:
                if path.parent.name == part.name and len(list(out.glob("[1-9]-*.png"))) < PICTURES:
                    shutil.copyfile(path, out / f"{len(list(out.glob('[1-9]-*.png'))) + 1}-{path.name}")


if __name__ == "__main__":
    main()
