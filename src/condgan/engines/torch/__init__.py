"""The torch engine."""

from condgan.engines.torch import engine
from condgan.engines.torch import sampler as sampling

build = engine.build
sampler = sampling.sampler

__all__ = ["build", "sampler"]
