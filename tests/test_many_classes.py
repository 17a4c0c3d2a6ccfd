"""A thousand classes: every figure has a value or a reason, and what is written stays readable."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import condgan as package
from condgan import cli, data
from condgan.data import Dataset, Split
from condgan.evaluation import features
from condgan.evaluation.comparison import MEASURES, Comparison
from condgan.evaluation.evaluation import MOST_PAIRS, nearest_pairs
from condgan.evaluation.figures import measured
from condgan.evaluation.reference import Reference
from condgan.recipe import Data
from condgan.results.evaluation import MOST_CONFUSED, Evaluation
from condgan.results.protocol import Protocol
from conftest import TINY_MLP, random_images, strict

COUNT = 200


@pytest.fixture(scope="module")
def reference() -> Reference:
    """A part of Stacked MNIST, where most classes have one image or none."""
    whole = data.load(Data(source="stacked-mnist"))
    train, validation, test = (
        Split(split.images[:count], split.labels[:count])
        for split, count in zip(whole.splits.values(), (2000, COUNT, COUNT), strict=True)
    )
    part = Dataset("part", whole.class_names, train, validation, test, "by hand")
    return Reference(part, "test", features.of(whole))


def test_figures_have_a_value_or_a_reason(reference: Reference) -> None:
    """Other real stacks, as if they were generated."""
    part = reference.dataset
    made = Comparison(reference, part.train.images[-COUNT:], part.train.labels[-COUNT:], window=lambda: made.images)
    found = measured(made, None, MEASURES)
    for name, figure in found.items():
        assert (figure.value is None) == bool(figure.note), name
    accuracy, modes, kid = (found[name].value for name in ("label_accuracy", "modes", "kid_stacked_mnist"))
    assert accuracy is not None
    assert accuracy > 0.97
    assert modes == pytest.approx(len(np.unique(made.labels)), abs=COUNT * (1 - accuracy))
    assert kid == pytest.approx(0, abs=0.01)
    assert found["fid_stacked_mnist"].note.startswith(f"{COUNT} real and {COUNT} generated images, at least 768")
    assert "class" in found["intra_fid"].note
    assert "1000 classes: the protocol takes" in found["parzen"].note


def test_one_kind_of_stack_is_one_mode(reference: Reference) -> None:
    test = reference.dataset.test
    images = np.repeat(test.images[:1], 50, axis=0)
    found = measured(Comparison(reference, images, None), None, [m for m in MEASURES if m.name.startswith("modes")])
    assert found["modes"].value == 1
    share = np.mean(reference.dataset.train.labels == test.labels[0])
    assert found["modes_kl"].value == pytest.approx(-np.log(share))


@pytest.mark.parametrize("classes", [2, MOST_CONFUSED, MOST_CONFUSED + 1])
def test_the_confusion_of_very_many_classes_is_left_out_of_json(classes: int) -> None:
    confusion = np.eye(classes, dtype=np.int64)
    written = Evaluation({}, Protocol.model_construct(), confusion=confusion).as_json()["confusion"]
    assert written == (confusion.tolist() if classes <= MOST_CONFUSED else None)


def test_the_nearest_pairs_of_many_classes_are_the_nearest_of_all() -> None:
    """Image i is a training image but for i grey levels of one pixel; its class is i // 2."""
    train = random_images(60, 28, 1, seed=1) // 2
    labels = np.arange(60) // 2
    made = train.copy()
    made[:, 0, 0, 0] += np.arange(60, dtype=np.uint8)
    split = Split(train, labels)
    dataset = Dataset("toy", tuple(map(str, range(30))), split, split, Split(random_images(60, 28), labels), "by hand")
    found = nearest_pairs(Comparison(Reference(dataset, "test", features.mnist()), made, labels))
    assert found is not None
    assert np.array_equal(found[0], made[: 2 * MOST_PAIRS : 2])  # the nearer one of each class, of twenty classes
    assert np.array_equal(found[1], train[: 2 * MOST_PAIRS : 2])


@pytest.mark.slow
def test_a_training_on_stacked_mnist_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = (*TINY_MLP, "data.source=stacked-mnist", "evaluation.every=50000", "train.batch=500")
    run = package.train("cgan-lsgan", *options, "machine.threads=1", epochs=1, run=tmp_path / "run")
    record = run.evaluations()[-1]
    assert {"modes", "modes_kl", "fid_stacked_mnist"} <= record.evaluation.keys()
    assert record.per_class is not None
    assert len(record.per_class) == 1000
    assert run.metrics_plot.exists()
    with Image.open(run.class_plot) as picture:
        assert max(picture.size) < 2000
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.main(["evaluate", str(run.folder), "--n", "2000", "--no-gan-train", "--json"])
    assert stopped.value.code == 0
    found = strict(capsys.readouterr().out)
    assert found["figures"]["modes"]["floor"] > 980
    assert found["confusion"] is None
    assert (run.evaluation / "evaluation.json").stat().st_size < 200_000
