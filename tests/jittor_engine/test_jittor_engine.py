"""The Jittor engine by itself: exact resume, one format with torch, and what it says of bad input."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import ASKED, build, twins

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines.jittor import setting_up
from condgan.errors import CondganError, DivergedError
from condgan.generation import generator
from condgan.recipe import Domain
from condgan.runs.run import Run
from condgan.training import training

pytestmark = pytest.mark.jittor
Process = Callable[..., Any]
TINY = ("evaluation.every=none", "data.size=8", "latent.dim=6", "generator.hidden=12,12", "discriminator.hidden=12,12")
OURS = ("engine=jittor", "machine.threads=1", *TINY)


def same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return list(first) == list(second) and all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    "chosen",
    [
        ("cgan-lsgan", "train.ema=0.9"),  # with dropout
        ("cgan-paper",),
        ("mnist", "discriminator.spectral=true", "penalty.zero_centred=1", "augment.policy=translation,cutout"),
        ("cgan-bce", "augment.policy=brightness", "augment.target=0.6", "augment.noise=0.1", "loss.flip=0.1"),
    ],
)
def test_a_resumed_training_is_bit_for_bit_the_same(chosen: tuple[str, ...]) -> None:
    whole = build("jittor", *chosen)
    figures = whole.run(0, 10)
    first, second = build("jittor", *chosen), build("jittor", *chosen)
    before = first.run(0, 4)
    second.load(first.state())
    after = second.run(4, 6)
    assert same(second.state(), whole.state())
    assert same({name: np.concatenate([before[name], after[name]]) for name in figures}, figures)


def test_what_is_computed_does_not_depend_on_where_arrays_lie() -> None:
    """A result that lies next to what it is computed from is computed by other instructions: the sums must be equal."""
    setting_up.ready()
    import jittor as jt

    random, kept = np.random.default_rng(1), []
    for _ in range(20):
        rows, shift, mean = (random.standard_normal(shape).astype(np.float32) for shape in ((32, 12), (12,), (12,)))
        rows[:-1] = 0  # the last one decides the last bits
        results = set()
        for between in (0, 1):
            a, b = jt.array(shift), jt.array(mean)
            jt.sync([a, b])
            x = jt.array(rows)
            jt.sync([x])
            gap = [jt.array(mean) for _ in range(between)]
            jt.sync(gap)
            found = (x + a - b).sqr().mean(dim=0)
            results.add(found.numpy().tobytes())
            kept.append((a, b, x, gap, found))  # what is freed would be used again, wherever it lies
        assert len(results) == 1


def test_dropout_is_at_work_and_differs_from_step_to_step() -> None:
    """Jittor's networks do not train with dropout unless they are told to."""
    with_it, without = build("jittor", "cgan-lsgan"), build("jittor", "cgan-lsgan", "discriminator.dropout=0")
    start = with_it.state()
    without.load(start)
    first = with_it.run(0, 1)["d_real"]
    assert first != without.run(0, 1)["d_real"]
    with_it.load(start)
    assert with_it.run(0, 1)["d_real"] == first
    scores = [engine.score(engine.rows.images, engine.rows.labels) for engine in (with_it, with_it)]
    assert np.array_equal(*scores)  # none of it in eval mode


@pytest.mark.parametrize(("seed", "equal"), [(0, True), (1, False)])
def test_the_seed_decides_the_first_weights(seed: int, equal: bool) -> None:
    first, second = build("jittor", "cgan-bce").state(), build("jittor", "cgan-bce", f"seed={seed}").state()
    assert same(first, second) is equal


# One format


@pytest.mark.parametrize(
    "chosen",
    [("cgan-paper",), ("mnist", "discriminator.spectral=true", "train.ema=0.9"), ("cgan-bce", "optim.name=rmsprop")],
)
def test_a_state_goes_from_one_engine_to_the_other_and_back(chosen: tuple[str, ...]) -> None:
    torch, jittor = build("torch", *chosen), build("jittor", *chosen)
    torch.run(0, 3)
    state = torch.state()
    jittor.load(state)
    assert {name: (array.shape, array.dtype) for name, array in jittor.state().items()} == {
        name: (array.shape, array.dtype) for name, array in state.items()
    }
    assert all(np.array_equal(jittor.state()[name], state[name]) for name in state)
    jittor.run(3, 3)
    torch.load(jittor.state())
    assert all(np.array_equal(torch.state()[name], array) for name, array in jittor.state().items())


