"""Progress: steps to images seen and back, and the schedules: pure functions of it, with nothing to checkpoint."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from condgan.recipe import Augment, Growing, Optimiser, Recipe, Train

FALLS: dict[str, Callable[[float], float]] = {
    "linear": lambda done: 1 - done,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,  # Loshchilov & Hutter 2017, equation 5, without restarts
}
"""Schedules that end with the training: the share of the first rate that is left where a share of the fall is done."""


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
        case "exponential":  # Mirza & Osindero 2014, section 4.1
            return max(optimiser.lr * optimiser.decay**-step, optimiser.lr_floor)
        case "linear" | "cosine" as fall:
            done = (step / plan.steps - optimiser.schedule_from) / (1 - optimiser.schedule_from)
            return optimiser.lr * FALLS[fall](min(max(done, 0.0), 1.0))


def momentum(optimiser: Optimiser, step: int, plan: Plan) -> float:
    """The momentum of a step."""
    end = optimiser.momentum if optimiser.momentum_end is None else optimiser.momentum_end
    return optimiser.momentum + (end - optimiser.momentum) * min(1.0, plan.epoch(step) / optimiser.momentum_epochs)


def instance_noise(augment: Augment, step: int, plan: Plan) -> float:
    """The standard deviation of a step's instance noise, which may fall to 0 over the first epochs."""
    done = plan.epoch(step) / augment.noise_epochs if augment.noise_epochs else 0.0
    return augment.noise * max(0.0, 1 - done)


def grown(growing: Growing, stages: int, step: int, plan: Plan) -> float:
    """How far networks of so many resolutions have grown before a step, in [0, stages - 1] (Karras et al. 2018).

    The whole part is the number of resolutions above the smallest that are fully in use, the fraction the weight of
    the next one, which fades in.
    """
    if growing.images is None:
        return stages - 1
    finished, since = divmod(plan.images_seen(step), growing.images + growing.fade)
    return min(finished + max(0, since - growing.images) / growing.fade, stages - 1)


def average_decay(train: Train, step: int) -> float:
    """The decay of the averaged generator at a step, counted from 0; 0 without an average."""
    decay = train.ema or 0.0
    return min(decay, (1 + step) / (10 + step)) if train.ema_warmup else decay


def depends_on_length(recipe: Recipe) -> list[str]:
    """The fields that make a step depend on how long the whole training is; none: more epochs continue it exactly."""
    return [f"optim.{player}.schedule" for player in ("g", "d") if getattr(recipe.optim, player).schedule in FALLS]
