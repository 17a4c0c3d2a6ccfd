"""Walks between classes and between seeds."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan import engines
from condgan.data.dataset import Split
from condgan.draws import philox
from condgan.engines import Settings
from condgan.errors import CondganError
from condgan.generation.generator import Generator
from condgan.generation.walks import CHUNK, places, seeds, slerp
from condgan.recipe import Domain, Latent, builtin

DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)
RANDOM = np.random.default_rng(3)
SPLIT = Split(RANDOM.integers(0, 256, (60, 1, 8, 8), dtype=np.uint8), np.arange(60) % 3)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
SMALL = ("latent.dim=6", "generator.hidden=12,10", "discriminator.hidden=10,12", "train.batch=30", "data.size=8")


def generator(name: str) -> Generator:
    recipe = builtin.get(name, [*SMALL, "optim.lr=0.02"])
    engine = engines.load("torch").build(recipe, DOMAIN, SPLIT, ONE_THREAD)
    engine.run(0, 4)
    return Generator(recipe, DOMAIN, 0, engine.generator_state())


@pytest.fixture(scope="module")
def conditional() -> Generator:
    return generator("cgan-lsgan")


@pytest.fixture(scope="module")
def unconditional() -> Generator:
    return generator("gan-mlp")


def near(one: Any, other: Any) -> bool:
    """Equal but for rounding: a matrix product sums in an order that depends on how many rows it has."""
    return bool(np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int)).max() <= 1)


def test_a_walk_between_classes_is_linear_in_their_weights(conditional: Generator) -> None:
    walk = conditional.walk("a,c,b", frames=9, seed=4, first=2)
    weights = np.zeros((9, 3))
    weights[:5, 0], weights[:5, 2] = np.linspace(1, 0, 5), np.linspace(0, 1, 5)
    weights[4:, 2], weights[4:, 1] = np.linspace(1, 0, 5), np.linspace(0, 1, 5)
    one_by_one = [conditional.sample_weights(row[None], seed=4, first=2)[0] for row in weights]
    assert walk.shape == (9, 1, 8, 8)
    assert near(walk, one_by_one)
    assert near(walk[[0, 4, 8]], [conditional.sample(name, seed=4, first=2)[0] for name in "acb"])
    assert not np.array_equal(walk[0], walk[8])


def test_a_walk_between_seeds_is_spherical(conditional: Generator) -> None:
    walk = conditional.walk(["seed:1", "seed:2"], frames=5, condition="b", first=3)
    one, other = (philox.latents(conditional.recipe.latent, seed, [3])[0].astype(float) for seed in (1, 2))
    angle = np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    shares = np.linspace(0, 1, 5)[:, None]
    latents = (np.sin((1 - shares) * angle) * one + np.sin(shares * angle) * other) / np.sin(angle)
    assert near(walk, conditional.sampler.sample(latents.astype(np.float32), np.ones(5, np.int64)))
    for frame, seed in ((0, 1), (4, 2)):
        assert near(walk[frame], conditional.sample("b", seed=seed, first=3)[0])


def test_a_walk_is_the_same_in_parts(conditional: Generator) -> None:
    long = conditional.walk("ab", frames=2 * CHUNK + 5)
    assert len(long) == 2 * CHUNK + 5
    assert near(long[::2], conditional.walk("ab", frames=CHUNK + 3))


def test_a_walk_between_correlated_latents_stays_among_them() -> None:
    latent, count = Latent(dim=200, correlation=0.8), 4000
    one, other = (philox.latents(latent, seed, np.arange(count)) for seed in (1, 2))
    lags = np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
    middle = np.cov(slerp(one, other, np.full(count, 0.5)).T)
    for lag in range(6):
        assert middle[lags == lag].mean() == pytest.approx(0.8**lag, abs=0.02)


def test_without_classes_only_seeds_are_stops(unconditional: Generator) -> None:
    walk = unconditional.walk("seed:1, seed:2,seed:1", frames=7)
    assert near(walk[[0, 3, 6]], [unconditional.sample_any(1, seed=seed)[0] for seed in (1, 2, 1)])
    with pytest.raises(CondganError, match="unconditional and has no classes: `walk=seed:1,seed:2`"):
        unconditional.walk("a,b")
    with pytest.raises(CondganError, match="no classes: leave out a"):
        unconditional.walk("seed:1,seed:2", condition="a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stops": "a"}, "1 stop: expected two or more"),
        ({"stops": "a,x"}, 'no class "x"'),
        ({"stops": [0, 1]}, 'no class "0".*`index`'),
        ({"stops": "seed:1,b"}, "either classes, or seeds"),
        ({"stops": "seed:-1,seed:2"}, "either classes, or seeds"),
        ({"stops": "seed:,seed:2"}, "either classes, or seeds"),
        ({"stops": f"seed:{1 << 63},seed:2"}, "seed=9223372036854775808: expected 0"),
        ({"stops": "seed:1,seed:2"}, "a walk between seeds shows one class, as a"),
        ({"stops": "a,b", "condition": "c"}, "leave out the other class"),
        ({"stops": "a,b,c", "frames": 2}, "frames=2: expected 3 to 10000"),
        ({"stops": "a,b", "frames": 10_001}, "expected 2 to 10000"),
        ({"stops": "a,b", "frames": 2.5}, "expected 2 to 10000"),
        ({"stops": "a,b", "seed": -1}, "seed=-1"),
        ({"stops": 5}, 'no class "5"'),
        ({"stops": 2.5}, "expected classes"),
        ({"stops": ""}, "empty sequence"),
    ],
)
def test_bad_walks_are_refused(options: dict[str, Any], message: str, conditional: Generator) -> None:
    with pytest.raises(CondganError, match=message):
        conditional.walk(**options)


def test_a_walk_needs_classes_rather_than_vectors() -> None:
    vectors = Domain(channels=1, size=8, condition=2, data="noise", data_sha256="0" * 64)
    recipe = builtin.get("cgan-lsgan", [*SMALL, "generator.condition=vector", "discriminator.condition=vector"])
    split = Split(SPLIT.images, RANDOM.normal(size=(60, 2)).astype(np.float32))
    engine = engines.load("torch").build(recipe, vectors, split, ONE_THREAD)
    made = Generator(recipe, vectors, 0, engine.generator_state())
    for stops in ("a,b", "seed:1,seed:2"):
        with pytest.raises(CondganError, match="has vector conditions: `walk` needs classes"):
            made.walk(stops)


def test_classes_that_are_named_as_seeds_are_classes() -> None:
    of = DOMAIN.model_copy(update={"class_names": ("seed:1", "seed:2")})
    assert seeds("seed:1,seed:2", of) is None
    assert seeds("seed:1,seed:3", of) == [1, 3]


@given(st.integers(2, 30), st.integers(0, 200))
def test_each_stop_is_a_frame_and_frames_are_even(stops: int, more: int) -> None:
    place = places(stops, stops + more)
    assert set(range(stops)) <= set(place.tolist())
    assert (place[0], place[-1], len(place)) == (0, stops - 1, stops + more)
    steps = np.diff(place)
    assert steps.min() > 0
    legs = 1 / steps
    assert legs.max() - legs.min() < 1 + 1e-6  # frames between two stops differ by one at most


@given(st.integers(1, 9), st.integers(0, 2**32), st.floats(0, 1))
def test_slerp(dim: int, seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    one, other = random.normal(size=(2, 1, dim)).astype(np.float32)
    assert np.array_equal(slerp(one, other, np.zeros(1)), one)
    assert np.array_equal(slerp(one, other, np.ones(1)), other)
    assert np.allclose(slerp(one, one, np.array([share])), one, atol=1e-6)
    assert np.isfinite(slerp(one, -one, np.array([share]))).all()
    assert np.isfinite(slerp(0 * one, other, np.array([share]))).all()
    unit, end = (row / np.linalg.norm(row) for row in (one, other))
    if dim > 1:  # between unit vectors it stays on the sphere, at a share of the angle
        between = slerp(unit, end, np.array([share])).astype(float)
        whole = np.arccos(np.clip((unit * end).sum(), -1, 1))
        if 1e-2 < whole < 3.13:
            assert np.isclose(np.linalg.norm(between), 1, atol=1e-4)
            angle = np.arccos(np.clip((unit * between).sum(), -1, 1))
            assert np.isclose(angle, share * whole, atol=2e-3)
