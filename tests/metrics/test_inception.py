"""Both ports of Inception v3 against a second, straight-line reading of them."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from second_inception import AVERAGED, SIDES, convolutions, made_up, reference
from torch import Tensor
from torch.nn import functional as F

from condgan.metrics import inception
from condgan.metrics.inception import FID_2015, IMAGENET, Inception, Port
from conftest import random_images

PORTS = {"2015": FID_2015, "later": IMAGENET}
AUXILIARY = (768 * 128 + 2 * 128) + (128 * 768 * 25 + 2 * 768) + (768 + 1) * 1000
"""Parameters of the later port's second classifier, which is of use in training only."""


NORMALISATION = {
    False: (0.5, 0.5),
    True: (torch.tensor([0.485, 0.456, 0.406])[:, None, None], torch.tensor([0.229, 0.224, 0.225])[:, None, None]),
}


@pytest.fixture(scope="module", params=PORTS)
def network(request: pytest.FixtureRequest) -> Inception:
    return made_up(PORTS[request.param])


@pytest.fixture(scope="module")
def of_2015() -> Inception:
    return Inception(FID_2015).eval()


@pytest.fixture(scope="module")
def later() -> Inception:
    return Inception(IMAGENET).eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.from_numpy(random_images(2, 40, 3)).float() / 255


@pytest.fixture(scope="module")
def seen(network: Inception, images: Tensor) -> dict[str, Tensor]:
    """What each child of the network gives for two images, and "features" and "logits"."""
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda module, inputs, output: outputs.update({name: output.clone()})

    hooks = [module.register_forward_hook(keep(name)) for name, module in network.named_children()]
    with torch.inference_mode():
        outputs["features"], outputs["logits"] = network(images)
    for hook in hooks:
        hook.remove()
    return outputs


@pytest.mark.parametrize(("port", "outputs"), [(FID_2015, 1008), (IMAGENET, 1000)], ids=PORTS)
def test_parameters_have_the_names_and_shapes_of_the_graph(port: Port, outputs: int) -> None:
    expected: dict[str, tuple[int, ...]] = {"fc.weight": (outputs, 2048), "fc.bias": (outputs,)}
    for name, shape in convolutions().items():
        expected[f"{name}.conv.weight"] = shape
        expected |= {f"{name}.bn.{key}": shape[:1] for key in ("weight", "bias", "running_mean", "running_var")}
        expected[f"{name}.bn.num_batches_tracked"] = ()
    assert {name: tuple(value.shape) for name, value in Inception(port).state_dict().items()} == expected


def test_the_count_of_parameters_is_the_published_one() -> None:
    """torchvision states 27,161,264 for its port, auxiliary classifier included; that of 2015 has 8 outputs more."""
    later, of_2015 = (sum(value.numel() for value in Inception(port).parameters()) for port in (IMAGENET, FID_2015))
    assert later == 27_161_264 - AUXILIARY == 23_834_568
    assert later + AUXILIARY - 1000 * (2048 + 1) == 25_112_264  # as published without the last layer
    assert of_2015 == later + 8 * (2048 + 1) == 23_850_960
    assert 4 * of_2015 < 95_628_359 < 4.02 * of_2015  # the weights file holds this, statistics and names


def test_parts_have_the_shapes_of_the_paper(network: Inception, seen: dict[str, Tensor]) -> None:
    assert {name: tuple(seen[name].shape[1:]) for name in SIDES} == SIDES
    assert seen["features"].shape == (2, 2048)
    assert seen["logits"].shape == (2, network.port.outputs)


def test_every_part_agrees_with_the_second_reading(network: Inception, images: Tensor, seen: dict[str, Tensor]) -> None:
    resized, later = F.interpolate(images, (299, 299), mode="bilinear", align_corners=False), network.port is IMAGENET
    mean, deviation = NORMALISATION[later]
    with torch.inference_mode():
        expected = reference(network.state_dict(), (resized - mean) / deviation, later)
    assert set(expected) == {*SIDES, "features", "logits"}
    for name, value in expected.items():
        assert value.std() > 0.05, name  # or the comparison would say nothing
        torch.testing.assert_close(seen[name], value, rtol=1e-3, atol=1e-3 * float(value.std()), msg=name)


@torch.inference_mode()
def test_features_are_finite_and_depend_on_nothing_else(
    network: Inception, images: Tensor, seen: dict[str, Tensor]
) -> None:
    features, logits = network(images)
    assert torch.isfinite(features).all()
    assert torch.isfinite(logits).all()
    assert torch.equal(features, seen["features"])
    assert torch.equal(logits, seen["logits"])
    alone = network(images[1:])[0]  # sums may be taken in another order
    torch.testing.assert_close(alone, features[1:], rtol=1e-4, atol=1e-5)
    assert (features[0] - features[1]).abs().max() > 0.01


