"""Training in torch: the networks, their optimisers and the data on one device, and the step."""

import copy
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from condgan import block, draws, engines, schedule
from condgan.data.memory import available
from condgan.draws import Stream
from condgan.engines import Conditions, Latents, Samples, Settings, State
from condgan.engines.torch import losses, machine
from condgan.engines.torch.augment import Augmentation
from condgan.engines.torch.graphs import Graphs
from condgan.engines.torch.layers import couples, repeats
from condgan.engines.torch.losses import Judgement, Scores
from condgan.engines.torch.networks import OUTPUTS, Discriminator, Generator
from condgan.engines.torch.optimisers import Descent
from condgan.engines.torch.sampler import TorchSampler
from condgan.engines.torch.tensors import copies, copy_into, shapes
from condgan.recipe import Domain, Precision, Recipe
from condgan.schedule import Plan

CHUNK = 4096  # images scored at a time
PRECISIONS: dict[Precision, Callable[[str], AbstractContextManager[None]]] = {
    "float32": lambda device: nullcontext(),
    "bf16": lambda device: torch.autocast(device, torch.bfloat16),
}
"""Name -> device type -> the context of a step."""


@dataclass(frozen=True)
class Batch:
    """One step's tensors: real images with their conditions, and the latents and conditions that fakes are made of."""

    real: tuple[Tensor, Tensor]
    generator: tuple[Tensor, Tensor]
    critic: list[tuple[Tensor, Tensor]]


