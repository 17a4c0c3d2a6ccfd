"""The convolutional networks: their resolutions and sizes, what each layer computes, and how they grow."""

import copy
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from condgan import recipe
from condgan.engines.bodies.convolutional import Attention, initialised, name, resolutions
from condgan.engines.bodies.dcgan import Down, Up
from condgan.engines.bodies.layers import Layer
from condgan.engines.torch.networks import Discriminator, Generator
from condgan.engines.torch.operations import TORCH
from condgan.recipe import Domain

NETWORKS = ("dcgan", "residual")
DIM = 5


def images_of(size: int, channels: int = 1, classes: int = 3, width: int | None = None) -> Domain:
    names = tuple(str(number) for number in range(classes))
    return Domain(channels=channels, size=size, width=width, class_names=names, data="x", data_sha256="0" * 64)  # type: ignore[arg-type]


def generator(network: str, domain: Domain, grows: bool = False, **fields: Any) -> Generator:
    fields = {"width": 3, "condition": "one-hot"} | fields
    return Generator(recipe.Generator(network=network, **fields), DIM, domain, grows)  # type: ignore[arg-type]


def discriminator(network: str, domain: Domain, grows: bool = False, **fields: Any) -> Discriminator:
    fields = {"width": 3, "condition": "one-hot"} | fields
    return Discriminator(recipe.Discriminator(network=network, **fields), domain, grows)  # type: ignore[arg-type]


