"""Training in Jittor: blocks of steps, and the state that they leave."""

from collections.abc import Mapping

import jittor as jt
import numpy as np
import numpy.typing as npt

from condgan import engines
from condgan.arrays import Conditions, Latents, Samples
from condgan.data.rows import Rows
from condgan.draws import block, philox
from condgan.draws.philox import Stream
from condgan.draws.schedule import Plan
from condgan.engines import Settings, State, fit
from condgan.engines.bodies.networks import outputs
from condgan.engines.game import Batch
from condgan.engines.jittor import machine, randomness, tensors
from condgan.engines.jittor.game import Game
from condgan.engines.jittor.operations import JITTOR
from condgan.engines.sampling import Sampler, score
from condgan.recipe import Domain, Recipe


class JittorEngine:
    """See ``condgan.engines.Engine``."""

    def __init__(self, recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> None:
        self.recipe, self.domain, self.rows = recipe, domain, rows
        if domain.condition is None:
            fit.labels(rows.conditions(slice(None)), domain)
        self.figures = engines.figures(recipe)
        self.plan = Plan(len(rows), recipe.train.batch, recipe.train.epochs)
        randomness.seed(int(philox.keys(recipe.seed, Stream.NETWORK, [0])[0]))
        self.game = Game(recipe, domain, self.plan)
        tensors.settle(self.game.tensors())
        self.output = outputs(JITTOR)[recipe.generator.output]
        self.settings = picked or self._measured()

    def run(self, first_step: int, steps: int) -> dict[str, npt.NDArray[np.float32]]:
        """Take a block of steps -> each of the recipe's figures as (steps,) float32."""
        with machine.limited(self.settings.threads):
            figures = self._steps(first_step, steps)
        return dict(zip(self.figures, figures.T.copy(), strict=True))

    def _measured(self) -> Settings:
        start = self.state()
        settings = machine.settings(self.recipe.machine, lambda: self._steps(0, 1))
        self.load(start)
        return settings

    def _steps(self, first_step: int, steps: int) -> npt.NDArray[np.float32]:
        drawn = block.draw(self.recipe, self.plan, self.rows, self.domain.classes, first_step, steps)
        fakes = [drawn.generator, *drawn.critic]
        figures = []
        for i, rows in enumerate(drawn.rows):
            fake_rows = self.plan.batch if self.recipe.train.generator_batch == "full" else rows
            samples, labels = self.rows.take(drawn.index[i, :rows])
            real = self.output.read(jt.array(samples)), jt.array(labels)
            counts = [fake_rows, *[rows] * len(drawn.critic)]
            generator, *critic = (
                (jt.array(part.latents[i, :count]), jt.array(part.labels[i, :count]))
                for part, count in zip(fakes, counts, strict=True)
            )
            self.game.set_step(first_step + i)
            randomness.seed(int(drawn.seeds[i]))
            figures.append(self.take(Batch(real, generator, critic)))
        return np.stack([row.numpy() for row in figures])

    def take(self, batch: Batch) -> jt.Var:
        """One step -> its figures, once all that it changes is computed: what waits would be compiled into the next."""
        found = self.game.step(batch)
        row = jt.concat([found[name].reshape(1) if name in found else jt.zeros(1) for name in self.figures], dim=0)
        jt.sync([row, *self.game.tensors().values()])
        return row

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8 or (N, D), from the averaged generator if there is one."""
        return Sampler(JITTOR, self.game.sampled, self.recipe.generator, self.domain).sample(latents, labels)

    def score(self, images: Samples, labels: Conditions) -> npt.NDArray[np.float32]:
        """(N, C, H, W) uint8, or (N, D), and (N, ...) -> (N,) logits, in eval mode and as the images are."""
        labels = fit.labels(labels, self.domain)  # as many as in training, where what an image is seen with matters
        return score(JITTOR, self.game.discriminator, self.output.read, images, labels, self.plan.batch)

    def state(self) -> State:
        """Both networks, both optimisers, the average and the augmentation, as copies."""
        return tensors.copies(self.game.tensors())

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a state, strictly."""
        tensors.copy_into(self.game.tensors(), state)

    def generator_state(self) -> State:
        """Weights of the generator that is sampled from."""
        return tensors.copies(tensors.state(self.game.sampled))
