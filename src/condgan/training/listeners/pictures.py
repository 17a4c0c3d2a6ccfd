"""The pictures of a training: class grids in ``samples/``, and at the end ``result.png`` and ``progress.gif``."""

from pathlib import Path

from condgan.generation import jobs, showing
from condgan.generation.jobs import Moment
from condgan.pictures import images
from condgan.runs.status import Status
from condgan.storage.manifest import Kind, Manifest
from condgan.training.listeners.listener import Beginning, Block, Listener


class Pictures(Listener):
    """Draws them from the generator of the moment."""

    def began(self, training: Beginning) -> None:
        """Draw the noise that an untrained generator shows."""
        self.training, self.step = training, training.step
        self.source = Moment(training.sampler, training.recipe, training.dataset.domain())
        if self.step == 0:
            self.draw_grid()

    def block(self, block: Block) -> None:
        """Draw a grid, if one is due."""
        before, self.step = block.step - block.steps, block.step
        if self.step == self.training.agenda.grid(before):
            self.draw_grid()

    def ended(self, status: Status) -> None:
        """Draw what a finished run shows."""
        run = self.training.run
        if status.state == "finished":
            self.save(run.result, "row", showing.result(self.training.recipe, self.training.dataset))
            shows = self.training.manifest.of("picture", shows="class grids in the course of a training")
            images.save_gif(run.animation, sorted(run.samples.glob("[0-9]*.png")), shows)

    def draw_grid(self) -> None:
        """Save the grid of this step."""
        path = self.training.run.grid(self.training.plan.images_seen(self.step))
        self.save(path, "grid", showing.moment(self.training.recipe, self.training.dataset))

    def save(self, path: Path, kind: Kind, job: jobs.Row | None) -> None:
        """Draw a job and save it; without one, the plot of vectors."""
        if job is None:
            picture, manifest = showing.plot(self.source, self.training.dataset), self.manifest().of("picture")
        else:
            picture, manifest = job.draw(self.source), self.manifest().of(kind, jobs.recorded(job))
        images.save_png(path, picture, manifest)

    def manifest(self) -> Manifest:
        """What a picture of this step says of itself; its epochs, and batches of the next one, are complete."""
        plan = self.training.plan
        epoch, batch = divmod(self.step, plan.steps_per_epoch)
        return self.training.manifest.model_copy(
            update={
                "generator_sha256": self.training.fingerprint(),
                "images_seen": plan.images_seen(self.step),
                "shows": f"epoch {epoch}, batch {batch}",
            }
        )
