"""What the engines of all frameworks share: networks, optimisers and data, and the state that training changes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Latents, Samples
from condgan.data.rows import Rows
from condgan.draws import philox
from condgan.draws.philox import Stream
from condgan.draws.schedule import Plan
from condgan.engines import Settings, State, figures, fit
from condgan.engines.bodies.networks import outputs
from condgan.engines.bodies.operations import Operations
from condgan.engines.game import Game
from condgan.engines.sampling import Sampler
from condgan.recipe import Domain, Recipe


class Engine(ABC):
    """Both networks, their optimisers and the training data, on a device; a ``condgan.engines.Sampler``."""

    game: Game
    settings: Settings

    def __init__(self, ops: Operations, recipe: Recipe, domain: Domain, rows: Rows) -> None:
        self.ops, self.recipe, self.domain, self.rows = ops, recipe, domain, rows
        self.figures = figures(recipe)
        self.plan = Plan(len(rows), recipe.train.batch, recipe.train.epochs)
        self.network_seed = int(philox.keys(recipe.seed, Stream.NETWORK, [0])[0])
        self.output = outputs(ops)[recipe.generator.output]
        self.chunk = self.plan.batch  # images scored at a time: as many as in training, where neighbours matter

    @abstractmethod
    def _run(self, first_step: int, steps: int) -> npt.NDArray[np.float32]:
        """A block of steps with the settings -> (steps, figures)."""

    def run(self, first_step: int, steps: int) -> dict[str, npt.NDArray[np.float32]]:
        """Take a block of steps -> each of the recipe's figures as (steps,). Nothing leaves the device inside it.

        ``run(0, 100)`` equals ``run(0, 37)`` and ``run(37, 63)``, bit for bit.
        """
        return dict(zip(self.figures, self._run(first_step, steps).T.copy(), strict=True))

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8 or (N, D), from the averaged generator if there is one."""
        return Sampler(self.ops, self.game.sampled, self.recipe.generator, self.domain).sample(latents, labels)

    def score(self, images: Samples, labels: Conditions) -> npt.NDArray[np.float32]:
        """(N, C, H, W) uint8, or (N, D), and (N, ...) -> (N,) logits, in eval mode, without augmentation."""
        network, read = self.game.discriminator, self.output.read
        arrays = images, fit.labels(labels, self.domain)
        logits = self.ops.evaluated(network, lambda x, y: network(read(x), y).logits, arrays, self.chunk, False)
        return np.asarray(logits, np.float32)

    def state(self) -> State:
        """Both networks, both optimisers, the average and the augmentation, as copies."""
        return self.ops.copies(self.game.tensors())

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a state, strictly: every name, shape and type.

        Raises:
            CondganError: the state is of another recipe.
        """
        self.ops.copy_into(self.game.tensors(), state)

    def generator_state(self) -> State:
        """Weights of the generator that is sampled from."""
        return self.ops.copies(self.ops.state(self.game.sampled))
