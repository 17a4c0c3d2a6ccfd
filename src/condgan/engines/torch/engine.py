"""Training in torch: blocks of steps on data that lies on the device, and the state that they leave."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from condgan import threads as cpu_threads
from condgan.arrays import Conditions
from condgan.data.memory import available
from condgan.data.rows import Rows
from condgan.draws import block
from condgan.draws.ahead import Ahead
from condgan.draws.block import Block
from condgan.engines import Settings
from condgan.engines.engine import Engine
from condgan.engines.game import Batch
from condgan.engines.torch import machine
from condgan.engines.torch.fast import products
from condgan.engines.torch.fast.graphs import Graphs
from condgan.engines.torch.game import Game
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.engines.torch.operations import TORCH
from condgan.engines.torch.tensors import shapes
from condgan.recipe import Domain, Precision, Recipe

CHUNK = 4096  # images scored at a time, where they are judged independently
PRECISIONS: dict[Precision, Callable[[str], AbstractContextManager[None]]] = {
    "float32": lambda device: nullcontext(),
    "bf16": lambda device: torch.autocast(device, torch.bfloat16),
}
"""Name -> device type -> the context of a step."""


class TorchEngine(Engine):
    """See ``condgan.engines.engine.Engine``."""

    game: Game

    def __init__(self, recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> None:
        super().__init__(TORCH, recipe, domain, rows)
        where = picked.device if picked else recipe.machine.device
        self.device = torch.device(machine.device(where))
        if self.device.type == "cuda":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS sums in a varying order
            torch.use_deterministic_algorithms(True)
        self.images = self._tensor(rows.take(slice(None))[0]) if rows.resident else None
        drawing = 0 if self.device.type == "cpu" else max(1, cpu_threads.cores() - 1)  # a CPU has no core to spare
        draw = partial(block.draw, recipe, self.plan, rows, domain.classes)
        turns = recipe.train.critic_steps if recipe.train.fakes == "fresh" else 0
        self.draws = Ahead(draw, recipe.train.batch * recipe.latent.dim * (1 + turns), self.plan.steps, drawing)

        with self._own_random_state():
            self._seed(self.network_seed)
            self.game = Game(recipe, domain, self.plan, self.device)
        self.chunk = CHUNK if self.game.together else self.plan.batch
        self.zero = torch.zeros((), device=self.device)
        self.graphs = Graphs(lambda: self.game.tensors().values()) if self.device.type == "cuda" else None

        self.settings = picked or self._measured()
        self._multiply_by(machine.own(self.settings).onednn)

    def _run(self, first_step: int, steps: int) -> npt.NDArray[np.float32]:
        threads = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads)
        try:
            with self._own_random_state():
                precision = self.settings.precision or self.recipe.train.precision
                return self._steps(first_step, steps, precision).cpu().numpy()
        finally:
            torch.set_num_threads(threads)

    def _measured(self) -> Settings:
        start, onednn = self.state(), self.device.type == "cpu" and products.faster()
        self._multiply_by(onednn)
        with self._own_random_state():
            settings = machine.settings(self.recipe, self.device, lambda way: self._steps(0, 1, way).cpu())
        self.load(start)
        own = machine.Own(onednn=onednn and settings.precision == "float32")
        return settings.model_copy(update={"own": own.model_dump()})

    def _multiply_by(self, onednn: bool) -> None:
        products.choose((self.game.generator, self.game.discriminator), onednn and self.device.type == "cpu")

    def _steps(self, first_step: int, steps: int, precision: Precision) -> Tensor:
        figures = torch.empty((steps, len(self.figures)), device=self.device)
        done = 0
        for drawn in self.draws(first_step, steps):
            self._take_drawn(first_step + done, drawn, precision, figures[done : done + len(drawn.rows)])
            done += len(drawn.rows)
        return figures

    def _take_drawn(self, first_step: int, drawn: Block, precision: Precision, figures: Tensor) -> None:
        real, labels = map(self._tensor, self._real(drawn.index))
        generator = (self._tensor(drawn.generator.latents), self._tensor(drawn.generator.labels))
        critic = [(self._tensor(fakes.latents), self._tensor(fakes.labels)) for fakes in drawn.critic]
        for i, rows in enumerate(drawn.rows):
            fake_rows = self.plan.batch if self.recipe.train.generator_batch == "full" else rows
            inputs = [real[i, :rows], labels[i, :rows], *(part[i, :fake_rows] for part in generator)]
            inputs += [part[i, :rows] for fakes in critic for part in fakes]
            self.game.set_step(first_step + i)
            seed = partial(self._seed, int(drawn.seeds[i]))
            if self.graphs is None:
                seed()
                figures[i] = self.take(precision, inputs)
            else:
                figures[i] = self.graphs((precision, self.game.kind()), partial(self.take, precision), inputs, seed)

    def _real(self, index: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], Conditions]:
        """What a step is given of rows (S, B): their numbers, or samples that are not on the device; and conditions."""
        flat = index.reshape(-1)
        given, labels = (flat, self.rows.conditions(flat)) if self.images is not None else self.rows.take(flat)
        return given.reshape(*index.shape, *given.shape[1:]), labels.reshape(*index.shape, *labels.shape[1:])

    def take(self, precision: Precision, inputs: Sequence[Tensor]) -> Tensor:
        """One step on ``_real`` rows, their conditions, and latents and conditions -> its figures."""
        (real, labels), generator, *critic = zip(inputs[::2], inputs[1::2], strict=True)
        samples = real if self.images is None else self.images[real]
        with PRECISIONS[precision](self.device.type):
            due = self.game.step(Batch((self.output.read(samples), labels), generator, critic))
        return torch.stack([due.get(name, self.zero) for name in self.figures])  # 0: not due at this step

    def _tensor(self, array: npt.NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    @contextmanager
    def _own_random_state(self) -> Iterator[None]:
        """Torch's generators are as before after the block: a user's own draws go on unchanged."""
        before = [generator.get_state() for generator in self._random_generators()]
        try:
            yield
        finally:
            for generator, state in zip(self._random_generators(), before, strict=True):
                generator.set_state(state)

    def _seed(self, seed: int) -> None:
        for generator in self._random_generators():
            generator.manual_seed(seed)

    def _random_generators(self) -> list[torch.Generator]:
        if self.device.type == "cuda":
            return [torch.default_generator, torch.cuda.default_generators[self.device.index or 0]]
        return [torch.default_generator]


def build(recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> TorchEngine:
    """See ``Framework``."""
    if weights_size(recipe, domain) > available():  # before it is tried: out of memory, the process would be killed
        raise MemoryError("the networks and their optimisers are larger than the memory of this machine")
    try:
        return TorchEngine(recipe, domain, rows, picked)
    except RuntimeError as error:  # torch has no type of its own for a CPU without memory
        if "memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def weights_size(recipe: Recipe, domain: Domain) -> int:
    """Bytes that the weights, their gradients and two moments of each take, without allocating them."""
    with shapes():
        networks = Generator(recipe.generator, recipe.latent.dim, domain), Discriminator(recipe.discriminator, domain)
    return sum(4 * parameter.nbytes for network in networks for parameter in network.parameters())
