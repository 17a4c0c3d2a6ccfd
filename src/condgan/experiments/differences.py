"""Whether figures of two groups of trainings differ by more than training again does.

Welch's t-test (Welch 1947), with Satterthwaite's degrees of freedom, on one value for each training; Holm's procedure
(Holm 1979) over all figures that are looked at together.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np

Verdict = Literal["better", "worse", "not-distinguishable", "cannot-know"]
LEVEL = 0.05
POWER = 0.8
MOST_SEEDS = 1000

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Known:
    """What is known of the spread of a figure between trainings, before those that are compared.

    Attributes:
        spread: standard deviation between trainings.
        df: degrees of freedom that it was estimated with.
        mean: of those trainings; needed where logarithms are compared.
    """

    spread: float
    df: int
    mean: float = 0.0


@dataclass(frozen=True)
class Sample:
    """A figure of some trainings.

    Attributes:
        values: one for each training, at least one.
        known: what is known of their spread besides.
        ratio: whether logarithms are compared, as of a distance, whose spread grows with it. Values are above 0 then.
    """

    values: tuple[float, ...]
    known: Known | None = None
    ratio: bool = False

    @property
    def compared(self) -> "Sample":
        """What is compared: logarithms of a ratio, whose known spread is relative to its mean."""
        if not self.ratio or min(self.values) <= 0:
            return replace(self, ratio=False)
        known = self.known
        relative = Known(known.spread / known.mean, known.df) if known and known.mean > 0 else None
        return Sample(tuple(math.log(value) for value in self.values), relative)

    @property
    def n(self) -> int:
        """Trainings."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Over trainings."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float | None:
        """Standard deviation between these trainings; none of a single one."""
        return float(np.std(self.values, ddof=1)) if self.n > 1 else None

    @property
    def df(self) -> int:
        """Degrees of freedom of ``pooled``."""
        return self.n - 1 + (self.known.df if self.known else 0)

    @property
    def pooled(self) -> float | None:
        """The spread of these trainings pooled with what is known of it; none where nothing is."""
        own, known = (self.n - 1) * (self.spread or 0.0) ** 2, self.known
        return math.sqrt((own + (known.df * known.spread**2 if known else 0.0)) / self.df) if self.df else None


@dataclass(frozen=True)
class Difference:
    """A figure of two groups of trainings, a and b.

    Attributes:
        a, b: the groups.
        difference: mean of b less mean of a.
        low, high: its 95 % interval, of this figure alone; none where nothing is known of the spread.
        p: the probability of a difference as large if there were none; none likewise.
        verdict: on b against a, together with the other figures.
        detectable: the difference that so many trainings would have shown with probability 0.8.
        seeds: trainings a side with which the difference that is seen would be shown with probability 0.8.
    """

    a: Sample
    b: Sample
    difference: float
    low: float | None
    high: float | None
    p: float | None
    verdict: Verdict
    detectable: float | None = None
    seeds: int | None = None


def welch(a: Sample, b: Sample) -> tuple[float, float] | None:
    """The standard error of the difference of means, and its degrees of freedom; none where it cannot be estimated."""
    if a.pooled is None or b.pooled is None:
        return None
    parts = [(side.pooled**2 / side.n, side.df) for side in (a, b) if side.pooled is not None]
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 0.0, float(a.df + b.df)
    return math.sqrt(variance), variance**2 / sum(part**2 / df for part, df in parts)


def alike(a: Sample, b: Sample) -> tuple[Sample, Sample]:
    """Both as they are compared: logarithms only if both can have them."""
    both = all(side.ratio and min(side.values) > 0 for side in (a, b))
    return (a.compared, b.compared) if both else (replace(a, ratio=False), replace(b, ratio=False))


def p_value(a: Sample, b: Sample) -> float | None:
    """The two-sided probability under no difference; that of a permutation where no training differs from another."""
    a, b = alike(a, b)
    found = welch(a, b)
    if found is None:
        return None
    error, df = found
    difference = abs(b.mean - a.mean)
    if error == 0:
        return 1.0 if difference == 0 else min(1.0, 2 / math.comb(a.n + b.n, a.n))
    from scipy.stats import t

    return float(2 * t.sf(difference / error, df))


