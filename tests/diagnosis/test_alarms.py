"""A log that goes wrong is recognised, one that does not is left alone, and all advice can be followed."""

import math
from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from condgan.diagnosis import alarms
from condgan.diagnosis.alarms import ALARMS, from_log
from condgan.diagnosis.alarms.losses import rhythm
from condgan.recipe import Loss, Optimiser, Recipe, builtin
from condgan.recipe import losses as facts
from condgan.recipe.losses import Bounds, bounds
from condgan.recipe.text import override
from condgan.results.figure import named
from condgan.results.records import AlarmRecord, EvaluationRecord, Record, StepRecord

BCE, LSGAN = builtin.get("cgan-bce"), builtin.get("cgan-lsgan")
LOSSES = {
    "bce": BCE,
    "least-squares": LSGAN,
    "not halved": builtin.get("cgan-paper-adam"),
    "smoothed": override(BCE, ["loss.real_target=0.9"]),
    "smoothed on both sides": override(LSGAN, ["loss.real_target=0.9", "loss.fake_target=0.1"]),
    "flipped": override(BCE, ["loss.flip=0.1"]),
    "flipped squares": override(LSGAN, ["loss.flip=0.1"]),
    "minimax": override(BCE, ["loss.name=minimax"]),
    "hinge": override(BCE, ["loss.name=hinge"]),
    "logistic with r1": override(BCE, ["loss.name=logistic", "penalty.r1=1"]),
    "relativistic": override(BCE, ["loss.name=relativistic"]),
    "relativistic-average": override(BCE, ["loss.name=relativistic-average"]),
}
CRITIC = override(BCE, ["loss.name=wasserstein", "discriminator.spectral=true"])

# Means over each five epochs of a real cgan-lsgan run that ended at 99 % label accuracy: 100 epochs, 19 lines an epoch
# with a standard deviation of 1 % (of 10 % in the first 10 epochs).
HEALTHY = {
    "d_loss": ".119 .163 .198 .211 .221 .227 .230 .233 .234 .235 .235 .236 .236 .235 .234 .233 .233 .232 .231 .230",
    "g_loss": ".627 .505 .405 .366 .339 .323 .311 .304 .300 .297 .296 .294 .295 .297 .299 .301 .302 .305 .309 .310",
    "d_real": ".761 .673 .606 .580 .560 .548 .541 .536 .533 .531 .531 .530 .530 .532 .534 .535 .537 .538 .541 .541",
    "d_fake": ".238 .323 .391 .418 .437 .449 .457 .462 .465 .467 .468 .469 .469 .467 .466 .464 .463 .461 .459 .458",
}


def curves(**figures: Any) -> list[StepRecord]:
    """Records of steps from equally long series (or constants)."""
    series = np.broadcast_arrays(*(np.asarray(values, float) for values in figures.values()))
    rows = zip(*series, strict=True)
    return [
        StepRecord(step=50 * i, images=3200 * i, epoch=i / 19, mean=dict(zip(figures, map(float, row), strict=True)))
        for i, row in enumerate(rows, 1)
    ]


def healthy(lines: int = 1900, noise: float = 1.0, seed: int = 0) -> list[StepRecord]:
    rng = np.random.default_rng(seed)
    places = np.arange(lines)
    deviation = noise * np.where(places < 190, 0.1, 0.01)
    return curves(
        **{
            name: np.interp(places, 47 + 95 * np.arange(20), np.array(text.split(), float))
            * (1 + deviation * rng.normal(size=lines).clip(-3, 3))
            for name, text in HEALTHY.items()
        }
    )


def bounds_of(recipe: Recipe) -> Bounds:
    result = bounds(recipe.loss)
    assert result is not None
    return result


def won(recipe: Recipe = BCE, lines: int = 60) -> list[StepRecord]:
    """As in real runs: optim.d.lr=2e-3, optim.g.lr=1e-5."""
    rng = np.random.default_rng(0)
    floor, chance = bounds_of(recipe)
    fall = np.geomspace(0.2, 5e-6, lines) * rng.uniform(0.8, 1.2, lines)
    d = floor + (chance - floor) * fall + recipe.loss.flip * 0.2 * rng.normal(size=lines)
    fake = np.linspace(-6.7, -13.5, lines)
    g = {"minimax": -np.exp(fake), "hinge": -fake / 10, "least-squares": 0.998 + 0.004 * rng.normal(size=lines)}
    return curves(d_loss=d, g_loss=g.get(recipe.loss.name, -fake), d_real=14.0, d_fake=fake, g_gradient=6.7)


