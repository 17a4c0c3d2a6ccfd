"""Our optimisers against torch's classes, and what is cut off gradients and weights."""

import math
from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.engines.torch.optimisers import RULES, Descent, Rule, heavy_ball
from condgan.recipe import Optimiser

PLAN = Plan(images=100, batch=10, epochs=1)
SHAPES = ((5, 3), (4, 2, 3, 3), (7,), ())
MOMENTUM = {"momentum": 0.5, "momentum_end": 0.9}
SPECS: dict[str, dict[str, Any]] = {
    "Adam": {"name": "adam", "lr": 0.01, "betas": (0.5, 0.99), "weight_decay": 0.1},
    "AdamW": {"name": "adamw", "lr": 0.01, "betas": (0.5, 0.99), "weight_decay": 0.1},
    "Adamax": {"name": "adamax", "lr": 0.01, "betas": (0.5, 0.99), "weight_decay": 0.1},
    "RAdam": {"name": "radam", "lr": 0.01, "betas": (0.5, 0.99), "weight_decay": 0.1},
    "RMSprop": {"name": "rmsprop", "lr": 0.01, "alpha": 0.9, "weight_decay": 0.1},
    "RMSprop with momentum": {"name": "rmsprop", "lr": 0.01, "alpha": 0.9, **MOMENTUM},
    "SGD": {"name": "sgd", "lr": 0.1, "weight_decay": 0.1},
    "SGD with momentum": {"name": "sgd", "lr": 0.1, **MOMENTUM},
}
ORACLES: dict[str, Callable[[Sequence[Tensor], Optimiser], torch.optim.Optimizer]] = {
    "adam": lambda p, o: torch.optim.Adam(p, betas=o.betas, weight_decay=o.weight_decay),
    "adamw": lambda p, o: torch.optim.AdamW(p, betas=o.betas, weight_decay=o.weight_decay),
    "adamax": lambda p, o: torch.optim.Adamax(p, betas=o.betas, weight_decay=o.weight_decay),
    "radam": lambda p, o: torch.optim.RAdam(p, betas=o.betas, weight_decay=o.weight_decay),
    "rmsprop": lambda p, o: torch.optim.RMSprop(p, alpha=o.alpha, weight_decay=o.weight_decay, momentum=o.momentum),
    "sgd": lambda p, o: torch.optim.SGD(p, lr=1.0, weight_decay=o.weight_decay, momentum=o.momentum),
}


