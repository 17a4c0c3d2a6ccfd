"""What torch needs of a machine, and what it finds there."""

import importlib.util
import os
import platform
import shutil
from collections.abc import Callable

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
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def _threads() -> Verdict:
    import torch

    asked = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ}
    found = f"torch computes with {torch.get_num_threads()}"
    found += "".join(f", {name}={value}" for name, value in asked.items())
    too_many = torch.get_num_threads() > threads.cores()
    return None, found, "more threads than cores: unset OMP_NUM_THREADS and MKL_NUM_THREADS" if too_many else ""
