"""Compile ahead what first steps and pictures need: ``python -m condgan.engines.jittor.warm [RECIPE ...]``."""

import sys

import numpy as np

from condgan import data, engines
from condgan.recipe import builtin

RECIPES = ("cgan-lsgan", "cgan-lsgan-jgan")


def main(names: list[str]) -> None:
    """Take two steps of each recipe and sample a few images; only what was compiled remains."""
    for name in names or RECIPES:
        recipe = builtin.get(name, ["engine=jittor"])
        dataset = data.load(recipe.data)
        rows = dataset.trained_on(recipe.data)
        engine = engines.load(recipe.machine.engine).build(recipe, dataset.domain(), rows, None)
        engine.run(0, 2)
        latents = np.zeros((10, recipe.latent.dim), np.float32)
        engine.sample(latents, np.arange(10) % len(dataset.class_names))
        print(f"{name}: compiled", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
