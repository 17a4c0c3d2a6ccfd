"""The layers of a recipe's networks, in the order in which a sample passes them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from condgan.engines.layer import Layer
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.recipe import Domain, Recipe


def _convolution(name: str) -> Callable[[Any], str]:
    def words(module: Any) -> str:
        (high, wide), (stride, _) = module.kernel_size, module.stride
        return f"{name} {module.in_channels}-{module.out_channels}, {high} x {wide}, stride {stride}"

    return words


NAMES: dict[str, Callable[[Any], str]] = {
    "Linear": lambda module: f"Linear {module.in_features}-{module.out_features}",
    "Maxout": lambda module: f"Maxout {module.linear.in_features}-{module.units}, {module.pieces} pieces",
    "Embedding": lambda module: f"Embedding {module.num_embeddings}-{module.embedding_dim}",
    "ConvTranspose2d": _convolution("ConvTranspose"),
    "Conv2d": _convolution("Conv"),
    "BatchNorm1d": lambda module: f"BatchNorm, eps {module.eps:g}",
    "BatchNorm2d": lambda module: f"BatchNorm, eps {module.eps:g}",
    "GroupNorm": lambda module: f"GroupNorm, {module.num_groups} groups, eps {module.eps:g}",
    "LeakyReLU": lambda module: f"LeakyReLU {module.negative_slope:g}",
    "Dropout": lambda module: f"Dropout {module.rate:g}" if module.rate else "",
    "Attention": lambda _: "self-attention",
    "Modulation": lambda _: "gain and bias of the condition",
    **dict.fromkeys(("Identity", "Function"), lambda _: ""),
}
"""Modules in words; an empty one is not shown. Of others the name of the class is, if they are leaves."""


SQUASH: dict[str, tuple[str, ...]] = {"tanh": ("Tanh",), "sigmoid": ("Sigmoid",), "linear": ()}
"""The generator's output function, in words."""
EMPTY = ("Stage",)
"""Modules that may have nothing in them."""


def described(recipe: Recipe, domain: Domain) -> dict[str, tuple[Layer, ...]]:
    """The layers of both networks, by ``generator`` and ``discriminator``: networks are made, and pass two samples.

    Those that grow are shown as they are in the end, without what only lower resolutions pass.
    """
    grows = recipe.growing.images is not None
    with torch.random.fork_rng(devices=[]):
        generator = Generator(recipe.generator, recipe.latent.dim, domain, grows)
        discriminator = Discriminator(recipe.discriminator, domain, grows)
        conditions = torch.zeros(2, dtype=torch.int64) if domain.condition is None else torch.zeros(2, domain.condition)
        latents, samples = torch.zeros(2, recipe.latent.dim), torch.zeros(2, *domain.shape)
    *others, last = _passed(generator, latents, conditions)
    squash = SQUASH[recipe.generator.output]
    return {
        "generator": (*others, replace(last, parts=(*last.parts, *squash))),
        "discriminator": _passed(discriminator, samples, conditions),
    }


def _passed(network: nn.Module, x: Tensor, conditions: Tensor) -> tuple[Layer, ...]:
    """What a sample passes on its way; a linear map stands with what follows it in its layer."""
    found: list[Layer] = []

    def watch(module: nn.Module, name: str, place: str) -> None:
        kinds = [one.__name__ for one in type(module).__mro__]
        kind = next((one for one in kinds if one in NAMES), kinds[0])
        if kind not in NAMES and (list(module.children()) or kind in EMPTY):
            for child, inner in module.named_children():
                path = f"{name}.{child}" if name else child
                watch(inner, path, name if "Layer" in kinds else path)
            return

        def passed(module: nn.Module, given: Any, result: Any) -> None:
            words = NAMES.get(kind, lambda _: kind)(module)
            if not words:
                return
            words += ", spectral norm" if parametrize.is_parametrized(module) else ""
            weights, shape = sum(one.numel() for one in module.parameters()), tuple(result.shape[1:])
            if found and found[-1].place == place:
                before = found.pop()
                found.append(Layer(place, (*before.parts, words), shape, before.weights + weights))
            else:
                found.append(Layer(place, (words,), shape, weights))

        module.register_forward_hook(passed)

    watch(network, "", "")
    with torch.no_grad():
        network.eval()(x, conditions)
    return tuple(found)
