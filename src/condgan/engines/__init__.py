"""The engine seam: the only code that knows how a generator is trained in a framework. Above it everything is numpy."""

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from condgan.recipe import Device, Domain, Recipe, Section, Threads

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Latents = npt.NDArray[np.float32]
State = dict[str, npt.NDArray[np.generic]]

FIGURES = ("d_loss", "g_loss", "d_real", "d_fake", "g_gradient")
"""Per step: both losses, the discriminator's mean logit on real and on generated images, and the gradient that reaches
the generator: the mean over generated images of the norm of their own loss's gradient."""


class Settings(Section):
    """What an engine picked by measuring when it was built: a resumed run uses the same, because sums depend on it."""

    device: Device
    threads: Threads
    threads_by: str
    """``measured``, or what the user had set."""


class Sampler(Protocol):
    """A trained generator."""

    def sample(self, latents: Latents, labels: Labels) -> Images:
        """(N, dim) latents and (N,) labels to (N, C, H, W) uint8; each picture depends on its own row alone."""


class Engine(Sampler, Protocol):
    """Both networks, their optimisers and the training data, on a device."""

    settings: Settings

    def run(self, first_step: int, steps: int) -> dict[str, npt.NDArray[np.float32]]:
        """Take a block of steps -> each of FIGURES as (steps,). Nothing leaves the device inside it.

        ``run(0, 100)`` equals ``run(0, 37)`` and ``run(37, 63)``, bit for bit.
        """

    def score(self, images: Images, labels: Labels) -> npt.NDArray[np.float32]:
        """The discriminator's logits: (N, C, H, W) uint8 and (N,) labels -> (N,)."""

    def state(self) -> State:
        """Everything that training changes, as copies."""

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Take over a state, strictly: every name, shape and type.

        Raises:
            CondganError: the state is of another recipe.
        """

    def generator_state(self) -> State:
        """Weights of the generator that is sampled from (the averaged one, if the recipe has one)."""


class Framework(Protocol):
    """What a package ``condgan.engines.NAME`` provides."""

    def build(self, recipe: Recipe, domain: Domain, images: Images, labels: Labels, picked: Settings | None) -> Engine:
        """An engine at step 0; ``picked`` are the settings of the run that it is to continue."""

    def sampler(self, recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
        """A generator from its weights.

        Raises:
            CondganError: the weights do not fit the recipe.
        """


def load(name: str) -> Framework:
    """The framework with this name, imported only now."""
    return cast(Framework, importlib.import_module(f"condgan.engines.{name}"))
