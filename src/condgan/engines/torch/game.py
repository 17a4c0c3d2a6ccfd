"""Both networks with their optimisers, and a step of training."""

import copy
from collections.abc import Hashable
from dataclasses import dataclass

import torch
from torch import Tensor

from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines import losses
from condgan.engines.losses import Judgement
from condgan.engines.torch import one_pass
from condgan.engines.torch.augment import Augmentation
from condgan.engines.torch.layers import couples, repeats
from condgan.engines.torch.networks import OUTPUTS, Discriminator, Generator
from condgan.engines.torch.optimisers import Descent
from condgan.engines.torch.scores import Scores
from condgan.recipe import Domain, Recipe


@dataclass(frozen=True)
class Batch:
    """One step's tensors: real images with their conditions, and the latents and conditions that fakes are made of."""

    real: tuple[Tensor, Tensor]
    generator: tuple[Tensor, Tensor]
    critic: list[tuple[Tensor, Tensor]]


class Game:
    """The two players of a recipe on a device, and their moves.

    Attributes:
        generator, discriminator: in train mode.
        average: the averaged generator in eval mode; none, if the recipe has none.
        augmentation: of what the discriminator is shown.
        together: it can judge real and generated images in one pass.
        once: it judges the generated images once for both updates.
        one_pass: the gradients of both updates can come from one pass.
    """

    def __init__(self, recipe: Recipe, domain: Domain, plan: Plan, device: torch.device) -> None:
        """The weights are drawn from torch's default generator."""
        self.recipe, self.plan = recipe, plan
        grows = recipe.growing.images is not None
        self.generator = Generator(recipe.generator, recipe.latent.dim, domain, grows).to(device).train()
        self.discriminator = Discriminator(recipe.discriminator, domain, grows).to(device).train()
        self.average = copy.deepcopy(self.generator).eval() if recipe.train.ema is not None else None
        self.renewal = torch.zeros((), device=device)  # 1 - decay of the average
        self.d_terms, self.g_terms = losses.terms(recipe)
        span = OUTPUTS[recipe.generator.output].span
        self.augmentation = Augmentation(recipe.augment, span, recipe.train.batch, device)
        self.d_descent = Descent(self.discriminator, recipe.optim.d, plan)
        self.g_descent = Descent(self.generator, recipe.optim.g, plan)
        self.together = not couples(self.discriminator)  # else the statistics of real and generated images would mix
        self.one_pass = one_pass.possible(self.discriminator) and all(
            term.by_logits for term in (*self.d_terms, *self.g_terms)
        )
        self.once = recipe.train.judge == "once" or (
            (recipe.train.order, recipe.train.fakes) == ("g-first", "shared")
            and repeats(self.discriminator)
            and self.augmentation.nothing
            and (self.one_pass or not self.together)  # else judging real and generated images together is as fast
        )

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

    def kind(self) -> Hashable:
        """All that the next step depends on beside tensors."""
        due = [self.number % term.every == 0 for term in (*self.d_terms, *self.g_terms)]
        momenta = self.g_descent.momentum, self.d_descent.momentum
        return tuple(due), momenta, self.augmentation.noise, tuple(self.grown)

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
        """Both updates from one judgement of the generated images."""
        if self.one_pass:
            return self.step_in_one_pass(batch, shared)
        scores = Scores(self.judge, batch.real, (shared, batch.generator[1]))
        return self.descend_generator(scores, keep=True) | self.descend_discriminator(scores)

    def step_in_one_pass(self, batch: Batch, shared: Tensor) -> dict[str, Tensor]:
        """Both updates from one pass through the discriminator, forward and backward."""
        scores = Scores(self.judge, batch.real, (shared.detach().requires_grad_(), batch.generator[1]))
        with one_pass.watched(self.discriminator) as uses:
            scores.judge_together()
        d_parts, g_parts = (losses.parts(terms, scores, self.number) for terms in (self.d_terms, self.g_terms))
        found, pull = one_pass.gradients(self.discriminator, uses, scores, total(d_parts), total(g_parts))
        self.g_descent.descend(shared, pull)
        self.d_descent.move([found[name] for name in self.d_descent.names])
        return self.of_generator(g_parts, pull) | self.of_discriminator(d_parts, scores)

    def descend_discriminator(self, scores: Scores) -> dict[str, Tensor]:
        """One discriminator update -> the parts of its loss, and the mean logits."""
        parts = losses.parts(self.d_terms, scores, self.number)
        self.d_descent.descend(total(parts))
        return self.of_discriminator(parts, scores)

    def descend_generator(self, scores: Scores, keep: bool = False) -> dict[str, Tensor]:
        """One generator update -> the parts of its loss, and the gradient at the generated images."""
        reached: list[Tensor] = []
        hook = scores.fake_images.register_hook(reached.append)
        parts = losses.parts(self.g_terms, scores, self.number)
        self.g_descent.descend(total(parts), keep=keep)
        hook.remove()
        return self.of_generator(parts, reached[0])

    def of_discriminator(self, parts: dict[str, Tensor], scores: Scores) -> dict[str, Tensor]:
        """The figures of its update, after which the augmentation is adapted."""
        self.augmentation.observe(scores.real.detach())
        found = parts | {"d_real": scores.real.mean(), "d_fake": scores.fake.mean()}
        return {name: figure.detach() for name, figure in found.items()}

    def of_generator(self, parts: dict[str, Tensor], pull: Tensor) -> dict[str, Tensor]:
        """The figures of its update; ``pull``, (N, ...), is its loss's gradient at the generated images."""
        gradient = pull.flatten(1).norm(dim=1).sum()  # N times the mean row: the loss is a mean over N images
        return {name: figure.detach() for name, figure in parts.items()} | {"g_gradient": gradient.detach()}

    @property
    def sampled(self) -> Generator:
        """The generator that is sampled from."""
        return self.generator if self.average is None else self.average

    def tensors(self) -> dict[str, Tensor]:
        """All that training changes, by name, live."""
        tensors = {f"generator.{name}": tensor for name, tensor in self.generator.state_dict().items()}
        tensors |= {f"discriminator.{name}": tensor for name, tensor in self.discriminator.state_dict().items()}
        tensors |= {f"optim.g.{name}": tensor for name, tensor in self.g_descent.tensors()}
        tensors |= {f"optim.d.{name}": tensor for name, tensor in self.d_descent.tensors()}
        tensors |= {f"augment.{name}": tensor for name, tensor in self.augmentation.tensors()}
        if self.average is not None:
            tensors |= {f"ema.{name}": tensor for name, tensor in self.average.state_dict().items()}
        return tensors


def total(parts: dict[str, Tensor]) -> Tensor:
    """What is minimised, a scalar."""
    return torch.stack(list(parts.values())).sum()


@torch.no_grad()
def update_average(average: Generator, network: Generator, renewal: Tensor) -> None:
    """Move an exponential moving average of the weights on, by a share; buffers (running statistics) are copied."""
    weights: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(weights, list(network.parameters()), [renewal] * len(weights))
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(new)
