"""Every random number of condgan, as a pure function of (seed, stream, number): Philox4x32-10, counter-based.

Picture 17 of seed 7 has the same latent in a batch of one and in a batch of a thousand, in every engine and on every
machine; step 500 of a training draws the same whether or not the run was stopped before it. Nothing here has state.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

from collections.abc import Callable
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from condgan.recipe import Latent

Words = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.uint64]

MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)


class Stream(IntEnum):
    """What a number is drawn for: streams of one seed never share a word."""

    SAMPLE_LATENTS = 0
    GENERATOR_LATENTS = 1
    GENERATOR_LABELS = 2
    DISCRIMINATOR_LATENTS = 3
    DISCRIMINATOR_LABELS = 4
    ORDER = 5
    NETWORK = 6
    SPLIT = 7
    STEP = 8
    AUGMENTATION = 9
    SAMPLING = 10
    PROJECTION = 11


def philox(counter: npt.NDArray[np.uint64], key: tuple[int, int]) -> Words:
    """Philox4x32-10: counters (4, ...) holding 32-bit words -> (4, ...) uint32, under a key of two 32-bit words."""
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = key
    for _ in range(ROUNDS):
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> SHIFT) ^ c1 ^ np.uint64(k0), p1 & LOW, (p0 >> SHIFT) ^ c3 ^ np.uint64(k1), p0 & LOW
        k0, k1 = (k0 + WEYL[0]) & 0xFFFFFFFF, (k1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3]).astype(np.uint32)


def words(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int) -> Words:
    """``count`` words for each number: (N,) -> (N, count) uint32.

    The key is the seed (64 bits); the counter is (word // 4, number's low half, its high half, stream).
    """
    picture = np.asarray(numbers, np.uint64)[None, :]
    blocks = -(-count // 4)
    index = np.arange(blocks, dtype=np.uint64)[:, None]
    shape = np.broadcast_shapes(index.shape, picture.shape)
    counter = np.stack(
        [
            np.broadcast_to(part, shape)
            for part in (index, picture & LOW, picture >> SHIFT, np.full((1, 1), int(stream), np.uint64))
        ]
    )
    drawn = philox(counter, (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF))  # (4, blocks, N)
    return np.ascontiguousarray(drawn.transpose(2, 1, 0)).reshape(len(picture[0]), blocks * 4)[:, :count]


def normal(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """Standard normal numbers, (N,) -> (N, count) float32: Box-Muller in float64 on pairs of words."""
    pairs = -(-count // 2)
    drawn = words(seed, stream, numbers, 2 * pairs).astype(np.float64)
    radius = np.sqrt(-2.0 * np.log((drawn[:, 0::2] + 0.5) * 2.0**-32))  # the argument is never 0 or 1
    angle = drawn[:, 1::2] * (2.0 * np.pi * 2.0**-32)
    both = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)  # (N, pairs, 2)
    return both.reshape(len(drawn), 2 * pairs)[:, :count].astype(np.float32)


def uniform(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """Uniform numbers in [0, 1), (N,) -> (N, count) float32, from the upper 24 bits of a word."""
    return ((words(seed, stream, numbers, count) >> np.uint32(8)) * np.float32(2.0**-24)).astype(np.float32)


def integers(seed: int, stream: Stream, numbers: npt.ArrayLike, high: int) -> npt.NDArray[np.int64]:
    """One integer in [0, high) for each number: (N,) -> (N,) int64."""
    drawn = words(seed, stream, numbers, 1)[:, 0].astype(np.uint64)
    return ((drawn * np.uint64(high)) >> SHIFT).astype(np.int64)


def permutation(seed: int, stream: Stream, number: int, count: int) -> npt.NDArray[np.int64]:
    """The order in which shuffle ``number`` visits ``count`` things: a permutation of range(count), int64."""
    keys = words(seed, stream, np.array([number]), 2 * count)[0].view(np.uint64)
    return np.argsort(keys, kind="stable")


def keys(seed: int, stream: Stream, numbers: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """63-bit seeds for a library's own generator, so that it too restarts from (seed, stream, number): (N,) -> (N,)."""
    drawn = words(seed, stream, numbers, 2).astype(np.int64)
    return (drawn[:, 1] >> 1) << 32 | drawn[:, 0]


def spread(shares: npt.NDArray[np.float32], low: float) -> npt.NDArray[np.float32]:
    """Numbers in [0, 1) to [low, 1), any shape; as they are for low = 0."""
    return np.float32(low) + np.float32(1 - low) * shares


def correlated(
    seed: int, stream: Stream, numbers: npt.ArrayLike, count: int, correlation: float
) -> npt.NDArray[np.float32]:
    """Normal numbers of mean 0 and covariance correlation^|i - j|, (N,) -> (N, count) float32: an AR(1) process."""
    drawn = normal(seed, stream, numbers, count)
    if correlation == 0:
        return drawn
    # one after another: the sums of a matrix product, or of a filter, depend on the rows beside, or on the machine
    columns, new = np.ascontiguousarray(drawn.T, np.float64), np.sqrt(1 - correlation**2)
    for before, column in pairwise(columns):
        column *= new
        column += correlation * before
    return np.ascontiguousarray(columns.T, np.float32)


def folded(drawn: Words) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Words, any shape -> whether they lie in the upper half, and their probability in the nearer tail, in (0, 0.5].

    The upper tail is the lower one mirrored: probabilities near 0 are exact, those near 1 are not.
    """
    middle = drawn.astype(np.float64) + 0.5
    upper = middle > 2.0**31
    return upper, np.where(upper, 2.0**32 - middle, middle) * 2.0**-32


def laplace(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """Laplace numbers of mean 0 and variance 1, (N,) -> (N, count) float32: the inverse CDF of a word, in float64."""
    upper, tail = folded(words(seed, stream, numbers, count))
    lower = np.sqrt(0.5) * np.log(2 * tail)
    found: npt.NDArray[np.float32] = np.where(upper, -lower, lower).astype(np.float32)
    return found


def truncated(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int, bound: float) -> npt.NDArray[np.float32]:
    """Normal numbers that lie within +-bound, (N,) -> (N, count) float32: the inverse CDF of a word, in float64."""
    from scipy.special import ndtr, ndtri

    upper, tail = folded(words(seed, stream, numbers, count))
    outside = ndtr(-bound)
    lower = ndtri(outside + tail * (1 - 2 * outside))
    limit = np.nextafter(np.float32(bound), np.float32(0))  # rounding to float32 must not lead outside
    inside: npt.NDArray[np.float32] = np.where(upper, -lower, lower).astype(np.float32).clip(-limit, limit)
    return inside


def hypersphere(seed: int, stream: Stream, numbers: npt.ArrayLike, count: int) -> npt.NDArray[np.float32]:
    """Points uniform on the sphere of radius sqrt(count): (N,) -> (N, count) float32, normal numbers scaled to it."""
    drawn = normal(seed, stream, numbers, count).astype(np.float64)
    lengths = np.linalg.norm(drawn, axis=1, keepdims=True)  # never 0: Box-Muller's radius is not
    points: npt.NDArray[np.float32] = (drawn * np.sqrt(count) / lengths).astype(np.float32)
    return points


Draw = Callable[[Latent, int, Stream, npt.ArrayLike], npt.NDArray[np.float32]]

DISTRIBUTIONS: dict[str, Draw] = {
    "normal": lambda latent, seed, stream, numbers: correlated(seed, stream, numbers, latent.dim, latent.correlation),
    "uniform": lambda latent, seed, stream, numbers: spread(uniform(seed, stream, numbers, latent.dim), latent.low),
    "laplace": lambda latent, seed, stream, numbers: laplace(seed, stream, numbers, latent.dim),
    "truncated": lambda latent, seed, stream, numbers: truncated(seed, stream, numbers, latent.dim, latent.truncation),
    "hypersphere": lambda latent, seed, stream, numbers: hypersphere(seed, stream, numbers, latent.dim),
}


def latents(
    latent: Latent, seed: int, numbers: npt.ArrayLike, stream: Stream = Stream.SAMPLE_LATENTS
) -> npt.NDArray[np.float32]:
    """The latents of the pictures with these numbers under a seed: (N,) -> (N, dim) float32."""
    return DISTRIBUTIONS[latent.distribution](latent, seed, stream, numbers)
