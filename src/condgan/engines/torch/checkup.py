"""What torch needs of a machine, and what it finds there."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from condgan import threads
from condgan.engines import Verdict

GIB = 2**30


def needs() -> dict[str, Callable[[], Verdict]]:
    """Name -> a look at it."""
    return {"torch": _torch, "device": _device, "threads": _threads}


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
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _threads() -> Verdict:
    import torch

    by_user = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ}
    state = f"torch computes with {torch.get_num_threads()}"
    state += "".join(f", {name}={value}" for name, value in by_user.items())
    too_many = torch.get_num_threads() > threads.cores()
    return None, state, "more threads than cores: unset OMP_NUM_THREADS and MKL_NUM_THREADS" if too_many else ""
