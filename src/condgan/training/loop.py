"""A stretch of training: block after block, and after each what is due."""

import threading
import time

import numpy as np

from condgan import engines
from condgan.data import Dataset
from condgan.diagnosis import alarms
from condgan.draws.schedule import Plan
from condgan.engines import Engine
from condgan.errors import CondganError, DivergedError, InterruptedTrainingError
from condgan.generation import generator, sampling, showing
from condgan.metrics.feature_network import computing
from condgan.pictures import curves, images, metric_plots
from condgan.recipe import Recipe
from condgan.results import selection
from condgan.runs import checkpoint as checkpoints
from condgan.runs import session as provenance
from condgan.runs.checkpoint import Checkpoint
from condgan.runs.log import Figures, Log, evaluations, trained
from condgan.runs.run import Run
from condgan.training import monitor
from condgan.training.interrupts import interrupts
from condgan.training.listeners.terminal import Progress
from condgan.training.monitor import Monitor

BLOCK_SECONDS = 0.5  # a block is at most about this long: Ctrl-C and the checkpoint wait for its end


class Trainer:
    """One stretch of work on a run: from a checkpoint (or step 0) to the end, or to an interruption."""

    def __init__(
        self, run: Run, recipe: Recipe, dataset: Dataset, start: Checkpoint | None, progress: Progress
    ) -> None:
        self.run, self.recipe, self.dataset, self.start, self.progress = run, recipe, dataset, start, progress
        self.domain = dataset.domain()
        self.split = dataset.trained_on(recipe.data.train_on)
        self.plan = Plan(len(self.split.labels), recipe.train.batch, recipe.train.epochs)
        self.step, self.seconds = (start.step, start.seconds) if start else (0, 0.0)
        self.monitor: Monitor | None = None

    def work(self, engine: Engine) -> None:
        """Train to the end, and write what a run leaves behind."""
        for notice in self.dataset.notices:
            self.progress.say(f"note: {notice}")
        self.progress.say(self.opening(engine))
        if self.step < self.plan.steps:
            with computing(engine.settings.threads):
                self.monitor = monitor.monitor(self.recipe, self.dataset, self.progress.say)
        self.note(engine)
        pending: Figures = self.start.pending if self.start else {}
        log = Log(self.run.folder, self.run.log, self.plan, self.recipe.output.log_every, self.step, pending)
        try:
            with interrupts() as stop:
                self.loop(engine, log, stop)
            self.finish(engine)
        except BrokenPipeError:  # of the terminal, not of the run
            raise
        except (CondganError, OSError) as error:
            refused = error if isinstance(error, OSError) else error.__cause__
            if not isinstance(refused, OSError):
                raise
            raise CondganError(
                f"cannot write to {self.run.folder}: {refused.strerror or refused}; what was saved is kept: make room, "
                f"then `condgan resume {self.run.folder}`"
            ) from error
        finally:
            log.close()
            self.progress.end()

    def engine(self) -> Engine:
        """The engine, at the step where this stretch begins."""
        framework = engines.load(self.recipe.engine)
        same = self.start is not None and self.start.recipe.engine == self.recipe.engine
        picked = self.start.settings if self.start and same else None
        asked = self.recipe.machine
        if picked is not None and asked.device:  # what the user names wins
            picked = picked.model_copy(update={"device": asked.device})
        if picked is not None and asked.threads:
            picked = picked.model_copy(update={"threads": asked.threads, "threads_by": "machine.threads"})
        try:
            engine = framework.build(self.recipe, self.domain, self.split.images, self.split.labels, picked)
        except MemoryError:
            raise CondganError(
                "the networks do not fit into memory: fewer hidden units, a smaller width, or a smaller data.size"
            ) from None
        if self.start:
            engine.load(self.start.state)
        return engine

    def opening(self, engine: Engine) -> str:
        """What is about to happen, in a sentence."""
        settings = engine.settings
        if self.step == self.plan.steps:
            return f"{self.run.folder} is finished: `condgan resume {self.run.folder} --epochs N` trains on to N in all"
        start = "trains"
        if self.start:
            start = f"goes on at epoch {self.plan.epoch(self.step):.2f} (step {self.step})"
        what = "images" if self.domain.vector is None else "vectors"
        asked, precision = self.recipe.train.precision, settings.precision
        slow = f", {precision}: {asked} would not help here" if precision not in (asked, None) else ""
        return (
            f"{self.run.folder}: {self.recipe.name} {start} to epoch {self.plan.epochs} on {self.plan.images} {what} "
            f"of {self.dataset.name} ({self.recipe.data.train_on}), "
            f"{self.recipe.engine}, {settings.device}, {settings.threads} thread(s) ({settings.threads_by}){slow}"
        )

    def note(self, engine: Engine) -> None:
        """Record what this stretch of work stands on."""
        facts = {
            "domain": self.domain.model_dump(mode="json"),
            "splits": {
                "rule": self.dataset.split_rule,
                "images": {name: len(split) for name, split in self.dataset.splits.items()},
                "trained_on": self.recipe.data.train_on,
            },
        }
        session = provenance.session() | {"step": self.step, "settings": engine.settings.model_dump(mode="json")}
        self.run.note_session(facts, session)

    def loop(self, engine: Engine, log: Log, stop: threading.Event) -> None:
        """Block after block; after each, what is due."""
        self.progress.begin(self.plan, self.step)
        per_step, saved = BLOCK_SECONDS, time.monotonic()
        exhausted = self.exhausted(log)
        while self.step < self.plan.steps and not exhausted:
            begun = time.monotonic()
            steps = min(log.window_end(self.step), self.next_grid(), self.next_evaluation()) - self.step
            steps = max(1, min(steps, int(BLOCK_SECONDS / per_step)))
            figures = engine.run(self.step, steps)
            self.refuse_nan(figures, log)
            self.step += steps
            took = time.monotonic() - begun
            self.seconds += took
            per_step = max(took / steps, 1e-6)
            record = log.add(figures, self.seconds)
            self.progress.block(self.step, took, steps)
            if record:
                self.progress.record(record)
            if self.step == self.next_grid(self.step - 1):
                self.draw_grid(engine)
                self.alarm(log)
            measured = self.monitor is not None and self.step == self.next_evaluation(self.step - 1)
            if measured:
                self.evaluate(engine, log)
                exhausted = self.exhausted(log)
            if measured or stop.is_set() or time.monotonic() - saved > self.recipe.output.checkpoint_every:
                self.save(engine, log)
                saved = time.monotonic()
            if stop.is_set() and self.step < self.plan.steps:
                raise InterruptedTrainingError(
                    f"stopped and saved at epoch {self.plan.epoch(self.step):.2f} (step {self.step}): "
                    f"`condgan resume {self.run.folder}` goes on exactly there"
                )
        self.save(engine, log)

    def next_grid(self, step: int | None = None) -> int:
        """The step after which the next class grid is due."""
        return self.next_multiple(self.recipe.output.grid_every, step)

    def next_evaluation(self, step: int | None = None) -> int:
        """The step after which the next evaluation is due; the end, if there is none."""
        every = self.recipe.evaluation.every
        return self.plan.steps if self.monitor is None or every is None else self.next_multiple(every, step)

    def next_multiple(self, every: int, step: int | None) -> int:
        """The first step after ``step`` (default: now) with another ``every`` images seen, or the last one."""
        seen = self.plan.images_seen(self.step if step is None else step)
        return min(self.plan.step_at((seen // every + 1) * every), self.plan.steps)

    def evaluate(self, engine: Engine, log: Log) -> None:
        """Measure, log it, and keep the checkpoint if it is the best."""
        if self.monitor is None:
            return
        self.progress.say(f"measuring at epoch {self.plan.epoch(self.step):g}")
        content, confusion = self.monitor.measure(engine)
        record = log.write(content, self.step)
        lines = evaluations(log.records)
        number = selection.best(self.recipe, lines)
        if number == len(lines) - 1:
            self.keep("best", engine, log)
        self.progress.say(selection.sentence(self.recipe, lines))
        metric_plots.metric_curves(
            self.run.metrics_plot, lines, self.recipe.name, None if number is None else lines[number]["images"]
        )
        if "per_class" in record:
            title = f"{self.recipe.name}, epoch {record['epoch']:g}: label accuracy"
            overall = record["evaluation"]["label_accuracy"]["value"]
            metric_plots.class_accuracy(self.run.class_plot, record["per_class"], confusion, title, overall)
        self.alarm(log)

    def exhausted(self, log: Log) -> bool:
        """Whether the recipe's patience with evaluations is over."""
        lines = evaluations(log.records)
        if not selection.exhausted(self.recipe, lines):
            return False
        self.progress.say(
            f"stopped at epoch {self.plan.epoch(self.step):g}: {self.recipe.evaluation.patience} evaluations without a "
            f"new best; the best one is the checkpoint `best`, evaluation.patience=none trains on"
        )
        return True

    def alarm(self, log: Log) -> None:
        """Say, and log, what begins to go wrong: each kind once in a run."""
        known = {record["alarm"] for record in log.records if "alarm" in record}
        for finding in alarms.from_log(self.recipe, log.records):
            if finding.kind not in known:
                log.write({"alarm": finding.kind, "text": finding.text}, self.step)
                self.progress.say(f"alarm: {finding.text} ({finding.evidence}); try {' '.join(finding.advice)}")

    def refuse_nan(self, figures: Figures, log: Log) -> None:
        """Stop at the first loss that is not finite."""
        bad = ~np.isfinite(np.stack(list(figures.values()))).all(axis=0)
        if bad.any():
            step = self.step + int(bad.argmax())
            log.write({"alarm": "nan", "text": "a loss became NaN or infinite"}, step)
            raise self.diverged("a loss became NaN or infinite", step)

    def diverged(self, what: str, step: int) -> DivergedError:
        """The error that says where it happened, what is kept, and what to try."""
        lr = min(self.recipe.optim.g.lr, self.recipe.optim.d.lr)
        last = self.run.checkpoint()
        return DivergedError(
            f"{what} at step {step} (epoch {self.plan.epoch(step):.2f}); "
            f"{f'`{last}` is kept' if last.exists() else 'no checkpoint was due yet'}; "
            f"try a smaller learning rate (optim.lr={lr / 4:g}) or another loss, in a new run"
        )

    def draw_grid(self, engine: Engine) -> None:
        """The picture of now."""
        seen = self.plan.images_seen(self.step)
        picture = showing.moment(engine, self.recipe, self.dataset)
        images.save_png(
            self.run.grid(seen), picture, sampling.caption(self.recipe, self.domain, self.recipe.seed, seen)
        )

    def save(self, engine: Engine, log: Log) -> None:
        """Write the checkpoint, and the log, generator and plot that belong to it."""
        log.sync()
        self.keep("last", engine, log)
        seen = self.plan.images_seen(self.step)
        generator.save(self.run.generator_file, self.recipe, self.domain, seen, engine.generator_state())
        curves.loss_curves(self.run.loss_plot, trained(log.records), self.recipe.name)

    def keep(self, which: str, engine: Engine, log: Log) -> None:
        """Write the state of now as the ``last`` or the ``best`` checkpoint."""
        state = Checkpoint(
            recipe=self.recipe,
            domain=self.domain,
            settings=engine.settings,
            step=self.step,
            images_seen=self.plan.images_seen(self.step),
            seconds=self.seconds,
            state=engine.state(),
            pending=log.unlogged(),
        )
        try:
            checkpoints.save(self.run.checkpoint(which), state)
        except DivergedError as error:
            log.write({"alarm": "nan", "text": str(error)}, self.step)
            raise self.diverged(str(error), self.step) from None

    def finish(self, engine: Engine) -> None:
        """What a finished run shows."""
        picture = showing.result(engine, self.recipe, self.dataset)
        caption = sampling.caption(self.recipe, self.domain, self.recipe.seed, self.plan.images_seen(self.step))
        images.save_png(self.run.result, picture, caption)
        images.save_gif(self.run.animation, sorted(self.run.samples.glob("[0-9]*.png")))
