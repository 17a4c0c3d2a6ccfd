"""Layers in words: all weights are in them, and shapes are those that networks have."""

import numpy as np
import pytest

from condgan import engines, recipes
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.recipe import Domain, builtin

DIGITS = Domain(channels=1, size=28, class_names=tuple("0123456789"), data="mnist", data_sha256="0" * 64)
RESIDUAL = (
    "generator.network=residual", "generator.norm=batch", "generator.condition=norm", "discriminator.network=residual",
    "discriminator.spectral=true", "discriminator.condition=projection", "discriminator.dropout=0",
    "discriminator.minibatch=discrimination", "generator.attention=14",
)  # fmt: skip
AUXILIARY = (
    "generator.network=dcgan", "generator.norm=instance", "discriminator.network=dcgan",
    "discriminator.condition=auxiliary", "discriminator.dropout=0.2",
)  # fmt: skip
CASES = [*((name, ()) for name in builtin.names()), ("cgan-bce", RESIDUAL), ("cgan-bce", AUXILIARY)]


@pytest.mark.parametrize(("name", "overrides"), CASES)
def test_all_weights_are_in_the_layers(name: str, overrides: tuple[str, ...]) -> None:
    recipe = recipes.get(name, overrides)
    grows = recipe.growing.images is not None
    networks = {
        "generator": Generator(recipe.generator, recipe.latent.dim, DIGITS, grows),
        "discriminator": Discriminator(recipe.discriminator, DIGITS, grows),
    }
    found = engines.layers(recipe, DIGITS)
    for which, network in networks.items():
        assert sum(one.weights for one in found[which]) == sum(p.numel() for p in network.parameters())
        assert all(one.parts and all(one.parts) for one in found[which])
        assert len({one.place for one in found[which]}) == len(found[which])
    assert np.prod(found["generator"][-1].shape) == 28 * 28


def test_the_layers_of_a_published_generator() -> None:
    layers = engines.layers(recipes.get("cgan-lsgan"), DIGITS)["generator"]
    assert [one.parts for one in layers] == [
        ("Embedding 10-10",),
        ("Linear 110-128", "LeakyReLU 0.2"),
        ("Linear 128-256", "BatchNorm, eps 0.8", "LeakyReLU 0.2"),
        ("Linear 256-512", "BatchNorm, eps 0.8", "LeakyReLU 0.2"),
        ("Linear 512-1024", "BatchNorm, eps 0.8", "LeakyReLU 0.2"),
        ("Linear 1024-784", "Tanh"),
    ]
    assert [one.shape for one in layers] == [(10,), (128,), (256,), (512,), (1024,), (784,)]