def pairs(tensors: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """First and second, third and fourth, ..."""
    return list(zip(tensors[::2], tensors[1::2], strict=True))


class TorchEngine:
    """See ``condgan.engines.Engine``."""

    def __init__(
        self, recipe: Recipe, domain: Domain, images: Samples, labels: Conditions, picked: Settings | None
    ) -> None:
        self.recipe, self.domain, self.labels = recipe, domain, labels
        self.figures = engines.figures(recipe)
        self.plan = Plan(len(images), recipe.train.batch, recipe.train.epochs)
        where = picked.device if picked else recipe.machine.device
        self.device = torch.device(machine.device(where))
        if self.device.type == "cuda":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or cuBLAS sums in a varying order
            torch.use_deterministic_algorithms(True)
        self.images = torch.from_numpy(images).to(self.device)

        with self._own_random_state():
            self._seed(int(draws.keys(recipe.seed, Stream.NETWORK, [0])[0]))
            grows = recipe.growing.images is not None
            generator = Generator(recipe.generator, recipe.latent.dim, domain, grows)
            discriminator = Discriminator(recipe.discriminator, domain, grows)
        self.generator = generator.to(self.device).train()
        self.discriminator = discriminator.to(self.device).train()
        self.average = copy.deepcopy(self.generator).eval() if recipe.train.ema is not None else None
        self.d_terms, self.g_terms = losses.terms(recipe)
        self.output = OUTPUTS[recipe.generator.output]
        self.augmentation = Augmentation(recipe.augment, self.output.span, recipe.train.batch, self.device)
        self.d_descent = Descent(self.discriminator, recipe.optim.d, self.plan)
        self.g_descent = Descent(self.generator, recipe.optim.g, self.plan)
        self.together = not couples(self.discriminator)  # else the statistics of real and generated images would mix
        self.once = (  # where real and generated images can be judged together, that is as fast
            (recipe.train.order, recipe.train.fakes) == ("g-first", "shared")
            and repeats(self.discriminator)
            and self.augmentation.nothing
            and not self.together
        )

        self.zero, self.renewal = torch.zeros(2, device=self.device)
        self.graphs = Graphs(lambda: self._tensors().values()) if self.device.type == "cuda" else None

        self.settings = picked or self._measured()

    def run(self, first_step: int, steps: int) -> dict[str, npt.NDArray[np.float32]]:
        """Take a block of steps -> each of the recipe's figures as (steps,) float32."""
        threads = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads)
        try:
            with self._own_random_state():
                figures = self._steps(first_step, steps, self.settings.precision or self.recipe.train.precision)
        finally:
            torch.set_num_threads(threads)
        return dict(zip(self.figures, figures.cpu().numpy().T.copy(), strict=True))

    def _measured(self) -> Settings:
        start = self.state()
        with self._own_random_state():
            settings = machine.settings(self.recipe, self.device, lambda way: self._steps(0, 1, way).cpu())
        self.load(start)
        return settings

    def _steps(self, first_step: int, steps: int, precision: Precision) -> Tensor:
        drawn = block.draw(self.recipe, self.plan, self.labels, self.domain.classes, first_step, steps)
        index, labels = self._tensor(drawn.index), self._tensor(self.labels[drawn.index])
        generator = (self._tensor(drawn.generator.latents), self._tensor(drawn.generator.labels))
        critic = [(self._tensor(fakes.latents), self._tensor(fakes.labels)) for fakes in drawn.critic]
        figures = torch.empty((steps, len(self.figures)), device=self.device)
        for i, rows in enumerate(drawn.rows):
            fake_rows = self.plan.batch if self.recipe.train.generator_batch == "full" else rows
            inputs = [index[i, :rows], labels[i, :rows], *(part[i, :fake_rows] for part in generator)]
            inputs += [part[i, :rows] for fakes in critic for part in fakes]
            self.set_step(first_step + i)
            seed = partial(self._seed, int(drawn.seeds[i]))
            if self.graphs is None:
                seed()
                figures[i] = self.take(precision, inputs)
            else:
                figures[i] = self.graphs(self.kind(precision), partial(self.take, precision), inputs, seed)
        return figures

    def kind(self, precision: Precision) -> Hashable:
        """All that the next step depends on beside tensors."""
        due = [self.number % term.every == 0 for term in (*self.d_terms, *self.g_terms)]
        momenta = self.g_descent.momentum, self.d_descent.momentum
        return precision, tuple(due), momenta, self.augmentation.noise, tuple(self.grown)

    def take(self, precision: Precision, inputs: Sequence[Tensor]) -> Tensor:
        """One step on rows of the training images, their conditions, and latents and conditions -> its figures."""
        (index, labels), generator, *critic = pairs(inputs)
        with PRECISIONS[precision](self.device.type):
            found = self.step(Batch((self.output.read(self.images[index]), labels), generator, critic))
        return torch.stack([found.get(name, self.zero) for name in self.figures])  # 0: not due at this step

    def set_step(self, step: int) -> None:
        """Take over what depends on progress."""
        self.number = step
        self.g_descent.set_step(step)
        self.d_descent.set_step(step)
        self.renewal.fill_(1 - schedule.average_decay(self.recipe.train, step))
        self.augmentation.noise = schedule.instance_noise(self.recipe.augment, step, self.plan)
        bodies = self.generator.body, self.discriminator.body
        self.grown = [schedule.grown(self.recipe.growing, body.stages, step, self.plan) for body in bodies]
        for body, grown in zip(bodies, self.grown, strict=True):
            body.grow(grown)

    def judge(self, images: Tensor, labels: Tensor) -> Judgement:
        """What the discriminator says of images as it is shown them."""
        return self.discriminator(self.augmentation(images), labels)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One step on one batch -> the figures that are due."""
        train = self.recipe.train
        shared = self.generator(*batch.generator) if train.fakes == "shared" else None  # (N, C, H, W)
        if shared is not None and self.once:
            found = self.step_both(batch, shared)
        elif train.order == "g-first":
            found = self.step_generator(batch, shared) | self.step_critic(batch, shared)
        else:
            found = self.step_critic(batch, shared) | self.step_generator(batch, shared)
        if self.average is not None:
            update_average(self.average, self.generator, self.renewal)
        return found | {"augment_p": self.augmentation.p}

    def step_critic(self, batch: Batch, shared: Tensor | None) -> dict[str, Tensor]:
        """The discriminator's steps on one real batch -> the means of their figures."""
        if shared is not None:
            turns = [(shared.detach(), batch.generator[1])] * self.recipe.train.critic_steps
            found = [self.step_discriminator(batch.real, fake) for fake in turns]
        else:
            found = []
            for latents, labels in batch.critic:
                with torch.no_grad():
                    fake = self.generator(latents, labels)
                found.append(self.step_discriminator(batch.real, (fake, labels)))
        return {name: torch.stack([figures[name] for figures in found]).mean() for name in found[0]}

    def step_discriminator(self, real: tuple[Tensor, Tensor], fake: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        scores = Scores(self.judge, real, fake)
        if self.together:
            scores.judge_together()
        return self.descend_discriminator(scores)

    def step_generator(self, batch: Batch, shared: Tensor | None) -> dict[str, Tensor]:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        fake = self.generator(*batch.generator) if shared is None else shared
        return self.descend_generator(Scores(self.judge, batch.real, (fake, batch.generator[1])))

    def step_both(self, batch: Batch, shared: Tensor) -> dict[str, Tensor]:
        """Both updates from one judgement of the generated images, which would be the same in the second: faster."""
        scores = Scores(self.judge, batch.real, (shared, batch.generator[1]))
        return self.descend_generator(scores, keep=True) | self.descend_discriminator(scores)

    def descend_discriminator(self, scores: Scores) -> dict[str, Tensor]:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        parts = losses.parts(self.d_terms, scores, self.number)
        self.d_descent.descend(torch.stack(list(parts.values())).sum())
        self.augmentation.observe(scores.real.detach())
        found = parts | {"d_real": scores.real.mean(), "d_fake": scores.fake.mean()}
        return {name: figure.detach() for name, figure in found.items()}

    def descend_generator(self, scores: Scores, keep: bool = False) -> dict[str, Tensor]:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        reached: list[Tensor] = []
        hook = scores.fake_images.register_hook(reached.append)
        parts = losses.parts(self.g_terms, scores, self.number)
        self.g_descent.descend(torch.stack(list(parts.values())).sum(), keep)
        hook.remove()
        gradient = reached[0].flatten(1).norm(dim=1).sum()  # N times the mean row: the loss is a mean over N images
        return {name: figure.detach() for name, figure in parts.items()} | {"g_gradient": gradient.detach()}

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) and (N, ...) -> (N, C, H, W) uint8 or (N, D), from the averaged generator if there is one."""
        return TorchSampler(self._sampled(), self.recipe.generator.output).sample(latents, labels)

    @torch.inference_mode()
    def score(self, images: Samples, labels: Conditions) -> npt.NDArray[np.float32]:
        """(N, C, H, W) uint8, or (N, D), and (N, ...) -> (N,) logits, in eval mode and as the images are."""
        chunk = CHUNK if self.together else self.plan.batch  # what an image is seen with, where that matters
        self.discriminator.eval()
        try:
            parts = [
                self.discriminator(self.output.read(x.to(self.device)), y.to(self.device)).logits
                for x, y in zip(
                    torch.from_numpy(images).split(chunk), torch.from_numpy(labels).split(chunk), strict=True
                )
            ]
        finally:
            self.discriminator.train()
        return np.asarray(torch.cat(parts).cpu().numpy(), np.float32)

    def state(self) -> State:
        """Both networks, both optimisers, the average and the augmentation, as copies."""
        return copies(self._tensors())

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a state, strictly."""
        copy_into(self._tensors(), state)

    def generator_state(self) -> State:
        """Weights of the generator that is sampled from."""
        return copies(dict(self._sampled().state_dict()))

    def _sampled(self) -> Generator:
        return self.generator if self.average is None else self.average

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"generator.{name}": tensor for name, tensor in self.generator.state_dict().items()}
        tensors |= {f"discriminator.{name}": tensor for name, tensor in self.discriminator.state_dict().items()}
        tensors |= {f"optim.g.{name}": tensor for name, tensor in self.g_descent.tensors()}
        tensors |= {f"optim.d.{name}": tensor for name, tensor in self.d_descent.tensors()}
        tensors |= {f"augment.{name}": tensor for name, tensor in self.augmentation.tensors()}
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


