"""The pictures of a training: class grids in ``samples/``, and at the end ``result.png`` and ``progress.gif``."""

from condgan.generation import sampling, showing
from condgan.pictures import images
from condgan.pictures.images import Pixels
from condgan.runs.status import Status
from condgan.training.listeners.listener import Beginning, Block, Listener


class Pictures(Listener):
    """Draws them from the generator of the moment."""

    def began(self, training: Beginning) -> None:
        """Draw the noise that an untrained generator shows."""
        self.training, self.step = training, training.step
        if self.step == 0:
            self.draw_grid()

    def block(self, block: Block) -> None:
        """Draw a grid, if one is due."""
        before, self.step = block.step - block.steps, block.step
        if self.step == self.training.agenda.grid(before):
            self.draw_grid()

    def ended(self, status: Status) -> None:
        """Draw what a finished run shows."""
        training = self.training
        if status.state == "finished":
            picture = showing.result(training.sampler, training.recipe, training.dataset)
            images.save_png(training.run.result, picture, self.caption())
            images.save_gif(training.run.animation, sorted(training.run.samples.glob("[0-9]*.png")))

    def draw_grid(self) -> None:
        """Save the grid of this step."""
        training = self.training
        picture: Pixels = showing.moment(training.sampler, training.recipe, training.dataset)
        images.save_png(training.run.grid(training.plan.images_seen(self.step)), picture, self.caption())

    def caption(self) -> dict[str, str]:
        """The text in a picture: epochs, and batches of the next one, are those that are complete."""
        recipe, plan = self.training.recipe, self.training.plan
        epoch, batch = divmod(self.step, plan.steps_per_epoch)
        seen = plan.images_seen(self.step)
        text = sampling.caption(recipe, self.training.dataset.domain(), recipe.seed, seen)
        return text | {"epoch": str(epoch), "batch": str(batch)}
