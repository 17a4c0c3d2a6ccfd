"""Scripts in Jittor: they run alone, and take the steps of those in torch."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from condgan.engines.jittor import setting_up
from condgan.reports.script import script
from scripts import SAME_DRAWS, fed, idx, module, of, pair

pytestmark = pytest.mark.jittor
STEPS = 5
ONE_SHAPE = "train.batch=150"  # a ragged batch would be compiled for once more


def jittor() -> Any:
    """The package, imported as the engine imports it."""
    setting_up.ready()
    import jittor

    return jittor


def written_pair(name: str, *overrides: str) -> tuple[Any, Any]:
    """The torch engine of a recipe, and its script in Jittor with the engine's weights."""
    jt = jittor()
    engine, _ = pair(name, *overrides)
    written = module(script(engine.recipe, engine="jittor"))
    state = {named: array for named, array in engine.state().items() if not named.endswith("num_batches_tracked")}
    for player in ("generator", "discriminator"):
        for var, array in zip(getattr(written, player).state_dict().values(), of(state, player), strict=True):
            assert tuple(var.shape) == array.shape
            var.assign(jt.array(array))
    return engine, written


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cgan-lsgan-jgan", ()),
        ("cgan-bce", ()),
        ("cgan-paper", ()),
        ("cgan-bn-prelu-adamw", ("discriminator.norm=batch",)),
        # SGD: Adam makes whole steps of the rounding errors of a gradient that is 0
        ("gan-mlp", ("loss.name=hinge", "optim.name=sgd", "optim.lr=0.1")),
    ],
)
def test_its_steps_are_those_of_torch(name: str, changes: tuple[str, ...], tiny: dict[str, tuple[str, ...]]) -> None:
    jt = jittor()
    engine, written = written_pair(name, *tiny[name], *SAME_DRAWS, ONE_SHAPE, *changes)
    found = np.array([[float(loss) for loss in losses] for losses in fed(engine.recipe, written, STEPS, jt.array)])
    figures = engine.run(0, STEPS)
    expected = np.stack([figures["d_loss"], figures["g_loss"]], axis=1)
    assert len(np.unique(expected, axis=0)) == STEPS
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "drops"), [("cgan-lsgan", True), ("cgan-lsgan-jgan", False)])
def test_dropout_is_at_work_where_the_recipe_has_it(name: str, drops: bool, tiny: dict[str, tuple[str, ...]]) -> None:
    jt = jittor()
    _, written = written_pair(name, *tiny[name])
    images, labels = jt.array(np.ones((20, 64), np.float32)), jt.array(np.arange(20) % 10)
    first, second = (written.discriminator(images, labels).numpy() for _ in range(2))
    assert (not np.array_equal(first, second)) is drops


def test_it_runs_alone(tiny: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    folder = idx(tmp_path / "idx", random.integers(0, 256, (128, 28, 28)), np.arange(128) % 10)
    (tmp_path / "empty").mkdir()
    (tmp_path / "gan.py").write_text(script("cgan-lsgan", *tiny["cgan-lsgan"], "train.epochs=2", engine="jittor"))
    call = [sys.executable, tmp_path / "gan.py", folder]
    around = os.environ | setting_up.environment()  # as for the engine: a cache of its own, and no GPU
    done = subprocess.run(call, cwd=tmp_path / "empty", env=around, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("[Epoch ")]
    assert [line.partition(" [D")[0] for line in lines] == [f"[Epoch {epoch}/2] [Batch 0/2]" for epoch in (0, 1)]
    with np.load(tmp_path / "empty" / "generator.npz") as file:
        assert all(np.isfinite(file[name]).all() for name in file.files)
        assert {(6 + 10, 12), (12, 64)} <= {array.T.shape for array in map(file.get, file.files)}
    assert (tmp_path / "empty" / "images" / "last.png").is_file()
