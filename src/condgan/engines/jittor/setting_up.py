"""Importing Jittor: its environment, the long first time, and what it would change in this process."""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import signal
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from condgan.errors import CondganError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGQUIT)
CURE = "pip install condgan[jittor] in an environment of its own (it needs numpy < 2), or take torch (`engine=torch`)"
DOCTOR = "`condgan doctor --engine jittor` says what it lacks"


def package() -> Path | None:
    """The folder that Jittor is installed in; none where it is not."""
    spec = importlib.util.find_spec("jittor")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def environment() -> dict[str, str]:
    """What is set before the import, unless the user has."""
    wanted = {
        "nvcc_path": "",  # an nvcc without libcudart would make the import fail
        "cache_name": "condgan",  # or each git branch compiles anew, and so would programs with other flags
        # with Jittor's own -Ofast, the last bits depend on where arrays lie in memory: no training would be repeated
        "cc_flags": "-O3 -fno-math-errno -fno-trapping-math -ffp-contract=off",
        "log_silent": "1",
    }
    # Jittor itself looks beside a venv's own Python only
    config = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}-config")
    return wanted | ({"python_config_path": str(config)} if config.is_file() else {})


def home() -> Path:
    """Where Jittor keeps what it compiles."""
    return Path(os.environ.get("JITTOR_HOME", Path.home())) / ".cache" / "jittor"


def cache_folder() -> str:
    """The path, below ``home``, of what is compiled for this installation: a pattern, as compiler and host enter."""
    where = package()
    utilities = where.parent / "jittor_utils" / "__init__.py" if where else Path("jittor_utils")
    place = hashlib.md5(str(utilities).encode(), usedforsecurity=False).hexdigest()[:4]
    version = importlib.metadata.version("jittor").rpartition(".")[0]
    name = os.environ.get("cache_name", environment()["cache_name"])
    return f"jt{version}/*/py{platform.python_version()}/*/*/{place}/{name}"


def compiled() -> Path | None:
    """The folder of the core, if it was compiled for this installation."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
    return next((core.parent for core in home().glob(f"{cache_folder()}/jittor_core{suffix}")), None)


@cache
def ready() -> None:
    """Import Jittor, which compiles itself the first time; a CondganError: it is missing, or does not compile."""
    if package() is None:
        raise CondganError(f"engine=jittor: Jittor is not installed: {CURE}")
    for name, value in environment().items():
        os.environ.setdefault(name, value)
    if compiled() is None:
        print("Jittor compiles itself: some minutes, once; each recipe's operators follow", file=sys.stderr, flush=True)
    try:
        with as_it_was():
            import jittor  # noqa: F401
    except SystemExit:  # as Jittor does when what it has loaded is older than what it has now compiled
        reason = "Jittor has compiled a part of itself anew: give the same command again"
        raise CondganError(f"engine=jittor: {reason}") from None
    except Exception as error:  # whatever its compiler says
        reason = " ".join(str(error).split())[:200]
        raise CondganError(f"engine=jittor: Jittor does not start ({reason}): {DOCTOR}") from None


@contextmanager
def as_it_was() -> Iterator[None]:
    """Restore the handling of exits, exceptions and signals: Jittor would end this process at Ctrl-C."""
    leave, hook = sys.exit, sys.excepthook
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        sys.exit, sys.excepthook = leave, hook
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                if handler is not None:  # else it is none of Python's
                    signal.signal(number, handler)
