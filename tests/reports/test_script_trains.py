"""Trainings by scripts and by condgan, from several seeds: their generators are equally good."""

import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import ttest_ind

import condgan
from condgan import engines
from condgan.data import load as load_data
from condgan.engines.torch.networks import Generator
from condgan.errors import DivergedError
from condgan.recipe import Data, Domain, builtin
from condgan.reports.script import script
from condgan.training.monitor import Monitor
from scripts import DIGITS, idx, module

Figures = dict[str, npt.NDArray[np.float64]]
SEEDS = 3
IMAGES, TEST = 10_000, 1_000  # of MNIST
CHANGES = ("train.epochs=2", "evaluation.images=2000")
COMPARED = ("label_accuracy", "fid_mnist", "swd")
LEAST = 0.001  # of a p-value: 7 recipes have 20 of them


def some_of_mnist(folder: Path) -> Path:
    """The first training images of MNIST as IDX files, and some test images, so that none is kept from training."""
    mnist = load_data(Data(source="mnist"))
    idx(folder, mnist.train.images[:IMAGES, 0], mnist.train.labels[:IMAGES])
    return idx(folder, mnist.test.images[:TEST, 0], mnist.test.labels[:TEST], "t10k")


def measured(name: str, folder: Path, place: Path, seeds: int = SEEDS) -> tuple[Figures, Figures]:
    """The figures of as many trainings by condgan, and by the script, of 2000 images each: by name, (seeds,).

    A training that diverges has none, as one in eight of `cgan-paper` does by either.
    """
    recipe = builtin.get(name, CHANGES)
    domain = Domain(channels=1, size=recipe.data.size, class_names=DIGITS, data="mnist", data_sha256="0" * 64)
    names = list(Generator(recipe.generator, recipe.latent.dim, domain).state_dict())
    monitor = Monitor(recipe, load_data(Data(source="mnist", train_on="auto")), 1)
    found: tuple[list[dict[str, float | None]], ...] = ([], [])
    for seed in range(seeds):
        changes = (*CHANGES, f"seed={seed}")
        aside = ("machine.threads=1", "evaluation.every=none", "output.grid_every=10000000")
        states: list[dict[str, npt.NDArray[np.float32]]] = [{}, {}]
        with suppress(DivergedError):
            run = condgan.train(name, *changes, *aside, data=folder, run=place / f"{name}-{seed}")
            states[0] = dict(condgan.load(run).state)
        with suppress(AssertionError):  # of a loss that is no number
            module(script(name, *changes)).main(str(folder))
            with np.load("generator.npz") as file:
                states[1] = dict(zip(names, (file[named] for named in file.files), strict=True))
        for weights, rows in zip(states, found, strict=True):
            if weights:
                figures, *_ = monitor.measure(engines.load("torch").sampler(recipe, domain, weights))
                rows.append({named: figure.value for named, figure in figures.items()})
    ours, its = (
        {named: np.array([row[named] for row in rows], float) for named in rows[0] if rows[0][named] is not None}
        for rows in found
    )
    return ours, its


@pytest.mark.slow
@pytest.mark.parametrize("name", [recipe.name for recipe in builtin.TABLE])
def test_its_generator_is_as_good(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours, its = measured(name, some_of_mnist(tmp_path / "mnist"), tmp_path)
    compared = [figure for figure in COMPARED if figure in ours]
    assert len(compared) >= 2
    for figure in compared:
        assert ttest_ind(ours[figure], its[figure], equal_var=False).pvalue > LEAST, (figure, ours, its)


if __name__ == "__main__":  # the table in docs/reports.md
    here = Path(sys.argv[1])
    here.mkdir(parents=True)
    given = some_of_mnist(here / "mnist")
    for each in builtin.TABLE:
        for who, figures in zip(("condgan", "script"), measured(each.name, given, here), strict=True):
            print(each.name, who, {named: values.round(4).tolist() for named, values in figures.items()}, flush=True)
