"""The engine seam: the only code that knows how a generator is trained in a framework. Above it everything is numpy."""

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from condgan.arrays import Conditions, Latents, Samples
from condgan.data.rows import Rows
from condgan.engines.layer import Layer
from condgan.errors import CondganError
from condgan.recipe import Device, Domain, Machine, Precision, Recipe, Section, Threads
from condgan.recipe.losses import boundary
from condgan.recipe.rules import penalised

__all__ = ["FIGURES", "Layer", "Sampler", "Settings", "State", "Verdict", "engine", "figures", "layers", "load"]

if TYPE_CHECKING:
    from condgan.engines.engine import Engine

NAMES: tuple[str, ...] = get_args(Machine.model_fields["engine"].annotation)
State = dict[str, npt.NDArray[np.generic]]

FIGURES = ("d_loss", "g_loss", "d_real", "d_fake", "g_gradient")
"""Per step: both adversarial losses, the discriminator's mean logit on real and on generated images, and the gradient
that reaches the generator: the mean over generated images of the norm of their own loss's gradient."""


def figures(recipe: Recipe) -> tuple[str, ...]:
    """FIGURES, and those that parts of a recipe bring.

    ``d_accuracy``: the share of a step's real and generated images whose score lies on their side of the loss's
    boundary, where it has one; class losses; what the mark lacks; gradient penalties; the adaptive probability.
    """
    return (
        *FIGURES,
        *(("d_accuracy",) if boundary(recipe.loss) is not None else ()),
        *(("d_class", "g_class") if recipe.discriminator.condition == "auxiliary" else ()),
        *(("g_mark",) if recipe.watermark.key is not None else ()),
        *(("penalty",) if penalised(recipe) else ()),
        *(("augment_p",) if recipe.augment.target is not None else ()),
    )


class Settings(Section):
    """What an engine picked by measuring when it was built: a resumed run uses the same, because sums depend on it."""

    device: Device
    threads: Threads
    threads_by: str
    """``measured``, or what the user had set."""
    precision: Precision | None = None
    """That of the recipe, or float32 where that is faster; none: that of the recipe."""
    own: Mapping[str, bool | int | str] = Field(default_factory=dict)
    """What only the engine itself knows, and checks."""

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values: Any) -> Any:
        """Checkpoints of older versions have an engine's own settings beside the others."""
        if not isinstance(values, dict) or "own" in values:
            return values
        own = {name: value for name, value in values.items() if name not in cls.model_fields}
        return {name: value for name, value in values.items() if name not in own} | {"own": own}


Verdict = tuple[bool | None, str, str]
"""Of a look at the machine: True: as it should be, False: to be put right, None: neither; what it is like; the cure."""


class Sampler(Protocol):
    """A trained generator."""

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        """(N, dim) latents and (N, ...) conditions to (N, ...) samples; each depends on its own row alone.

        Conditions may be weights of the classes, floats (N, K): the condition is the weighted sum of those of the
        classes, so that a row between those of two classes leads from one to the other.

        Raises:
            CondganError: a label is out of range, or the generator takes no weights.
        """


class Framework(Protocol):
    """What a package ``condgan.engines.NAME`` provides, before the framework itself is imported.

    Attributes:
        WARMING: arguments for Python that compile ahead what first steps need; none where nothing is compiled.
    """

    WARMING: tuple[str, ...]

    def build(self, recipe: Recipe, domain: Domain, rows: Rows, picked: Settings | None) -> "Engine":
        """An engine at step 0 that learns ``rows``; ``picked`` are the settings of the run that it is to continue.

        Raises:
            MemoryError: the device cannot hold the networks, their optimisers and the data.
            CondganError: the framework is not installed, or cannot be compiled here.
        """

    def refusal(self, recipe: Recipe) -> str | None:
        """What it cannot do of a recipe, and why; none if it can train it."""

    def needs(self) -> dict[str, Callable[[], Verdict]]:
        """Name -> a look at something that it needs of a machine."""

    def sampler(self, recipe: Recipe, domain: Domain, state: Mapping[str, npt.NDArray[np.generic]]) -> Sampler:
        """A generator from its weights.

        Raises:
            CondganError: the weights do not fit the recipe, or the framework has no such networks.
        """


def layers(recipe: Recipe, domain: Domain) -> dict[str, tuple[Layer, ...]]:
    """The layers of both networks, by ``generator`` and ``discriminator``: the same ones in every framework."""
    from condgan.engines.torch import description

    return description.described(recipe, domain)


def load(name: str) -> Framework:
    """The framework with this name, imported only now.

    Raises:
        CondganError: there is none.
    """
    if name not in NAMES:
        raise CondganError(f'no engine "{name}": {" or ".join(NAMES)}')
    return cast(Framework, importlib.import_module(f"condgan.engines.{name}"))
