"""Where a result comes from: versions, machine and command, as JSON-able facts."""

import platform
import sys
from datetime import UTC, datetime
from importlib import metadata

from condgan.storage import privacy

FRAMEWORKS = ("numpy", "torch", "jittor")


def version() -> str:
    """The version of this condgan."""
    return metadata.version("condgan")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def session() -> dict[str, str]:
    """When, with what, and by which command a stretch of work began; no passwords, no places outside this folder."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": privacy.command(sys.argv),
        "condgan": version(),
        "python": platform.python_version(),
        **{name: installed for name in FRAMEWORKS if (installed := _version(name))},
        "platform": platform.platform(),
        "processor": platform.machine(),
    }
