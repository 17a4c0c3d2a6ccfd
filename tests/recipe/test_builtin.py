"""Each built-in recipe is what its source publishes: layers counted by hand, and every choice of the loop."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from condgan.data.dataset import Split
from condgan.draws.schedule import Plan
from condgan.engines import load, losses
from condgan.engines.losses import Judgement
from condgan.engines.torch.networks import Discriminator, Generator, Scores
from condgan.engines.torch.optimisers import Rule
from condgan.errors import CondganError
from condgan.recipe import Domain, Optimiser, Recipe, builtin

DIGITS = Domain(channels=1, size=28, class_names=tuple("0123456789"), data="mnist", data_sha256="0" * 64)
FAMILY = ("cgan-lsgan", "cgan-lsgan-jgan", "cgan-bce")


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def conv(inputs: int, outputs: int, side: int) -> int:
    return inputs * outputs * side**2


def norm(width: int) -> int:
    return 2 * width


FAMILY_G = (
    10 * 10
    + linear(110, 128)
    + linear(128, 256) + norm(256)
    + linear(256, 512) + norm(512)
    + linear(512, 1024) + norm(1024)
    + linear(1024, 784)
)  # fmt: skip
FAMILY_D = 10 * 10 + linear(784 + 10, 512) + linear(512, 512) + linear(512, 512) + linear(512, 1)
COUNTS = {
    "gan-mlp": (
        linear(100, 256) + linear(256, 512) + linear(512, 1024) + linear(1024, 784),
        linear(784, 1024) + linear(1024, 512) + linear(512, 256) + linear(256, 1),
    ),
    **dict.fromkeys(FAMILY, (FAMILY_G, FAMILY_D)),
    "cgan-paper": (
        linear(100, 200) + linear(10, 1000) + linear(1200, 1200) + linear(1200, 784),
        linear(784, 240 * 5) + linear(10, 50 * 5) + linear(240 + 50, 240 * 4) + linear(240, 1),
    ),
    "cgan-paper-adam": (
        linear(110, 256) + linear(256, 512) + linear(512, 1024) + linear(1024, 784),
        linear(794, 1024) + linear(1024, 512) + linear(512, 256) + linear(256, 1),
    ),
    "cgan-bn-prelu-adamw": (
        linear(110, 256) + linear(256, 512) + linear(512, 1024) + linear(1024, 784)
        + norm(256) + norm(512) + norm(1024) + 3,
        linear(794, 1024) + linear(1024, 512) + linear(512, 256) + linear(256, 1) + 3,
    ),
    "mnist": (
        10 * 10 + 74 * 49 * 64 + norm(64) + conv(64, 64, 3) + norm(64)  # at 7 px
        + conv(64, 32, 4) + norm(32) + conv(32, 32, 3) + norm(32) + conv(32, 1, 4) + 1,  # at 14 px, and the image
        conv(1, 32, 4) + 32 + conv(32, 32, 3) + norm(32) + conv(32, 64, 4) + norm(64) + conv(64, 64, 3) + norm(64)
        + linear(64 * 49, 128) + linear(129, 1) + 10 * 129,
    ),
    "mnist-fast": (
        10 * 10 + 74 * 49 * 64 + norm(64) + conv(64, 32, 4) + norm(32) + conv(32, 1, 4) + 1,
        conv(1, 32, 4) + 32 + conv(32, 64, 4) + norm(64) + linear(64 * 49, 128) + linear(129, 1) + 10 * 129,
    ),
    **dict.fromkeys(("images", "images-small"), (
        10 * 10 + 74 * 49 * 96 + norm(96) + conv(96, 48, 4) + norm(48) + conv(48, 1, 4) + 1,
        conv(1, 48, 4) + 48 + conv(48, 96, 4) + norm(96) + linear(96 * 49, 128) + linear(129, 1) + 10 * 129,
    )),
}  # fmt: skip


def networks(recipe: Recipe, domain: Domain = DIGITS) -> tuple[nn.Module, nn.Module]:
    generator = Generator(recipe.generator, recipe.latent.dim, domain)
    return generator, Discriminator(recipe.discriminator, domain)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def dropouts(network: nn.Module) -> list[float]:
    """The share of units that each layer drops in training, to 0.01; layers that drop none are left out."""
    torch.manual_seed(0)
    network.train()
    layers = [module for name, module in network.named_modules() if name.endswith(".dropout")]
    assert layers
    shares = [round(float((layer(torch.ones(200_000)) == 0).float().mean()), 2) for layer in layers]
    return [share for share in shares if share]


def norms(network: nn.Module) -> list[tuple[int, float]]:
    return [(module.num_features, module.eps) for module in network.modules() if isinstance(module, nn.BatchNorm1d)]


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_sizes(name: str) -> None:
    generator, discriminator = networks(builtin.RECIPES[name])
    assert (parameters(generator), parameters(discriminator)) == COUNTS[name]


def test_the_family_s_published_size() -> None:
    """1,493,456 and 933,065 weights besides the embeddings, as `torchinfo` counts the public code's at 28 px."""
    assert FAMILY_G - 100 == 14_208 + 33_024 + 512 + 131_584 + 1024 + 525_312 + 2048 + 803_600
    assert FAMILY_D - 100 == 407_040 + 262_656 * 2 + 513


