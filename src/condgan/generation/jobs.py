"""Pictures that can be made again: what is drawn, from which seed, and how it is arranged.

The same job is drawn by `condgan sample`, recorded in the manifest of the file, and drawn again by `condgan verify`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from condgan import arguments
from condgan.arrays import MAX_LENGTH, MAX_NAME, Conditions
from condgan.engines import Sampler
from condgan.errors import CondganError
from condgan.generation import sampling, walks
from condgan.generation.classes import exact
from condgan.pictures import images
from condgan.pictures.labelling import Language, labelled
from condgan.recipe import Domain, Recipe, Section
from condgan.storage.manifest import Kind, Manifest
from condgan.storage.pictures import Pixels

GRID_ROWS = 10  # also the columns of a generator without classes
MOST_IMAGES = 100_000  # of a picture
MILLISECONDS = 50  # that an animation shows a frame

Name = Annotated[str, Field(max_length=MAX_NAME)]
Seed = Annotated[int, Field(ge=0, le=sampling.MOST_SEED)]
Bound = Annotated[float, Field(gt=0, le=sampling.MOST_BOUND)]  # latents are truncated to +- this
Vector = Annotated[tuple[float, ...], Field(min_length=1, max_length=MAX_LENGTH)]


class Source(Protocol):
    """What draws: a ``Generator``, or a ``Moment`` of a training."""

    @property
    def sampler(self) -> Sampler: ...  # noqa: D102
    @property
    def recipe(self) -> Recipe: ...  # noqa: D102
    @property
    def domain(self) -> Domain: ...  # noqa: D102


@dataclass(frozen=True)
class Moment:
    """The generator of a training, as it is at that moment."""

    sampler: Sampler
    recipe: Recipe
    domain: Domain


class Row(Section):
    """Images side by side; or one image alone, as datasets have it."""

    seed: Seed
    index: Seed = 0
    """The number of the first image under the seed; the others follow it."""
    labels: Annotated[tuple[Name, ...], Field(max_length=MOST_IMAGES)] | None = None
    """The class of each image by name."""
    conditions: Annotated[tuple[Vector, ...], Field(max_length=MOST_IMAGES)] | None = None
    """The vector condition of each image."""
    count: Annotated[int, Field(ge=1, le=MOST_IMAGES)] | None = None
    """How many images, of a generator without classes."""
    truncation: Bound | None = None
    scale: Annotated[int, Field(ge=1, le=64)] = 1
    """The side of an image's pixel in pixels of the picture."""
    visible_label: Language | None = None
    """The language of the visible label below the picture."""

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(given is not None for given in (self.labels, self.conditions, self.count)) != 1:
            raise ValueError("expected one of labels, conditions and count")
        return self

    @property
    def images(self) -> int:
        """How many there are."""
        given = self.labels if self.labels is not None else self.conditions
        return self.count or 0 if given is None else len(given)

    @property
    def alone(self) -> bool:
        """Whether the picture shows one image."""
        return self.images == 1

    def size(self, domain: Domain) -> tuple[int, int]:
        """Height and width of the picture, without its visible label."""
        _, height, width = domain.shape
        return height * self.scale, width * self.scale * self.images

    def samples(self, source: Source) -> Pixels:
        """Its images, (N, C, H, W)."""
        conditions, number, bound = self.classes(source), self.index, self.truncation
        return sampling.pictures(source.sampler, source.recipe, conditions, self.seed, number, bound)

    def draw(self, source: Source) -> Pixels:
        """The picture, (h, w) or (h, w, 3)."""
        return labelled(images.row(self.samples(source), self.scale), self.visible_label)

    def classes(self, source: Source) -> Conditions:
        """The condition of each image, (N, ...)."""
        if self.labels is not None:
            return exact(self.labels, source.domain)
        if self.conditions is not None:
            return np.array(self.conditions, np.float32)
        return sampling.in_turn(source.domain, self.images, self.index)


