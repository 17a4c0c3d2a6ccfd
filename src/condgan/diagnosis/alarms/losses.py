"""What losses, scores and gradients say of a training that fails."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from condgan.diagnosis.alarms.finding import USUAL, Finding, more_dropout, optimisers, ordered, rate, tamed
from condgan.recipe import Recipe
from condgan.recipe.losses import Bounds, bounds
from condgan.results.records import AlarmRecord, Record, StepRecord, of_kind

Series = npt.NDArray[np.float64]

# Calibrated on real logs. The D loss as a share of chance, both above its floor: 0.4 to 0.98 where all is well, but for
# the first 100 steps (0.24) and the first epochs of cgan-bn-prelu-adamw, which recovers (0.02 to 0.05); below 0.01
# where the discriminator wins; 1.02 to 1.11, with fakes scored above real images, where it loses.
WON, NEARLY_WON, BLOWN_UP = 0.02, 0.25, 2.0
FALLEN = 0.1  # of a generator's loss: what does not count as a fall
STARVED = 0.1  # of the gradient that once reached the generator
LEAST, LAST = 10, 5  # lines for any finding, and lines that the last part has at least
RATIO = 8.0  # two time-scale updates (Heusel et al. 2017) differ by up to 5
SWING, RHYTHM, PERIODS = 0.15, 0.5, 3  # of noise: up to 0.1 (0.5 for lines of one batch), 0.3, any
TUNE = 60  # lines that a rhythm is heard in: in fewer, noise has one by chance
SURE = 3.0  # standard errors


@dataclass(frozen=True)
class Losses:
    """The figures of a log's lines about training, each (N,), and the steps at which the lines end."""

    steps: Series
    d: Series
    g: Series
    real: Series
    fake: Series
    gradient: Series | None
    bounds: Bounds | None

    @property
    def last(self) -> int:
        """How many lines the last part has: a tenth, at least five."""
        return max(LAST, len(self.d) // 10)

    def span(self) -> str:
        """The last part, in words."""
        return f"steps {self.steps[-self.last]:.0f} to {self.steps[-1]:.0f}"


def losses_of(recipe: Recipe, records: Sequence[Record]) -> Losses | None:
    """The figures of the lines that have both losses and both mean logits; none if they are too few."""
    names = ("d_loss", "g_loss", "d_real", "d_fake")
    lines = [record for record in of_kind(records, StepRecord) if all(name in record.mean for name in names)]
    if len(lines) < LEAST:
        return None
    d, g, real, fake = (np.array([line.mean[name] for line in lines], np.float64) for name in names)
    steps = np.array([line.step for line in lines], np.float64)
    gradients = [line.mean["g_gradient"] for line in lines if "g_gradient" in line.mean]
    gradient = np.array(gradients, np.float64) if len(gradients) == len(lines) else None
    return Losses(steps, d, g, real, fake, gradient, bounds(recipe.loss))


def nan(recipe: Recipe, records: Sequence[Record]) -> Finding | None:
    """An alarm says that a figure was no longer a number."""
    for record in reversed(of_kind(records, AlarmRecord)):
        if record.alarm == "nan":
            return Finding(
                "nan",
                "A loss or a weight became NaN or infinite, and the training stopped.",
                f"step {record.step}, epoch {record.epoch:g}: {record.text}",
                tuple(rate(name, tamed(optimiser)) for name, optimiser in optimisers(recipe)),
            )
    return None


def too_strong_discriminator(recipe: Recipe, losses: Losses) -> Finding | None:
    """The discriminator's loss is at its floor and the generator's does not fall, or its gradient has died away."""
    if losses.bounds is None:
        return None
    floor, chance = losses.bounds
    last, rest = slice(-losses.last, None), slice(None, -losses.last)
    d, g = float(np.median(losses.d[last])), float(np.median(losses.g[last]))
    before = float(np.median(losses.g[rest]))
    faded = ""
    if losses.gradient is not None:
        now, once = float(np.median(losses.gradient[last])), peak(losses.gradient[rest], losses.last)
        if now < STARVED * once:
            faded = f"; the gradient that reaches the generator fell from {once:.3g} to {now:.3g}"
    noise = SURE * error_of(losses.d[last]) if recipe.loss.flip else 0.0  # nobody can foresee which targets flip
    near = WON * (chance - floor) + noise
    # a least-squares G loss ends at 1, where all fakes score 0, and a saturating one at 0: that it does not fall is all
    # that can be asked
    won = d - floor < near and before - g < FALLEN * max(abs(before), near)
    if not (won or (faded and d - floor < NEARLY_WON * (chance - floor))):
        return None
    gap = float(np.median(losses.real[last] - losses.fake[last]))
    return Finding(
        "discriminator-too-strong",
        "The discriminator tells every generated image from a real one, so the generator learns nothing from it.",
        f"{losses.span()}: D loss {d:.3g}{scale(losses.bounds)}, G loss {g:.3g} (before: {before:.3g}), "
        f"real images score {gap:.3g} above generated ones{faded}",
        (
            rate("d", recipe.optim.d.lr / 4),
            *more_dropout(recipe),
            *(("train.critic_steps=1",) if recipe.train.critic_steps > 1 else ()),
        ),
    )


def scale(found: Bounds) -> str:
    """What a discriminator's loss is to be compared with, in words."""
    floor = f" and the least is {found.floor:.3g}" if found.floor else ""
    return f" where chance is {found.chance:.3g}{floor}"


def error_of(values: Series) -> float:
    """Standard error of the mean of a series, (N,)."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def peak(values: Series, length: int) -> float:
    """The highest median of a stretch of this length, (N,) with N > 0."""
    return max(float(np.median(values[i : i + length])) for i in range(0, len(values), length))


def too_strong_generator(recipe: Recipe, losses: Losses) -> Finding | None:
    """The discriminator does worse than one that says the same of every image."""
    if losses.bounds is None:
        return None
    chance = losses.bounds.chance
    last = slice(-losses.last, None)
    d, gaps = losses.d[last], losses.real[last] - losses.fake[last]
    gap, error = float(gaps.mean()), error_of(gaps)
    evidence = (
        f"{losses.span()}: D loss {np.median(d):.3g}{scale(losses.bounds)}, "
        f"real images score {gap:.3g} +- {error:.2g} above generated ones"
    )
    # an equilibrium has its D loss at chance too, but there real images never score below generated ones for long
    if d.min() >= chance and gap < -SURE * error:
        return Finding(
            "generator-too-strong",
            "The discriminator takes generated images for real more than real ones, so its gradient misleads.",
            evidence,
            (rate("g", recipe.optim.g.lr / 4), rate("d", recipe.optim.d.lr * 2)),
        )
    if d.min() >= BLOWN_UP * chance:
        return Finding(
            "losses-blown-up",
            "The discriminator does far worse than guessing: its steps are too large.",
            evidence,
            tuple(rate(name, tamed(optimiser)) for name, optimiser in optimisers(recipe)),
        )
    return None


UNITS: dict[str, Callable[[Losses], tuple[float, float]]] = {
    "hinge": lambda _: (1.0, 0.0),  # its margin
    # a critic's logits may all move together, for nothing; how far apart they are has the unit of its weights
    "wasserstein": lambda losses: (math.inf, float(np.abs(losses.real - losses.fake).max())),
}
"""What swings of the losses of G and D are measured by where that is more than their mean, which may well be 0."""


def swinging(recipe: Recipe, losses: Losses) -> Finding | None:
    """A loss swings with a period of its own."""
    units = UNITS[recipe.loss.name](losses) if recipe.loss.name in UNITS else (0.0, 0.0)
    for name, values, unit in zip("GD", (losses.g, losses.d), units, strict=True):
        values = values[len(values) // 4 :]  # the start is no swing
        found = rhythm(values, unit)
        if found is None:
            continue
        deviation, period = found
        steps = period * float(np.median(np.diff(losses.steps)))
        calmer = [
            f"optim.{which}.betas=0.5,{optimiser.betas[1]:g}"
            for which, optimiser in optimisers(recipe)
            if optimiser.name in ("adam", "adamw") and optimiser.betas[0] > 0.5
        ]
        return Finding(
            "oscillation",
            f"The {name} loss swings: the networks chase each other instead of coming to rest.",
            f"steps {losses.steps[-len(values)]:.0f} to {losses.steps[-1]:.0f}: {name} loss {values.mean():.3g}, "
            f"swings of {deviation:.2g} about every {steps:.0f} steps",
            (
                *(rate(which, optimiser.lr / 2) for which, optimiser in optimisers(recipe)),
                *calmer,
                *(("train.ema=0.999",) if recipe.train.ema is None else ()),
            ),
        )
    return None


def rhythm(values: Series, unit: float = 0.0) -> tuple[float, int] | None:
    """Standard deviation and period, in lines, of the swings of a series (N,); none if it has none.

    They must be a good part of the mean, or of ``unit`` if that is more.

    Periodic is what resembles itself one period later and its opposite in between, over at least three periods: noise
    does neither, and a drift, which a parabola is taken out for, does not come back.
    """
    count = len(values)
    if count < TUNE:
        return None
    places = np.linspace(-1, 1, count)
    rest = values - np.polynomial.polynomial.polyval(places, np.polynomial.polynomial.polyfit(places, values, 2))
    size = float(rest.std())
    if size == 0 or size < SWING * max(abs(float(values.mean())), unit):
        return None
    padded = np.fft.rfft(rest, 2 * count)
    products = np.fft.irfft(np.abs(padded) ** 2)[:count] / np.arange(count, 0, -1)  # unbiased: fewer pairs at long lags
    likeness = (products / products[0])[: count // PERIODS + 1]
    opposite = int(np.argmax(likeness < -RHYTHM / 2))  # the first such lag; 0 if there is none
    alike = likeness > RHYTHM
    alike[: opposite + 1] = False
    if not opposite or not alike.any():
        return None
    start = int(np.argmax(alike))
    length = int(np.argmin(alike[start:])) or len(alike) - start
    period = start + int(np.argmax(likeness[start : start + length]))  # not a multiple of it
    return (size, period) if period >= 4 else None


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
