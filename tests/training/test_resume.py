"""Going on is exact: whatever stops a training, it ends as if nothing had."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import condgan
from condgan import data as datasets
from condgan import engines, threads
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.engines.torch.engine import TorchEngine
from condgan.engines.torch.fast import products
from condgan.errors import CondganError, InterruptedTrainingError
from condgan.recipe import Domain, Precision, builtin
from condgan.runs import checkpoint
from condgan.runs.checkpoint import Checkpoint
from condgan.runs.run import Run
from condgan.training import loop
from condgan.training.listeners.listener import Block, Listener
from condgan.training.listeners.terminal import Lines

SMALL = ("generator.hidden=24,24", "discriminator.hidden=24,24")
CASES = {
    "gan-mlp": ("gan-mlp", *SMALL),
    "cgan-lsgan": ("cgan-lsgan",),  # at its true widths
    "cgan-lsgan-jgan": ("cgan-lsgan-jgan", *SMALL),
    "cgan-bce": ("cgan-bce", *SMALL),
    "cgan-paper": ("cgan-paper", "generator.branches=20,30", "generator.hidden=40", "discriminator.branches=24,10"),
    "cgan-paper-adam": ("cgan-paper-adam", *SMALL),
    "cgan-bn-prelu-adamw": ("cgan-bn-prelu-adamw", *SMALL),
    "average": ("cgan-bce", *SMALL, "train.ema=0.9", "optim.schedule=linear", "train.fake_labels=real"),
    "critic": ("cgan-paper-adam", *SMALL, "train.critic_steps=3", "optim.name=sgd", "optim.momentum=0.4"),
    "adamax and radam": ("cgan-bce", *SMALL, "optim.g.name=adamax", "optim.d.name=radam"),
    "batch norm in D": ("cgan-lsgan", *SMALL, "discriminator.norm=batch", "train.ema=0"),
}
DOMAIN = Domain(channels=1, size=28, class_names=tuple("0123456789"), data="noise", data_sha256="0" * 64)
ONE_THREAD = Settings(device="cpu", threads=1, threads_by="machine.threads")
CONTINUE = """
    import sys
    from pathlib import Path
    import numpy as np
    from condgan import engines
    from condgan.data import Split
    from condgan.runs import checkpoint

    data = np.load("data.npz")
    for path in sorted(Path("halves").glob("*.safetensors")):
        half = checkpoint.load(path)
        framework = engines.load(half.recipe.machine.engine)
        engine = framework.build(half.recipe, half.domain, Split(data["images"], data["labels"]), half.settings)
        engine.load(half.state)
        figures = engine.run(half.step, 63)
        np.savez(Path("wholes") / path.stem, **engine.state(), **{"figures." + n: v for n, v in figures.items()})
"""


@pytest.fixture(scope="module")
def noise() -> dict[str, Any]:
    """700 images: 11 batches of 64 an epoch, the last of 60."""
    random = np.random.default_rng(3)
    return {
        "images": random.integers(0, 256, (700, 1, 28, 28), dtype=np.uint8),
        "labels": random.integers(0, 10, 700),
    }


def build(case: str, noise: dict[str, Any]) -> Any:
    name, *overrides = CASES[case]
    recipe = builtin.get(name, overrides)
    return engines.load("torch").build(recipe, DOMAIN, Split(noise["images"], noise["labels"]), ONE_THREAD)


@pytest.fixture(scope="module")
def continued(noise: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new process went on with every case from its checkpoint at step 37."""
    folder = tmp_path_factory.mktemp("continued")
    (folder / "halves").mkdir()
    (folder / "wholes").mkdir()
    np.savez(folder / "data.npz", **noise)
    for case in CASES:
        engine = build(case, noise)
        figures = engine.run(0, 37)
        half = Checkpoint(engine.recipe, DOMAIN, engine.settings, 37, 0, 1.5, engine.state(), figures)
        checkpoint.save(folder / "halves" / f"{case}.safetensors", half)
    subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(CONTINUE)], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_a_new_process_goes_on_bit_for_bit(case: str, noise: dict[str, Any], continued: Path) -> None:
    engine = build(case, noise)
    before = engine.state()
    figures = engine.run(0, 100)
    state = engine.state()
    half = checkpoint.load(continued / "halves" / f"{case}.safetensors")
    with np.load(continued / "wholes" / f"{case}.npz") as whole:
        assert set(whole.files) == set(state) | {f"figures.{name}" for name in figures}
        for name, array in state.items():
            assert array.tobytes() == whole[name].tobytes(), name
        for name in figures:
            assert figures[name].shape == (100,)
            assert figures[name].tobytes() == half.pending[name].tobytes() + whole[f"figures.{name}"].tobytes(), name
    moved = [name for name in state if not np.array_equal(half.state[name], state[name])]
    trained = [name for name in state if name.split(".")[0] in ("generator", "discriminator")]
    assert {name for name in trained if name.endswith("weight")} <= set(moved)  # so that the test could fail
    assert all(not np.array_equal(before[name], half.state[name]) for name in moved)