@pytest.mark.parametrize("engine", ["torch", "jittor"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("generator.body.out.bias"), '"generator.body.out.bias" is missing'),
        (lambda state: state.update(other=np.zeros(2)), '"other" has no place'),
        (
            lambda state: state.update({"generator.body.out.bias": np.zeros(3, np.float32)}),
            "(3,), expected float32 (64,)",
        ),
        (lambda state: state.update({"generator.body.out.bias": np.zeros(64)}), "is float64 (64,)"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(
    engine: str, change: Callable[[dict[str, Any]], Any], says: str
) -> None:
    found = build(engine, "cgan-bce")
    before = found.state()
    state = build("torch" if engine == "jittor" else "jittor", "cgan-bce").state()
    change(state)
    with pytest.raises(CondganError) as caught:
        found.load(state)
    assert says in str(caught.value)
    assert same(found.state(), before)


def test_either_engine_samples_what_the_other_trained(tmp_path: Path, digits: Path) -> None:
    for engine in ("torch", "jittor"):
        run = training.train(
            "cgan-lsgan", f"engine={engine}", "machine.threads=1", *TINY, data=digits, epochs=2, run=tmp_path / engine
        )
        pictures = {}
        for path in (run.folder, run.folder / "generator.safetensors"):
            for by in ("torch", "jittor"):
                made = generator.load(path, engine=by)
                assert (made.engine, made.recipe.machine.engine) == (by, engine)
                pictures[path, by] = made.sample("0123456789" * 3, seed=3).astype(int)
        for made_by in pictures.values():
            assert np.abs(made_by - pictures[run.folder, engine]).max() <= 1
        alone = generator.load(run.folder, engine="jittor").sample("7", seed=3, first=7)
        assert np.array_equal(alone[0], pictures[run.folder, "jittor"][7])


def test_a_run_goes_on_in_the_other_engine(tmp_path: Path, digits: Path) -> None:
    run = training.train("cgan-lsgan-jgan", *OURS, data=digits, epochs=1, run=tmp_path / "run")
    training.resume(run.folder, "engine=torch", epochs=2)
    assert Run.open(run.folder).recipe.machine.engine == "torch"
    training.resume(run.folder, "engine=jittor", epochs=3)
    whole = training.train("cgan-lsgan-jgan", *OURS, data=digits, epochs=3, run=tmp_path / "whole")
    mixed, straight = (generator.load(path.folder).state for path in (run, whole))
    for name, array in straight.items():
        np.testing.assert_allclose(mixed[name], array, atol=2e-3)


def test_a_killed_run_is_resumed_exactly(tmp_path: Path, digits: Path) -> None:
    whole = training.train("cgan-lsgan", *OURS, data=digits, epochs=60, run=tmp_path / "whole")
    cut = tmp_path / "cut"
    command = [sys.executable, "-m", "condgan", "train", "cgan-lsgan", *OURS, "output.checkpoint_every=0.5"]
    command += ["--data", str(digits), "--epochs", "60", "--run", str(cut)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not (cut / "checkpoints" / "last.safetensors").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    training.resume(cut)
    first, second = (generator.load(folder).state for folder in (whole.folder, cut))
    assert all(np.array_equal(first[name], second[name]) for name in first)


# The command line


def test_a_jittor_run_is_sampled_measured_and_diagnosed(tmp_path: Path, condgan: Process) -> None:
    run = tmp_path / "run"
    done = condgan(
        *("train", "cgan-lsgan-jgan", "engine=jittor", "machine.threads=1", "data.size=28", "--epochs", 1),
        *("generator.hidden=24", "discriminator.hidden=24", "--run", run),
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    assert (run / "result.png").is_file()
    assert condgan("sample", run, "2026", "-o", tmp_path / "row.png", timeout=300).returncode == 0
    assert condgan("sample", run, "--engine", "torch", "-o", tmp_path / "other.png").returncode == 0
    measured = condgan("evaluate", run, "--no-gan-train", "--n", 1000, "--json", timeout=600)
    assert measured.returncode == 0, measured.stderr
    assert '"engine": "jittor"' in measured.stdout
    diagnosed = condgan("diagnose", run, timeout=600)
    assert diagnosed.returncode == 0, diagnosed.stderr


def test_leaving_exceptions_and_signals_are_handled_as_before() -> None:
    source = """if True:
        import signal, subprocess, sys
        leave, hook = sys.exit, sys.excepthook
        from condgan.engines.jittor import setting_up
        setting_up.ready()
        assert "jittor" in sys.modules and sys.exit is leave and sys.excepthook is hook
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        child.kill()
        child.wait()
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            sys.exit(7)
    """
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=900)
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr


# Bad input


@pytest.mark.parametrize("label", [-1, 4, 12])
def test_a_label_out_of_range_is_refused(label: int) -> None:
    engine = build("jittor", "cgan-bce")
    labels = np.array([0, label])
    for ask in (
        lambda: engine.sample(np.zeros((2, 6), np.float32), labels),
        lambda: engine.score(engine.rows.images[:2], labels),
        lambda: engines.load("jittor").build(
            engine.recipe, engine.domain, Split(engine.rows.images, np.full(60, label)), engine.settings
        ),
    ):
        with pytest.raises(CondganError, match=f"label {label}: expected 0 to 3"):
            ask()


@pytest.mark.parametrize("name", ["cgan-lsgan-jgan", "cgan-bce"])
def test_a_diverging_training_is_noticed(tmp_path: Path, digits: Path, name: str) -> None:
    with pytest.raises(DivergedError):
        training.train(name, *OURS, "optim.lr=1e30", data=digits, epochs=3, run=tmp_path / "run")


def test_a_file_that_claims_huge_networks_is_refused_without_making_them() -> None:
    claimed = build("jittor", "cgan-bce").recipe
    huge = claimed.model_copy(update={"generator": claimed.generator.model_copy(update={"hidden": (10**6, 10**6)})})
    domain = Domain(channels=1, size=8, class_names=("a", "b"), data="noise", data_sha256="0" * 64)
    with pytest.raises(CondganError, match="weights do not fit"):
        engines.load("jittor").sampler(huge, domain, {})


# Class weights


@pytest.mark.parametrize(
    "chosen",
    [
        ("cgan-lsgan", "generator.condition_dim=5"),
        ("cgan-bce", "generator.condition=one-hot"),
        ("cgan-lsgan", "generator.condition=norm"),
        ("mnist", "generator.condition=norm", "generator.norm=batch"),
        ("cgan-lsgan", "generator.spectral=true"),
    ],
)
def test_one_hot_weights_give_the_bits_of_labels_and_sums_those_of_torch(chosen: tuple[str, ...]) -> None:
    torch, jittor = twins(*chosen, "optim.lr=0.02")
    torch.run(0, 4)
    jittor.load(torch.state())
    latents, labels = ASKED
    assert jittor.sample(latents, np.eye(4)[labels]).tobytes() == jittor.sample(latents, labels).tobytes()
    weights = np.random.default_rng(1).dirichlet(np.ones(4), len(labels)).astype(np.float32)
    apart = jittor.sample(latents, weights).astype(int) - torch.sample(latents, weights)
    assert np.abs(apart).max() <= 1
    with pytest.raises(CondganError, match="expected finite floats"):
        jittor.sample(latents, weights[:, :3])


# Without torch

WITHOUT_TORCH = """
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
sys.meta_path.insert(0, Absent())
import condgan
data, folder, *overrides = sys.argv[1:]
run = condgan.train("cgan-lsgan", *overrides, data=data, epochs=1, run=folder)
assert (run.folder / "result.png").is_file()
assert condgan.load(run.folder).sample("0123", seed=2).shape == (4, 1, 8, 8)
condgan.resume(run.folder, epochs=2)
assert "torch" not in sys.modules
"""


def test_a_training_needs_no_torch(tmp_path: Path, digits: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, str(digits), str(tmp_path / "run"), *OURS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
