"""The images of a dataset while their files are decoded: each is brought to shape, what only all can tell waits."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Images
from condgan.data import ground
from condgan.data.fit import TO_GREY, TO_RGB, fit, fit_notices, read_as_grey, to_grey
from condgan.data.memory import room
from condgan.data.ranges import full_scale
from condgan.data.readers.decode import Decoded
from condgan.errors import CondganError
from condgan.recipe import Data

NEARLY_BLACK = 32  # a set whose brightest pixel is darker is refused
DARK = 16  # a set whose 8-bit pixels are all at most this is rescaled
FULL_DEEP = 1 << 14  # from here on 16-bit values are taken to use all 16 bits


@dataclass
class Facts:
    """What was seen while the images were decoded."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    colour: int = 0
    grey: int = 0
    grey_as_colour: int = 0
    deep: int = 0
    least: int = 255
    most: int = 0
    most_deep: int = 0
    inks: list[float] = field(default_factory=list)
    borders: list[tuple[int, int, int] | None] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def range(self) -> tuple[float, float]:
        """The lowest and the highest value in the files."""
        return float(self.least), float(self.most_deep if self.deep else self.most)


class Store:
    """The images of a dataset while they are decoded, N rows each: grey, colour, and how transparent; one at first."""

    def __init__(self, count: int, data: Data) -> None:
        self.count, self.data, self.size = count, data, (data.height, data.width)
        self.planes: dict[str, Images] = {}
        self.is_colour = np.zeros(count, bool)
        self.is_clear = np.zeros(count, bool)
        self.shapes = np.zeros((count, 2), np.int32)
        self.hashes = np.zeros((count, 2), np.uint64)
        self.unclear: dict[int, npt.NDArray[Any]] = {}
        """Rows whose range can be told only from all images: their pixels, or 16-bit values."""
        self.facts = Facts()
        self.lock = threading.Lock()

    def plane(self, name: str) -> Images:
        """The array of a kind, made when it is first needed."""
        with self.lock:
            if name not in self.planes:
                self.planes[name] = room((self.count, 3 if name == "colour" else 1, *self.size), np.uint8)
            return self.planes[name]

    def put(self, row: int, image: Decoded) -> None:
        """Bring an image to the shape of the dataset."""
        height, width = image.pixels.shape[:2]
        self.shapes[row] = height, width
        self.hashes[row] = np.frombuffer(image.digest(), np.uint64)
        self.lay(row, image.pixels)
        if image.clear is not None:
            self.is_clear[row] = True
            self.plane("clear")[row, 0] = fit(image.clear[None], self.size, self.data.fit)[0]
        padded = self.data.fit == "pad" and height * self.size[1] != width * self.size[0]
        border = ground.border(image.pixels) if padded and image.clear is None else None
        least, most = int(image.pixels.min()), int(image.pixels.max())
        if image.clear is not None:  # its pixels lie on black, which says nothing of their range
            least, most = 0, 255
        with self.lock:
            facts = self.facts
            facts.sizes[height, width] += 1
            facts.colour += image.pixels.ndim == 3
            facts.grey += image.pixels.ndim == 2
            facts.grey_as_colour += image.grey_as_colour
            facts.least, facts.most = min(facts.least, least), max(facts.most, most)
            if padded and image.clear is None:
                facts.borders.append(border)
            if image.clear is not None and (ink := ground.ink(image.pixels, image.clear)) is not None:
                facts.inks.append(ink)
            if image.deep is not None:
                facts.deep += 1
                facts.most_deep = max(facts.most_deep, int(image.deep.max()))
            self.keep(row, image, most)

    def keep(self, row: int, image: Decoded, most: int) -> None:
        """Keep what may have to be rescaled, until an image shows that nothing has."""
        if image.deep is not None:
            if self.facts.most_deep < FULL_DEEP:
                self.unclear[row] = image.deep
            elif self.unclear:
                self.unclear = {n: array for n, array in self.unclear.items() if array.dtype == np.uint8}
        elif self.facts.most <= DARK and self.facts.deep == 0:
            self.unclear[row] = image.pixels
        elif self.unclear:
            self.unclear = {n: array for n, array in self.unclear.items() if array.dtype != np.uint8}

    def lay(self, row: int, pixels: Images) -> None:
        """Write one image, (H, W) or (H, W, 3), into its plane."""
        if self.data.channels == 1 and pixels.ndim == 3:
            pixels = to_grey(pixels[None])[0]
        fitted = fit(pixels[None], self.size, self.data.fit)[0]
        colour = fitted.ndim == 3
        self.is_colour[row] = colour
        self.plane("colour" if colour else "grey")[row] = fitted.transpose(2, 0, 1) if colour else fitted

    def rescaled(self, what: str) -> tuple[str, ...]:
        """Bring pixels that use a part of their range to all of it -> what was done.

        Raises:
            CondganError: all pixels of all images are equal.
        """
        facts = self.facts
        if facts.least == facts.most:
            raise CondganError(f"{what}: all pixels of all images are {facts.most}: expected pictures")
        if self.data.reading == 1:
            return ()
        if DARK < facts.most < NEARLY_BLACK and not facts.deep:
            raise CondganError(
                f"{what}: pixels lie in {facts.least}..{facts.most}, nearly black: stretch their contrast "
                "to 0..255, for instance by PIL.ImageOps.autocontrast"
            )
        if not self.unclear:
            return ()
        if facts.deep:
            scale = full_scale(facts.most_deep)
            said = f"16-bit values lie in 0..{facts.most_deep} and were taken as 0..{scale}"
        else:
            scale = 1 if facts.most == 1 else DARK
            said = f"pixels lie in 0..{facts.most} and were multiplied by 255/{scale}"
        for row, pixels in self.unclear.items():
            self.lay(row, ((pixels.astype(np.uint32) * 510 + scale) // (2 * scale)).astype(np.uint8))
        return (said,)

    def images(self, fill: ground.Ground) -> Images:
        """All rows on one ground, uint8 (N, C, H, W)."""
        needs = self.needing_ground()
        channels = self.channels(fill, bool(len(needs)))
        if channels == 1:
            laid = self.plane("grey")
        else:
            laid = self.plane("colour")
            for row in np.flatnonzero(~self.is_colour):
                laid[row] = self.planes["grey"][row]
        for row in needs:
            ground.lay(laid[row], self.planes["clear"][row, 0] if self.is_clear[row] else None, self.shapes[row], fill,
                       self.data.fit)  # fmt: skip
        return laid

    def needing_ground(self) -> npt.NDArray[np.int64]:
        """Rows with transparent pixels or bars."""
        height, width = self.size
        bars = self.shapes[:, 0].astype(np.int64) * width != self.shapes[:, 1].astype(np.int64) * height
        return np.flatnonzero(self.is_clear | (bars & (self.data.fit == "pad")))

    def channels(self, fill: ground.Ground, visible: bool) -> Literal[1, 3]:
        """1 where all images are grey, and so is the ground if it is visible; or what the recipe says."""
        coloured = visible and fill != "edge" and len(set(fill)) > 1
        return self.data.channels or (3 if self.is_colour.any() or coloured else 1)


def finished(store: Store, what: str, data: Data) -> tuple[Images, str, tuple[str, ...]]:
    """All images in one array, the background that was decided, and what was done to the images."""
    facts = store.facts
    notices = fit_notices(facts.sizes.keys(), data) + store.rescaled(what)
    fill = ground.decide(data, facts.inks, facts.borders)
    images = store.images(fill)
    clear, barred = int(store.is_clear.sum()), int((~store.is_clear[store.needing_ground()]).sum())
    if clear:
        notices += (f"{clear} images with transparency were laid on {ground.words(fill)} (data.background)",)
    if barred:
        notices += (f"{barred} images were padded with {ground.words(fill)} (data.background)",)
    if images.shape[1] == 1 and facts.colour:
        notices += (TO_GREY,)
    if images.shape[1] == 3 and facts.grey:
        notices += (TO_RGB,)
    if facts.grey_as_colour and not facts.colour and data.channels is None:
        notices += (read_as_grey(facts.grey_as_colour),)
    shows = data.background == "auto" and (clear or barred)
    return images, ground.named(fill) if shows else data.background, notices
