"""Images under vector conditions: measured for the conditions of real images, without what needs labels."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import condgan as package
from condgan import data
from condgan.arrays import Images
from condgan.cli.train import following
from condgan.data import Dataset, Split
from condgan.diagnosis import diagnosis
from condgan.errors import CondganError
from condgan.evaluation import evaluation, features, figures, subjects
from condgan.evaluation.comparison import BY_CLASS, MEASURES, QUICK
from condgan.evaluation.reference import in_turn
from condgan.generation import generator
from condgan.metrics import two_sample
from condgan.recipe import Data
from condgan.results.evaluation import Evaluation
from condgan.runs.run import Run
from condgan.storage import cache
from condgan.training.listeners.listener import Listener
from conftest import TINY_MLP, strict

SIDE, COUNT = 10, 1500
LEFT = {"swd_pixels", "kid_pixels", "fid_pixels", "precision", "recall", "density", "coverage",
        "duplicates", "memorised", "copies", "fid"}  # fmt: skip
OPTIONS = (
    *(option for option in TINY_MLP if not option.startswith(("evaluation", "data.size"))),
    *("generator.condition=vector", "discriminator.condition=vector", "machine.threads=1", f"data.size={SIDE}"),
)


def shown(conditions: npt.NDArray[Any], seed: int) -> Images:
    """A grey square at the place that each condition, (N, 2), says, of any brightness, on noise: (N, 10, 10)."""
    random = np.random.default_rng(seed)
    line = np.arange(SIDE)
    places = (SIDE - 1) * (conditions + 1.5) / 3
    near = np.abs(line[None, :, None] - places[:, None, :]) <= 2  # (N, 10, 2)
    inside = near[:, :, None, 0] & near[:, None, :, 1]
    values = np.where(inside, random.uniform(100, 220, (len(conditions), 1, 1)), 20)
    return (values + random.normal(0, 6, values.shape)).clip(0, 255).astype(np.uint8)


def placed(count: int, seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (count, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    conditions = placed(COUNT, 0)
    np.savez(path, images=shown(conditions, 0), conditions=conditions)
    return path


@pytest.fixture(scope="module")
def dataset(squares: Path) -> Dataset:
    return data.load(Data(source=str(squares), size=SIDE))


class Heard(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []

    def notified(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(scope="module")
def trained(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Heard]:
    heard, folder = Heard(), tmp_path_factory.mktemp("runs") / "run"
    options = [*OPTIONS, "evaluation.every=1350", "evaluation.images=140"]
    return package.train("cgan-bce", *options, data=squares, epochs=2, run=folder, listeners=[heard]), heard


def of(images: Images, squares: Path, folder: Path, **options: Any) -> Evaluation:
    """The evaluation of some images, beside the squares."""
    folder.mkdir(exist_ok=True)
    np.savez(folder / "given.npz", images=images, conditions=placed(len(images), 9))
    return evaluation.evaluate(folder / "given.npz", f"data.size={SIDE}", data=squares, c2st=False, **options)


def test_figures_know_good_images_from_bad_ones(squares: Path, tmp_path: Path) -> None:
    """New squares are as good as real ones; and each fault is seen by the figure that is there for it."""
    new = shown(placed(150, 5), 5)
    sets = {
        "new": new,
        "one place": shown(np.zeros((150, 2), np.float32), 6),
        "noise": np.random.default_rng(1).integers(0, 256, (150, SIDE, SIDE), np.uint8),
        "train": data.load(Data(source=str(squares), size=SIDE)).train.images[:150, 0],
        "twice": np.concatenate([new[:75], new[:75]]),
    }
    found = {name: of(images, squares, tmp_path / name.replace(" ", "-")).figures for name, images in sets.items()}
    value = lambda name, figure: found[name][figure].value  # noqa: E731
    fresh = found["new"]
    for name in ("fid_pixels", "swd_pixels", "precision", "recall", "coverage"):
        floor, error = fresh[name].floor, fresh[name].se
        assert floor is not None
        assert error is not None
        assert abs(fresh[name].value - floor) < 5 * error + 0.05 * floor, name
    for name in ("fid_pixels", "swd_pixels", "kid_pixels"):
        assert value("one place", name) > 3 * max(value("new", name), 0.01)
        assert value("noise", name) > 3 * max(value("new", name), 0.01)
    assert value("one place", "recall") < 0.2 < 0.5 < value("new", "recall")
    assert value("one place", "precision") > 0.7
    assert value("noise", "precision") < 0.1
    assert value("train", "memorised") == value("train", "copies") == 1
    assert value("new", "memorised") < 0.1
    assert value("twice", "duplicates") == 1
    assert value("new", "duplicates") < 0.1


def test_what_needs_labels_is_left_out_with_one_note(squares: Path, tmp_path: Path) -> None:
    found = of(shown(placed(150, 5), 5), squares, tmp_path)
    assert set(found.figures) == LEFT
    assert not LEFT & set(BY_CLASS)
    assert {measure.name for measure in MEASURES} <= {name.partition("_pixels")[0] for name in LEFT} | set(BY_CLASS)
    notes = [notice for notice in found.protocol.notices if "no labels" in notice]
    assert len(notes) == 1
    assert all(name in notes[0] for name in BY_CLASS)
    assert "none sees whether an image fits its condition" in notes[0]
    assert (found.per_class, found.confusion, found.missing) == ({}, None, None)
    network = found.protocol.feature_network
    assert (network.space, network.dim, network.accuracy) == ("pixels", 64, {})
    assert "64 principal components of the pixels of squares's training images" in network.text
    assert "in turn" in found.protocol.classes
    assert Evaluation.from_json(strict(json.dumps(found.as_json()))).protocol == found.protocol


@given(st.integers(1, 30), st.integers(1, 100))
def test_conditions_in_turn_are_asked_for_alike_often(rows: int, count: int) -> None:
    conditions = np.arange(rows, dtype=np.float32)[:, None]
    asked = in_turn(conditions, count)
    assert asked.shape == (count, 1)
    often = np.bincount(asked[:, 0].astype(int), minlength=rows)
    assert often.max() - often.min() <= 1


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_generator_is_asked_for_the_conditions_of_the_split(
    split: str, trained: tuple[Run, Heard], dataset: Dataset
) -> None:
    made = package.load(trained[0].folder)
    subject = subjects.of_generator(made, dataset, 3)
    images, labels = subject.take(np.array([20]), split=split)
    held = dataset.splits[split].labels
    assert np.array_equal(images, made.sample(in_turn(held, 20), seed=3))
    assert labels is not None
    assert not labels.any()


def test_a_run_is_measured(trained: tuple[Run, Heard], dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_sample, "two_sample", partial(two_sample.two_sample, steps=40))
    run, _ = trained
    found = package.evaluate(run, c2st=True)
    assert set(found.figures) == LEFT | {"c2st"}
    subject = found.protocol.subject
    assert subject.kind == "generator"
    assert found.protocol.data.sha256 == dataset.sha256
    assert found.protocol.trained_on_other is None
    assert (found.protocol.n_real, found.protocol.n_floor) == (len(dataset.test), len(dataset.validation))
    for name in LEFT - {"fid"}:
        assert found.figures[name].value is not None, found.figures[name].note
        assert found.figures[name].floor is not None, name
    assert found.figures["c2st"].value > 0.9  # two epochs teach nothing
    assert {path.name for path in found.files} == {"evaluation.json", "nearest.png"}
    assert Evaluation.load(run.evaluation).figures == found.figures
    assert package.evaluate(run, c2st=False).figures.items() < found.figures.items()
    assert following(run) == f"condgan evaluate {run.folder}"


def test_a_training_is_measured_as_evaluate_measures(trained: tuple[Run, Heard], dataset: Dataset) -> None:
    run, heard = trained
    records = run.evaluations()
    assert records[0].step == 0
    assert len(records) == 3
    quick = {measure.figure("pixels").name for measure in QUICK if not measure.by_class}
    for record in records:
        assert set(record.evaluation) == quick
        assert record.per_class is None
    later = package.evaluate(run, split="validation", n=140, c2st=False)
    for name in quick:
        assert later.figures[name].value is not None
        assert records[-1].value(name) == pytest.approx(later.figures[name].value, rel=1e-4, abs=1e-6)
    said = [text for text in heard.said if "no labels" in text]
    left_out = [measure.name for measure in QUICK if measure.by_class]
    assert said == [figures.without_labels("squares", left_out)]
    assert run.metrics_plot.exists()
    assert not run.class_plot.exists()
    assert run.checkpoint("best").exists()


def test_a_diagnosis_looks_at_the_pictures(trained: tuple[Run, Heard]) -> None:
    found = diagnosis.diagnose(trained[0].folder)
    assert found.pictures == diagnosis.PER_CLASS
    assert [reason.partition(" was not checked: ")[2] for reason in found.skipped] == [
        "the generator has vector conditions"
    ]


def test_what_does_not_fit_the_data_is_refused(
    trained: tuple[Run, Heard], squares: Path, digits: Path, refused: Any, tmp_path: Path
) -> None:
    run, _ = trained
    message = refused("evaluate", run.generator_file, "--data", digits, "data.size=8")
    assert "cgan-bce has conditions of length 2, and digits has 10 classes: --data names" in message
    np.savez(tmp_path / "longer.npz", images=shown(placed(60, 0), 0), conditions=np.ones((60, 3), np.float32))
    message = refused("evaluate", run.generator_file, "--data", tmp_path / "longer.npz")
    assert "has conditions of length 2, and longer has conditions of length 3" in message
    assert "squares has no classes: a feature network learns from two or more" in refused("features", squares)


def test_alike_images_have_no_space() -> None:
    split = Split(np.full((60, 1, 8, 8), 7, np.uint8), placed(60, 0))
    with pytest.raises(CondganError, match="grey: all training images are alike"):
        features.of(Dataset("grey", (), split, split, split, "by hand"))


def test_an_unconditional_generator_is_measured_too(squares: Path, dataset: Dataset, tmp_path: Path) -> None:
    options = [option for option in OPTIONS if "condition" not in option]
    run = package.train("gan-mlp", *options, "evaluation.every=none", data=squares, epochs=1, run=tmp_path / "run")
    made = generator.load(run.folder)
    images, labels = subjects.of_generator(made, dataset, 3).take(np.array([12]))
    assert np.array_equal(images, made.sample_any(12, seed=3))
    assert labels is not None
    assert set(package.evaluate(run, c2st=False, n=60).figures) == LEFT


def test_images_with_classes_are_compared_without_them(squares: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "named.npz", images=shown(placed(60, 5), 5), labels=np.arange(60) % 3)
    found = evaluation.evaluate(tmp_path / "named.npz", f"data.size={SIDE}", data=squares, c2st=False)
    assert set(found.figures) == LEFT
    assert found.protocol.subject.kind == "unlabelled"


def test_images_with_conditions_are_compared_with_classes_as_unlabelled_ones(digits: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "given.npz", images=np.zeros((30, 8, 8), np.uint8), conditions=placed(30, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "STEPS", 5)
        found = evaluation.evaluate(tmp_path / "given.npz", "data.size=8", data=digits, gan_train=False)
    assert found.figures["label_accuracy"].value is None
    assert found.figures["precision"].value is not None
    assert any("given.npz has vector conditions, which no figure looks at" in said for said in found.protocol.notices)


def test_the_space_is_kept_and_a_damaged_one_made_again(dataset: Dataset, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv(cache.PLACE, str(tmp_path / "cache"))
    first = features.of(dataset)
    assert features.of(dataset).sha256 == first.sha256
    place = cache.path("pixels", dataset.sha256)
    cache.keep("pixels", dataset.sha256, {}, {"mean": np.zeros(7, np.float32), "axes": np.zeros((7, 2), np.float32)})
    again = features.of(dataset)
    assert again.dim == first.dim == 64
    assert np.allclose(
        np.abs(again.embed(dataset.test.images).features), np.abs(first.embed(dataset.test.images).features), atol=1e-4
    )
    place.write_bytes(b"nothing")
    assert features.of(dataset).dim == 64
    with pytest.raises(CondganError, match="no classes"):
        features.check_classes(dataset)
