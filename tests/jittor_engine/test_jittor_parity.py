"""The Jittor engine beside the torch engine: the same weights, latents, labels and order of the data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import ASKED, DOMAIN, twins

from condgan.draws.schedule import Plan
from condgan.marks import keys
from condgan.recipe import Optimiser, builtin

pytestmark = pytest.mark.jittor
STEPS = 10
SAME_DRAWS = "generator.dropout=0", "discriminator.dropout=0"  # each framework draws its own dropout


def distance(first: Any, second: Any) -> float:
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)


def compared(pair: tuple[Any, Any]) -> None:
    """Forward in eval mode, ten steps, and what they leave."""
    torch, jittor = pair
    images, labels = torch.rows.take(slice(None))
    np.testing.assert_allclose(jittor.score(images, labels), torch.score(images, labels), atol=1e-5)
    np.testing.assert_allclose(shown(jittor), shown(torch), atol=1)  # of 255
    expected, found = torch.run(0, STEPS), jittor.run(0, STEPS)
    assert list(found) == list(expected)
    assert distance(found, expected) < 1e-3
    assert set(jittor.state()) == set(torch.state())
    # a bias before a normalisation has no gradient but noise, of which Adam makes whole steps
    assert distance(jittor.state(), torch.state()) < 5e-3
    np.testing.assert_allclose(shown(jittor), shown(torch), atol=2)


def shown(engine: Any) -> Any:
    return engine.sample(*ASKED).astype(np.float32)


@pytest.mark.parametrize("name", builtin.RECIPES)
def test_each_recipe_takes_the_same_steps(name: str) -> None:
    compared(twins(name, *SAME_DRAWS))


LOSSES = ("minimax", "hinge", "wasserstein", "relativistic", "relativistic-average")


@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss: str) -> None:
    """Without Adam: where a loss does not mind the size of all logits, it would walk by the noise of their gradient."""
    descent = "optim.name=sgd", "optim.lr=0.05", "optim.g.momentum=0.5", "optim.d.clip_weights=0.05"
    compared(twins("cgan-lsgan-jgan", f"loss.name={loss}", *descent))


def test_losses_with_targets_a_class_reader_and_clipped_gradients() -> None:
    compared(
        twins(
            *("cgan-bce", *SAME_DRAWS, "loss.real_target=0.9", "loss.fake_target=0.1", "optim.clip_gradient=0.1"),
            *("discriminator.condition=auxiliary", "loss.d_class=0.5"),
        )
    )


@pytest.mark.parametrize("activation", ["relu", "prelu", "silu", "gelu", "elu"])
def test_activations(activation: str) -> None:
    chosen = f"generator.activation={activation}", f"discriminator.activation={activation}"
    compared(twins("cgan-lsgan-jgan", *chosen))


@pytest.mark.parametrize("norm", ["layer", "instance", "group"])
def test_norms_of_rows(norm: str) -> None:
    compared(twins("cgan-lsgan-jgan", f"generator.norm={norm}", "generator.groups=2"))


@pytest.mark.parametrize("norm", ["none", "layer", "instance", "group"])
@pytest.mark.parametrize("network", ["dcgan", "residual"])
def test_convolutional_networks(network: str, norm: str) -> None:
    chosen = f"generator.network={network}", f"discriminator.network={network}", "train.ema=0.9"
    chosen += ("generator.full_resolution=true", "discriminator.full_resolution=true")
    norms = f"generator.norm={norm}", f"discriminator.norm={norm}", "generator.groups=2", "discriminator.groups=2"
    compared(twins("mnist", *chosen, *norms, "generator.condition=embedding"))


@pytest.mark.parametrize("network", ["mlp", "dcgan", "residual"])
def test_images_that_are_no_squares(network: str) -> None:
    """17 x 5, and half of it 9 x 3, and a quarter 5 x 2: odd sides in each direction, and an even one."""
    chosen = f"generator.network={network}", f"discriminator.network={network}", "data.size=17x5"
    chosen += ("generator.full_resolution=true", "discriminator.full_resolution=true", "discriminator.norm=none")
    chosen += ("discriminator.features=none", "generator.condition=embedding", "generator.norm=none")
    compared(twins("mnist", *chosen, domain=DOMAIN.model_copy(update={"size": 17, "width": 5})))


@pytest.mark.parametrize("change", ["translated", "cut_out"])
@pytest.mark.parametrize("size", [(17, 5), (24, 32)])
def test_augmentations_of_images_that_are_no_squares(change: str, size: tuple[int, int]) -> None:
    """Each framework draws its own: what one makes of an image is among what the other makes of it."""
    from condgan.engines.jittor import randomness, setting_up

    setting_up.ready()
    import jittor as jt
    import torch

    from condgan.engines.jittor.operations import JITTOR
    from condgan.engines.torch.operations import TORCH

    count, part = 16_000, (2, 1) if change == "translated" else (8, 3)
    image = np.random.default_rng(0).random((1, 1, *size), np.float32)
    given = np.repeat(image, count, axis=0)
    torch.manual_seed(0)
    expected = getattr(TORCH, change)(torch.from_numpy(given), part, 0.0).numpy()
    randomness.seed(0)
    found = getattr(JITTOR, change)(jt.array(given), part, 0.0).numpy()
    assert {picture.tobytes() for picture in found} == {picture.tobytes() for picture in expected}


@pytest.mark.parametrize("order", ["d-first", "g-first"])
def test_spectral_normalisation(order: str) -> None:
    compared(twins("cgan-lsgan-jgan", "discriminator.spectral=true", "generator.spectral=true", f"train.order={order}"))


def test_spectral_normalisation_of_convolutions() -> None:
    chosen = "discriminator.spectral=true", "generator.spectral=true", "generator.norm=none"
    compared(twins("mnist", *chosen, "generator.full_resolution=true"))


def test_attention_and_what_sees_the_batch() -> None:
    chosen = "generator.attention=4", "discriminator.attention=4"
    torch, jittor = twins("mnist", *chosen, "discriminator.minibatch=stddev")
    open_up(torch, jittor)
    compared((torch, jittor))
    compared(twins("cgan-lsgan-jgan", "discriminator.minibatch=discrimination", "discriminator.kernels=3"))


def open_up(torch: Any, jittor: Any) -> None:
    """Gains that begin at 0 would hide what they scale."""
    state = torch.state()
    for name in state:
        if name.endswith("attention.gain"):
            state[name] = np.float32(0.7) * np.ones_like(state[name])
    torch.load(state)
    jittor.load(state)


@pytest.mark.parametrize(
    "chosen",
    [
        ("train.critic_steps=2", "train.fakes=fresh"),
        ("train.judge=once", "train.order=g-first", "train.fakes=shared"),
        ("train.generator_batch=full", "train.fakes=fresh"),
        ("train.fakes=shared", "train.fake_labels=real"),
        ("train.ema=0.9", "train.ema_warmup=true", "optim.schedule=cosine"),
        ("latent.distribution=truncated", "generator.output=sigmoid", "generator.condition=one-hot"),
    ],
)
def test_ways_to_train(chosen: tuple[str, ...]) -> None:
    compared(twins("cgan-lsgan-jgan", *chosen))


def test_a_mark_that_is_learnt(tmp_path: Path) -> None:
    keys.new_key(tmp_path / "mark.key")
    given = f"watermark.key={tmp_path / 'mark.key'}"
    domain = DOMAIN.model_copy(update={"size": 16})
    compared(twins("cgan-lsgan-jgan", given, "data.size=16", domain=domain))


# Parts, to closer bounds


@pytest.mark.parametrize("penalty", ["r1", "r2"])
def test_a_gradient_penalty_and_what_it_does_to_the_critic(penalty: str) -> None:
    torch, jittor = twins("cgan-lsgan-jgan", f"penalty.{penalty}=10", "optim.d.name=sgd", "optim.d.lr=0.01")
    expected, found = torch.run(0, 1), jittor.run(0, 1)
    assert expected["penalty"] != 0
    np.testing.assert_allclose(found["penalty"], expected["penalty"], rtol=1e-6)
    before, after = torch.state(), jittor.state()
    critic = [name for name in before if name.startswith("discriminator.")]
    for name in critic:
        np.testing.assert_allclose(after[name], before[name], atol=1e-6)


@pytest.mark.parametrize("penalty", ["wgan_gp", "zero_centred", "dragan"])
def test_penalties_at_drawn_points_are_of_the_size_of_torchs(penalty: str) -> None:
    """Each framework draws its own points; over a batch of them the mean is nearly the same."""
    torch, jittor = twins("cgan-lsgan-jgan", f"penalty.{penalty}=1")
    np.testing.assert_allclose(jittor.run(0, 1)["penalty"], torch.run(0, 1)["penalty"], rtol=0.1)


def test_batch_statistics() -> None:
    torch, jittor = twins("cgan-lsgan-jgan", "train.critic_steps=1")
    torch.run(0, 1)
    jittor.run(0, 1)
    expected, found = torch.state(), jittor.state()
    statistics = [name for name in expected if "running_" in name]
    assert statistics
    for name in statistics:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-6, rtol=1e-6)
    counts = [name for name in expected if name.endswith("num_batches_tracked")]
    assert all(found[name] == expected[name] > 0 for name in counts)


@pytest.mark.parametrize("extra", [{}, {"weight_decay": 0.01}, {"momentum": 0.5}, {"clip_weights": 0.02}])
@pytest.mark.parametrize("name", ["adam", "adamw", "adamax", "radam", "rmsprop", "sgd"])
def test_ten_optimiser_steps_by_identical_gradients(name: str, extra: dict[str, float]) -> None:
    from condgan.engines.jittor import setting_up

    setting_up.ready()
    import jittor as jt
    import torch

    from condgan.engines.jittor.linear import Linear
    from condgan.engines.jittor.optimisers import Descent as JittorDescent
    from condgan.engines.jittor.tensors import copies
    from condgan.engines.torch.optimisers import Descent

    if "momentum" in extra and name not in ("rmsprop", "sgd"):
        pytest.skip("has betas instead")
    spec, plan = Optimiser(name=name, lr=0.01, **extra), Plan(100, 10, 1)
    random = np.random.default_rng(2)
    first = torch.nn.Linear(5, 3)
    second = Linear(5, 3)
    for parameter, twin in zip(first.parameters(), (second.weight, second.bias), strict=True):
        twin.update(jt.array(parameter.detach().numpy()))
    theirs, ours = Descent(first, spec, plan), JittorDescent(second, spec, plan, updates=2)
    for update in range(STEPS):
        gradients = [random.standard_normal(shape).astype(np.float32) for shape in ((3, 5), (3,))]
        if update % 2 == 0:
            theirs.set_step(update // 2)
            ours.set_step(update // 2)
        theirs.move([torch.from_numpy(gradient) for gradient in gradients])
        ours.move([jt.array(gradient) for gradient in gradients])
    np.testing.assert_allclose(second.weight.numpy(), first.weight.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(second.bias.numpy(), first.bias.detach().numpy(), atol=1e-6)
    kept = copies(dict(ours.tensors()))
    expected = {slot: tensor.numpy() for slot, tensor in theirs.tensors()}
    assert set(kept) == set(expected)
    for slot, value in expected.items():
        assert kept[slot].shape == value.shape
        np.testing.assert_allclose(kept[slot], value, atol=1e-6)
