"""Both networks with their optimisers, and a step of training."""

from dataclasses import dataclass

import jittor as jt

from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines import losses
from condgan.engines.jittor.augment import Augmentation
from condgan.engines.jittor.layers import couples
from condgan.engines.jittor.networks import OUTPUTS, Discriminator, Generator
from condgan.engines.jittor.optimisers import Descent
from condgan.engines.jittor.scores import Scores
from condgan.engines.jittor.tensors import copies, copy_into, parameters, state
from condgan.engines.losses import Judgement
from condgan.recipe import Domain, Recipe


@dataclass(frozen=True)
class Batch:
    """One step's vars: real images with their conditions, and the latents and conditions that fakes are made of."""

    real: tuple[jt.Var, jt.Var]
    generator: tuple[jt.Var, jt.Var]
    critic: list[tuple[jt.Var, jt.Var]]


class Game:
    """The two players of a recipe, and their moves.

    Attributes:
        generator, discriminator: in train mode, which Jittor's users seldom ask for: without it dropout does nothing.
        average: the averaged generator; none, if the recipe has none.
        together: it can judge real and generated images in one pass.
    """

    def __init__(self, recipe: Recipe, domain: Domain, plan: Plan) -> None:
        """The weights are drawn from ``randomness``."""
        self.recipe, self.plan = recipe, plan
        self.generator = Generator(recipe.generator, recipe.latent.dim, domain)
        self.discriminator = Discriminator(recipe.discriminator, domain)
        set_training(self.generator, True)
        set_training(self.discriminator, True)
        self.average = None
        if recipe.train.ema is not None:
            self.average = Generator(recipe.generator, recipe.latent.dim, domain)
            copy_into(state(self.average), copies(state(self.generator)))
            set_training(self.average, False)
        self.d_terms, self.g_terms = losses.terms(recipe)
        self.augmentation = Augmentation(recipe.augment, OUTPUTS[recipe.generator.output].span, recipe.train.batch)
        self.d_descent = Descent(self.discriminator, recipe.optim.d, plan, recipe.train.critic_steps)
        self.g_descent = Descent(self.generator, recipe.optim.g, plan)
        self.together = not couples(self.discriminator)  # else the statistics of real and generated images would mix

    def set_step(self, step: int) -> None:
        """Take over what depends on progress."""
        self.number = step
        self.g_descent.set_step(step)
        self.d_descent.set_step(step)
        self.renewal = 1 - schedule.average_decay(self.recipe.train, step)
        self.augmentation.noise = schedule.instance_noise(self.recipe.augment, step, self.plan)

    def judge(self, images: jt.Var, labels: jt.Var) -> Judgement:
        """What the discriminator says of images as it is shown them."""
        return self.discriminator(self.augmentation(images), labels)

    def step(self, batch: Batch) -> dict[str, jt.Var]:
        """One step on one batch -> the figures that are due."""
        train = self.recipe.train
        shared = self.generator(*batch.generator) if train.fakes == "shared" else None  # (N, C, H, W)
        if shared is not None and train.judge == "once":
            found = self.step_both(batch, shared)
        elif train.order == "g-first":
            found = self.step_generator(batch, shared) | self.step_critic(batch, shared)
        else:
            found = self.step_critic(batch, shared) | self.step_generator(batch, shared)
        if self.average is not None:
            update_average(self.average, self.generator, self.renewal)
        return found | {"augment_p": self.augmentation.p}

    def step_critic(self, batch: Batch, shared: jt.Var | None) -> dict[str, jt.Var]:
        """The discriminator's steps on one real batch -> the means of their figures."""
        if shared is not None:
            turns = [(shared.detach(), batch.generator[1])] * self.recipe.train.critic_steps
            found = [self.step_discriminator(batch.real, fake) for fake in turns]
        else:
            found = []
            for latents, labels in batch.critic:
                fake = self.generator(latents, labels).detach()
                found.append(self.step_discriminator(batch.real, (fake, labels)))
        return {name: sum(figures[name] for figures in found) / len(found) for name in found[0]}

    def step_discriminator(self, real: tuple[jt.Var, jt.Var], fake: tuple[jt.Var, jt.Var]) -> dict[str, jt.Var]:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        scores = Scores(self.judge, real, fake)
        if self.together:
            scores.judge_together()
        return self.descend_discriminator(scores)

    def step_generator(self, batch: Batch, shared: jt.Var | None) -> dict[str, jt.Var]:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        fake = self.generator(*batch.generator) if shared is None else shared
        return self.descend_generator(Scores(self.judge, batch.real, (fake, batch.generator[1])))

    def step_both(self, batch: Batch, shared: jt.Var) -> dict[str, jt.Var]:
        """Both updates from one judgement of the generated images."""
        scores = Scores(self.judge, batch.real, (shared, batch.generator[1]))
        return self.descend_generator(scores) | self.descend_discriminator(scores)

    def descend_discriminator(self, scores: Scores) -> dict[str, jt.Var]:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        parts = losses.parts(self.d_terms, scores, self.number)
        self.d_descent.descend(total(parts))
        self.augmentation.observe(scores.real)
        return parts | {"d_real": scores.real.mean(), "d_fake": scores.fake.mean()}

    def descend_generator(self, scores: Scores) -> dict[str, jt.Var]:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        parts = losses.parts(self.g_terms, scores, self.number)
        pull, *gradients = jt.grad(total(parts), [scores.fake_images, *self.g_descent.parameters])
        self.g_descent.move(gradients)
        return parts | {"g_gradient": pull.reshape(len(pull), -1).sqr().sum(dim=1).sqrt().sum()}

    @property
    def sampled(self) -> Generator:
        """The generator that is sampled from."""
        return self.generator if self.average is None else self.average

    def tensors(self) -> dict[str, jt.Var]:
        """All that training changes, by name, live."""
        tensors = {f"generator.{name}": var for name, var in state(self.generator).items()}
        tensors |= {f"discriminator.{name}": var for name, var in state(self.discriminator).items()}
        tensors |= {f"optim.g.{name}": var for name, var in self.g_descent.tensors()}
        tensors |= {f"optim.d.{name}": var for name, var in self.d_descent.tensors()}
        tensors |= {f"augment.{name}": var for name, var in self.augmentation.tensors()}
        if self.average is not None:
            tensors |= {f"ema.{name}": var for name, var in state(self.average).items()}
        return tensors


def set_training(network: "jt.Module", training: bool) -> None:
    """Train or eval mode of all its modules; Jittor's own ``eval()`` would also stop the gradients of its weights."""
    for module in network.modules():
        module.training = training


def total(parts: dict[str, jt.Var]) -> jt.Var:
    """What is minimised, a scalar."""
    return sum(parts.values())


def update_average(average: Generator, network: Generator, renewal: float) -> None:
    """Move an exponential moving average of the weights on, by a share; buffers (running statistics) are copied."""
    weights, new = parameters(average), state(network)
    for name, kept in state(average).items():
        kept.update(kept + renewal * (new[name] - kept) if name in weights else new[name])
