"""Whether the images of a set are those that its manifest says it has."""

import hashlib
import json
from collections import Counter, defaultdict
from typing import Annotated, Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from condgan.generation import jobs
from condgan.generation.generator import Generator
from condgan.provenance.files import DamagedError
from condgan.provenance.judging import Judged
from condgan.provenance.labels import disagreement
from condgan.provenance.verdicts import Finding, Verdict, finding
from condgan.recipe import Domain, Section
from condgan.storage.manifest import Hash, Manifest

S = TypeVar("S", bound=Section)
Count = Annotated[int, Field(ge=0)]
OWN = {"kind", "sample", "pixels_sha256", "content", "shows"}
"""Fields of a manifest that differ from image to image of a set."""
MOST_WRONG = 1000
"""Images that are wrong, after which nobody need look at the others."""
WORST: tuple[Verdict, ...] = ("contradictory", "altered", "unknown", "claimed")


class Keep(Section):
    """What was filtered."""

    confidence: float
    network_sha256: Hash
    candidates: dict[str, Count] = Field(default_factory=dict)


class Plan(Section):
    """What a set says it has."""

    seed: jobs.Seed
    counts: dict[str, Count] | None = None
    conditions_sha256: Hash | None = None
    keep: Keep | None = None


class Content(Section):
    """What a set says of its files."""

    format: str
    images: Count
    images_sha256: Hash | None = None
    files: dict[str, Hash] = Field(default_factory=dict)


def plan(told: Manifest) -> Plan:
    """What a manifest says that a set has.

    Raises:
        DamagedError: it is not the manifest of a set.
    """
    return _section(Plan, told.sample, told)


def content(told: Manifest) -> Content | None:
    """What a manifest says of the files of a set; none: the file is a part of a set.

    Raises:
        DamagedError: it is not the manifest of a set.
    """
    return None if told.content is None else _section(Content, told.content, told)


def _section(form: type[S], said: dict[str, Any] | None, told: Manifest) -> S:
    if told.kind != "set":
        raise DamagedError(f"its manifest is that of a {told.kind}, and not of a set")
    try:
        return form.model_validate_json(json.dumps(said or {}), strict=True)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise DamagedError(f"its manifest is damaged ({place[:100]}: {error.errors()[0]['msg'][:100]})") from None


