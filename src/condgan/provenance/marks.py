"""Looking for the mark of a key in the pixels of files, whatever they say of themselves, or nothing at all."""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from condgan.arrays import Samples
from condgan.errors import CondganError
from condgan.generation import jobs
from condgan.marks import pattern
from condgan.marks.detection import ALIGNMENTS, FOUND, Alignment, Detection, Evidence, detect
from condgan.marks.keys import Key
from condgan.provenance import archives, reading, sets
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
STILL: tuple[Alignment, ...] = (((False, False), (0, 0)),)
MOST_ALONE = 256  # images that are searched one by one for shifts and flips; more are looked at as they lie
NO_PICTURE = "nothing here has pixels that can be read"


@dataclass
class Together:
    """Images that are looked at together: what they have in common, by size, and how many show the mark alone."""

    evidence: dict[tuple[int, int], Evidence] = field(default_factory=dict)
    images: int = 0
    looked: int = 0
    alone: int = 0
    why: str = NO_PICTURE

    def add(self, one: Evidence) -> None:
        """Add an image."""
        size = one.low.shape[0], one.low.shape[1]
        self.images += 1
        self.evidence.setdefault(size, Evidence(np.zeros(size), np.zeros(size))).add(one)

    def mark(self, key: Key) -> Mark:
        """What was found; of several sizes the surest, as one try of many."""
        if not self.evidence:
            return Mark(key=key.fingerprint, why=self.why)
        found = [look(one, key) for one in self.evidence.values()]
        best = min(found, key=lambda one: (one.false_alarm, -one.score))
        rate = min(1.0, best.false_alarm * len(found))
        return Mark(
            found=rate <= FOUND, score=round(best.score, 3), false_alarm=rate, key=key.fingerprint,
            payload=best.payload if rate <= FOUND else None, images=self.images, looked=self.looked, alone=self.alone,
        )  # fmt: skip


def look(evidence: Evidence, key: Key, alignments: tuple[Alignment, ...] = ALIGNMENTS) -> Detection:
    """Look for the mark of a key in pictures of one size."""
    return detect(evidence, pattern.patterns(key, (evidence.low.shape[0], evidence.low.shape[1])), alignments)


class Looking:
    """Looks at images as they come: each alone, those of each file, and all together."""

    def __init__(self, key: Key) -> None:
        self.key, self.all = key, Together()
        self.waiting: list[tuple[Together, Evidence]] = []

    def take(self, file: Together, images: Samples) -> None:
        """Images (n, C, H, W) of a file."""
        try:
            pattern.check_size((images.shape[2], images.shape[3]))
        except CondganError as error:
            file.why = str(error)
            if not self.all.images:
                self.all.why = str(error)
            return
        for image in images:
            one = Evidence.of(image[None])
            file.add(one)
            self.all.add(one)
            self.waiting.append((file, one))
        if self.all.images > MOST_ALONE:
            self.settle()

    def settle(self) -> None:
        """Look at each image alone that was not looked at yet."""
        for file, one in self.waiting:
            found = look(one, self.key, STILL if self.all.images > MOST_ALONE else ALIGNMENTS).found
            for together in (file, self.all):
                together.looked += 1
                together.alone += found
        self.waiting = []


def looked(path: Path, paths: Sequence[Path], report: Report, key: Key) -> Report:
    """A report with what was found of the mark in its files, each and together.

    Args:
        path: the file or folder of the report.
        paths: the files in it.
        report: whose findings have paths below it; verdicts stay as they are.
        key: whose mark is looked for.
    """
    looking = Looking(key)
    files: dict[str, Together] = {}
    named = {one.path: one for one in report.files}
    for place in paths:
        name = place.relative_to(path).as_posix() if place != path else next(iter(named), str(path))
        file = files[name] = Together()
        try:
            for images in pictures(place, named.get(name), follow=place == path):
                looking.take(file, images)
        except UnreadableError as error:
            file.why = plain(str(error))
    looking.settle()
    whole = looking.all.mark(key)
    if len(paths) == 1 and whole.found is None:
        whole = next(iter(files.values())).mark(key)
    found = tuple(
        one.model_copy(update={"mark": files[one.path].mark(key)}) if one.path in files else one for one in report.files
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
                return
            with zipfile.ZipFile(file) as archive, archive.open("images.npy") as stream:
                shape, dtype, parts = archives.rows(stream)
                if dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
                    raise DamagedError(f"its images are {dtype} {shape}")
                for part in parts:
                    yield part[:, None] if part.ndim == 3 else part.transpose(0, 3, 1, 2)
    elif suffix == ".tar":
        with opened(path, follow=follow) as file:
            for name, data in archives.tar(file)[1]:
                if name.endswith(".png"):
                    yield tiles(reading.decoded(data, "PNG")[0][0], None)
    elif suffix == ".parquet":
        with opened(path, follow=follow) as file:
            for entry in sets.parquet(file).entries:
                if not isinstance(entry.picture, UnreadableError) and entry.picture.frames:
                    yield tiles(entry.picture.frames[0], None)
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
