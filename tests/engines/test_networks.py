"""Forward passes against numpy, written from the published descriptions."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from condgan.engines.torch.layers import Dropout
from condgan.engines.torch.networks import OUTPUTS, Discriminator, Generator
from condgan.recipe import Domain, builtin

Array = npt.NDArray[Any]
DIGITS = Domain(channels=1, size=28, class_names=tuple("0123456789"), data="mnist", data_sha256="0" * 64)
N = 6
FAMILY = ("cgan-lsgan", "cgan-lsgan-jgan", "cgan-bce")


class Weights:
    """A network's arrays in float64, and the layers of the papers over them."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.of = {name: tensor.numpy().astype(np.float64) for name, tensor in network.state_dict().items()}

    def linear(self, name: str, x: Array) -> Array:
        return x @ self.of[f"{name}.weight"].T + self.of.get(f"{name}.bias", 0)

    def batch_norm(self, name: str, x: Array, eps: float) -> Array:
        kept = (self.of[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        mean, var, gain, bias = (array.reshape(-1, *[1] * (x.ndim - 2)) for array in kept)
        return (x - mean) / np.sqrt(var + eps) * gain + bias

    def maxout(self, name: str, x: Array, units: int, pieces: int) -> Array:
        return np.stack(
            [self.linear(name, x)[:, unit * pieces : (unit + 1) * pieces].max(1) for unit in range(units)], 1
        )

    def prelu(self, name: str, x: Array) -> Array:
        return np.where(x > 0, x, x * self.of[f"{name}.weight"])

    def convolved(self, name: str, x: Array, stride: int = 1) -> Array:
        """A convolution that keeps the side, or halves it."""
        kernel = self.of[f"{name}.weight"]  # (O, I, k, k)
        side = kernel.shape[2]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (side, side), (2, 3)
        )
        found = np.einsum("nihwkl,oikl->nohw", windows[:, :, ::stride, ::stride], kernel)
        return found + self.of[f"{name}.bias"][:, None, None] if f"{name}.bias" in self.of else found

    def transposed(self, name: str, x: Array) -> Array:
        """Each pixel spreads 4 x 4 over an image of twice the side, two apart; a pixel beyond each edge is cut off."""
        kernel = self.of[f"{name}.weight"]  # (I, O, 4, 4)
        count, _, side, _ = x.shape
        spread = np.zeros((count, kernel.shape[1], 2 * side + 2, 2 * side + 2))
        for k in range(4):
            for m in range(4):
                spread[:, :, k : k + 2 * side : 2, m : m + 2 * side : 2] += np.einsum(
                    "nihw,io->nohw", x, kernel[:, :, k, m]
                )
        found = spread[:, :, 1:-1, 1:-1]
        return found + self.of[f"{name}.bias"][:, None, None] if f"{name}.bias" in self.of else found

    def group_norm(self, name: str, x: Array, groups: int, eps: float) -> Array:
        parts = x.reshape(len(x), groups, -1)
        normed = (parts - parts.mean(2, keepdims=True)) / np.sqrt(parts.var(2, keepdims=True) + eps)
        gain, bias = (self.of[f"{name}.{part}"][:, None, None] for part in ("weight", "bias"))
        return normed.reshape(x.shape) * gain + bias

    def embedding(self, y: Array) -> Array:
        return self.of["condition.weight"][y]


def lrelu(x: Array) -> Array:
    return np.where(x > 0, x, 0.2 * x)


def gelu(x: Array) -> Array:
    return x * np.vectorize(lambda v: (1 + math.erf(v / math.sqrt(2))) / 2)(x)


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def one_hot(y: Array) -> Array:
    return np.eye(10)[y]


def beside(x: Array, y: Array) -> Array:
    return np.concatenate([x, y], 1)


def family_g(w: Weights, z: Array, y: Array) -> Array:
    x = lrelu(w.linear("body.hidden.0.linear", beside(z, w.embedding(y))))
    for layer in (1, 2, 3):
        x = w.linear(f"body.hidden.{layer}.linear", x)
        x = lrelu(w.batch_norm(f"body.hidden.{layer}.norm", x, eps=0.8))
    return np.tanh(w.linear("body.out", x))


def family_d(w: Weights, x: Array, y: Array) -> Array:
    x = beside(x, w.embedding(y))
    for layer in (0, 1, 2):
        x = lrelu(w.linear(f"body.hidden.{layer}.linear", x))
    return w.linear("head.logit", x)


def paper_g(w: Weights, z: Array, y: Array) -> Array:
    z = relu(w.linear("body.branches.0.linear", z))
    y = relu(w.linear("body.branches.1.linear", one_hot(y)))
    return sigmoid(w.linear("body.out", relu(w.linear("body.hidden.0.linear", beside(z, y)))))


def paper_d(w: Weights, x: Array, y: Array) -> Array:
    x = w.maxout("body.branches.0.linear.linear", x, 240, 5)
    y = w.maxout("body.branches.1.linear.linear", one_hot(y), 50, 5)
    return w.linear("head.logit", w.maxout("body.hidden.0.linear.linear", beside(x, y), 240, 4))


def adam_g(w: Weights, z: Array, y: Array) -> Array:
    x = beside(z, one_hot(y))
    for layer in (0, 1, 2):
        x = lrelu(w.linear(f"body.hidden.{layer}.linear", x))
    return sigmoid(w.linear("body.out", x))


def adam_d(w: Weights, x: Array, y: Array) -> Array:
    x = beside(x, one_hot(y))
    for layer in (0, 1, 2):
        x = lrelu(w.linear(f"body.hidden.{layer}.linear", x))
    return w.linear("head.logit", x)


def best_g(w: Weights, z: Array, y: Array) -> Array:
    x = beside(z, one_hot(y))
    for layer in (0, 1, 2):
        x = w.batch_norm(f"body.hidden.{layer}.norm", w.linear(f"body.hidden.{layer}.linear", x), eps=1e-5)
        x = w.prelu(f"body.hidden.{layer}.activation", x)
    return sigmoid(w.linear("body.out", x))


def best_d(w: Weights, x: Array, y: Array) -> Array:
    x = beside(x, one_hot(y))
    for layer in (0, 1, 2):
        x = w.prelu(f"body.hidden.{layer}.activation", w.linear(f"body.hidden.{layer}.linear", x))
    return w.linear("head.logit", x)


def mlp_g(w: Weights, z: Array, y: Array) -> Array:
    for layer in (0, 1, 2):
        z = relu(w.linear(f"body.hidden.{layer}.linear", z))
    return np.tanh(w.linear("body.out", z))


def mlp_d(w: Weights, x: Array, y: Array) -> Array:
    for layer in (0, 1, 2):
        x = lrelu(w.linear(f"body.hidden.{layer}.linear", x))
    return w.linear("head.logit", x)


def deep_g(w: Weights, z: Array, y: Array) -> Array:
    x = w.linear("body.first.linear", beside(z, w.embedding(y))).reshape(len(z), -1, 7, 7)
    x = gelu(w.batch_norm("body.first.norm", x, eps=1e-5))
    for name in ("7.block_1", "14.up", "14.block_1"):
        if f"body.stage.{name}.linear.weight" in w.of:
            change = w.transposed if name.endswith("up") else w.convolved
            x = gelu(w.batch_norm(f"body.stage.{name}.norm", change(f"body.stage.{name}.linear", x), eps=1e-5))
    return np.tanh(w.transposed("body.to_image.14", x)).reshape(len(z), -1)


def deep_d(w: Weights, x: Array, y: Array) -> Array:
    x = gelu(w.convolved("body.from_image.14.linear", x.reshape(-1, 1, 28, 28), stride=2))
    for name in ("14.block_1", "14.down", "7.block_1"):
        if f"body.stage.{name}.linear.weight" in w.of:
            x = w.convolved(f"body.stage.{name}.linear", x, stride=2 if name.endswith("down") else 1)
            x = gelu(w.group_norm(f"body.stage.{name}.norm", x, groups=8, eps=1e-5))
    features = gelu(w.linear("body.features.linear", x.reshape(len(x), -1)))
    spread = np.sqrt(features.var(0) + 1e-8).mean()
    features = beside(features, np.full((len(x), 1), spread))
    projected = (w.of["head.condition.weight"][y] * features).sum(1, keepdims=True)
    return w.linear("head.logit", features) + projected


ORACLES = {
    **dict.fromkeys(("mnist", "mnist-fast", "images", "images-small"), (deep_g, deep_d)),
    "gan-mlp": (mlp_g, mlp_d),
    **dict.fromkeys(FAMILY, (family_g, family_d)),
    "cgan-paper": (paper_g, paper_d),
    "cgan-paper-adam": (adam_g, adam_d),
    "cgan-bn-prelu-adamw": (best_g, best_d),
}


def test_every_recipe_has_an_oracle() -> None:
    assert set(ORACLES) == set(builtin.RECIPES)


def lived_in(network: torch.nn.Module) -> torch.nn.Module:
    """A network with weights and statistics that no initialisation has, so that a forgotten one shows."""
    random = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if "norm" in name and tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.5)
            elif "activation" in name or name.endswith("bias"):
                tensor.copy_(torch.rand(tensor.shape, generator=random) - 0.3)
            elif tensor.dim() == 4:
                tensor.copy_(torch.randn(tensor.shape, generator=random) * (2 / tensor[0].numel()) ** 0.5)
    return network.eval()