def test_a_checkpoint_keeps_everything(noise: dict[str, Any], tmp_path: Path) -> None:
    engine = build("average", noise)
    figures = engine.run(0, 3)
    written = Checkpoint(engine.recipe, DOMAIN, engine.settings, 3, 192, 12.25, engine.state(), figures)
    checkpoint.save(tmp_path / "a.safetensors", written)
    read = checkpoint.load(tmp_path / "a.safetensors")
    for field in ("recipe", "domain", "settings", "step", "images_seen", "seconds"):
        assert getattr(read, field) == getattr(written, field)
    for part in ("state", "pending"):
        kept, given = getattr(read, part), getattr(written, part)
        assert kept.keys() == given.keys()
        for name in given:
            assert kept[name].dtype == given[name].dtype
            np.testing.assert_array_equal(kept[name], given[name])


def test_a_state_of_another_recipe_is_refused_and_changes_nothing(noise: dict[str, Any]) -> None:
    engine, other = build("cgan-bce", noise), build("gan-mlp", noise)
    before = engine.state()
    with pytest.raises(CondganError, match="another recipe"):
        engine.load(other.state())
    wrong = engine.state()
    wrong["discriminator.head.logit.bias"] = wrong["discriminator.head.logit.bias"].astype(np.float64)
    wrong["generator.body.out.bias"] = wrong["generator.body.out.bias"] + 1
    with pytest.raises(CondganError, match=re.escape("discriminator.head.logit.bias")):
        engine.load(wrong)
    after = engine.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


# Through the jobs

STEPS_PER_EPOCH = 5  # 300 images in batches of 64
LOG_EVERY = 3  # windows of 3 and 2 steps


class Interrupter(Listener):
    """Presses Ctrl-C after the block that reaches a step."""

    def __init__(self, step: int) -> None:
        self.at = step

    def block(self, block: Block) -> None:
        if block.step >= self.at:
            os.kill(os.getpid(), signal.SIGINT)
            self.at = 1 << 60


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one step, so that an interruption can fall on any."""
    monkeypatch.setattr(loop, "BLOCK_SECONDS", 1e-9)


@pytest.fixture(scope="module")
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], f"output.log_every={LOG_EVERY}", "output.grid_every=320", "train.ema=0.5")


@pytest.fixture(scope="module")
def whole(digits: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four epochs without a stop."""
    return condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path_factory.mktemp("runs") / "whole")


