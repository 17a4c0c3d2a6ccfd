"""A log that goes wrong is recognised, one that does not is left alone, and all advice can be followed."""

import math
from typing import Any

import numpy as np
import pytest

from condgan import recipes, symptoms
from condgan.recipe import Recipe
from condgan.recipe_text import override
from condgan.symptoms import KINDS, from_log
from condgan.symptoms.losses import CHANCE, rhythm

Record = dict[str, Any]
BCE, LSGAN = recipes.get("cgan-bce"), recipes.get("cgan-lsgan")

# Means over each five epochs of a real cgan-lsgan run that ended at 99 % label accuracy: 100 epochs, 19 lines an epoch
# with a standard deviation of 1 % (of 10 % in the first 10 epochs).
HEALTHY = {
    "d_loss": ".119 .163 .198 .211 .221 .227 .230 .233 .234 .235 .235 .236 .236 .235 .234 .233 .233 .232 .231 .230",
    "g_loss": ".627 .505 .405 .366 .339 .323 .311 .304 .300 .297 .296 .294 .295 .297 .299 .301 .302 .305 .309 .310",
    "d_real": ".761 .673 .606 .580 .560 .548 .541 .536 .533 .531 .531 .530 .530 .532 .534 .535 .537 .538 .541 .541",
    "d_fake": ".238 .323 .391 .418 .437 .449 .457 .462 .465 .467 .468 .469 .469 .467 .466 .464 .463 .461 .459 .458",
}


def curves(**figures: Any) -> list[Record]:
    """Lines about training from equally long series (or constants)."""
    series = np.broadcast_arrays(*(np.asarray(values, float) for values in figures.values()))
    rows = zip(*series, strict=True)
    return [
        {"step": 50 * i, "images": 3200 * i, "epoch": i / 19, **dict(zip(figures, map(float, row), strict=True))}
        for i, row in enumerate(rows, 1)
    ]


def healthy(lines: int = 1900, noise: float = 1.0, seed: int = 0) -> list[Record]:
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


def won(lines: int = 60) -> list[Record]:
    """Of a real run: optim.d.lr=2e-3, optim.g.lr=1e-5."""
    rng = np.random.default_rng(0)
    fall = np.geomspace(0.1, 2.5e-6, lines) * rng.uniform(0.8, 1.2, lines)
    return curves(d_loss=fall, g_loss=np.linspace(6.7, 13.5, lines), d_real=14.0, d_fake=-13.0, g_gradient=6.7)


def lost(chance: float, lines: int = 60) -> list[Record]:
    """Of a real run: optim.g.lr=2e-3, optim.d.lr=1e-5."""
    rng = np.random.default_rng(0)
    fake = 0.4 + 0.02 * rng.normal(size=lines)
    return curves(d_loss=chance * 1.05, g_loss=0.6, d_real=fake - 0.03, d_fake=fake, g_gradient=0.04)


def measured(epoch: float, per_class: dict[str, float | None] | None = None, **values: float | None) -> Record:
    figures = {name: {"value": value, "se": 0.02 * abs(value or 0)} for name, value in values.items()}
    line: Record = {"step": int(938 * epoch), "images": int(60_000 * epoch), "epoch": epoch, "evaluation": figures}
    return line | ({} if per_class is None else {"per_class": per_class})


def kinds(recipe: Recipe, records: list[Record]) -> list[str]:
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
    steps = int(finding.evidence.rsplit("every ", 1)[1].split()[0])
    assert steps == pytest.approx(50 * period, rel=0.1)


def test_chance_is_the_discriminators_loss_where_it_cannot_tell() -> None:
    from condgan.engines.torch.losses import LOSSES

    torch = pytest.importorskip("torch")
    assert CHANCE.keys() == LOSSES.keys()
    for name, undecided in {"bce": 0.0, "least-squares": 0.5}.items():
        scores = type("S", (), {"real": torch.tensor([undecided]), "fake": torch.tensor([undecided])})()
        assert LOSSES[name].d(scores).item() == pytest.approx(CHANCE[name], rel=1e-6)
        grid = torch.linspace(-2, 2, 401)
        same = type("S", (), {"real": grid, "fake": grid})()
        assert LOSSES[name].d(same).min().item() == pytest.approx(CHANCE[name], rel=1e-6)


@pytest.mark.parametrize("recipe", [BCE, LSGAN, recipes.get("cgan-paper-adam")], ids=lambda recipe: recipe.name)
def test_who_has_won(recipe: Recipe) -> None:
    chance = CHANCE[recipe.loss.name] / (2 if recipe.loss.halved else 1)
    assert kinds(recipe, won()) == ["discriminator-too-strong"]
    assert kinds(recipe, lost(chance)) == ["generator-too-strong"]
    rng = np.random.default_rng(0)
    equilibrium = curves(d_loss=chance * 1.01, g_loss=0.7, d_real=0.02 * rng.normal(size=60), d_fake=0.0)
    assert kinds(recipe, equilibrium) == []


def test_a_gradient_that_died_away_counts_before_the_loss_is_at_0() -> None:
    gradient = np.concatenate([np.linspace(0.5, 4, 40), np.full(20, 0.2)])
    lines = curves(d_loss=0.1, g_loss=5.0, d_real=4.0, d_fake=-4.0, g_gradient=gradient)
    [finding] = from_log(BCE, lines)
    assert finding.kind == "discriminator-too-strong"
    assert "fell from" in finding.evidence
    assert kinds(BCE, [{name: line[name] for name in line if name != "g_gradient"} for line in lines]) == []


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
    assert "fid_mnist 19 " in finding.evidence
    assert "20 epochs and 1200000 images later" in finding.evidence
    assert override(BCE, finding.advice).train.epochs == 20
    risen = [measured(i, label_accuracy=value, fid_mnist=9.0) for i, value in enumerate((0.5, 0.95, 0.7, 0.6), 1)]
    assert kinds(override(BCE, ["evaluation.select=label_accuracy"]), risen) == ["over-training"]
    assert kinds(BCE, risen) == []
    only_kid = [measured(i, fid_mnist=None, kid_mnist=value) for i, value in enumerate((0.5, 0.1, 0.4, 0.4), 1)]
    assert kinds(BCE, only_kid) == ["over-training"]


