"""Inception v3 against a second, straight-line reading of the graph; and what is refused as its weights."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from condgan.errors import CondganError
from condgan.metrics import inception
from condgan.metrics.inception import Inception
from conftest import random_images

State = dict[str, Tensor]

# Every convolution of the graph: channels after, channels before, kernel rows, columns.
SHAPES = """
Conv2d_1a_3x3 32 3 3 3
Conv2d_2a_3x3 32 32 3 3
Conv2d_2b_3x3 64 32 3 3
Conv2d_3b_1x1 80 64 1 1
Conv2d_4a_3x3 192 80 3 3
Mixed_5b.branch1x1 64 192 1 1
Mixed_5b.branch5x5_1 48 192 1 1
Mixed_5b.branch5x5_2 64 48 5 5
Mixed_5b.branch3x3dbl_1 64 192 1 1
Mixed_5b.branch3x3dbl_2 96 64 3 3
Mixed_5b.branch3x3dbl_3 96 96 3 3
Mixed_5b.branch_pool 32 192 1 1
Mixed_5c.branch1x1 64 256 1 1
Mixed_5c.branch5x5_1 48 256 1 1
Mixed_5c.branch5x5_2 64 48 5 5
Mixed_5c.branch3x3dbl_1 64 256 1 1
Mixed_5c.branch3x3dbl_2 96 64 3 3
Mixed_5c.branch3x3dbl_3 96 96 3 3
Mixed_5c.branch_pool 64 256 1 1
Mixed_5d.branch1x1 64 288 1 1
Mixed_5d.branch5x5_1 48 288 1 1
Mixed_5d.branch5x5_2 64 48 5 5
Mixed_5d.branch3x3dbl_1 64 288 1 1
Mixed_5d.branch3x3dbl_2 96 64 3 3
Mixed_5d.branch3x3dbl_3 96 96 3 3
Mixed_5d.branch_pool 64 288 1 1
Mixed_6a.branch3x3 384 288 3 3
Mixed_6a.branch3x3dbl_1 64 288 1 1
Mixed_6a.branch3x3dbl_2 96 64 3 3
Mixed_6a.branch3x3dbl_3 96 96 3 3
Mixed_6b.branch1x1 192 768 1 1
Mixed_6b.branch7x7_1 128 768 1 1
Mixed_6b.branch7x7_2 128 128 1 7
Mixed_6b.branch7x7_3 192 128 7 1
Mixed_6b.branch7x7dbl_1 128 768 1 1
Mixed_6b.branch7x7dbl_2 128 128 7 1
Mixed_6b.branch7x7dbl_3 128 128 1 7
Mixed_6b.branch7x7dbl_4 128 128 7 1
Mixed_6b.branch7x7dbl_5 192 128 1 7
Mixed_6b.branch_pool 192 768 1 1
Mixed_6c.branch1x1 192 768 1 1
Mixed_6c.branch7x7_1 160 768 1 1
Mixed_6c.branch7x7_2 160 160 1 7
Mixed_6c.branch7x7_3 192 160 7 1
Mixed_6c.branch7x7dbl_1 160 768 1 1
Mixed_6c.branch7x7dbl_2 160 160 7 1
Mixed_6c.branch7x7dbl_3 160 160 1 7
Mixed_6c.branch7x7dbl_4 160 160 7 1
Mixed_6c.branch7x7dbl_5 192 160 1 7
Mixed_6c.branch_pool 192 768 1 1
Mixed_6d.branch1x1 192 768 1 1
Mixed_6d.branch7x7_1 160 768 1 1
Mixed_6d.branch7x7_2 160 160 1 7
Mixed_6d.branch7x7_3 192 160 7 1
Mixed_6d.branch7x7dbl_1 160 768 1 1
Mixed_6d.branch7x7dbl_2 160 160 7 1
Mixed_6d.branch7x7dbl_3 160 160 1 7
Mixed_6d.branch7x7dbl_4 160 160 7 1
Mixed_6d.branch7x7dbl_5 192 160 1 7
Mixed_6d.branch_pool 192 768 1 1
Mixed_6e.branch1x1 192 768 1 1
Mixed_6e.branch7x7_1 192 768 1 1
Mixed_6e.branch7x7_2 192 192 1 7
Mixed_6e.branch7x7_3 192 192 7 1
Mixed_6e.branch7x7dbl_1 192 768 1 1
Mixed_6e.branch7x7dbl_2 192 192 7 1
Mixed_6e.branch7x7dbl_3 192 192 1 7
Mixed_6e.branch7x7dbl_4 192 192 7 1
Mixed_6e.branch7x7dbl_5 192 192 1 7
Mixed_6e.branch_pool 192 768 1 1
Mixed_7a.branch3x3_1 192 768 1 1
Mixed_7a.branch3x3_2 320 192 3 3
Mixed_7a.branch7x7x3_1 192 768 1 1
Mixed_7a.branch7x7x3_2 192 192 1 7
Mixed_7a.branch7x7x3_3 192 192 7 1
Mixed_7a.branch7x7x3_4 192 192 3 3
Mixed_7b.branch1x1 320 1280 1 1
Mixed_7b.branch3x3_1 384 1280 1 1
Mixed_7b.branch3x3_2a 384 384 1 3
Mixed_7b.branch3x3_2b 384 384 3 1
Mixed_7b.branch3x3dbl_1 448 1280 1 1
Mixed_7b.branch3x3dbl_2 384 448 3 3
Mixed_7b.branch3x3dbl_3a 384 384 1 3
Mixed_7b.branch3x3dbl_3b 384 384 3 1
Mixed_7b.branch_pool 192 1280 1 1
Mixed_7c.branch1x1 320 2048 1 1
Mixed_7c.branch3x3_1 384 2048 1 1
Mixed_7c.branch3x3_2a 384 384 1 3
Mixed_7c.branch3x3_2b 384 384 3 1
Mixed_7c.branch3x3dbl_1 448 2048 1 1
Mixed_7c.branch3x3dbl_2 384 448 3 3
Mixed_7c.branch3x3dbl_3a 384 384 1 3
Mixed_7c.branch3x3dbl_3b 384 384 3 1
Mixed_7c.branch_pool 192 2048 1 1
"""

SIDES = {  # what each part gives for 299x299
    "Conv2d_1a_3x3": (32, 149, 149),
    "Conv2d_2a_3x3": (32, 147, 147),
    "Conv2d_2b_3x3": (64, 147, 147),
    "Conv2d_3b_1x1": (80, 73, 73),
    "Conv2d_4a_3x3": (192, 71, 71),
    "Mixed_5b": (256, 35, 35),
    "Mixed_5c": (288, 35, 35),
    "Mixed_5d": (288, 35, 35),
    "Mixed_6a": (768, 17, 17),
    "Mixed_6b": (768, 17, 17),
    "Mixed_6c": (768, 17, 17),
    "Mixed_6d": (768, 17, 17),
    "Mixed_6e": (768, 17, 17),
    "Mixed_7a": (1280, 8, 8),
    "Mixed_7b": (2048, 8, 8),
    "Mixed_7c": (2048, 8, 8),
}

AVERAGED = [name for name in SIDES if name.startswith("Mixed") and name not in ("Mixed_6a", "Mixed_7a", "Mixed_7c")]


def convolutions() -> dict[str, tuple[int, ...]]:
    rows = [line.split() for line in SHAPES.split("\n") if line]
    return {name: tuple(map(int, shape)) for name, *shape in rows}


@pytest.fixture(scope="module")
def network() -> Inception:
    """Weights under which signals neither vanish nor explode, and every statistic of every layer matters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        new = Inception()
        for name, value in new.state_dict().items():
            if name.endswith(("bn.weight", "running_var")):
                value.uniform_(0.5, 1.5)
            elif name.endswith(("bias", "running_mean")):
                value.normal_(0, 0.2)
            elif name.endswith("conv.weight"):
                value.normal_(0, (2 / value[0].numel()) ** 0.5)
    return new.eval()


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


