"""Looking for the mark of a key in the pixels of files, whatever they say of themselves, or nothing at all."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.arrays import Samples
from condgan.errors import CondganError
from condgan.generation import jobs
from condgan.marks import pattern
from condgan.marks.detection import FOUND, Detection, Evidence, detect, detect_each, maps
from condgan.marks.keys import Key
from condgan.provenance import archives, reading, tables
from condgan.provenance.files import DamagedError, UnreadableError, content, opened
from condgan.provenance.layouts import tiles
from condgan.provenance.verdicts import Finding, Mark, Report
from condgan.storage.manifest import Manifest
from condgan.streams import plain

FORMS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF", ".tif": "TIFF",
    ".tiff": "TIFF",
}  # fmt: skip
"""What pictures are decoded as, by their ending."""
BEGINNINGS = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP", b"BM": "BMP", b"GIF8": "GIF"}
"""And without one, by their beginning."""
MOST_ALONE = 256  # images, or files, that are searched one by one for shifts and flips; more are looked at as they lie
AT_ONCE = 1 << 20  # pixels that are looked at together
NO_PICTURE = "nothing here has pixels that can be read"
Maps = npt.NDArray[np.float64]


@dataclass
class Together:
    """Images that are looked at together: what they have in common, by size, and how many show the mark alone."""

    evidence: dict[tuple[int, ...], Evidence] = field(default_factory=dict)
    images: int = 0
    looked: int = 0
    alone: int = 0
    why: str = NO_PICTURE

    def add(self, low: Maps, high: Maps) -> None:
        """Add images of one size, by their maps (n, h, w)."""
        self.images += len(low)
        size = low.shape[1:]
        self.evidence.setdefault(size, Evidence(np.zeros(size), np.zeros(size))).add(
            Evidence(low.sum(axis=0), high.sum(axis=0), len(low))
        )

    def mark(self, key: Key, found: Sequence[Detection]) -> Mark:
        """What was found; of several sizes the surest, as one try of many."""
        if not found:
            return Mark(key=key.fingerprint, why=self.why)
        best = min(found, key=lambda one: (one.false_alarm, -one.score))
        rate = min(1.0, best.false_alarm * len(found))
        return Mark(
            found=rate <= FOUND, score=round(best.score, 3), false_alarm=rate, key=key.fingerprint,
            payload=best.payload if rate <= FOUND else None, images=self.images, looked=self.looked, alone=self.alone,
        )  # fmt: skip


class Looking:
    """Looks at images as they come: each alone, those of each file, and all together.

    Args:
        key: whose mark is looked for.
        many: whether there are so many files that each is looked at as it lies.
    """

    def __init__(self, key: Key, *, many: bool) -> None:
        self.key, self.many, self.all = key, many, Together()
        self.marks: dict[str, Mark] = {}
        self.taken: list[tuple[Together, Samples]] = []  # images of one shape, which are looked at together
        self.pixels = 0
        self.waiting: list[tuple[Together, Maps, Maps]] = []  # for whether they are few, by their maps (h, w)
        self.ended: list[tuple[str, Together]] = []

    def take(self, file: Together, images: Samples) -> None:
        """Images (n, C, H, W) of a file."""
        try:
            pattern.check_size((images.shape[2], images.shape[3]))
        except CondganError as error:
            file.why = str(error)
            if not self.all.images:
                self.all.why = str(error)
            return
        if self.taken and self.taken[0][1].shape[1:] != images.shape[1:]:
            self.look()
        count = max(1, AT_ONCE // images[:1].size)
        for first in range(0, len(images), count):
            self.taken.append((file, images[first : first + count]))
            self.pixels += self.taken[-1][1].size
            if self.pixels >= AT_ONCE:
                self.look()

    def end(self, name: str, file: Together) -> None:
        """There are no more images of a file."""
        self.ended.append((name, file))

    def look(self) -> None:
        """Look at the images that were taken."""
        if self.taken:
            parts = list(maps(np.concatenate([images for _, images in self.taken])))
            low, high = (np.concatenate(each) for each in zip(*parts, strict=True))
            first = 0
            for file, images in self.taken:
                part = slice(first, first := first + len(images))
                file.add(low[part], high[part])
                self.waiting += [(file, one, other) for one, other in zip(low[part], high[part], strict=True)]
            self.all.add(low, high)
            self.taken, self.pixels = [], 0
        if self.all.images > MOST_ALONE:
            self.settle()

    def settle(self) -> None:
        """Look at each image alone that was not looked at yet, and at the files that have ended."""
        few = self.all.images <= MOST_ALONE
        for (file, _, _), found in zip(self.waiting, self._found(self.waiting, few), strict=True):
            for together in (file, self.all):
                together.looked += 1
                together.alone += found.found
        self.waiting = []
        sums = [(file, one.low, one.high) for _, file in self.ended for one in file.evidence.values()]
        found_of: dict[int, list[Detection]] = {}
        for (file, _, _), found in zip(sums, self._found(sums, not self.many), strict=True):
            found_of.setdefault(id(file), []).append(found)
        self.marks |= {name: file.mark(self.key, found_of.get(id(file), [])) for name, file in self.ended}
        self.ended = []

    def whole(self) -> Mark:
        """What was found in all images together, once all were taken."""
        self.look()
        self.settle()
        found = [detect(one, pattern.patterns(self.key, one.low.shape)) for one in self.all.evidence.values()]
        return self.all.mark(self.key, found)

    def _found(self, each: Sequence[tuple[Together, Maps, Maps]], search: bool) -> Iterator[Detection]:
        """What each pair of maps (h, w) shows: searched for shifts and flips, or as it lies."""
        for size, group in groupby(each, key=lambda one: one[1].shape):
            layout = pattern.patterns(self.key, size)
            if search:
                yield from (detect(Evidence(low, high), layout) for _, low, high in group)
            else:
                _, low, high = zip(*group, strict=True)
                yield from detect_each(np.stack(low), np.stack(high), layout)


def looked(path: Path, paths: Sequence[Path], report: Report, key: Key) -> Report:
    """A report with what was found of the mark in its files, each and together.

    Args:
        path: the file or folder of the report.
        paths: the files in it.
        report: whose findings have paths below it; verdicts stay as they are.
        key: whose mark is looked for.
    """
    looking, named = Looking(key, many=len(paths) > MOST_ALONE), {one.path: one for one in report.files}
    for place in paths:
        name, file = place.relative_to(path).as_posix() if place != path else next(iter(named), str(path)), Together()
        try:
            for images in pictures(place, named.get(name), follow=place == path):
                looking.take(file, images)
        except UnreadableError as error:
            file.why = plain(str(error))
        looking.end(name, file)
    whole, marks = looking.whole(), looking.marks
    if len(paths) == 1 and whole.found is None:
        whole = next(iter(marks.values()))
    found = tuple(
        one.model_copy(update={"mark": marks[one.path]}) if one.path in marks else one for one in report.files
    )
    together = report.set if report.set is None else report.set.model_copy(update={"mark": whole})
    return report.model_copy(update={"files": found, "set": together, "mark": whole})


def pictures(path: Path, found: Finding | None, *, follow: bool = False) -> Iterator[Samples]:
    """The images of a file, (n, C, H, W) uint8 at a time; nothing of a file that has none.

    Raises:
        UnreadableError: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in FORMS:
        frames, _ = reading.decoded(content(path, follow=follow), FORMS[suffix])
        told = _job(found)
        for frame in frames:
            yield tiles(frame, told)
    elif suffix == ".npz":
        with opened(path, follow=follow) as file:
            if "images.npy" not in archives.members(file):
                raise DamagedError("it has no array `images`")
            with zipfile.ZipFile(file) as archive, archive.open("images.npy") as stream:
                shape, dtype, parts = archives.rows(stream)
                first, last = (len(shape) == 4 and shape[place] in (1, 3) for place in (1, 3))
                if dtype != np.uint8 or not (len(shape) == 3 or first or last):
                    raise DamagedError(f"its images are {dtype} {shape}: expected uint8 (N, H, W) or (N, H, W, 3)")
                for part in parts:
                    yield part[:, None] if part.ndim == 3 else part.transpose(0, 3, 1, 2) if last else part
    elif suffix == ".tar":
        with opened(path, follow=follow) as file:
            for name, data in archives.tar(file)[1]:
                if (ending := Path(name).suffix.lower()) in FORMS:
                    yield tiles(reading.decoded(data, FORMS[ending])[0][0], None)
    elif suffix == ".parquet":
        with opened(path, follow=follow) as file:
            for data in tables.cells(file):
                form = next((form for begin, form in BEGINNINGS.items() if data.startswith(begin)), None)
                if form is not None:
                    yield tiles(reading.decoded(data, form)[0][0], None)
    elif path.name.endswith("-idx3-ubyte"):
        with opened(path, follow=follow) as file:
            for part in archives.idx_rows(file, *archives.idx_shape(file, 3)):
                yield part[:, None]


def _job(found: Finding | None) -> jobs.Job | None:
    """What a file says it shows; it may say anything, and is believed only about where its images lie."""
    if found is None or found.manifest is None:
        return None
    try:
        return jobs.parse(Manifest.model_validate(found.manifest))
    except (CondganError, ValueError):
        return None
