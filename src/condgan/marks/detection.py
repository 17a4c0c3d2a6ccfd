"""Finding the mark of a key in a picture, or in many that have it together.

From each picture two maps (h, w) are computed that know nothing of the key. Maps of many pictures are added: what they
show averages out, and what they have in common stays. The statistic of a layer is the correlation of its pattern with
the sum, in the band of the pattern.

The false-alarm rate needs no assumption about pictures. A pattern is a direction that is uniform on the sphere in d
dimensions, and independent of pictures that were not made with the key. Whatever their sum is, its correlation r with
the pattern has the density of one coordinate of a random point on that sphere, (1 - r^2)^((d - 3) / 2), and

    P(r >= c) = I(1 - c^2; (d - 1) / 2, 1 / 2) / 2,    c > 0

with the regularised incomplete beta function I. The two layers are independent, so that the product U of their
probabilities has P(U <= u) <= u (1 - ln u). Every shift, every flip and every payload is a try, and so is each of the
three statistics (low, high, both); the rate that is stated is the smallest probability times their number (Bonferroni),
which is an upper bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from condgan.arrays import Samples
from condgan.marks.pattern import DIGITS, VALUES, Numbers, Patterns

FOUND = 1e-6
"""The false-alarm rate at which a mark counts as found."""
SHIFT = 2  # pixels, in both directions
FLIPS = ((False, False), (False, True))  # upside down, left to right: as it is, and mirrored
SHIFTS = tuple((down, right) for down in range(-SHIFT, SHIFT + 1) for right in range(-SHIFT, SHIFT + 1))
TRIES = 3 * len(FLIPS) * len(SHIFTS)  # low, high and both
WORDS = VALUES**DIGITS
CERTAIN = 1.0
"""By how many standard deviations each digit of a payload must be ahead of the next for the payload to be told."""
WINDOW = 5  # pixels
NOISE = 20.0  # variance of a flat area, in grey levels squared: what weights of single pixels are bounded by
AT_ONCE = 1 << 21  # pixels
SMALLEST = 1e-300

# Predicts a pixel from its neighbours: least squares on digits, made symmetric and rounded, with the sum 1.
NEIGHBOURS = np.array([
    [0.01, -0.02, -0.06, -0.02, 0.01],
    [-0.02, -0.08, 0.42, -0.08, -0.02],
    [-0.06, 0.42, 0.00, 0.42, -0.06],
    [-0.02, -0.08, 0.42, -0.08, -0.02],
    [0.01, -0.02, -0.06, -0.02, 0.01],
])  # fmt: skip


@dataclass(frozen=True)
class Detection:
    """What was found of a key's mark.

    Attributes:
        score: the correlation of the high layer in the best try, times the root of its dimensions, or that of the low
            layer where it is larger: about a normal number of variance 1 for one try without a mark.
        false_alarm: an upper bound of the probability that pictures without this mark look so much like it.
        payload: the four digits that the mark says; none where they cannot be read.
        shift: by how many pixels (down, right) pictures were moved, in the best try.
        flip: whether they were turned (upside down, left to right).
    """

    score: float
    false_alarm: float
    payload: str | None = None
    shift: tuple[int, int] = (0, 0)
    flip: tuple[bool, bool] = (False, False)

    @property
    def found(self) -> bool:
        """Whether the rate is at most ``FOUND``."""
        return self.false_alarm <= FOUND


Alignment = tuple[tuple[bool, bool], tuple[int, int]]
ALIGNMENTS: tuple[Alignment, ...] = tuple((flip, shift) for flip in FLIPS for shift in SHIFTS)
STILL: Alignment = ((False, False), (0, 0))


@dataclass
class Evidence:
    """The sums of the maps of pictures of one size; pictures are added as they come.

    Attributes:
        low, high: (h, w) each.
        count: pictures in them.
    """

    low: Numbers
    high: Numbers
    count: int = 0

    @classmethod
    def of(cls, images: Samples) -> "Evidence":
        """Of images (N, C, H, W) uint8."""
        found = cls(np.zeros(images.shape[2:]), np.zeros(images.shape[2:]))
        for low, high in maps(images):
            found.low += low.sum(axis=0)
            found.high += high.sum(axis=0)
        found.count = len(images)
        return found

    def add(self, other: "Evidence") -> None:
        """Add pictures."""
        self.low += other.low
        self.high += other.high
        self.count += other.count


def maps(images: Samples) -> Iterator[tuple[Numbers, Numbers]]:
    """The maps of images (N, C, H, W) uint8, some at a time: low and high, (n, h, w) each."""
    from scipy.ndimage import correlate, uniform_filter

    count = max(1, AT_ONCE // max(1, images[:1].size))
    for first in range(0, len(images), count):
        light = images[first : first + count].mean(axis=1)
        # Low: how far a pixel lies from the mean around it, in units of the variance there.
        mean = uniform_filter(light, (0, WINDOW, WINDOW))
        variance = np.maximum(uniform_filter(light * light, (0, WINDOW, WINDOW)) - mean * mean, 0)
        # High: how far a pixel lies from what its neighbours predict, weighted as marking has it.
        tones = 4 * light * (255 - light) / 255**2
        predicted = correlate(light, NEIGHBOURS[None], mode="nearest")
        yield (light - mean) / (NOISE + variance), tones * (light - predicted)


def detect(evidence: Evidence, patterns: Patterns, alignments: tuple[Alignment, ...] = ALIGNMENTS) -> Detection:
    """Look for the mark; fewer alignments than all make it faster, and no less strict: all count as tries."""
    low = aligned(evidence.low, patterns.low, patterns.size, alignments)
    high = aligned(evidence.high, patterns.high, patterns.size, alignments)
    found = Tried.of(low, high, patterns)
    place = int(np.lexsort((-found.scores, found.rates))[0])  # in large pictures many rates are too small for a number
    return found.told(place, alignments[place])


def detect_each(low: Numbers, high: Numbers, patterns: Patterns) -> list[Detection]:
    """Look for the mark in each of many pictures as it lies, by its maps: (N, h, w) each."""
    from scipy.fft import dctn

    lows, highs = (dctn(each, axes=(1, 2), norm="ortho").reshape(len(each), -1) for each in (low, high))
    found = Tried.of(lows[:, patterns.low], highs[:, patterns.high], patterns)
    return [found.told(place, STILL) for place in range(len(low))]


@dataclass(frozen=True, eq=False)
class Tried:
    """What rows of coefficients show, each for itself.

    Attributes:
        low: coefficients of the low band, (A, D).
        r: their correlation with the best payload, or nearly the best, (A,).
        values: its digits, (A, 4).
        scores, rates: of both layers, for one try, (A,).
        patterns: that were looked for.
    """

    low: Numbers
    r: Numbers
    values: npt.NDArray[np.intp]
    scores: Numbers
    rates: Numbers
    patterns: Patterns

    @classmethod
    def of(cls, low: Numbers, high: Numbers, patterns: Patterns) -> "Tried":
        """Of coefficients (A, D) and (A, E)."""
        digits = patterns.digits.reshape(DIGITS * VALUES, -1)
        values = (low @ digits.T).reshape(-1, DIGITS, VALUES).argmax(axis=2)  # (A, 4)
        words = np.zeros_like(low)
        for digit, value in zip(patterns.digits, values.T, strict=True):
            words += digit[value]
        r_low, r_high = correlation(low, words), correlation(high, patterns.carrier[None])
        p_low = np.minimum(WORDS * tail(r_low, low.shape[1]), 1)
        p_high = tail(r_high, high.shape[1])
        rates = np.minimum(np.minimum(p_low, p_high), either(p_low * p_high))
        scores = np.maximum(r_low * low.shape[1] ** 0.5, r_high * high.shape[1] ** 0.5)
        return cls(low, r_low, values, scores, rates, patterns)

    def told(self, place: int, alignment: Alignment) -> Detection:
        """What a row says, as one of all tries."""
        rate, said = min(1.0, max(TRIES * float(self.rates[place]), SMALLEST)), None
        if rate <= FOUND:
            said = read(self.low[place], self.patterns, self.values[place], float(self.r[place]))
        flip, shift = alignment
        return Detection(float(self.scores[place]), rate, said, shift, flip)


def read(found: Numbers, patterns: Patterns, values: npt.NDArray[np.intp], r: float) -> str | None:
    """The payload in coefficients (D,), with the best values of the digits (4,); none if one of them is in doubt.

    What the payload does not explain, a share 1 - r^2 of the square, is taken for noise, the same in all dimensions.
    """
    noise = np.linalg.norm(found) * max(1 - r * r, 0) ** 0.5 / len(found) ** 0.5
    products, which = patterns.digits @ found, np.arange(DIGITS)
    ahead = products[which, values][:, None] - products  # (4, 16): of each value
    doubtful = ahead <= CERTAIN * noise * patterns.distances[which, values]
    doubtful[which, values] = False
    if doubtful.any():
        return None
    return "".join(f"{value:x}" for value in values)


def either(product: Numbers) -> Numbers:
    """P(U <= u) of the product of two independent numbers that are uniform in (0, 1), an upper bound otherwise."""
    u = np.maximum(product, SMALLEST)
    return np.asarray(u * (1 - np.log(u)), np.float64)


def aligned(
    total: Numbers, places: npt.NDArray[np.int64], size: tuple[int, int], alignments: tuple[Alignment, ...]
) -> Numbers:
    """Coefficients of a sum of maps (h, w) in a band, turned and moved back in each way, (A, D)."""
    from scipy.fft import dctn

    height, width = size
    planes = np.empty((len(alignments), height, width))
    padded = np.pad(total, SHIFT)
    turned = {(down, right): padded[:: -1 if down else 1, :: -1 if right else 1] for down, right in FLIPS}
    for plane, (flip, (down, right)) in zip(planes, alignments, strict=True):
        plane[...] = turned[flip][SHIFT + down : SHIFT + down + height, SHIFT + right : SHIFT + right + width]
    found = np.asarray(dctn(planes, axes=(1, 2), norm="ortho", overwrite_x=True), np.float64)
    return found.reshape(len(alignments), -1)[:, places]


def correlation(found: Numbers, pattern: Numbers) -> Numbers:
    """The cosine of the angle between rows; 0 where one has no length."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(pattern, axis=1)
    products = np.einsum("ad,ad->a", found, np.broadcast_to(pattern, found.shape))
    return np.asarray(products / np.where(lengths == 0, np.inf, lengths), np.float64)


def tail(r: float | Numbers, dimensions: int) -> Numbers:
    """P(correlation >= r) of a direction that is uniform on the sphere."""
    from scipy.special import betainc

    r = np.clip(np.asarray(r, np.float64), -1, 1)
    half = betainc((dimensions - 1) / 2, 0.5, (1 - r) * (1 + r)) / 2
    return np.asarray(np.where(r > 0, half, 1 - half), np.float64)
