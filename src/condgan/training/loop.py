"""A session of training: block after block, and after each what is due. What is shown of it, listeners show."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from condgan import engines
from condgan.data import Dataset
from condgan.diagnosis import alarms
from condgan.draws.schedule import Plan
from condgan.engines import Sampler, State
from condgan.engines.engine import Engine
from condgan.errors import CondganError, DivergedError, InterruptedTrainingError
from condgan.generation import generator
from condgan.generation.fingerprint import fingerprint
from condgan.generation.run import Run
from condgan.recipe import Recipe
from condgan.results import selection
from condgan.results.records import AlarmRecord, EvaluationRecord
from condgan.runs import checkpoint as checkpoints
from condgan.runs import status
from condgan.runs.checkpoint import Checkpoint
from condgan.runs.log import Figures, Log
from condgan.runs.status import State as Outcome
from condgan.runs.status import Status
from condgan.training import failures, preparation
from condgan.training.agenda import Agenda
from condgan.training.interrupts import interrupts
from condgan.training.listeners.listener import Alarmed, Beginning, Block, Evaluated, Listeners, Saved

if TYPE_CHECKING:
    from condgan.training.beginning import Start
    from condgan.training.monitor import Monitor

BLOCK_SECONDS = 0.5  # a block is at most about this long: Ctrl-C, a stop and the checkpoint wait for its end


class Trainer:
    """One session of a run: from a checkpoint (or step 0) to the end, or to a stop."""

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        dataset: Dataset,
        start: Checkpoint | None,
        listeners: Listeners,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        self.run, self.recipe, self.dataset, self.start = run, recipe, dataset, start
        self.listeners, self.stop = listeners, stop
        self.domain = dataset.domain()
        self.rows = dataset.trained_on(recipe.data)
        self.plan = Plan(len(self.rows), recipe.train.batch, recipe.train.epochs)
        self.agenda = Agenda(recipe, self.plan)
        self.step, self.seconds = (start.step, start.seconds) if start else (0, 0.0)
        self.saved, self.over = self.step, False
        self.status = status.Writer(run)
        self.untrained: State | None = None
        self.notices: tuple[str, ...] = ()
        self.monitor: Monitor | None = None

    def work(self, engine: Engine, untrained: State | None, source: "Start | None" = None) -> None:
        """Train to the end, or until the training is stopped.

        Args:
            engine: at the step where this session begins.
            untrained: the generator before the first step, to be evaluated at the first evaluation; none: it is not.
            source: the networks that a new training began with, if they were another run's.
        """
        self.untrained = untrained
        for epoch, path in self.run.epochs().items():
            if epoch * self.plan.steps_per_epoch > self.step:  # kept after the checkpoint, by a session that was killed
                path.unlink()
        preparation.note(self.run, self.recipe, self.dataset, self.step, engine.settings, source)
        pending: Figures = self.start.pending if self.start else {}
        self.log = Log(self.run.log, self.plan, self.recipe.output.log_every, self.step, pending)
        try:
            self.mark("running")
            self.begin(engine)
            if source is not None:  # what it began with can be resumed, too
                self.save(engine)
            with interrupts() as interrupt:
                state, reason = self.loop(engine, interrupt.is_set)
            self.end(state, reason)
            self.listeners.check()
        except BaseException as error:
            complete = self.over
            if not complete:
                with suppress(CondganError):  # the disk may be full
                    self.end("diverged" if isinstance(error, DivergedError) else "stopped", str(error) or repr(error))
            explained = failures.explained(error, self.run, self.recipe, self.where(), complete)
            if explained is error:
                raise
            raise explained from (None if explained is error.__cause__ else error.__cause__)
        finally:
            self.log.close()

    def begin(self, engine: Engine) -> None:
        """Tell the listeners, and prepare the evaluations."""
        beginning = Beginning(
            run=self.run, recipe=self.recipe, dataset=self.dataset, plan=self.plan, agenda=self.agenda,
            settings=engine.settings, step=self.step, records=tuple(self.log.records), sampler=preparation.Now(engine),
            notices=(*self.notices, *preparation.notices(self.recipe, self.dataset)),
            opening=preparation.opening(self.run, self.recipe, self.dataset, self.plan, self.step, engine.settings),
            manifest=preparation.manifest(self.run, self.recipe, self.dataset),
            fingerprint=lambda: fingerprint(self.recipe, self.domain, engine.generator_state()),
        )  # fmt: skip
        self.listeners.tell(lambda listener: listener.began(beginning))
        self.listeners.check()
        if self.step < self.plan.steps and self.recipe.evaluation.every is not None:
            from condgan.training import monitor

            self.monitor = monitor.monitor(
                self.recipe, self.dataset, engine.settings.threads, self.notify, self.listeners.progressed
            )

    def loop(self, engine: Engine, interrupted: Callable[[], bool]) -> tuple[Outcome, str | None]:
        """Block after block; after each, what is due -> how it ended, and why."""
        per_step, saved = BLOCK_SECONDS, time.monotonic()
        exhausted = self.exhausted()
        while self.step < self.plan.steps and not exhausted:
            started, before = time.monotonic(), self.step
            steps = min(self.log.window_end(before), self.agenda.next(before)) - before
            steps = max(1, min(steps, int(BLOCK_SECONDS / per_step)))
            figures = engine.run(before, steps)
            self.refuse_nan(figures)
            self.step += steps
            took = time.monotonic() - started
            self.seconds += took
            per_step = max(took / steps, 1e-6)
            self.report(figures, took)
            if self.recipe.output.keep_every is not None and self.step == self.agenda.keeping(before):
                path = self.run.generator_of(self.step // self.plan.steps_per_epoch)
                self.save_generator(path, engine)
                self.tell_saved("epoch", path)
            if self.step == self.agenda.grid(before):
                self.alarm()
            evaluated = self.monitor is not None and self.step == self.agenda.evaluation(before)
            if self.monitor is not None and evaluated:
                self.evaluate(engine, self.monitor)
                exhausted = self.exhausted()
            requested = self.stop_requested()
            failed = self.listeners.error is not None
            cut = interrupted() or isinstance(self.listeners.error, KeyboardInterrupt)
            due = time.monotonic() - saved > self.recipe.output.checkpoint_every
            if evaluated or requested or cut or failed or due:
                self.save(engine)
                saved = time.monotonic()
            if not cut:
                self.listeners.check()
            if (requested or cut) and self.step < self.plan.steps:
                sentence = f"stopped and {failures.saved(self.run, self.recipe, self.where())}"
                if cut:
                    raise InterruptedTrainingError(sentence)
                self.notify(sentence)
                return "stopped", "on request"
        self.save(engine)
        return "finished", "evaluation.patience" if exhausted else None

    def report(self, figures: Figures, seconds: float) -> None:
        """Tell of a block, and log it."""
        self.status.alive()
        for values in figures.values():
            values.flags.writeable = False  # a listener looks only
        block = Block(self.step, len(values), seconds, MappingProxyType(figures))
        self.listeners.tell(lambda listener: listener.block(block))
        record = self.log.add(figures, self.seconds)
        if record is not None:
            self.listeners.tell(lambda listener: listener.logged(record))

    def notify(self, text: str) -> None:
        """Tell of something that no other event reports."""
        self.listeners.tell(lambda listener: listener.notified(text))

    def mark(self, state: Outcome, reason: str | None = None) -> Status:
        """Write the status, of the last save."""
        return self.status.write(state, self.saved, self.plan.epoch(self.saved), reason)

    def end(self, state: Outcome, reason: str | None) -> None:
        """Write how it ended, and tell."""
        self.over = True
        with interrupts():  # a terminal that closes reports it more than once, and the status is still to be written
            self.run.clear_stop()
            status = self.mark(state, reason)
            self.listeners.tell(lambda listener: listener.ended(status))

    def where(self) -> str:
        """The moment, in words."""
        return f"epoch {self.plan.epoch(self.step):.2f} (step {self.step})"

    def stop_requested(self) -> bool:
        """Whether ``stop`` returns true, or there is a file of that name."""
        if self.stop is None or self.run.stop_file.is_file():
            return self.run.stop_file.is_file()
        try:
            return bool(self.stop())
        except BaseException as error:  # as of a listener
            self.listeners.fail("stop", error)
            return False

    def evaluate(self, engine: Engine, monitor: "Monitor") -> None:
        """Evaluate, and keep the checkpoint if it is the best; the first time also the untrained generator."""
        self.notify(f"evaluating at epoch {self.plan.epoch(self.step):g}")
        if self.untrained is not None and not self.log.evaluations():
            untrained = engines.load(self.recipe.machine.engine).sampler(self.recipe, self.domain, self.untrained)
            self.log_evaluation(untrained, monitor, 0)
        self.untrained = None
        if self.log_evaluation(engine, monitor, self.step):
            self.save_checkpoint("best", engine)
            self.tell_saved("best", self.run.checkpoint("best"))
        self.alarm()

    def log_evaluation(self, sampler: Sampler, monitor: "Monitor", step: int) -> bool:
        """Evaluate a generator, log its figures and tell -> whether it is the best so far."""
        figures, per_class, confusion = monitor.measure(sampler)
        record = EvaluationRecord(**self.log.at(step), evaluation=figures, per_class=per_class)
        self.log.write(record)
        lines = self.log.evaluations()
        best, sentence = selection.best(self.recipe, lines) == len(lines) - 1, selection.sentence(self.recipe, lines)
        self.listeners.tell(lambda listener: listener.evaluated(Evaluated(record, confusion, best, sentence)))
        return best

    def tell_saved(self, which: Literal["last", "best", "epoch"], path: Path) -> None:
        """Tell of a file."""
        self.listeners.tell(lambda listener: listener.saved(Saved(path, which, self.step)))

    def exhausted(self) -> bool:
        """Whether the recipe's patience with evaluations is over."""
        reason = selection.exhausted(self.recipe, self.log.evaluations())
        if reason is None:
            return False
        self.notify(
            f"stopped at epoch {self.plan.epoch(self.step):g}: {reason}; the checkpoint `best` is the best one, "
            f"evaluation.patience=none trains on"
        )
        return True

    def alarm(self) -> None:
        """Log what begins to go wrong, and tell: each kind once in a run."""
        known = {record.alarm for record in self.log.records if isinstance(record, AlarmRecord)}
        for finding in alarms.from_log(self.recipe, self.log.records):
            if finding.kind not in known:
                self.log_alarm(finding.kind, finding.text, str(finding.evidence), finding.advice)

    def log_alarm(self, kind: str, text: str, evidence: str, advice: tuple[str, ...], step: int | None = None) -> None:
        """Log an alarm, and tell."""
        record = self.log.write(AlarmRecord(**self.log.at(self.step if step is None else step), alarm=kind, text=text))
        self.listeners.tell(lambda listener: listener.alarmed(Alarmed(record, evidence, advice)))

    def refuse_nan(self, figures: Figures) -> None:
        """Stop at the first loss that is not finite."""
        bad = ~np.isfinite(np.stack(list(figures.values()))).all(axis=0)
        if bad.any():
            raise self.diverged("a loss became NaN or infinite", self.step + int(bad.argmax()))

    def diverged(self, what: str, step: int) -> DivergedError:
        """The error, which is logged as an alarm: where it happened, what was saved, and what to try."""
        where, cure = f"at step {step} (epoch {self.plan.epoch(step):.2f})", alarms.ALARMS["nan"].cure(self.recipe)
        self.log_alarm("nan", what, where, cure, step)
        return failures.diverged(self.run, f"{what} {where}", " ".join(cure))

    def save(self, engine: Engine) -> None:
        """Write the checkpoint, and the log and the generator that belong to it.

        Raises:
            CondganError: the run folder was removed, or cannot be written to.
        """
        failures.check_folder(self.run, self.log, self.recipe, self.where())
        self.log.sync()
        self.save_checkpoint("last", engine)
        self.save_generator(self.run.generator_file, engine)
        self.saved = self.step
        self.mark("running")
        self.tell_saved("last", self.run.checkpoint())

    def save_checkpoint(self, which: Literal["last", "best"], engine: Engine) -> None:
        """Write the state of now as the ``last`` or the ``best`` checkpoint."""
        state = Checkpoint(
            recipe=self.recipe, domain=self.domain, settings=engine.settings, step=self.step,
            images_seen=self.plan.images_seen(self.step), seconds=self.seconds, state=engine.state(),
            pending=self.log.unlogged(),
        )  # fmt: skip
        try:
            checkpoints.save(self.run.checkpoint(which), state)
        except DivergedError as error:
            raise self.diverged(str(error), self.step) from None

    def save_generator(self, path: Path, engine: Engine) -> None:
        """Write the generator of now."""
        seen = self.plan.images_seen(self.step)
        generator.save(path, self.recipe, self.domain, seen, engine.generator_state())
