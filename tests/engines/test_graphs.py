"""Steps that are recorded and replayed: on a CPU, with a recorder that does again what it was given."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from condgan import engines
from condgan.data.dataset import Split
from condgan.engines import Settings
from condgan.engines.torch.fast.graphs import MOST, REPEATS, Graphs
from condgan.recipe import Domain, builtin

DOMAIN = Domain(channels=1, size=8, class_names=("a", "b", "c"), data="noise", data_sha256="0" * 64)
RANDOM = np.random.default_rng(3)
IMAGES, LABELS = RANDOM.integers(0, 256, (150, 1, 8, 8), dtype=np.uint8), RANDOM.integers(0, 3, 150)
Work = Callable[[], Tensor]


class Recorder:
    """As a CUDA graph: nothing is done while it records, and a replay works on the same tensors."""

    def __init__(self, figures: int, strays: float = 0.0) -> None:
        self.result, self.strays, self.replays, self.recorded = torch.zeros(figures), strays, 0, 0

    def __call__(self, work: Work) -> tuple[Callable[[], object], Tensor]:
        self.recorded += 1

        def again() -> None:
            self.replays += 1
            self.result.copy_(work()).add_(self.strays)

        return again, self.result


def build(*overrides: str) -> Any:
    small = ("generator.hidden=16,16", "discriminator.hidden=16,16", "latent.dim=6", "data.size=8", *overrides)
    one = Settings(device="cpu", threads=1, threads_by="machine.threads")
    return engines.load("torch").build(builtin.get("cgan-bce", small), DOMAIN, Split(IMAGES, LABELS), one)


def recording(engine: Any, recorder: Any) -> Any:
    engine.graphs = Graphs(lambda: engine.game.tensors().values(), recorder)
    return engine


@pytest.mark.parametrize(
    "overrides",
    [
        (),  # with dropout, and a ragged third batch in each epoch
        ("train.order=g-first", "discriminator.dropout=0", "discriminator.minibatch=stddev", "train.ema=0.9"),
        ("penalty.r1=1", "penalty.every=4", "train.ema=0.99", "train.ema_warmup=true"),
        ("optim.schedule=linear", "optim.schedule_from=0.1", "train.epochs=20"),
        ("train.fakes=fresh", "train.critic_steps=2", "loss.flip=0.1"),
        ("generator.network=dcgan", "discriminator.network=dcgan", "augment.policy=translation", "augment.target=0.6"),
        ("optim.name=sgd", "optim.momentum=0.5", "optim.momentum_end=0.9", "optim.momentum_epochs=50"),
        ("generator.network=dcgan", "discriminator.network=dcgan", "growing.images=900", "growing.fade=600"),
        ("optim.name=rmsprop", "augment.noise=0.3", "augment.noise_epochs=3"),
        ("optim.g.name=adamax", "optim.d.name=radam"),
    ],
)
def test_replayed_steps_are_the_plain_ones(overrides: tuple[str, ...]) -> None:
    plain = build(*overrides)
    recorder = Recorder(len(plain.figures))
    replayed = recording(build(*overrides), recorder)
    expected = plain.run(0, 40)
    found = replayed.run(0, 17)
    assert all(np.array_equal(found[name], expected[name][:17]) for name in expected)
    found = replayed.run(17, 23)
    assert all(np.array_equal(found[name], expected[name][17:]) for name in expected)
    state = replayed.state()
    assert all(np.array_equal(array, state[name]) for name, array in plain.state().items())
    assert recorder.replays > 12


def test_a_replay_that_strays_is_not_used() -> None:
    plain = build()
    recorder = Recorder(len(plain.figures), strays=1e-6)
    replayed = recording(build(), recorder)
    expected, found = plain.run(0, 30), replayed.run(0, 30)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert recorder.replays == recorder.recorded == 2  # full and ragged batches, each tried once


def test_what_cannot_be_recorded_is_taken_plainly() -> None:
    tried = []

    def refuse(work: Work) -> tuple[Callable[[], object], Tensor]:
        tried.append(work)
        raise RuntimeError("operation not permitted when stream is capturing")

    plain, replayed = build(), recording(build(), refuse)
    expected, found = plain.run(0, 30), replayed.run(0, 30)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert len(tried) == 2


def test_only_so_many_kinds_are_kept() -> None:
    total = torch.zeros(())
    recorder = Recorder(1)
    graphs = Graphs(lambda: [total], recorder)

    def take(inputs: Any) -> Tensor:
        total.add_(inputs[0].sum())
        return total.clone().view(1)

    for _ in range(REPEATS + 2):
        for kind in range(MOST + 5):
            graphs(kind, take, [torch.ones(2)], lambda: None)
    assert total == 2 * (REPEATS + 2) * (MOST + 5)
    assert recorder.recorded == MOST
