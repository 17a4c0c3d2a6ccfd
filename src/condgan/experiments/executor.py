"""Works on a study: trials in processes of their own, at most so many at a time, until the plan is over.

A trial whose process died goes on from its run's checkpoint, and so does a study that was killed as a whole: which
trials have begun stands in the journal, how far they are in their runs.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import IO

from condgan import arguments, threads
from condgan.data import Dataset, mapped, sources
from condgan.errors import CondganError, InterruptedTrainingError
from condgan.experiments import ready, remains
from condgan.experiments.remains import last_line
from condgan.experiments.study import Outcome, Plan, State, Study, Trial
from condgan.recipe import Recipe
from condgan.results.records import EvaluationRecord, Record, from_line, of_kind
from condgan.training.interrupts import interrupts

MOST = 1000  # workers
POLL = 0.2  # seconds between two looks at the workers
TRIES = 3  # times that a trial may die without a new checkpoint in between
GRACE = 60.0  # seconds that workers have to save

Say = Callable[[str], None]
Looked = Callable[["list[Working]"], None]
"""Called at each look at the workers."""
Check = Callable[[Recipe, Dataset], None]
"""Called with the data of a recipe before the first training on it: may refuse by a CondganError."""


@dataclass(eq=False)
class Working:
    """A trial, and the process that trains it.

    Attributes:
        step: of the last checkpoint when it was started.
        tries: times that it died at this step.
        size: bytes of the log of its run that were read.
        evaluations: in them.
        at, steps: where that log stands, and how many steps the run has; 0: not known yet.
    """

    trial: Trial
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    step: int
    tries: int
    size: int = 0
    evaluations: list[EvaluationRecord] = field(default_factory=list)
    pruned: bool = False
    at: int = 0
    steps: int = 0

    def follow(self, log: Path, size: int) -> None:
        """Read what the log has grown by; one that was cut back to a checkpoint is read anew."""
        if size < self.size:
            self.size, self.at, self.evaluations = 0, 0, []
        with open(log, "rb") as file:
            file.seek(self.size)
            new = file.read()
        lines = new[: new.rfind(b"\n") + 1].splitlines(keepends=True)
        try:
            self.evaluations += of_kind([line_of(line) for line in lines if b'"evaluation"' in line], EvaluationRecord)
            self.at = max([self.at, *(line_of(line).step for line in lines[-1:])])  # the last may be of step 0
            self.size += sum(map(len, lines))
        except ValueError:  # it was cut back, and grew beyond its old size, between two looks
            self.size, self.at, self.evaluations = 0, 0, []


def line_of(line: bytes) -> Record:
    """The record of a line.

    Raises:
        ValueError: not a record.
    """
    return from_line(line.decode("utf-8", "replace"))


def work(
    study: Study,
    plan: Plan,
    workers: int = 1,
    say: Say = lambda _: None,
    looked: Looked = lambda _: None,
    check: Check = lambda recipe, dataset: None,
) -> None:
    """Try what a plan says, until it is over.

    Args:
        study: its folder; what was done there is not done again.
        plan: of this study.
        workers: trials at a time. Each of several computes with its share of the cores.
        say: told of each trial that begins or ends, in a sentence.
        looked: called a few times a second with the trials at work.
        check: called with each dataset before the first training on it.

    Raises:
        CondganError: no number of workers, the folder has another study, another process works on it, or the data
            cannot be read or is refused by ``check``.
        InterruptedTrainingError: Ctrl-C or a signal, after all trials were saved.
    """
    arguments.integer("workers", workers, 1, MOST)
    begins = not study.folder.exists()
    study.begin(plan)
    with study.locked(), interrupts() as interrupt:
        crew = Crew(study, plan, workers, say, check, interrupt.is_set)
        try:
            while crew.fill() and not interrupt.is_set():
                looked(crew.working)
                time.sleep(POLL)
                crew.look()
        except CondganError:  # as of data that cannot be read: this process holds the lock, so the folder is its own
            if begins and not any(study.folder.glob("**/recipe.json")):
                shutil.rmtree(study.folder, ignore_errors=True)
            raise
        finally:
            crew.stop()
        if interrupt.is_set():
            raise InterruptedTrainingError(
                f"stopped, all trials are saved: `condgan resume {quote(str(study.folder))}` continues the study"
            )
        shutil.rmtree(study.data, ignore_errors=True)


class Crew:
    """The workers of a study."""

    def __init__(
        self, study: Study, plan: Plan, workers: int, say: Say, check: Check, interrupted: Callable[[], bool]
    ) -> None:
        self.study, self.plan, self.workers, self.say = study, plan, workers, say
        self.check, self.interrupted = check, interrupted
        self.working: list[Working] = []
        self.begun, outcomes = study.read()
        self.outcomes = {name: outcome for name, outcome in outcomes.items() if outcome.state != "failed"}
        for name, lacking in remains.missing(study, outcomes).items():  # the truth about a trial is in its run
            say(f"{name}: {lacking} is gone: it is trained again{remains.reopen(study, name)}")
            del self.outcomes[name]
        self.left = [name for name in self.begun if name not in self.outcomes]  # by a process before this one

    def fill(self) -> bool:
        """Start trials while there is a free worker -> whether any is at work."""
        while len(self.working) < self.workers and (trial := self.next()) is not None:
            self.study.began(trial)
            if trial.name not in self.begun:
                self.begun.append(trial.name)
            if trial.refused is not None:
                self.note(Outcome(trial=trial.name, state="failed", reason=trial.refused))
            else:
                self.start(trial)
        return bool(self.working)

    def next(self) -> Trial | None:
        """A trial that was left unfinished, else what the plan says."""
        trial = self.plan.next([name for name in self.begun if name not in self.left], self.outcomes)
        if trial is not None and trial.name in self.left:
            self.left.remove(trial.name)
            self.wait_for_orphan(trial)
        return trial

    def wait_for_orphan(self, trial: Trial) -> None:
        """Wait until the worker of an executor that was killed has noticed it, and saved."""
        until = time.monotonic() + GRACE
        while self.study.run(trial.name).is_locked() and time.monotonic() < until:
            time.sleep(POLL)

    def start(self, trial: Trial, tries: int = 0, again: str = "") -> None:
        """Start the process of a trial, ``again`` for a reason."""
        recipe, environment = trial.recipe, dict(os.environ)
        if self.workers > 1:
            share = recipe.machine.threads or max(1, threads.cores() // self.workers)
            recipe = recipe.model_copy(update={"machine": recipe.machine.model_copy(update={"threads": share})})
            environment |= dict.fromkeys(threads.USERS_SETTING, str(share))
        run = self.study.run(trial.name)
        run.folder.parent.mkdir(parents=True, exist_ok=True)
        self.study.logs.mkdir(exist_ok=True)
        order = {
            "run": str(run.folder), "data": str(self.data(recipe)), "recipe": recipe.model_dump(mode="json"),
            "parent": os.getpid(), "start": trial.start,
        }  # fmt: skip
        log = open(self.study.logs / f"{trial.name.replace('/', '-')}.log", "ab")  # noqa: SIM115 (closed when it ends)
        process = subprocess.Popen(
            [sys.executable, "-m", "condgan.experiments.worker"], stdin=subprocess.PIPE, stdout=log, stderr=log,
            env=environment, start_new_session=True,  # Ctrl-C is for the executor, which stops its workers
        )  # fmt: skip
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(order).encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once, which is seen at the next look
        step = self.step(trial)
        self.working.append(Working(trial, process, log, step, tries))
        at = f" at step {step}" if step else ""
        self.say(f"{trial.name}: {f'{again}, started again' if again else 'goes on' if step else 'begins'}{at}")

    def data(self, recipe: Recipe) -> Path:
        """The dataset of a recipe in mapped files: read, made ready to be measured, and written once."""
        data = recipe.data
        key = hashlib.sha256(data.model_dump_json(exclude={"train_on", "sampling"}).encode()).hexdigest()[:12]
        folder = self.study.data / key
        if not (folder / mapped.FACTS).is_file():
            self.study.data.mkdir(parents=True, exist_ok=True)
            dataset = sources.load(data)
            for notice in dataset.notices:
                self.say(notice)
            ready.network(recipe, dataset, self.say, self.interrupted)
            self.check(recipe, dataset)
            mapped.write(folder, dataset, sources.recorded(data, None, dataset).source)
        return folder

    def step(self, trial: Trial) -> int:
        """Where the run of a trial stands."""
        run = self.study.run(trial.name)
        return run.status.step if run.status_file.is_file() else 0

    def look(self) -> None:
        """See which trials ended, and which are to be pruned."""
        for worker in list(self.working):
            if worker.process.poll() is not None:
                self.working.remove(worker)
                worker.log.close()
                self.end(worker)
            else:
                self.read(worker)

    def read(self, worker: Working) -> None:
        """Look at the log of a run if it has grown: where it stands, and whether the plan prunes the trial."""
        run = self.study.run(worker.trial.name)
        size = run.log.stat().st_size if run.log.is_file() else 0
        if size == worker.size:
            return
        known = len(worker.evaluations)
        worker.follow(run.log, size)
        if not worker.steps and (schedule := run.plan()) is not None:
            worker.steps = schedule.steps
        if len(worker.evaluations) > known and not worker.pruned and self.plan.prune(worker.trial, worker.evaluations):
            worker.pruned = True
            run.stop_file.touch()

    def end(self, worker: Working) -> None:
        """Note what became of a trial whose process ended, or start it again."""
        trial, run = worker.trial, self.study.run(worker.trial.name)
        state = run.status.state if run.status_file.is_file() else "killed"
        if state == "finished":
            self.note(Outcome(trial=trial.name, state="finished"))
        elif state == "stopped" and worker.pruned:
            self.note(Outcome(trial=trial.name, state="pruned"))
        elif state == "diverged" or (worker.process.returncode == 2 and not self.taken(worker)):
            kind: State = "diverged" if state == "diverged" else "failed"
            self.note(Outcome(trial=trial.name, state=kind, reason=last_line(Path(worker.log.name))))
        else:
            step = self.step(trial)
            tries = worker.tries + 1 if step == worker.step else 0
            if tries >= TRIES:
                reason = f"its process died {tries} times at step {step}: {last_line(Path(worker.log.name))}"
                self.note(Outcome(trial=trial.name, state="failed", reason=reason))
            else:
                ended = "its process was stopped" if state == "stopped" else "its process died"
                self.start(trial, tries, "" if worker.process.returncode == 2 else ended)

    def taken(self, worker: Working) -> bool:
        """Whether another process has the run, as a worker of an executor that was killed; it is waited for."""
        said = "is being trained by another process" in last_line(Path(worker.log.name))  # which may have ended since
        taken = said or bool(self.study.run(worker.trial.name).is_locked())
        if taken:
            self.wait_for_orphan(worker.trial)
        return taken

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome."""
        self.study.ended(outcome)
        self.outcomes[outcome.trial] = outcome
        self.say(f"{outcome.trial}: {outcome.state}" + (f" ({outcome.reason})" if outcome.reason else ""))

    def stop(self) -> None:
        """Let all workers save and end."""
        for worker in self.working:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        for worker in self.working:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.log.close()
