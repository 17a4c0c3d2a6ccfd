"""The classes in a picture of few or many classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.arrays import Conditions, Latents, Samples
from condgan.generation import jobs
from condgan.generation.jobs import GRID_ROWS
from condgan.generation.sampling import MOST_COLUMNS, result_labels, shown
from condgan.pictures import images
from condgan.recipe import Domain, builtin


def domain(classes: int) -> Domain:
    names = tuple(f"{label:03}" for label in range(classes))
    return Domain(channels=1, size=8, class_names=names, data="toy", data_sha256="0" * 64)


@given(st.integers(1, 3000))
def test_all_classes_are_shown_or_some_at_even_distances(classes: int) -> None:
    chosen = shown(domain(classes))
    assert chosen.dtype == np.int64
    if classes <= MOST_COLUMNS:
        assert chosen.tolist() == list(range(classes))
    else:
        assert (len(chosen), chosen[0], chosen[-1]) == (MOST_COLUMNS, 0, classes - 1)
        assert np.diff(chosen).min() >= 1
        assert np.ptp(np.diff(chosen)) <= 1


class RecordingSampler:
    """Keeps the labels of its last call, and returns black images."""

    def sample(self, latents: Latents, labels: Conditions) -> Samples:
        self.labels = labels
        return np.zeros((len(latents), 1, 8, 8), np.uint8)


def test_a_grid_of_many_classes_names_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[object] = []
    drawn = images.grid
    monkeypatch.setattr(images, "grid", lambda pictures, *rest: (titles.append(rest), drawn(pictures, *rest))[1])
    recipe, sampler = builtin.get("cgan-lsgan", []), RecordingSampler()
    jobs.grid(recipe, domain(1000), seed=0).draw(jobs.Moment(sampler, recipe, domain(1000)))
    columns = shown(domain(1000))
    assert sampler.labels.tolist() == columns.tolist() * GRID_ROWS
    assert titles == [(MOST_COLUMNS, tuple(f"{label:03}" for label in columns), 6)]
    assert result_labels(recipe, domain(1000)).tolist() == columns.tolist()