def build(recipe: Recipe, domain: Domain, images: Samples, labels: Conditions, picked: Settings | None) -> TorchEngine:
    """An engine at step 0.

    Raises:
        MemoryError: the device cannot hold the networks, their optimisers and the data.
    """
    if weights_size(recipe, domain) > available():  # asked before: a machine that runs out of memory kills
        raise MemoryError("the networks and their optimisers are larger than the memory of this machine")
    try:
        return TorchEngine(recipe, domain, images, labels, picked)
    except RuntimeError as error:  # torch has no type of its own for a CPU without memory
        if "memory" in str(error):
            raise MemoryError(str(error)) from error
        raise


def weights_size(recipe: Recipe, domain: Domain) -> int:
    """Bytes that the weights, their gradients and two moments of each take, found without allocating them."""
    with shapes():
        networks = Generator(recipe.generator, recipe.latent.dim, domain), Discriminator(recipe.discriminator, domain)
    return sum(4 * parameter.nbytes for network in networks for parameter in network.parameters())


@torch.no_grad()
def update_average(average: Generator, network: Generator, renewal: Tensor) -> None:
    """Move an exponential moving average of the weights on, by a share; buffers (running statistics) are copied."""
    weights: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(weights, list(network.parameters()), [renewal] * len(weights))
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(new)