def pooled(network: Inception, block: str, given: Tensor) -> Tensor:
    """What the convolution after the pool of a block is given."""
    inputs: list[Tensor] = []
    module = network.get_submodule(block)
    hook = module.get_submodule("branch_pool").register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    channels = convolutions()[f"{block}.branch_pool"][1]
    with torch.inference_mode():
        module(given.expand(1, channels, *given.shape))
    hook.remove()
    return inputs[0][0, 0]


@pytest.mark.parametrize("block", AVERAGED)
def test_averages_do_not_count_the_padding(of_2015: Inception, block: str) -> None:
    corner = torch.zeros(5, 5)
    corner[0, 0] = 36
    expected = torch.zeros(5, 5)
    expected[:2, :2] = torch.tensor([[36 / 4, 36 / 6], [36 / 6, 36 / 9]])
    torch.testing.assert_close(pooled(of_2015, block, corner), expected)
    torch.testing.assert_close(pooled(of_2015, block, torch.ones(5, 5)), torch.ones(5, 5))


@pytest.mark.parametrize("block", [*AVERAGED, "Mixed_7c"])
def test_the_later_port_counts_the_padding_in_every_block(later: Inception, block: str) -> None:
    corner = torch.zeros(5, 5)
    corner[0, 0] = 36
    expected = torch.zeros(5, 5)
    expected[:2, :2] = 36 / 9
    torch.testing.assert_close(pooled(later, block, corner), expected)
    ones = pooled(later, block, torch.ones(5, 5))
    assert (float(ones[0, 0]), float(ones[0, 2]), float(ones[2, 2])) == pytest.approx((4 / 9, 6 / 9, 1))


def test_the_last_block_pools_with_the_maximum(of_2015: Inception) -> None:
    below = torch.full((5, 5), -3.0)  # so that padding with 0 would win
    below[0, 0] = -2
    expected = torch.full((5, 5), -3.0)
    expected[:2, :2] = -2
    assert torch.equal(pooled(of_2015, "Mixed_7c", below), expected)


def bilinear(image: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """One (H, W) plane, pixel by pixel: centres at halves, edges held."""
    new = np.empty((side, side))
    places = []
    for length in image.shape:
        at = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1)
        low = at.astype(int)
        places.append(list(zip(low, np.minimum(low + 1, length - 1), at - low, strict=True)))
    for i, (top, bottom, y) in enumerate(places[0]):
        for j, (left, right, x) in enumerate(places[1]):
            upper = image[top, left] * (1 - x) + image[top, right] * x
            lower = image[bottom, left] * (1 - x) + image[bottom, right] * x
            new[i, j] = upper * (1 - y) + lower * y
    return new


@pytest.mark.parametrize("shape", [(28, 28), (40, 31), (700, 900)])
def test_images_are_resized_between_centres_and_scaled(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape)
    given = torch.from_numpy(image).float().expand(1, 3, *shape)
    new = inception.prepared(given, FID_2015)
    assert new.shape == (1, 3, 299, 299)
    np.testing.assert_allclose(new[0, 1].numpy(), bilinear(image, 299) * 2 - 1, atol=1e-4)
    later = inception.prepared(given, IMAGENET)
    for channel, (mean, deviation) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]):  # ImageNet's
        np.testing.assert_allclose(later[0, channel], (bilinear(image, 299) - mean) / deviation, atol=1e-3)


def test_the_range_is_minus_one_to_one() -> None:
    for given, expected in [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0)]:
        new = inception.prepared(torch.full((1, 3, 8, 8), given), FID_2015)
        torch.testing.assert_close(new, torch.full((1, 3, 299, 299), expected), rtol=0, atol=1e-6)


def test_the_side_of_the_network_is_left_alone() -> None:
    given = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    assert torch.equal(inception.prepared(given, FID_2015), given * 2 - 1)


def test_embed_tells_what_is_done(network: Inception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "CHUNK", 2)
    grey = random_images(3, 16)
    done: list[int] = []
    new = inception.embed(network, grey, done.append)
    assert done == [2, 3]
    assert new.features.shape == (3, 2048)
    assert new.posteriors.shape == (3, network.port.outputs)
    assert new.features.dtype == new.posteriors.dtype == np.float32
    np.testing.assert_allclose(new.posteriors.sum(1), 1, rtol=1e-5)
    with torch.inference_mode():
        features, logits = network(torch.from_numpy(grey.repeat(3, 1)).float() / 255)  # grey is seen as three channels
    np.testing.assert_allclose(new.features, features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new.posteriors, logits.softmax(1), rtol=1e-3, atol=1e-6)


def test_embed_of_nothing(network: Inception) -> None:
    done: list[int] = []
    new = inception.embed(network, random_images(0, 16), done.append)
    assert (new.features.shape, new.posteriors.shape, done) == ((0, 2048), (0, network.port.outputs), [])


@pytest.mark.parametrize(
    "images", [random_images(1, 8, 2), random_images(1, 8)[0], random_images(1, 8).astype(np.float32)]
)
def test_embed_refuses_what_are_no_images(network: Inception, images: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="expected images uint8"):
        inception.embed(network, images)


def test_torchvision_is_not_imported() -> None:
    code = "import sys, condgan.metrics.inception; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
