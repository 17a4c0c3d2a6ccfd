"""A run that is measured with other data than its own says so, and what differs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import condgan
from condgan.evaluation import features, summary
from conftest import TINY_MLP, random_images


@pytest.fixture(scope="module", autouse=True)
def quick_features() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "STEPS", 2)
        yield


def archive(path: Path, images: Any, labels: Any, names: tuple[str, ...] = ("cat", "dog")) -> Path:
    np.savez(path, images=images, labels=labels, class_names=np.array(names))
    return path


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """80 images of 8 x 8: 64 for training, and eight each for validation and test."""
    return archive(tmp_path_factory.mktemp("data") / "pets.npz", random_images(80, 8)[:, 0], np.arange(80) % 2)


@pytest.fixture(scope="module")
def run(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return condgan.train("cgan-lsgan", *TINY_MLP, "machine.threads=1", data=pets, epochs=1, run=folder).folder


def measured(path: Path, *overrides: str, **options: Any) -> condgan.Evaluation:
    return condgan.evaluate(path, *overrides, **{"n": 20, "gan_train": False} | options)


def test_with_its_own_data_there_is_nothing_to_say(run: Path, pets: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "pets.npz"
    moved.write_bytes(pets.read_bytes())
    for result in (measured(run), measured(run, data=moved), measured(run / "generator.safetensors")):
        assert result.protocol.trained_on_other is None
        assert not any("other data" in notice for notice in result.protocol.notices)
    bigger = measured(run, "data.size=12")  # the same images in another form
    assert bigger.protocol.trained_on_other is None


def test_what_differs_is_said_and_kept(run: Path, tmp_path: Path) -> None:
    images, labels = random_images(120, 8, seed=1)[:, 0], np.arange(120) % 3
    other = archive(tmp_path / "more.npz", images, labels, ("cat", "dog", "eel"))
    result = measured(run, data=other, output=tmp_path / "out")
    known = result.protocol.trained_on_other
    assert known is not None
    assert known.name == "pets"
    words = "; ".join(known.differences)
    assert 'the name: "pets", here "more"' in words
    assert 'classes that are new: "eel"' in words
    assert "train images: 64, here 96" in words
    assert any(words in line for line in summary.summary(result))
    written = json.loads((tmp_path / "out/evaluation.json").read_text())["protocol"]
    assert written["trained_on_other"]["differences"] == list(known.differences)
    of_file = measured(run / "generator.safetensors", data=other).protocol.trained_on_other  # it knows no counts
    assert of_file is not None
    assert not any("train images" in difference for difference in of_file.differences)


def test_one_pixel_is_other_data(run: Path, pets: Path, tmp_path: Path) -> None:
    with np.load(pets) as content:
        arrays = dict(content)
    arrays["images"][3, 2, 1] ^= 255
    np.savez(tmp_path / "pets.npz", **arrays)
    result = measured(run, data=tmp_path / "pets.npz")
    assert result.protocol.trained_on_other is not None
    assert result.protocol.trained_on_other.differences == ()
    assert any("names and counts are the same" in notice for notice in result.protocol.notices)


# Images without labels


NEED_LABELS = {"label_accuracy", "balanced_accuracy", "intra_fid", "different_bins", "duplicates"}


def test_images_without_labels_get_the_figures_that_need_none(pets: Path, tmp_path: Path) -> None:
    """Those of the same images with labels, where all of them are measured."""
    (tmp_path / "flat").mkdir()
    images = random_images(30, 8, seed=5)[:, 0]
    for number, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / "flat" / f"{number:03d}.png")
    options: dict[str, Any] = {"data": pets, "n": 1000, "small_n": True, "gan_train": True}
    said: list[str] = []
    bare = measured(tmp_path / "flat", "data.size=8", **options, say=said.append)
    labels = np.arange(30) % 2
    labelled = measured(archive(tmp_path / "set.npz", images, labels), "data.size=8", **options | {"gan_train": False})
    undefined = {name: figure.note for name, figure in bare.figures.items() if figure.value is None}
    assert set(undefined) == NEED_LABELS | {
        "parzen",
        "fid",
        "copies",
        "c2st",
        "gan_train",
        "gan_train_behind",
        "gan_test",
    }
    assert all("no labels: none were found" in undefined[name] for name in NEED_LABELS)
    for name, figure in bare.figures.items():
        if name not in undefined and name != "is_features":
            assert figure.value == pytest.approx(labelled.figures[name].value, rel=1e-6), name
    assert any("has no labels" in sentence for sentence in said)
    assert any("has no labels" in notice for notice in bare.protocol.notices)
    assert bare.protocol.subject.kind == "unlabelled"
    assert (bare.protocol.n_generated, bare.per_class, bare.confusion) == (30, {}, None)
    few = measured(tmp_path / "flat", "data.size=8", data=pets, n=10)
    assert few.protocol.n_generated == 10
    assert condgan.Evaluation.from_json(json.loads(json.dumps(bare.as_json()))).protocol == bare.protocol


# Classes of which there are hardly any images


def test_rare_classes_and_a_weak_network_are_named(tmp_path: Path) -> None:
    """Noise cannot be read; the class of one image has none in the test split."""
    labels = np.repeat([0, 1, 2], [40, 40, 1])
    data = archive(tmp_path / "rare.npz", random_images(81, 8)[:, 0], labels, ("cat", "dog", "eel"))
    given = archive(tmp_path / "set.npz", random_images(30, 8, seed=2)[:, 0], np.arange(30) % 2)
    result = measured(given, "data.size=8", data=data)
    below = "\n".join(summary.summary(result))
    assert 'classes with fewer than 2 test images: "eel" (0)' in below
    assert 'classes with fewer than 2 measured images: "eel" (0)' in below
    assert "guessing gives 50.0%" in below
    assert "near chance" in result.figures["kid_features"].note
    assert "near chance" not in result.figures["memorised"].note


def test_the_headline_begins_with_the_balanced_accuracy_where_counts_differ(pets: Path, tmp_path: Path) -> None:
    for name, labels in (("even", np.arange(30) % 2), ("uneven", (np.arange(30) % 5 == 0).astype(int))):
        given = archive(tmp_path / f"{name}.npz", random_images(30, 8)[:, 0], labels)
        first = summary.summary(measured(given, "data.size=8", data=pets, n=1000))[0]
        assert first.startswith("balanced accuracy" if name == "uneven" else "label accuracy")
        assert "worst class" in first
