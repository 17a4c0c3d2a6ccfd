"""Listeners hear of a training, and a stop ends it; neither changes what is learnt."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import condgan
from condgan.errors import CondganError
from condgan.generation.run import Run
from condgan.runs import checkpoint
from condgan.training import loop, training
from condgan.training.listeners.listener import EVENTS, Listener, listener

STEPS = 20  # of four epochs of five batches


@pytest.fixture
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], "output.log_every=3", "output.grid_every=320", "machine.threads=1")


@pytest.fixture
def step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "BLOCK_SECONDS", 1e-9)


class Scribe(Listener):
    """Writes down each event, and its arguments."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def __getattribute__(self, name: str) -> Any:
        if name in EVENTS:
            return lambda *arguments: self.heard.append((name, *arguments))
        return super().__getattribute__(name)


class Meddler(Listener):
    """Does what a listener may do, and more: random numbers, other settings, samples, time."""

    def began(self, training: Any) -> None:
        self.sampler, self.latent = training.sampler, training.recipe.latent.dim

    def block(self, block: Any) -> None:
        np.random.seed(block.step)
        torch.manual_seed(block.step)
        torch.rand(3)
        self.sampler.sample(np.ones((2, self.latent), np.float32), np.array([1, 2]))
        with pytest.raises(ValueError, match="read-only"):
            block.figures["d_loss"][:] = 7
        with pytest.raises(TypeError):
            block.figures["d_loss"] = 7
        time.sleep(0.002)


def without_seconds(run: Run) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def assert_same(run: Run, other: Run) -> None:
    a, b = checkpoint.load(run.checkpoint()), checkpoint.load(other.checkpoint())
    assert a.step == b.step == STEPS
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in b.state)
    assert without_seconds(run) == without_seconds(other)
    assert [path.name for path in sorted(run.samples.iterdir())] == [p.name for p in sorted(other.samples.iterdir())]
    assert all((other.samples / path.name).read_bytes() == path.read_bytes() for path in run.samples.iterdir())
    assert run.result.read_bytes() == other.result.read_bytes()


@pytest.fixture(scope="module")
def plain(digits: Path, tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Run:
    options = (*tiny["cgan-lsgan"], "output.log_every=3", "output.grid_every=320", "machine.threads=1")
    return condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path_factory.mktemp("runs") / "plain")


def test_each_event_is_heard_in_its_place(plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    scribe = Scribe()
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path / "run", listeners=[scribe])
    names = [event[0] for event in scribe.heard]
    assert names[0] == "began"
    assert names[-1] == "ended"
    beginning, status = scribe.heard[0][1], scribe.heard[-1][1]
    assert (beginning.step, beginning.plan.steps, list(beginning.records)) == (0, STEPS, [])
    assert (status.state, status.step, status.epoch) == ("finished", STEPS, 4.0)
    blocks = [event[1] for event in scribe.heard if event[0] == "block"]
    assert sum(block.steps for block in blocks) == STEPS
    assert np.cumsum([block.steps for block in blocks]).tolist() == [block.step for block in blocks]
    assert [event[1] for event in scribe.heard if event[0] == "logged"] == list(run.records())
    assert run.checkpoint() in [event[1].path for event in scribe.heard if event[0] == "saved"]
    assert_same(run, plain)


@pytest.mark.usefixtures("step_by_step")
def test_what_a_listener_does_changes_nothing(plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    given = [Meddler(), Scribe()]
    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path / "run", listeners=given)
    assert_same(run, plain)


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("event", ["began", "block", "logged", "saved", "ended"])
def test_one_that_raises_ends_the_training_after_a_save(
    event: str, plain: Run, digits: Path, options: Any, tmp_path: Path
) -> None:
    calls = []

    def fail(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == (1 if event in ("began", "saved", "ended") else 4):
            raise ValueError("no such page")

    class Page:
        pass

    page, scribe = Page(), Scribe()
    setattr(page, event, fail)
    folder = tmp_path / "run"
    with pytest.raises(CondganError, match="the listener Page raised ValueError: no such page") as raised:
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[page, scribe])
    assert isinstance(raised.value.__cause__, ValueError)
    assert [event[0] for event in scribe.heard].index("ended") == len(scribe.heard) - 1  # the others hear of the end
    step = 0 if event == "began" else checkpoint.load(Run(folder).checkpoint()).step
    assert step == {"began": 0, "block": 4, "logged": 10, "saved": STEPS, "ended": STEPS}[event]
    assert Run(folder).status.state == ("finished" if step == STEPS else "stopped")
    assert Run(folder).status.step == step
    assert_same(condgan.resume(folder), plain)


