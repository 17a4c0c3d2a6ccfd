"""Frames of a walk on disk: a GIF, a strip as PNG, or a folder of PNG files."""

import os
import secrets
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from condgan.arrays import Labels
from condgan.data.memory import check_room
from condgan.data.writers import paths
from condgan.errors import ArgumentError, CondganError
from condgan.generation import jobs, sampling, walks
from condgan.generation.generator import Generator
from condgan.pictures import images
from condgan.pictures.labelling import Language
from condgan.storage import pictures
from condgan.storage.files import atomic
from condgan.storage.manifest import Manifest
from condgan.storage.pictures import Pixels

FORMS: dict[str, tuple[Literal["animation", "strip", "frame"], int]] = {
    ".gif": ("animation", 60),
    ".png": ("strip", 10),
    "": ("frame", 60),
}
"""What a walk is written as, and how many frames it has by default, by the ending of its path."""

Progress = Callable[[int, int], None]
"""Called with the number of samples written, and the number of all."""


def job(
    generator: Generator,
    stops: str,
    frames: int | None,
    seed: int,
    labels: Labels | None,
    path: Path,
    scale: int | None,
    visible_label: Language | None,
) -> jobs.Walk:
    """A walk of classes or seeds; of seeds, each class in ``labels`` is shown at the same time, by default all.

    Raises:
        CondganError: as for ``Generator.walk``; too many classes; vectors, which have no picture; or the path's ending
            is not one that walks are written to.
    """
    recipe, domain = generator.recipe, generator.domain
    if path.suffix.lower() not in FORMS:
        raise CondganError(f"{path}: a walk is a .gif, a .png (a strip of all frames), or a folder of frames")
    if domain.vector is not None:
        raise ArgumentError("walk", stops, f"{recipe.name} generates vectors, which have no picture")
    form, default = FORMS[path.suffix.lower()]
    seeds, count = walks.seeds(stops, domain), None
    if labels is not None and len(labels) > sampling.MOST_COLUMNS:
        raise CondganError(f"{len(labels)} classes: a walk shows 1 to {sampling.MOST_COLUMNS}")
    if labels is not None and seeds is None:
        raise CondganError(f"`sequence` and `walk={stops}` both name classes: choose one")
    if labels is None and seeds is not None and domain.condition is None:
        labels = sampling.shown(domain) if recipe.conditional else None
        count = None if recipe.conditional else jobs.GRID_ROWS
    names = None if labels is None else tuple(domain.class_names[label] for label in labels.tolist())
    return jobs.walk(
        domain, stops, default if frames is None else frames, seed, names, count, scale, form, visible_label
    )


def write(generator: Generator, job: jobs.Walk, path: Path, manifest: Manifest, progress: Progress) -> str:
    """Write a walk at a free path, whole or not at all -> it in words.

    Raises:
        CondganError: as for ``Generator.walk``; something is at the path, it cannot be written, or it does not fit
            into memory.
    """
    paths.check_free(path)
    shown = [walk.labels for walk in job.plan(generator)]
    told = manifest.of("walk", jobs.recorded(job))
    if job.form == "frame":
        _folder(generator, job, path, manifest, progress)
    elif job.form == "strip":
        check_room(str(path), 4 * int(np.prod(job.size(generator.domain))) * generator.domain.shape[0])
        images.save_png(path, job.draw(generator), told)
        progress(job.frames, job.frames)
    else:
        frames: list[Pixels] = []
        for frame in job.pictures(generator):
            if not frames:
                check_room(str(path), 4 * job.frames * frame.nbytes)
            frames.append(frame)
            progress(len(frames), job.frames)
        paths.check_free(path)
        atomic(path, pictures.gif(frames, jobs.MILLISECONDS, told))
    classes = shown[0] if walks.seeds(job.stops, generator.domain) is None else np.concatenate(shown)
    classes = classes if generator.recipe.conditional else classes[:0]
    return f"{job.frames} frames: {walks.words(job.stops, classes, generator.domain)}"


def _folder(generator: Generator, job: jobs.Walk, path: Path, manifest: Manifest, progress: Progress) -> None:
    """PNG files numbered from 000000, in a folder that appears once all are written."""
    temporary = path.with_name(f".condgan-{secrets.token_hex(8)}.part")
    try:
        temporary.mkdir(parents=True)
        for number, frame in enumerate(islice(job.pictures(generator), job.frames)):
            one = job.model_copy(update={"frame": number})
            images.save_png(temporary / f"{number:06d}.png", frame, manifest.of("walk", jobs.recorded(one)))
            progress(number + 1, job.frames)
        paths.check_free(path)
        os.replace(temporary, path)
    except OSError as error:
        raise paths.unwritable(path, error) from None
    finally:
        paths.remove(temporary)  # after the move there is none
