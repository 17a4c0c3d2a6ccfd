"""The parts of the run on a GPU: ``python gpu_parts.py [--rehearse] PART FOLDER SECONDS`` writes FOLDER/part.json."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gpu import write

ROOT = Path(__file__).parents[1]
TINY = ("data.size=8", "latent.dim=6")
TINY_BODIES = {
    "mlp": ("generator.hidden=12,12", "discriminator.hidden=12,12"),
    "dcgan": ("generator.width=4", "discriminator.width=4"),
}
FIRST = ("cgan-lsgan", "cgan-bce", "mnist")  # of the recipes
PAPER = "cgan-paper"  # its widths belong together
EPOCHS = 1000
EVALUATIONS = 10
SAVING = 15.0  # seconds before its limit at which a training is told to save and stop


@dataclass
class Job:
    """A part at work: where it writes, and how long it may."""

    folder: Path
    seconds: float
    rehearse: bool
    start: float = field(default_factory=time.monotonic)
    written: dict[str, Any] = field(default_factory=dict)

    def note(self, **facts: Any) -> None:
        """Keep facts, now: a part may be killed at any moment."""
        self.written |= facts
        write(self.folder / "part.json", self.written)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.seconds - (time.monotonic() - self.start)

    @property
    def device(self) -> str:
        return "cpu" if self.rehearse else "cuda"

    @property
    def source(self) -> str:
        """Of the data: MNIST, or in a rehearsal a few random images."""
        if not self.rehearse:
            return "mnist"
        import numpy as np

        path = self.folder / "noise.npz"
        images = np.random.default_rng(0).integers(0, 256, (330, 8, 8), dtype=np.uint8)
        np.savez(path, images=images, labels=np.arange(330) % 10)
        return str(path)


def tiny(name: str) -> list[str]:
    """Overrides that make a recipe's networks and images tiny."""
    from condgan.recipe import builtin

    if name == PAPER:
        return list(TINY)
    return [*TINY, *TINY_BODIES[builtin.get(name).generator.network]]


def machine(job: Job) -> None:
    """Device, driver, versions."""
    import numpy as np
    import torch

    from host import Host

    job.note(host=str(Host()), numpy=np.__version__, cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version())
    if shutil.which("nvidia-smi"):
        asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm", "--format=csv,noheader"]
        job.note(driver=subprocess.run(asked, capture_output=True, text=True, timeout=10).stdout.strip())
    if job.rehearse:
        job.note(device="none: a rehearsal on the CPU")
        return
    facts = torch.cuda.get_device_properties(0)
    job.note(device=facts.name, memory=facts.total_memory, processors=facts.multi_processor_count)


