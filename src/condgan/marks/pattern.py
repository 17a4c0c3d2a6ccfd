"""The patterns of a key: what is added to images, and what is looked for in them.

A mark has two layers of spread spectrum (Cox et al., IEEE Trans. Image Processing 6, 1997), each a random pattern in a
band of the discrete cosine transform of the picture:

- *low* lies over the whole picture and survives JPEG, resizing and blurring. It is the sum of four patterns, one for
  each hexadecimal digit of its payload, each chosen from sixteen;
- *high* lies on middle tones, where eyes see it least, and survives coarse quantisation. It has no payload.

Coefficients are independent normal numbers. Their direction is therefore uniform on a sphere, which is all that the
false-alarm rate of ``detection`` rests on.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from condgan.errors import CondganError
from condgan.marks.keys import Key

Numbers = npt.NDArray[np.float64]

LOW, HIGH = (0.05, 0.30), (0.40, 0.80)  # bands, in periods per pixel, of the radius in the plane of frequencies
DIGITS, VALUES = 4, 16  # of a payload: 16 bits
LEAST, MOST = 16, 1024  # pixels of a side
STEP = 1 << 12  # patterns are rounded to 1 / STEP, so that the last digit of a cosine changes no pixel


@dataclass(frozen=True, eq=False)
class Patterns:
    """What a key adds to images of one size.

    Attributes:
        size: (h, w).
        low: places of the low band among the coefficients of a picture, flat, (D,).
        high: of the high band, (E,).
        digits: coefficients for each value of each digit, (4, 16, D).
        carrier: coefficients of the high layer, (E,).
    """

    size: tuple[int, int]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    digits: Numbers
    carrier: Numbers

    def word(self, payload: str) -> Numbers:
        """The coefficients of a payload, (D,)."""
        values = [int(digit, VALUES) for digit in payload]
        return np.asarray(self.digits[np.arange(DIGITS), values].sum(axis=0), np.float64)

    @cached_property
    def distances(self) -> Numbers:
        """Between the coefficients of two values of a digit, (4, 16, 16)."""
        return np.asarray(np.linalg.norm(self.digits[:, :, None] - self.digits[:, None], axis=-1), np.float64)

    def layers(self, payload: str) -> tuple[Numbers, Numbers]:
        """The low and the high pattern, (h, w) each, of mean square 1."""
        return self._drawn(self.low, self.word(payload)), self._drawn(self.high, self.carrier)

    def _drawn(self, places: npt.NDArray[np.int64], coefficients: Numbers) -> Numbers:
        from scipy.fft import idctn

        plane = np.zeros(self.size)
        plane.flat[places] = coefficients
        pattern = np.asarray(idctn(plane, norm="ortho"), np.float64)
        return np.asarray(np.rint(STEP * pattern / np.sqrt((pattern**2).mean())) / STEP, np.float64)


def band(size: tuple[int, int], edges: tuple[float, float]) -> npt.NDArray[np.int64]:
    """Places of a band among the coefficients of a picture (h, w), flat."""
    vertical, horizontal = (np.arange(side) / (2 * side) for side in size)
    radius = np.hypot(vertical[:, None], horizontal)
    return np.flatnonzero((radius >= edges[0]) & (radius <= edges[1]))


def check_size(size: tuple[int, int]) -> None:
    """Raise a CondganError unless pictures of this size can have a mark."""
    if not all(LEAST <= side <= MOST for side in size):
        raise CondganError(
            f"pictures of {size[0]} x {size[1]} pixels cannot have a mark: expected sides of {LEAST} to {MOST}"
        )


@lru_cache(maxsize=32)
def patterns(key: Key, size: tuple[int, int]) -> Patterns:
    """The patterns of a key for pictures (h, w).

    Raises:
        CondganError: pictures too small or too large.
    """
    check_size(size)
    low, high = band(size, LOW), band(size, HIGH)
    secret = key.derived("mark 1")
    digits = normal(secret, f"low {size[0]}x{size[1]}", DIGITS * VALUES * len(low))
    return Patterns(
        size, low, high, digits.reshape(DIGITS, VALUES, -1), normal(secret, f"high {size[0]}x{size[1]}", len(high))
    )


def normal(secret: bytes, label: str, count: int) -> Numbers:
    """Standard normal numbers, (count,), that only the owner of the secret can draw: SHAKE-256 of secret and label."""
    from scipy.special import ndtri

    stream = hashlib.shake_256(secret + label.encode()).digest(8 * count)
    uniform = (np.frombuffer(stream, "<u8") >> np.uint64(11)).astype(np.float64)
    return np.asarray(ndtri((uniform + 0.5) / (1 << 53)), np.float64)


def payload(sha256: str) -> str:
    """What the mark says of a generator: the first four digits of its hash."""
    return sha256[:DIGITS]
