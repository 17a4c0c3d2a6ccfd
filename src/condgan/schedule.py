"""Progress: steps to images seen and back, and the schedules: pure functions of it, with nothing to checkpoint."""

from dataclasses import dataclass

from condgan.recipe import Optimiser, Recipe


@dataclass(frozen=True)
class Plan:
    """How the steps of a training fall on the data: every epoch is reshuffled and ends with its ragged last batch.

    A last batch of a single image is left out (another image each epoch): batch statistics of one image do not exist.
    """

    images: int
    """Images in the training data."""
    batch: int
    epochs: int

    @property
    def images_per_epoch(self) -> int:
        """Images that an epoch visits: all of them, or all but one."""
        lone = self.images % self.batch == 1 and self.images > 1
        return self.images - lone

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch: 938 for 60,000 images in batches of 64."""
        return -(-self.images_per_epoch // self.batch)

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.epochs * self.steps_per_epoch

    def rows(self, step: int) -> int:
        """Images in the batch of a step."""
        start = step % self.steps_per_epoch * self.batch
        return min(self.batch, self.images_per_epoch - start)

    def images_seen(self, step: int) -> int:
        """Images seen before a step begins."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        return epoch * self.images_per_epoch + batch * self.batch

    def step_at(self, images: int) -> int:
        """The number of steps after which at least this many images have been seen."""
        epoch, rest = divmod(images, self.images_per_epoch)
        return epoch * self.steps_per_epoch + -(-rest // self.batch)

    def epoch(self, step: int) -> float:
        """Epochs finished before a step begins, with their fraction."""
        return self.images_seen(step) / self.images_per_epoch


def learning_rate(optimiser: Optimiser, step: int, plan: Plan) -> float:
    """The learning rate of a step."""
    match optimiser.schedule:
        case "constant":
            return optimiser.lr
        case "linear":
            return optimiser.lr * max(0.0, 1 - step / plan.steps)
        case "exponential":  # Mirza & Osindero 2014, section 4.1
            return max(optimiser.lr * optimiser.decay**-step, optimiser.lr_floor)


def momentum(optimiser: Optimiser, step: int, plan: Plan) -> float:
    """The momentum of a step."""
    end = optimiser.momentum if optimiser.momentum_end is None else optimiser.momentum_end
    return optimiser.momentum + (end - optimiser.momentum) * min(1.0, plan.epoch(step) / optimiser.momentum_epochs)


def depends_on_length(recipe: Recipe) -> list[str]:
    """The fields that make a step depend on how long the whole training is; none: more epochs continue it exactly."""
    return [f"optim.{player}.schedule" for player in ("g", "d") if getattr(recipe.optim, player).schedule == "linear"]
