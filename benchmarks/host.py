"""The machine that a benchmark ran on: figures without it say nothing."""

import os
import platform
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import typer


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