def log_without_seconds(run: Run) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def events(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Of TensorBoard: the losses are one chart, since they have one tag; the grids are images."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    figures = engines.figures(run.recipe)
    folders = {"d_loss": run.folder / "discriminator", "g_loss": run.folder / "generator"}
    read = {name: EventAccumulator(str(folders.get(name, run.folder)), {"images": 0}).Reload() for name in figures}
    for folder in (run.folder, *folders.values()):
        assert len(list(folder.glob("events.out.tfevents.*"))) == 1
    own = read["d_real"]
    assert set(own.Tags()["scalars"]) == set(figures) - set(folders)
    grids = {int(path.stem): path.read_bytes() for path in sorted(run.samples.iterdir())}
    assert {event.step: event.encoded_image_string for event in own.Images("samples")} == grids
    tags = {name: "loss" if name in folders else name for name in figures}
    assert all(read[name].Tags()["scalars"] == ["loss"] for name in folders)
    return {name: [(event.step, event.value) for event in read[name].Scalars(tags[name])] for name in figures}


def assert_same(run: Run, other: Run) -> None:
    assert run.generator_file.read_bytes() == other.generator_file.read_bytes()
    a, b = checkpoint.load(run.checkpoint()), checkpoint.load(other.checkpoint())
    assert (a.recipe, a.domain, a.settings, a.step, a.images_seen) == (
        b.recipe,
        b.domain,
        b.settings,
        b.step,
        b.images_seen,
    )
    assert a.state.keys() == b.state.keys()
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in a.state)
    assert log_without_seconds(run) == log_without_seconds(other)
    assert events(run) == events(other)
    assert (run.folder / "recipe.json").read_bytes() == (other.folder / "recipe.json").read_bytes()
    assert run.result.read_bytes() == other.result.read_bytes()


def test_the_log_is_the_mean_of_each_window_and_tensorboard_shows_it(whole: Run, digits: Path) -> None:
    records = log_without_seconds(whole)
    ends = [epoch * STEPS_PER_EPOCH + inside for epoch in range(4) for inside in (3, 5)]
    assert [record["step"] for record in records] == ends
    assert [record["images"] for record in records] == [300 * (end // 5) + 64 * (end % 5) for end in ends]
    assert [record["epoch"] for record in records] == pytest.approx([r["images"] / 300 for r in records], abs=1e-4)

    recipe = whole.recipe
    data = datasets.load(recipe.data)
    split = data.trained_on(recipe.data)
    engine = engines.load("torch").build(recipe, data.domain(), split, ONE_THREAD)
    figures = engine.run(0, 20)
    for name in engines.figures(recipe):
        starts = [0, *ends[:-1]]
        means = [figures[name][start:end].astype(float).mean() for start, end in zip(starts, ends, strict=True)]
        assert [record[name] for record in records] == pytest.approx(means, rel=1e-5, abs=1e-9)
        shown = events(whole)[name]
        assert [step for step, _ in shown] == [record["images"] for record in records]
        assert [value for _, value in shown] == [np.float32(record[name]) for record in records]


@pytest.mark.parametrize("step", [1, 3, 7, 10, 19])
@pytest.mark.usefixtures("step_by_step")
def test_ctrl_c_and_resume_end_as_if_nothing_had_happened(
    step: int, whole: Run, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(InterruptedTrainingError, match=rf"step {step}\b.*condgan resume"):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[Interrupter(step)])
    assert signal.getsignal(signal.SIGINT) is handler
    assert checkpoint.load(Run(folder).checkpoint()).step == step
    assert_same(condgan.resume(folder), whole)


@pytest.mark.usefixtures("step_by_step")
def test_many_stops_are_none(whole: Run, digits: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(InterruptedTrainingError):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path / "run", listeners=[Interrupter(1)])
    for step in (2, 4, 5, 6, 13):
        with pytest.raises(InterruptedTrainingError):
            condgan.resume(tmp_path / "run", listeners=[Interrupter(step)])
    assert_same(condgan.resume(tmp_path / "run"), whole)


def test_more_epochs_go_on_exactly(whole: Run, digits: Path, options: tuple[str, ...], tmp_path: Path) -> None:
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=2, run=tmp_path / "run")
    assert run.recipe.train.epochs == 2
    resumed = condgan.resume(run.folder, epochs=4)
    assert_same(resumed, whole)
    sessions = json.loads((run.folder / "provenance.json").read_text())["sessions"]
    assert [session["step"] for session in sessions] == [0, 10]


def test_resuming_a_finished_run_changes_nothing(whole: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(whole.folder, tmp_path / "copy")))
    assert_same(condgan.resume(copy.folder), whole)


