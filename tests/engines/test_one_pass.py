"""Gradients of both players from one pass, against those of one backward pass for each loss."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings, losses
from condgan.engines.torch.fast import one_pass
from condgan.engines.torch.networks import Discriminator, Scores
from condgan.recipe import Domain, builtin

SIZE, CLASSES = 6, 4
DOMAIN = Domain(channels=1, size=SIZE, class_names=("a", "b", "c", "d"), data="noise", data_sha256="0" * 64)
RANDOM = np.random.default_rng(7)
DATA = RANDOM.integers(0, 256, (150, 1, SIZE, SIZE), dtype=np.uint8)
LABELS = RANDOM.integers(0, CLASSES, 150)
G_FIRST = ("train.order=g-first", "train.fakes=shared")
BUILDS = (
    "",
    "discriminator.dropout=0.4",
    "discriminator.condition=one-hot discriminator.activation=maxout discriminator.pieces=3,2",
    "discriminator.condition=none generator.condition=none discriminator.activation=gelu",
    "discriminator.branches=9,7 discriminator.pieces=none",
)


def recipe_of(*overrides: str) -> Any:
    small = ("generator.hidden=12,10", "discriminator.hidden=14,11", "discriminator.dropout=0", "latent.dim=5")
    return builtin.get("cgan-bce", [*small, *G_FIRST, *(word for text in overrides for word in text.split())])


def discriminator(*overrides: str) -> Discriminator:
    return Discriminator(recipe_of(*overrides).discriminator, DOMAIN)


@pytest.mark.parametrize("build", BUILDS)
@given(
    loss=st.sampled_from([*losses.LOSSES]),
    flip=st.booleans(),
    rows=st.integers(1, 9),
    seed=st.integers(0, 2**31),
)
def test_one_pass_gives_the_gradients_of_both_losses(build: str, loss: str, flip: bool, rows: int, seed: int) -> None:
    torch.manual_seed(seed)
    recipe = recipe_of(build, f"loss.name={loss}", *(["optim.d.clip_weights=1"] if loss == "wasserstein" else []))
    network = Discriminator(recipe.discriminator, DOMAIN).double().train()
    assert one_pass.possible(network)
    real, fake = torch.rand(2, rows, 1, SIZE, SIZE, dtype=torch.float64)
    labels, fake_labels = torch.randint(CLASSES, (2, rows))
    scores = Scores(network, (real, labels), (fake.requires_grad_(), fake_labels))
    with one_pass.watched(network) as uses:
        scores.judge_together()
    spec = recipe.loss.model_copy(update={"flip": 0.3}) if flip else recipe.loss
    d_loss, g_loss = losses.LOSSES[loss].d(scores, spec).mean(), losses.LOSSES[loss].g(scores).mean()
    names, parameters = zip(*network.named_parameters(), strict=True)
    expected = torch.autograd.grad(d_loss, parameters, retain_graph=True)
    (pull,) = torch.autograd.grad(g_loss, fake, retain_graph=True)
    found, at_images = one_pass.gradients(network, uses, scores, d_loss, g_loss)
    torch.testing.assert_close(at_images, pull)
    assert found.keys() == set(names)
    for name, gradient in zip(names, expected, strict=True):
        torch.testing.assert_close(
            found[name].double(), gradient, rtol=1e-5, atol=1e-7, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize(
    "build",
    [
        "discriminator.norm=layer",
        "discriminator.norm=batch",
        "discriminator.activation=prelu",
        "discriminator.spectral=true",
        "discriminator.minibatch=stddev",
        "discriminator.network=dcgan",
    ],
)
def test_where_layers_mix_images_or_have_other_weights_it_is_not_possible(build: str) -> None:
    assert not one_pass.possible(discriminator(build))


def test_nothing_is_noted_once_it_is_over() -> None:
    network = discriminator()
    images, labels = torch.rand(3, 1, SIZE, SIZE), torch.tensor([0, 1, 2])
    with one_pass.watched(network) as uses:
        network(images, labels)
    count = len(uses)
    network(images, labels)
    assert len(uses) == count == sum(isinstance(m, nn.Linear | nn.Embedding) for m in network.modules())


def build(*overrides: str) -> Any:
    picked = Settings(device="cpu", threads=1, threads_by="machine.threads", precision="float32")
    return engines.load("torch").build(recipe_of(*overrides), DOMAIN, Split(DATA, LABELS), picked)


def trained(engine: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return engine.run(0, 7), engine.state()  # a ragged batch among them


@pytest.mark.parametrize("loss", ["bce", "least-squares", "relativistic-average"])
def test_steps_in_one_pass_are_the_plain_ones(loss: str) -> None:
    """By plain descent: Adam would make the rounding of a gradient that is 0, of a relativistic loss's bias, large."""
    quick, plain = (build(f"loss.name={loss}", "optim.name=sgd", "optim.lr=0.1") for _ in range(2))
    assert quick.game.once
    assert quick.game.one_pass
    plain.game.once = False
    (found, state), (expected, plain_state) = trained(quick), trained(plain)
    for figure, values in expected.items():
        np.testing.assert_allclose(found[figure], values, rtol=1e-4, atol=1e-6, err_msg=figure)
    for name, array in plain_state.items():
        np.testing.assert_allclose(state[name], array, rtol=1e-3, atol=1e-4, err_msg=name)