@pytest.mark.parametrize("name", ORACLES)
def test_forward_passes(name: str) -> None:
    recipe = builtin.RECIPES[name]
    random = np.random.default_rng(0)
    z = random.standard_normal((N, recipe.latent.dim)).astype(np.float32)
    y = random.integers(0, 10, N)
    generator = lived_in(Generator(recipe.generator, recipe.latent.dim, DIGITS))
    discriminator = lived_in(Discriminator(recipe.discriminator, DIGITS))
    g, d = ORACLES[name]
    with torch.no_grad():
        made = generator(torch.from_numpy(z), torch.from_numpy(y))
        logits = discriminator(made, torch.from_numpy(y)).logits
    assert made.shape == (N, 1, 28, 28)
    assert logits.shape == (N,)
    expected = g(Weights(generator), z, y)
    assert expected.std() > 0.05
    np.testing.assert_allclose(made.numpy().reshape(N, -1), expected, atol=1e-5)
    scores = d(Weights(discriminator), made.numpy().reshape(N, -1), y)[:, 0]
    np.testing.assert_allclose(logits.numpy(), scores, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ORACLES)
def test_the_label_matters_to_both_networks_where_there_is_one(name: str) -> None:
    recipe = builtin.RECIPES[name]
    generator = Generator(recipe.generator, 100, DIGITS).eval()
    discriminator = Discriminator(recipe.discriminator, DIGITS).eval()
    z, y, other = torch.randn(N, 100), torch.zeros(N, dtype=torch.int64), torch.full((N,), 9)
    with torch.no_grad():
        made = generator(z, y)
        same = (
            torch.equal(made, generator(z, other)),
            torch.equal(discriminator(made, y).logits, discriminator(made, other).logits),
        )
    assert same == (not recipe.conditional, not recipe.conditional)


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(("channels", "size", "classes"), [(3, 12, 2), (1, 32, 101)])
def test_any_size_channels_and_classes(name: str, channels: Any, size: int, classes: int) -> None:
    names = tuple(str(number) for number in range(classes))
    domain = Domain(channels=channels, size=size, class_names=names, data="x", data_sha256="0" * 64)
    recipe = builtin.get(name, ["latent.dim=7"])
    y = torch.tensor([0, classes - 1, 1])
    made = Generator(recipe.generator, 7, domain)(torch.randn(3, 7), y)
    assert made.shape == (3, channels, size, size)
    assert Discriminator(recipe.discriminator, domain)(made, y).logits.shape == (3,)