def test_classes_that_show_something_else() -> None:
    good: dict[str, float | None] = {str(k): 0.97 for k in range(10)}
    bad = good | {"3": 0.1, "8": 0.6, "5": None}
    assert kinds(BCE, [measured(5, bad, label_accuracy=0.8)]) == []  # it may still learn
    assert kinds(BCE, [measured(5, bad, label_accuracy=0.8), measured(10, good, label_accuracy=0.97)]) == []
    [finding] = from_log(BCE, [measured(5, bad, label_accuracy=0.8), measured(10, bad, label_accuracy=0.8)])
    assert finding.kind == "wrong-labels"
    assert '"3", "8"' in finding.text
    assert '"3" 10%' in finding.evidence
    assert kinds(BCE, [measured(100, bad, label_accuracy=0.8)]) == ["wrong-labels"]  # the end of the recipe
    [finding] = from_log(BCE, [measured(100, dict.fromkeys("0123456789", 0.11), label_accuracy=0.11)])
    assert "do not follow the labels" in finding.text
    assert kinds(BCE, [measured(100, good, label_accuracy=0.97)]) == []


def test_one_picture_over_and_over() -> None:
    collapsed = {"precision": 0.8, "recall": 0.0, "coverage": 0.03}
    assert kinds(BCE, [measured(50, **collapsed), measured(55, **collapsed)]) == ["collapse"]
    assert kinds(BCE, [measured(50, **collapsed)]) == []
    assert kinds(BCE, [measured(50, **collapsed), measured(55, precision=0.8, recall=0.1, coverage=0.3)]) == []
    assert kinds(BCE, [measured(100, **(collapsed | {"precision": 0.0}))]) == []  # noise: nothing was learnt at all


def test_an_alarm_of_the_trainer() -> None:
    alarm = {"step": 52, "images": 3273, "epoch": 1.8, "alarm": "nan", "text": "a loss became NaN or infinite"}
    [finding] = from_log(override(BCE, ["optim.lr=1e6"]), [alarm])
    assert finding.kind == "nan"
    assert "step 52" in finding.evidence
    assert override(BCE, finding.advice).optim.d.lr <= 1e-3


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"step": 1}],
        [{"step": 1, "d_loss": None, "g_loss": "x"}] * 30,
        won(9),
        [{"step": i, "images": i, "d_loss": math.nan, "g_loss": math.inf, "d_real": 0, "d_fake": 0} for i in range(30)],
        [{"step": 1, "images": 9, "evaluation": {"recall": {"value": None}, "fid_mnist": {"value": None}}}] * 2,
        [{"step": 1, "images": 9, "epoch": 100, "evaluation": {}, "per_class": {"a": None}}] * 3,
        curves(d_loss=[0.0] * 80, g_loss=0.0, d_real=0.0, d_fake=0.0)[:5],
    ],
)
def test_little_to_go_by_is_no_finding(records: list[Record]) -> None:
    assert from_log(BCE, records) == []


def every_kind(recipe: Recipe) -> list[symptoms.Finding]:
    chance = CHANCE[recipe.loss.name] / (2 if recipe.loss.halved else 1)
    swing = 1 + 0.4 * np.sin(np.arange(200) / 4)
    found = from_log(recipe, [*won(), {"step": 1, "epoch": 1, "alarm": "nan"}]) + from_log(recipe, lost(chance))
    found += from_log(recipe, curves(d_loss=[9.0] * 40, g_loss=2.4, d_real=1.0, d_fake=0.05))
    found += from_log(recipe, curves(d_loss=chance * 0.8, g_loss=swing, d_real=0.5, d_fake=0.4))
    worse = [measured(i, fid_mnist=value) for i, value in enumerate((50.0, 10.0, 40.0, 40.0), 1)]
    bad = measured(recipe.train.epochs, {"0": 0.1, "1": 0.9}, precision=0.8, recall=0.0, coverage=0.0)
    return found + from_log(recipe, worse) + from_log(recipe, [bad])


@pytest.mark.parametrize("name", recipes.RECIPES)
@pytest.mark.parametrize(
    "changed",
    [
        (),
        ("optim.d.lr=1.23456e-2", "optim.g.lr=1e-3", "discriminator.dropout=0.7", "train.ema=0.9"),
        ("optim.g.lr=1e-1", "optim.d.lr=1e-4", "optim.betas=0.9,0.99", "evaluation.every=none", "train.epochs=1"),
        ("train.fakes=fresh", "train.critic_steps=5", "discriminator.dropout=0.5", "generator.norm=batch"),
    ],
)
def test_all_advice_can_be_followed_and_changes_the_recipe(name: str, changed: tuple[str, ...]) -> None:
    recipe = recipes.get(name, changed)
    found = every_kind(recipe)
    expected = set(KINDS) - {"memorisation", "learning-rates-out-of-balance"}
    assert {finding.kind for finding in found} >= expected
    for finding in found:
        assert finding.text.endswith(".")
        assert finding.advice
        assert override(recipe, finding.advice) != recipe
