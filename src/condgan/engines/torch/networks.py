"""The networks and their scores in torch, by partial application."""

from collections.abc import Callable
from functools import partial
from typing import Any

from condgan.engines import losses
from condgan.engines.bodies import networks
from condgan.engines.torch.operations import TORCH

OUTPUTS = networks.outputs(TORCH)
Generator: Callable[..., Any] = partial(networks.Generator, TORCH)
Scores: Callable[..., losses.Scores] = partial(losses.Scores, TORCH)
Discriminator: Callable[..., Any] = partial(networks.Discriminator, TORCH)
