"""Measuring during training: it changes nothing, keeps the best, and stops when asked to."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file as weights

import condgan
from condgan import engines
from condgan.data import load as load_data
from condgan.errors import InterruptedTrainingError
from condgan.evaluation import features
from condgan.generation.run import Run
from condgan.recipe import builtin
from condgan.results import selection, settling
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord, to_line
from condgan.runs import checkpoint
from condgan.training import loop, monitor
from condgan.training.listeners.listener import Alarmed, Block, Evaluated, Listener

EVERY = "evaluation.every=300"  # an epoch of the digits


@pytest.fixture(scope="module", autouse=True)
def quick_features() -> Any:
    """A feature network of a few steps: these tests look at what is done with figures, not at how good they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "STEPS", 20)
        yield


@pytest.fixture(scope="module")
def options(tiny: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (*tiny["cgan-lsgan"], "output.log_every=3", "output.grid_every=320", "train.ema=0.5", "machine.threads=1")


@pytest.fixture(scope="module")
def measured(digits: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "measured"
    given = (EVERY, "evaluation.images=60", "output.keep_every=2")
    return condgan.train("cgan-lsgan", *options, *given, data=digits, epochs=4, run=folder)


class Hearer(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []

    def notified(self, text: str) -> None:
        self.said.append(text)

    def evaluated(self, evaluation: Evaluated) -> None:
        self.said.append(evaluation.sentence)

    def alarmed(self, alarm: Alarmed) -> None:
        self.said.append(alarm.record.text)


class Interrupter(Listener):
    """Ctrl-C once a step is reached."""

    def __init__(self, step: int) -> None:
        self.at = step

    def block(self, block: Block) -> None:
        import signal

        if block.step >= self.at:
            signal.raise_signal(signal.SIGINT)


def lines(run: Run) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in run.log.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in records]


def test_training_is_the_same_bit_for_bit_with_and_without_it(
    measured: Run, digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    plain = condgan.train("cgan-lsgan", *options, data=digits, epochs=4, run=tmp_path / "plain")
    assert not plain.evaluations()
    a, b = checkpoint.load(measured.checkpoint()), checkpoint.load(plain.checkpoint())
    assert a.state.keys() == b.state.keys()
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in a.state)
    unmeasured = [line for line in lines(measured) if "d_loss" in line]
    assert unmeasured == [line for line in lines(plain) if "alarm" not in line]
    assert measured.result.read_bytes() == plain.result.read_bytes()


def test_an_evaluation_leaves_every_generator_of_random_numbers_where_it_was(digits: Path, tiny: Any) -> None:
    import torch

    recipe = builtin.get("cgan-lsgan", [*tiny["cgan-lsgan"], f"data.source={digits}", EVERY, "evaluation.images=60"])
    dataset = load_data(recipe.data)
    made = monitor.monitor(recipe, dataset, 1, print)
    assert made is not None
    from condgan import engines

    engine = engines.load("torch").build(recipe, dataset.domain(), dataset.train, None)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    state = engine.state()
    first, *_ = made.measure(engine)
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])
    assert made.measure(engine)[0] == first
    assert all(state[name].tobytes() == array.tobytes() for name, array in engine.state().items())


