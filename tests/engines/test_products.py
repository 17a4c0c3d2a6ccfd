"""Linear layers by oneDNN: torch's own are the oracle."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from condgan import engines, threads
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.engines.torch.fast import products
from condgan.engines.torch.fast.products import Linear
from condgan.recipe import Domain, builtin

pytestmark = pytest.mark.skipif(not products.available(), reason="this torch has no oneDNN")
DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)
RANDOM = np.random.default_rng(2)
DATA, LABELS = RANDOM.integers(0, 256, (70, 1, 8, 8), dtype=np.uint8), RANDOM.integers(0, 3, 70)
SMALL = ("data.size=8", "latent.dim=6", "generator.hidden=12,12", "discriminator.hidden=12,12", "train.batch=32")


def twins(inputs: int, units: int, bias: bool = True) -> tuple[Linear, nn.Linear]:
    """The same layer, by oneDNN and by torch itself."""
    layer, plain = Linear(inputs, units, bias), nn.Linear(inputs, units, bias)
    layer.load_state_dict(plain.state_dict())
    products.choose([layer], True)
    return layer, plain


def derivatives(layer: nn.Linear, x: Tensor) -> list[Tensor]:
    """What it says, the gradients of a loss and, as a gradient penalty wants them, those of a gradient's norm."""
    x = x.detach().clone().requires_grad_()
    said = layer(x)
    at_x, *first = torch.autograd.grad(said.pow(3).sum(), [x, *layer.parameters()], create_graph=True)
    second = torch.autograd.grad(at_x.square().sum(), [x, *layer.parameters()])
    return [said.detach(), at_x.detach(), *(each.detach() for each in first), *second]


@given(
    rows=st.integers(1, 40),
    inputs=st.integers(1, 40),
    units=st.integers(1, 40),
    bias=st.booleans(),
    seed=st.integers(0),
)
def test_values_and_gradients_of_two_orders_are_those_of_torch(
    rows: int, inputs: int, units: int, bias: bool, seed: int
) -> None:
    torch.manual_seed(seed % 2**63)
    layer, plain = twins(inputs, units, bias)
    x = torch.randn(rows, inputs)
    assert layer.chosen(x)
    for found, expected in zip(derivatives(layer, x), derivatives(plain, x), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * max(1.0, float(expected.abs().max())))


def test_any_layout_is_read_as_it_is() -> None:
    a, b = torch.randn(7, 5), torch.randn(9, 5)
    for first, second in ((a.T.contiguous().T, b), (a, b.T.contiguous().T), (torch.cat([a, a])[1:8], b)):
        torch.testing.assert_close(products.onednn(first, second), first @ second.T)


def test_torch_itself_multiplies_in_evaluation_and_in_bfloat16() -> None:
    layer, plain = twins(300, 200)
    x = torch.randn(50, 300)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x), plain(x))
    layer.eval()
    assert torch.equal(layer(x), plain(x))
    layer.train()
    products.choose([layer], False)
    assert torch.equal(layer(x), plain(x))


@pytest.mark.parametrize(("by_onednn", "expected"), [(0.0, True), (0.5, True), (0.8, False), (1.2, False)])
def test_it_is_chosen_where_it_is_much_faster(
    monkeypatch: pytest.MonkeyPatch, by_onednn: float, expected: bool
) -> None:
    monkeypatch.setattr(products, "timeit", lambda work, number: by_onednn if work.func is products.onednn else 1.0)
    products.faster.cache_clear()
    try:
        assert products.faster() is expected
    finally:
        products.faster.cache_clear()


