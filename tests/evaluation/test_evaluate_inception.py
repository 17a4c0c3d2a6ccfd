"""Figures in the space of an Inception network: which there are, and that those of two networks have two names."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import condgan
from condgan.arrays import Images
from condgan.data import load
from condgan.evaluation import features
from condgan.evaluation.features import FeatureNetwork
from condgan.metrics import Embedding
from condgan.metrics.inception import IMAGENET, Inception
from condgan.recipe import Data
from condgan.results.evaluation import Evaluation

OF_2015 = ("fid", "swd", "kid", "is_standard")
LATER = ("fid_imagenet", "swd_imagenet", "kid_imagenet", "is_imagenet_standard")
HUNDRED = "fid_imagenet_100_vs_100"


def embed(images: Images) -> Embedding:
    """Eight features, and the posteriors of three classes, as of some network."""
    flat = images.reshape(len(images), -1).astype(np.float32) / 255
    weights = np.random.default_rng(0).normal(size=(flat.shape[1], 11)).astype(np.float32)
    out = flat @ weights
    logits = np.exp(out[:, 8:])
    return Embedding(out[:, :8], logits / logits.sum(1, keepdims=True))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2000 digits, which are split by condgan."""
    mnist = load(Data(size=8)).train
    path = tmp_path_factory.mktemp("data") / "digits.npz"
    np.savez(path, images=mnist.images[:2000, 0], labels=mnist.labels[:2000])
    return path


@pytest.fixture(scope="module")
def digits_in(data: Path) -> Any:
    """Evaluate digits, with a network of a space in Inception's place."""

    def evaluated(space: str, **options: Any) -> Evaluation:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(features, "STEPS", 2)
            patch.setattr(features, "inception", lambda *_: FeatureNetwork(embed, 8, space, "5" * 64, {}))
            inception = Path("weights")
            return condgan.evaluate(data, "data.size=8", data=data, gan_train=False, inception=inception, **options)

    return evaluated


def test_figures_of_2015_have_the_plain_names(digits_in: Any) -> None:
    found = digits_in("")
    assert [name for name in (*OF_2015, *LATER) if name in found.figures] == [*OF_2015]
    assert all(found.figures[name].value is not None for name in OF_2015)
    assert found.figures["swd_features"].value != found.figures["swd"].value
    assert found.protocol.inception is not None
    assert (found.protocol.inception.space, found.protocol.inception.sha256) == ("", "5" * 64)
    assert "is_standard" in found.protocol.standard_errors


def test_figures_of_the_later_network_are_named_apart(digits_in: Any) -> None:
    found = digits_in("imagenet", hundred=True)
    assert all(found.figures[name].value is not None for name in (*LATER, HUNDRED, "fid_features_100_vs_100"))
    assert found.figures["fid"].value is None  # the standard one is not to be had of it
    assert "inception=pt_inception-2015" in found.figures["fid"].note
    assert not {"swd", "kid", "is_standard"} & set(found.figures)
    assert Evaluation.from_json(found.as_json()).figures == found.figures


def test_the_score_is_that_of_the_networks_own_classes(digits_in: Any, data: Path) -> None:
    """Of three classes: by Salimans et al. 2016, of ten splits of all images, in some order."""
    figure = digits_in("imagenet", n=2000).figures["is_imagenet_standard"]
    with np.load(data) as arrays:
        posteriors = embed(arrays["images"][:, None]).posteriors.astype(float)
    divergences = (posteriors * (np.log(posteriors) - np.log(posteriors.mean(0)))).sum(1)
    assert figure.value == pytest.approx(np.exp(divergences.mean()), rel=0.02)
    assert 1 < figure.value < 3
    assert 0 < figure.se < 0.2
    assert figure.floor == pytest.approx(figure.value, rel=0.1)


def test_a_network_is_known_by_its_weights(tmp_path: Path) -> None:
    """Whatever form they are kept in, so that real images are embedded once."""
    state = {name: value for name, value in Inception(IMAGENET).state_dict().items() if value.is_floating_point()}
    torch.save(state | {"AuxLogits.fc.bias": torch.zeros(1000)}, tmp_path / "a.pth")
    np.savez(tmp_path / "b.npz", **{name: value.numpy() for name, value in state.items()})
    one, other = (features.inception(tmp_path / name) for name in ("a.pth", "b.npz"))
    assert one.space == other.space == "imagenet"
    assert one.sha256 == other.sha256
    assert one.dim == 2048
    state["fc.bias"] += 1
    torch.save(state, tmp_path / "a.pth")
    assert features.inception(tmp_path / "a.pth").sha256 != one.sha256
    for path in tmp_path.iterdir():
        path.unlink()
