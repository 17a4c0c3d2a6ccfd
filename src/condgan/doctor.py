"""Checks of a machine: one line each, with the cure of a problem."""

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

if TYPE_CHECKING:  # this file must import even where numpy or torch does not
    from condgan.engines import Verdict

GIB = 2**30
PYTHON = (3, 11)


@dataclass(frozen=True)
class Check:
    """One check and its result."""

    name: str
    ok: bool | None  # True: as it should be; False: to be fixed; None: information, or a warning if there is a cure
    result: str
    cure: str  # what to do; empty where nothing is wrong


def checks(engine: str = "torch") -> list[Check]:
    """Check everything that condgan and an engine need or can use. Takes seconds, changes nothing."""
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
        **{f"extra {name}": partial(_extra, name, packages) for name, packages in _extras().items()},
    }
    return [_checked(name, check) for name, check in subjects.items()]


def _checked(name: str, check: "Callable[[], Verdict]") -> Check:
    try:
        ok, result, cure = check()
    except Exception as error:  # whatever fails on this machine, the other checks are still useful
        ok, result, cure = False, f"{type(error).__name__}: {error}", ""
    return Check(name, ok, " ".join(result.split()), cure)


def _needs(engine: str) -> "dict[str, Callable[[], Verdict]]":
    try:
        from condgan import engines
    except ImportError as error:
        verdict = False, f"does not import: {error}", "pip install --force-reinstall condgan"
        return {engine: lambda: verdict}
    return engines.load(engine).needs()


def warm(engine: str, limit: int, output: TextIO) -> None:
    """Compile, in a process of its own, the code that an engine compiles at its first use.

    Args:
        engine: its name.
        limit: seconds after which the process is killed.
        output: an open file for the output of the process.

    Raises:
        CondganError: the engine is unknown or compiles nothing, or the process fails or exceeds the limit.
    """
    from condgan import engines

    arguments = engines.load(engine).WARMING
    if not arguments:
        raise CondganError(f"engine={engine} compiles nothing ahead")
    print(f"compiling for engine={engine}: minutes, at most {limit} s", file=output, flush=True)
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True) as process:
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            raise ArgumentError(
                "limit", limit, "not compiled within this many seconds; compiled parts are kept: try again"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # and the compilers that it started
    if process.returncode:
        raise CondganError(
            f"compiling failed with exit code {process.returncode}: `condgan doctor --engine {engine}` may say why"
        )


def _python() -> "Verdict":
    old = sys.version_info < PYTHON
    cure = f"install Python {'.'.join(map(str, PYTHON))} or newer" if old else ""
    return not old, platform.python_version(), cure


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
    result = f"{available / GIB:.1f} of {total / GIB:.1f} GiB available"
    return (True, result, "") if available >= GIB else (None, result, "close other programs, or use a smaller batch")


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
        data.load(Data())
        features.SHIPPED[Data().source]()
    except CondganError as error:
        return False, str(error), "pip install --force-reinstall --no-deps condgan"
    return True, f"{Data().source} and its feature network are intact", ""


def _extras() -> dict[str, list[str]]:
    """The packages of each extra, from condgan's metadata; empty where condgan is not installed."""
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
    versions = {package: _version(package) for package in packages}
    missing = [package for package, (installed, *_) in versions.items() if not installed]
    if missing:
        return None, f"missing {', '.join(missing)}", f'pip install "condgan[{name}]"'
    return True, ", ".join(f"{package} {version}" for package, (_, version, _) in versions.items()), ""