def test_a_process_stopped_by_ctrl_c_says_how_to_go_on(
    whole: Run, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    arguments = ["train", "cgan-lsgan", *options, "--data", str(digits), "--epochs", "40000", "--run", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "condgan", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        while "Epoch" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    (line,) = errors.splitlines()
    assert re.search(r"stopped and saved at epoch \d+\.\d\d \(step \d+\).*`condgan resume run`", line)
    step = checkpoint.load(tmp_path / "run/checkpoints/last.safetensors").step
    assert f"(step {step})" in line
    epochs = step // STEPS_PER_EPOCH + 2
    resumed = condgan.resume(tmp_path / "run", epochs=epochs)
    other = condgan.train("cgan-lsgan", *options, data=digits, epochs=epochs, run=tmp_path / "other")
    a, b = checkpoint.load(resumed.checkpoint()), checkpoint.load(other.checkpoint())
    assert a.step == b.step == epochs * STEPS_PER_EPOCH
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in b.state)
    assert log_without_seconds(resumed) == log_without_seconds(other)


def test_without_a_checkpoint_it_starts_at_step_0(whole: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(whole.folder, tmp_path / "copy")))
    shutil.rmtree(copy.folder / "checkpoints")
    with copy.log.open("a") as file:
        file.write('{"step": 21, "ima')  # what a kill leaves
    assert_same(condgan.resume(copy.folder), whole)


@pytest.mark.usefixtures("step_by_step")
def test_the_log_is_cut_back_to_the_checkpoint(
    whole: Run, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    """After a kill the log is ahead of the checkpoint."""
    folder = tmp_path / "run"
    with pytest.raises(InterruptedTrainingError):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[Interrupter(7)])
    ahead = whole.log.read_text().splitlines(keepends=True)[:5]
    (folder / "log.jsonl").write_text("".join(ahead) + ahead[-1][:40])
    assert_same(condgan.resume(folder), whole)


def test_a_schedule_that_depends_on_the_length_refuses_more_epochs(
    digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    run = condgan.train("cgan-lsgan", *options, "optim.d.schedule=linear", data=digits, epochs=2, run=tmp_path / "run")
    before = run.generator_file.read_bytes()
    with pytest.raises(CondganError, match=r"optim\.d\.schedule.*train\.epochs=3.*trains anew"):
        condgan.resume(run.folder, epochs=3)
    assert condgan.resume(run.folder, epochs=2).generator_file.read_bytes() == before


def test_only_what_leaves_past_steps_alone_may_change(whole: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(whole.folder, tmp_path / "copy")))
    for change in ("train.batch=32", "optim.lr=1e-3", "seed=1", "generator.hidden=8", "data.size=16", "train.ema=none"):
        with pytest.raises(CondganError, match=re.escape(change)):
            condgan.resume(copy.folder, change)
    with pytest.raises(CondganError, match="more than requested"):
        condgan.resume(copy.folder, epochs=3)
    assert_same(copy, whole)


def test_another_recipe_in_the_folder_is_not_continued(whole: Run, tmp_path: Path) -> None:
    copy = Run(Path(shutil.copytree(whole.folder, tmp_path / "copy")))
    text = (copy.folder / "recipe.json").read_text()
    (copy.folder / "recipe.json").write_text(text.replace('"halved": true', '"halved": false'))
    with pytest.raises(CondganError, match="another recipe"):
        condgan.resume(copy.folder, epochs=5)


def test_changed_data_is_refused_and_moved_data_is_found(
    digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    data = tmp_path / "digits.npz"
    shutil.copy(digits, data)
    run = condgan.train("cgan-lsgan", *options, data=data, epochs=1, run=tmp_path / "run")
    with np.load(data) as arrays:
        changed = dict(arrays)
    changed["images"][0, 0, 0] ^= 1
    np.savez(data, **changed)
    with pytest.raises(CondganError, match=r"not what .*trained on.*`data`"):
        condgan.resume(run.folder, epochs=2)
    data.unlink()
    with pytest.raises(CondganError, match="no such path"):
        condgan.resume(run.folder, epochs=2)
    moved = tmp_path / "elsewhere" / "digits.npz"
    moved.parent.mkdir()
    shutil.copy(digits, moved)
    assert condgan.resume(run.folder, data=moved, epochs=2).recipe.data.source == str(moved)
    other = condgan.train("cgan-lsgan", *options, data=digits, epochs=2, run=tmp_path / "other")
    a, b = checkpoint.load(run.checkpoint()), checkpoint.load(other.checkpoint())
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in b.state)


