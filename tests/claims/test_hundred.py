"""The least-squares report's FID of 100 images: its draw, its floor, its curve, and what is said of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from condgan import cli, data
from condgan.arrays import Images
from condgan.claims import arms, evidence, hundred, reproduce
from condgan.claims.arms import Arm
from condgan.claims.evidence import Evidence
from condgan.claims.hundred import Moment, Protocol
from condgan.data import Dataset
from condgan.errors import CondganError
from condgan.evaluation import features
from condgan.evaluation.features import FeatureNetwork
from condgan.generation import generator
from condgan.metrics import Embedding
from condgan.recipe import Data

STUDY = "S"


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return data.load(Data())


def watched(seen: list[Images], space: str = "imagenet") -> FeatureNetwork:
    """A network whose features are the means of 16 parts of an image, and which keeps what it is given."""

    def embed(images: Images) -> Embedding:
        seen.append(images)
        pooled = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(images).float() / 255, 4).flatten(1).numpy()
        return Embedding(pooled, np.full((len(images), 2), 0.5, np.float32))

    return FeatureNetwork(embed, 16, space, "0" * 64, {})


def test_the_draw_is_fixed_among_the_first_1570(mnist: Dataset) -> None:
    draws: list[Images] = []
    for _ in range(2):
        real, others = Protocol(watched(draws), mnist).drawn
        assert real.shape == others.shape == (100, 16)
    assert np.array_equal(*draws)
    first = {image.tobytes() for image in mnist.test.images[:1570]}
    drawn = {image.tobytes() for image in draws[0]}
    assert len(drawn) == 200  # the floor has other images
    assert drawn <= first
    later = {image.tobytes() for image in mnist.test.images[:1000]}
    assert drawn - later  # not only the very first ones


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Dowson & Landau 1982, by scipy."""
    root = np.real(sqrtm(np.cov(a.T) @ np.cov(b.T)))
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root))


