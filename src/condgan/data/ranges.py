"""Pixel ranges: whatever numbers the images of a dataset have, judged by all of them together -> 0..255.

One rule, the first row that holds:

| pixels | become |
|---|---|
| 0 and 1, false and true | 0 and 255 |
| 0..1 | times 255 |
| -1..1, some negative | (x + 1) * 127.5 |
| whole numbers, the largest 16 | times 255 / 16, as scikit-learn's digits have them |
| 0..255 | as they are, rounded |
| whole numbers from 0 up to 65535 | times 255 / the smallest full scale of 10, 12, 14 or 16 bits that contains them |
| int8 with negative numbers | plus 128 |

All else is refused: other ranges, NaN, sets that would be nearly black, and pixels that are all equal; bytes that are
all equal, which a collapsed generator writes, are read with a word.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data.memory import room
from condgan.errors import CondganError

Array = npt.NDArray[Any]

CHUNK = 1 << 20  # pixels that are converted at a time
SCALES = (1023, 4095, 16383, 65535)  # of 10, 12, 14 and 16 bits
DIGITS = 16  # the largest pixel of scikit-learn's digits
BYTE = 255
DARK = 32  # a brightest pixel below it is nearly black
SLACK = 1e-3  # by which resizing or rounding may leave a range of floats
SPREAD = "((images - images.min()) * (255 / (images.max() - images.min()))).round().astype(numpy.uint8)"
SPREAD_FLOATS = f"images = images.astype(float), then {SPREAD}"  # whole numbers would overflow
FINITE = "keep = numpy.isfinite(images).reshape(len(images), -1).all(1), then images[keep] and labels[keep]"


@dataclass
class Range:
    """Facts of all pixels: the lowest and the highest, and whether all are whole numbers, all are int8."""

    low: float
    high: float
    whole: bool
    signed_bytes: bool


@dataclass(frozen=True)
class Rule:
    """A byte is (pixel - zero) * 255 / span, rounded; ``words`` says so, or nothing where pixels stay as they are."""

    zero: int
    span: int
    words: str = ""

    def apply(self, block: Array) -> Images:
        """Some pixels -> uint8 of the same shape."""
        if block.dtype.kind == "f":
            scaled = np.rint((block.astype(np.float64) - self.zero) * (BYTE / self.span))
            return np.clip(scaled, 0, BYTE).astype(np.uint8)
        return (((block.astype(np.int64) - self.zero) * BYTE + self.span // 2) // self.span).astype(np.uint8)


def to_bytes(splits: Mapping[str, Array], what: str) -> tuple[dict[str, Images], tuple[str, ...]]:
    """The images of all splits, of any shape, as uint8 in 0..255, and what was done to them in words.

    Arrays of bytes are converted in place, others piece by piece.

    Args:
        splits: name -> bools, whole numbers or floats.
        what: names the images in an error.

    Raises:
        CondganError: the pixels are no numbers, or have a range that no rule knows.
    """
    for images in splits.values():
        if images.dtype.kind not in "buif":
            raise CondganError(f"{what}: images are {images.dtype}, expected numbers: save uint8 in 0..255")
    seen = measured(splits, what)
    if seen.low == seen.high and all(images.dtype == np.uint8 for images in splits.values()):
        return dict(splits), (f"all pixels are {shown(seen.low)}: nothing can be learnt from them",)  # yet measured
    rule = chosen(seen, what)
    brightest = round((min(seen.high, rule.zero + rule.span) - rule.zero) * BYTE / rule.span)
    if brightest < DARK:
        raise CondganError(
            f"{what}: the images are nearly black: their pixels lie in {shown(seen.low)}..{shown(seen.high)}, the "
            f"brightest is {brightest} of 255: save {SPREAD_FLOATS}"
        )
    kept = (rule.zero, rule.span) == (0, BYTE)
    converted = {
        name: images if kept and images.dtype == np.uint8 else convert(images, rule.apply)
        for name, images in splits.items()
    }
    return converted, (rule.words,) if rule.words else ()


def chosen(seen: Range, what: str) -> Rule:
    """The rule for pixels of this range.

    Raises:
        CondganError: there is none.
    """
    low, high = seen.low, seen.high
    lies = f"pixels lie in {shown(low)}..{shown(high)}"
    if low == high:
        raise CondganError(f"{what}: all pixels are {shown(low)}: nothing can be learnt, see how it was written")
    slack = 0 if seen.whole else SLACK
    if seen.whole and (low, high) == (0, 1):
        return Rule(0, 1, "pixels are 0 or 1 and became 0 and 255")
    if low >= -slack and high <= 1 + slack:
        return Rule(0, 1, "pixels lie in 0..1 and were multiplied by 255")
    if low >= -1 - slack and high <= 1 + slack:
        return Rule(-1, 2, "pixels lie in -1..1: 1 was added to them, and they were multiplied by 127.5")
    if seen.whole and low >= 0 and high == DIGITS:
        return Rule(0, DIGITS, "pixels are whole numbers in 0..16 and were multiplied by 255/16")
    if low >= -slack and high <= BYTE + slack:
        return Rule(0, BYTE, "" if seen.whole else "pixels lie in 0..255 and were rounded")
    if seen.whole and low >= 0 and high <= SCALES[-1]:
        scale = full_scale(int(high))
        bits = scale.bit_length()
        return Rule(0, scale, f"{lies} and were taken for whole numbers of {bits} bits: multiplied by 255/{scale}")
    if seen.signed_bytes:
        return Rule(-128, BYTE, f"{lies} and are int8: 128 was added to them")
    raise CondganError(
        f"{what}: {lies}, expected 0..255, 0..1, -1..1 or whole numbers of at most 16 bits: save {SPREAD_FLOATS}"
    )


def full_scale(most: int) -> int:
    """The largest number of 10, 12, 14 or 16 bits, whichever is the smallest that contains ``most``, 256..65535."""
    return next(scale for scale in SCALES if most <= scale)


def measured(splits: Mapping[str, Array], what: str) -> Range:
    """The range of all pixels.

    Raises:
        CondganError: some are NaN or infinite.
    """
    blocks = [block for images in splits.values() for _, block in parts(images)]  # views
    kind = float if any(images.dtype.kind == "f" for images in splits.values()) else int
    lows, highs = ([kind(bound(block)) for block in blocks] for bound in (np.min, np.max))
    if not np.isfinite([float(value) for value in (*lows, *highs)]).all():
        raise CondganError(f"{what}: some pixels are NaN or infinite: leave such images out, save {FINITE}")
    signed = all(images.dtype == np.int8 for images in splits.values())
    return Range(min(lows), max(highs), all(map(whole, blocks)), signed)


def whole(block: Array) -> bool:
    """Whether all are whole numbers."""
    return block.dtype.kind != "f" or bool((np.rint(block) == block).all())


def parts(images: Array) -> Iterator[tuple[slice, Array]]:
    """An array in pieces of bounded size, in the order of its memory."""
    if not images.size:
        return
    rows = in_order(images)
    if rows.flags.c_contiguous:
        rows = rows.reshape(-1)
    step = max(1, CHUNK * len(rows) // rows.size)
    for start in range(0, len(rows), step):
        yield slice(start, start + step), rows[start : start + step]


def in_order(images: Array) -> Array:
    """The array, its first axis last where that is how it lies in memory."""
    return images.T if images.flags.f_contiguous and not images.flags.c_contiguous else images


def convert(images: Array, change: Callable[[Array], Images]) -> Images:
    """Every pixel changed: in place where pixels are bytes, else in a new array."""
    rows = in_order(images)
    bytes_of = images.dtype.itemsize == 1 and images.flags.writeable
    target = rows.view(np.uint8) if bytes_of else room(rows.shape, np.uint8)
    flat = target.reshape(-1) if rows.flags.c_contiguous else target
    for where, block in parts(images):
        flat[where] = change(block)
    return target if rows is images else target.T


def shown(value: float) -> str:
    """A pixel in an error."""
    return f"{value:.6g}" if isinstance(value, float) else str(int(value))