# The second reading: pools as shifts of a padded array, normalisation as written in the paper, branches line by line.


def shifts(x: Tensor, padding: float) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1), value=padding)
    return torch.stack([padded[:, :, i : i + x.shape[2], j : j + x.shape[3]] for i in range(3) for j in range(3)])


def averaged(x: Tensor) -> Tensor:
    return shifts(x, 0).sum(0) / shifts(torch.ones_like(x), 0).sum(0)


def most(x: Tensor) -> Tensor:
    return shifts(x, -torch.inf).amax(0)


def halved(x: Tensor) -> Tensor:
    return most(x)[:, :, 1:-1:2, 1:-1:2]


def layer(state: State, name: str, x: Tensor, stride: int = 1, pad: bool = True) -> Tensor:
    weight = state[f"{name}.conv.weight"]
    y = F.conv2d(x, weight, stride=stride, padding=[side // 2 * pad for side in weight.shape[2:]])
    bn = {key: state[f"{name}.bn.{key}"][:, None, None] for key in ("weight", "bias", "running_mean", "running_var")}
    return ((y - bn["running_mean"]) / (bn["running_var"] + 0.001).sqrt() * bn["weight"] + bn["bias"]).clamp(min=0)


def reference_block(state: State, block: str, x: Tensor) -> Tensor:
    def conv(branch: str, x: Tensor, *options: Any) -> Tensor:
        return layer(state, f"{block}.branch{branch}", x, *options)

    halving = (2, False)
    match block[-2:]:
        case "5b" | "5c" | "5d":
            five = conv("5x5_2", conv("5x5_1", x))
            double = conv("3x3dbl_3", conv("3x3dbl_2", conv("3x3dbl_1", x)))
            parts = [conv("1x1", x), five, double, conv("_pool", averaged(x))]
        case "6a":
            double = conv("3x3dbl_2", conv("3x3dbl_1", x))
            parts = [conv("3x3", x, *halving), conv("3x3dbl_3", double, *halving), halved(x)]
        case "7a":
            seven = conv("7x7x3_3", conv("7x7x3_2", conv("7x7x3_1", x)))
            parts = [conv("3x3_2", conv("3x3_1", x), *halving), conv("7x7x3_4", seven, *halving), halved(x)]
        case "7b" | "7c":
            one, two = conv("3x3_1", x), conv("3x3dbl_2", conv("3x3dbl_1", x))
            parts = [conv("1x1", x), conv("3x3_2a", one), conv("3x3_2b", one)]
            parts += [conv("3x3dbl_3a", two), conv("3x3dbl_3b", two)]
            parts += [conv("_pool", most(x) if block == "Mixed_7c" else averaged(x))]
        case _:
            seven = conv("7x7_3", conv("7x7_2", conv("7x7_1", x)))
            double = x
            for number in range(1, 6):
                double = conv(f"7x7dbl_{number}", double)
            parts = [conv("1x1", x), seven, double, conv("_pool", averaged(x))]
    return torch.cat(parts, 1)


def reference(state: State, x: Tensor) -> dict[str, Tensor]:
    """Every named part of the graph for (N, 3, 299, 299) in [-1, 1]."""
    outputs = {}
    x = outputs["Conv2d_1a_3x3"] = layer(state, "Conv2d_1a_3x3", x, 2, False)
    x = outputs["Conv2d_2a_3x3"] = layer(state, "Conv2d_2a_3x3", x, 1, False)
    x = outputs["Conv2d_2b_3x3"] = layer(state, "Conv2d_2b_3x3", x)
    x = outputs["Conv2d_3b_1x1"] = layer(state, "Conv2d_3b_1x1", halved(x))
    x = outputs["Conv2d_4a_3x3"] = layer(state, "Conv2d_4a_3x3", x, 1, False)
    x = halved(x)
    for block in [name for name in SIDES if name.startswith("Mixed")]:
        x = outputs[block] = reference_block(state, block, x)
    outputs["features"] = x.sum((2, 3)) / 64
    outputs["logits"] = outputs["features"] @ state["fc.weight"].T + state["fc.bias"]
    return outputs


def test_parameters_have_the_names_and_shapes_of_the_graph() -> None:
    expected: dict[str, tuple[int, ...]] = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for name, shape in convolutions().items():
        expected[f"{name}.conv.weight"] = shape
        expected |= {f"{name}.bn.{key}": shape[:1] for key in ("weight", "bias", "running_mean", "running_var")}
        expected[f"{name}.bn.num_batches_tracked"] = ()
    assert {name: tuple(value.shape) for name, value in Inception().state_dict().items()} == expected


def test_the_count_of_parameters_follows_from_the_published_one() -> None:
    """torchvision states 27,161,264 for its port, which has 1000 outputs and an auxiliary classifier more."""
    auxiliary = (768 * 128 + 2 * 128) + (128 * 768 * 25 + 2 * 768) + (768 + 1) * 1000
    expected = 27_161_264 - auxiliary + 8 * (2048 + 1)
    assert sum(value.numel() for value in Inception().parameters()) == expected == 23_850_960
    assert 4 * expected < 95_628_359 < 4.02 * expected  # the weights file holds this, statistics and names


def test_parts_have_the_shapes_of_the_paper(seen: dict[str, Tensor]) -> None:
    assert {name: tuple(seen[name].shape[1:]) for name in SIDES} == SIDES
    assert seen["features"].shape == (2, 2048)
    assert seen["logits"].shape == (2, 1008)


def test_every_part_agrees_with_the_second_reading(network: Inception, images: Tensor, seen: dict[str, Tensor]) -> None:
    scaled = F.interpolate(images, (299, 299), mode="bilinear", align_corners=False) * 2 - 1
    with torch.inference_mode():
        expected = reference(network.state_dict(), scaled)
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
def test_averages_do_not_count_the_padding(network: Inception, block: str) -> None:
    corner = torch.zeros(5, 5)
    corner[0, 0] = 36
    expected = torch.zeros(5, 5)
    expected[:2, :2] = torch.tensor([[36 / 4, 36 / 6], [36 / 6, 36 / 9]])
    torch.testing.assert_close(pooled(network, block, corner), expected)
    torch.testing.assert_close(pooled(network, block, torch.ones(5, 5)), torch.ones(5, 5))


def test_the_last_block_pools_with_the_maximum(network: Inception) -> None:
    below = torch.full((5, 5), -3.0)  # so that padding with 0 would win
    below[0, 0] = -2
    expected = torch.full((5, 5), -3.0)
    expected[:2, :2] = -2
    assert torch.equal(pooled(network, "Mixed_7c", below), expected)


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
    new = inception.prepared(given)
    assert new.shape == (1, 3, 299, 299)
    np.testing.assert_allclose(new[0, 1].numpy(), bilinear(image, 299) * 2 - 1, atol=1e-4)


def test_the_range_is_minus_one_to_one() -> None:
    for given, expected in [(0.0, -1.0), (0.5, 0.0), (1.0, 1.0)]:
        new = inception.prepared(torch.full((1, 3, 8, 8), given))
        torch.testing.assert_close(new, torch.full((1, 3, 299, 299), expected), rtol=0, atol=1e-6)


def test_the_side_of_the_network_is_left_alone() -> None:
    given = torch.rand(1, 3, 299, 299, generator=torch.Generator().manual_seed(0))
    assert torch.equal(inception.prepared(given), given * 2 - 1)


def test_embed_tells_what_is_done(network: Inception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "CHUNK", 2)
    grey = random_images(3, 16)
    done: list[int] = []
    new = inception.embed(network, grey, done.append)
    assert done == [2, 3]
    assert new.features.shape == (3, 2048)
    assert new.posteriors.shape == (3, 1008)
    assert new.features.dtype == new.posteriors.dtype == np.float32
    np.testing.assert_allclose(new.posteriors.sum(1), 1, rtol=1e-5)
    with torch.inference_mode():
        features, logits = network(torch.from_numpy(grey.repeat(3, 1)).float() / 255)  # grey is seen as three channels
    np.testing.assert_allclose(new.features, features, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new.posteriors, logits.softmax(1), rtol=1e-3, atol=1e-6)


def test_embed_of_nothing(network: Inception) -> None:
    done: list[int] = []
    new = inception.embed(network, random_images(0, 16), done.append)
    assert (new.features.shape, new.posteriors.shape, done) == ((0, 2048), (0, 1008), [])


@pytest.mark.parametrize(
    "images", [random_images(1, 8, 2), random_images(1, 8)[0], random_images(1, 8).astype(np.float32)]
)
def test_embed_refuses_what_are_no_images(network: Inception, images: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="expected images uint8"):
        inception.embed(network, images)


# The file.


def published(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let a file pass for the published one."""
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())


def refusal(path: Path) -> str:
    with pytest.raises(CondganError) as caught:
        inception.load(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(str(path))
    for problem in (inception.FILE, inception.SHA256, inception.WHERE):
        assert problem in message
    return message


@pytest.fixture(scope="module", params=["zip", "of 2018"])
def weights(
    request: pytest.FixtureRequest, network: Inception, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The network's own weights, as torch writes them now, or as it did before it counted batches."""
    path: Path = tmp_path_factory.mktemp("weights") / inception.FILE
    state = network.state_dict()
    if request.param == "of 2018":
        for name in [name for name in state if name.endswith("num_batches_tracked")]:
            del state[name]  # in place: beside its items, a state holds versions, which say that counters are there
    torch.save(state, path, _use_new_zipfile_serialization=request.param == "zip")
    yield path
    path.unlink()  # pytest would keep it, and it is large


def test_names_of_the_published_file_agree() -> None:
    assert f"pt_inception-2015-12-05-{inception.SHA256[:8]}.pth" == inception.FILE
    assert inception.WHERE.endswith(f"/pytorch-fid/releases/download/fid_weights/{inception.FILE}")
    assert len(inception.SHA256) == 64


def test_a_loaded_network_is_the_saved_one(
    network: Inception, weights: Path, images: Tensor, seen: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    published(monkeypatch, weights)
    before = torch.get_rng_state()
    loaded = inception.load(weights)
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(module.training for module in loaded.modules())
    saved = network.state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in loaded.state_dict().items())
    with torch.inference_mode():
        features, logits = loaded(images)
    torch.testing.assert_close(features, seen["features"], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(logits, seen["logits"], rtol=1e-4, atol=1e-4)


def test_what_was_hashed_is_what_is_loaded(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is exchanged while it is being looked at."""
    published(monkeypatch, weights)
    real, aside = hashlib.sha256, weights.with_suffix(".aside")

    def exchange(content: bytes) -> Any:
        weights.rename(aside)
        weights.write_bytes(b"something else")
        return real(content)

    monkeypatch.setattr(hashlib, "sha256", exchange)
    try:
        inception.load(weights)
        assert weights.read_bytes() == b"something else"
    finally:
        aside.replace(weights)


def test_another_hash_is_refused_before_anything_is_interpreted(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was interpreted"))
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in refusal(weights)


def test_a_damaged_file_is_refused(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    published(monkeypatch, weights)
    damaged = tmp_path / inception.FILE
    damaged.write_bytes(weights.read_bytes()[:100_000])
    assert "damaged" in refusal(damaged)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "absent.pth")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refusal(tmp_path / "pipe")


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(2**33)  # takes no room on the disk
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    assert "larger than" in refusal(huge)


OTHERS: dict[str, tuple[str, Callable[[State], Any]]] = {  # the message, and the content of the file
    "one is missing": ("fc.bias", lambda state: {name: value for name, value in state.items() if name != "fc.bias"}),
    "one too many": ("AuxLogits.fc.bias", lambda state: {**state, "AuxLogits.fc.bias": torch.zeros(1)}),
    "another shape": ("fc.bias", lambda state: {**state, "fc.bias": torch.zeros(1000)}),
    "a number": ("fc.bias", lambda state: {**state, "fc.bias": 1.0}),
    "another key": ("int", lambda state: {**state, 1: torch.zeros(1)}),
    "a list": ("list", lambda state: list(state.values())),
    "a tensor": ("Tensor", lambda state: state["fc.bias"]),
}


@pytest.mark.parametrize(("problem", "change"), OTHERS.values(), ids=OTHERS)
def test_other_weights_are_refused_whatever_their_hash(
    problem: str, change: Callable[[State], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {name: torch.tensor(0.0).expand(value.shape) for name, value in Inception().state_dict().items()}
    path = tmp_path / inception.FILE
    torch.save(change(state), path)
    published(monkeypatch, path)
    message = refusal(path)
    assert "no weights of this network" in message
    assert problem in message


class Malicious:
    """Unpickled, it makes a folder."""

    def __init__(self, new: Path) -> None:
        self.made = new

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.made),)


@pytest.mark.filterwarnings("ignore:Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")  # or that would refuse it
@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_not_run_whatever_the_hash(zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, path = tmp_path / "made", tmp_path / inception.FILE
    torch.save({"fc.bias": Malicious(new)}, path, _use_new_zipfile_serialization=zipped)
    torch.load(path, weights_only=False)
    new.rmdir()  # there it is: the file does what it should
    published(monkeypatch, path)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert "was not loaded" in refusal(path)
    assert not new.exists()


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"PK\x03\x04" + bytes(100), bytes(1000)])
def test_what_is_no_pickle_is_refused_whatever_its_hash(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / inception.FILE
    path.write_bytes(content)
    published(monkeypatch, path)
    assert "was not loaded" in refusal(path)


def test_torchvision_is_not_imported() -> None:
    code = "import sys, condgan.metrics.inception; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