def test_any_object_with_some_of_the_methods_is_a_listener() -> None:
    class Some:
        def block(self, block: Any) -> str:
            return f"block {block}"

    wrapped = listener(Some())
    assert wrapped.block(3) == "block 3"  # type: ignore[func-returns-value,arg-type]
    assert wrapped.logged(None) is None  # type: ignore[func-returns-value,arg-type]
    own = Scribe()
    assert listener(own) is own


@pytest.mark.parametrize("given", [object(), Scribe, print])
def test_what_is_no_listener_is_refused_before_there_is_a_run(given: Any, digits: Path, tmp_path: Path) -> None:
    with pytest.raises(CondganError, match=r"listeners=.*: expected .*began"):
        condgan.train("cgan-lsgan", data=digits, run=tmp_path / "run", listeners=[given])
    assert not (tmp_path / "run").exists()


# To stop


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("step", [1, 7, 10])
def test_a_stop_saves_and_returns_the_run(step: int, plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    asked, scribe = [], Scribe()

    def stop() -> bool:
        asked.append(True)
        return len(asked) == step

    given = {"data": digits, "epochs": 4, "run": tmp_path / "run", "listeners": [scribe]}
    run = condgan.train("cgan-lsgan", *options, **given, stop=stop)
    assert checkpoint.load(run.checkpoint()).step == step
    assert (run.status.state, run.status.step) == ("stopped", step)
    assert scribe.heard[-1][1].state == "stopped"
    assert any("condgan resume" in event[1] for event in scribe.heard if event[0] == "notified")
    assert not run.result.exists()
    assert_same(condgan.resume(run), plain)
    assert run.status.state == "finished"


@pytest.mark.usefixtures("step_by_step")
def test_a_stop_that_raises_is_named(digits: Path, options: Any, tmp_path: Path) -> None:
    def stop() -> bool:
        raise ZeroDivisionError("a tenth")

    with pytest.raises(CondganError, match="stop raised ZeroDivisionError: a tenth"):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path / "run", stop=stop)
    assert checkpoint.load(Run(tmp_path / "run").checkpoint()).step == 1


@pytest.mark.usefixtures("step_by_step")
def test_a_file_stops_it_once(plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    class Toucher:
        def logged(self, record: Any) -> None:
            if record.step == 8:
                (folder / "stop").touch()

    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[Toucher()])
    assert (run.status.state, run.status.step) == ("stopped", 8)
    assert not run.stop_file.exists()
    run.stop_file.touch()  # one that lies there when a session begins is of an earlier one
    assert_same(condgan.resume(run), plain)
    assert not run.stop_file.exists()


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("how", ["train", "resume"])
def test_a_stop_that_comes_while_a_session_is_prepared_is_obeyed(
    how: str, digits: Path, options: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, built = tmp_path / "run", training.preparation.engine

    def engine(*given: Any) -> Any:
        (folder / "stop").touch()
        return built(*given)

    if how == "resume":
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, stop=lambda: True)
    begun = json.loads((folder / "status.json").read_text())["step"] if how == "resume" else 0
    monkeypatch.setattr(training.preparation, "engine", engine)
    if how == "train":
        run = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder)
    else:
        run = condgan.resume(folder)
    assert (run.status.state, run.status.step) == ("stopped", begun + 1)
    assert not run.stop_file.exists()