def test_in_training_batch_norm_uses_the_batch_and_dropout_drops() -> None:
    recipe = builtin.RECIPES["cgan-lsgan"]
    generator = Generator(recipe.generator, 100, DIGITS).train()
    seen: list[torch.Tensor] = []
    generator.body.hidden[1].norm.register_forward_hook(lambda *a: seen.extend([a[1][0], a[2]]))
    generator(torch.randn(64, 100), torch.zeros(64, dtype=torch.int64))
    before, after = (tensor.detach().double().numpy() for tensor in seen)
    expected = (before - before.mean(0)) / np.sqrt(before.var(0) + 0.8)
    np.testing.assert_allclose(after, expected, atol=1e-5)

    discriminator = Discriminator(recipe.discriminator, DIGITS).train()
    outputs: list[torch.Tensor] = []
    for layer in discriminator.body.hidden:
        layer.register_forward_hook(lambda module, given, output: outputs.append(output.detach()))
    discriminator(torch.randn(500, 1, 28, 28), torch.zeros(500, dtype=torch.int64))
    dropped = [float((output == 0).float().mean()) for output in outputs]
    assert dropped[0] == 0
    assert dropped[1:] == pytest.approx([0.4, 0.4], abs=0.01)  # 256,000 units each


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.5, 0.9])
def test_dropout_keeps_the_mean_and_drops_each_unit_alone(rate: float) -> None:
    torch.manual_seed(1)
    layer = Dropout(rate).train()
    n, width = 4001, 101  # no multiples of anything
    x = torch.full((n, width), 2.0, requires_grad=True)
    dropped = layer(x)
    values = dropped.detach().double().numpy()
    gone = values == 0
    error = np.sqrt(rate * (1 - rate) / (n * width))
    assert abs(gone.mean() - rate) < 4.5 * error + 2**-17
    np.testing.assert_allclose(values[~gone], 2 / (1 - rate), rtol=2**-15 / (1 - rate))
    assert len(np.unique(values[~gone])) == 1
    for axis, count in ((0, n), (1, width)):  # no unit and no sample is dropped more than others
        assert np.abs(gone.mean(axis) - rate).max() < 6 * np.sqrt(rate * (1 - rate) / count) + 0.01
    pairs = np.corrcoef(gone[:, :-1].reshape(-1), gone[:, 1:].reshape(-1))[0, 1]
    assert abs(pairs) < 4.5 / np.sqrt(n * width)
    dropped.sum().backward()
    assert x.grad is not None
    assert np.array_equal(x.grad.numpy() == 0, gone)
    again = layer(x).detach().numpy() == 0
    assert not np.array_equal(again, gone)
    torch.manual_seed(1)
    assert np.array_equal(layer(x).detach().numpy() == 0, gone)
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)


@pytest.mark.parametrize(("output", "low"), [("tanh", -1.0), ("sigmoid", 0.0)])
def test_grey_levels_survive_the_way_there_and_back(output: str, low: float) -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    scaled = OUTPUTS[output].read(levels)
    assert scaled[0] == low
    assert scaled[255] == 1
    steps = scaled.double().diff()
    assert torch.allclose(steps, torch.full((255,), (1 - low) / 255).double(), atol=1e-6)
    assert torch.equal(OUTPUTS[output].show(scaled), levels)
    assert torch.equal(levels, torch.arange(256, dtype=torch.uint8))  # the data is not written to
    beyond = OUTPUTS[output].show(torch.tensor([low - 0.5, 1.5]))
    assert beyond.tolist() == [0, 255]
    function = OUTPUTS[output].squash
    assert torch.allclose(function(torch.tensor([-50.0, 50.0])), torch.tensor([low, 1.0]))
