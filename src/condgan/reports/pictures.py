"""Pictures for reports: those of a run made small, plots drawn anew, and moments spread over a training."""

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from condgan.storage.manifest import Manifest, begin

FRAMES = 20  # of a slider
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


def small(path: Path) -> bytes:
    """A picture of a run as a PNG of few bytes: grey where it is grey, no larger than a report shows it.

    What the file says of itself is left behind: the report has a manifest of its own.
    """
    from PIL import Image

    with Image.open(path) as picture:
        picture.load()
        shown = picture.convert("RGB")
    if max(shown.size) > MOST_SIDE:
        shown.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    grey = shown.convert("L")
    if list(grey.convert("RGB").getdata()) == list(shown.getdata()):
        shown = grey
    out = io.BytesIO()
    shown.save(out, "PNG", optimize=True)
    return out.getvalue()


def spread(every: Sequence[Anything], most: int) -> list[Anything]:
    """At most so many, evenly chosen, the first and the last among them."""
    if len(every) <= most:
        return list(every)
    return [every[round(place * (len(every) - 1) / (most - 1))] for place in range(most)]