class Grid(Row):
    """Images in rows of ``columns``."""

    columns: Annotated[int, Field(ge=1, le=1000)]
    titled: bool = False
    """Whether the classes of the first row stand above the columns."""

    def size(self, domain: Domain) -> tuple[int, int]:
        """At least this height, and this width: titles add to the height."""
        _, height, width = domain.shape
        rows = -(-self.images // self.columns)
        gap = images.GAP
        return rows * (height * self.scale + gap) + gap, self.columns * (width * self.scale + gap) + gap

    def draw(self, source: Source) -> Pixels:
        """The picture, (h, w) or (h, w, 3)."""
        titles = self.labels[: self.columns] if self.titled and self.labels else None
        return labelled(images.grid(self.samples(source), self.columns, titles, self.scale), self.visible_label)


class Walk(Section):
    """Frames of a walk: an animation, a strip of all frames, or one frame alone."""

    seed: Seed
    stops: Annotated[str, Field(max_length=100_000)]
    """Classes or seeds, as ``Generator.walk`` takes them."""
    frames: Annotated[int, Field(ge=2, le=walks.MOST_FRAMES)]
    labels: Annotated[tuple[Name, ...], Field(max_length=sampling.MOST_COLUMNS)] | None = None
    """Between seeds, the classes that are shown at the same time, by name."""
    count: Annotated[int, Field(ge=1, le=sampling.MOST_COLUMNS)] | None = None
    """Between seeds, how many images are shown at the same time, of a generator without classes."""
    truncation: Bound | None = None
    scale: Annotated[int, Field(ge=1, le=64)] = 1
    form: Literal["animation", "strip", "frame"] = "animation"
    frame: Annotated[int, Field(ge=0, lt=walks.MOST_FRAMES)] | None = None
    """The number of the frame that the file has, where it is one."""
    visible_label: Language | None = None

    @property
    def alone(self) -> bool:
        """Whether the picture shows one image at a time."""
        return self.abreast == 1 and self.form != "strip"

    @property
    def abreast(self) -> int:
        """How many are shown at the same time."""
        return len(self.labels) if self.labels else self.count or 1

    @property
    def images(self) -> int:
        """How many are drawn."""
        return self.frames * self.abreast

    def size(self, domain: Domain) -> tuple[int, int]:
        """Height and width of the picture or frame, without its visible label."""
        _, height, width = domain.shape
        strip = self.form == "strip"
        rows, columns = (self.abreast, self.frames) if strip else (1, self.abreast)
        return height * self.scale * rows, width * self.scale * columns

    def draw(self, source: Source) -> Pixels:
        """The strip, or the one frame, (h, w) or (h, w, 3)."""
        if self.form == "strip":
            strip = np.concatenate(list(self._frames(source, 0)), axis=1)
            return labelled(strip, self.visible_label)
        return next(self._frames(source, self.frame or 0))

    def pictures(self, source: Source) -> Iterator[Pixels]:
        """All frames in turn, (h, w) or (h, w, 3)."""
        return self._frames(source, 0)

    def plan(self, source: Source) -> list[walks.Walk]:
        """The walks that are shown at the same time.

        Raises:
            CondganError: as for ``Generator.walk``.
        """
        conditions = self.labels or [None] * self.abreast
        given = source.sampler, source.recipe, source.domain, self.stops, self.frames, self.seed
        return [walks.plan(*given, first, label, self.truncation) for first, label in enumerate(conditions)]

    def _frames(self, source: Source, start: int) -> Iterator[Pixels]:
        strip, paths = self.form == "strip", self.plan(source)
        label = None if strip else self.visible_label
        for first in range(start, self.frames, walks.CHUNK):
            for frame in zip(*(path.images(first, first + walks.CHUNK) for path in paths), strict=True):
                tiles = [images.row(image[None], self.scale) for image in frame]
                yield labelled(np.concatenate(tiles, axis=0 if strip else 1), label)


def row(
    recipe: Recipe, domain: Domain, conditions: Conditions, seed: int, scale: int | None = None,
    visible_label: Language | None = None,
) -> Row:  # fmt: skip
    """A row of images for conditions (N, ...), at least 64 pixels high and wide where no scale is given.

    Raises:
        CondganError: a seed out of range, or too many images.
    """
    scale = scale or images.enlargement(domain.shape, images.ROW_TILE)
    return Row(
        seed=sampling.check_seed(seed), **_which(recipe, domain, conditions), scale=scale, visible_label=visible_label
    )


def grid(
    recipe: Recipe,
    domain: Domain,
    seed: int,
    conditions: Conditions | None = None,
    scale: int | None = None,
    visible_label: Language | None = None,
) -> Grid:
    """Ten rows of images, a column for each condition (N, V), else for each class, with its name above.

    Raises:
        CondganError: a seed out of range.
    """
    columns, titled = conditions, False
    if columns is None:
        titled = recipe.conditional
        columns = sampling.shown(domain) if titled else sampling.in_turn(domain, GRID_ROWS)
    return Grid(
        seed=sampling.check_seed(seed), **_which(recipe, domain, np.concatenate([columns] * GRID_ROWS)),
        scale=scale or images.enlargement(domain.shape, images.GRID_TILE), columns=len(columns), titled=titled,
        visible_label=visible_label,
    )  # fmt: skip


def walk(
    domain: Domain,
    stops: str,
    frames: int,
    seed: int,
    labels: tuple[str, ...] | None = None,
    count: int | None = None,
    scale: int | None = None,
    form: Literal["animation", "strip", "frame"] = "animation",
    visible_label: Language | None = None,
) -> Walk:
    """A walk, its images at least 64 pixels high and wide where no scale is given.

    Raises:
        CondganError: a number out of range.
    """
    frames = arguments.integer("frames", frames, 2, walks.MOST_FRAMES)
    return Walk(
        seed=sampling.check_seed(seed), stops=stops, frames=frames, labels=labels, count=count, form=form,
        scale=scale or images.enlargement(domain.shape, images.ROW_TILE), visible_label=visible_label,
    )  # fmt: skip


def _which(recipe: Recipe, domain: Domain, conditions: Conditions) -> dict[str, Any]:
    """Which images a job has, for conditions (N, ...)."""
    if len(conditions) > MOST_IMAGES:
        raise CondganError(f"{len(conditions)} images: a picture has at most {MOST_IMAGES}")
    if not recipe.conditional:
        return {"count": len(conditions)}
    if domain.condition is not None:
        return {"conditions": tuple(map(tuple, conditions.tolist()))}
    return {"labels": tuple(domain.class_names[label] for label in conditions.tolist())}


Job = Row | Grid | Walk
JOBS: dict[Kind, type[Job]] = {"image": Row, "row": Row, "grid": Grid, "walk": Walk}
"""The kinds of manifests whose picture can be made again."""


def parse(manifest: Manifest) -> Job | None:
    """The job in a manifest that anyone may have written; none where there is no such picture.

    Raises:
        CondganError: it is damaged.
    """
    form = JOBS.get(manifest.kind)
    if form is None or manifest.sample is None:
        return None
    try:
        return form.model_validate_json(json.dumps(manifest.sample), strict=True)
    except ValidationError as error:
        field = ".".join(map(str, error.errors()[0]["loc"])) or "sample"
        raise CondganError(f"its manifest is damaged (sample.{field}: {error.errors()[0]['msg']})") from None


def recorded(job: Job) -> dict[str, Any]:
    """A job as manifests have it."""
    return job.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
