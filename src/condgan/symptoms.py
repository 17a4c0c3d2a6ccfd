"""What a log says of a training that fails: pure functions of its lines and the recipe.

Cheap enough to be asked at each evaluation; too short a log, or lines that lack a figure, give no finding.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.recipe import Optimiser, Recipe

Record = dict[str, Any]
Series = npt.NDArray[np.float64]

KINDS = (
    "nan",
    "discriminator-too-strong",
    "generator-too-strong",
    "losses-blown-up",
    "collapse",
    "wrong-labels",
    "memorisation",
    "oscillation",
    "over-training",
    "learning-rates-out-of-balance",
)
"""What can be found, the worst first."""

CHANCE = {"bce": 2 * math.log(2), "least-squares": 0.5}
"""The discriminator's loss, not halved, where it cannot tell real from generated: logits 0, or scores 0.5."""
USUAL = {"adam": 2e-4, "adamw": 2e-4, "sgd": 0.1}
"""Learning rates that the published recipes train with."""

# Calibrated on real logs. The D loss as a share of chance: 0.4 to 0.98 where all is well, but for the first 100 steps
# (0.24); below 0.01 where the discriminator wins; 1.02 to 1.11, with fakes scored above real images, where it loses.
WON, NEARLY_WON, BLOWN_UP = 0.02, 0.25, 2.0
STARVED = 0.1  # of the gradient that once reached the generator
LEAST, LAST = 10, 5  # lines for any finding, and lines that the last part has at least
RATIO = 8.0  # two time-scale updates (Heusel et al. 2017) differ by up to 5
SWING, RHYTHM, PERIODS = 0.15, 0.5, 3  # of noise: up to 0.1 (0.5 for lines of one batch), 0.3, any
SURE, WORSE = 3.0, 0.1  # joint standard errors, share of the best value
POOR, BEHIND = 0.5, 0.3  # of a class's pictures that are read as it; behind the median class
NO_RECALL, NO_COVERAGE, SOME_PRECISION = 0.02, 0.1, 0.1  # collapsed: 0, 0.01 to 0.08; undertrained: 0.01, 0.3


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Attributes:
        kind: one of ``KINDS``.
        text: what is wrong, a sentence.
        evidence: the numbers, and where they stand.
        advice: ``section.field=value`` strings, each valid for the run's recipe.
    """

    kind: str
    text: str
    evidence: str
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Losses:
    """The figures of a log's lines about training, each (N,), and the steps at which the lines end."""

    steps: Series
    d: Series
    g: Series
    real: Series
    fake: Series
    gradient: Series | None
    chance: float

    @property
    def last(self) -> int:
        """How many lines the last part has: a tenth, at least five."""
        return max(LAST, len(self.d) // 10)

    def span(self) -> str:
        """The last part, in words."""
        return f"steps {self.steps[-self.last]:.0f} to {self.steps[-1]:.0f}"


def from_log(recipe: Recipe, records: Sequence[Record]) -> list[Finding]:
    """What the records of ``log.read`` say, in the order of ``KINDS``."""
    found = [check(recipe, records) for check in (nan, over_training, wrong_labels, collapse)]
    losses = losses_of(recipe, records)
    if losses is not None:
        found += [check(recipe, losses) for check in (too_strong_discriminator, too_strong_generator, swinging)]
    present = [finding for finding in found if finding is not None]
    return ordered([*present, *out_of_balance(recipe, present)])


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """The first of each kind, in the order of ``KINDS``."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.kind, finding)
    return [first[kind] for kind in KINDS if kind in first]


def losses_of(recipe: Recipe, records: Sequence[Record]) -> Losses | None:
    """The figures of the lines that have both losses and both mean logits; none if they are too few."""
    names = ("step", "d_loss", "g_loss", "d_real", "d_fake")
    lines = [line for line in records if all(finite(line.get(name)) for name in names)]
    if len(lines) < LEAST:
        return None
    steps, d, g, real, fake = (np.array([line[name] for line in lines], np.float64) for name in names)
    gradients = [line.get("g_gradient") for line in lines]
    gradient = np.array(gradients, np.float64) if all(map(finite, gradients)) else None
    return Losses(steps, d, g, real, fake, gradient, CHANCE[recipe.loss.name] * (0.5 if recipe.loss.halved else 1.0))


def finite(value: object) -> bool:
    """Whether a log's value is a number that can be computed with."""
    return isinstance(value, int | float) and math.isfinite(value)


def too_strong_discriminator(recipe: Recipe, losses: Losses) -> Finding | None:
    """The discriminator's loss is near 0 and the generator's does not fall, or its gradient has died away."""
    last, rest = slice(-losses.last, None), slice(None, -losses.last)
    d, g = float(np.median(losses.d[last])), float(np.median(losses.g[last]))
    before = float(np.median(losses.g[rest]))
    faded = ""
    if losses.gradient is not None:
        now, once = float(np.median(losses.gradient[last])), peak(losses.gradient[rest], losses.last)
        if now < STARVED * once:
            faded = f"; the gradient that reaches the generator fell from {once:.3g} to {now:.3g}"
    # a least-squares G loss ends at 1, where all fakes score 0: that it does not fall is all that can be asked
    won = d < WON * losses.chance and g > 0.9 * before
    if not (won or (faded and d < NEARLY_WON * losses.chance)):
        return None
    gap = float(np.median(losses.real[last] - losses.fake[last]))
    return Finding(
        "discriminator-too-strong",
        "The discriminator tells every generated image from a real one, so the generator learns nothing from it.",
        f"{losses.span()}: D loss {d:.3g} where chance is {losses.chance:.3g}, G loss {g:.3g} (before: {before:.3g}), "
        f"real images score {gap:.3g} above generated ones{faded}",
        (
            rate("d", recipe.optim.d.lr / 4),
            *more_dropout(recipe),
            *(("train.critic_steps=1",) if recipe.train.critic_steps > 1 else ()),
        ),
    )


def peak(values: Series, length: int) -> float:
    """The highest median of a stretch of this length, (N,) with N > 0."""
    return max(float(np.median(values[i : i + length])) for i in range(0, len(values), length))


def too_strong_generator(recipe: Recipe, losses: Losses) -> Finding | None:
    """The discriminator does worse than one that says the same of every image."""
    last = slice(-losses.last, None)
    d, gaps = losses.d[last], losses.real[last] - losses.fake[last]
    gap, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))
    evidence = (
        f"{losses.span()}: D loss {np.median(d):.3g} where chance is {losses.chance:.3g}, "
        f"real images score {gap:.3g} +- {error:.2g} above generated ones"
    )
    # an equilibrium has its D loss at chance too, but there real images never score below generated ones for long
    if d.min() >= losses.chance and gap < -SURE * error:
        return Finding(
            "generator-too-strong",
            "The discriminator takes generated images for real more than real ones, so its gradient misleads.",
            evidence,
            (rate("g", recipe.optim.g.lr / 4), rate("d", recipe.optim.d.lr * 2)),
        )
    if d.min() >= BLOWN_UP * losses.chance:
        return Finding(
            "losses-blown-up",
            "The discriminator does far worse than guessing: its steps are too large.",
            evidence,
            tuple(rate(name, tamed(optimiser)) for name, optimiser in optimisers(recipe)),
        )
    return None