def lost(recipe: Recipe = BCE, lines: int = 60) -> list[StepRecord]:
    """Of a real run: optim.g.lr=2e-3, optim.d.lr=1e-5."""
    rng = np.random.default_rng(0)
    fake = 0.4 + 0.02 * rng.normal(size=lines)
    d = bounds_of(recipe).chance * 1.05
    return curves(d_loss=d, g_loss=0.6, d_real=fake - 0.03, d_fake=fake, g_gradient=0.04)


def measured(
    epoch: float, per_class: dict[str, float | None] | None = None, **values: float | None
) -> EvaluationRecord:
    figures = {name: named(name, {"value": value, "se": 0.02 * abs(value or 0)}) for name, value in values.items()}
    return EvaluationRecord(
        step=int(938 * epoch),
        images=int(60_000 * epoch),
        epoch=float(epoch),
        evaluation=figures,
        per_class=per_class,
    )


def kinds(recipe: Recipe, records: Sequence[Record]) -> list[str]:
    return [finding.kind for finding in from_log(recipe, records)]


def test_the_real_healthy_log_is_left_alone_at_every_length() -> None:
    records = healthy()
    for length in (*range(0, 100, 7), *range(100, 1901, 100)):
        assert kinds(LSGAN, records[:length]) == []


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_swing(seed: int) -> None:
    """Lines of single batches have ten times the noise; also noise that drifts slowly is none."""
    assert kinds(LSGAN, healthy(300, noise=5, seed=seed)) == []
    drift = np.random.default_rng(seed).normal(size=400).cumsum()
    drift = 1 + 0.02 * drift
    assert rhythm(np.maximum(drift, 0.01)) is None


@pytest.mark.parametrize("period", [6, 25, 60])
def test_a_swing_is_seen_with_its_period(period: int) -> None:
    rng = np.random.default_rng(0)
    swing = np.sin(2 * np.pi * np.arange(300) / period)
    lines = curves(d_loss=0.5, g_loss=1 + 0.4 * swing + 0.05 * rng.normal(size=300), d_real=0.3, d_fake=-0.3)
    finding = from_log(BCE, lines)[0]
    assert finding.kind == "oscillation"
    steps = int(str(finding.evidence).rsplit("every ", 1)[1].split()[0])
    assert steps == pytest.approx(50 * period, rel=0.1)


def scores(real: Any, fake: Any) -> Any:
    """Logits of a real and a generated batch."""
    from condgan.engines.losses import Judgement
    from condgan.engines.torch.networks import Scores

    return Scores(lambda images, labels: Judgement(images), (real, None), (fake, None))


def d_loss(loss: Loss, real: float, fake: float) -> float:
    """What the engine minimises where every real image has one logit, and every generated one another."""
    from condgan.engines.losses import LOSSES

    torch = pytest.importorskip("torch")
    logits = {"real": torch.tensor([real], dtype=torch.float64), "fake": torch.tensor([fake], dtype=torch.float64)}
    swapped = Loss(name=loss.name, real_target=loss.fake_target, fake_target=loss.real_target)
    plain = Loss(name=loss.name, real_target=loss.real_target, fake_target=loss.fake_target)
    of = [LOSSES[loss.name].d(scores(**logits), targets).item() for targets in (plain, swapped)]
    return float((1 - loss.flip) * of[0] + loss.flip * of[1])  # a flip exchanges targets: the mean over both


def are_bounds(loss: Loss) -> None:
    result = bounds(loss)
    assert result is not None
    best = minimize(lambda logits: d_loss(loss, *logits), [0.1, -0.1], method="Nelder-Mead").fun
    assert best == pytest.approx(result.floor, abs=1e-3)
    same = minimize_scalar(lambda logit: d_loss(loss, logit, logit)).fun
    assert same == pytest.approx(result.chance, abs=1e-6)
    half = bounds(loss.model_copy(update={"halved": True}))
    assert half == pytest.approx((result.floor / 2, result.chance / 2))


