"""What a long training shows: a live bar on a terminal, the published log line elsewhere."""

import sys

from condgan.draws.schedule import Plan
from condgan.results.records import StepRecord

LINE_EVERY = 50  # batches, as published


class Progress:
    """Hears how a training goes, and tells nobody; the others here tell someone."""

    def begin(self, plan: Plan, step: int) -> None:
        """Training starts or goes on at a step."""

    def block(self, step: int, seconds: float, steps: int) -> None:
        """A block of steps ended at ``step`` after so many seconds."""

    def record(self, record: StepRecord) -> None:
        """A line of the log is complete."""

    def say(self, text: str) -> None:
        """A sentence for the user."""

    def end(self) -> None:
        """Training ended, in whatever way."""


class Lines(Progress):
    """``[Epoch e/E] [Batch b/B] [D loss: x] [G loss: y]`` every 50 batches; losses are means since the last line."""

    def begin(self, plan: Plan, step: int) -> None:
        """Remember the plan."""
        self.plan, self.step = plan, step
        self.sums, self.steps = {"d_loss": 0.0, "g_loss": 0.0}, 0

    def record(self, record: StepRecord) -> None:
        """Print a line, if 50 batches are over or the epoch is."""
        before, self.step = self.step, record.step
        for name in self.sums:
            self.sums[name] += record.mean[name] * (self.step - before)
        self.steps += self.step - before
        epoch, batch = divmod(self.step - 1, self.plan.steps_per_epoch)
        batch += 1
        if batch // LINE_EVERY > (batch - self.steps) // LINE_EVERY or batch == self.plan.steps_per_epoch:
            d_loss, g_loss = (total / self.steps for total in self.sums.values())
            print(
                f"[Epoch {epoch + 1}/{self.plan.epochs}] [Batch {batch}/{self.plan.steps_per_epoch}] "
                f"[D loss: {d_loss:.6f}] [G loss: {g_loss:.6f}]",
                flush=True,
            )
            self.sums, self.steps = dict.fromkeys(self.sums, 0.0), 0

    def say(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)


class Bar(Progress):
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

    def begin(self, plan: Plan, step: int) -> None:
        """Show the bar."""
        self.plan, self.rate = plan, 0.0
        self.task = self.live.add_task("", total=plan.steps, completed=step, epoch="", rate="", losses="")
        self.live.start()

    def block(self, step: int, seconds: float, steps: int) -> None:
        """Move the bar."""
        images = self.plan.images_seen(step) - self.plan.images_seen(step - steps)
        now = images / max(seconds, 1e-9)
        self.rate = now if not self.rate else 0.8 * self.rate + 0.2 * now
        epoch = f"epoch {min(step // self.plan.steps_per_epoch + 1, self.plan.epochs)}/{self.plan.epochs}"
        self.live.update(self.task, completed=step, epoch=epoch, rate=f"{self.rate:,.0f} images/s")

    def record(self, record: StepRecord) -> None:
        """Show the losses."""
        self.live.update(self.task, losses=f"D {record.mean['d_loss']:.3f}  G {record.mean['g_loss']:.3f}")

    def say(self, text: str) -> None:
        """Print it above the bar."""
        self.live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Leave the bar as it stands."""
        self.live.stop()


def for_this_terminal() -> Progress:
    """A bar on a terminal, lines elsewhere."""
    return Bar() if sys.stdout.isatty() else Lines()