def tests(job: Job) -> None:
    """The tests that are marked ``cuda``."""
    report = job.folder / "tests.xml"
    command = [sys.executable, "-m", "pytest", "-m", "cuda", "tests/engines/test_cuda.py", "-p", "no:cacheprovider"]
    # what a device library warns of on a machine that nobody has seen must not hide whether the bits are right
    command += ["-o", "filterwarnings=default", "-ra", "--tb=short", f"--junitxml={report}"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        process.wait(max(1.0, job.left - 3))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # pytest then writes its report
        process.wait(5)
    cases = ElementTree.parse(report).iter("testcase")
    job.note(tests={str(case.get("name")): outcome(case) for case in cases})


def outcome(case: ElementTree.Element) -> str:
    """``passed``, or what else and why."""
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return f"{kind}: {(found.text or found.get('message') or '')[-600:]}"
    return "passed"


def steps(job: Job) -> None:
    """Milliseconds per step of each recipe and batch, in turns with the published loop, and the machine's limit."""
    import train_step
    from condgan.recipe import builtin

    train_step.ROUND_SECONDS = 0.05 if job.rehearse else 0.25
    train_step.SOURCE = job.source
    names = [*FIRST, *(name for name in builtin.RECIPES if name not in FIRST)][: 2 if job.rehearse else None]
    batches = (16,) if job.rehearse else (1024, 64, 256)
    found: list[Any] = []
    cost = 0.0
    for batch in batches:
        for name in names:
            if job.left < 1.5 * cost:
                job.note(steps=found, incomplete="no time was left for the other recipes and batches")
                return
            began = time.monotonic()
            try:
                recipe = train_step.planned(name, None, 1, batch, job.device, tiny(name) if job.rehearse else ())
                result = train_step.compare(name, recipe, 1 if job.rehearse else 3)
            except (Exception, SystemExit) as error:
                found.append({"recipe": name, "batch": batch, "error": f"{type(error).__name__}: {error}"[:600]})
            else:
                own, published = median(result.ours), median(result.published)
                found.append(
                    {
                        "recipe": name,
                        "batch": batch,
                        "precision": result.precision,
                        "ms": own,
                        "published_ms": published,
                        "ratios": [round(ratio, 2) for ratio in result.ratios],
                        "limit_ms": result.limit,
                        "share_of_limit": round(result.limit / own, 4),
                        "images_per_s": round(1000 * batch / own),
                    }
                )
            cost = time.monotonic() - began
            job.note(steps=found)


def sampling(job: Job) -> None:
    """Images/s of the packaged generator on the device, from classes to images in memory."""
    import torch

    import condgan

    generator = condgan.load("mnist")
    sampler: Any = generator.sampler
    sampler.network.to(job.device)  # a loaded generator samples on the CPU
    sampler.device = torch.device(job.device)
    count = 200 if job.rehearse else 20_000
    rates = []
    for seed in range(3):
        if job.left < 3:
            break
        began = time.monotonic()
        generator.sample_any(count, seed=seed)
        rates.append(round(count / (time.monotonic() - began)))
        job.note(recipe="mnist", images=count, images_per_s=rates, device=job.device)


def train(job: Job, name: str, seconds: float, overrides: list[str]) -> dict[str, Any]:
    """Train for at most so many seconds -> how far it came and what was measured; the run is saved where it stopped."""
    import condgan

    folder = job.folder / name
    timer = threading.Timer(max(1.0, seconds), os.kill, (os.getpid(), signal.SIGINT))
    timer.daemon = True
    began = time.monotonic()
    timer.start()
    ended = "finished"
    try:
        condgan.train(name, *overrides, f"machine.device={job.device}", data=job.source, run=folder)
    except (condgan.CondganError, KeyboardInterrupt) as error:
        ended = f"{type(error).__name__}: {error}"
    finally:
        timer.cancel()
    took = time.monotonic() - began
    log = folder / "log.jsonl"  # missing if its time was up before it began
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    last: dict[str, Any] = max(
        (line for line in lines if "images" in line), key=lambda line: line["images"], default={}
    )
    return {
        "ended": ended,
        "seconds": round(took, 1),
        "images": last.get("images"),
        "epoch": last.get("epoch"),
        "training_seconds": max((line["seconds"] for line in lines if "seconds" in line), default=None),
        "images_per_s": round(last.get("images", 0) / took),
        "evaluations": [line for line in lines if "evaluation" in line],
        "last_line": last,
    }


def pictures(job: Job, name: str, wanted: dict[str, str]) -> None:
    """Bring pictures of a run to where they are collected, under names that sort."""
    for source, to in wanted.items():
        path = job.folder / name / source
        if path.exists():
            shutil.copyfile(path, job.folder / to)


def training(job: Job) -> None:
    """1000 epochs of the first published recipe, then of another as far as there is time."""
    cores = len(os.sched_getaffinity(0))
    for letter, name in (("a", "cgan-lsgan"), ("b", "cgan-bce")):
        seconds = job.left - SAVING * (0.2 if job.rehearse else 1)
        if letter != "a" and seconds < (3 if job.rehearse else 30):
            job.note(**{name: {"ended": "skipped: no time was left"}})
            return
        if job.rehearse:
            seconds /= 2
            overrides = [*tiny(name), "train.epochs=2", "evaluation.every=none", "machine.threads=1"]
        else:
            every = 60_000 * EPOCHS // EVALUATIONS
            overrides = [f"train.epochs={EPOCHS}", f"evaluation.every={every}", f"output.grid_every={every}"]
            overrides += [f"machine.threads={cores}", "output.log_every=938"]
        job.note(**{name: train(job, name, seconds, overrides)})
        shown = {"result.png": "digits", "metrics.png": "metrics", "loss.png": "loss"}
        pictures(job, name, {source: f"{letter}-{name}-{to}.png" for source, to in shown.items()})
        grids = sorted((job.folder / name / "samples").glob("*.png"))
        if grids and not (job.folder / name / "result.png").exists():  # it was stopped
            shutil.copyfile(grids[-1], job.folder / f"{letter}-{name}-digits.png")


def flagship(job: Job) -> None:
    """The recipe ``mnist``: its 60 epochs, or as far as there is time."""
    overrides = ["evaluation.every=none"]
    overrides += [*tiny("mnist"), "train.epochs=2", "machine.threads=1"] if job.rehearse else []
    found = train(job, "mnist", job.left - (2 if job.rehearse else 8), overrides)
    if found["training_seconds"] and found["epoch"]:
        whole = found["training_seconds"] / found["epoch"] * 60
        found["seconds_of_60_epochs"] = round(whole, 1)
        found["extrapolated"] = found["ended"] != "finished"
    job.note(mnist=found)
    pictures(job, "mnist", {"result.png": "flagship-digits.png"})


PARTS: dict[str, Callable[[Job], None]] = {
    part.__name__: part for part in (machine, tests, steps, sampling, training, flagship)
}


def main() -> None:
    *flags, name, folder, seconds = sys.argv[1:]
    job = Job(Path(folder), float(seconds), "--rehearse" in flags)
    try:
        PARTS[name](job)
    except Exception as error:
        traceback.print_exc()
        job.note(status="failed", error=f"{type(error).__name__}: {error}"[:600])
        sys.exit(1)


if __name__ == "__main__":
    main()
