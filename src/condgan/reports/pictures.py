"""Pictures for reports: those of a run made small, plots drawn anew, and moments spread over a training."""

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from condgan.storage.manifest import Manifest, begin

FRAMES = 20  # of a slider
MOST_PIXELS = 50_000_000
MOST_SIDE = 900  # pixels of a picture in a report
Anything = TypeVar("Anything")


def plot() -> Manifest:
    """What a plot says of itself."""
    return begin(synthetic=False).of("plot")


def drawn(draw: Callable[[Path], object]) -> bytes:
    """The PNG file that a function writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.png"
        draw(path)
        return path.read_bytes()


def maybe_drawn(draw: Callable[[Path], bool]) -> bytes | None:
    """The PNG file that a function writes, if it says that it wrote one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plot.png"
        return path.read_bytes() if draw(path) else None


def readable(path: Path) -> bool:
    """Whether a file is a whole picture of a size that can be shown."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return False
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def small(path: Path, most: int = MOST_SIDE) -> bytes:
    """A picture of a run as a PNG of few bytes: grey where it is grey, of at most so many pixels a side.

    What the file says of itself is left behind: the report has a manifest of its own.
    """
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()
        shown = picture.convert("RGB")
    if max(shown.size) > most:
        shown.thumbnail((most, most), Image.Resampling.LANCZOS)
    red, green, blue = (np.asarray(band) for band in shown.split())
    if np.array_equal(red, green) and np.array_equal(green, blue):
        shown = shown.convert("L")
    out = io.BytesIO()
    shown.save(out, "PNG", optimize=True)
    return out.getvalue()


def spread(every: Sequence[Anything], most: int) -> list[Anything]:
    """At most so many, evenly chosen, the first and the last among them."""
    if len(every) <= most:
        return list(every)
    return [every[round(place * (len(every) - 1) / (most - 1))] for place in range(most)]
