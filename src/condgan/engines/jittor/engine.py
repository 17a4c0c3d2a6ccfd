"""Training in Jittor: blocks of steps, and the state that they leave."""

import jittor as jt
import numpy as np
import numpy.typing as npt

from condgan.data.rows import Rows
from condgan.draws import block
from condgan.engines import Settings, fit
from condgan.engines.engine import Engine
from condgan.engines.game import Batch
from condgan.engines.jittor import machine, randomness, tensors
from condgan.engines.jittor.game import Game
from condgan.engines.jittor.operations import JITTOR
from condgan.recipe import Domain, Recipe


class JittorEngine(Engine):
    """See ``condgan.engines.engine.Engine``."""

    def __init__(self, recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> None:
        super().__init__(JITTOR, recipe, domain, rows)
        if domain.condition is None:
            fit.labels(rows.conditions(slice(None)), domain)
        randomness.seed(self.network_seed)
        self.game = Game(recipe, domain, self.plan)
        tensors.settle(self.game.tensors())
        self.settings = picked or self._measured()

    def _run(self, first_step: int, steps: int) -> npt.NDArray[np.float32]:
        with machine.limited(self.settings.threads):
            return self._steps(first_step, steps)

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
        due = self.game.step(batch)
        row = jt.concat([due[name].reshape(1) if name in due else jt.zeros(1) for name in self.figures], dim=0)
        jt.sync([row, *self.game.tensors().values()])
        return row
