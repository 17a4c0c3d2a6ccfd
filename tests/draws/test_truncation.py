"""Truncated latents against their laws, and against the quantiles of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from condgan.draws import philox, truncation
from condgan.errors import ArgumentError
from condgan.recipe import Latent

LATENTS = {
    "normal": Latent(dim=50),
    "laplace": Latent(dim=50, distribution="laplace"),
    "truncated": Latent(dim=50, distribution="truncated", truncation=1.5),
    "uniform": Latent(dim=50, distribution="uniform", low=-1),
    "half": Latent(dim=50, distribution="uniform"),
}
LAWS = {"normal": stats.norm(), "laplace": stats.laplace(scale=np.sqrt(0.5)), "truncated": stats.truncnorm(-1.5, 1.5),
        "uniform": stats.uniform(-1, 2), "half": stats.uniform(0, 1)}  # fmt: skip
bounds = st.floats(0.01, 8)


@pytest.mark.parametrize("name", LATENTS)
@given(bound=bounds, seed=st.integers(0, 2**40))
def test_numbers_keep_their_quantile_within_the_bound(name: str, bound: float, seed: int) -> None:
    law = LAWS[name]
    drawn = philox.latents(LATENTS[name], seed, np.arange(3))
    moved = truncation.truncated(LATENTS[name], drawn, bound)
    assert moved.dtype == np.float32
    assert np.abs(moved).max() <= np.float32(bound)
    low, high = law.cdf(-bound), law.cdf(bound)
    expected = law.ppf(low + law.cdf(drawn.astype(np.float64)) * (high - low))
    assert np.allclose(moved, expected, atol=2e-6)


@pytest.mark.parametrize("name", LATENTS)
def test_the_law_is_that_of_drawing_again_what_lies_outside(name: str) -> None:
    law = LAWS[name]
    moved = truncation.truncated(LATENTS[name], philox.latents(LATENTS[name], 0, np.arange(200)), 0.7).ravel()
    drawn = philox.latents(LATENTS[name], 1, np.arange(1000)).ravel()
    assert stats.ks_2samp(moved, drawn[np.abs(drawn) <= 0.7]).pvalue > 1e-3
    assert law.cdf(0.7) - law.cdf(-0.7) < 1


@given(bound=bounds, more=st.floats(0, 3))
def test_a_wider_bound_moves_numbers_outwards(bound: float, more: float) -> None:
    drawn = philox.latents(LATENTS["normal"], 0, np.arange(3))
    narrow, wide = (truncation.truncated(LATENTS["normal"], drawn, min(8, one)) for one in (bound, bound + more))
    assert (np.abs(narrow) <= np.abs(wide) + 1e-6).all()
    assert (np.sign(narrow) == np.sign(drawn)).all()


def test_a_bound_beyond_all_numbers_changes_nothing() -> None:
    for name in ("normal", "truncated", "uniform"):
        drawn = philox.latents(LATENTS[name], 0, np.arange(3))
        assert np.allclose(truncation.truncated(LATENTS[name], drawn, 8), drawn, atol=1e-6)


@pytest.mark.parametrize("bound", [0, -1, 8.1, float("nan"), float("inf"), True, "1"])
def test_other_bounds_are_refused(bound: float) -> None:
    with pytest.raises(ArgumentError, match="above 0"):
        truncation.truncated(LATENTS["normal"], np.zeros((1, 50), np.float32), bound)


def test_a_sphere_is_refused() -> None:
    with pytest.raises(ArgumentError, match="sphere"):
        truncation.truncated(Latent(dim=3, distribution="hypersphere"), np.zeros((1, 3), np.float32), 1)
