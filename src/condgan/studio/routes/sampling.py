"""Pictures on request: what the page and other programs ask."""

import io
import json
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from condgan.arrays import Conditions
from condgan.errors import ArgumentError, CondganError
from condgan.export.export import of_generator
from condgan.generation import jobs, sampling
from condgan.generation.classes import parse
from condgan.generation.generator import SHIPPED
from condgan.metrics import neighbours
from condgan.pictures.images import grid, row
from condgan.runs.run import Run
from condgan.storage.manifest import Kind, begin, software
from condgan.storage.pictures import gif, png
from condgan.studio.generating import MOST_IMAGES, Check, Model
from condgan.studio.parts import Order, Parts, With

router = APIRouter(tags=["sampling"])
Name = Annotated[str, Field(max_length=300, examples=["mnist"])]
Seed = Annotated[int, Field(ge=0, le=sampling.MOST_SEED)]
Bound = Annotated[float, Field(gt=0, le=sampling.MOST_BOUND)]
MOST_LISTED = 2000  # models
SHOWN = 10  # images, about, of an order that does not say how many
TYPES = {"png": "image/png", "npz": "application/octet-stream", "gif": "image/gif"}


class Pictures(Order):
    """What is to be generated."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "mnist", "labels": "20261128"}]})

    model: Name = "mnist"
    """``mnist``, a run, or ``RUN@EPOCH``."""
    labels: str | Annotated[list[str | int], Field(max_length=MOST_IMAGES)] | None = Field(None, max_length=4000)
    """Names of classes, one image each: text as on the command line, or a list; numbers are taken as names."""
    count: Annotated[int, Field(ge=1, le=MOST_IMAGES)] | None = None
    """How many images, of a generator without classes, or of classes in turn."""
    seed: Seed = 0
    index: Seed = 0
    """The number of the first image under the seed."""
    truncation: Bound | None = None
    """Latents within plus or minus this; none: as they are drawn."""
    columns: Annotated[int, Field(ge=1, le=100)] | None = None
    """A grid of so many columns; none: a row."""
    scale: Annotated[int, Field(ge=1, le=16)] | None = None
    """The side of an image's pixel in pixels of the picture."""
    format: Literal["png", "npz", "json"] = "png"

    @property
    def most(self) -> int:
        """No more images than this, as far as it is known before the model is read."""
        return min(max(self.count or SHOWN, len(self.labels or ())), MOST_IMAGES)