def test_bounds_are_known_of_every_loss() -> None:
    from condgan.engines.losses import LOSSES

    assert facts.LOSSES.keys() == LOSSES.keys()
    for name in LOSSES:
        loss = Loss.model_validate({"name": name})
        if name == "wasserstein":
            assert bounds(loss) is None
            assert d_loss(loss, 1e9, -1e9) == -2e9  # there is no least one
        else:
            are_bounds(loss)
    assert bounds(Loss(name="bce")) == (0, 2 * math.log(2))
    assert bounds(Loss(name="least-squares")) == (0, 0.5)


@settings(max_examples=25)
@given(
    st.sampled_from([name for name, row in facts.LOSSES.items() if row.targets]),
    st.floats(0.02, 1),
    st.floats(0, 0.98),
    st.floats(0, 0.49),
)
def test_bounds_where_targets_are_smoothed_and_flipped(name: str, real: float, fake: float, flip: float) -> None:
    assume(real > fake)
    loss = Loss.model_validate({"name": name, "real_target": real, "fake_target": fake, "flip": flip})
    are_bounds(loss)


def test_the_engine_s_flips_have_the_mean_that_bounds_assume() -> None:
    from condgan.engines.losses import LOSSES

    torch = pytest.importorskip("torch")
    loss = Loss(name="bce", real_target=0.9, flip=0.2)
    many = scores(real=torch.full((200_000,), 1.3), fake=torch.full((200_000,), -0.4))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = LOSSES["bce"].d(many, loss)
    error = float(drawn.std()) / math.sqrt(len(drawn))
    assert float(drawn.mean()) == pytest.approx(d_loss(loss, 1.3, -0.4), abs=4 * error)


@pytest.mark.parametrize("name", LOSSES)
def test_who_has_won(name: str) -> None:
    recipe = LOSSES[name]
    assert kinds(recipe, won(recipe)) == ["discriminator-too-strong"]
    assert kinds(recipe, lost(recipe)) == ["generator-too-strong"]
    rng = np.random.default_rng(0)
    chance = bounds_of(recipe).chance
    equilibrium = curves(d_loss=chance * 1.01, g_loss=0.7, d_real=0.02 * rng.normal(size=60), d_fake=0.0)
    assert kinds(recipe, equilibrium) == []


# Of real runs of 60 lines on 1600 digits of 8 x 8: the D loss, G loss and mean logits of the first line, of the fifth
# and of the last one, for optim.d.lr=2e-3 and optim.g.lr=1e-5.
WON = {
    "smoothed": ((0.489, 0.168, 0.163), (0.969, 5.1, 9.09), (1.16, 2.2, 2.2), (-0.4, -5.1, -9.08)),
    "minimax": ((0.428, 0.004, 3.1e-5), (-0.513, -0.006, -5.3e-5), (1.4, 7.4, 12.7), (-0.352, -5.2, -10.2)),
    "hinge": ((0.46, 1e-4, 0.0), (0.461, 1.3, 1.33), (1.0, 1.9, 1.95), (-0.383, -1.3, -1.32)),
    "relativistic": ((0.133, 4e-4, 4.2e-6), (2.28, 7.5, 12.6), (1.4, 7.0, 13.5), (-0.279, -0.4, 0.903)),
    "relativistic-average": ((0.266, 7e-4, 7.7e-6), (4.56, 15.0, 25.0), (1.4, 7.0, 13.4), (-0.283, -0.4, 0.902)),
}


@pytest.mark.parametrize("name", WON)
def test_a_discriminator_that_really_won(name: str) -> None:
    places = np.arange(60)
    figures = [np.interp(places, [0, 4, 59], values) for values in WON[name]]
    lines = curves(**dict(zip(("d_loss", "g_loss", "d_real", "d_fake"), figures, strict=True)))
    assert kinds(LOSSES[name], lines) == ["discriminator-too-strong"]
    recovered = curves(d_loss=figures[0], g_loss=figures[1][::-1], d_real=figures[2], d_fake=figures[3])
    assert kinds(LOSSES[name], recovered) == []


