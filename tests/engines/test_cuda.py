"""What holds on a CUDA device: every recipe steps, agrees with the CPU, resumes exactly, and graphs change no bit.

CONDGAN_CUDA_TESTS_ON=cpu tries the tests themselves where there is no such device.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import condgan
from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.recipe import Domain, builtin

DEVICE = os.environ.get("CONDGAN_CUDA_TESTS_ON", "cuda")
pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="no CUDA device here"),
]
RECIPES = sorted(builtin.RECIPES)
DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)
RANDOM = np.random.default_rng(3)
IMAGES, LABELS = RANDOM.integers(0, 256, (150, 1, 8, 8), dtype=np.uint8), RANDOM.integers(0, 3, 150)
NO_DROPOUT = ("generator.dropout=0", "discriminator.dropout=0")
STEPS = 14  # five epochs, each with a ragged batch: both kinds of step are replayed


def build(name: str, tiny: dict[str, tuple[str, ...]], device: str, *overrides: str) -> Any:
    settings = Settings(device=device, threads=1, threads_by="machine.threads", precision="float32")
    recipe = builtin.get(name, [*tiny[name], "train.batch=64", *overrides])
    return engines.load("torch").build(recipe, DOMAIN, Split(IMAGES, LABELS), settings)


def same(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The names under which two states differ."""
    assert one.keys() == other.keys()
    return [name for name in one if not np.array_equal(one[name], other[name])]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_steps(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    figures = build(name, tiny, DEVICE).run(0, STEPS)
    assert all(values.shape == (STEPS,) and np.isfinite(values).all() for values in figures.values())


@pytest.mark.parametrize("name", RECIPES)
def test_figures_agree_with_the_cpu(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    here, there = (build(name, tiny, device, *NO_DROPOUT) for device in (DEVICE, "cpu"))
    assert not same(here.state(), there.state())  # initial weights are drawn on the CPU
    found, expected = here.run(0, 3), there.run(0, 3)
    for figure, values in expected.items():
        assert np.allclose(found[figure], values, rtol=5e-3, atol=5e-4), figure


@pytest.mark.parametrize("name", RECIPES)
def test_a_resumed_training_is_exact(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    whole, first, second = (build(name, tiny, DEVICE) for _ in range(3))
    expected = whole.run(0, STEPS)
    begin = first.run(0, 5)
    second.load(first.state())
    end = second.run(5, STEPS - 5)
    assert not same(whole.state(), second.state())
    assert not same(expected, {figure: np.concatenate([begin[figure], end[figure]]) for figure in expected})


@pytest.mark.parametrize("name", RECIPES)
def test_graphs_take_the_steps_that_plain_kernels_take(name: str, tiny: dict[str, tuple[str, ...]]) -> None:
    graphed, plain = build(name, tiny, DEVICE), build(name, tiny, DEVICE)
    plain.graphs = None
    found, expected = graphed.run(0, STEPS), plain.run(0, STEPS)
    assert not same(graphed.state(), plain.state())
    assert not same(found, expected)
    if DEVICE == "cuda":
        assert graphed.graphs.replays, "no kind of step could be recorded"


def test_threads_that_draw_ahead_change_no_bit(tiny: dict[str, tuple[str, ...]]) -> None:
    ahead, plain = build("cgan-bce", tiny, DEVICE), build("cgan-bce", tiny, DEVICE)
    plain.draws.pool = None
    ahead.run(0, STEPS), plain.run(0, STEPS)
    assert not same(ahead.state(), plain.state())


def test_a_run_trains_resumes_and_samples(tmp_path: Path, digits: Path, tiny: dict[str, tuple[str, ...]]) -> None:
    overrides = (*tiny["cgan-lsgan"], f"machine.device={DEVICE}")
    for name, epochs in (("whole", 2), ("parts", 1)):
        condgan.train("cgan-lsgan", *overrides, data=digits, epochs=epochs, run=tmp_path / name)
    condgan.resume(tmp_path / "parts", epochs=2)
    one, other = (condgan.load(tmp_path / name).sample("0123", seed=1) for name in ("whole", "parts"))
    assert np.array_equal(one, other)
