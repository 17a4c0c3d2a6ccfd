"""Jittor's own Inception-v3 beside ours of the same weights, which come from it as docs/metrics.md says."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from condgan.engines.jittor import setting_up
from condgan.metrics import inception_weights
from condgan.metrics.inception import IMAGENET, prepared

pytestmark = pytest.mark.jittor
DOCS = Path(__file__).parents[2] / "docs/metrics.md"


def test_jittors_network_gives_our_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting_up.ready()
    import jittor
    from jittor.models import inception_v3

    jittor.set_global_seed(0)
    theirs = inception_v3()  # random weights: the published ones are not here
    monkeypatch.setattr(jittor.models, "inception_v3", lambda pretrained: theirs)
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r'python -c "(import jittor.*)"', DOCS.read_text(encoding="utf-8"))
    exec(command)
    path = tmp_path / "inception_v3.npz"
    ours = inception_weights.load(path)
    path.unlink()
    assert ours.port is IMAGENET

    theirs.eval()
    theirs.aux_logits = False
    grey = np.random.default_rng(0).random((2, 1, 32, 32), np.float32).repeat(3, 1)
    images = prepared(torch.from_numpy(grey), IMAGENET)
    with torch.inference_mode():
        features, logits = ours(torch.from_numpy(grey))
    expected = theirs(jittor.array(images.numpy())).numpy()
    assert logits.std() > 0
    np.testing.assert_allclose(logits.numpy(), expected, rtol=1e-3, atol=1e-3 * float(expected.std()))
    theirs.fc = jittor.nn.Identity()  # as the report's program does
    expected = theirs(jittor.array(images.numpy())).numpy()
    np.testing.assert_allclose(features.numpy(), expected, rtol=1e-3, atol=1e-3 * float(expected.std()))
