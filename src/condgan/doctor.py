"""Checks of a machine: one line each, with the cure of what is wrong."""

import importlib.metadata
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TextIO

from condgan import threads
from condgan.errors import ArgumentError, CondganError

if TYPE_CHECKING:  # what it needs may be what is missing here
    from condgan.engines import Verdict

GIB = 2**30
PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    name: str
    ok: bool | None
    """True: as it should be; False: to be put right; None: information, or a warning if there is a cure."""
    result: str
    cure: str
    """What to do; empty where nothing is wrong."""


def checks(engine: str = "torch") -> list[Check]:
    """Check all that condgan and an engine need or can use. Takes seconds, changes nothing."""
    subjects: dict[str, Callable[[], Verdict]] = {
        "Python": _python,
        "system": _system,
        "condgan": partial(_version, "condgan"),
        "numpy": partial(_version, "numpy"),
        **_needs(engine),
        "cores": _cores,
        "memory": _memory,
        "disk": _disk,
        "data": _data,
    }
    subjects |= {f"extra {name}": partial(_extra, name, packages) for name, packages in _extras().items()}
    return [_guarded(name, look) for name, look in subjects.items()]


def _needs(engine: str) -> "dict[str, Callable[[], Verdict]]":
    try:
        from condgan import engines
    except ImportError as error:
        reason = str(error)
        return {engine: lambda: (False, f"does not import: {reason}", "pip install --force-reinstall condgan")}
    return engines.load(engine).needs()


def warm(engine: str, limit: int, output: TextIO) -> None:
    """Compile ahead what an engine compiles when it is first used, in a process of its own.

    Args:
        engine: its name.
        limit: seconds, after which the process is killed.
        output: a file that receives its output.

    Raises:
        CondganError: an unknown engine, it compiles nothing, it fails, or it takes longer.
    """
    from condgan import engines

    arguments = engines.load(engine).WARMING
    if not arguments:
        raise CondganError(f"engine={engine} compiles nothing ahead")
    print(f"compiling for engine={engine}: minutes, at most {limit} s", file=output, flush=True)
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=output, stderr=output, start_new_session=True
    ) as process:
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            raise ArgumentError(
                "limit", limit, "not compiled within this many seconds; compiled parts are kept: try again"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with the compilers that it started
    if process.returncode:
        raise CondganError(
            f"compiling failed with exit code {process.returncode}: `condgan doctor --engine {engine}` may say why"
        )


def _guarded(name: str, look: "Callable[[], Verdict]") -> Check:
    try:
        ok, result, cure = look()
    except Exception as error:  # whatever is wrong with this machine, the other lines are still of use
        ok, result, cure = False, f"{type(error).__name__}: {error}", ""
    return Check(name, ok, " ".join(result.split()), cure)


def _python() -> "Verdict":
    required = ".".join(map(str, PYTHON))
    old = sys.version_info < PYTHON
    return not old, platform.python_version(), f"install Python {required} or newer" if old else ""


def _system() -> "Verdict":
    name = f"{platform.system()} {platform.release()}"
    if sys.platform == "win32":
        return False, f"{name} is not supported", "install WSL (wsl --install) and run condgan inside it"
    return True if sys.platform in ("linux", "darwin") else None, name, ""


def _version(package: str) -> "Verdict":
    try:
        return True, importlib.metadata.version(package), ""
    except importlib.metadata.PackageNotFoundError:
        return False, "not installed", f"pip install {package}"


def _cores() -> "Verdict":
    cores, load = threads.cores(), os.getloadavg()[0]
    busy = "another job is running: training will be slow" if load > cores else ""
    return None, f"{cores} for this process, load average {load:.1f}", busy


def _memory() -> "Verdict":
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if sys.platform != "linux":
        return None, f"{total / GIB:.1f} GiB", ""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    cure = "close other programs, or train with a smaller batch" if available < GIB else ""
    return None if cure else True, f"{available / GIB:.1f} of {total / GIB:.1f} GiB available", cure


def _disk() -> "Verdict":
    free = shutil.disk_usage(".").free
    result = f"{free / GIB:.1f} GiB free in {os.getcwd()}"
    try:
        with tempfile.TemporaryFile(dir="."):
            pass
    except OSError as error:
        return False, f"{result}, not writable: {error.strerror}", "change to a folder of your own"
    return (True, result, "") if free >= GIB else (None, result, "a run with many grids may fill this: make room")


def _data() -> "Verdict":
    from condgan import data
    from condgan.evaluation import features
    from condgan.recipe import Data

    try:
        data.load(Data(), seed=0)
        features.SHIPPED[Data().source]()
    except CondganError as error:
        return False, str(error), "pip install --force-reinstall --no-deps condgan"
    return True, f"{Data().source} and its feature network are intact", ""


def _extras() -> dict[str, list[str]]:
    """The packages of each extra, from condgan's metadata; none where condgan is not installed."""
    try:
        lines = importlib.metadata.requires("condgan") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    extras: dict[str, list[str]] = {}
    for line in lines:
        package, extra = re.match(r"[\w.-]+", line), re.search(r"""extra\s*==\s*["']([\w.-]+)["']""", line)
        if package and extra:
            extras.setdefault(extra[1], []).append(package[0])
    return extras


def _extra(name: str, packages: list[str]) -> "Verdict":
    missing = [package for package in packages if not _version(package)[0]]
    if missing:
        return None, f"missing {', '.join(missing)}", f'pip install "condgan[{name}]"'
    return True, ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages), ""
