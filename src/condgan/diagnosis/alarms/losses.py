"""Checks of a training's losses, scores and gradients."""

import math
from typing import Any

import numpy as np

from condgan.diagnosis.alarms.alarm import Finding
from condgan.diagnosis.alarms.evidence import Evidence, evidence
from condgan.diagnosis.alarms.logged import Logged, Series
from condgan.metrics import mean
from condgan.recipe.losses import Bounds, facts
from condgan.results.records import AlarmRecord, of_kind

# Calibrated on real logs. The D loss as a share of chance, both above its floor: 0.4 to 0.98 where all is well, but for
# the first 100 steps (0.24) and the first epochs of cgan-bn-prelu-adamw, which recovers (0.02 to 0.05); below 0.01
# where the discriminator wins; 1.02 to 1.11, with generated images scored above real ones, where it loses.
WON, NEARLY_WON, LOST, BLOWN_UP = 0.02, 0.25, 1.005, 2.0
FALLEN = 0.1  # of a generator's loss: what does not count as a fall
STARVED = 0.1  # of the gradient that once reached the generator
SWING, RHYTHM, PERIODS = 0.15, 0.5, 3  # of noise: up to 0.1 (0.5 for records of one batch), 0.3, any
TUNE = 60  # records that show a rhythm: in fewer, noise has one by chance
SURE = 3.0  # standard errors


def nan(log: Logged) -> Finding | None:
    """A figure became NaN or infinite; the training logs this alarm itself."""
    for record in reversed(of_kind(log.records, AlarmRecord)):
        if record.alarm == "nan":
            return Finding(
                "A loss or a weight became NaN or infinite, and the training stopped.",
                evidence(("step", record.step, record.epoch), ("message", record.text)),
            )
    return None


def too_strong_discriminator(log: Logged) -> Finding | None:
    """The discriminator's loss is at its floor and the generator's does not fall, or its gradient has vanished."""
    losses = log.losses
    if losses is None or losses.bounds is None:
        return None
    floor, chance = losses.bounds
    last, earlier = slice(-losses.last, None), slice(None, -losses.last)
    d, g = float(np.median(losses.d[last])), float(np.median(losses.g[last]))
    before = float(np.median(losses.g[earlier]))
    faded = None
    if losses.gradient is not None:
        now, once = float(np.median(losses.gradient[last])), peak(losses.gradient[earlier], losses.last)
        if now < STARVED * once:
            faded = ("gradient", once, now)
    flips = log.recipe.loss.flip  # random targets, which cannot be learnt
    noise = SURE * (mean(losses.d[last]).se or 0.0) if flips else 0.0
    near = WON * (chance - floor) + noise
    # a least-squares G loss ends at 1, where all generated images score 0, and a saturating one at 0: the only sign
    # common to all losses is that it does not fall
    won = d - floor < near and before - g < FALLEN * max(abs(before), near)
    if not (won or (faded and d - floor < NEARLY_WON * (chance - floor))):
        return None
    gap = float(np.median(losses.real[last] - losses.fake[last]))
    return Finding(
        "The discriminator separates all generated images from real ones, so the generator learns nothing from it.",
        evidence(losses.span(), *on_scale(d, losses.bounds), ("g-loss", g, before), ("gap", gap), faded),
    )


def on_scale(d: float, bounds: Bounds) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """A discriminator's loss with chance and floor, as parts of evidence."""
    return ("d-loss", d, bounds.chance), ("d-least", bounds.floor) if bounds.floor else None


def peak(values: Series, length: int) -> float:
    """The greatest median among consecutive parts of this length, of a series (N,) with N > 0."""
    return max(float(np.median(values[i : i + length])) for i in range(0, len(values), length))


