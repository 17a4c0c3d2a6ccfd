"""Networks that grow, against networks that do not: what they are at each resolution, and between two."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from condgan import recipe
from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.recipe import Domain, Growing

DIM, WIDTH, COUNT = 5, 3, 4
SIDES = (7, 14, 28)
NETWORKS = ("dcgan", "residual")


def domain(side: int) -> Domain:
    return Domain(channels=1, size=side, class_names=("a", "b", "c"), data="x", data_sha256="0" * 64)


def generator(network: str, side: int, grows: bool = False) -> Generator:
    """Channels double at each half: with twice the width, images of half the side have the same ones."""
    width = WIDTH * max(SIDES) // side
    spec = recipe.Generator(network=network, width=width, norm="batch", condition="norm")  # type: ignore[arg-type]
    return Generator(spec, DIM, domain(side), grows)


def discriminator(network: str, side: int, grows: bool = False) -> Discriminator:
    width = WIDTH * max(SIDES) // side
    spec = recipe.Discriminator(network=network, width=width, norm="group", groups=3, condition="projection")  # type: ignore[arg-type]
    return Discriminator(spec, domain(side), grows)


def lived_in(network: nn.Module) -> Any:
    """With weights and running statistics that no network begins with, in eval mode."""
    random = torch.Generator().manual_seed(5)
    for parameter in network.parameters():
        inputs = parameter[0].numel() if parameter.dim() > 1 else 1
        parameter.data += torch.randn(parameter.shape, generator=random) / inputs**0.5
    for name, buffer in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer += torch.rand(buffer.shape, generator=random)
    return network.eval()


def part_of(small: nn.Module, large: nn.Module) -> Any:
    """The small network with the weights of the large one that have its names."""
    state = large.state_dict()
    small.load_state_dict({name: state[name] for name in small.state_dict()})
    return small.eval()


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Latents, images of 28 px, and classes."""
    random = torch.Generator().manual_seed(7)
    images = torch.rand((COUNT, 1, 28, 28), generator=random) * 2 - 1
    return torch.randn((COUNT, DIM), generator=random), images, torch.arange(COUNT) % 3


def enlarged(images: Tensor) -> Tensor:
    """To 28 px, each pixel repeated."""
    return images.repeat_interleave(28 // images.shape[-2], 2).repeat_interleave(28 // images.shape[-1], 3)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("stage", range(3))
def test_at_a_resolution_it_is_the_network_for_images_of_that_size(network: str, stage: int) -> None:
    z, images, y = batch()
    side = SIDES[stage]
    g, d = lived_in(generator(network, 28, True)), lived_in(discriminator(network, 28, True))
    g.body.grow(stage)
    d.body.grow(stage)
    small_g, small_d = part_of(generator(network, side), g), part_of(discriminator(network, side), d)
    with torch.no_grad():
        made, logits = small_g(z, y), small_d(F.avg_pool2d(images, 28 // side), y).logits
        assert made.shape == (COUNT, 1, side, side)
        assert made.std() > 0.01
        assert logits.std() > 0.01
        torch.testing.assert_close(g(z, y), enlarged(made))
        torch.testing.assert_close(d(images, y).logits, logits)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("stage", [0, 1])
@pytest.mark.parametrize("alpha", [0.25, 0.75])
def test_between_two_resolutions_both_ends_are_blended(network: str, stage: int, alpha: float) -> None:
    """Karras et al. 2018, figure 2 b: of the images that G makes, and of the maps that D makes of images."""
    z, images, y = batch()
    before, after = SIDES[stage : stage + 2]
    g, d = lived_in(generator(network, 28, True)), lived_in(discriminator(network, 28, True))
    entered: list[Tensor] = []
    d.body.stage[str(before)].register_forward_pre_hook(lambda _, given: entered.append(given[0]))
    g.body.grow(stage + alpha)
    d.body.grow(stage + alpha)
    small_g, large_g = (part_of(generator(network, side), g) for side in (before, after))
    beside = torch.zeros(COUNT, 0)
    with torch.no_grad():
        blended = (1 - alpha) * enlarged(small_g.body(z, beside, y)) + alpha * enlarged(large_g.body(z, beside, y))
        torch.testing.assert_close(g(z, y), blended.tanh())
        d(images, y)
        coarse, fine = (F.avg_pool2d(images, 28 // side) for side in (before, after))
        skipped = d.body.from_image[str(before)](coarse, y)
        passed = d.body.stage[str(after)](d.body.from_image[str(after)](fine, y), y)
        torch.testing.assert_close(entered[0], (1 - alpha) * skipped + alpha * passed)


plans = st.builds(Plan, images=st.integers(2, 500), batch=st.integers(1, 64), epochs=st.integers(1, 9))


@given(plans, st.integers(1, 900), st.integers(1, 900), st.integers(1, 5), st.integers(0, 4000), st.integers(1, 9))
@settings(max_examples=300)
def test_where_a_network_stands_follows_from_the_images_it_has_seen(
    plan: Plan, images: int, fade: int, stages: int, step: int, epochs: int
) -> None:
    """By the rule of the paper, walked through; and not from how long the training is."""
    expected, left = 0.0, plan.images_seen(step)
    for _ in range(stages - 1):
        left -= min(left, images)
        expected += min(left, fade) / fade
        left -= min(left, fade)
    growing = Growing(images=images, fade=fade)
    assert schedule.grown(growing, stages, step, plan) == pytest.approx(expected)
    longer = Plan(plan.images, plan.batch, plan.epochs + epochs)
    assert schedule.grown(growing, stages, step, longer) == schedule.grown(growing, stages, step, plan)
