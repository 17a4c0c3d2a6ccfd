"""Trainings that wait their turn, on disk: they outlive the server, and no training is begun twice.

A job is a file. It is moved to ``started/`` before its process begins; what becomes of the training is in its run
folder, as it is for every other. Processes are sessions of their own: neither the server nor the browser ends them.
A shell waits for each, and writes how it ended, so that a later server knows it.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from filelock import FileLock, Timeout
from pydantic import Field, TypeAdapter

from condgan.errors import CondganError
from condgan.storage.files import atomic
from condgan.studio import places
from condgan.studio.library import Library
from condgan.studio.places import ConflictError
from condgan.studio.settings import Settings

MOST_WAITING = 200
MOST_FAILED = 20  # that are shown
PATIENCE = 10.0  # seconds that a request waits for the others
GRACE = 20.0  # seconds that a job has which was told to end
KEEPING = 'trap : TERM; "$@"; echo $? > "$0.part" && mv "$0.part" "$0"'
"""As a shell: a command, then its exit code into a file. A signal ends the command; the shell waits for it."""
KILLED = "it was killed, or the machine went down: it said nothing of it"


@dataclass(frozen=True)
class Job:
    """A command that waits or was started.

    Attributes:
        id: in the order of asking.
        words: of the command, after ``condgan``.
        run: the name of the run or study that it writes, below the folder of runs.
        asked: seconds since 1970.
        process: that works on it; none while it waits.
        begun: when it was started, seconds since 1970.
        ended: when it was told to end.
        said: its last words, of one that failed.
    """

    id: str
    words: Annotated[tuple[str, ...], Field(min_length=1)]
    run: str
    asked: float
    process: int | None = None
    begun: float | None = None
    ended: float | None = None
    said: str | None = None

    @property
    def evaluates(self) -> bool:
        """Whether it measures a run, which it does not change."""
        return self.words[0] == "evaluate"

    def shown(self) -> dict[str, Any]:
        """What it does now, and since when."""
        state = "waiting" if self.begun is None else "running" if self.ended is None else "ending"
        return {"id": self.id, "state": state, "since": self.begun or self.asked}


JOB = TypeAdapter(Job)


class Queue:
    """The jobs of a studio; another server on the same folder shares them."""

    def __init__(self, settings: Settings, library: Library, at_once: int = 1) -> None:
        self.settings, self.library, self.at_once = settings, library, at_once
        self.waiting_folder, self.started_folder = settings.own / "queue", settings.own / "started"
        self.logs, self.failed_folder = settings.own / "logs", settings.own / "failed"
        self.lock = FileLock(settings.own / "queue.lock")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def add(self, words: tuple[str, ...], run: str, *, new: bool = False) -> Job:
        """Let a command wait.

        Args:
            words: of the command.
            run: the name of the run or study that it works on.
            new: whether it makes that; of several that ask at the same time for one name, one gets it.

        Raises:
            CondganError: too many wait, or nothing can be written.
            ConflictError: another job for this run waits, or one that makes it; or what it makes is there.
        """
        with self.locked():
            waiting = self.waiting()
            if len(waiting) >= MOST_WAITING:
                raise CondganError(f"{MOST_WAITING} jobs wait already: wait, or remove some")
            if any(job.run == run for job in waiting):
                raise ConflictError("run", run, "a job for it waits already")
            if new and any(job.run == run and self.is_alive(job) for job in self.started()):
                raise ConflictError("run", run, "a job for it runs already: choose another name")
            if new:
                places.new(self.settings, run)
            job = Job(f"{time.time_ns():020d}-{os.getpid()}", words, run, time.time())
            atomic(self.waiting_folder / f"{job.id}.json", as_json(job))
        return job

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Of all threads and servers one at a time.

        Raises:
            CondganError: another one takes too long.
        """
        try:
            self.lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise CondganError("the queue is busy: ask again in a second") from None
        try:
            yield
        finally:
            self.lock.release()

    def name(self, what: str) -> str:
        """A free name for a run, as ``20261128-mnist-fast``."""
        stem = f"{time.strftime('%Y%m%d-%H%M')}-{what}"
        taken = {job.run for job in (*self.waiting(), *self.started())}
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        return next(name for name in names if name not in taken and not (self.settings.runs / name).exists())

    def waiting(self) -> list[Job]:
        """Those that wait, in order; a damaged file is left out."""
        return read(self.waiting_folder)

    def started(self) -> list[Job]:
        """Those that were started, in order."""
        return read(self.started_folder)

    def evaluating(self) -> dict[str, Job]:
        """The evaluations that wait or run, by the names of their runs."""
        alive = [job for job in self.started() if job.evaluates and self.is_alive(job)]
        return {job.run: job for job in [*(job for job in self.waiting() if job.evaluates), *alive]}

    def remove(self, job: str) -> None:
        """Take back one that waits, forget one that failed, or end one that runs.

        Raises:
            CondganError: none has this id.
        """
        with self.locked():
            for folder in (self.waiting_folder, self.failed_folder):
                if any(path.stem == job for path in folder.glob("*.json")):
                    (folder / f"{job}.json").unlink(missing_ok=True)
                    (self.logs / f"{Path(job).name}.txt").unlink(missing_ok=True)
                    return
            for one in self.started():
                if one.id == job and self.is_alive(one):
                    self.end(one)
                    return
        raise CondganError("that job is not there: it has ended, or was removed")

    def end(self, job: Job) -> None:
        """Tell a job to end, which a training does after a save."""
        atomic(self.started_folder / f"{job.id}.json", as_json(replace(job, ended=time.time())))
        told(job, signal.SIGTERM)

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
        if self.code_file(job).is_file():
            return False
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
        for failed in self.failed():
            if failed.run == job.run and failed.evaluates == job.evaluates:
                (self.failed_folder / f"{failed.id}.json").unlink(missing_ok=True)
        with open(self.logs / f"{job.id}.txt", "ab") as out:
            process = subprocess.Popen(
                ["sh", "-c", KEEPING, str(self.code_file(job).absolute()), sys.executable, "-m", "condgan", *job.words],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.processes[job.id] = process
        begun = replace(job, process=process.pid, begun=time.time())
        atomic(place, as_json(begun))
        return begun

    def reap(self) -> None:
        """Forget started jobs that have ended, whichever server began them; one that failed leaves its last words."""
        for job in self.started():
            if self.is_alive(job) or time.time() - job.asked <= 1:
                if job.ended is not None and time.time() - job.ended > GRACE:
                    told(job, signal.SIGKILL)
                continue
            with suppress(Timeout), self.lock.acquire(timeout=0.1):  # no second server does the same
                process = self.processes.pop(job.id, None)
                if process is not None:
                    process.wait()
                if (code := self.code(job)) != "0" and job.ended is None:
                    failure = replace(job, said=self.last_words(job, code))
                    atomic(self.failed_folder / f"{job.id}.json", as_json(failure))
                else:
                    (self.logs / f"{job.id}.txt").unlink(missing_ok=True)
                (self.started_folder / f"{job.id}.json").unlink(missing_ok=True)
                self.code_file(job).unlink(missing_ok=True)

    def code_file(self, job: Job) -> Path:
        """Where the exit code of a job is written when it ends."""
        return self.started_folder / f"{job.id}.code"

    def code(self, job: Job) -> str:
        """How a job ended; empty where nobody knows."""
        with suppress(OSError):
            return self.code_file(job).read_text("ascii", "replace").strip()
        return ""

    def last_words(self, job: Job, code: str) -> str:
        """What a job that failed said last."""
        text = ""
        with suppress(OSError):
            text = (self.logs / f"{job.id}.txt").read_text("utf-8", "replace")
        said = [line for line in text.splitlines() if line.strip()]
        killed = not code.isdecimal() or int(code) > 128  # as shells have it: 128 and the number of a signal
        return KILLED if killed or not said else said[-1][:500]

    def failed(self) -> list[Job]:
        """Jobs that ended with an error, the last first, with what they said; a damaged file is left out."""
        return read(self.failed_folder)[: -MOST_FAILED - 1 : -1]

    def said(self, run: str, *, evaluates: bool) -> str | None:
        """The last words of the job for a run that failed last: of an evaluation, or of another."""
        return next((job.said for job in self.failed() if job.run == run and job.evaluates == evaluates), None)


def as_json(job: Job) -> bytes:
    """A job as its file has it."""
    return json.dumps(asdict(job)).encode()


def read(folder: Path) -> list[Job]:
    """The jobs in a folder, in order; a damaged file is left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(OSError, ValueError, RecursionError):
            job = JOB.validate_json(path.read_bytes())
            found.append(replace(job, id=path.stem))
    return found


def told(job: Job, number: int) -> None:
    """Send the processes of a job a signal."""
    if job.process is not None:
        with suppress(ProcessLookupError):
            os.killpg(job.process, number)


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
