"""Trainings that wait their turn, on disk: they outlive the server, and no training is begun twice.

A job is a file. It is moved to ``started/`` before its process begins; what becomes of the training is in its run
folder, as it is for every other. Processes are sessions of their own: neither the server nor the browser ends them.
"""

import itertools
import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from condgan.errors import ArgumentError, CondganError
from condgan.runs.run import Run
from condgan.storage.files import atomic
from condgan.studio.library import Library
from condgan.studio.settings import Settings

MOST_WAITING = 200


@dataclass(frozen=True)
class Job:
    """A command that waits or was started.

    Attributes:
        id: in the order of asking.
        words: of the command, after ``condgan``.
        run: the name of the run or study that it writes, below the folder of runs.
        asked: seconds since 1970.
        process: that works on it; none while it waits.
    """

    id: str
    words: tuple[str, ...]
    run: str
    asked: float
    process: int | None = None


class Queue:
    """The jobs of a studio; another server on the same folder shares them."""

    def __init__(self, settings: Settings, library: Library, at_once: int = 1) -> None:
        self.settings, self.library, self.at_once = settings, library, at_once
        self.waiting_folder, self.started_folder = settings.own / "queue", settings.own / "started"
        self.logs = settings.own / "logs"
        self.lock = FileLock(settings.own / "queue.lock")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def add(self, words: tuple[str, ...], run: str) -> Job:
        """Let a command wait.

        Raises:
            CondganError: too many wait, one for this run waits already, or nothing can be written.
        """
        waiting = self.waiting()
        if len(waiting) >= MOST_WAITING:
            raise CondganError(f"{MOST_WAITING} jobs wait already: wait, or remove some")
        if any(job.run == run for job in waiting):
            raise ArgumentError("run", run, "a job for it waits already")
        job = Job(f"{time.time_ns():020d}-{os.getpid()}", words, run, time.time())
        atomic(self.waiting_folder / f"{job.id}.json", json.dumps(asdict(job)).encode())
        return job

    def name(self, what: str) -> str:
        """A free name for a run, as ``20261128-mnist-fast``."""
        stem = f"{time.strftime('%Y%m%d-%H%M')}-{what}"
        taken = {job.run for job in self.waiting()}
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in taken and not (self.settings.runs / name).exists())

    def waiting(self) -> list[Job]:
        """Those that wait, in order; a damaged file is left out."""
        return read(self.waiting_folder)

    def started(self) -> list[Job]:
        """Those that were started, in order."""
        return read(self.started_folder)

    def remove(self, job: str) -> None:
        """Take back one that waits.

        Raises:
            CondganError: none that waits has this id.
        """
        with self.lock.acquire(timeout=5):
            for one in self.waiting():
                if one.id == job:
                    (self.waiting_folder / f"{job}.json").unlink(missing_ok=True)
                    return
        raise CondganError("that job does not wait: it was started, or removed")

    def look(self) -> list[Job]:
        """Start what may start now; called from time to time -> those that were started."""
        begun = list[Job]()
        self.reap()
        with suppress(Timeout), self.lock.acquire(timeout=0.1):
            for job in self.waiting():
                if self.busy() >= self.at_once:
                    break
                begun.append(self.start(job))
        return begun

    def busy(self) -> int:
        """How many trainings run, or have just been started."""
        running = {*self.library.running()}
        return len(running | {job.run for job in self.started() if self.is_alive(job)})

    def is_alive(self, job: Job) -> bool:
        """Whether the process of a started job runs; one of an earlier server is known by its id."""
        process = self.processes.get(job.id)
        if process is not None:
            return process.poll() is None
        return job.process is not None and alive(job.process)

    def start(self, job: Job) -> Job:
        """Begin one: it is moved first, so that a kill between the two never begins it twice."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.started_folder.mkdir(parents=True, exist_ok=True)
        place = self.started_folder / f"{job.id}.json"
        os.replace(self.waiting_folder / f"{job.id}.json", place)
        with open(self.logs / f"{job.id}.txt", "ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "condgan", *job.words],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.processes[job.id] = process
        begun = Job(job.id, job.words, job.run, job.asked, process.pid)
        atomic(place, json.dumps(asdict(begun)).encode())
        return begun

    def reap(self) -> None:
        """Forget started jobs that have ended; the words of one that failed stay in its log."""
        for job in self.started():
            if not self.is_alive(job) and time.time() - job.asked > 1:
                code = self.processes[job.id].poll() if job.id in self.processes else None
                if code in (0, None):
                    (self.logs / f"{job.id}.txt").unlink(missing_ok=True)
                (self.started_folder / f"{job.id}.json").unlink(missing_ok=True)
                self.processes.pop(job.id, None)
                if code not in (0, None):
                    atomic(self.settings.own / "failed" / f"{job.id}.json", json.dumps(self.failure(job)).encode())

    def failure(self, job: Job) -> dict[str, Any]:
        """What a job that failed said last."""
        text = (self.logs / f"{job.id}.txt").read_text("utf-8", "replace") if self.logs.is_dir() else ""
        said = [line for line in text.splitlines() if line.strip()]
        return asdict(job) | {"said": said[-1][:500] if said else ""}

    def failed(self) -> list[dict[str, Any]]:
        """Jobs that ended with an error, the last first, with what they said."""
        found = list[dict[str, Any]]()
        for path in sorted((self.settings.own / "failed").glob("*.json"), reverse=True)[:20]:
            with suppress(OSError, ValueError):
                found.append(json.loads(path.read_bytes()))
        return found


def read(folder: Path) -> list[Job]:
    """The jobs in a folder, in order; a damaged file is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, TypeError, KeyError):
            told = json.loads(path.read_bytes())
            process = told.get("process")
            found.append(
                Job(
                    str(path.stem), tuple(map(str, told["words"])), str(told["run"]), float(told["asked"]),
                    process if isinstance(process, int) else None,
                )
            )  # fmt: skip
    return found


def alive(process: int) -> bool:
    """Whether a process of this machine runs and is one of ours."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        with suppress(OSError):
            os.kill(process, 0)
            return not Path("/proc").is_dir()
        return False
    return b"condgan" in words


def pause(run: Run) -> None:
    """Ask a training to save and stop: the file ``stop`` in its folder."""
    run.stop_file.touch()