def above_chance(log: Logged, factor: float) -> tuple[float, float, Evidence] | None:
    """If the discriminator's loss stays above ``factor`` times chance: (gap, its standard error, evidence).

    The gap is the mean difference between the scores of real and generated images, in the last part.
    """
    losses = log.losses
    if losses is None or losses.bounds is None:
        return None
    last = slice(-losses.last, None)
    if losses.d[last].min() < factor * losses.bounds.chance:
        return None
    gap, error = mean(losses.real[last] - losses.fake[last])
    d = float(np.median(losses.d[last]))
    shown = evidence(losses.span(), *on_scale(d, losses.bounds), ("gap-error", gap, error or 0.0))
    return gap, error or 0.0, shown


def too_strong_generator(log: Logged) -> Finding | None:
    """The discriminator does worse than a constant answer, and scores generated images above real ones.

    At an equilibrium its loss is at chance too, but there real images never score below generated ones for long.
    """
    losses, result = log.losses, above_chance(log, 1.0)
    if losses is None or losses.bounds is None or result is None or result[0] >= -SURE * result[1]:
        return None
    if float(np.median(losses.d[-losses.last :])) < LOST * losses.bounds.chance:
        return None
    text = "The discriminator scores generated images above real ones, so its gradient misleads the generator."
    return Finding(text, result[2])


def blown_up(log: Logged) -> Finding | None:
    """The discriminator does far worse than a constant answer, for another reason than a strong generator."""
    result = above_chance(log, BLOWN_UP)
    if result is None or "generator-too-strong" in log.kinds:
        return None
    return Finding("The discriminator does far worse than guessing: its steps are too large.", result[2])


def oscillation(log: Logged) -> Finding | None:
    """A loss oscillates."""
    losses = log.losses
    if losses is None:
        return None
    unit = facts(log.recipe.loss).unit  # a mean score may be 0, so that swings cannot be measured by it alone
    apart = float(np.abs(losses.real - losses.fake).max()) if math.isinf(unit) else 0.0
    for name, series, size in (("G", losses.g, unit), ("D", losses.d, apart)):
        values = series[len(series) // 4 :]  # without the first steps, which change a lot
        swings = rhythm(values, size)
        if swings is None:
            continue
        deviation, period = swings
        steps = period * float(np.median(np.diff(losses.steps)))
        return Finding(
            f"The {name} loss oscillates: the networks chase each other instead of converging.",
            evidence(
                ("steps", losses.steps[-len(values)], losses.steps[-1]),
                ("swings", name, float(values.mean()), deviation, steps),
            ),
        )
    return None


def rhythm(values: Series, unit: float = 0.0) -> tuple[float, int] | None:
    """Standard deviation and period, in records, of the oscillation of a series (N,); none if it does not oscillate.

    The deviation must be 15 % of the mean or of ``unit``, whichever is greater. The autocorrelation must be clearly
    negative within the period and positive after it, over at least three periods. A parabola is subtracted first, so
    that a drift is not taken for an oscillation.
    """
    count = len(values)
    if count < TUNE:
        return None
    places = np.linspace(-1, 1, count)
    residual = values - np.polynomial.polynomial.polyval(places, np.polynomial.polynomial.polyfit(places, values, 2))
    size = float(residual.std())
    if size == 0 or size < SWING * max(abs(float(values.mean())), unit):
        return None
    padded = np.fft.rfft(residual, 2 * count)
    products = np.fft.irfft(np.abs(padded) ** 2)[:count] / np.arange(count, 0, -1)  # unbiased: fewer pairs at long lags
    correlation = (products / products[0])[: count // PERIODS + 1]
    opposite = int(np.argmax(correlation < -RHYTHM / 2))  # the first such lag; 0 if there is none
    high = correlation > RHYTHM
    high[: opposite + 1] = False
    if not opposite or not high.any():
        return None
    start = int(np.argmax(high))
    length = int(np.argmin(high[start:])) or len(high) - start
    period = start + int(np.argmax(correlation[start : start + length]))  # not a multiple of it
    return (size, period) if period >= 4 else None