@pytest.mark.parametrize("loss", ["minimax", "hinge"])
def test_a_generator_whose_loss_is_negative_may_still_recover(loss: str) -> None:
    g = np.concatenate([np.full(50, -0.3), np.full(10, -0.5)])
    near = 0.015 * bounds_of(LOSSES[loss]).chance
    assert kinds(LOSSES[loss], curves(d_loss=near, g_loss=g, d_real=2.0, d_fake=-2.0)) == []
    next_to_0 = np.concatenate([np.full(50, -1e-5), np.full(10, -2e-5)])  # where a saturating loss ends
    assert kinds(LOSSES[loss], curves(d_loss=1e-5, g_loss=next_to_0, d_real=9.0, d_fake=-9.0)) != []
    rising = curves(d_loss=near, g_loss=g[::-1], d_real=2.0, d_fake=-2.0)
    assert kinds(LOSSES[loss], rising) == ["discriminator-too-strong"]


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 5), st.integers(0, 1000))
def test_a_critic_has_no_chance_to_be_compared_with(real: float, fake: float, noise: float, seed: int) -> None:
    """Its loss may be anything; a rhythm, all that can be told, is not heard in so few lines."""
    rng = np.random.default_rng(seed)
    reals, fakes = (mean + noise * rng.normal(size=59) for mean in (real, fake))
    lines = curves(
        d_loss=fakes - reals, g_loss=-fakes, d_real=reals, d_fake=fakes, g_gradient=np.geomspace(1, 1e-9, 59)
    )
    assert kinds(CRITIC, lines) == []


@pytest.mark.parametrize("middle", [0.0, 0.3, -0.8])
def test_swings_about_zero(middle: float) -> None:
    """A G loss that is a mean logit swings in units of the hinge's margin, or of what tells a critic's images apart."""
    rng = np.random.default_rng(0)
    swing, noise = np.sin(2 * np.pi * np.arange(300) / 25), 0.05 * rng.normal(size=300)
    lines = curves(d_loss=0.9, g_loss=middle + 0.4 * swing + noise, d_real=0.3, d_fake=-0.3)
    assert kinds(LOSSES["hinge"], lines) == ["oscillation"]
    small = curves(d_loss=0.9, g_loss=middle + 0.1 * swing + noise / 4, d_real=0.3, d_fake=-0.3)
    assert kinds(LOSSES["hinge"], small) == []
    gap = 0.4 * swing + noise
    critic = curves(d_loss=middle - gap, g_loss=0.0, d_real=gap, d_fake=middle)
    assert kinds(CRITIC, critic) == ["oscillation"]
    calm = curves(d_loss=middle - gap / 5, g_loss=0.0, d_real=np.append(3.0, gap[1:] / 5), d_fake=middle)
    assert kinds(CRITIC, calm) == []
    together = curves(d_loss=-0.3, g_loss=-5 * swing, d_real=0.3 + 5 * swing, d_fake=5 * swing)
    assert kinds(CRITIC, together) == []


@given(st.floats(0.1, 10), st.integers(0, 50))
def test_a_saturating_loss_swings_as_its_mirror_image_does(size: float, seed: int) -> None:
    values = size * (1 + 0.4 * np.sin(np.arange(200) / 4) + 0.1 * np.random.default_rng(seed).normal(size=200))
    assert rhythm(-values) == pytest.approx(rhythm(values))
    assert rhythm(0 * values) is None


def test_a_gradient_that_died_away_counts_before_the_loss_is_at_0() -> None:
    gradient = np.concatenate([np.linspace(0.5, 4, 40), np.full(20, 0.2)])
    lines = curves(d_loss=0.1, g_loss=5.0, d_real=4.0, d_fake=-4.0, g_gradient=gradient)
    [finding] = from_log(BCE, lines)
    assert finding.kind == "discriminator-too-strong"
    assert "fell from" in str(finding.evidence)
    lacking = [{name: value for name, value in line.mean.items() if name != "g_gradient"} for line in lines]
    without = [line.model_copy(update={"mean": mean}) for line, mean in zip(lines, lacking, strict=True)]
    assert kinds(BCE, without) == []


def test_losses_far_above_chance_have_blown_up() -> None:
    assert kinds(LSGAN, curves(d_loss=[4.0], g_loss=2.4, d_real=1.0, d_fake=0.05)) == []  # one line is no log
    assert kinds(LSGAN, curves(d_loss=[4.0] * 40, g_loss=2.4, d_real=1.0, d_fake=0.05)) == ["losses-blown-up"]