class Weights(nn.Module):
    """Parameters of some shapes, and a loss that has a given gradient."""

    def __init__(self, shapes: Sequence[tuple[int, ...]] = SHAPES, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.all = nn.ParameterList([nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes])

    def slope(self, gradients: Sequence[Tensor | None]) -> Tensor:
        pairs = zip(self.all, gradients, strict=True)
        return sum((p * g).sum() for p, g in pairs if g is not None)  # type: ignore[return-value]


def gradients(step: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1000 + step)
    return [torch.randn(shape, generator=generator) for shape in SHAPES]


def spec(name: str, **changed: Any) -> Optimiser:
    return Optimiser.model_validate(SPECS[name] | {"schedule": "exponential", "decay": 1.1} | changed)


def by_torch(weights: Weights, optimiser: Optimiser, steps: Sequence[Sequence[Tensor | None]]) -> None:
    oracle = ORACLES[optimiser.name](list(weights.all), optimiser)
    for step, given_gradients in enumerate(steps):
        for parameter, gradient in zip(weights.all, given_gradients, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        if optimiser.clip_gradient is not None:
            torch.nn.utils.clip_grad_norm_(weights.all, optimiser.clip_gradient)
        group = oracle.param_groups[0]
        group["lr"] = schedule.learning_rate(optimiser, step, PLAN)
        if "momentum" in group:
            group["momentum"] = schedule.momentum(optimiser, step, PLAN)
        oracle.step()


def by_us(weights: Weights, optimiser: Optimiser, steps: Sequence[Sequence[Tensor | None]]) -> Descent:
    descent = Descent(weights, optimiser, PLAN)
    for step, given_gradients in enumerate(steps):
        descent.set_step(step)
        descent.descend(weights.slope(given_gradients))
    return descent


@pytest.mark.parametrize("name", ["SGD", "SGD with momentum"])
def test_the_kernels_that_a_gpu_takes_step_as_sgd(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def update(p: Any, g: Any, slots: Any, o: Optimiser, lr: Tensor, momentum: Tensor) -> None:
        heavy_ball(p, g, slots["momentum_buffer"], o.weight_decay, lr, momentum)

    monkeypatch.setitem(RULES, "sgd", Rule(RULES["sgd"].slots, update))
    ours, others = Weights(), Weights()
    steps = [gradients(step) for step in range(20)]
    by_us(ours, spec(name), steps)
    by_torch(others, spec(name), steps)
    same(ours, others)


def same(ours: Weights, others: Weights) -> None:
    for a, b in zip(ours.all, others.all, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_every_optimiser_of_a_recipe_is_there() -> None:
    assert set(RULES) == set(get_args(Optimiser.model_fields["name"].annotation))


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("clip", [None, 2.0, 1000.0])
def test_ten_steps_are_those_of_torch(name: str, clip: float | None) -> None:
    optimiser = spec(name, clip_gradient=clip)
    steps = [gradients(step) for step in range(10)]
    ours, torchs, start = Weights(), Weights(), Weights()
    by_us(ours, optimiser, steps)
    by_torch(torchs, optimiser, steps)
    same(ours, torchs)
    assert all((a - b).abs().max() > 1e-3 for a, b in zip(ours.all, start.all, strict=True))


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("clip", [None, 2.0])
def test_a_weight_out_of_reach_rests_as_in_torch(name: str, clip: float | None) -> None:
    """The first two are reached from step 4 on, the third never, as layers of a network that grows."""
    optimiser = spec(name, clip_gradient=clip)
    steps: list[list[Tensor | None]] = [list(gradients(step)) for step in range(10)]
    for step, of_step in enumerate(steps):
        of_step[2] = None
        if step < 4:
            of_step[0] = of_step[1] = None
    ours, torchs, start = Weights(), Weights(), Weights()
    descent = by_us(ours, optimiser, steps[:4])
    assert all(torch.equal(ours.all[i], start.all[i]) for i in (0, 1, 2))
    assert all(not tensor.any() for name, tensor in descent.tensors() if not name.startswith("all.3."))
    ours = Weights()
    by_us(ours, optimiser, steps)
    by_torch(torchs, optimiser, steps)
    same(ours, torchs)


def test_a_loss_that_reaches_nothing_is_an_error() -> None:
    weights, other = Weights(), Weights()
    descent = Descent(weights, Optimiser(), PLAN)
    with pytest.raises(ValueError, match="does not depend on the network"):
        descent.descend(other.slope(gradients(0)))
    with pytest.raises(RuntimeError, match="does not require grad"):
        descent.descend(torch.tensor(1.0))
    same(weights, Weights())


@pytest.mark.parametrize("name", SPECS)
def test_the_layout_of_a_gradient_does_not_matter(name: str) -> None:
    """Torch's fused updates read a gradient in its parameter's layout, whatever its own."""
    flat, laid_out = Weights(), Weights()
    steps = [gradients(step) for step in range(3)]
    by_us(flat, spec(name), steps)
    descent = Descent(laid_out, spec(name), PLAN)
    for step, (matrix, kernel, *others) in enumerate(steps):
        turned = [matrix.t().contiguous().t(), kernel.contiguous(memory_format=torch.channels_last), *others]
        loss = laid_out.slope(turned)
        found = torch.autograd.grad(loss, list(laid_out.all), retain_graph=True)
        assert not found[0].is_contiguous()
        assert not found[1].is_contiguous()
        descent.set_step(step)
        descent.descend(loss)
    same(flat, laid_out)


@pytest.mark.parametrize("name", SPECS)
def test_a_gradient_that_is_one_number_spread_out(name: str) -> None:
    ours, torchs = Weights(), Weights()
    optimiser = spec(name, clip_gradient=0.5)
    descent = Descent(ours, optimiser, PLAN)
    descent.descend(sum(parameter.sum() for parameter in ours.all))  # type: ignore[arg-type]
    by_torch(torchs, optimiser, [[torch.ones(shape) for shape in SHAPES]])
    same(ours, torchs)


@given(st.integers(0, 10**6), st.floats(-4, 4), st.floats(0.01, 100))
def test_the_whole_gradient_is_scaled_down_to_its_norm(seed: int, size: float, most: float) -> None:
    """Under plain SGD with rate 1 a step is the gradient."""
    weights, start = Weights(seed=seed), Weights(seed=seed)
    of_step = [10**size * gradient for gradient in gradients(seed)]
    Descent(weights, Optimiser(name="sgd", lr=1, clip_gradient=most), PLAN).descend(weights.slope(of_step))
    step = torch.cat([(b - a).detach().double().flatten() for a, b in zip(weights.all, start.all, strict=True)])
    whole = torch.cat([gradient.double().flatten() for gradient in of_step])
    expected = whole * min(1.0, most / (float(whole.norm()) + 1e-6))
    scale = 1 + float(expected.abs().max())
    np.testing.assert_allclose(step.numpy(), expected.numpy(), atol=2e-6 * scale)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 3e38])
@pytest.mark.parametrize("name", SPECS)
def test_clipping_does_not_hide_a_gradient_without_a_norm(name: str, value: float) -> None:
    """Of 3e38 the norm is infinite: scaled down to it the step would be 0, and the training seem to stand still."""
    weights = Weights()
    of_step = gradients(0)
    of_step[1][0, 0, 0] = value
    by_us(weights, spec(name, clip_gradient=1.0), [of_step])
    assert all(parameter.isnan().all() for parameter in weights.all)


@given(st.sampled_from(sorted(SPECS)), st.floats(1e-3, 0.5), st.integers(0, 100))
def test_weights_stay_inside_their_box(name: str, most: float, seed: int) -> None:
    weights, free = Weights(seed=seed), Weights(seed=seed)
    of_step = gradients(seed)
    by_us(weights, spec(name, clip_weights=most), [of_step])
    by_us(free, spec(name), [of_step])
    for boxed, parameter in zip(weights.all, free.all, strict=True):
        assert torch.equal(boxed, parameter.clamp(-most, most))


def test_a_box_holds_weights_out_of_reach_and_does_not_hide_nan() -> None:
    weights = Weights()
    of_step: list[Tensor | None] = [None, None, torch.full((7,), math.nan), None]
    by_us(weights, Optimiser(clip_weights=0.01), [of_step])
    assert weights.all[2].isnan().all()
    assert all(weights.all[i].abs().max() <= 0.01 for i in (0, 1, 3))


@pytest.mark.parametrize("name", SPECS)
def test_its_state_is_laid_out_from_the_start_and_goes_on_exactly(name: str) -> None:
    optimiser = spec(name, clip_gradient=2.0, clip_weights=0.9)
    steps: list[list[Tensor | None]] = [list(gradients(step)) for step in range(8)]
    for of_step in steps[:3]:
        of_step[1] = None
    whole = Weights()
    descent = by_us(whole, optimiser, steps)
    names = [path for path, _ in descent.tensors()]
    assert [path for path, _ in Descent(Weights(), spec(name, momentum=0), PLAN).tensors()] == names

    before = Weights()
    state = dict(by_us(before, optimiser, steps[:5]).tensors())
    after = Weights(seed=1)
    after.load_state_dict(before.state_dict())
    resumed = Descent(after, optimiser, PLAN)
    for path, tensor in resumed.tensors():
        tensor.copy_(state[path])
    for step in range(5, 8):
        resumed.set_step(step)
        resumed.descend(after.slope(steps[step]))
    assert all(torch.equal(a, b) for a, b in zip(whole.all, after.all, strict=True))
    for (path, tensor), (again, other) in zip(descent.tensors(), resumed.tensors(), strict=True):
        assert path == again
        assert torch.equal(tensor, other)