def swinging(recipe: Recipe, losses: Losses) -> Finding | None:
    """A loss swings with a period of its own."""
    for name, values in (("G", losses.g), ("D", losses.d)):
        values = values[len(values) // 4 :]  # the start is no swing
        found = rhythm(values)
        if found is None:
            continue
        size, period = found
        steps = period * float(np.median(np.diff(losses.steps)))
        calmer = [
            f"optim.{which}.betas=0.5,{optimiser.betas[1]:g}"
            for which, optimiser in optimisers(recipe)
            if optimiser.name != "sgd" and optimiser.betas[0] > 0.5
        ]
        return Finding(
            "oscillation",
            f"The {name} loss swings: the networks chase each other instead of coming to rest.",
            f"steps {losses.steps[-len(values)]:.0f} to {losses.steps[-1]:.0f}: {name} loss {values.mean():.3g}, "
            f"swings of {size:.0%} of it about every {steps:.0f} steps",
            (
                *(rate(which, optimiser.lr / 2) for which, optimiser in optimisers(recipe)),
                *calmer,
                *(("train.ema=0.999",) if recipe.train.ema is None else ()),
            ),
        )
    return None


def rhythm(values: Series) -> tuple[float, int] | None:
    """Relative size and period, in lines, of the swings of a series (N,); none if it has none.

    Periodic is what resembles itself one period later and its opposite in between, over at least three periods: noise
    does neither, and a drift, which a parabola is taken out for, does not come back.
    """
    count = len(values)
    if count < 4 * PERIODS or values.mean() <= 0:
        return None
    places = np.linspace(-1, 1, count)
    rest = values - np.polynomial.polynomial.polyval(places, np.polynomial.polynomial.polyfit(places, values, 2))
    size = float(rest.std() / values.mean())
    if size < SWING:
        return None
    padded = np.fft.rfft(rest, 2 * count)
    products = np.fft.irfft(np.abs(padded) ** 2)[:count] / np.arange(count, 0, -1)  # unbiased: fewer pairs at long lags
    likeness = (products / products[0])[: count // PERIODS + 1]
    opposite = int(np.argmax(likeness < -RHYTHM / 2))  # the first such lag; 0 if there is none
    if not opposite or opposite + 1 >= len(likeness):
        return None
    period = opposite + int(np.argmax(likeness[opposite:]))
    return (size, period) if period >= 4 and likeness[period] > RHYTHM else None


def nan(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """An alarm line says that a figure was no longer a number."""
    for record in reversed(records):
        if record.get("alarm") == "nan":
            return Finding(
                "nan",
                "A loss or a weight became NaN or infinite, and the training stopped.",
                f"step {record.get('step')}, epoch {record.get('epoch')}: {record.get('text', 'an alarm')}",
                tuple(rate(name, tamed(optimiser)) for name, optimiser in optimisers(recipe)),
            )
    return None


def over_training(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """The best evaluation lies back, and the last two are clearly worse."""
    wanted = recipe.evaluation.select
    line = []
    for record in measured(records):
        figures = record["evaluation"]
        name = next((name for name in figures if name == wanted or name.startswith(f"{wanted}_")), "")
        value, error = figure(record, name), figures.get(name, {}).get("se")
        if value is not None:
            line.append((value, error if finite(error) else 0.0, name, record))
    if len(line) < 3:
        return None
    sign = 1 if wanted == "label_accuracy" else -1
    best, error, name, when = max(line, key=lambda entry: sign * entry[0])
    for value, its_error, _, _ in line[-2:]:
        loss = sign * (best - value)
        if loss <= SURE * math.hypot(error, its_error) or loss <= WORSE * abs(best):
            return None
    value, its_error, _, now = line[-1]
    images, epochs = now.get("images", 0) - when.get("images", 0), now.get("epoch", 0) - when.get("epoch", 0)
    return Finding(
        "over-training",
        f"The run was best at epoch {when.get('epoch', 0):g} and has become worse since.",
        f"{name} {best:.4g} (se {error:.2g}) at epoch {when.get('epoch', 0):g}, {value:.4g} (se {its_error:.2g}) at "
        f"epoch {now.get('epoch', 0):g}, {epochs:g} epochs and {images} images later",
        (
            f"train.epochs={max(1, math.ceil(when.get('epoch', 1)))}",
            *patience(recipe),
            rate("d", recipe.optim.d.lr / 2),
        ),
    )


def wrong_labels(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """Classes whose pictures are not read as them, in the last evaluations."""
    lines = settled(recipe, [record for record in measured(records) if isinstance(record.get("per_class"), dict)])
    bad = [poor({name: value for name, value in line["per_class"].items() if finite(value)}) for line in lines]
    if not bad or not all(bad):
        return None
    last, read = lines[-1], bad[-1]
    lasting = [name for name in read if all(name in earlier for earlier in bad)]
    if not lasting:
        return None
    overall = figure(last, "label_accuracy")
    accuracies = ", ".join(f'"{name}" {read[name]:.0%}' for name in lasting[:10])
    return mislabelled(
        recipe,
        lasting,
        nothing=overall is not None and follows_nothing(overall, len(last["per_class"])),
        evidence=f"evaluation at step {last.get('step')}, epoch {last.get('epoch')}: read as the class asked for: "
        f"{accuracies}{'' if overall is None else f'; all classes together {overall:.0%}'}",
    )


def poor(accuracies: dict[str, float], ceiling: dict[str, float] | None = None) -> dict[str, float]:
    """The classes that are read right too seldom, of all by name; ``ceiling`` is how often real images are."""
    if not accuracies:
        return {}
    usual = float(np.median(list(accuracies.values())))
    return {
        name: value
        for name, value in accuracies.items()
        if value < POOR * (ceiling or {}).get(name, 1.0) or value < usual - BEHIND
    }


def follows_nothing(accuracy: float, classes: int) -> bool:
    """Whether an accuracy is little better than guessing one of K classes."""
    return classes > 1 and (accuracy - 1 / classes) / (1 - 1 / classes) < 0.2


def mislabelled(recipe: Recipe, classes: Sequence[str], nothing: bool, evidence: str) -> Finding:
    """The finding about these classes, or about all of them if labels do ``nothing``."""
    named = ", ".join(f'"{name}"' for name in classes[:10]) + (" and others" if len(classes) > 10 else "")
    text = (
        f"Pictures of {named} mostly do not show what was asked for: too little training, or wrong labels in the data."
    )
    if nothing:
        text = "The pictures do not follow the labels: hardly more of them show the class asked for than by chance."
    other = "one-hot" if recipe.generator.condition == "embedding" else "embedding"
    return Finding(
        "wrong-labels",
        text,
        evidence,
        (
            f"train.epochs={2 * recipe.train.epochs}",
            f"generator.condition={other}",
            f"discriminator.condition={other}",
        ),
    )


def collapse(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """Real images have no generated ones near them, while generated ones look real."""
    lines = settled(recipe, measured(records))
    for line in lines:
        recall, coverage, precision = (figure(line, name) for name in ("recall", "coverage", "precision"))
        if recall is None or coverage is None or precision is None:
            return None
        if recall > NO_RECALL or coverage > NO_COVERAGE or precision < SOME_PRECISION:
            return None
    if not lines:
        return None
    return collapsed(
        recipe,
        "The generator makes a few pictures over and over: they look real but show little of what the data holds.",
        f"evaluation at step {lines[-1].get('step')}, epoch {lines[-1].get('epoch')}: precision {precision:.3g}, "
        f"recall {recall:.3g}, coverage {coverage:.3g}",
    )


def collapsed(recipe: Recipe, text: str, evidence: str) -> Finding:
    """The finding about pictures that repeat."""
    norm = () if recipe.generator.norm == "batch" else ("generator.norm=batch",)
    return Finding("collapse", text, evidence, (*norm, rate("g", recipe.optim.g.lr / 2), *more_dropout(recipe)))


def out_of_balance(recipe: Recipe, symptoms: Sequence[Finding]) -> list[Finding]:
    """Learning rates far apart, where something is wrong besides; of different optimisers they cannot be compared."""
    g, d = recipe.optim.g, recipe.optim.d
    blamed = {"over-training", "wrong-labels"}  # these have other causes
    symptom = next((finding.kind for finding in ordered(symptoms) if finding.kind not in blamed), None)
    if symptom is None or g.name != d.name or max(g.lr / d.lr, d.lr / g.lr) < RATIO:
        return []
    faster, ratio = ("generator", g.lr / d.lr) if g.lr > d.lr else ("discriminator", d.lr / g.lr)
    between = min(math.sqrt(g.lr * d.lr), USUAL[g.name])
    return [
        Finding(
            "learning-rates-out-of-balance",
            f"The {faster} learns at {ratio:.3g} times the rate of the other network.",
            f"optim.g.lr={g.lr:g}, optim.d.lr={d.lr:g}, together with: {symptom}",
            (rate("g", between), rate("d", between)),
        )
    ]


def measured(records: Sequence[Record]) -> list[Record]:
    """The lines with an evaluation."""
    return [record for record in records if isinstance(record.get("evaluation"), dict)]


def settled(recipe: Recipe, lines: Sequence[Record]) -> Sequence[Record]:
    """The evaluations that must agree: the last two, or the last alone once the training is over; else none.

    A generator that has just begun makes one kind of picture, of any class: a single early evaluation proves nothing.
    """
    if lines and lines[-1].get("epoch", 0) >= recipe.train.epochs:
        return lines[-1:]
    return lines[-2:] if len(lines) > 1 else []


def figure(record: Record, name: str) -> float | None:
    """A value of an evaluation; none if it has none."""
    entry = record["evaluation"].get(name)
    value = entry.get("value") if isinstance(entry, dict) else None
    return float(value) if value is not None and finite(value) else None


def optimisers(recipe: Recipe) -> tuple[tuple[str, Optimiser], ...]:
    """Both, by the name of their section."""
    return ("g", recipe.optim.g), ("d", recipe.optim.d)


def rate(which: str, value: float) -> str:
    """The override that sets a learning rate."""
    return f"optim.{which}.lr={value:.2g}"


def tamed(optimiser: Optimiser) -> float:
    """A learning rate that losses stay finite under: a quarter, and no more than is usual."""
    return min(optimiser.lr / 4, USUAL[optimiser.name])


def more_dropout(recipe: Recipe) -> tuple[str, ...]:
    """The override that makes the discriminator forget more; none if it forgets much already."""
    dropout = recipe.discriminator.dropout
    return () if dropout >= 0.6 else (f"discriminator.dropout={0.4 if dropout < 0.4 else 0.6:g}",)


def patience(recipe: Recipe) -> tuple[str, ...]:
    """The overrides that stop a training after its best evaluation."""
    every = ("evaluation.every=300000",) if recipe.evaluation.every is None else ()
    return (*every, "evaluation.patience=3")
