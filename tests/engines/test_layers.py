"""Normalisations, what sees the whole batch, and spectra: against numpy, brute force and linear algebra."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from condgan.engines.bodies.conditioning import Modulation, Projection
from condgan.engines.bodies.layers import MINIBATCH, NORMS, Maxout, couples, norm, normalise_spectra
from condgan.engines.torch.operations import TORCH
from condgan.recipe import Discriminator, Domain, Generator

Array = npt.NDArray[np.float64]
DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="x", data_sha256="0" * 64)
N, WIDTH, EPS = 6, 12, 0.3


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(5)


def array(tensor: Any) -> Array:
    found: Array = tensor.detach().double().numpy()
    return found


def standardised(x: Array, axes: tuple[int, ...]) -> Array:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + EPS)


def normalised(kind: str, x: Array, groups: int) -> Array:
    """Ioffe & Szegedy 2015; Ba et al. 2016; Ulyanov et al. 2016; Wu & He 2018 differ in what they average."""
    if kind == "none":
        return x
    if kind == "group":
        parts = x.reshape(len(x), groups, -1)
        return standardised(parts, (2,)).reshape(x.shape)
    space = tuple(range(2, x.ndim))
    return standardised(x, {"batch": (0, *space), "layer": (1, *space), "instance": space}[kind])


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (kind, shape)
        for kind in NORMS
        for shape in ((N, WIDTH), (N, WIDTH, 3, 4))
        if (kind, len(shape)) != ("instance", 2)
    ],
)
@pytest.mark.parametrize(("asked", "groups"), [(4, 4), (8, 4), (5, 1), (24, 12)])
def test_normalisations(kind: Any, shape: tuple[int, ...], asked: int, groups: int) -> None:
    x = torch.randn(shape) * 3 + 1
    spec = Generator(network="dcgan", norm=kind, norm_eps=EPS, groups=asked)
    module, after = norm(TORCH, spec, WIDTH, len(shape) - 2, DOMAIN)
    module.train()
    expected = normalised(kind, array(x), groups)
    labels = torch.arange(N) % 3
    np.testing.assert_allclose(array(after(module(x), labels)), expected, atol=1e-5)
    parameters = dict(module.named_parameters())
    assert set(parameters) == (set() if kind == "none" else {"weight", "bias"})
    if parameters:
        wide = (1, WIDTH, *[1] * (len(shape) - 2))
        for parameter in parameters.values():
            nn.init.normal_(parameter)
        gain, bias = (array(parameters[name]).reshape(wide) for name in ("weight", "bias"))
        np.testing.assert_allclose(array(module(x)), expected * gain + bias, atol=1e-4)


@pytest.mark.parametrize("kind", [kind for kind in NORMS if kind != "none"])
def test_a_condition_replaces_the_norm_s_own_gain_and_bias(kind: Any) -> None:
    x, labels = torch.randn(N, WIDTH, 3, 4), torch.arange(N) % 3
    module, after = norm(TORCH, Generator(network="dcgan", norm=kind, norm_eps=EPS, condition="norm"), WIDTH, 2, DOMAIN)
    assert list(module.parameters()) == []
    assert isinstance(after, Modulation)
    for parameter in after.parameters():
        nn.init.normal_(parameter)
    expected = normalised(kind, array(x), 4)  # 8 groups are asked, of which 4 divide the width
    gain, bias = (array(part.weight)[labels.numpy()][..., None, None] for part in (after.gain, after.bias))
    np.testing.assert_allclose(array(after(module(x), labels)), expected * (1 + gain) + bias, atol=1e-4)


def test_minibatch_discrimination_is_salimans_formula() -> None:
    """Salimans et al. 2016, section 3.2: o(x_i)_b is exp(-|M_ib - M_jb|_1) of the other images; their mean."""
    kernels = 3
    module: Any = MINIBATCH["discrimination"](TORCH, WIDTH, kernels)
    features = torch.randn(N, WIDTH)
    matrices = (array(features) @ array(module.projection.weight).T).reshape(N, kernels, -1)
    expected = np.zeros((N, kernels))
    for i in range(N):
        for j in range(N):
            for b in range(kernels):
                if i != j:
                    expected[i, b] += np.exp(-np.abs(matrices[i, b] - matrices[j, b]).sum()) / (N - 1)
    found = module(features)
    assert found.shape == (N, module.width) == (N, WIDTH + kernels)
    assert torch.equal(found[:, :WIDTH], features)
    np.testing.assert_allclose(array(found[:, WIDTH:]), expected, atol=1e-5)
    assert torch.autograd.gradcheck(module.double(), features.double().requires_grad_())


def test_a_collapsed_batch_is_as_near_as_can_be() -> None:
    module: Any = MINIBATCH["discrimination"](TORCH, WIDTH, 3)
    alike = module(torch.randn(1, WIDTH).expand(N, -1))[:, WIDTH:]
    torch.testing.assert_close(alike, torch.ones(N, 3))
    for scale in (0.01, 1.0, 100.0):
        apart = module(scale * torch.randn(N, WIDTH))[:, WIDTH:]
        assert bool((apart < alike).all())
        assert bool((apart > -1e-5).all())
    pair = torch.randn(N, WIDTH) * 100
    pair[3] = pair[0]
    one = torch.full((2, 3), 1 / (N - 1))
    torch.testing.assert_close(module(pair)[[0, 3], WIDTH:], one)  # each has one that is like itself
    torch.testing.assert_close(module(pair[:1])[:, WIDTH:], torch.zeros(1, 3))  # alone


def test_minibatch_stddev_is_the_mean_deviation_over_the_batch() -> None:
    module: Any = MINIBATCH["stddev"](TORCH, WIDTH, 3)
    features = torch.randn(N, WIDTH) * torch.linspace(0.1, 3, WIDTH)
    found = module(features)
    assert found.shape == (N, module.width) == (N, WIDTH + 1)
    assert torch.equal(found[:, :WIDTH], features)
    expected = np.mean([np.std(array(features)[:, feature]) for feature in range(WIDTH)])
    np.testing.assert_allclose(array(found[:, WIDTH]), expected, rtol=1e-5)
    same = torch.randn(1, WIDTH).expand(N, -1).clone().requires_grad_()
    alike = module(same)
    assert float(alike[:, WIDTH].detach().max()) < 1.01e-4  # nothing but what keeps the root smooth
    (gradient,) = torch.autograd.grad(alike.sum(), same)
    assert bool(gradient.isfinite().all())


def test_alone_changes_nothing() -> None:
    module: Any = MINIBATCH["none"](TORCH, WIDTH, 3)
    features = torch.randn(N, WIDTH)
    assert torch.equal(module(features), features)
    assert module.width == WIDTH


@pytest.mark.parametrize("kind", NORMS)
@pytest.mark.parametrize("minibatch", MINIBATCH)
def test_coupled_is_what_another_image_changes(kind: Any, minibatch: str) -> None:
    """Whether a network couples is known without asking it, and asking it says the same."""
    module, _ = norm(TORCH, Generator(network="dcgan", norm=kind), WIDTH, 2, DOMAIN)
    network = nn.Sequential(module, nn.Flatten(), MINIBATCH[minibatch](TORCH, WIDTH * 4, 3)).train()
    images = torch.randn(N, WIDTH, 2, 2) * 0.1
    others = images.clone()
    others[1:] += 0.5 * torch.randn(N - 1, WIDTH, 2, 2)
    same = torch.allclose(network(images)[0], network(others)[0], atol=1e-6)
    assert couples(network) == (not same)
    assert couples(network) == (kind == "batch" or minibatch != "none")


class Everything(nn.Module):
    """A layer of each kind, the way to them, and what is to be left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.way = nn.ModuleList([nn.Conv2d(2, 6, 3), nn.Sequential(nn.ConvTranspose2d(6, 4, 4, 2, 1))])
        self.maxout = Maxout(TORCH, 6, 3, 2)
        self.head = Projection(TORCH, 6, DOMAIN)
        self.norm, self.modulation = nn.BatchNorm1d(6), Modulation(TORCH, 6, DOMAIN)

    def forward(self, images: Tensor, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        for convolution in self.way:
            images = convolution(images)
        judgement = self.head(self.modulation(self.norm(features), labels), labels)
        return images, self.maxout(features), judgement.logits


def largest(module: Any) -> float:
    """The largest singular value of a weight as a matrix of its outputs."""
    weight = module.weight.detach()
    if isinstance(module, nn.ConvTranspose2d):
        weight = weight.transpose(0, 1)
    return float(torch.linalg.svdvals(weight.flatten(1))[0])


def test_spectra_are_normalised() -> None:
    network = Everything()
    for module in network.modules():
        if isinstance(module, TORCH.weighted) and module not in set(network.modulation.modules()):
            nn.init.normal_(module.weight, std=3.0)
    normalise_spectra(TORCH, network)
    batch = torch.randn(4, 2, 6, 6), torch.randn(4, 6), torch.tensor([0, 1, 2, 0])
    for _ in range(300):
        with torch.no_grad():
            network(*batch)
    network.eval()
    found = [module for module in network.modules() if isinstance(module, TORCH.weighted)]
    touched = [module for module in found if parametrize.is_parametrized(module)]
    assert sorted(type(module).__bases__[0].__name__ for module in touched) == [
        "Conv2d", "ConvTranspose2d", "Embedding", "Linear", "Linear",
    ]  # fmt: skip
    for module in touched:
        assert largest(module) == pytest.approx(1, abs=1e-3)
    left = [module for module in found if module not in touched]
    assert {id(module) for module in left} == {id(network.modulation.gain), id(network.modulation.bias)}
    for first, second in zip(network(*batch), network(*batch), strict=True):
        assert torch.equal(first, second)  # in eval mode the power iteration stands still


def test_a_normalised_spectrum_follows_training_and_a_checkpoint() -> None:
    network: Any = nn.Sequential(nn.Linear(5, 4))
    normalise_spectra(TORCH, network)
    original = network[0].parametrizations.weight.original
    descent = torch.optim.SGD(network.parameters(), lr=0.05)
    x = torch.randn(16, 5)
    for _ in range(100):
        loss = -network(x).square().mean()  # as large as it can be
        descent.zero_grad()
        loss.backward()
        descent.step()
    assert largest(network[0].eval()) == pytest.approx(1, abs=0.02)
    assert float(torch.linalg.svdvals(original.detach())[0]) != pytest.approx(1, abs=0.02)
    again = nn.Sequential(nn.Linear(5, 4))
    normalise_spectra(TORCH, again)
    again.load_state_dict(network.state_dict())
    assert torch.equal(again.train()(x), network.train()(x))  # with the iteration's own vectors


def test_a_discriminator_s_spec_reaches_its_norm() -> None:
    module, after = norm(TORCH, Discriminator(norm="layer", norm_eps=EPS), WIDTH, 0, DOMAIN)
    x = torch.randn(N, WIDTH)
    np.testing.assert_allclose(array(after(module(x), torch.zeros(N))), normalised("layer", array(x), 1), atol=1e-5)


@pytest.mark.filterwarnings("ignore:input's size at dim=0 does not match num_features")
def test_instance_norm_of_rows_is_what_torch_makes_of_them() -> None:
    """InstanceNorm1d takes (N, width) as N channels of one image: each row by itself, without gain and bias."""
    module, _ = norm(TORCH, Generator(norm="instance", norm_eps=EPS), WIDTH, 0, DOMAIN)
    x = torch.randn(N, WIDTH) * 3 + 1
    expected = nn.InstanceNorm1d(WIDTH, eps=EPS)(x)
    torch.testing.assert_close(module(x), expected, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(array(module(x)), standardised(array(x), (1,)), atol=1e-5)
    assert list(module.parameters()) == []
