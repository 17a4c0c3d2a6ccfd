from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from condgan.arrays import Images, Labels
from condgan.errors import UndefinedError
from condgan.metrics import feature_network
from condgan.metrics.two_sample import FOLDS, folds, two_sample

STEPS = 120  # with fewer the running averages of the normalisation are not those of the images


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with feature_network.computing(1):
        yield


def spots(count: int, seed: int, side: int = 8) -> tuple[Images, Labels]:
    """Images of two classes: darker noise, and brighter noise."""
    random, labels = np.random.default_rng(seed), np.arange(count) % 2
    images = random.normal(100, 20, (count, 1, side, side)) + 60 * labels[:, None, None, None]
    return images.clip(0, 255).astype(np.uint8), labels


def test_images_of_one_distribution_are_told_apart_by_chance() -> None:
    """Though a network could learn each of these by heart: none judges what it has seen."""
    (real, labels), (made, _) = spots(200, 0), spots(200, 1)
    found = two_sample(real, made, labels, 60)
    assert found.se is not None
    assert abs(found.value - 0.5) < 4 * found.se
    assert two_sample(real, real[::-1], labels[::-1], 60).value < 0.5 + 4 * found.se


@pytest.mark.parametrize("change", ["striped", "blurred", "a class missing"])
def test_what_is_not_real_is_told_from_it(change: str) -> None:
    real, labels = spots(200, 0)
    made = spots(200, 1)[0].copy()
    if change == "striped":
        made[..., ::2] = 0
    elif change == "blurred":
        made = np.broadcast_to(made.mean((2, 3), keepdims=True), made.shape).astype(np.uint8)
    else:
        made[labels == 1] = spots(200, 2)[0][labels == 0]
    found = two_sample(real, made, labels, STEPS)
    assert found.value > (0.65 if change == "a class missing" else 0.95)  # where 3 of 4 are told at best


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 4])
def test_the_standard_error_is_the_spread_over_pairs_of_sets(step: int) -> None:
    """Of real images against real ones, and against some that are a little brighter."""
    draws = []
    for seed in range(30):
        (real, labels), (made, _) = spots(100, 2 * seed), spots(100, 2 * seed + 1)
        draws.append(two_sample(real, np.minimum(made, 251) + np.uint8(step), labels, STEPS, seed))
    stated = np.mean([draw.se for draw in draws if draw.se is not None])
    assert 1 / 1.5 < stated / np.std([draw.value for draw in draws], ddof=1) < 1.5


def test_it_depends_on_its_seed_only() -> None:
    (real, labels), (made, _) = spots(100, 0), spots(100, 1)
    before = torch.random.get_rng_state()
    first = two_sample(real, made, labels, 8, 3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.rand(5)
    said: list[str] = []
    assert two_sample(real, made, labels, 8, 3, said.append) == first
    assert said == [f"two-sample test: fold {fold} of {FOLDS}" for fold in range(1, FOLDS + 1)]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 2**32 - 1))
def test_every_fold_has_equally_many_of_each_class(classes: list[int], seed: int) -> None:
    fold = folds(np.array(classes), seed)
    assert np.ptp(np.bincount(fold, minlength=FOLDS)) <= 1
    for label in set(classes):
        assert np.ptp(np.bincount(fold[np.array(classes) == label], minlength=FOLDS)) <= 1


def test_two_sample_refuses_what_has_no_value() -> None:
    images, labels = spots(100, 0)
    with pytest.raises(UndefinedError, match="99 real and as many generated images: at least 100"):
        two_sample(images[1:], images[1:], labels[1:])
    with pytest.raises(ValueError, match="100 real and 99 generated"):
        two_sample(images, images[1:], labels)
