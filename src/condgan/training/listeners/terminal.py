"""What a long training shows: a live bar on a terminal, the published log line elsewhere."""

import sys
import time
from contextlib import suppress

from condgan import streams
from condgan.results.records import StepRecord
from condgan.runs.status import Status
from condgan.training.listeners.listener import Alarmed, Beginning, Block, Evaluated, Listener

LINE_EVERY = 50  # batches, as published
PROGRESS_EVERY = 10.0  # seconds between two lines about something that takes long


class Sentences(Listener):
    """Prints what a training says in words."""

    spoke = 0.0  # when progress was last printed

    def say(self, text: str) -> None:
        """Print a sentence, if that is possible: no training ends because nobody hears of it."""
        with suppress(OSError, ValueError):
            print(streams.encodable(text, getattr(sys.stdout, "encoding", None)), flush=True)

    def began(self, training: Beginning) -> None:
        """Print what is trained."""
        self.plan = training.plan
        for notice in training.notices:
            self.say(f"note: {notice}")
        self.say(training.opening)

    def notified(self, text: str) -> None:
        """Print it."""
        self.say(text)

    def progressed(self, what: str, done: int, total: int) -> None:
        """Print how far it is, every ten seconds."""
        now = time.monotonic()
        self.spoke = self.spoke or now
        if now - self.spoke > PROGRESS_EVERY:
            self.spoke = now
            self.say(f"{what}: {done:,} of {total:,}")

    def evaluated(self, evaluation: Evaluated) -> None:
        """Print its figures."""
        self.say(evaluation.sentence)

    def alarmed(self, alarm: Alarmed) -> None:
        """Print what goes wrong, and what to try."""
        self.say(f"alarm: {alarm.record.text} ({alarm.evidence}); try {' '.join(alarm.advice)}")


class Lines(Sentences):
    """``[Epoch 0/100] [Batch 50/938] [D loss: x] [G loss: y]`` for each 50th batch, of that batch alone.

    As published: epochs and batches are counted from 0, and the losses are no means.
    """

    def block(self, block: Block) -> None:
        """Print a line for each batch of the block that has one."""
        batches = self.plan.steps_per_epoch
        for number in range(block.steps):
            epoch, batch = divmod(block.step - block.steps + number, batches)
            if batch % LINE_EVERY == 0:
                d_loss, g_loss = (float(block.figures[name][number]) for name in ("d_loss", "g_loss"))
                self.say(
                    f"[Epoch {epoch}/{self.plan.epochs}] [Batch {batch}/{batches}] "
                    f"[D loss: {d_loss:.6f}] [G loss: {g_loss:.6f}]"
                )


class Bar(Sentences):
    """Epoch, images a second, time left and losses on one live line."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Live

        self.live = Live(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}% {task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=Console(file=sys.stdout),
        )
        self.waiting: Live | None = None

    def say(self, text: str) -> None:
        """Print it above the bar."""
        self.live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def began(self, training: Beginning) -> None:
        """Prepare the bar, which appears with the first block."""
        super().began(training)
        self.rate = 0.0
        self.task = self.live.add_task(
            "", start=False, total=training.plan.steps, completed=training.step, epoch="", rate="", losses=""
        )

    def progressed(self, what: str, done: int, total: int) -> None:
        """Show how far it is: on a bar of its own, or beside the bar of the training."""
        if self.live.live.is_started:
            self.live.update(self.task, losses=f"{what} {done:,}/{total:,}")
            return
        from rich.progress import Progress as Live

        if self.waiting is None:
            self.waiting = Live(console=self.live.console, transient=True)
            self.waiting.add_task(what)
            self.waiting.start()
        self.waiting.update(self.waiting.task_ids[0], description=what, completed=done, total=total)
        if done >= total:
            self.waiting.stop()
            self.waiting = None

    def block(self, block: Block) -> None:
        """Move the bar."""
        if not self.live.live.is_started:
            self.live.start_task(self.task)
            self.live.start()
        images = self.plan.images_seen(block.step) - self.plan.images_seen(block.step - block.steps)
        now = images / max(block.seconds, 1e-9)
        self.rate = now if not self.rate else 0.8 * self.rate + 0.2 * now
        epoch = f"epoch {min(block.step // self.plan.steps_per_epoch + 1, self.plan.epochs)}/{self.plan.epochs}"
        self.live.update(self.task, completed=block.step, epoch=epoch, rate=f"{self.rate:,.0f} images/s")

    def logged(self, record: StepRecord) -> None:
        """Show the losses."""
        d_loss, g_loss = (record.mean[name] for name in ("d_loss", "g_loss"))
        self.live.update(self.task, losses=f"D {d_loss:.3f}  G {g_loss:.3f}")

    def ended(self, status: Status) -> None:
        """Leave the bar as it stands."""
        if self.waiting is not None:
            self.waiting.stop()
        self.live.stop()


def for_this_terminal() -> Listener:
    """A bar on a terminal, lines elsewhere. The command line's streams wait for nobody from now on."""
    streams.news()
    return Bar() if sys.stdout.isatty() else Lines()