def test_the_public_code_s_size() -> None:
    """At 32 px the family has the public code's 1024 pixels."""
    domain = DIGITS.model_copy(update={"size": 32})
    generator, discriminator = networks(builtin.RECIPES["cgan-lsgan"], domain)
    assert parameters(generator) == FAMILY_G + linear(1024, 1024) - linear(1024, 784)
    assert parameters(discriminator) == FAMILY_D + (1024 - 784) * 512


ADAM = {"name": "adam", "lr": 2e-4, "betas": (0.5, 0.999), "weight_decay": 0}
PLAIN_ADAM = {"name": "adam", "lr": 1e-4, "betas": (0.9, 0.999), "weight_decay": 0}
PUBLISHED: dict[str, dict[str, Any]] = {
    "gan-mlp": {
        "conditional": False, "optim": ADAM, "batch": 64, "order": "g-first", "fakes": "shared",
        "loss": "bce", "halved": True, "output": "tanh", "noise": "normal", "norms": ([], []),
        "dropouts": ([], [0.3, 0.3, 0.3]),
    },
    "cgan-lsgan": {
        "conditional": True, "optim": ADAM, "batch": 64, "order": "g-first", "fakes": "shared",
        "loss": "least-squares", "halved": True, "output": "tanh", "noise": "normal",
        "norms": ([(256, 0.8), (512, 0.8), (1024, 0.8)], []), "dropouts": ([], [0.4, 0.4]),
    },
    "cgan-lsgan-jgan": {
        "conditional": True, "optim": ADAM, "batch": 64, "order": "g-first", "fakes": "shared",
        "loss": "least-squares", "halved": True, "output": "tanh", "noise": "normal",
        "norms": ([(256, 0.8), (512, 0.8), (1024, 0.8)], []), "dropouts": ([], []), "size": 32,
    },
    "cgan-bce": {
        "conditional": True, "optim": ADAM, "batch": 64, "order": "d-first", "fakes": "shared",
        "loss": "bce", "halved": True, "output": "tanh", "noise": "normal",
        "norms": ([(256, 0.8), (512, 0.8), (1024, 0.8)], []), "dropouts": ([], [0.4, 0.4]),
    },
    "cgan-paper": {
        "conditional": True, "batch": 100, "order": "d-first", "fakes": "fresh",
        "optim": {
            "name": "sgd", "lr": 0.1, "schedule": "exponential", "decay": 1.00004, "lr_floor": 1e-6,
            "momentum": 0.5, "momentum_end": 0.7, "weight_decay": 0,
        },
        "loss": "bce", "halved": False, "output": "sigmoid", "noise": "uniform", "norms": ([], []),
        "dropouts": ([0.5] * 3, [0.5] * 3),
    },
    "cgan-paper-adam": {
        "conditional": True, "optim": PLAIN_ADAM, "order": "d-first", "fakes": "fresh", "generator_batch": "full",
        "loss": "bce", "halved": False, "output": "sigmoid", "noise": "normal", "norms": ([], []),
        "dropouts": ([], [0.3] * 3), "batch": 32, "epochs": 50,
    },
    "cgan-bn-prelu-adamw": {
        "conditional": True, "optim": PLAIN_ADAM | {"name": "adamw", "weight_decay": 0.01}, "order": "d-first",
        "fakes": "fresh", "generator_batch": "full", "loss": "bce", "halved": False, "output": "sigmoid",
        "noise": "normal", "norms": ([(256, 1e-5), (512, 1e-5), (1024, 1e-5)], []), "dropouts": ([], [0.3] * 3),
        "batch": 32, "epochs": 50,
    },
}  # fmt: skip


