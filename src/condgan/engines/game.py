"""Both networks with their optimisers, and a step of training, whatever the framework."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines import losses, watermark
from condgan.engines.augment import Augmentation
from condgan.engines.bodies.layers import couples
from condgan.engines.bodies.networks import Discriminator, Generator, outputs
from condgan.engines.bodies.operations import Array, Operations
from condgan.engines.losses import Judgement, Scores
from condgan.recipe import Domain, Optimiser, Recipe
from condgan.recipe.losses import boundary

Pair = tuple[Array, Array]
Figures = dict[str, Array]


@dataclass(frozen=True)
class Batch:
    """One step's arrays: real images with their conditions, and the latents and conditions of generated images."""

    real: Pair
    generator: Pair
    critic: list[Pair]


class Descent(Protocol):
    """One network's optimiser under its schedules."""

    def set_step(self, step: int) -> None:
        """Take learning rate and momentum from the schedules."""

    def descend(self, loss: Array, at: Array = None, keep: bool = False) -> Array:
        """One update -> the gradient of the loss, a scalar, at ``at``, where that is given.

        ``keep``: another loss of the same scores follows.
        """

    def tensors(self) -> Iterator[tuple[str, Array]]:
        """Its state, as ``parameter.slot`` and the live array."""


class Game(ABC):
    """The two players of a recipe, and their moves.

    Attributes:
        ops: of the framework.
        generator, discriminator: in train mode.
        average: the averaged generator in eval mode; none, if the recipe has none.
        augmentation: of what the discriminator is shown.
        together: it can judge real and generated images in one pass.
        once: it judges the generated images once for both updates.
    """

    ops: Operations
    average: Any
    d_descent: Descent
    g_descent: Descent

    def __init__(self, recipe: Recipe, domain: Domain, plan: Plan) -> None:
        """The first weights are drawn from the engine's generator: the generator's, then the discriminator's."""
        self.recipe, self.domain, self.plan = recipe, domain, plan
        grows = recipe.growing.images is not None
        self.generator = self.placed(Generator(self.ops, recipe.generator, recipe.latent.dim, domain, grows))
        self.discriminator = self.placed(Discriminator(self.ops, recipe.discriminator, domain, grows))
        self.average = None if recipe.train.ema is None else self.copied(self.generator)
        output = outputs(self.ops)[recipe.generator.output]
        self.d_terms, self.g_terms = losses.terms(recipe)
        self.g_terms += watermark.terms(recipe, domain, output, self.constant)
        p = self.constant(recipe.augment.probability)
        self.augmentation = Augmentation(self.ops, recipe.augment, output.span, recipe.train.batch, p)
        self.d_descent = self.descent(self.discriminator, recipe.optim.d, recipe.train.critic_steps)
        self.g_descent = self.descent(self.generator, recipe.optim.g, 1)
        self.together = not couples(self.discriminator)  # else the statistics of real and generated images would mix
        self.once = recipe.train.judge == "once"
        self.boundary = boundary(recipe.loss)

    @abstractmethod
    def placed(self, network: Any) -> Any:
        """A network on the device, in train mode."""

    @abstractmethod
    def copied(self, network: Any) -> Any:
        """A copy of a network, in eval mode."""

    @abstractmethod
    def constant(self, value: Any) -> Array:
        """A number, or an array of numpy, as float32 on the device; without gradients."""

    @abstractmethod
    def descent(self, network: Any, spec: Optimiser, updates: int) -> Descent:
        """The optimiser of a network, which takes so many updates in a step."""

    @abstractmethod
    def update_average(self, renewal: float) -> None:
        """Move the average of the weights on by a share; buffers (running statistics) are copied."""

    def set_step(self, step: int) -> None:
        """Take over what depends on progress."""
        self.number = step
        self.g_descent.set_step(step)
        self.d_descent.set_step(step)
        self.renewal = 1 - schedule.average_decay(self.recipe.train, step)
        self.augmentation.noise = schedule.instance_noise(self.recipe.augment, step, self.plan)
        bodies = self.generator.body, self.discriminator.body
        self.grown = [schedule.grown(self.recipe.growing, body.stages, step, self.plan) for body in bodies]
        for body, grown in zip(bodies, self.grown, strict=True):
            body.grow(grown)

    def judge(self, images: Array, labels: Array) -> Judgement:
        """The discriminator's judgement of augmented images."""
        judgement: Judgement = self.discriminator(self.augmentation(images), labels)
        return judgement

    def step(self, batch: Batch) -> Figures:
        """One step on one batch -> the figures that are due."""
        train = self.recipe.train
        shared = self.generator(*batch.generator) if train.fakes == "shared" else None  # (N, C, H, W)
        if shared is not None and self.once:
            figures = self.step_both(batch, shared)
        elif train.order == "g-first":
            figures = self.step_generator(batch, shared) | self.step_critic(batch, shared)
        else:
            figures = self.step_critic(batch, shared) | self.step_generator(batch, shared)
        if self.average is not None:
            self.update_average(self.renewal)
        return figures | {"augment_p": self.augmentation.p}

    def step_critic(self, batch: Batch, shared: Array) -> Figures:
        """The discriminator's updates on one real batch -> the means of their figures."""
        fakes: Iterable[Pair] = (
            ((self.ops.detached(self.generator, *fake), fake[1]) for fake in batch.critic)
            if shared is None
            else [(shared.detach(), batch.generator[1])] * self.recipe.train.critic_steps
        )
        steps = []
        for fake in fakes:
            scores = Scores(self.ops, self.judge, batch.real, fake)
            if self.together:
                scores.judge_together()
            steps.append(self.descend_discriminator(scores))
        return {name: self.ops.mean([figures[name] for figures in steps]) for name in steps[0]}

    def step_generator(self, batch: Batch, shared: Array) -> Figures:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        fake = self.generator(*batch.generator) if shared is None else shared
        return self.descend_generator(Scores(self.ops, self.judge, batch.real, (fake, batch.generator[1])))

    def step_both(self, batch: Batch, shared: Array) -> Figures:
        """Both updates from one judgement of the generated images."""
        scores = Scores(self.ops, self.judge, batch.real, (shared, batch.generator[1]))
        return self.descend_generator(scores, keep=True) | self.descend_discriminator(scores)

    def descend_discriminator(self, scores: Scores) -> Figures:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        parts = losses.parts(self.d_terms, scores, self.number)
        self.d_descent.descend(self.ops.total(list(parts.values())))
        return self.of_discriminator(parts, scores)

    def descend_generator(self, scores: Scores, keep: bool = False) -> Figures:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        parts = losses.parts(self.g_terms, scores, self.number)
        pull = self.g_descent.descend(self.ops.total(list(parts.values())), at=scores.fake_images, keep=keep)
        return self.of_generator(parts, pull)

    def of_discriminator(self, parts: Figures, scores: Scores) -> Figures:
        """The figures of its update, after which the augmentation is adapted."""
        self.augmentation.observe(scores.real)
        figures = parts | {"d_real": scores.real.mean(), "d_fake": scores.fake.mean()}
        if self.boundary is not None:
            figures["d_accuracy"] = losses.accuracy(scores, self.boundary)
        return {name: self.ops.plain(figure) for name, figure in figures.items()}

    def of_generator(self, parts: Figures, pull: Array) -> Figures:
        """The figures of its update; ``pull``, (N, ...), is its loss's gradient at the generated images."""
        # the sum, N times the mean row: the loss is a mean over N images
        figures = parts | {"g_gradient": self.ops.norms(pull).sum()}
        return {name: self.ops.plain(figure) for name, figure in figures.items()}

    @property
    def sampled(self) -> Any:
        """The generator that is sampled from."""
        return self.generator if self.average is None else self.average

    def tensors(self) -> dict[str, Array]:
        """All that training changes, by name, live."""
        parts: dict[str, Iterable[tuple[str, Array]]] = {
            "generator": self.ops.state(self.generator).items(),
            "discriminator": self.ops.state(self.discriminator).items(),
            "optim.g": self.g_descent.tensors(),
            "optim.d": self.d_descent.tensors(),
            "augment": self.augmentation.tensors(),
            "ema": () if self.average is None else self.ops.state(self.average).items(),
        }
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays}