def test_learning_rates_are_blamed_only_where_something_is_wrong() -> None:
    apart = override(LSGAN, ["optim.d.lr=2e-3"])
    assert kinds(apart, healthy(300)) == []
    assert kinds(apart, won()) == ["discriminator-too-strong", "learning-rates-out-of-balance"]
    assert kinds(override(LSGAN, ["optim.d.lr=1e-3"]), won()) == ["discriminator-too-strong"]
    assert kinds(override(apart, ["optim.d.name=sgd"]), won()) == ["discriminator-too-strong"]


def test_a_training_that_went_on_too_long() -> None:
    falling = [measured(5 * i, fid_mnist=value) for i, value in enumerate((60.0, 30.0, 20.0, 19.0, 20.0, 19.5), 1)]
    assert kinds(BCE, falling) == []
    assert kinds(BCE, [*falling, measured(35, fid_mnist=40.0)]) == []  # once may be chance
    [finding] = from_log(BCE, [*falling, measured(35, fid_mnist=40.0), measured(40, fid_mnist=45.0)])
    assert finding.kind == "over-training"
    assert "fid_mnist 19 " in str(finding.evidence)
    assert "20 epochs and 1200000 images later" in str(finding.evidence)
    assert override(BCE, finding.advice).train.epochs == 20
    risen = [measured(i, label_accuracy=value, fid_mnist=9.0) for i, value in enumerate((0.5, 0.95, 0.7, 0.6), 1)]
    assert kinds(override(BCE, ["evaluation.select=label_accuracy"]), risen) == ["over-training"]
    assert kinds(BCE, risen) == []
    only_kid = [measured(i, fid_mnist=None, kid_mnist=value) for i, value in enumerate((0.5, 0.1, 0.4, 0.4), 1)]
    assert kinds(BCE, only_kid) == ["over-training"]


def test_classes_that_show_something_else() -> None:
    good: dict[str, float | None] = {str(k): 0.97 for k in range(10)}
    bad = good | {"3": 0.1, "8": 0.4, "5": None}
    assert kinds(BCE, [measured(5, bad, label_accuracy=0.8)]) == []  # it may still learn
    assert kinds(BCE, [measured(5, bad, label_accuracy=0.8), measured(10, good, label_accuracy=0.97)]) == []
    [finding] = from_log(BCE, [measured(5, bad, label_accuracy=0.8), measured(10, bad, label_accuracy=0.8)])
    assert finding.kind == "wrong-labels"
    assert '"3", "8"' in finding.text
    assert '"3" 10%' in str(finding.evidence)
    assert kinds(BCE, [measured(100, bad, label_accuracy=0.8)]) == ["wrong-labels"]  # the end of the recipe
    [finding] = from_log(BCE, [measured(100, dict.fromkeys("0123456789", 0.11), label_accuracy=0.11)])
    assert "do not follow the labels" in finding.text
    assert kinds(BCE, [measured(100, good, label_accuracy=0.97)]) == []
    assert kinds(BCE, [measured(100, good | {"8": 0.6}, label_accuracy=0.93)]) == []  # most of them are right


@pytest.mark.parametrize(
    ("recipe", "changes", "condition"),
    [
        (BCE, (), ("discriminator.condition=projection",)),
        (BCE, ("discriminator.condition=projection",), ()),
        (BCE, ("discriminator.condition=auxiliary",), ("discriminator.condition=projection",)),
        (BCE, ("discriminator.condition=one-hot",), ("discriminator.condition=projection",)),
        (
            BCE,
            ("generator.condition=one-hot", "discriminator.condition=one-hot"),
            ("discriminator.condition=projection", "generator.condition=embedding"),
        ),
        (
            builtin.get("cgan-paper"),  # whose discriminator has branches, which exclude the heads
            (),
            ("discriminator.condition=embedding", "generator.condition=embedding"),
        ),
        (builtin.get("mnist-fast"), (), ()),
    ],
)
def test_a_condition_is_advised_that_is_stronger_than_that_in_use(
    recipe: Recipe, changes: Sequence[str], condition: tuple[str, ...]
) -> None:
    recipe = override(recipe, changes)
    end = recipe.train.epochs
    [finding] = from_log(recipe, [measured(end, dict.fromkeys("0123456789", 0.11), label_accuracy=0.11)])
    assert finding.kind == "wrong-labels"
    assert finding.advice == (f"train.epochs={2 * end}", *condition)
    assert override(recipe, finding.advice)


