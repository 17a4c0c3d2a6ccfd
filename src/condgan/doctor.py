"""What a machine offers and what it lacks: one line each, with the cure."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

GIB = 2**30
PYTHON = (3, 11)
IMPORT_SECONDS = 60

Verdict = tuple[bool | None, str, str]  # ok, found, cure


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool | None
    """True: as it should be; False: to be put right; None: information, or a warning if there is a cure."""
    found: str
    cure: str
    """What to do, or nothing."""


def checks() -> list[Check]:
    """Look at everything that condgan needs or can use. Takes seconds, changes nothing and never raises."""
    subjects: dict[str, Callable[[], Verdict]] = {
        "Python": _python,
        "condgan": partial(_version, "condgan"),
        "numpy": partial(_version, "numpy"),
        "torch": _torch,
        "device": _device,
        "cores": _cores,
        "threads": _threads,
        "memory": _memory,
        "disk": _disk,
        "data": _data,
    }
    if importlib.util.find_spec("torchvision"):
        subjects["torchvision"] = _torchvision
    subjects |= {f"extra {name}": partial(_extra, name, packages) for name, packages in _extras().items()}
    return [_guarded(name, look) for name, look in subjects.items()]


def _guarded(name: str, look: Callable[[], Verdict]) -> Check:
    try:
        ok, found, cure = look()
    except Exception as error:  # whatever is wrong with this machine, the other lines are still wanted
        ok, found, cure = False, f"{type(error).__name__}: {error}", ""
    return Check(name, ok, " ".join(found.split()), cure)


def _python() -> Verdict:
    wanted = ".".join(map(str, PYTHON))
    old = sys.version_info < PYTHON
    return not old, platform.python_version(), f"install Python {wanted} or newer" if old else ""


def _version(package: str) -> Verdict:
    try:
        return True, importlib.metadata.version(package), ""
    except importlib.metadata.PackageNotFoundError:
        return False, "not installed", f"pip install {package}"


def _torch() -> Verdict:
    if importlib.util.find_spec("torch") is None:
        return False, "not installed", "pip install torch"
    try:
        import torch
    except (ImportError, OSError) as error:
        return False, f"does not import: {error}", "pip install --force-reinstall torch"
    return True, torch.__version__, ""


def _device() -> Verdict:
    import torch

    if torch.cuda.is_available():
        gpus = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
        return True, ", ".join(f"{gpu.name} ({gpu.total_memory / GIB:.0f} GiB)" for gpu in gpus), ""
    unused = torch.version.cuda is not None and shutil.which("nvidia-smi") is not None
    cure = f"this torch needs a driver for CUDA {torch.version.cuda}: see whether nvidia-smi works" if unused else ""
    return None, f"CPU: {_cpu_model()}", cure


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _cores() -> Verdict:
    cores, load = _usable_cores(), os.getloadavg()[0]
    busy = "another job is running: training will be slow" if load > cores else ""
    return None, f"{cores} for this process, load average {load:.1f}", busy


def _threads() -> Verdict:
    import torch

    asked = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ}
    found = f"torch computes with {torch.get_num_threads()}"
    found += "".join(f", {name}={value}" for name, value in asked.items())
    too_many = torch.get_num_threads() > _usable_cores()
    return None, found, "more threads than cores: unset OMP_NUM_THREADS and MKL_NUM_THREADS" if too_many else ""


def _memory() -> Verdict:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if sys.platform != "linux":
        return None, f"{total / GIB:.1f} GiB", ""
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    cure = "close other programs, or train with a smaller batch" if available < GIB else ""
    return None if cure else True, f"{available / GIB:.1f} of {total / GIB:.1f} GiB available", cure


def _disk() -> Verdict:
    free = shutil.disk_usage(".").free
    found = f"{free / GIB:.1f} GiB free in {os.getcwd()}"
    try:
        with tempfile.TemporaryFile(dir="."):
            pass
    except OSError as error:
        return False, f"{found}, not writable: {error.strerror}", "change to a folder of your own"
    return (True, found, "") if free >= GIB else (None, found, "a run with many grids may fill this: make room")


def _data() -> Verdict:
    from condgan import data, features
    from condgan.errors import CondganError
    from condgan.recipe import Data

    try:
        data.load(Data(), seed=0)
        features.SHIPPED[Data().source]()
    except CondganError as error:
        return False, str(error), "pip install --force-reinstall --no-deps condgan"
    return True, f"{Data().source} and its feature network are intact", ""


def _torchvision() -> Verdict:
    cure = "pip uninstall torchvision: condgan does not need it, and torchmetrics may fail to import with it"
    try:
        # in a process of its own: a failed import leaves torch's operators half registered
        run = subprocess.run(
            [sys.executable, "-c", "import torchvision"], capture_output=True, text=True, timeout=IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return None, f"does not import within {IMPORT_SECONDS} s", cure
    if run.returncode:
        reason = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
        return None, f"installed for another torch, does not import: {reason}", cure
    return True, importlib.metadata.version("torchvision"), ""


def _extras() -> dict[str, list[str]]:
    """The packages of each extra, as condgan's metadata lists them; none where it is not installed."""
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


def _extra(name: str, packages: list[str]) -> Verdict:
    missing = [package for package in packages if not _version(package)[0]]
    if missing:
        return None, f"missing {', '.join(missing)}", f'pip install "condgan[{name}]"'
    return True, ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages), ""
