"""Samples for weighted sums of classes: one-hot weights are classes, and sums are linear in the condition."""

from typing import Any

import numpy as np
import pytest

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.generation.generator import Generator
from condgan.recipe import Domain, Recipe, builtin

CLASSES, SIZE, N = 4, 8, 20
DOMAIN = Domain(channels=1, size=SIZE, class_names=("a", "b", "c", "d"), data="noise", data_sha256="0" * 64)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
RANDOM = np.random.default_rng(3)
IMAGES = RANDOM.integers(0, 256, (60, 1, SIZE, SIZE), dtype=np.uint8)
LABELS = np.arange(60) % CLASSES
LATENTS = RANDOM.standard_normal((N, 6)).astype(np.float32)
SMALL = (
    *("latent.dim=6", "generator.hidden=12,10", "discriminator.hidden=10,12", "generator.width=4"),
    *("discriminator.width=4", "train.batch=30", "data.size=8"),
)
KINDS = {
    "embedding": ("cgan-lsgan", "generator.condition_dim=5"),
    "one-hot": ("cgan-bce", "generator.condition=one-hot"),
    "branches": ("cgan-paper", "generator.hidden=12", "generator.branches=6,8", "discriminator.hidden=7",
                 "discriminator.branches=9,5"),
    "norm": ("cgan-lsgan", "generator.condition=norm"),
    "convolutional": ("mnist", "generator.condition=norm", "generator.norm=batch", "train.ema=0.5"),
    "spectral": ("cgan-lsgan", "generator.spectral=true"),
    "average": ("cgan-lsgan", "generator.condition=norm", "train.ema=0.5"),
}  # fmt: skip
"""Ways for a class to enter the generator."""


def trained(name: str, *overrides: str) -> Any:
    """A torch engine after steps that make the classes differ."""
    recipe = builtin.get(name, [*SMALL, "optim.lr=0.02", *overrides])
    engine = engines.load("torch").build(recipe, DOMAIN, Split(IMAGES, LABELS), ONE_THREAD)
    engine.run(0, 6)
    return engine


@pytest.mark.parametrize("kind", KINDS)
def test_one_hot_weights_give_the_bits_of_labels(kind: str) -> None:
    engine = trained(*KINDS[kind])
    labels = np.arange(N) % CLASSES
    for kind_of_float in (np.float32, np.float64):
        weights = np.eye(CLASSES, dtype=kind_of_float)[labels]
        assert engine.sample(LATENTS, weights).tobytes() == engine.sample(LATENTS, labels).tobytes()
    assert not np.array_equal(engine.sample(LATENTS, (labels + 1) % CLASSES), engine.sample(LATENTS, labels))


@pytest.mark.parametrize("kind", ["embedding", "norm", "convolutional", "average"])
def test_a_weighted_sum_is_a_class_whose_vector_is_that_sum(kind: str) -> None:
    engine = trained(*KINDS[kind])
    weights = np.array([0.5, 0.2, 0.3, 0.0], np.float32)
    state = engine.generator_state()
    for name, array in state.items():
        if array.shape[:1] == (CLASSES,) and ("condition" in name or "modulation" in name):
            state[name] = np.concatenate([(weights @ array)[None], array[1:]])
    mixed = engines.load("torch").sampler(engine.recipe, DOMAIN, state)
    by_class = mixed.sample(LATENTS, np.zeros(N, np.int64)).astype(int)
    by_weights = engine.sample(LATENTS, np.tile(weights, (N, 1))).astype(int)
    assert np.abs(by_class - by_weights).max() <= 1  # the sum is taken in another order
    assert np.abs(by_weights - engine.sample(LATENTS, np.zeros(N, np.int64)).astype(int)).max() > 1


def generator(recipe: Recipe) -> Generator:
    engine = engines.load("torch").build(recipe, DOMAIN, Split(IMAGES, LABELS), ONE_THREAD)
    return Generator(recipe, DOMAIN, 0, engine.generator_state())


def test_a_generator_walks_between_classes() -> None:
    made = generator(builtin.get("cgan-lsgan", [*SMALL]))
    weights = np.eye(CLASSES)[[2, 0, 1]]
    assert np.array_equal(made.sample_weights(weights, seed=4, first=3), made.sample("cab", seed=4, first=3))
    halfway = made.sample_weights(np.array([[0.5, 0.5, 0, 0]]), seed=4)
    assert not np.array_equal(halfway, made.sample("a", seed=4))


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.eye(CLASSES, dtype=int), "expected floats"),
        (np.ones((2, 3)), r"expected \(N, 4\)"),
        (np.ones(4), r"expected \(N, 4\)"),
        (np.full((2, 4), np.nan), "not finite|NaN|finite"),
    ],
)
def test_weights_of_another_form_are_refused(weights: Any, says: str) -> None:
    with pytest.raises(CondganError, match=says):
        generator(builtin.get("cgan-lsgan", [*SMALL])).sample_weights(weights)


def test_a_generator_without_classes_takes_no_weights() -> None:
    made = generator(builtin.get("gan-mlp", [*SMALL]))
    with pytest.raises(CondganError, match="unconditional: class weights"):
        made.sample_weights(np.eye(CLASSES))
    with pytest.raises(CondganError, match=r"generator\.condition=none takes no class weights"):
        made.sampler.sample(LATENTS[:4], np.eye(CLASSES, dtype=np.float32))
    with pytest.raises(CondganError, match="expected finite floats"):
        generator(builtin.get("cgan-lsgan", [*SMALL])).sampler.sample(LATENTS[:4], np.ones((4, 3), np.float32))


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_out_of_range_is_refused(label: int) -> None:
    made = generator(builtin.get("cgan-lsgan", [*SMALL]))
    with pytest.raises(CondganError, match=f"label {label}: expected 0 to 3"):
        made.sampler.sample(LATENTS[:2], np.array([0, label]))