def test_the_same_for_every_class_is_a_collapse() -> None:
    """Wrong labels follow from it; they do not where the pictures are of several classes, or look like nothing."""
    same: dict[str, float | None] = {str(k): float(k == 1) for k in range(10)}
    figures = {"label_accuracy": 0.1, "precision": 0.9, "recall": 0.0, "coverage": 0.3}
    [finding] = from_log(BCE, [measured(100, same, modes=1.0, **figures)])
    assert finding.kind == "collapse"
    assert "the same for every class" in finding.text
    assert "1 of 10 classes" in str(finding.evidence)
    assert not [text for text in finding.advice if "condition" in text]
    assert kinds(BCE, [measured(100, same, modes=2.0, **figures)]) == ["wrong-labels"]
    assert kinds(BCE, [measured(100, same, modes=1.0, **figures | {"precision": 0.0})]) == ["wrong-labels"]
    partly = {**dict.fromkeys("012345678", 0.97), "9": 0.1}
    collapsed = figures | {"label_accuracy": 0.88, "coverage": 0.03}
    assert kinds(BCE, [measured(100, partly, modes=10.0, **collapsed)]) == ["collapse", "wrong-labels"]


def test_one_picture_over_and_over() -> None:
    collapsed = {"precision": 0.8, "recall": 0.0, "coverage": 0.03}
    assert kinds(BCE, [measured(50, **collapsed), measured(55, **collapsed)]) == ["collapse"]
    assert kinds(BCE, [measured(50, **collapsed)]) == []
    assert kinds(BCE, [measured(50, **collapsed), measured(55, precision=0.8, recall=0.1, coverage=0.3)]) == []
    assert kinds(BCE, [measured(100, **(collapsed | {"precision": 0.0}))]) == []  # noise: nothing was learnt at all


def test_an_alarm_of_the_trainer() -> None:
    alarm = AlarmRecord(step=52, images=3273, epoch=1.8, alarm="nan", text="a loss became NaN or infinite")
    [finding] = from_log(override(BCE, ["optim.lr=1e6"]), [alarm])
    assert finding.kind == "nan"
    assert "step 52" in str(finding.evidence)
    assert override(BCE, finding.advice).optim.d.lr <= 1e-3


@pytest.mark.parametrize(
    "records",
    [
        [],
        [StepRecord(step=1, images=64, epoch=0.1, mean={})] * 30,
        won(lines=9),
        [measured(1, recall=None, fid_mnist=None)] * 2,
        [measured(100, {"a": None})] * 3,
        curves(d_loss=[0.0] * 80, g_loss=0.0, d_real=0.0, d_fake=0.0)[:5],
    ],
)
def test_little_to_go_by_is_no_finding(records: Sequence[Record]) -> None:
    assert from_log(BCE, records) == []


def every_kind(recipe: Recipe) -> list[alarms.Finding]:
    swing = 1 + 0.4 * np.sin(np.arange(200) / 4)
    result = from_log(recipe, [AlarmRecord(step=1, images=64, epoch=1.0, alarm="nan", text="")])
    result += from_log(recipe, curves(d_loss=0.3 * swing, g_loss=0.8 * swing, d_real=0.3 * swing, d_fake=0.0))
    if bounds(recipe.loss) is not None:
        result += from_log(recipe, won(recipe)) + from_log(recipe, lost(recipe))
        result += from_log(recipe, curves(d_loss=[9.0] * 40, g_loss=2.4, d_real=1.0, d_fake=0.05))
    worse = [measured(i, fid_mnist=value) for i, value in enumerate((50.0, 10.0, 40.0, 40.0), 1)]
    bad = measured(recipe.train.epochs, {"0": 0.1, "1": 0.9}, precision=0.8, recall=0.0, coverage=0.0)
    end = recipe.train.epochs
    result += from_log(recipe, [measured(0, kid_mnist=3.0), measured(end, kid_mnist=3.0)])
    return result + from_log(recipe, worse) + from_log(recipe, [bad])