def holm(probabilities: Mapping[Key, float], level: float = LEVEL) -> frozenset[Key]:
    """Those whose hypothesis of no difference is rejected; that any is rejected falsely has a probability of ``level``.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    rejected = []
    for rank, (name, p) in enumerate(sorted(probabilities.items(), key=lambda pair: pair[1])):
        if p > level / (len(probabilities) - rank):
            break
        rejected.append(name)
    return frozenset(rejected)


def power(difference: float, a: float, b: float, n: int, level: float) -> float:
    """The probability that n trainings a side show a difference, with spreads a and b, at a level."""
    from scipy.stats import nct, t

    error = math.sqrt((a**2 + b**2) / n)
    if error == 0:
        return 1.0
    df = (a**2 + b**2) ** 2 * (n - 1) / (a**4 + b**4)
    critical = t.isf(level / 2, df)
    shift = min(abs(difference) / error, 37.0)  # beyond, the noncentral t underflows, and power is 1
    return float(nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift))


def seeds_needed(difference: float, a: float, b: float, figures: int) -> int | None:
    """Trainings a side that show a difference with probability 0.8 among so many figures; none: more than 1000.

    The level is Bonferroni's, which Holm's first step uses.
    """
    if difference == 0 or not np.isfinite(difference):
        return None
    low, high = 1, 2
    while power(difference, a, b, high, LEVEL / figures) < POWER:
        low, high = high, 2 * high
        if low >= MOST_SEEDS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(difference, a, b, middle, LEVEL / figures) >= POWER else (middle, high)
    return high if high <= MOST_SEEDS else None


def detectable(a: Sample, b: Sample, figures: int) -> float | None:
    """The difference that is shown with probability 0.8 among so many figures; none where spreads are not known."""
    found = welch(*alike(a, b))
    if found is None or found[0] == 0:
        return None
    from scipy.stats import t

    error, df = found
    return raw(float(error * (t.isf(LEVEL / figures / 2, df) + t.isf(1 - POWER, df))), a, b)


def raw(difference: float, a: Sample, b: Sample) -> float:
    """A difference of what is compared, as a difference of values from the mean of a."""
    logs = all(side.ratio and min(side.values) > 0 for side in (a, b))
    return a.mean * math.expm1(min(difference, 700.0)) if logs else difference


def judge(
    pairs: Mapping[Key, tuple[Sample, Sample]],
    improves: Mapping[Key, Literal["higher", "lower"] | float],
    elsewhere: Mapping[Key, Known] | None = None,
) -> dict[Key, Difference]:
    """The verdicts on figures that are looked at together.

    Args:
        pairs: of each figure, the groups a and b.
        improves: which way each figure gets better, or the value that it should have.
        elsewhere: spreads that are known of other trainings, for the number of seeds alone.
    """
    probabilities = {
        name: p for name, (a, b) in pairs.items() if min(a.n, b.n) > 1 and (p := p_value(a, b)) is not None
    }
    shown, found = holm(probabilities), {}
    for name, (a, b) in pairs.items():
        verdict: Verdict = "not-distinguishable"
        if name not in probabilities:
            verdict = "cannot-know"
        elif name in shown:
            verdict = "better" if _better(a.mean, b.mean, improves[name]) else "worse"
        seeds = None
        if verdict in ("not-distinguishable", "cannot-know"):
            seeds = needed(a, b, (elsewhere or {}).get(name), len(pairs))
        least = detectable(a, b, len(pairs)) if verdict == "not-distinguishable" else None
        low, high = interval(a, b) if name in probabilities else (None, None)
        p = probabilities.get(name)
        found[name] = Difference(a, b, b.mean - a.mean, low, high, p, verdict, least, seeds)
    return found


def needed(a: Sample, b: Sample, elsewhere: Known | None, figures: int) -> int | None:
    """Trainings a side that would show the difference that is seen: more than there are; none where that is unknown."""
    one, other = alike(a, b)
    if elsewhere is not None:
        known = replace(a, known=elsewhere).compared.known if one is not a and a.ratio else elsewhere
        one, other = (side if side.pooled else replace(side, known=known) for side in (one, other))
    if not one.pooled or not other.pooled:
        return None
    seeds = seeds_needed(other.mean - one.mean, one.pooled, other.pooled, figures)
    return None if seeds is None else max(seeds, min(a.n, b.n) + 1)


def interval(a: Sample, b: Sample) -> tuple[float, float] | tuple[None, None]:
    """The 95 % interval of the difference; none where it cannot be estimated."""
    one, other = alike(a, b)
    error = welch(one, other)
    if error is None or error[0] == 0:
        return None, None
    from scipy.stats import t

    half, difference = float(t.isf(LEVEL / 2, error[1])) * error[0], other.mean - one.mean
    return raw(difference - half, a, b), raw(difference + half, a, b)


def _better(a: float, b: float, improves: Literal["higher", "lower"] | float) -> bool:
    """Whether b is better than a."""
    if isinstance(improves, float):
        return abs(b - improves) < abs(a - improves)
    return b > a if improves == "higher" else b < a