@pytest.mark.usefixtures("step_by_step")
def test_a_stop_at_the_last_step_comes_too_late(plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    asked: list[bool] = []
    given = {"data": digits, "epochs": 4, "run": tmp_path / "run"}
    run = condgan.train("cgan-lsgan", *options, **given, stop=lambda: asked.append(True) or len(asked) == STEPS)
    assert (run.status.state, len(asked)) == ("finished", STEPS)
    assert_same(run, plain)


# What ends a process, and what ends a folder


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("by", ["listener", "stop"])
@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit, KeyboardInterrupt])
def test_what_ends_the_process_saves_first(
    kind: type[BaseException], by: str, plain: Run, digits: Path, options: Any, tmp_path: Path
) -> None:
    calls: list[object] = []

    def leave(*arguments: object) -> bool:
        calls.append(arguments)
        if len(calls) == 4:
            raise kind
        return False

    class Page:
        block = staticmethod(leave)

    given: dict[str, Any] = {"listeners": [Page()]} if by == "listener" else {"stop": leave}
    folder = tmp_path / "run"
    with pytest.raises(condgan.InterruptedTrainingError if kind is KeyboardInterrupt else kind):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, **given)
    assert (Run(folder).status.state, Run(folder).status.step) == ("stopped", 4)
    assert checkpoint.load(Run(folder).checkpoint()).step == 4
    assert_same(condgan.resume(folder), plain)


@pytest.mark.usefixtures("step_by_step")
def test_a_removed_run_folder_ends_the_training(digits: Path, options: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    class Cleaner:
        def block(self, block: Any) -> None:
            if block.step == 3:
                shutil.rmtree(folder)

    with pytest.raises(CondganError, match=f"{folder} or its log was removed during the training.*step 20"):
        condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[Cleaner()])
    assert not (folder / "checkpoints").exists()


@pytest.mark.usefixtures("step_by_step")
@pytest.mark.parametrize("content", [None, "", "[]"])
def test_a_recipe_that_was_spoilt_is_written_again(
    content: str | None, plain: Run, digits: Path, options: Any, tmp_path: Path
) -> None:
    path = tmp_path / "run" / "recipe.json"

    class Spoiler:
        def block(self, block: Any) -> None:
            if block.step == 3:
                path.unlink() if content is None else path.write_text(content)

    blocks: list[int] = []
    given = {"data": digits, "epochs": 4, "run": path.parent, "listeners": [Spoiler()]}
    run = condgan.train("cgan-lsgan", *options, **given, stop=lambda: blocks.append(1) or len(blocks) == 5)
    assert run.recipe.train.epochs == 4
    assert_same(condgan.resume(run), plain)


@pytest.mark.usefixtures("step_by_step")
def test_a_folder_named_stop_is_no_request(plain: Run, digits: Path, options: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"

    class Maker:
        def block(self, block: Any) -> None:
            (folder / "stop").mkdir(exist_ok=True)

    run = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=folder, listeners=[Maker()])
    assert_same(run, plain)
    assert_same(condgan.resume(folder), plain)


def test_the_error_of_a_listener_is_one_line_that_fits_the_end(digits: Path, options: Any, tmp_path: Path) -> None:
    class Page:
        def ended(self, status: Any) -> None:
            raise ValueError("one\ntwo\n\nthree")

    with pytest.raises(CondganError) as raised:
        condgan.train("cgan-lsgan", *options, data=digits, epochs=1, run=tmp_path / "run", listeners=[Page()])
    assert "raised ValueError: one two three; the training itself is complete" in str(raised.value)


def test_a_run_of_arrays_is_continued_in_python(options: Any, tmp_path: Path) -> None:
    images, labels = np.zeros((300, 8, 8), np.uint8), np.arange(300) % 10
    scribe, folder = Scribe(), tmp_path / "run"
    given = {"data": (images, labels), "epochs": 4, "run": folder, "listeners": [scribe]}
    condgan.train("cgan-lsgan", *options, **given, stop=lambda: True)
    sentences = [event[1] for event in scribe.heard if event[0] == "notified"]
    assert any(f'condgan.resume("{folder}", data=...)' in sentence for sentence in sentences)
    assert not any("`condgan resume" in sentence for sentence in sentences)