def test_the_figure_is_the_distance_of_100_with_random_labels(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen, asked = generator.load("mnist"), list[Images](), list[Any]()
    plain = model.sample_classes
    monkeypatch.setattr(model, "sample_classes", lambda labels, seed: asked.append(labels) or plain(labels, seed))
    protocol = Protocol(watched(seen), mnist)
    found = protocol.figures(model)
    (labels,) = asked
    counts = np.bincount(labels, minlength=10)
    assert counts.sum() == 100
    assert counts.all()
    assert len(set(counts)) > 1  # drawn, not ten of each
    real, others = (side.astype(float) for side in protocol.drawn)
    generated = watched([]).embed(plain(labels, 0)).features.astype(float)
    figure = found["fid_imagenet_100_vs_100"]
    assert figure.value == pytest.approx(distance(real, generated), rel=1e-3)
    assert figure.floor == pytest.approx(distance(real, others), rel=1e-3)
    assert protocol.figures(model) == found


def test_a_good_generator_is_near_the_floor_and_noise_is_not(mnist: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol, model = Protocol(features.mnist(), mnist), generator.load("mnist")
    good = protocol.figures(model)["fid_mnist_100_vs_100"]
    assert good.value is not None
    assert good.floor is not None
    assert good.floor > 0.1  # of so few images even real ones are far from each other
    assert good.value < 2 * good.floor
    noise = np.random.default_rng(0).integers(0, 256, (100, 1, 28, 28), np.uint8)
    monkeypatch.setattr(model, "sample_classes", lambda *_: noise)
    bad = protocol.figures(model)["fid_mnist_100_vs_100"]
    assert bad.floor == good.floor
    assert bad.value is not None
    assert bad.value > 5 * good.floor


def moments(*few: float, floor: float = 60.0) -> list[Moment]:
    return [Moment(epoch, value, floor, 0.1) for epoch, value in zip((1, 50, 100), few, strict=True)]


@pytest.mark.parametrize(
    ("found", "weights", "budget", "verdict"),
    [
        (moments(300, 150, 100), True, "full", "holds"),
        (moments(300, 90, 76), True, "full", "holds"),
        (moments(90, 150, 100), True, "full", "does-not-hold"),  # it rises
        (moments(300, 200, 130), True, "full", "does-not-hold"),  # not about 100
        (moments(300, 200, 40), True, "full", "does-not-hold"),
        (moments(300, 200, 100, floor=40), True, "full", "does-not-hold"),  # far from real
        (moments(300, 150, 100)[:2], True, "full", "cannot-tell"),  # it ended too early
        (moments(300, 150, 100), True, "quick", "cannot-tell"),
        (moments(300, 150, 100), False, "full", "not-tested"),
        (moments(300, 150, 100), False, "quick", "not-tested"),
    ],
)
def test_the_verdict_follows_from_the_curve(
    found: list[Moment], weights: bool, budget: Any, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hundred, "curve", lambda _: found)
    shown = Evidence(evidence.Study(tmp_path), budget, inception=watched([]) if weights else None)
    answer = hundred.answer(shown)
    assert answer.verdict == verdict
    assert answer.picture is not None
    assert answer.picture.is_file()
    assert f"{found[-1].epoch}: {found[-1].few:.4g}" in answer.figure
    assert f"real images: {found[-1].floor:.4g}" in answer.figure
    assert ("not tested in its space" in answer.figure) == (not weights)
    assert ("space of Inception-v3" in answer.figure) == weights
    assert ("not kept: 0, 10" in answer.figure) == (budget == "full")


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report's training in two tiny epochs."""
    small = ("data.size=32", "generator.hidden=16", "discriminator.hidden=16", "machine.threads=1")
    monkeypatch.setattr(arms, "ARMS", {"report": Arm("report", "cgan-lsgan-jgan", small, quick=2)})
    monkeypatch.setattr(arms.Arm, "recipe", keeping_all(arms.Arm.recipe))
    monkeypatch.setattr(reproduce, "QUICK_SEEDS", 1)
    monkeypatch.setattr(hundred, "EPOCHS", (0, 1, 2))
    monkeypatch.setitem(evidence.IMAGES, "quick", 600)


def keeping_all(recipe: Callable[..., Any]) -> Callable[..., Any]:
    def kept(*given: Any) -> Any:
        found = recipe(*given)
        return found.model_copy(update={"output": found.output.model_copy(update={"keep_every": 1})})

    return kept


@pytest.mark.slow
def test_the_curve_of_a_training(report: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def answered(*words: str) -> tuple[dict[str, Any], str]:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["reproduce", "fid-100", "--study", str(tmp_path / STUDY), "--json", *words])
        shown = capsys.readouterr()
        assert stopped.value.code == 0, shown.err
        return json.loads(shown.out)["claims"][0], shown.err

    one, log = answered()
    assert "begins" in log
    assert one["verdict"] == "not-tested"
    assert "in the space of MNIST, 100 against 100, by epoch 1: " in one["figure"]
    assert ", 2: " in one["figure"]
    assert Path(one["picture"]).name == "fid-100-curve.png"
    assert Path(one["picture"]).is_file()
    kept = sorted(path.name for path in (tmp_path / STUDY / "moments").iterdir())
    assert len(kept) == 4  # of two epochs: the sound figures, and 100 against 100
    (few,) = [name for name in kept if "-0002-hundred-" in name]
    figure = json.loads((tmp_path / STUDY / "moments" / few).read_text())["fid_mnist_100_vs_100"]
    assert f", 2: {figure['value']:.4g} (100 other real images: {figure['floor']:.4g})" in one["figure"]

    seen: list[Images] = []
    monkeypatch.setattr(features, "inception", lambda *_: watched(seen))
    two, log = answered("--inception", "weights.pth")
    assert "begins" not in log
    assert two["verdict"] == "cannot-tell"  # of two epochs
    assert "in the space of Inception-v3" in two["figure"]
    assert {images.shape[1:] for images in seen} == {(1, 32, 32)}  # at the size of the training
    assert sorted(map(len, seen)) == [100, 100, 200]
    again, _ = answered("--inception", "weights.pth")
    assert again == two
    assert sorted(map(len, seen)) == [100, 100, 200]  # everything is measured once


def test_weights_are_looked_at_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(reproduce.executor, "work", lambda *_: pytest.fail("work was begun"))
    with pytest.raises(SystemExit) as stopped:
        cli.main(["reproduce", "fid-100", "--study", str(tmp_path / STUDY), "--inception", str(tmp_path / "no.pth")])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "no.pth does not exist" in line
    monkeypatch.setattr(features, "inception", lambda *_: watched([], ""))
    with pytest.raises(CondganError, match="inception=w: holds the FID network of 2015"):
        reproduce.reproduce("fid-100", study=tmp_path / STUDY, inception="w")
    assert not (tmp_path / STUDY).exists()