def test_what_is_published_and_what_is_not() -> None:
    """Our own recipes are held against their figures, not against a source."""
    assert set(PUBLISHED) == {recipe.name for recipe in builtin.TABLE}
    assert {recipe.name for recipe in builtin.OWN} == {"mnist", "mnist-fast", "images", "images-small"}
    for recipe in builtin.OWN:
        assert recipe.data.train_on == "train"  # the validation images chose it


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_choice_of_the_source(name: str) -> None:
    recipe, published = builtin.RECIPES[name], PUBLISHED[name]
    generator, discriminator = networks(recipe)
    found = {
        "conditional": recipe.conditional,
        "batch": recipe.train.batch,
        "order": recipe.train.order,
        "fakes": recipe.train.fakes,
        "generator_batch": recipe.train.generator_batch,
        "loss": recipe.loss.name,
        "halved": recipe.loss.halved,
        "output": recipe.generator.output,
        "noise": recipe.latent.distribution,
        "norms": (norms(generator), norms(discriminator)),
        "dropouts": (dropouts(generator), dropouts(discriminator)),
        "epochs": recipe.train.epochs,
        "size": recipe.data.size,
    }
    expected = {"batch": 64, "generator_batch": "real", "epochs": 100, "size": 28} | {
        k: v for k, v in published.items() if k != "optim"
    }
    assert found == expected
    constant = {"schedule": "constant"} if "schedule" not in published["optim"] else {}
    for optimiser in (recipe.optim.g, recipe.optim.d):
        values: dict[str, Any] = Optimiser.model_dump(optimiser)
        for key, value in (published["optim"] | constant).items():
            assert values[key] == value, key
    assert recipe.latent.dim == 100
    assert recipe.train.fake_labels == "uniform"
    assert recipe.train.critic_steps == 1
    assert recipe.train.ema is None
    assert recipe.data.train_on == "auto"  # all 60,000 images of MNIST
    assert recipe.data.source == "mnist"


@pytest.mark.parametrize("name", FAMILY)
def test_the_family_s_cadences(name: str) -> None:
    recipe = builtin.RECIPES[name]
    assert recipe.output.log_every == 50
    assert Plan(60_000, 64, 100).step_at(recipe.output.grid_every) == 1000  # the ragged batch of an epoch counted in
    assert (recipe.generator.condition, recipe.discriminator.condition) == ("embedding", "embedding")