class Walk(Order):
    """A walk between classes or seeds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "mnist", "stops": "3,8"}]})

    model: Name = "mnist"
    stops: Annotated[str, Field(max_length=1000, examples=["3,8", "seed:1,seed:2"])]
    frames: Annotated[int, Field(ge=2, le=240)] = 33
    label: str | None = None
    """The class, where stops are seeds."""
    seed: Seed = 0
    truncation: Bound | None = None
    """As for pictures: of the latents of the stops."""
    scale: Annotated[int, Field(ge=1, le=16)] | None = None
    format: Literal["png", "gif"] = "png"
    """A strip of all frames, or an animation."""


@router.get("/health")
async def health() -> dict[str, str]:
    """Whether the studio is there, and its version."""
    return {"status": "ok", "software": software()}


@router.get("/models")
def models(parts: With) -> dict[str, Any]:
    """Those in the package, and the runs that have a checkpoint."""
    runs = [one.name for one in parts.library.entries() if one.kind == "run"]
    trained = [name for name in runs if Run(parts.settings.runs / name).checkpoint().is_file()]
    found = [{"name": name, "kind": "package"} for name in SHIPPED]
    return {"models": [*found, *({"name": name, "kind": "run"} for name in trained[:MOST_LISTED])]}


@router.get("/models/{name:path}")
def model(name: str, parts: With) -> dict[str, Any]:
    """Classes, form and recipe of one.

    Raises:
        CondganError: there is none.
    """
    found = parts.models.get(name)
    domain, recipe = found.domain, found.recipe
    return {
        "name": name, "recipe": recipe.name, "conditional": recipe.conditional, "classes": [*domain.class_names],
        "shape": [*domain.shape], "images_seen": found.generator.images_seen, "sha256": found.generator.sha256,
    }  # fmt: skip


@router.post(
    "/generate",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in (TYPES["png"], TYPES["npz"], "application/json")}}},
)
async def generate(order: Pictures, request: Request, parts: With) -> Response:
    """Images as a PNG, as arrays (images uint8 (N, C, H, W), labels) in an .npz, or as JSON.

    An answer depends on its own request alone, and equals what `condgan sample` makes of the same.
    """
    return await parts.pool.run_for(request, order.most, partial(made, parts, order))


@router.post("/nearest", response_class=Response, responses={200: {"content": {"image/png": {}}}})
async def nearest(order: Pictures, request: Request, parts: With) -> Response:
    """The training image that is nearest to each image of an order, in pixels, arranged as the order is."""
    return await parts.pool.run_for(request, order.most, partial(beside, parts, order))


@router.post("/walk", response_class=Response, responses={200: {"content": {"image/png": {}, "image/gif": {}}}})
async def walk(order: Walk, request: Request, parts: With) -> Response:
    """Images on the way from stop to stop, as a strip or as an animation."""
    return await parts.pool.run_for(request, order.frames, partial(walked, parts, order))


def made(parts: Parts, order: Pictures, check: Check) -> Response:
    """The answer to an order.

    Raises:
        CondganError: an unknown model or class.
        GoneError: its client is gone.
    """
    source = parts.models.get(order.model)
    conditions = wanted(source, order)
    if source.domain.vector is not None:
        raise CondganError(f"{source.recipe.name} generates vectors, which have no picture")
    if order.columns is None:
        job = jobs.row(source.recipe, source.domain, conditions, order.seed, order.scale)
    else:
        row = jobs.row(source.recipe, source.domain, conditions, order.seed, order.scale)
        job = jobs.Grid(**row.model_dump(), columns=order.columns)
    job = job.model_copy(update={"index": order.index, "truncation": order.truncation})
    manifest = of_generator(begin(), source.generator)
    if order.format == "png":
        kind: Kind = "grid" if isinstance(job, jobs.Grid) else "image" if job.alone else "row"
        picture = job.draw(source)
        check()
        return answer(png(picture, manifest.of(kind, jobs.recorded(job))), "png")
    images, labels = job.samples(source), job.labels
    check()
    if order.format == "json":
        content = {"images": images.tolist(), "labels": labels, "manifest": manifest.model_dump(exclude_none=True)}
        return Response(dumped(content), media_type="application/json")
    out = io.BytesIO()
    told = manifest.of("row", jobs.recorded(job)).to_json()
    arrays: dict[str, Any] = {} if labels is None else {"labels": np.array(labels)}
    np.savez_compressed(out, allow_pickle=False, images=images, manifest=np.array(told), **arrays)
    return answer(out.getvalue(), "npz")


def beside(parts: Parts, order: Pictures, check: Check) -> Response:
    """The training images nearest to those of an order, as a row or grid.

    Raises:
        CondganError: an unknown model or class, or its data are not there.
        GoneError: its client is gone.
    """
    source = parts.models.get(order.model)
    job = jobs.row(source.recipe, source.domain, wanted(source, order), order.seed, order.scale)
    images = job.model_copy(update={"index": order.index, "truncation": order.truncation}).samples(source)
    check()
    train = parts.models.training_images(order.model)
    found = train[neighbours.nearest_image(images, train)[1]]
    check()
    shown = row(found, job.scale) if order.columns is None else grid(found, order.columns, None, job.scale)
    manifest = begin(synthetic=False).of("picture", None, shows="training images nearest to generated ones")
    return answer(png(shown, manifest), "png")


def walked(parts: Parts, order: Walk, check: Check) -> Response:
    """The answer to an order of a walk.

    Raises:
        CondganError: an unknown model, class or stop.
        GoneError: its client is gone.
    """
    source = parts.models.get(order.model)
    labels = None if order.label is None else tuple(names(source, order.label))
    form: Literal["strip", "animation"] = "strip" if order.format == "png" else "animation"
    job = jobs.walk(source.domain, order.stops, order.frames, order.seed, labels=labels, scale=order.scale, form=form)
    job = job.model_copy(update={"truncation": order.truncation})
    manifest = of_generator(begin(), source.generator).of("walk", jobs.recorded(job))
    if order.format == "png":
        picture = job.draw(source)
        check()
        return answer(png(picture, manifest), "png")
    frames = [*job.pictures(source)]
    check()
    return answer(gif(frames, jobs.MILLISECONDS, manifest), "gif")


def wanted(source: Model, order: Pictures) -> Conditions:
    """The condition of each image.

    Raises:
        CondganError: unknown classes, too many images, or vector conditions.
    """
    if source.domain.condition is not None:
        raise CondganError(f"{source.recipe.name} has vector conditions: `condgan sample` takes them from a file")
    if order.labels is None or not source.recipe.conditional:
        return sampling.in_turn(source.domain, order.count or source.domain.classes, order.index)
    conditions = parse(order.labels, source.domain)
    if len(conditions) > MOST_IMAGES:
        raise ArgumentError("labels", f"{len(conditions)} images", f"expected {MOST_IMAGES} at most")
    return conditions


def names(source: Model, text: str) -> list[str]:
    """Classes by their names.

    Raises:
        CondganError: one is unknown.
    """
    return [source.domain.class_names[label] for label in parse(text, source.domain)]


def answer(content: bytes, form: str) -> Response:
    """A file as an answer."""
    return Response(content, media_type=TYPES[form])


def dumped(content: dict[str, Any]) -> bytes:
    """JSON, as bytes."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
