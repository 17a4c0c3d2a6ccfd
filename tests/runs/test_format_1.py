"""Run folders of the first format, made before there were statuses, typed records and recipes of format 2."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import condgan
from condgan.evaluation.subjects import find
from condgan.results.records import EvaluationRecord, StepRecord
from condgan.runs import checkpoint
from condgan.runs.run import Run

FOLDERS = Path(__file__).parent / "format-1"
DIGITS = FOLDERS / "digits.npz"
DATA = {"evaluated": None, "stopped": str(DIGITS), "photos-run": str(FOLDERS / "photos")}
EPOCHS = {"evaluated": 2, "stopped": 3, "photos-run": 4}
RUNS = tuple(DATA)
ROUNDING = {"rtol": 2e-3, "atol": 2e-4}
"""Other processors and libraries add in another order; over the few hundred steps of these runs it does not show in the
first three digits."""


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDERS / request.param, tmp_path / request.param))


def expected(name: str) -> dict[str, np.ndarray]:
    """What the version that made the folder sampled from it, and made of it by resuming."""
    with np.load(FOLDERS / f"{name}-expected.npz") as arrays:
        return dict(arrays)


def alike(pictures: np.ndarray, others: np.ndarray) -> bool:
    """Equal but for a grey level here and there."""
    return bool(np.abs(pictures.astype(int) - others.astype(int)).max() <= 1)


def sampled(generator: condgan.Generator) -> np.ndarray:
    """An image of each class."""
    return generator.sample(index=range(generator.domain.classes), seed=5)


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_it_opens_and_samples(folder: Path) -> None:
    run = Run.open(folder)
    assert run.recipe.format == 3
    assert run.recipe.data.reading == (2 if folder.name == "evaluated" else 1)  # MNIST is read as ever
    assert run.recipe.machine.engine == "torch"
    assert run.status.state == {"stopped": "stopped"}.get(folder.name, "finished")
    pictures = sampled(condgan.load(folder))
    assert alike(pictures, expected(folder.name)["now"])
    assert (sampled(condgan.load(folder / "generator.safetensors")) == pictures).all()
    assert find(folder, DATA[folder.name], [], 0, "last", None).conditional


@pytest.mark.parametrize("folder", ["evaluated"], indirect=True)
def test_its_log_is_read(folder: Path) -> None:
    run = Run.open(folder)
    steps = [record for record in run.records() if isinstance(record, StepRecord)]
    assert steps[0].step == 50
    assert set(steps[0].mean) == {"d_loss", "g_loss", "d_real", "d_fake", "g_gradient"}
    assert steps[0].spread == steps[0].last == {}
    evaluations = run.evaluations()
    assert [record.images for record in evaluations] == [30016, 60000]
    assert all(isinstance(record, EvaluationRecord) and len(record.per_class or ()) == 10 for record in evaluations)
    assert {figure.space for figure in evaluations[0].evaluation.values()} == {"", "mnist"}


@pytest.mark.parametrize("folder", RUNS, indirect=True)
def test_it_is_resumed_as_by_the_version_that_made_it(folder: Path) -> None:
    before = checkpoint.load(folder / "checkpoints/last.safetensors")
    assert (folder.name == "stopped") == bool(len(before.pending["d_loss"]))
    run = condgan.resume(folder, data=DATA[folder.name], epochs=EPOCHS[folder.name])
    arrays = expected(folder.name)
    weights = load_file(run.generator_file)
    assert {f"generator.{name}" for name in weights} == {name for name in arrays if name.startswith("generator.")}
    for name, values in weights.items():
        np.testing.assert_allclose(values, arrays[f"generator.{name}"], **ROUNDING, err_msg=name)
    assert alike(sampled(run.generator()), arrays["pictures"])
    assert run.domain().data_sha256 == before.domain.data_sha256  # images, splits and order are equal to the bit
    steps = [record for record in run.records() if isinstance(record, StepRecord)]
    assert all(np.isfinite(list(record.mean.values())).all() for record in steps)
    assert steps[-1].last.keys() >= {"d_loss", "g_loss"}
    assert run.status.state == "finished"


@pytest.mark.parametrize("folder", ["photos-run"], indirect=True)
def test_its_files_are_read_as_by_the_version_that_made_it(folder: Path) -> None:
    """Transparent, 16-bit and non-square images, grey stored in colour; and ``output.sequence`` names positions."""
    from condgan.generation.sampling import result_labels

    run = Run.open(folder)
    assert run.recipe.data.reading == 1
    assert run.recipe.data.split_seed == run.recipe.seed == 3
    assert result_labels(run.recipe, run.domain()).tolist() == [2, 0]  # Sample003 and Sample001
    with pytest.raises(condgan.CondganError, match="Sample002"):
        condgan.load(folder).sample("2")