@pytest.mark.parametrize("name", ["cgan-paper-adam", "cgan-bn-prelu-adamw"])
def test_figures_of_every_step(name: str) -> None:
    assert builtin.RECIPES[name].output.log_every == 1


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_the_losses_of_a_known_batch(name: str) -> None:
    """D says 2 of the real images and -1 of the generated ones; at a step at which no lazy penalty is due."""
    recipe = builtin.RECIPES[name]
    answers = {"real": torch.full((5,), 2.0), "fake": torch.full((5,), -1.0)}
    scores = Scores(lambda images, labels: Judgement(answers[images]), ("real", None), ("fake", None))  # type: ignore[index,arg-type]
    found = [float(sum(losses.parts(terms, scores, 1).values())) for terms in losses.terms(recipe)]
    softplus = np.log1p(np.exp([-2.0, -1.0, 1.0]))
    expected = {
        "gan-mlp": [(softplus[0] + softplus[1]) / 2, softplus[2]],
        "cgan-bce": [(softplus[0] + softplus[1]) / 2, softplus[2]],
        "cgan-lsgan": [((1 - 2) ** 2 + (-1) ** 2) / 2, (1 + 1) ** 2],
        "cgan-lsgan-jgan": [((1 - 2) ** 2 + (-1) ** 2) / 2, (1 + 1) ** 2],
    }
    assert found == pytest.approx(expected.get(name, [softplus[0] + softplus[1], softplus[2]]), rel=1e-6)


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_the_order_of_the_updates(name: str) -> None:
    """What really happens in a step: who moves when, on whose images, and how many generated batches there are."""
    recipe = builtin.RECIPES[name]
    images = np.zeros((150, 1, 28, 28), np.uint8)
    engine: Any = load("torch").build(recipe, DIGITS, Split(images, np.zeros(150, np.int64)), None)
    events: list[str] = []
    for player in "gd":
        descent = getattr(engine.game, f"{player}_descent")
        descent.rule = Rule(descent.rule.slots, lambda *call, player=player: events.append(f"{player} moves"))
    engine.game.generator.register_forward_hook(lambda *call: events.append(f"{len(call[2])} made"))
    batch = recipe.train.batch
    last = -(-150 // batch) - 1
    rows = 150 - last * batch
    engine.run(last, 1)
    full = batch if recipe.train.generator_batch == "full" else rows
    assert (
        events
        == {
            "g-first": [f"{rows} made", "g moves", "d moves"],
            "d-first": [f"{rows} made", "d moves", "g moves"],
            "fresh": [f"{rows} made", "d moves", f"{full} made", "g moves"],
        }["fresh" if recipe.train.fakes == "fresh" else recipe.train.order]
    )


def test_the_repaired_batch_norm_is_one_override() -> None:
    generator, _ = networks(builtin.get("cgan-lsgan", ["generator.norm_eps=1e-5"]))
    assert norms(generator) == [(256, 1e-5), (512, 1e-5), (1024, 1e-5)]
    assert any("eps is 0.8" in note for note in builtin.RECIPES["cgan-lsgan"].notes)


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_a_recipe_names_its_source(name: str) -> None:
    recipe = builtin.RECIPES[name]
    assert recipe.name == name
    assert recipe.source
    assert recipe.notes


def test_what_was_chosen_is_said() -> None:
    for name, words in {
        "gan-mlp": ("batch 64",),
        "cgan-bce": ("not given", "same fakes"),
        "cgan-paper": ("momentum rises", "dropout", "epochs"),
        "cgan-paper-adam": ("hidden layers", "uniform", "mean over"),
        "cgan-bn-prelu-adamw": ("BatchNorm in the generator alone", "weight decay"),
        "cgan-lsgan": ("28 px", "data.size=32", "200 epochs"),
    }.items():
        notes = " ".join(builtin.RECIPES[name].notes)
        assert all(word in notes for word in words), name


def test_the_default_and_unknown_names() -> None:
    assert builtin.DEFAULT == "cgan-lsgan"
    assert builtin.get("gan-mlp") == builtin.RECIPES["gan-mlp"]
    with pytest.raises(CondganError, match=r'unknown recipe "gan-mpl" \(did you mean "gan-mlp"\?\).*cgan-paper'):
        builtin.get("gan-mpl")
    assert len(builtin.RECIPES) == 11