def test_with_dropout_both_networks_meet_the_same_noise_only_where_that_was_asked_for() -> None:
    """What the discriminator says of the generated images enters both losses of a step: one judgement or two."""
    for judge, alike in (("twice", False), ("once", True)):
        engine = build(
            "loss.name=wasserstein", "optim.d.clip_weights=9", "discriminator.dropout=0.5", f"train.judge={judge}"
        )
        figures = engine.run(0, 4)
        # g_loss is minus the mean logit of the generated images in the generator's step, d_fake that in the other's
        assert np.allclose(-figures["g_loss"], figures["d_fake"], rtol=1e-6, atol=1e-7) is alike


def test_images_are_judged_once_by_a_discriminator_of_any_kind() -> None:
    """Batch statistics too: they move by two batches a step, not by three."""
    moved = {}
    for judge in ("once", "twice"):
        engine = build("discriminator.norm=batch", f"train.judge={judge}")
        engine.run(0, 1)
        (moved[judge],) = {
            int(n) for name, n in engine.state().items() if "discriminator" in name and "tracked" in name
        }
    assert moved == {"once": 2, "twice": 3}


def test_a_penalty_takes_passes_of_its_own() -> None:
    for overrides in (["penalty.r1=1"], ["discriminator.condition=auxiliary"]):
        assert not build(*overrides).game.one_pass


def test_bfloat16_stays_near() -> None:
    torch.manual_seed(0)
    network = discriminator("discriminator.hidden=64,64")
    images, labels = torch.rand(2, 16, 1, SIZE, SIZE), torch.randint(CLASSES, (2, 16))

    def gradients() -> tuple[dict[str, Tensor], Tensor]:
        scores = Scores(network, (images[0], labels[0]), (images[1].clone().requires_grad_(), labels[1]))
        with one_pass.watched(network) as uses:
            scores.judge_together()
        loss = losses.LOSSES["bce"]
        return one_pass.gradients(network, uses, scores, loss.d(scores, recipe_of().loss).mean(), loss.g(scores).mean())

    exact, pull = gradients()
    with torch.autocast("cpu", torch.bfloat16):
        rounded, rounded_pull = gradients()
    for name, gradient in (exact | {"pull": pull}).items():
        near = (rounded | {"pull": rounded_pull})[name]
        assert near.dtype == torch.float32
        assert (near - gradient).norm() < 0.02 * gradient.norm() + 2e-4, name
