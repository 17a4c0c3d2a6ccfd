"""Where a result comes from: versions, machine and command, as JSON-able facts."""

import platform
import sys
from datetime import UTC, datetime
from importlib import metadata


def version() -> str:
    """The version of this condgan."""
    return metadata.version("condgan")


def session() -> dict[str, str]:
    """When, with what, and by which command a stretch of work began."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(sys.argv),
        "condgan": version(),
        "python": platform.python_version(),
        "numpy": metadata.version("numpy"),
        "torch": metadata.version("torch"),
        "platform": platform.platform(),
        "processor": platform.machine(),
    }
