"""What people's judgements say: shares with intervals, the exposure that they need, and whether they agree."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from condgan.errors import CondganError, UndefinedError

LEVEL = 0.95
START, SHORTEST, LONGEST = 500.0, 100.0, 1000.0  # milliseconds that a picture is shown, as in HYPE (Zhou et al. 2019)
FASTER = 3  # right answers in a row before a picture is shown more briefly; one wrong: longer
STEP = 10 ** (1 / 20)  # factor between two exposures: 1 dB
SETTLED = 2  # reversals that are left out


@dataclass(frozen=True)
class Share:
    """A share of n cases with its interval of 95 % (Wilson 1927)."""

    value: float
    low: float
    high: float
    n: int


def share(count: int, n: int, level: float = LEVEL) -> Share:
    """A share, count of n, with its interval by Wilson's score, which never leaves 0 to 1.

    Raises:
        UndefinedError: n is 0.
    """
    if n < 1:
        raise UndefinedError("nobody has judged")
    from scipy.stats import norm

    z = float(norm.ppf((1 + level) / 2))
    p, spread = count / n, 1 + z * z / n
    centre = (p + z * z / (2 * n)) / spread
    half = z / spread * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Share(p, 0.0 if count == 0 else low, 1.0 if count == n else high, n)


def exposures(right: Sequence[bool]) -> list[float]:
    """The exposure of each picture, and of the next one, in milliseconds, by the answers so far.

    A staircase: three right answers in a row shorten it, a wrong one lengthens it, by 1 dB; it settles where 79.4 % are
    right (Levitt 1971). Bounds and start are those of HYPE-time (Zhou et al. 2019); the step is chosen here.
    """
    found, row = [START], 0
    for one in right:
        row = row + 1 if one else 0
        factor = 1.0
        if not one:
            factor = STEP
        elif row == FASTER:
            factor, row = 1 / STEP, 0
        found.append(min(LONGEST, max(SHORTEST, found[-1] * factor)))
    return found


def threshold(right: Sequence[bool]) -> float:
    """The exposure at which 79.4 % are right: the geometric mean of the staircase's reversals but the first two.

    Raises:
        UndefinedError: fewer than four reversals.
    """
    shown = exposures(right)
    turns, direction = list[float](), 0
    for before, after in itertools.pairwise(shown):
        if after != before:
            turned = 1 if after > before else -1
            if direction and turned != direction:
                turns.append(before)
            direction = turned
    if len(turns) < SETTLED + 2:
        raise UndefinedError(f"{len(turns)} reversals of the staircase: {SETTLED + 2} are needed")
    return float(np.exp(np.mean(np.log(turns[SETTLED:]))))


def agreement(judgements: Mapping[str, Mapping[str, bool]]) -> float:
    """Krippendorff's alpha of several judges: 1 where they agree, 0 as by chance.

    Args:
        judgements: of each judge: picture -> whether it was taken for real. Pictures that one judge alone saw tell
            nothing.

    Raises:
        UndefinedError: fewer than two judges, no picture that two have judged, or all answers are alike.
        CondganError: the package that computes it is missing.
    """
    pictures = sorted({picture for one in judgements.values() for picture in one})
    table = np.full((len(judgements), len(pictures)), np.nan)
    for row, one in enumerate(judgements.values()):
        for picture, real in one.items():
            table[row, pictures.index(picture)] = float(real)
    shared = table[:, (~np.isnan(table)).sum(0) > 1] if len(pictures) else table
    if len(judgements) < 2 or not shared.size:
        raise UndefinedError("no picture was judged by two people")
    if len(np.unique(shared[~np.isnan(shared)])) < 2:
        raise UndefinedError("all answers are alike")
    try:
        import krippendorff
    except ImportError:
        raise CondganError("agreement needs krippendorff: pip install condgan[studio]") from None
    return float(krippendorff.alpha(reliability_data=shared, level_of_measurement="nominal"))
