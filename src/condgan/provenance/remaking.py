"""Making pictures again, and comparing them: many images at a time, whatever files they are in."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.errors import CondganError
from condgan.generation import jobs, sampling
from condgan.generation.generator import Generator
from condgan.pictures import images
from condgan.pictures.labelling import labelled
from condgan.provenance import kinds
from condgan.provenance.reading import MOST_PIXELS, Picture
from condgan.recipe.fingerprint import fingerprint
from condgan.storage import pictures
from condgan.storage.manifest import Manifest
from condgan.storage.pictures import Pixels

NAME = "condgan"
NUMBERS = 1 << 24
"""Pixels that are generated at a time."""
MOST_SCALE = 64  # by which a picture may have been enlarged
MOST_REDUCED = 1 << 24  # numbers of a picture that is looked at for that

Outcome = Literal["same", "near", "other", "letters", "form", "contradictory", "absent"]


@dataclass(frozen=True)
class Remade:
    """What making again gave: ``same`` pixels, ``near`` ones (a grey level apart), or ``other`` ones.

    ``letters``: the same but for titles; ``form``: the same pixels in another file; ``contradictory``: what is asked
    for does not exist; ``absent``: it was not tried.
    """

    outcome: Outcome
    why: str


SAME, NEAR = Remade("same", "made again: the same pixels"), Remade("near", "made again: equal within one grey level")


def disagreement(told: Manifest, generator: Generator) -> str | None:
    """What a manifest says of its generator that is not so."""
    recipe = generator.recipe
    true = {
        "recipe": recipe.name, "recipe_sha256": fingerprint(recipe), "data": generator.domain.data,
        "images_seen": generator.images_seen, "synthetic": True,
    }  # fmt: skip
    if not re.fullmatch(rf"{NAME} [0-9A-Za-z.+-]+", told.software):
        return "its software is not condgan"
    wrong = [name for name, value in true.items() if getattr(told, name) not in (value, None)]
    return f"its {wrong[0]} is not that of its generator" if wrong else None


def compare(found: Pixels, expected: Pixels) -> Remade:
    """Two pictures."""
    if found.shape != expected.shape:
        return Remade("other", f"made again, it is {_size(expected)}, and not {_size(found)}")
    if np.array_equal(found, expected):
        return SAME
    rows = max(1, (1 << 22) // max(1, found[0].size))  # at a time, since differences take more memory than pixels
    worst = max(
        int(np.abs(found[first : first + rows].astype(np.int16) - expected[first : first + rows]).max())
        for first in range(0, len(found), rows)
    )
    return NEAR if worst <= 1 else Remade("other", f"made again, it differs by up to {worst} grey levels")


def compare_vectors(found: npt.NDArray[np.float32], expected: Samples) -> Remade:
    """Two vectors: sums in another order change the last digits."""
    if np.array_equal(found, expected):
        return Remade("same", "made again: the same numbers")
    if np.allclose(found, expected, rtol=1e-4, atol=1e-5 * float(np.abs(expected).max())):
        return Remade("near", "made again: equal but for rounding")
    return Remade("other", "made again, it differs")


def worst(outcomes: Sequence[Remade]) -> Remade:
    """Of several frames."""
    return next((one for one in outcomes if one not in (SAME, NEAR)), NEAR if NEAR in outcomes else SAME)


def _size(picture: Pixels) -> str:
    height, width, *channels = picture.shape
    return f"{height} x {width} {'RGB' if channels else 'grey'}"


def reduced(picture: Pixels, scale: int) -> Pixels | None:
    """A picture without its enlargement; none where blocks are not of one colour."""
    small = picture[::scale, ::scale]
    for row in range(scale):
        for column in range(scale):
            if not np.array_equal(picture[row::scale, column::scale], small):
                return None
    return small


def reductions(picture: Pixels) -> Iterator[tuple[int, Pixels]]:
    """Each whole number by which a picture may have been enlarged, and the picture before."""
    common = math.gcd(*picture.shape[:2]) if picture.size <= MOST_REDUCED else 1
    for scale in range(2, min(common, MOST_SCALE) + 1):
        if common % scale == 0 and (small := reduced(picture, scale)) is not None:
            yield scale, small


def remake(generator: Generator, tasks: Sequence[tuple[jobs.Job, Picture]]) -> list[Remade]:
    """Make pictures of one generator again; rows of one seed, as much truncated, are sampled together."""
    results: list[Remade | None] = [refusal(generator, job, found) for job, found in tasks]
    rows: dict[tuple[int, float | None], list[int]] = {}
    for place, (job, _) in enumerate(tasks):
        if results[place] is None and type(job) is jobs.Row:
            rows.setdefault((job.seed, job.truncation), []).append(place)
    for places in rows.values():
        wanted = [job for place in places if isinstance(job := tasks[place][0], jobs.Row)]
        for place, job, samples in zip(places, wanted, _sampled(generator, wanted), strict=True):
            found = tasks[place][1]
            if found.vector is not None:
                results[place] = compare_vectors(found.vector, samples[0])
                continue
            drawn = labelled(images.row(samples, job.scale), job.visible_label)
            results[place] = compare(_only(found), drawn)
    for place, remade in _frames(generator, [results[place] is None for place in range(len(tasks))], tasks):
        results[place] = remade
    for place, (job, found) in enumerate(tasks):
        if results[place] is None:
            try:
                results[place] = _drawn(generator, job, found)
            except (CondganError, ValueError, OverflowError) as error:
                results[place] = Remade("contradictory", f"it cannot be made again: {error}")
    return [result for result in results if result is not None]


def _frames(
    generator: Generator, wanted: Sequence[bool], tasks: Sequence[tuple[jobs.Job, Picture]]
) -> Iterator[tuple[int, Remade]]:
    """Single frames of one walk, which is drawn once for all of them."""
    walks: dict[str, list[tuple[int, int, jobs.Walk]]] = {}
    for place, (job, _) in enumerate(tasks):
        if wanted[place] and isinstance(job, jobs.Walk) and job.form == "frame":
            walk = job.model_copy(update={"frame": None})
            walks.setdefault(walk.model_dump_json(), []).append((job.frame or 0, place, walk))
    for frames in walks.values():
        frames.sort(key=lambda one: one[:2])
        left = iter(frames)
        number, place, walk = next(left)
        try:
            for drawn, picture in enumerate(walk.pictures(generator)):
                while number == drawn:
                    yield place, compare(_only(tasks[place][1]), picture)
                    number, place, _ = next(left, (-1, place, walk))
                if number < 0:
                    break
        except (CondganError, ValueError, OverflowError) as error:
            for _, one, _ in frames:
                yield one, Remade("contradictory", f"it cannot be made again: {error}")


def refusal(generator: Generator, job: jobs.Job, found: Picture) -> Remade | None:
    """Why a picture is not made again: what it asks for does not exist, or is not what the file can hold.

    Nothing is generated here, so that a manifest that asks for much costs nothing.
    """
    domain, frames = generator.domain, found.frames or []
    if found.vector is not None and isinstance(job, jobs.Row):
        if domain.vector is None or found.vector.shape != (domain.vector,) or job.images != 1:
            return Remade("other", "its generator makes no vectors of this length")
        return _unsound(generator, job)
    if domain.vector is not None or not frames:
        return Remade("absent", "its generator makes vectors, which have no picture")
    shape = frames[0].shape
    height, width = job.size(domain)
    titles = isinstance(job, jobs.Grid) and job.titled
    coloured = (len(shape) == 3) != (domain.shape[0] == 3) and not found.milliseconds  # frames may all be grey
    if width != shape[1] or height > shape[0] or coloured:
        return Remade("other", f"its manifest asks for {height} x {width} pixels, and it is {_size(frames[0])}")
    try:
        least = labelled(np.zeros((height, width), np.uint8), job.visible_label).shape[0]
    except CondganError as error:
        return Remade("contradictory", f"it cannot be made again: {error}")
    if isinstance(job, jobs.Row) and (unsound := _unsound(generator, job)) is not None:
        return unsound
    if least > shape[0] or (least < shape[0] and not titles):
        return Remade("other", f"its manifest asks for {least} x {width} pixels, and it is {_size(frames[0])}")
    if isinstance(job, jobs.Walk):
        if not (job.frame or 0) < job.frames:
            return Remade("contradictory", f"it is frame {job.frame} of {job.frames}")
        if (job.form == "animation") != bool(found.milliseconds):
            return Remade("other", "its manifest asks for another kind of file")
        if job.form == "animation" and sum(found.milliseconds) != job.frames * jobs.MILLISECONDS:
            return Remade("other", "its frames are not shown for the time that condgan has them shown")
        if job.form == "animation" and job.frames * least * width * domain.shape[0] > MOST_PIXELS:
            return Remade("absent", "it is too large to be made again")
    elif found.milliseconds:
        return Remade("other", "its manifest asks for another kind of file")
    if job.images > jobs.MOST_IMAGES:
        return Remade("absent", "it has too many images to be made again")
    return None


def _unsound(generator: Generator, job: jobs.Row) -> Remade | None:
    """Why the images of a row do not exist: an unknown class, conditions of another length, a number out of range."""
    domain, reason = generator.domain, None
    if job.index + job.images > sampling.MOST_SEED or not job.images:
        reason = "its numbers are out of range"
    elif job.labels is not None:
        unknown = sorted({*job.labels} - {*domain.class_names})
        reason = f'its generator has no class "{unknown[0][:80]}"' if unknown else None
        reason = reason if generator.recipe.conditional else "it names classes, and its generator has none"
    elif job.conditions is not None and {len(row) for row in job.conditions} != {domain.condition}:
        reason = "its conditions are not those of its generator"
    elif job.count is not None and generator.recipe.conditional:
        reason = "it names no classes, and its generator has some"
    return None if reason is None else Remade("contradictory", f"it cannot be made again: {reason}")


def _sampled(generator: Generator, rows: Sequence[jobs.Row]) -> Iterator[Samples]:
    """The images of rows of one seed, each (N, C, H, W)."""
    most = max(1, NUMBERS // int(np.prod(generator.domain.shape)))
    first = 0
    while first < len(rows):
        last, count = first, 0
        while last < len(rows) and (last == first or count + rows[last].images <= most):
            count += rows[last].images
            last += 1
        part = rows[first:last]
        conditions = np.concatenate([row.classes(generator) for row in part])
        numbers = np.concatenate([np.arange(row.index, row.index + row.images) for row in part])
        samples = sample(generator, conditions, part[0].seed, numbers, part[0].truncation)
        yield from np.split(samples, np.cumsum([row.images for row in part])[:-1])
        first = last


def sample(
    generator: Generator, conditions: Conditions, seed: int, numbers: npt.NDArray[np.int64], bound: float | None = None
) -> Samples:
    """Images or vectors with these numbers under a seed, their latents truncated to a bound."""
    return sampling.numbered(generator.sampler, generator.recipe, conditions, seed, numbers, bound)


def _drawn(generator: Generator, job: jobs.Job, found: Picture) -> Remade:
    """A grid, a strip, a frame or an animation, made again and compared."""
    if isinstance(job, jobs.Walk) and job.form == "animation":
        return _animated(generator, job, found)
    picture, drawn = _only(found), job.draw(generator)
    whole = compare(picture, drawn)
    if whole in (SAME, NEAR) or not (isinstance(job, jobs.Grid) and job.titled):
        return whole
    below = job.model_copy(update={"titled": False}).draw(generator)
    tiles = compare(picture[-len(below) :], below)
    if tiles not in (SAME, NEAR):
        return tiles
    return Remade("letters", f"its tiles are {tiles.why}; the letters above them differ, and were not compared")


def _animated(generator: Generator, job: jobs.Walk, found: Picture) -> Remade:
    """An animation: the frames that its file gives are compared, since a GIF may have fewer colours."""
    frames = list(job.pictures(generator))
    if found.manifest is None or found.frames is None:
        return Remade("absent", "it has no manifest")
    own = kinds.gif(pictures.gif(frames, jobs.MILLISECONDS, found.manifest))
    if own.frames is None or len(own.frames) != len(found.frames) or own.milliseconds != found.milliseconds:
        return Remade("other", "made again, it has other frames")
    result = worst([compare(*pair) for pair in zip(found.frames, own.frames, strict=True)])
    if result in (SAME, NEAR) and own.form != found.form:
        return Remade("form", f"{result.why}; but it is written in another way")
    return result


def _only(found: Picture) -> Pixels:
    if not found.frames:
        raise ValueError("a picture without pixels")
    return found.frames[0]
