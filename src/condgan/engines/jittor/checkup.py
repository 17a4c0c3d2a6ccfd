"""What Jittor needs of a machine, looked at without importing it: that could take minutes, or end this process."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from condgan import threads
from condgan.engines import Verdict
from condgan.engines.jittor import setting_up

OFFLINE = "jittor_offline"
ONEDNN = "dnnl_*"
SECONDS = 10  # for a compiler to say its version


def needs() -> dict[str, Callable[[], Verdict]]:
    """Name -> a look at it."""
    return {
        "Jittor": _installed,
        "numpy for Jittor": _numpy,
        "compiler": _compiler,
        "Python headers": _headers,
        "nvcc": _nvcc,
        "oneDNN": _onednn,
        "cache": _cache,
        "threads": _threads,
    }


def _installed() -> Verdict:
    if setting_up.package() is None:
        return False, "not installed", setting_up.CURE
    return True, importlib.metadata.version("jittor"), ""


def _numpy() -> Verdict:
    version = importlib.metadata.version("numpy")
    return (True, version, "") if int(version.partition(".")[0]) < 2 else (False, version, 'pip install "numpy<2"')


def _compiler() -> Verdict:
    by_user = os.environ.get("cc_path", "")
    name = by_user or ("clang++" if sys.platform == "darwin" else "g++")
    path = shutil.which(name)
    if path is None:
        return False, f"no {name}", "unset cc_path" if by_user else f"install {name} (Debian, Ubuntu: apt install g++)"
    run = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=SECONDS)
    if run.returncode:
        return False, f"{path} does not run: {run.stderr.strip()[:100]}", f"install {name} again"
    return True, f"{path}: {run.stdout.splitlines()[0]}", ""


def _headers() -> Verdict:
    cure = f"apt install python3.{sys.version_info.minor}-dev, or a Python that has them"
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    if not header.is_file():
        return False, f"no {header}", cure
    name = f"python3.{sys.version_info.minor}-config"
    places = [
        os.environ.get("python_config_path", setting_up.environment().get("python_config_path", "")),
        *(f"{folder}/{name}" for folder in (Path(sys.executable).parent, "/usr/bin", "/usr/local/bin")),
    ]
    config = next((place for place in places if place and Path(place).is_file()), None)
    return (True, f"{header.parent}, {config}", "") if config else (False, f"no {name}", cure)


def _nvcc() -> Verdict:
    by_user, path = os.environ.get("nvcc_path"), shutil.which("nvcc")
    if not by_user:
        return True, f"{path}, which Jittor is kept from" if path else "none, and none is needed", ""
    if not [*Path(by_user).resolve().parent.parent.glob("lib*/libcudart.so*")]:
        return False, f"nvcc_path={by_user}, which has no libcudart beside it", "unset nvcc_path"
    return None, f"nvcc_path={by_user}", "unset nvcc_path: this engine computes on the CPU"


def _onednn() -> Verdict:
    unpacked = [*(setting_up.home() / "mkl").glob(f"{ONEDNN}/lib/libdnnl.*")]
    if unpacked:
        return True, str(unpacked[0].parent.parent), ""
    if importlib.util.find_spec(OFFLINE) is not None:
        return True, f"in {OFFLINE} {importlib.metadata.version(OFFLINE)}, to be unpacked", ""
    return False, "not there: Jittor would download it", "pip install jittor-offline"


def _cache() -> Verdict:
    if setting_up.package() is None:
        return None, str(setting_up.home()), ""
    folder = setting_up.compiled()
    if folder is None:
        where = setting_up.home() / setting_up.cache_folder()
        return None, f"cold: nothing compiled at {where}", "condgan doctor --engine jittor --warm"
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files) / 2**20
    operators = len([file for file in files if re.search(r"_op\.so$|/jit/.*\.so$", file.as_posix())])
    return True, f"warm: {folder}, {operators} operators, {size:.0f} MiB", ""


def _threads() -> Verdict:
    by_user = threads.as_set()
    count, by = (by_user[0], f" ({by_user[1]})") if by_user else (threads.cores(), " at most")
    state = f"Jittor computes with {count}{by}, load average {os.getloadavg()[0]:.1f}"
    if platform.system() == "Darwin" and count > 1:
        return None, state, "export OMP_NUM_THREADS=1: with more, Jittor is known to crash on macOS"
    crowded = count + os.getloadavg()[0] > threads.cores() + 1
    return None, state, "this machine is busy: machine.threads=1 is faster then" if crowded and count > 1 else ""