OF_CHANCE = {"discriminator-too-strong", "generator-too-strong", "losses-blown-up"}
OF_RATES = {"learning-rates-out-of-balance", "learning-rate-too-high", "learning-rate-too-low"}  # by the recipe's own
CHANGES = (
    (),
    ("optim.d.lr=1.23456e-2", "optim.g.lr=1e-3", "discriminator.dropout=0.7", "train.ema=0.9"),
    ("optim.g.lr=1e-1", "optim.d.lr=1e-4", "optim.betas=0.9,0.99", "evaluation.every=none", "train.epochs=1"),
    ("train.fakes=fresh", "train.critic_steps=5", "discriminator.dropout=0.5", "generator.norm=batch"),
)
OPTIMISERS = get_args(Optimiser.model_fields["name"].annotation)
VARIANTS = (
    *((name, changed) for name in builtin.RECIPES for changed in CHANGES),
    *(("cgan-bce", (f"optim.name={name}",)) for name in OPTIMISERS),
    ("cgan-bce", ("loss.real_target=0.9", "loss.flip=0.05")),
    ("cgan-bce", ("loss.name=hinge", "discriminator.spectral=true", "discriminator.condition=projection")),
    ("cgan-bce", ("loss.name=wasserstein", "penalty.wgan_gp=10", "train.fakes=fresh", "train.critic_steps=5")),
    ("cgan-bce", ("loss.name=wasserstein", "optim.d.clip_weights=0.01", "optim.name=rmsprop")),
    ("cgan-bce", ("loss.name=relativistic", "penalty.r1=1", "penalty.r2=1")),
    ("cgan-bce", ("loss.name=relativistic-average", "discriminator.minibatch=discrimination")),
    ("cgan-bce", ("loss.name=logistic", "augment.policy=translation", "augment.target=0.6")),
    ("cgan-bce", ("loss.name=minimax", "discriminator.norm=batch")),
    ("cgan-bce", ("generator.condition=norm", "discriminator.condition=auxiliary", "discriminator.minibatch=stddev")),
)


@pytest.mark.parametrize(("name", "changed"), VARIANTS)
def test_all_advice_can_be_followed_and_changes_the_recipe(name: str, changed: tuple[str, ...]) -> None:
    recipe = builtin.get(name, changed)
    result = every_kind(recipe)
    expected = set(ALARMS) - {"memorisation"} - OF_RATES
    expected -= OF_CHANCE if recipe.loss.name == "wasserstein" else set()
    assert {finding.kind for finding in result} >= expected
    for finding in result:
        assert finding.text.endswith(".")
        assert finding.advice
        assert override(recipe, finding.advice) != recipe


def cures(*changed: str) -> set[str]:
    recipe = builtin.get("cgan-bce", changed)
    [finding] = from_log(recipe, [measured(100, precision=0.8, recall=0.0, coverage=0.0)])
    return set(finding.advice) - {"optim.g.lr=0.0001", "discriminator.dropout=0.6"}


def test_the_cures_of_a_collapse_go_together() -> None:
    r1, stddev, relativistic = "penalty.r1=10", "discriminator.minibatch=stddev", "loss.name=relativistic"
    discrimination = "discriminator.minibatch=discrimination"
    assert cures() == {r1, stddev, relativistic}
    assert cures("generator.norm=none") == {"generator.norm=batch", r1, stddev, relativistic}
    assert cures("penalty.wgan_gp=10") == {stddev, relativistic}
    assert cures("discriminator.norm=batch") == {discrimination, relativistic}  # couples images, as a penalty may not
    assert cures(discrimination) == {relativistic}
    assert cures(stddev, "loss.name=relativistic-average") == {r1}
    assert cures("loss.flip=0.1") == {r1, stddev}  # the other loss has no targets to flip
    assert cures(r1, stddev, relativistic) == set()


def test_every_row_has_a_check_and_a_cure() -> None:
    for kind, alarm in ALARMS.items():
        assert alarm.in_log or alarm.in_pictures, kind
        for recipe in builtin.RECIPES.values():
            override(recipe, alarm.cure(recipe))  # each override is valid
