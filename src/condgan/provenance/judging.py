"""One file after another -> its finding: what it says, what it holds, and what is made again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from condgan.errors import CondganError
from condgan.generation import jobs
from condgan.generation.generator import Generator
from condgan.provenance import kinds, remaking, signing
from condgan.provenance.files import DamagedError, UnreadableError, content
from condgan.provenance.generators import Generators
from condgan.provenance.reading import Entry, Picture
from condgan.provenance.remaking import Remade
from condgan.provenance.verdicts import Finding, Signature, Verdict, finding
from condgan.storage.manifest import Manifest, pixels_sha256
from condgan.storage.pictures import Pixels

PACKED = (".zip", ".gz", ".tgz", ".bz2", ".xz")
MOST_TOGETHER = 512  # files whose pixels wait in memory
MOST_WAITING = 64 << 20  # bytes of their pixels

VERDICTS: dict[remaking.Outcome, tuple[Verdict, bool | None]] = {
    "same": ("verified", True), "near": ("verified", True), "form": ("claimed", True), "letters": ("claimed", None),
    "absent": ("claimed", None), "other": ("altered", False), "contradictory": ("contradictory", False),
}  # fmt: skip
"""The verdict of an outcome, and whether the picture was made again."""


@dataclass
class Judged:
    """A file with its finding, and what a set needs to know of it.

    Attributes:
        name: its path, as it is shown.
        label: the name of the class that a set gives it, and
        position: its place among all classes.
        digest: the hash of its pixels, as it is stated and found.
        job: what it says it shows.
        vector: whether it is a vector, and no picture.
        enlarged: how many times it is larger than it was written.
        coloured: whether it is stored in colour, and was written in grey.
        signature: the one in it, if there is one.
    """

    name: str
    label: str | None = None
    position: int | None = None
    finding: Finding | None = None
    manifest: Manifest | None = None
    digest: str | None = None
    job: jobs.Job | None = None
    picture: Picture | None = None
    generator: Generator | None = None
    vector: bool = False
    enlarged: int = 1
    coloured: bool = False
    signature: Signature | None = None

    def settle(self, verdict: Verdict, why: str, remade: bool | None = None) -> None:
        """Decide."""
        self.finding = finding(self.name, verdict, why, self.manifest, remade, self.signature)
        self.picture = None

    @property
    def found(self) -> Finding:
        """The finding, once it is decided."""
        if self.finding is None:
            raise ValueError("not judged yet")
        return self.finding


def read(path: Path, *, follow: bool = False) -> Picture:
    """A picture file.

    Raises:
        UnreadableError: it cannot be read.
        DamagedError: not a picture that condgan writes, or damaged.
    """
    reader = kinds.READERS.get(path.suffix.lower())
    if reader is None and path.suffix.lower() in PACKED:
        raise DamagedError("an archive: unpack it, and give the folder")
    if reader is None:
        raise DamagedError("no kind of file that condgan writes a manifest into")
    return reader(content(path, follow=follow))


def begun(entry: Entry, generators: Generators) -> Judged:
    """A file as far as it can be judged before anything is made again."""
    judged, load = Judged(entry.name, entry.label, entry.position), entry.picture
    if isinstance(load, UnreadableError):
        judged.settle("unknown", str(load))
        return judged
    judged.manifest, judged.picture, judged.vector = load.manifest, load, load.vector is not None
    told = load.manifest
    if load.signed is not None:
        judged.signature = signed = signing.in_png(load.signed, generators.trust)
        if signed.valid is False:
            judged.settle("contradictory", signed.why or "its signature does not hold")
            return judged
        load.foreign += [] if signed.valid else [signed.why or "its signature was not checked"]
    if told is None:
        judged.settle("unknown", load.contradictions[0] if load.contradictions else "it has no manifest of condgan")
        return judged
    try:
        judged.job = jobs.parse(told)
    except CondganError as error:
        judged.settle("unknown", str(error))
        return judged
    if judged.job is not None and jobs.recorded(judged.job) != told.sample:
        load.foreign.append("its manifest is not written as condgan writes it")
    reason = stated(judged, load, told)
    if load.contradictions:
        judged.settle("contradictory", load.contradictions[0])
    elif load.changed:
        judged.settle("altered", load.changed[0])
    elif reason is not None:
        judged.settle("altered", reason)
    else:
        _look_up(judged, told, generators)
    return judged


def stated(judged: Judged, picture: Picture, told: Manifest) -> str | None:
    """Why pixels are not those that are stated; an enlarged picture is brought back to its size."""
    if picture.vector is not None:
        return None
    if picture.frames is None or picture.milliseconds:
        return None if told.pixels_sha256 is None else "its manifest is that of another kind of file"
    if told.pixels_sha256 is None:
        return "its manifest does not state the hash of its pixels"
    judged.digest = told.pixels_sha256
    if pixels_sha256(picture.frames[0]) == told.pixels_sha256:
        return None
    grey = without_colour(picture.frames[0])
    if grey is not None and pixels_sha256(grey) == told.pixels_sha256:
        picture.frames, judged.coloured = [grey], True
        return None
    for scale, small in remaking.reductions(picture.frames[0]):
        if pixels_sha256(small) == told.pixels_sha256:
            picture.frames, judged.enlarged = [small], scale
            return None
    return "its pixels do not have the hash that its manifest states"


def without_colour(picture: Pixels) -> Pixels | None:
    """A picture (h, w, 3) whose three channels are equal, as (h, w); none of another one."""
    equal = picture.ndim == 3 and (picture == picture[..., :1]).all()
    return np.ascontiguousarray(picture[..., 0]) if equal else None


def _look_up(judged: Judged, told: Manifest, generators: Generators) -> None:
    """Whether there is something to be made again, and a generator for it."""
    if judged.job is None:
        what = told.shows or told.kind
        judged.settle("claimed", f"there is nothing to make again: {what}")
        return
    if told.kind == "image" and judged.job.images != 1:
        judged.settle("contradictory", f"it says that it is one image, and that it has {judged.job.images}")
        return
    if not told.synthetic:
        judged.settle("contradictory", "it says that no generator has made it, and which seed it is made from")
        return
    judged.generator = generators.of(told)
    if judged.generator is None:
        which = f"{told.recipe or 'a generator'}, {(told.generator_sha256 or 'without a hash')[:12]}"
        judged.settle("claimed", f"its generator is not at hand ({which}): give it with `generator`")
        return
    wrong = remaking.disagreement(told, judged.generator)
    if wrong is not None and told.images_seen:
        judged.settle("contradictory", wrong)
    elif wrong is not None:  # before the first step, a training has the generator of another that it starts from
        judged.settle("claimed", wrong)
    if judged.finding is None:
        _mark(judged, told, generators)


def _mark(judged: Judged, told: Manifest, generators: Generators) -> None:
    """Which generator is to make it again: the one with the mark that it says it has."""
    assert judged.generator is not None
    try:
        making = generators.making(judged.generator, told)
    except CondganError as error:
        judged.settle("contradictory", f"it says that it has a mark, and {error}")
        return
    if isinstance(making, str):
        judged.settle("claimed", making)
    else:
        judged.generator = making


def ended(judged: Judged, remade: Remade) -> None:
    """The verdict on a picture that was made again."""
    verdict, same = VERDICTS[remade.outcome]
    why = remade.why if judged.enlarged == 1 else f"{remade.why}, enlarged {judged.enlarged} times"
    if judged.coloured:
        why = f"{why}, stored in colour"
    if remade.outcome == "other" and judged.label is not None:
        why = f'as "{judged.label}": {why}'
    if verdict == "verified" and judged.picture is not None and judged.picture.foreign:
        verdict, why = "claimed", f"{why}; but {judged.picture.foreign[0]}"
    judged.settle(verdict, why, same)


def judged(entries: Iterable[Entry], generators: Generators) -> Iterator[Judged]:
    """Pictures, judged in their order: many are made again at a time."""
    waiting: list[Judged] = []
    size = 0
    for entry in entries:
        one = begun(entry, generators)
        waiting.append(one)
        if one.picture is not None:
            size += sum(frame.nbytes for frame in one.picture.frames or [])
        if len(waiting) >= MOST_TOGETHER or size >= MOST_WAITING:
            yield from _finished(waiting)
            waiting, size = [], 0
    yield from _finished(waiting)


def _finished(waiting: list[Judged]) -> list[Judged]:
    open_ones: dict[int, list[Judged]] = defaultdict(list)
    for one in waiting:
        if one.finding is None and one.generator is not None:
            open_ones[id(one.generator)].append(one)
    for ones in open_ones.values():
        tasks = [(one.job, one.picture) for one in ones if one.job is not None and one.picture is not None]
        if ones[0].generator is not None:
            for one, remade in zip(ones, remaking.remake(ones[0].generator, tasks), strict=True):
                ended(one, remade)
    return waiting
