"""What a block draws does not know where blocks begin."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.draws import block, philox
from condgan.draws.block import Block
from condgan.draws.philox import Stream
from condgan.draws.schedule import Plan
from condgan.recipe import builtin

IMAGES, CLASSES, BATCH = 107, 5, 16  # six batches of 16 and one of 11
PLAN = Plan(IMAGES, BATCH, 4)
LABELS = np.random.default_rng(0).integers(0, CLASSES, IMAGES)
KINDS: dict[str, list[str]] = {
    "shared": ["train.fakes=shared"],
    "fresh": ["train.fakes=fresh", "train.critic_steps=3", "train.order=d-first"],
    "real labels": ["train.fakes=fresh", "train.fake_labels=real", "train.order=d-first"],
    "uniform": ["latent.distribution=uniform", "seed=77"],
    "laplace": ["latent.distribution=laplace"],
    "correlated": ["latent.correlation=0.9"],
    "truncated": ["latent.distribution=truncated", "latent.truncation=1"],
    "hypersphere": ["latent.distribution=hypersphere"],
}


class Labelled:
    """Data of nothing but labels, visited in today's order."""

    def __init__(self, labels: np.ndarray[Any, Any]) -> None:
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def order(self, seed: int, epoch: int) -> np.ndarray[Any, Any]:
        return block.order(seed, epoch, len(self.labels))

    def conditions(self, index: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return self.labels[index]


def draw(kind: str, first: int, steps: int, *overrides: str) -> Block:
    recipe = builtin.get("cgan-lsgan", ["latent.dim=3", f"train.batch={BATCH}", *KINDS[kind], *overrides])
    return block.draw(recipe, PLAN, Labelled(LABELS), CLASSES, first, steps)


def arrays(drawn: Block) -> list[np.ndarray[Any, Any]]:
    fakes = [drawn.generator, *drawn.critic]
    return [np.array(drawn.rows), drawn.index, drawn.seeds, *(a for f in fakes for a in (f.latents, f.labels))]


@given(st.sampled_from(sorted(KINDS)), st.integers(0, 20), st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_any_split_draws_the_same(kind: str, first: int, parts: list[int]) -> None:
    whole = arrays(draw(kind, first, sum(parts)))
    starts = first + np.cumsum([0, *parts[:-1]])
    split = [arrays(draw(kind, int(start), steps)) for start, steps in zip(starts, parts, strict=True)]
    for number, array in enumerate(whole):
        assert np.array_equal(array, np.concatenate([part[number] for part in split]))


@given(st.integers(0, 3), st.integers(0, 1000))
def test_every_epoch_visits_each_image_once(epoch: int, seed: int) -> None:
    drawn = draw("shared", epoch * 7, 7, f"seed={seed}")
    assert drawn.rows == (16, 16, 16, 16, 16, 16, 11)
    visited = np.concatenate([index[:rows] for index, rows in zip(drawn.index, drawn.rows, strict=True)])
    assert sorted(visited.tolist()) == list(range(IMAGES))
    assert np.array_equal(visited, philox.permutation(seed, Stream.ORDER, epoch, IMAGES))
    assert not drawn.index[6, 11:].any()


def test_epochs_are_shuffled_anew_and_leave_out_another_image() -> None:
    plan = Plan(33, 16, 20)
    recipe = builtin.get("cgan-lsgan", ["latent.dim=3", "train.batch=16"])
    labels = np.arange(33) % CLASSES
    drawn = block.draw(recipe, plan, Labelled(labels), CLASSES, 0, 40)
    epochs = drawn.index.reshape(20, 32)
    assert len(np.unique(epochs, axis=0)) == 20
    assert all(len(set(epoch.tolist())) == 32 for epoch in epochs)
    left_out = [(set(range(33)) - set(epoch.tolist())).pop() for epoch in epochs]
    assert len(set(left_out)) > 5


def test_fake_labels_are_uniform_whatever_the_data_s_are() -> None:
    recipe = builtin.get("cgan-lsgan", ["latent.dim=1"])
    plan = Plan(1000, 64, 40)
    drawn = block.draw(recipe, plan, Labelled(np.zeros(1000, np.int64)), CLASSES, 0, 400)
    counts = np.bincount(drawn.generator.labels.reshape(-1), minlength=CLASSES)
    expected = counts.sum() / CLASSES
    assert ((counts - expected) ** 2 / expected).sum() < 18.5  # chi-square, 4 degrees of freedom, 0.1 %


def test_fake_labels_can_be_those_of_the_real_batch() -> None:
    drawn = draw("real labels", 0, 10)
    for i, rows in enumerate(drawn.rows):
        for fakes in (drawn.generator, *drawn.critic):
            assert np.array_equal(fakes.labels[i, :rows], LABELS[drawn.index[i, :rows]])


def test_fakes_of_a_step() -> None:
    shared, fresh = draw("shared", 0, 5), draw("fresh", 0, 5)
    assert shared.critic == ()
    assert len(fresh.critic) == 3
    for fakes in (shared.generator, *fresh.critic):
        assert fakes.latents.shape == (5, BATCH, 3)
        assert fakes.latents.dtype == np.float32
        assert fakes.labels.shape == (5, BATCH)
        assert fakes.labels.dtype == np.int64
    latents = [fakes.latents.reshape(-1, 3) for fakes in (fresh.generator, *fresh.critic)]
    every = np.concatenate([*latents, draw("fresh", 5, 5).critic[0].latents.reshape(-1, 3)])
    assert len(np.unique(every, axis=0)) == len(every)  # no latent twice, in any turn or step
    labels = [fakes.labels for fakes in (fresh.generator, *fresh.critic)]
    assert all(not np.array_equal(labels[0], other) for other in labels[1:])


@pytest.mark.parametrize(
    ("kind", "low", "high", "mean", "std"),
    [
        ("shared", -6.7, 6.7, 0, 1),
        ("uniform", 0, 1, 0.5, 12**-0.5),
        ("laplace", -16, 16, 0, 1),
        ("correlated", -6.7, 6.7, 0, 1),
        ("truncated", -1, 1, 0, 0.5396),
        ("hypersphere", -(3**0.5), 3**0.5, 0, 1),
    ],
)
def test_the_recipe_s_noise(kind: str, low: float, high: float, mean: float, std: float) -> None:
    latents = draw(kind, 0, 200).generator.latents
    assert low <= latents.min()
    assert latents.max() <= high
    assert latents.mean() == pytest.approx(mean, abs=0.05)
    assert latents.std() == pytest.approx(std, abs=0.05)


def test_every_step_has_a_seed_of_its_own() -> None:
    assert len(set(draw("shared", 0, 500).seeds.tolist())) == 500
    assert draw("shared", 3, 1).seeds[0] != draw("shared", 3, 1, "seed=1").seeds[0]
