"""Training in torch: the networks, their optimisers and the data on one device, and the step."""

import copy
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from condgan import block, draws
from condgan.draws import Stream
from condgan.engines import FIGURES, Images, Labels, Latents, Settings, State
from condgan.engines.torch import losses, machine
from condgan.engines.torch.losses import Scores
from condgan.engines.torch.networks import Discriminator, Generator, to_float
from condgan.engines.torch.optimisers import Descent
from condgan.engines.torch.sampler import TorchSampler
from condgan.engines.torch.tensors import copies, copy_into
from condgan.recipe import Domain, Recipe
from condgan.schedule import Plan

CHUNK = 4096  # images scored at a time


@dataclass(frozen=True)
class Batch:
    """One step's tensors: real images with their labels, and the latents and labels that its fakes are made from."""

    real: tuple[Tensor, Tensor]
    generator: tuple[Tensor, Tensor]
    critic: list[tuple[Tensor, Tensor]]


class TorchEngine:
    """See ``condgan.engines.Engine``."""

    def __init__(self, recipe: Recipe, domain: Domain, images: Images, labels: Labels, picked: Settings | None) -> None:
        self.recipe, self.domain, self.labels = recipe, domain, labels
        self.plan = Plan(len(images), recipe.train.batch, recipe.train.epochs)
        where = picked.device if picked else recipe.machine.device
        self.device = torch.device(machine.device(where))
        if self.device.type == "cuda":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS sums in a varying order
            torch.use_deterministic_algorithms(True)
        self.images = torch.from_numpy(images).to(self.device)

        with self._own_random_state():
            self._seed(int(draws.keys(recipe.seed, Stream.NETWORK, [0])[0]))
            generator = Generator(recipe.generator, recipe.latent.dim, domain)
            discriminator = Discriminator(recipe.discriminator, domain)
        self.generator = generator.to(self.device).train()
        self.discriminator = discriminator.to(self.device).train()
        self.average = copy.deepcopy(self.generator).eval() if recipe.train.ema is not None else None
        self.d_terms, self.g_terms = losses.terms(recipe.loss)
        self.d_descent = Descent(self.discriminator, recipe.optim.d, self.plan)
        self.g_descent = Descent(self.generator, recipe.optim.g, self.plan)
        # A batch norm would mix the statistics of real and generated images if they passed together.
        self.together = not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in self.discriminator.modules())

        self.settings = picked or machine.as_set(recipe.machine, self.device) or self._measured()

    def run(self, first_step: int, steps: int) -> dict[str, npt.NDArray[np.float32]]:
        """Take a block of steps -> each of FIGURES as (steps,) float32."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads)
        try:
            with self._own_random_state():
                figures = self._steps(first_step, steps)
        finally:
            torch.set_num_threads(threads)
        return dict(zip(FIGURES, figures.cpu().numpy().T.copy(), strict=True))

    def _measured(self) -> Settings:
        start = self.state()
        with self._own_random_state():
            settings = machine.measured(self.device, lambda: self._steps(0, 1))
        self.load(start)
        return settings

    def _steps(self, first_step: int, steps: int) -> Tensor:
        drawn = block.draw(self.recipe, self.plan, self.labels, self.domain.classes, first_step, steps)
        index, labels = self._tensor(drawn.index), self._tensor(self.labels[drawn.index])
        generator = (self._tensor(drawn.generator.latents), self._tensor(drawn.generator.labels))
        critic = [(self._tensor(fakes.latents), self._tensor(fakes.labels)) for fakes in drawn.critic]
        figures = torch.empty((steps, len(FIGURES)), device=self.device)
        for i, rows in enumerate(drawn.rows):
            fake_rows = self.plan.batch if self.recipe.train.generator_batch == "full" else rows
            batch = Batch(
                real=(to_float(self.images[index[i, :rows]], self.recipe.generator.output), labels[i, :rows]),
                generator=(generator[0][i, :fake_rows], generator[1][i, :fake_rows]),
                critic=[(latents[i, :rows], asked[i, :rows]) for latents, asked in critic],
            )
            self.g_descent.set_step(first_step + i)
            self.d_descent.set_step(first_step + i)
            self._seed(int(drawn.seeds[i]))
            figures[i] = self.step(batch)
        return figures

    def step(self, batch: Batch) -> Tensor:
        """One step on one batch -> FIGURES."""
        train = self.recipe.train
        shared = self.generator(*batch.generator) if train.fakes == "shared" else None  # (N, C, H, W)
        if train.order == "g-first":
            g_figures = self.step_generator(batch, shared)
            d_figures = self.step_critic(batch, shared)
        else:
            d_figures = self.step_critic(batch, shared)
            g_figures = self.step_generator(batch, shared)
        if self.average is not None and train.ema is not None:
            update_average(self.average, self.generator, train.ema)
        (d_loss, d_real, d_fake), (g_loss, g_gradient) = d_figures.unbind(), g_figures.unbind()
        return torch.stack([d_loss, g_loss, d_real, d_fake, g_gradient])

    def step_critic(self, batch: Batch, shared: Tensor | None) -> Tensor:
        """The discriminator's steps on one real batch -> means of (loss, real logit, fake logit) over them."""
        if shared is not None:
            turns = [(shared.detach(), batch.generator[1])] * self.recipe.train.critic_steps
            return torch.stack([self.step_discriminator(batch.real, fake) for fake in turns]).mean(0)
        figures = []
        for latents, labels in batch.critic:
            with torch.no_grad():
                fake = self.generator(latents, labels)
            figures.append(self.step_discriminator(batch.real, (fake, labels)))
        return torch.stack(figures).mean(0)

    def step_discriminator(self, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> Tensor:
        """One discriminator update -> (loss, mean real logit, mean fake logit)."""
        scores = Scores(self.discriminator, real, fake)
        if self.together:
            scores.judge_together()
        loss = losses.total(self.d_terms, scores)
        self.d_descent.descend(loss)
        return torch.stack([loss, scores.real.mean(), scores.fake.mean()]).detach()

    def step_generator(self, batch: Batch, shared: Tensor | None) -> Tensor:
        """One generator update -> (loss, gradient at the generated images)."""
        fake = self.generator(*batch.generator) if shared is None else shared
        reached: list[Tensor] = []
        hook = fake.register_hook(reached.append)
        loss = losses.total(self.g_terms, Scores(self.discriminator, batch.real, (fake, batch.generator[1])))
        self.g_descent.descend(loss)
        hook.remove()
        gradient = reached[0].flatten(1).norm(dim=1).sum()  # N times the mean row: the loss is a mean over N images
        return torch.stack([loss, gradient]).detach()

    def sample(self, latents: Latents, labels: Labels) -> Images:
        """(N, dim) and (N,) -> (N, C, H, W) uint8, from the averaged generator if there is one."""
        return TorchSampler(self._sampled(), self.recipe.generator.output).sample(latents, labels)

    @torch.inference_mode()
    def score(self, images: Images, labels: Labels) -> npt.NDArray[np.float32]:
        """(N, C, H, W) uint8 and (N,) -> (N,) logits, in eval mode."""
        self.discriminator.eval()
        try:
            parts = [
                self.discriminator(to_float(x.to(self.device), self.recipe.generator.output), y.to(self.device))
                for x, y in zip(
                    torch.from_numpy(images).split(CHUNK), torch.from_numpy(labels).split(CHUNK), strict=True
                )
            ]
        finally:
            self.discriminator.train()
        return np.asarray(torch.cat(parts).cpu().numpy(), np.float32)

    def state(self) -> State:
        """Both networks, both optimisers and the average, as copies."""
        return copies(self._tensors())

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a state, strictly."""
        copy_into(self._tensors(), state)

    def generator_state(self) -> State:
        """Weights of the generator that is sampled from."""
        return copies(dict(self._sampled().state_dict()))

    def _sampled(self) -> nn.Module:
        return self.generator if self.average is None else self.average

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"generator.{name}": tensor for name, tensor in self.generator.state_dict().items()}
        tensors |= {f"discriminator.{name}": tensor for name, tensor in self.discriminator.state_dict().items()}
        tensors |= {f"optim.g.{name}": tensor for name, tensor in self.g_descent.tensors()}
        tensors |= {f"optim.d.{name}": tensor for name, tensor in self.d_descent.tensors()}
        if self.average is not None:
            tensors |= {f"ema.{name}": tensor for name, tensor in self.average.state_dict().items()}
        return tensors

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


def build(recipe: Recipe, domain: Domain, images: Images, labels: Labels, picked: Settings | None) -> TorchEngine:
    """An engine at step 0.

    Raises:
        MemoryError: the device cannot hold the networks, their optimisers and the data.
    """
    try:
        return TorchEngine(recipe, domain, images, labels, picked)
    except RuntimeError as error:  # torch has no type of its own for a CPU without memory
        if "memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move an exponential moving average of the weights one step on; buffers (running statistics) are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(new)