def lived_in(network: nn.Module) -> Any:
    """A network with weights that no initialisation has, so that nothing is 0 or 1 by chance."""
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            inputs = parameter[0].numel() if parameter.dim() > 1 else 1
            parameter.add_(0.3 * torch.randn_like(parameter) / math.sqrt(inputs))
    return network


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def batch(domain: Domain, count: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    """Latents, images and labels."""
    random = torch.Generator().manual_seed(7)
    images = torch.rand((count, *domain.shape), generator=random) * 2 - 1
    return torch.randn((count, DIM), generator=random), images, torch.arange(count) % domain.classes


@pytest.mark.parametrize("sides", [(4,), (7,), (8, 4), (25, 13, 7), (28, 14, 7), (32, 16, 8, 4), (100, 50, 25, 13, 7)])
def test_resolutions(sides: tuple[int, ...]) -> None:
    assert resolutions(sides[0], sides[0]) == [(side, side) for side in sides]


def test_resolutions_of_rectangles() -> None:
    assert resolutions(24, 32) == [(24, 32), (12, 16), (6, 8), (3, 4)]
    assert resolutions(17, 5) == [(17, 5), (9, 3), (5, 2)]
    assert resolutions(4, 6) == [(4, 6)]
    assert resolutions(4, 64) == [(4, 64), (2, 32), (1, 16), (1, 8), (1, 4)]


@given(st.integers(4, 1024), st.integers(4, 1024))
def test_resolutions_halve_until_the_longer_side_is_seven(height: int, width: int) -> None:
    sizes = resolutions(height, width)
    assert sizes[0] == (height, width)
    assert 4 <= max(sizes[-1]) <= 7
    assert len(set(sizes)) == len(sizes) == len(set(map(name, sizes)))
    for size, after in pairwise(sizes):
        assert max(size) > 7
        assert after == tuple(math.ceil(side / 2) for side in size)


@given(st.integers(1, 70), st.integers(1, 70))
def test_enlarging_makes_blocks_and_reducing_undoes_it(height: int, width: int) -> None:
    small = torch.rand(2, 3, math.ceil(height / 2), math.ceil(width / 2))
    large = TORCH.repeated(small, (height, width))
    assert torch.equal(large, small[..., torch.arange(height) // 2, :][..., torch.arange(width) // 2])
    assert torch.equal(TORCH.halved(large), small)


def test_reducing_averages() -> None:
    image = torch.arange(9.0).view(1, 1, 3, 3)
    assert TORCH.halved(image)[0, 0].tolist() == [[(0 + 1 + 3 + 4) / 4, (2 + 5) / 2], [(6 + 7) / 2, 8]]


@settings(max_examples=40)
@given(
    st.sampled_from(NETWORKS), st.integers(4, 64), st.integers(4, 64), st.integers(1, 5), st.integers(1, 3),
    st.sampled_from([1, 3]), st.integers(1, 12), st.booleans(), st.sampled_from([None, 1, 12, 500]),
)  # fmt: skip
def test_any_size_width_depth_channels_and_classes(
    network: str, high: int, wide: int, width: int, depth: int, channels: int, classes: int, grows: bool,
    attention: int | None,
) -> None:  # fmt: skip
    domain, sizes = images_of(high, channels, classes, wide), resolutions(high, wide)
    fields = {"width": width, "depth": depth, "attention": attention if high * wide < 33**2 else None}
    z, images, y = batch(domain, 2)
    with torch.no_grad():
        made = generator(network, domain, grows, **fields)(z, y)
        d = discriminator(network, domain, grows, **fields)
        assert d(made, y).logits.shape == (2,)
    assert made.shape == images.shape
    assert d.body.width == min(2 ** (len(sizes) - 1), 8) * width * math.prod(sizes[-1])


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("norm", ["none", "batch", "layer", "instance", "group"])
@pytest.mark.parametrize("condition", ["embedding", "norm", "none"])
def test_norms_and_conditions_go_together(network: str, norm: str, condition: str) -> None:
    if (norm, condition) == ("none", "norm"):
        return
    trains(network, {"norm": norm}, condition)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("activation", ["relu", "leaky-relu", "prelu", "silu", "gelu", "elu"])
def test_activations_and_dropout(network: str, activation: str) -> None:
    trains(network, {"activation": activation, "dropout": 0.2}, "embedding")


def trains(network: str, fields: dict[str, Any], condition: str) -> None:
    domain = images_of(9)
    z, images, y = batch(domain)
    g = generator(network, domain, condition=condition, **fields)
    d = discriminator(network, domain, condition=condition if condition != "norm" else "projection", **fields)
    (d(g(z, y), y).logits.mean() + d(images, y).logits.mean()).backward()
    for parameter in (*g.parameters(), *d.parameters()):
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


def test_sizes_by_hand() -> None:
    domain, w = images_of(28, classes=10), 4
    inputs, side, c28, c14, c7 = DIM + 10, 7, w, 2 * w, 4 * w
    first, last = inputs * c7 * side**2, 9 * c28 + 1
    enter, head = 9 * (1 + 10) * c28 + c28, c7 * side**2 + 1

    gain_and_bias = 2 * (c7 + c14 + c28)
    g = first + 16 * c7 * c14 + 16 * c14 * c28 + gain_and_bias + last
    assert parameters(generator("dcgan", domain, width=w, norm="batch")) == g
    d = enter + 16 * c28 * c14 + c14 + 16 * c14 * c7 + c7 + head
    assert parameters(discriminator("dcgan", domain, width=w)) == d
    blocks = sum(9 * c * c for c in (c7, c14, c28))
    deeper = generator("dcgan", domain, width=w, norm="batch", depth=2)
    assert parameters(deeper) == g + blocks + gain_and_bias

    # a block of c channels: expanded to 2 c, mixed in groups of 8 or 16, contracted
    blocks = sum(2 * c * c + 2 * c + 2 * c * 9 * min(2 * c, 16) + 2 * c + 2 * c * c for c in (c7, c14, c28))
    steps = c7 * c14 + c14 * c28
    made = first + c7 * side**2 + blocks + steps + last
    assert parameters(generator("residual", domain, width=w)) == made
    assert parameters(discriminator("residual", domain, width=w)) == enter + blocks + steps + head


@pytest.mark.parametrize("size", [4, 7, 8, 13, 28, 32])
@pytest.mark.parametrize("depth", [1, 2])
def test_strided_ends_leave_no_layers_at_the_full_resolution(size: int, depth: int) -> None:
    domain = images_of(size, channels=3)
    half = -(-size // 2) if size > 7 else size
    latents, images, labels = batch(domain)
    for made in (generator, discriminator):
        network = made("dcgan", domain, full_resolution=False, depth=depth, attention=size)
        shapes: list[torch.Size] = []
        for module in network.modules():
            if isinstance(module, Layer | Attention):
                module.register_forward_hook(lambda *found, to=shapes: to.append(found[-1].shape))  # type: ignore[misc]
        if made is generator:
            assert network(latents, labels).shape == images.shape
        else:
            assert network(images, labels).logits.shape == labels.shape
        assert max(shape[-1] for shape in shapes) == half
        assert any("attention" in name and str(half) in name for name in network.state_dict())


def test_sizes_of_strided_ends_by_hand() -> None:
    """Radford et al. 2016, figure 1: the image is made by the last strided convolution, and read by the first."""
    domain, w = images_of(28, classes=10), 4
    c14, c7 = 2 * w, 4 * w
    g = (DIM + 10) * c7 * 49 + 16 * c7 * c14 + 2 * (c7 + c14) + 16 * c14 + 1
    assert parameters(generator("dcgan", domain, width=w, norm="batch", full_resolution=False)) == g
    d = 16 * (1 + 10) * c14 + c14 + 16 * c14 * c7 + c7
    made = discriminator("dcgan", domain, width=w, full_resolution=False)
    assert parameters(made) == d + c7 * 49 + 1
    linear = discriminator("dcgan", domain, width=w, full_resolution=False, features=20)
    assert parameters(linear) == d + (c7 * 49 + 1) * 20 + 20 + 1


@pytest.mark.parametrize("network", NETWORKS)
def test_features_are_an_activated_linear_layer(network: str) -> None:
    domain = images_of(13)
    made = lived_in(discriminator(network, domain, features=9, activation="relu"))
    seen: list[tuple[Tensor, Tensor]] = []
    made.body.features.register_forward_hook(lambda _, given, found: seen.append((given[0], found)))
    _, images, labels = batch(domain)
    logits = made(images, labels).logits
    (maps, features), linear, logit = seen[0], made.body.features.linear, made.head.logit
    torch.testing.assert_close(features, (maps @ linear.weight.T + linear.bias).clamp(min=0))
    torch.testing.assert_close(logits, (features @ logit.weight.T + logit.bias)[:, 0])


@pytest.mark.parametrize("network", NETWORKS)
def test_only_a_network_that_grows_has_heads_for_each_resolution(network: str) -> None:
    domain = images_of(28)
    for made, kind in ((generator, "to_image"), (discriminator, "from_image")):
        plain, growing = made(network, domain), made(network, domain, grows=True)
        names = {name.split(".")[2] for name in growing.state_dict() if kind in name}
        assert names == {"28", "14", "7"}
        assert {name.split(".")[2] for name in plain.state_dict() if kind in name} == {"28"}
        assert plain.body.stages == 1
        assert growing.body.stages == 3
        assert set(growing.state_dict()) - set(plain.state_dict()) >= {"body.grown"}
        assert "body.grown" not in plain.state_dict()


@pytest.mark.parametrize("size", [(13, 13), (14, 14), (13, 14), (14, 13), (5, 22), (1, 8)])
def test_up_is_the_transpose_of_down(size: tuple[int, int]) -> None:
    half = [math.ceil(side / 2) for side in size]
    down, up = Down(TORCH, 3, 5, size, bias=False).double(), Up(TORCH, 5, 3, size, bias=False).double()
    with torch.no_grad():
        up.weight.copy_(down.weight)
    x, y = torch.randn(2, 3, *size).double(), torch.randn(2, 5, *half).double()
    assert down(x).shape == y.shape
    assert up(y).shape == x.shape
    with torch.no_grad():
        assert float((down(x) * y).sum()) == pytest.approx(float((x * up(y)).sum()))


def test_dcgan_begins_with_the_paper_s_weights() -> None:
    torch.manual_seed(0)
    network = generator("dcgan", images_of(28), width=16, norm="batch", depth=2)
    weights = [p for p in network.parameters() if p.dim() > 1]
    assert len(weights) == 7
    for weight in weights:
        values = weight.detach()
        assert float(values.std()) == pytest.approx(0.02, rel=0.2)
        assert abs(float(values.mean())) < 0.01
    network_d = discriminator("dcgan", images_of(28), norm="batch")
    norms = [name for name, module in network_d.named_modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms == ["body.stage.14.down.norm", "body.stage.28.down.norm"]  # not where the image enters


@pytest.mark.parametrize(
    "linear", [nn.Linear(300, 4000), nn.Conv2d(32, 48, 3, groups=2), Up(TORCH, 40, 30, (39, 39), bias=True)]
)
def test_first_weights_keep_the_size_of_signals(linear: Any) -> None:
    torch.manual_seed(0)
    shape = (200, linear.in_features) if isinstance(linear, nn.Linear) else (8, linear.in_channels, 20, 20)
    with torch.no_grad():
        made = initialised(TORCH, linear)(torch.randn(shape).relu())  # half of a normal variable's square is left
    inner = made if made.dim() == 2 else made[..., 2:-2, 2:-2]
    assert float(inner.square().mean()) == pytest.approx(1, rel=0.2)
    assert not linear.bias.any()


@pytest.mark.parametrize("network", NETWORKS)
def test_signals_neither_fade_nor_burst_in_deep_networks(network: str) -> None:
    torch.manual_seed(0)
    domain = images_of(28)
    _, images, y = batch(domain, 16)
    for condition in ("embedding", "projection"):
        d = discriminator(network, domain, width=8, depth=8, condition=condition)
        with torch.no_grad():
            features = d.body(images, d.condition(y), y)
            assert 0.01 < float(features.square().mean().sqrt()) < 10
            assert float(d(images, y).logits.abs().max()) < 30


@pytest.mark.parametrize("network", NETWORKS)
def test_a_conditional_norm_parts_the_classes_only_when_it_has_learnt(network: str) -> None:
    domain = images_of(11)
    g = generator(network, domain, norm="batch", condition="norm")
    z, _, y = batch(domain)
    assert torch.equal(g(z, y), g(z, y.flip(0)))
    made = lived_in(g)(z, y)
    other = y.clone()
    other[0] = 2
    changed = (made - g.train(False)(z, y)).abs().amax((1, 2, 3))
    assert (changed > 0).all()  # in training it is of the batch
    alone, asked = g(z, y), g(z, other)
    assert not torch.allclose(alone[0], asked[0], atol=1e-3)
    assert torch.allclose(alone[1:], asked[1:], atol=1e-6)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("condition", ["embedding", "one-hot", "projection"])
def test_the_discriminator_s_answer_depends_on_the_label(network: str, condition: str) -> None:
    domain = images_of(9)
    _, images, y = batch(domain)
    d = lived_in(discriminator(network, domain, condition=condition))
    assert (d(images, y).logits - d(images, (y + 1) % 3).logits).abs().min() > 1e-4
    assert torch.allclose(d(images, y).logits[1:2], d(images[1:2], y[1:2]).logits, atol=1e-5)  # each image alone


@pytest.mark.parametrize("network", NETWORKS)
def test_labels_are_constant_maps_beside_the_pixels(network: str) -> None:
    domain = images_of(9, channels=3)
    _, images, y = batch(domain)
    d = discriminator(network, domain)
    seen: list[Tensor] = []
    d.body.from_image["9"].linear.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    d(images, y)
    assert torch.equal(seen[0][:, :3], images)
    assert torch.equal(seen[0][:, 3:], torch.eye(3)[y][:, :, None, None].expand(-1, -1, 9, 9))


def test_attention_is_its_formula() -> None:
    torch.manual_seed(0)
    layer = Attention(TORCH, 16).double()
    x = torch.randn(2, 16, 3, 5).double()
    y = torch.zeros(2, dtype=torch.int64)
    assert torch.equal(layer(x, y), x)  # gain 0
    with torch.no_grad():
        layer.gain.fill_(0.7)
    f, g, h, v = (m.weight.detach().numpy()[:, :, 0, 0] for m in (layer.key, layer.query, layer.value, layer.out))
    expected = np.empty((2, 16, 15))
    for n, pixels in enumerate(x.numpy().reshape(2, 16, 15)):
        for j in range(15):  # Zhang et al. 2019, equations 1 to 3
            s = np.array([(f @ pixels[:, i]) @ (g @ pixels[:, j]) for i in range(15)])
            beta = np.exp(s) / np.exp(s).sum()
            o = v @ sum(beta[i] * (h @ pixels[:, i]) for i in range(15))
            expected[n, :, j] = 0.7 * o + pixels[:, j]
    np.testing.assert_allclose(layer(x, y).detach().numpy().reshape(2, 16, 15), expected)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("asked", "side"), [(1, "7"), (13, "14"), (16, "14"), (22, "28"), (999, "28")])
def test_attention_stands_at_the_nearest_resolution(network: str, asked: int, side: str) -> None:
    domain = images_of(28)
    for made in (generator, discriminator):
        body = made(network, domain, attention=asked, depth=3).body
        found = [name for name, module in body.named_modules() if isinstance(module, Attention)]
        assert found == [f"stage.{side}.attention"]
        layers = [name for name in body.stage[side] if name in ("up", "block_2", "attention", "down")]
        # behind the blocks, before the next change of resolution
        assert layers in (["up", "block_2", "attention"], ["block_2", "attention", "down"], ["block_2", "attention"])


@pytest.mark.parametrize(("requested", "size"), [(1, "3x4"), (7, "6x8"), (9, "6x8"), (14, "12x16"), (28, "24x32")])
def test_attention_of_a_rectangle_is_that_of_a_square_of_its_area(requested: int, size: str) -> None:
    body = generator("dcgan", images_of(24, width=32), attention=requested).body
    assert [n for n, m in body.named_modules() if isinstance(m, Attention)] == [f"stage.{size}.attention"]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_names_of_weights_tell_the_resolutions_of_a_rectangle(network: str) -> None:
    """Squares keep the one number that their weights have always had."""
    g, d = generator(network, images_of(24, width=32)), discriminator(network, images_of(24, width=32))
    for made, head in ((g, "to_image"), (d, "from_image")):
        stages = {n.split(".")[2] for n in made.state_dict() if n.startswith("body.stage.")}
        assert {"24x32", "12x16", "6x8"} <= stages <= {"24x32", "12x16", "6x8", "3x4"}
        assert {n.split(".")[2] for n in made.state_dict() if head in n} == {"24x32"}


def test_residual_blocks_are_the_identity_at_first() -> None:
    domain = images_of(28)
    g, d = generator("residual", domain, depth=2).body, discriminator("residual", domain, depth=2).body
    y = torch.zeros(2, dtype=torch.int64)
    x = torch.randn(2, 6, 14, 14)
    assert torch.equal(d.stage["14"](x, y), d.stage["14"]["down"](x, y))
    x = torch.randn(2, 12, 7, 7)
    assert torch.equal(g.stage["7"](x, y), x)
    assert torch.equal(g.stage["14"](x, y), g.stage["14"]["up"](x, y))
    spec = {"norm": "batch", "condition": "norm"}
    assert torch.equal(generator("residual", domain, **spec).body.stage["7"](x, y), x)


@pytest.mark.parametrize(("width", "groups"), [(1, 1), (3, 3), (4, 1), (8, 1), (12, 3), (16, 2), (32, 4)])
def test_grouped_convolutions_join_sixteen_channels(width: int, groups: int) -> None:
    block = generator("residual", images_of(4), width=width).body.stage["4"]["block_1"]
    convolution = block.mix.linear
    assert convolution.groups == groups
    assert convolution.weight.shape == (2 * width, math.gcd(2 * width, 16), 3, 3)


@pytest.mark.parametrize("depth", [1, 3])
def test_residual_weights_are_scaled_down_with_depth(depth: int) -> None:
    block = generator("residual", images_of(28), width=32, depth=depth).body.stage["28"][f"block_{depth}"]
    gain = math.sqrt(2) * (3 * depth) ** -0.25
    for layer in (block.expand.linear, block.mix.linear):
        assert float(layer.weight.detach().std()) == pytest.approx(gain / math.sqrt(layer.weight[0].numel()), rel=0.1)
    assert not block.contract.weight.any()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_spectral_normalisation(network: str, norm: str) -> None:
    domain = images_of(9)
    z, images, y = batch(domain)
    fields = {"spectral": True, "norm": norm, "attention": 5, "width": 4}
    g = generator(network, domain, condition="norm" if norm == "batch" else "embedding", **fields)
    d = discriminator(network, domain, condition="projection", **fields)
    assert torch.isfinite(d(g(z, y), y).logits).all()
    for _ in range(60):
        g(z, y), d(images, y)
    normalised = 0
    for network_ in (g, d):
        network_.eval()
        for module in network_.modules():
            if hasattr(module, "parametrizations"):
                axis = 1 if isinstance(module, nn.ConvTranspose2d) else 0
                matrix = module.weight.detach().transpose(0, axis).flatten(1)
                assert float(torch.linalg.svdvals(matrix)[0]) == pytest.approx(1, abs=0.02)
                normalised += 1
        assert not any(isinstance(m, nn.Conv2d) and not hasattr(m, "parametrizations") for m in network_.modules())
    assert normalised > 10

    twin = discriminator(network, domain, condition="projection", **fields).eval()
    twin.load_state_dict(d.state_dict())
    assert torch.equal(twin(images, y).logits, d(images, y).logits)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("grows", [False, True])
def test_copies_and_networks_without_memory(network: str, spectral: bool, grows: bool) -> None:
    domain = images_of(9)
    z, _, y = batch(domain)
    fields = {"spectral": spectral, "norm": "batch", "condition": "norm", "attention": 9}
    g = lived_in(generator(network, domain, grows, **fields))
    if grows:
        g.body.grow(0.25)
    g(z, y)
    made = g.eval()(z, y)
    assert torch.equal(copy.deepcopy(g)(z, y), made)
    with torch.device("meta"):
        empty = generator(network, domain, grows, **fields)
    empty.load_state_dict(g.state_dict(), assign=True)
    assert torch.equal(empty.eval()(z, y), made)
    assert all(not tensor.is_meta for tensor in empty.state_dict().values())


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("grown", [None, 0.0, 0.5])
def test_a_gradient_penalty_has_the_gradient_of_its_differences(network: str, grown: float | None) -> None:
    domain = images_of(9)
    _, images, y = batch(domain)
    fields = {"activation": "silu", "attention": 5, "norm": "layer", "depth": 2}
    d = lived_in(discriminator(network, domain, grown is not None, **fields)).double()
    d.condition.register_forward_hook(lambda module, given, output: output.double())
    if grown is not None:
        d.body.grow(grown)

    def penalty() -> Tensor:
        x = images.double().requires_grad_()
        (slope,) = torch.autograd.grad(d(x, y).logits.sum(), x, create_graph=True)
        return slope.square().sum()

    def gradients() -> tuple[Tensor | None, ...]:
        return torch.autograd.grad(penalty(), [*d.parameters()], allow_unused=True)

    directions = [torch.randn_like(p) for p in d.parameters()]
    slope = sum(float((g * v).sum()) for g, v in zip(gradients(), directions, strict=True) if g is not None)
    ends = []
    for step in (1e-5, -2e-5):
        with torch.no_grad():
            for p, v in zip(d.parameters(), directions, strict=True):
                p.add_(step * v)
        ends.append(float(penalty().detach()))
    assert slope == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


SIZES = ((28, 28), (25, 25), (17, 28))


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
def test_a_stage_fades_in_from_what_was_there(network: str, size: tuple[int, int]) -> None:
    domain = images_of(size[0], width=size[1])
    z, images, y = batch(domain)
    g = lived_in(generator(network, domain, True, norm="batch", attention=14)).body
    d = lived_in(discriminator(network, domain, True, attention=14))
    beside = torch.eye(3)[y]

    def at(grown: float) -> tuple[Tensor, Tensor]:
        g.grow(grown)
        d.body.grow(grown)
        with torch.no_grad():
            return g(z, beside, y), d(images, y).logits

    assert float(g.grown) == g.stages - 1 == 2
    for stage in range(2):
        (picture, logits), (after, logits_after) = at(stage), at(stage + 1)
        assert not torch.allclose(picture, after, atol=1e-2)
        assert not torch.allclose(logits, logits_after, atol=1e-3)
        barely, logits_barely = at(stage + 1e-6)
        assert torch.allclose(barely, picture, atol=1e-5)
        assert torch.allclose(logits_barely, logits, atol=1e-4)
        nearly, logits_nearly = at(stage + 1 - 1e-6)
        assert torch.allclose(nearly, after, atol=1e-5)
        assert torch.allclose(logits_nearly, logits_after, atol=1e-4)
        for fade in (0.25, 0.5, 0.875):
            between, logits_between = at(stage + fade)
            assert torch.allclose(between, picture + fade * (after - picture), atol=1e-5)
            apart, logits_apart = at(stage + fade + 1e-4)
            assert (apart - between).abs().max() < 1e-2
            assert (logits_apart - logits_between).abs().max() < 1e-2


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", SIZES)
def test_a_network_sees_and_makes_no_more_than_its_resolution(network: str, size: tuple[int, int]) -> None:
    domain = images_of(size[0], width=size[1])
    z, images, y = batch(domain)
    g, d = lived_in(generator(network, domain, True)), lived_in(discriminator(network, domain, True))
    for stage in range(3):
        block = 2 ** (2 - stage)
        g.body.grow(stage)
        d.body.grow(stage)
        made = g(z, y)
        rows, columns = (torch.arange(side) // block for side in size)
        assert torch.equal(made, made[..., rows * block, :][..., columns * block])
        coarse = images
        for _ in range(2 - stage):
            coarse = TORCH.halved(coarse)
        blocks = coarse[..., rows, :][..., columns]
        assert torch.allclose(d(blocks, y).logits, d(images, y).logits, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("grown", "stages", "heads"),
    [(0, "7", "7"), (0.5, "7 14", "7 14"), (1, "7 14", "14"), (1.5, "7 14 28", "14 28"), (2, "7 14 28", "28")],
)
def test_only_what_stands_learns(network: str, grown: float, stages: str, heads: str) -> None:
    domain = images_of(28)
    z, _, y = batch(domain)
    g, d = (make(network, domain, True, depth=2) for make in (generator, discriminator))
    g.body.grow(grown)
    d.body.grow(grown)
    d(g(z, y), y).logits.sum().backward()
    for learner, head in ((g, "to_image"), (d, "from_image")):
        learning = {tuple(name.split(".")[1:3]) for name, p in learner.named_parameters() if p.grad is not None}
        expected = {("stage", side) for side in stages.split()} | {(head, side) for side in heads.split()}
        assert {part for part in learning if part[0] in ("stage", head)} == expected


def test_growing_has_bounds() -> None:
    domain = images_of(28)
    growing, fixed = generator("dcgan", domain, True).body, generator("dcgan", domain).body
    for wrong in (-0.1, 2.1):
        with pytest.raises(ValueError, match=r"\[0, 2\]"):
            growing.grow(wrong)
    fixed.grow(0)
    with pytest.raises(ValueError, match=r"\[0, 0\]"):
        fixed.grow(1)
    tiny = generator("residual", images_of(6), True).body
    assert tiny.stages == 1
    tiny.grow(0)
