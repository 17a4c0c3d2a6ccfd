"""What a block of steps draws, as arrays: the same for every engine, whatever the block's boundaries."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.draws.schedule import Plan
from condgan.recipe import Recipe

Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]


class Visited(Protocol):
    """What the draws depend on of the training data."""

    def __len__(self) -> int:
        """The number of rows, N."""

    def order(self, seed: int, epoch: int) -> Int64:
        """The order in which an epoch visits the rows, (N,)."""

    def conditions(self, index: Int64) -> Conditions:
        """The conditions of rows (n,) -> (n, ...)."""


@dataclass(frozen=True)
class Fakes:
    """What generated batches are made from, for S steps of at most B pictures."""

    latents: Float32
    """(S, B, dim)"""
    labels: Conditions
    """(S, B) classes, or (S, B, V) vector conditions"""


@dataclass(frozen=True)
class Block:
    """Everything that S consecutive steps need besides the weights. Rows beyond a ragged batch are to be cut off."""

    rows: tuple[int, ...]
    """Real images in each step."""
    index: Int64
    """(S, B) rows of the training data; padded with 0."""
    generator: Fakes
    critic: tuple[Fakes, ...]
    """Fresh fakes of each discriminator step; empty where both networks step on the same fakes."""
    seeds: Int64
    """(S,) for what the framework draws itself: dropout."""


@lru_cache(maxsize=2)
def order(seed: int, epoch: int, images: int) -> Int64:
    """The order in which an epoch visits the training images, (images,)."""
    return philox.permutation(seed, Stream.ORDER, epoch, images)


def draw(recipe: Recipe, plan: Plan, data: Visited, classes: int, first_step: int, steps: int) -> Block:
    """The draws of steps first_step ... first_step + steps - 1; ``classes`` is 0 where conditions are vectors."""
    numbers = np.arange(first_step, first_step + steps)
    rows = tuple(plan.rows(step) for step in numbers.tolist())
    index = np.zeros((steps, plan.batch), np.int64)
    for i, step in enumerate(numbers.tolist()):
        epoch, batch = divmod(step, plan.steps_per_epoch)
        index[i, : rows[i]] = data.order(recipe.seed, epoch)[batch * plan.batch :][: rows[i]]

    def at(rows: Int64) -> Conditions:
        conditions = data.conditions(rows.reshape(-1))
        return conditions.reshape(*rows.shape, *conditions.shape[1:])

    def fakes(latents: Stream, classes_drawn: Stream, turn: int, turns: int) -> Fakes:
        pictures = ((numbers * turns + turn)[:, None] * plan.batch + np.arange(plan.batch)).reshape(-1)
        shape = (steps, plan.batch)
        noise = philox.latents(recipe.latent, recipe.seed, pictures, latents)
        if recipe.train.fake_labels == "real":
            return Fakes(noise.reshape(*shape, -1), at(index))
        drawn = philox.integers(recipe.seed, classes_drawn, pictures, classes or len(data)).reshape(shape)
        return Fakes(noise.reshape(*shape, -1), drawn if classes else at(drawn))

    turns = recipe.train.critic_steps if recipe.train.fakes == "fresh" else 0
    return Block(
        rows=rows,
        index=index,
        generator=fakes(Stream.GENERATOR_LATENTS, Stream.GENERATOR_LABELS, 0, 1),
        critic=tuple(
            fakes(Stream.DISCRIMINATOR_LATENTS, Stream.DISCRIMINATOR_LABELS, turn, turns) for turn in range(turns)
        ),
        seeds=philox.keys(recipe.seed, Stream.STEP, numbers),
    )