def sessions(run: Run) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((run.folder / "provenance.json").read_text())["sessions"]
    return loaded


def test_what_was_picked_is_recorded_and_used_again(
    digits: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=1, run=tmp_path / "run")
    picked: dict[str, Any] = {"device": "cpu", "threads": 2, "threads_by": "OMP_NUM_THREADS", "precision": "float32"}
    picked["own"] = {"onednn": products.faster()}
    monkeypatch.setattr(
        products, "faster", lambda: not picked["own"]["onednn"]
    )  # on a machine that would pick otherwise
    assert sessions(run)[0]["settings"] == picked
    assert checkpoint.load(run.checkpoint()).settings == Settings.model_validate(picked)

    used: list[int] = []
    set_threads = torch.set_num_threads
    monkeypatch.setattr(torch, "set_num_threads", lambda n: (used.append(n), set_threads(n)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    condgan.resume(run.folder, epochs=2)
    assert sessions(run)[1]["settings"] == picked
    assert 2 in used

    condgan.resume(run.folder, "machine.threads=1", epochs=3)  # what the user names wins, and is recorded as such
    assert sessions(run)[2]["settings"] == picked | {"threads": 1, "threads_by": "machine.threads"}


@pytest.mark.parametrize(("slow", "faster"), [("bf16", "float32"), ("float32", "bf16"), (None, "bf16")])
def test_bf16_gives_way_where_it_is_slower_and_that_stays(
    slow: str | None, faster: str, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    tiny: dict[str, tuple[str, ...]], capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Which it is decides the numbers, so that it is recorded, and a resumed run does not measure again."""
    taken = TorchEngine._steps
    contexts: list[str] = []

    def steps(engine: TorchEngine, first: int, count: int, precision: Precision) -> torch.Tensor:
        contexts.append(precision)
        return taken(engine, first, count, precision)

    def seconds(work: Callable[[], object]) -> float:
        work()
        return 2.0 if contexts[-1] == slow else 1.0

    monkeypatch.setattr(TorchEngine, "_steps", steps)
    monkeypatch.setattr(threads, "_seconds", seconds)
    options = (*tiny["mnist"], "machine.threads=1", "optim.schedule=constant", "optim.schedule_from=0")
    run = condgan.train("mnist", *options, data=digits, epochs=1, run=tmp_path / "run", listeners=[Lines()])
    assert sessions(run)[0]["settings"]["precision"] == contexts[-1] == faster
    assert ("bf16 would not help here" in capsys.readouterr().out) == (faster == "float32")
    plain = condgan.train("mnist", *options, "train.precision=float32", data=digits, epochs=1, run=tmp_path / "plain")
    states = [checkpoint.load(each.checkpoint()).state for each in (run, plain)]
    same = all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
    assert same == (faster == "float32")

    contexts.clear()
    condgan.resume(run.folder, epochs=2)
    assert set(contexts) == {faster}


def test_threads_are_measured_unless_the_user_set_them(noise: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = builtin.get("cgan-lsgan", SMALL)
    data = (DOMAIN, Split(noise["images"], noise["labels"]))
    framework = engines.load("torch")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert framework.build(recipe, *data, None).settings == Settings(
        device="cpu", threads=3, threads_by="OMP_NUM_THREADS", precision="float32", own={"onednn": products.faster()}
    )
    named = builtin.get("cgan-lsgan", [*SMALL, "machine.threads=1"])
    assert framework.build(named, *data, None).settings.threads_by == "machine.threads"
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delenv("MKL_NUM_THREADS")
    if torch.cuda.is_available():
        return
    before = torch.get_num_threads()
    engine = framework.build(recipe, *data, None)
    assert torch.get_num_threads() == before
    assert engine.settings.threads_by == "measured"
    assert 1 <= engine.settings.threads <= threads.cores()
    untouched = framework.build(recipe, *data, ONE_THREAD).state()  # measuring leaves no trace
    measured = engine.state()
    assert all(np.array_equal(untouched[name], measured[name]) for name in untouched)