@pytest.mark.parametrize("error", [AttributeError, RuntimeError, TypeError])
def test_a_torch_that_lacks_it_or_has_it_otherwise_is_known(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def refused(*arguments: object) -> None:
        raise error("as in another version of torch")

    monkeypatch.setattr(products, "onednn", refused)
    for found in (products.available, products.faster):
        found.cache_clear()
    try:
        assert not products.available()
        assert not products.faster()
    finally:
        for found in (products.available, products.faster):
            found.cache_clear()


def test_what_is_not_float32_is_left_to_torch() -> None:
    layer, plain = (made.double() for made in twins(30, 20))
    x = torch.randn(5, 30, dtype=torch.float64)
    assert torch.equal(layer(x), plain(x))
    products.faster.cache_clear()
    torch.set_default_dtype(torch.float64)  # as a user may in the same process
    try:
        assert products.faster() in (True, False)
    finally:
        torch.set_default_dtype(torch.float32)


def build(name: str, *overrides: str, onednn: bool = True) -> Any:
    picked = Settings(
        device="cpu", threads=1, threads_by="machine.threads", precision="float32", own={"onednn": onednn}
    )
    return engines.load("torch").build(builtin.get(name, [*SMALL, *overrides]), DOMAIN, Split(DATA, LABELS), picked)


@pytest.mark.parametrize(
    "chosen",
    [
        ("cgan-lsgan-jgan",),  # in one pass
        ("cgan-lsgan", "train.ema=0.9"),
        ("cgan-bce", "penalty.r1=1", "discriminator.activation=silu", "discriminator.spectral=true"),
        ("cgan-bce", "generator.activation=maxout", "generator.pieces=2,3", "penalty.wgan_gp=10"),
    ],
)
def test_training_by_it_is_the_same_training_and_resumes_exactly(chosen: tuple[str, ...]) -> None:
    whole, plain = build(*chosen, "optim.name=sgd"), build(*chosen, "optim.name=sgd", onednn=False)
    used = [module for module in whole.game.discriminator.modules() if isinstance(module, Linear)]
    assert used
    assert all(module.by_onednn for module in used)
    figures, expected = whole.run(0, 10), plain.run(0, 10)
    for figure, values in expected.items():
        np.testing.assert_allclose(figures[figure], values, rtol=1e-3, atol=1e-5, err_msg=figure)
    for name, array in plain.state().items():
        np.testing.assert_allclose(whole.state()[name], array, rtol=1e-3, atol=1e-4, err_msg=name)
    first, second = build(*chosen, "optim.name=sgd"), build(*chosen, "optim.name=sgd")
    first.run(0, 1)
    first.run(1, 3)
    second.load(first.state())
    second.run(4, 6)
    assert all(np.array_equal(second.state()[name], array) for name, array in whole.state().items())


def test_pictures_and_scores_do_not_depend_on_it() -> None:
    engine, plain = build("cgan-lsgan"), build("cgan-lsgan", onednn=False)
    plain.load(engine.state())
    latents, labels = RANDOM.standard_normal((30, 6)).astype(np.float32), np.arange(30) % 3
    assert np.array_equal(engine.sample(latents, labels), plain.sample(latents, labels))
    assert np.array_equal(engine.score(DATA, LABELS), plain.score(DATA, LABELS))


def test_a_machine_without_it_goes_on_with_torch_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "available", lambda: False)
    engine = build("cgan-lsgan")
    assert engine.run(0, 1)
    assert not any(module.by_onednn for module in engine.game.generator.modules() if isinstance(module, Linear))


@pytest.mark.parametrize(("precision", "expected"), [("float32", True), ("bf16", False)])
def test_it_is_picked_for_float32_only(monkeypatch: pytest.MonkeyPatch, precision: str, expected: bool) -> None:
    monkeypatch.setattr(products, "faster", lambda: True)
    monkeypatch.setattr(threads, "fastest", lambda work, ways: next(iter(ways)))  # what the recipe asks for
    recipe = builtin.get("cgan-lsgan", [*SMALL, f"train.precision={precision}"])
    engine: Any = engines.load("torch").build(recipe, DOMAIN, Split(DATA, LABELS), None)
    assert engine.settings.precision == precision
    assert engine.settings.own == {"onednn": expected}
    layers = [module for module in engine.game.discriminator.modules() if isinstance(module, Linear)]
    assert all(module.by_onednn is expected for module in layers)
