"""A training that changes nothing is told, and a learning rate that is to blame; a healthy one is left alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condgan.diagnosis.alarms import from_log
from condgan.diagnosis.alarms.cures import FAR, USUAL, faster, slower
from condgan.diagnosis.alarms.progress import STILL, drift
from condgan.recipe import Optimiser, Recipe, builtin
from condgan.recipe.text import override
from condgan.results.figure import named
from condgan.results.records import EvaluationRecord, Record, StepRecord

BCE = builtin.get("cgan-bce")
SLOW = override(BCE, ["optim.lr=6e-6"])
FAST = override(BCE, ["optim.lr=6e-3"])


def lines(real: Any, fake: Any, count: int = 100) -> list[Record]:
    """Steps whose mean scores are these, (count,) or one number, and whose losses say nothing."""
    both = zip(np.broadcast_to(real, count), np.broadcast_to(fake, count), strict=True)
    return [
        StepRecord(
            step=50 * i, images=3200 * i, epoch=i / 19,
            mean={"d_loss": 0.55, "g_loss": 0.8, "d_real": float(one), "d_fake": float(other)},
        )
        for i, (one, other) in enumerate(both, 1)
    ]  # fmt: skip


def measured(epoch: float, kid: float, se: float = 0.01, **others: float) -> EvaluationRecord:
    figures = {"kid_mnist": named("kid_mnist", {"value": kid, "se": se})}
    figures |= {name: named(name, {"value": value, "se": 0.01}) for name, value in others.items()}
    return EvaluationRecord(step=int(938 * epoch), images=int(60_000 * epoch), epoch=epoch, evaluation=figures)


def kinds(recipe: Recipe, records: Sequence[Record], seen: tuple[str, ...] = ()) -> list[str]:
    return [finding.kind for finding in from_log(recipe, records, seen)]


@pytest.mark.parametrize("seed", range(10))
def test_a_discriminator_that_stands_still_is_told_by_its_scores_of_real_images(seed: int) -> None:
    random = np.random.default_rng(seed)
    tremble = 0.02 + 0.01 * random.normal(size=100)
    runs_away = np.linspace(0.02, 0.6, 100) + 0.01 * random.normal(size=100)
    [finding] = from_log(BCE, lines(tremble, runs_away))
    assert finding.kind == "not-learning"
    assert "discriminator does not learn" in finding.text
    assert f"stayed at {tremble.mean():.3g}" in str(finding.evidence)
    learns = np.append(np.linspace(0, 0.2, 10), np.full(90, 0.2)) + 0.01 * random.normal(size=100)
    assert kinds(BCE, lines(learns, runs_away)) == []
    assert kinds(BCE, lines(tremble, -runs_away)) == []  # it tells them apart
    assert kinds(BCE, lines(tremble, tremble[::-1])) == []  # neither moves: nothing to be told apart
    assert kinds(BCE, lines(tremble, runs_away)[:30]) == []  # too few lines


@given(st.integers(0, 10_000), st.floats(-5, 5), st.floats(1e-3, 10))
def test_drift_is_measured_in_errors_of_noise(seed: int, level: float, size: float) -> None:
    """Whatever level and unit a series has; noise alone hardly ever drifts, a step of its size does."""
    noise = np.random.default_rng(seed).normal(size=400)
    assert drift(level + size * noise) == pytest.approx(drift(noise), rel=1e-6)
    assert drift(noise + 3 * (np.arange(400) < 40)) > STILL


def test_noise_does_not_drift() -> None:
    random = np.random.default_rng(0)
    assert sum(drift(random.normal(size=200)) > STILL for _ in range(1000)) <= 5
    assert drift(np.zeros(100)) == 0
    assert drift(np.linspace(0, 1, 100)) > STILL


def test_pictures_as_far_from_real_ones_as_at_the_beginning() -> None:
    untrained, same = measured(0, 3.1, label_accuracy=0.1), measured(100, 3.0, label_accuracy=0.1)
    [finding] = from_log(BCE, [untrained, measured(50, 3.1), same])
    assert finding.kind == "not-learning"
    assert "3.1" in str(finding.evidence)
    assert kinds(BCE, [untrained, measured(100, 0.4)]) == []
    assert kinds(BCE, [untrained, measured(10, 3.1)]) == []  # a single early evaluation
    assert kinds(BCE, [same]) == []  # what it was before is not known
    short = same.model_copy(update={"step": 40})
    assert kinds(BCE, [untrained, short]) == []  # the end of so short a training says little


def test_the_advice_for_a_network_that_does_not_learn() -> None:
    dead = override(BCE, ["optim.g.lr=1e-12"])
    finding = from_log(dead, [measured(0, 3.1), measured(100, 3.1)])[0]
    assert finding.kind == "not-learning"
    assert override(dead, finding.advice).optim.g.lr == USUAL["adam"]
    [finding] = from_log(BCE, [measured(0, 3.1), measured(100, 3.1)])  # the rates are the usual ones
    assert override(BCE, finding.advice) == override(BCE, ["train.epochs=200"])


def test_a_rate_is_too_high_only_where_something_is_wrong() -> None:
    well = [measured(0, 3.1), measured(50, 0.2), measured(100, 0.1)]
    nothing = [measured(0, 3.1), measured(50, 3.1), measured(100, 3.1)]
    assert kinds(FAST, well) == []
    partly = [*well, measured(100, 0.1, coverage=0.2)]
    assert kinds(FAST, partly) == ["learning-rate-too-high"]
    assert kinds(BCE, partly) == []
    assert kinds(FAST, [*well, measured(100, 0.1, coverage=0.8)]) == []
    assert kinds(FAST, well, ("collapse",)) == ["learning-rate-too-high"]  # seen in pictures
    assert kinds(FAST, well, ("memorisation", "wrong-labels")) == []  # of which it is not the cause
    assert kinds(BCE, nothing) == ["not-learning"]
    found = from_log(FAST, nothing)
    assert [one.kind for one in found] == ["not-learning", "learning-rate-too-high"]
    assert override(FAST, found[1].advice).optim == override(FAST, ["optim.lr=2e-4"]).optim
    one = override(BCE, ["optim.d.lr=6e-3"])
    found = from_log(one, well, ("collapse",))
    assert [each.kind for each in found] == ["learning-rate-too-high", "learning-rates-out-of-balance"]
    assert "of the discriminator is" in found[0].text
    assert found[0].advice == ("optim.d.lr=0.0002",)


def test_a_rate_is_too_low_where_figures_still_improve_fast() -> None:
    falling = [measured(0, 3.1), measured(50, 1.5), measured(100, 0.9)]
    [finding] = from_log(SLOW, falling)
    assert finding.kind == "learning-rate-too-low"
    assert override(SLOW, finding.advice).optim.g.lr == USUAL["adam"]
    assert "0.9 (before: 1.5)" in str(finding.evidence)
    assert kinds(BCE, falling) == []  # more training is what this needs
    settled = [measured(0, 3.1), measured(50, 0.11), measured(100, 0.1)]
    assert kinds(SLOW, settled) == []
    far = [measured(0, 3.1), measured(50, 1.9), measured(100, 1.8)]
    assert kinds(SLOW, far) == ["learning-rate-too-low"]
    assert kinds(BCE, far) == []
    unsure = [measured(0, 3.1), measured(50, 1.5, se=0.3), measured(100, 1.1, se=0.3)]
    assert kinds(SLOW, unsure) == []
    worse = [measured(0, 3.1), measured(50, 0.9), measured(100, 1.5)]
    assert kinds(SLOW, worse) == []


@given(st.sampled_from(sorted(USUAL)), st.floats(1e-9, 1e3), st.sampled_from([2.0, 4.0]))
def test_advice_about_a_rate_leads_towards_the_usual_one_from_afar(name: Any, lr: float, times: float) -> None:
    usual, optimiser = USUAL[name], Optimiser(name=name, lr=lr)
    down, up = slower(optimiser, times), faster(optimiser, times)
    assert down == (usual if lr >= FAR * usual else lr / times)
    assert down < lr < up
    assert up >= usual / FAR * times or up == usual


def test_a_far_too_high_rate_is_not_only_halved() -> None:
    """With the alarms that advise a lower rate: after it, no rate is far above the usual one."""
    swing = np.sin(np.arange(200) / 4)
    swinging = lines(0.3 + 0.1 * swing, 0.0, 200)
    swinging = [
        one.model_copy(update={"mean": {**one.mean, "g_loss": float(0.8 + 0.4 * by)}})
        for one, by in zip(swinging, swing, strict=True)
        if isinstance(one, StepRecord)
    ]
    found = [*from_log(FAST, swinging), *from_log(FAST, [measured(100, 0.1)], ("collapse",))]
    assert {one.kind for one in found} == {"oscillation", "learning-rate-too-high"}
    for one in found:
        optim = override(FAST, one.advice).optim
        assert (optim.g.lr, optim.d.lr) == (2e-4, 2e-4)
