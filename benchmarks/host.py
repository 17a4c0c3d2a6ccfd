"""The machine that a benchmark ran on, without which figures say nothing; and the form in which they are written."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console

WIDE = 120  # columns of a table that goes to a file


def on_stdout() -> Console:
    """As wide as the terminal, or as the tables need."""
    return Console(width=None if sys.stdout.isatty() else WIDE)


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    models = [entry.partition(":")[2].strip() for entry in text.splitlines() if entry.startswith("model name")]
    return models[0] if models else platform.machine()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


@dataclass(frozen=True)
class Host:
    """Found when it is made, so before the run."""

    processor: str = field(default_factory=_processor)
    cores: int = field(default_factory=_cores)
    """That this process may use."""
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))
    """Mean over the last minute; near the number of cores or above it, times are those of a busy machine."""
    system: str = field(default_factory=lambda: platform.platform(terse=True))
    python: str = field(default_factory=platform.python_version)
    torch: str = field(default_factory=lambda: metadata.version("torch"))
    condgan: str = field(default_factory=lambda: metadata.version("condgan"))

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} core(s), load average {self.load:.2f} before the run; "
            f"{self.system}, Python {self.python}, torch {self.torch}, condgan {self.condgan}"
        )


def writable(path: Path | None) -> Path | None:
    """Refuse now what could only fail after minutes."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise typer.BadParameter(f"{path} cannot be written: give a file in a folder that is there")
    return path


JsonPath = Annotated[
    Path | None, typer.Option("--json", metavar="PATH", callback=writable, help="Write every round here.")
]


@dataclass(frozen=True)
class Row:
    """What is compared from one version to the next: a ratio to a baseline of the same run, never a time."""

    name: str
    ratio: float
    of: str
    """What the ratio is of; more is better."""
    distance: float | None = None
    """From the machine's limit, as a factor, where it is known."""


def spread(ratios: Sequence[float]) -> str:
    """Median, smallest and largest."""
    return f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def save(path: Path, host: Host, rows: Sequence[Row], **details: object) -> None:
    """Write rows and whatever they come from as JSON."""

    def plain(value: object) -> object:
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        raise TypeError(f"{value!r} has no JSON")

    written = {"host": host, "rows": list(rows), **details}
    path.write_text(json.dumps(written, indent=2, default=plain) + "\n", encoding="utf-8")
