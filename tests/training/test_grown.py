"""Trainings that grow: they go on exactly from the middle of a fade, and each kept generator stands where it stood."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import condgan
from condgan.draws import schedule
from condgan.draws.schedule import Plan
from condgan.recipe import Growing
from condgan.runs import checkpoint
from condgan.runs.run import Run

PLAN = Plan(images=300, batch=64, epochs=4)  # images of 8 px, which begin at 4
GROWING = Growing(images=300, fade=600)  # the second and third epochs fade
GROWS = (f"growing.images={GROWING.images}", f"growing.fade={GROWING.fade}")
CASES = {
    "dcgan": ("generator.network=dcgan", "discriminator.network=dcgan", "generator.norm=batch"),
    "averaged": ("generator.network=dcgan", "discriminator.network=dcgan", "generator.norm=batch", "train.ema=0.9"),
    "residual": ("generator.network=residual", "discriminator.network=residual", "optim.d.name=radam"),
}


def options(case: str, digits: Path) -> tuple[str, ...]:
    small = ("data.size=8", "latent.dim=6", "generator.width=4", "discriminator.width=4", "optim.lr=2e-3")
    kept = ("output.keep_every=1", "evaluation.every=none", "output.grid_every=100000", "machine.threads=1")
    return (*CASES[case], *GROWS, *small, *kept, f"data.source={digits}")


@pytest.fixture(scope="module", params=CASES)
def case(request: Any) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def whole(case: str, digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return condgan.train("cgan-bce", *options(case, digits), epochs=4, run=tmp_path_factory.mktemp("grown") / "whole")


def state(run: Any) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in checkpoint.load(Run(run.folder).checkpoint()).state.items()}


def standing(epoch: int) -> float:
    """Before the last step of an epoch, by which all of it was trained."""
    return schedule.grown(GROWING, 2, epoch * PLAN.steps_per_epoch - 1, PLAN)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_it_goes_on_exactly(case: str, whole: Any, epochs: int, digits: Path, tmp_path: Path) -> None:
    part = condgan.train("cgan-bce", *options(case, digits), epochs=epochs, run=tmp_path / "part")
    assert (0 < standing(epochs) < 1) == (epochs > 1)  # stopped at the smallest resolution, or in the fade
    stopped = state(part)
    resumed = state(condgan.resume(part, epochs=4))
    assert resumed == state(whole)
    assert resumed != stopped


@pytest.mark.parametrize("epoch", [1, 2, 3, 4])
def test_a_kept_generator_draws_what_the_training_drew_then(
    case: str, whole: Any, epoch: int, digits: Path, tmp_path: Path
) -> None:
    kept = condgan.load(f"{whole.folder}@{epoch}")
    then = condgan.load(condgan.train("cgan-bce", *options(case, digits), epochs=epoch, run=tmp_path / "then"))
    assert float(kept.state["body.grown"]) == pytest.approx(standing(epoch))
    images = kept.sample("0123456789", seed=3)
    assert np.array_equal(images, then.sample("0123456789", seed=3))
    blocks = images[..., ::2, ::2].repeat(2, -2).repeat(2, -1)
    assert np.array_equal(images, blocks) == (epoch == 1)  # 4 px, each pixel twice as wide and high
