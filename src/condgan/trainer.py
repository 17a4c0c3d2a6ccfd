"""A stretch of training: block after block, and after each what is due."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
import numpy.typing as npt

from condgan import checkpoint as checkpoints
from condgan import engines, generator, images, labels, plots, provenance, sampling
from condgan.checkpoint import Checkpoint
from condgan.data import Dataset
from condgan.engines import Engine
from condgan.errors import CondganError, DivergedError, InterruptedTrainingError
from condgan.log import Figures, Log
from condgan.progress import Progress
from condgan.recipe import Domain, Recipe
from condgan.runs import Run
from condgan.schedule import Plan

BLOCK_SECONDS = 0.5  # a block is at most about this long: Ctrl-C and the checkpoint wait for its end
MOST_RESULTS = 20


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

    def work(self, engine: Engine) -> None:
        """Train to the end, and write what a run leaves behind."""
        for notice in self.dataset.notices:
            self.progress.say(f"note: {notice}")
        self.progress.say(self.opening(engine))
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
        picked = self.start.settings if self.start else None
        asked = self.recipe.machine
        if picked is not None and asked.device:  # what the user names wins
            picked = picked.model_copy(update={"device": asked.device})
        if picked is not None and asked.threads:
            picked = picked.model_copy(update={"threads": asked.threads, "threads_by": "machine.threads"})
        try:
            engine = framework.build(self.recipe, self.domain, self.split.images, self.split.labels, picked)
        except MemoryError:
            raise CondganError(
                "the networks do not fit into memory: fewer hidden units or a smaller data.size"
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
        return (
            f"{self.run.folder}: {self.recipe.name} {start} to epoch {self.plan.epochs} on {self.plan.images} images "
            f"of {self.dataset.name} ({self.recipe.data.train_on}), "
            f"{settings.device}, {settings.threads} thread(s) ({settings.threads_by})"
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
        while self.step < self.plan.steps:
            begun = time.monotonic()
            steps = min(log.window_end(self.step), self.next_grid()) - self.step
            steps = max(1, min(steps, int(BLOCK_SECONDS / per_step)))
            figures = engine.run(self.step, steps)
            self.refuse_nan(figures)
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
            if stop.is_set() or time.monotonic() - saved > self.recipe.output.checkpoint_every:
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
        seen = self.plan.images_seen(self.step if step is None else step)
        every = self.recipe.output.grid_every
        return min(self.plan.step_at((seen // every + 1) * every), self.plan.steps)

    def refuse_nan(self, figures: Figures) -> None:
        """Stop at the first loss that is not finite."""
        bad = ~np.isfinite(np.stack(list(figures.values()))).all(axis=0)
        if bad.any():
            raise self.diverged("a loss became NaN or infinite", self.step + int(bad.argmax()))

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
        """The class grid of now."""
        seen = self.plan.images_seen(self.step)
        picture = sampling.grid(engine, self.recipe, self.domain, self.recipe.seed)
        images.save_png(
            self.run.grid(seen), picture, sampling.caption(self.recipe, self.domain, self.recipe.seed, seen)
        )

    def save(self, engine: Engine, log: Log) -> None:
        """Write the checkpoint, and the log, generator and plot that belong to it."""
        log.sync()
        seen = self.plan.images_seen(self.step)
        checkpoint = Checkpoint(
            recipe=self.recipe,
            domain=self.domain,
            settings=engine.settings,
            step=self.step,
            images_seen=seen,
            seconds=self.seconds,
            state=engine.state(),
            pending=log.unlogged(),
        )
        try:
            checkpoints.save(self.run.checkpoint(), checkpoint)
        except DivergedError as error:
            raise self.diverged(str(error), self.step) from None
        generator.save(self.run.generator, self.recipe, self.domain, seen, engine.generator_state())
        plots.loss_curves(self.run.loss_plot, log.records, self.recipe.name)

    def finish(self, engine: Engine) -> None:
        """What a finished run shows."""
        asked = result_labels(self.recipe, self.domain)
        made = sampling.pictures(engine, self.recipe, asked, self.recipe.seed)
        caption = sampling.caption(self.recipe, self.domain, self.recipe.seed, self.plan.images_seen(self.step))
        images.save_png(self.run.result, images.row(made), caption)
        images.save_gif(self.run.animation, sorted(self.run.samples.glob("[0-9]*.png")))


def result_labels(recipe: Recipe, domain: Domain) -> npt.NDArray[np.int64]:
    """Classes of result.png: the recipe's sequence, or each class once.

    Raises:
        CondganError: the sequence names a class that is not there.
    """
    if recipe.output.sequence is None or not recipe.conditional:
        return np.arange(min(domain.classes, MOST_RESULTS), dtype=np.int64)
    return labels.parse(recipe.output.sequence, domain)


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set an event, so that a block ends and is saved; a second one stops at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]

    def restore() -> None:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()
        restore()

    for number in numbers:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