class Tally:
    """Counts what a set has, image after image.

    Attributes:
        wrong: what contradicts its manifest.
        gone: files of images that are not there.
        lost: what could not be read.
    """

    def __init__(self, told: Manifest, generator: Generator | None) -> None:
        """Raises a DamagedError where the manifest is not that of a set."""
        self.told, self.generator = told, generator
        self.plan, self.content = plan(told), content(told)
        self.digests: list[bytes] = []
        self.numbers: dict[str, list[int]] = defaultdict(list)
        self.seen: set[tuple[int, Any]] = set()
        self.conditions: dict[int, Any] = {}
        self.verdicts: Counter[Verdict] = Counter()
        self.first: dict[Verdict, Judged] = {}
        self.near, self.vectors = 0, False
        self.wrong: list[str] = []
        self.lost: list[str] = []
        self.gone: list[str] = []

    def check_names(self, names: tuple[str, ...] | None) -> None:
        """The classes that labels stand for are those of the generator, also where no image has them."""
        if names is not None and self.generator is not None and names != self.generator.domain.class_names:
            self.wrong.append("its class names are not those of its generator")

    def take(self, one: Judged) -> None:
        """Count an image, which contradicts the set if its manifest does."""
        reason = disagreement(one) or self._strange(one) or self._again(one)
        if reason is not None and one.found.verdict != "unknown":
            one.settle("contradictory", reason)
        self.vectors |= one.vector
        if one.digest is not None:
            self.digests.append(bytes.fromhex(one.digest))
        if isinstance(one.job, jobs.Row):
            condition = one.job.labels or one.job.conditions or (None,)
            self.numbers[str(condition[0]) if one.job.labels else ""].append(one.job.index)
            self.conditions[one.job.index] = condition[0]
        verdict = one.found.verdict
        self.verdicts[verdict] += 1
        self.first.setdefault(verdict, one)
        self.near += verdict == "verified" and "within one" in one.found.why

    def _strange(self, one: Judged) -> str | None:
        """How an image says something else than its set."""
        if one.manifest is None:
            return None
        for name in set(Manifest.model_fields) - OWN:
            if getattr(one.manifest, name) != getattr(self.told, name):
                return f"its {name} is not that of the set"
        if one.manifest.kind != "image" or not isinstance(one.job, jobs.Row):
            return "it is not an image of a set"
        if one.enlarged > 1 or one.job.scale > 1 or one.job.visible_label is not None:
            return "it is not of the size that images of a set have"
        return None if one.job.seed == self.plan.seed else "its seed is not that of the set"

    def _again(self, one: Judged) -> str | None:
        """How an image is one that the set has already."""
        if not isinstance(one.job, jobs.Row):
            return None
        key = one.job.index, one.job.labels
        if key in self.seen:
            return "the set has this image twice"
        self.seen.add(key)
        return None

    @property
    def enough(self) -> bool:
        """Whether so many images are wrong that the others are not looked at."""
        return self.verdicts.total() - self.verdicts["verified"] - self.verdicts["claimed"] > MOST_WRONG

    def conclude(self, path: str) -> Finding:
        """The verdict on the set as a whole."""
        if self.lost:
            return finding(path, "unknown", self.lost[0], self.told)
        total = self.verdicts.total()
        missing = 0 if self.content is None or self.enough else self.content.images - total
        if missing < 0 and self.content is not None:
            self.wrong.append(f"it has {total} images, and its manifest says {self.content.images}")
        if self.gone and not missing:
            self.wrong.append(f"a table names a file that is not there: {self.gone[0]}")
        if missing > 0 and not self.wrong and not self.verdicts["contradictory"] and self.content is not None:
            which, verb = f": {self.gone[0]}" if self.gone else "", "is" if missing == 1 else "are"
            return finding(
                path, "altered", f"{missing} of its {self.content.images} images {verb} missing{which}", self.told
            )
        if self.wrong:
            return finding(path, "contradictory", self.wrong[0], self.told)
        if not total:
            return finding(path, "claimed", "it has no images, so that nothing was made again", self.told)
        for verdict in WORST:
            if verdict == "claimed" and (wrong := self._missing()) is not None:
                return finding(path, "contradictory", wrong, self.told)
            if verdict == "claimed" and self._other_pixels():
                return finding(path, "altered", "its images are not those whose hash its manifest states", self.told)
            if count := self.verdicts[verdict]:
                one = self.first[verdict]
                others = f" ({count} of {total} images are {verdict})"
                remade = False if verdict == "altered" and one.found.remade is False else None
                return finding(path, verdict, f"{one.name}: {one.found.why}{others}", self.told, remade)
        what = ("vectors", "numbers") if self.vectors else ("images", "pixels")
        part = "a part of a set: " if self.content is None else ""
        same = f"the same {what[1]}"
        if self.near:
            within = "equal but for rounding" if self.vectors else "equal within one grey level"
            same = f"{within} ({total - self.near} of them are {same})"
        near = "; the filter that chose them was not run again" if self.plan.keep is not None else ""
        return finding(path, "verified", f"{part}{total} {what[0]} made again: {same}{near}", self.told, True)

    def _other_pixels(self) -> bool:
        stated = self.content.images_sha256 if self.content is not None else None
        if stated is None:
            return self.content is not None and bool(self.digests)
        return hashlib.sha256(b"".join(sorted(self.digests))).hexdigest() != stated

    def _missing(self) -> str | None:
        """How the classes and numbers of images are not those of the manifest."""
        if not self.told.synthetic:
            return "it says that no generator has made it, and which seed it is made from"
        if self.content is None:
            return None
        if self.plan.counts is None and self.plan.conditions_sha256 is None:
            return "its manifest says neither classes nor conditions"
        for name in sorted({*self.numbers, *(self.plan.counts or {})} if self.plan.counts is not None else ()):
            if len(self.numbers[name]) != self.plan_of(name):
                return f'class "{name}" has {len(self.numbers[name])} images, its manifest says {self.plan_of(name)}'
        return None if self.generator is None else self._other_numbers(self.generator.domain)

    def plan_of(self, name: str) -> int:
        """How many images of a class the manifest says."""
        return (self.plan.counts or {}).get(name, 0)

    def _other_numbers(self, domain: Domain) -> str | None:
        """Whether the set has exactly the images that its plan has, and no others of the same classes."""
        if self.plan.conditions_sha256 is not None:
            return self._other_conditions(domain)
        for name, numbers in self.numbers.items():
            if name not in domain.class_names:
                return f'its generator has no class "{name}"'
            label, step = domain.class_names.index(name), domain.classes
            if self.plan.keep is not None:
                tried = self.plan.keep.candidates.get(name, 0)
                strange = any(number % step != label or number // step >= tried for number in numbers)
                if strange or len({*numbers}) < len(numbers):
                    return f'the images of class "{name}" are not among its candidates'
            elif sorted(numbers) != list(range(label, label + step * len(numbers), step)):
                return f'the images of class "{name}" do not have the numbers that its manifest gives them'
        return None

    def _other_conditions(self, domain: Domain) -> str | None:
        """Whether classes or conditions, in the order of the numbers 0, 1, ..., have the hash that is stated."""
        if sorted(self.conditions) != list(range(self.verdicts.total())):
            return "its images do not have the numbers 0, 1, ..."
        listed = [self.conditions[number] for number in sorted(self.conditions)]
        if self.plan.counts is None:
            array: npt.NDArray[Any] = np.array(listed, np.float32)
        elif {*listed} <= {*domain.class_names}:
            array = np.array([domain.class_names.index(name) for name in listed], np.int64)
        else:
            return "it has a class that its generator lacks"
        if hashlib.sha256(array.tobytes()).hexdigest() != self.plan.conditions_sha256:
            return "its conditions are not those whose hash its manifest states"
        return None
