"""The mark in the weights: the term of the loss against what the detector computes, and trainings that learn it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import condgan
from condgan.engines import watermark
from condgan.engines.bodies.networks import outputs
from condgan.engines.torch.operations import TORCH
from condgan.errors import CondganError
from condgan.generation.generator import load
from condgan.marks import detection, keys, learnt, marking, pattern
from condgan.marks.detection import Evidence, detect
from condgan.marks.keys import Key
from condgan.recipe import builtin
from condgan.recipe.fingerprint import fingerprint
from conftest import random_images

PATTERNS = pattern.patterns(Key(bytes(range(32))), (28, 28))
WORD = "3fa2"
INNER = (slice(None), slice(2, -2), slice(2, -2))
NET = ("generator.hidden=32,64", "discriminator.hidden=64,32", "evaluation.every=none", "output.grid_every=100000000")


def term(images: np.ndarray, output: str) -> np.ndarray:
    """Of uint8 images (N, C, H, W), as a generator with this output would have made them."""
    low, high = (torch.from_numpy(watermark.inner(layer)) for layer in PATTERNS.layers(WORD))
    used = outputs(TORCH)[output]
    scores = SimpleNamespace(fake_images=used.read(torch.from_numpy(images)), relu=TORCH.relu)
    return watermark.Mark(low, high, used)(scores).numpy()  # type: ignore[arg-type]


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_term_is_what_the_cosines_of_the_detectors_maps_lack(output: str, channels: int) -> None:
    images = random_images(5, 28, channels)
    images[1] = marking.marked(images[1:2], PATTERNS, WORD)[0]
    images[2] = 0  # a picture without anything has no map, and lacks all
    lack = []
    (low, high), layers = next(detection.maps(images)), PATTERNS.layers(WORD)
    for found, layer, aim in ((low, layers[0], learnt.LOW), (high, layers[1], learnt.HIGH)):
        pairs = [np.corrcoef(one.ravel(), layer[2:-2, 2:-2].ravel())[0, 1] if one.any() else 0 for one in found[INNER]]
        lack.append(np.maximum(0, 1 - np.array(pairs) / aim) ** 2)
    np.testing.assert_allclose(term(images, output), np.mean(lack, axis=0), rtol=2e-3, atol=2e-3)


def test_marked_images_lack_less() -> None:
    images = load("mnist").sample_classes(np.arange(64) % 10, 3)
    assert term(marking.marked(images, PATTERNS, WORD), "tanh").mean() < 0.5 * term(images, "tanh").mean()


def trained(tmp_path: Path, *overrides: str, epochs: int = 1) -> condgan.Run:
    run = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
    return condgan.train("cgan-bce", *NET, *overrides, data=small(), epochs=epochs, run=run)


def small() -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(640) % 10
    return load("mnist").sample_classes(labels, 1)[:, 0], labels


def found(run: condgan.Run, key: Key) -> detection.Detection:
    images = load(run.folder).sample_classes(np.arange(256) % 10, 5)
    return detect(Evidence.of(images), pattern.patterns(key, (28, 28)))


def test_a_generator_learns_the_mark_of_its_key_and_no_other(tmp_path: Path) -> None:
    key = condgan.new_key(tmp_path / "mark.key")
    run = trained(tmp_path, f"watermark.key={tmp_path / 'mark.key'}", "watermark.weight=3", epochs=12)
    lacks = [record.mean["g_mark"] for record in run.records() if hasattr(record, "mean")]
    assert lacks[-1] < 0.5 * lacks[0]
    assert found(run, key).found
    assert not found(run, Key(bytes(32))).found


def test_without_a_key_nothing_is_learnt_and_nothing_changes(tmp_path: Path) -> None:
    recipe = builtin.get("cgan-bce", list(NET))
    assert "watermark" not in recipe.model_dump(exclude_defaults=True)
    assert not watermark.terms(recipe, None, outputs(TORCH)["tanh"], torch.tensor)  # type: ignore[arg-type]
    key = condgan.new_key(tmp_path / "mark.key")
    assert not found(trained(tmp_path, epochs=12), key).found


def test_a_training_goes_on_exactly_and_with_its_own_key_alone(tmp_path: Path) -> None:
    own, other = tmp_path / "mark.key", tmp_path / "other.key"
    condgan.new_key(own)
    condgan.new_key(other)
    given = f"watermark.key={own}"
    whole, half = trained(tmp_path, given, epochs=2), trained(tmp_path, given, epochs=1)
    moved = own.rename(tmp_path / "moved.key")
    with pytest.raises(CondganError, match=r"cannot be read.*watermark\.key=FILE"):
        condgan.resume(half.folder, data=small(), epochs=2)
    with pytest.raises(CondganError, match=f"and this training has the key {keys.load(moved).fingerprint}"):
        condgan.resume(half.folder, f"watermark.key={other}", data=small(), epochs=2)
    again = condgan.resume(half.folder, f"watermark.key={moved}", data=small(), epochs=2)
    for name, array in load(whole.folder).state.items():
        np.testing.assert_array_equal(array, load(again.folder).state[name])
    assert again.recipe.watermark.fingerprint == keys.load(moved).fingerprint
    assert fingerprint(again.recipe) == fingerprint(whole.recipe)  # the place of a key is not what is learnt


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("watermark.key=none.key",), "cannot be read"),
        (("watermark.fingerprint=ab",), "names a key, and none is given"),
        (("watermark.key=mark.key", "watermark.fingerprint=ab"), "this training has the key ab"),
        (("watermark.key=mark.key", "data.size=8"), "cannot have a mark: expected sides of 16 to 1024"),
        (("watermark.key=mark.key", "watermark.weight=0"), "greater than 0"),
    ],
)
def test_what_cannot_be_marked_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    condgan.new_key("mark.key")
    with pytest.raises(CondganError, match=message):
        trained(tmp_path, *overrides)
    assert not list(tmp_path.glob("run-*"))