@pytest.mark.parametrize("step", [7, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 5, 10, 19))])
def test_a_stop_anywhere_leaves_the_same_log_and_the_same_best(
    step: int, measured: Run, digits: Path, options: tuple[str, ...], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(loop, "BLOCK_SECONDS", 1e-9)
    given = (*options, EVERY, "evaluation.images=60")
    with pytest.raises(InterruptedTrainingError):
        condgan.train("cgan-lsgan", *given, data=digits, epochs=4, run=tmp_path / "run", listeners=[Interrupter(step)])
    run = condgan.resume(tmp_path / "run")
    assert lines(run) == lines(measured)
    a, b = (checkpoint.load(one.checkpoint("best")) for one in (run, measured))
    assert a.step == b.step
    assert all(a.state[name].tobytes() == b.state[name].tobytes() for name in a.state)


def test_a_line_that_is_newer_than_the_checkpoint_is_made_again(measured: Run, tmp_path: Path) -> None:
    """As a kill between an evaluation and its checkpoint leaves it."""
    copy = Run(Path(shutil.copytree(measured.folder, tmp_path / "copy")))
    text = copy.log.read_text().splitlines()
    last = copy.evaluations()[-1].model_copy(update={"step": 10**6, "images": 10**8})
    copy.log.write_text("\n".join([*text, to_line(last)]) + "\n")
    assert lines(condgan.resume(copy.folder)) == lines(measured)


def test_the_log_holds_the_figures_and_the_best_is_where_they_are_best(measured: Run) -> None:
    untrained, *found = measured.evaluations()
    assert (untrained.step, untrained.images) == (0, 0)
    assert [record.images for record in found] == [300, 600, 900, 1200]
    # 30 validation images are far too few for a Frechet distance: it has no value, and KID chooses
    assert all(record.value("fid_features") is None for record in found)
    assert selection.selected_by(measured.recipe, found) == "kid_features"
    values = [record.value("kid_features") for record in found]
    assert checkpoint.load(measured.checkpoint("best")).images_seen == found[int(np.argmin(values))].images
    for record in (untrained, *found):
        accuracy = record.value("label_accuracy")
        assert set(record.per_class) == set("0123456789")
        assert 0 <= accuracy <= 1
        assert accuracy == pytest.approx(np.mean(list(record.per_class.values())), abs=0.05)
    assert measured.metrics_plot.exists()
    assert measured.class_plot.exists()


def test_the_best_generator_is_sampled_by_name(measured: Run) -> None:
    best = checkpoint.load(measured.checkpoint("best"))
    made = condgan.load(measured.folder, "best")
    assert made.images_seen == best.images_seen
    name = next(name for name in made.state if name.endswith("weight"))
    assert np.array_equal(made.state[name], best.state[f"ema.{name}"])


def test_tensorboard_shows_the_figures(measured: Run) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    shown = EventAccumulator(str(measured.folder)).Reload()
    scalars = [(event.step, event.value) for event in shown.Scalars("evaluation/kid_features")]
    assert scalars == [(one.images, np.float32(one.value("kid_features"))) for one in measured.evaluations()]


def test_the_figures_are_those_of_evaluate(measured: Run, digits: Path) -> None:
    found = condgan.evaluate(measured.folder, split="validation", n=60, gan_train=False)
    for name, figure in measured.evaluations()[-1].evaluation.items():
        value = found.figures[name].value
        assert (value is None) == (figure.value is None)
        if value is not None:
            assert value == pytest.approx(figure.value, rel=1e-4, abs=1e-9)


def test_a_moment_is_evaluated_and_diagnosed_like_a_run(measured: Run) -> None:
    def figures(path: Any) -> dict[str, Any]:
        found = condgan.evaluate(path, split="validation", n=60, gan_train=False)
        return {name: figure.value for name, figure in found.figures.items()}

    assert figures(f"{measured.folder}@4") == figures(measured)
    assert figures(f"{measured.folder}@2") == figures(measured.epochs()[2]) != figures(measured)
    early, late = condgan.diagnose(f"{measured.folder}@2"), condgan.diagnose(measured)
    assert (early.lines, late.lines) == (4, 8)
    assert early.pictures == late.pictures > 0


def test_the_record_of_step_0_is_that_of_the_untrained_generator(measured: Run) -> None:
    recipe = measured.recipe
    data = load_data(recipe.data)
    split = data.trained_on(recipe.data)
    engine = engines.load("torch").build(recipe, data.domain(), split, None)
    made = monitor.monitor(recipe, data, 1, print)
    assert made is not None
    figures, per_class, _ = made.measure(engine)
    untrained = measured.evaluations()[0]
    assert untrained.evaluation.keys() == figures.keys()
    for name, figure in figures.items():
        assert (untrained.value(name), untrained.se(name)) == (figure.value, figure.se)
    assert untrained.per_class == per_class
    assert (measured.samples / "000000000.png").exists()


def test_the_feature_network_is_trained_when_it_is_first_needed(
    tmp_path: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the first steps, and never for a training that is not measured; a class of one image is named at once."""
    labels = np.append(np.arange(80) % 2, 2)
    images = np.random.default_rng(3).integers(0, 256, (81, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=labels, class_names=np.array(["cat", "dog", "eel"]))
    events: list[str] = []
    real = features.train
    monkeypatch.setattr(features, "train", lambda *given: (events.append("features"), real(*given))[1])

    class Watch(Listener):
        def began(self, training: Any) -> None:
            events.extend(training.notices)

        def block(self, block: Block) -> None:
            events.append("block")

    given: Any = {"data": tmp_path / "own.npz", "epochs": 1, "listeners": [Watch()]}
    condgan.train("cgan-lsgan", *options, **given, run=tmp_path / "unmeasured")
    assert "features" not in events
    assert 'classes with fewer than 2 training images: "eel" (1)' in events
    events.clear()
    condgan.train("cgan-lsgan", *options, "evaluation.every=64", "evaluation.images=20", **given, run=tmp_path / "run")
    assert events.count("features") == 1
    assert events.index("block") < events.index("features")


def evaluated(*values: float | None, name: str = "fid_mnist") -> list[EvaluationRecord]:
    figures = [{key: named(key, {"value": value}) for key, value in ((name, v), ("kid_mnist", 1.0))} for v in values]
    return [EvaluationRecord(step=1, images=1, epoch=1.0, evaluation=figure) for figure in figures]


@pytest.mark.parametrize(
    ("select", "name", "values", "best"),
    [
        ("fid", "fid_mnist", (3.0, 1.0, 2.0), 1),
        ("label_accuracy", "label_accuracy", (0.3, 0.9, 0.2), 1),
        ("fid", "fid_mnist", (1.0, 1.0), 0),
        ("fid", "fid_mnist", (None, 5.0), 1),
        ("fid", "fid_mnist", (), None),
    ],
)
def test_the_best_of_some(select: str, name: str, values: tuple[float, ...], best: int | None) -> None:
    recipe = builtin.get("cgan-lsgan", [f"evaluation.select={select}"])
    assert selection.best(recipe, evaluated(*values, name=name)) == best


@pytest.mark.parametrize(
    ("patience", "values", "over"),
    [("none", (1, 2, 3, 4), False), ("2", (1, 2), False), ("2", (1, 2, 3), True), ("2", (2, 3, 1, 4), False)],
)
def test_patience(patience: str, values: tuple[float, ...], over: bool) -> None:
    recipe = builtin.get("cgan-lsgan", [f"evaluation.patience={patience}"])
    assert (selection.exhausted(recipe, evaluated(*values)) is not None) == over


def test_early_stop_ends_a_training_and_more_patience_goes_on(
    digits: Path, options: tuple[str, ...], tmp_path: Path
) -> None:
    hearer = Hearer()
    stopping = (*options, EVERY, "evaluation.images=60", "evaluation.patience=1", "evaluation.select=label_accuracy")
    run = condgan.train("cgan-lsgan", *stopping, data=digits, epochs=60, run=tmp_path / "run", listeners=[hearer])
    found = run.evaluations()
    assert 3 <= len(found) < 61  # of 60 noisy values, two fall at once
    assert selection.best(run.recipe, found) == len(found) - 2
    assert any("without a new best" in said for said in hearer.said)
    assert checkpoint.load(run.checkpoint("best")).images_seen == found[-2].images
    assert run.result.exists()
    again = Hearer()
    condgan.resume(run.folder, listeners=[again])
    assert len(run.evaluations()) == len(found)
    condgan.resume(run.folder, "evaluation.patience=none", epochs=len(found), listeners=[again])
    assert len(run.evaluations()) == len(found) + 1


@pytest.fixture
def repeated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Evaluations see the untrained generator: nothing gets better, whatever is learnt. The count of evaluations."""
    count: list[int] = []
    measure = monitor.Monitor.measure

    def constant(self: monitor.Monitor, sampler: Any) -> Any:
        count.append(1)
        first.append(measure(self, sampler)) if not first else None
        return first[0]

    first: list[Any] = []
    monkeypatch.setattr(monitor.Monitor, "measure", constant)
    return count


def test_a_training_that_has_settled_stops_and_resumes_as_it_is(
    digits: Path, options: tuple[str, ...], tmp_path: Path, repeated: list[int]
) -> None:
    stopping = (*options, EVERY, "evaluation.images=60", "evaluation.patience=auto")
    hearer = Hearer()
    run = condgan.train("cgan-lsgan", *stopping, data=digits, epochs=9, run=tmp_path / "run", listeners=[hearer])
    assert run.status.epoch == settling.LEAST
    assert len(repeated) == 1 + settling.LEAST
    assert (run.status.state, run.status.reason) == ("finished", "evaluation.patience")
    (said,) = (said for said in hearer.said if said.startswith("stopped"))
    assert "label_accuracy" in said
    assert "error" in said
    assert "\n" not in said

    stops = tmp_path / "cut"
    short = condgan.train("cgan-lsgan", *stopping, data=digits, epochs=9, run=stops, stop=lambda: len(repeated) == 9)
    assert 1 <= short.status.epoch < settling.LEAST
    condgan.resume(stops)
    for name in ("checkpoints/last.safetensors", "generator.safetensors"):
        ours, theirs = (weights(run.folder / name), weights(stops / name))
        assert all(np.array_equal(value, theirs[key]) for key, value in ours.items())
    assert [record.step for record in Run(stops).evaluations()] == [record.step for record in run.evaluations()]

    condgan.resume(stops)  # it has settled: nothing more is trained
    assert Run(stops).status.epoch == settling.LEAST
    condgan.resume(stops, "evaluation.patience=none", epochs=6)
    assert Run(stops).status.epoch == 6


def test_one_class_trains_unmeasured_and_says_so(tmp_path: Path, tiny: dict[str, tuple[str, ...]]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "one.npz", images=images, labels=np.zeros(40, np.int64))
    hearer = Hearer()
    options = (*tiny["gan-mlp"], EVERY)
    run = condgan.train(
        "gan-mlp", *options, data=tmp_path / "one.npz", epochs=1, run=tmp_path / "r", listeners=[hearer]
    )
    assert not run.evaluations()
    assert any("not measured" in said and "one class" in said for said in hearer.said)


def test_an_unconditional_training_is_measured_without_labels(
    digits: Path, tiny: dict[str, tuple[str, ...]], tmp_path: Path
) -> None:
    options = (*tiny["gan-mlp"], EVERY, "evaluation.images=60")
    run = condgan.train("gan-mlp", *options, data=digits, epochs=1, run=tmp_path / "run")
    untrained, record = run.evaluations()
    assert (untrained.step, record.images) == (0, 300)
    assert record.value("label_accuracy") is None
    assert record.value("kid_features") is not None
    assert record.per_class is None
    assert not run.class_plot.exists()
