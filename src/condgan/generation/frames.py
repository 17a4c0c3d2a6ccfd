"""Frames of a walk on disk: a GIF, a strip as PNG, or a folder of PNG files."""

import io
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from condgan.arrays import Labels
from condgan.data.memory import check_room
from condgan.data.writers import output
from condgan.errors import ArgumentError, CondganError
from condgan.generation import sampling, walks
from condgan.generation.generator import Generator
from condgan.pictures import images
from condgan.storage.files import atomic

MILLISECONDS = 50  # that a GIF shows a frame
FRAMES = {".gif": 60, ".png": 10, "": 60}
"""How many frames a walk has by default, by the ending of what it is written to."""

Progress = Callable[[int, int], None]
"""Called with the number of samples written, and the number of all."""


def frame_count(path: Path, frames: int | None) -> int:
    """How many frames a walk to this path has.

    Raises:
        CondganError: its ending is not one that walks are written to.
    """
    default = FRAMES.get(path.suffix.lower())
    if default is None:
        raise CondganError(f"{path}: a walk is a .gif, a .png (a strip of all frames), or a folder of frames")
    return default if frames is None else frames


def write_walk(
    generator: Generator,
    stops: str,
    frames: int | None,
    seed: int,
    labels: Labels | None,
    path: Path,
    scale: int | None,
    text: Mapping[str, str],
    progress: Progress,
) -> str:
    """Write a walk of classes or seeds at a free path -> it in words.

    Raises:
        CondganError: as for ``walks_of`` and ``write``, or the ending is not one that walks are written to.
    """
    count = frame_count(path, frames)
    paths = walks_of(generator, stops, count, seed, labels)
    write(path, pictures_of(paths, count, scale, path.suffix.lower() == ".png"), count, text, progress)
    shown = paths[0].labels if paths[0].weighted else np.concatenate([one.labels for one in paths])
    shown = shown if generator.recipe.conditional else shown[:0]
    return f"{count} frames: {walks.words(stops, shown, generator.domain)}"


def write(path: Path, frames: Iterator[images.Pixels], count: int, text: Mapping[str, str], progress: Progress) -> None:
    """Write ``count`` pictures (h, w) or (h, w, 3) at a free path, whole or not at all.

    Raises:
        CondganError: something is at the path, it cannot be written, or the frames do not fit into memory.
    """
    output.check_free(path)
    if not path.suffix:
        _folder(path, frames, count, text, progress)
        return
    pictures: list[images.Pixels] = []
    for frame in frames:
        if not pictures:
            check_room(str(path), 4 * count * frame.nbytes)
        pictures.append(frame)
        progress(len(pictures), count)
    output.check_free(path)
    if path.suffix.lower() == ".png":
        images.save_png(path, np.concatenate(pictures, axis=1), text)
    else:
        atomic(path, _gif(pictures))


def _gif(pictures: list[images.Pixels]) -> bytes:
    """Each frame is shown as long; Pillow writes equal ones that follow each other as one that is shown longer."""
    from PIL import Image

    first, *rest = (Image.fromarray(np.ascontiguousarray(picture)) for picture in pictures)
    gif = io.BytesIO()
    first.save(gif, format="GIF", save_all=True, append_images=rest, duration=MILLISECONDS, loop=0)
    return gif.getvalue()


def _folder(
    path: Path, frames: Iterator[images.Pixels], count: int, text: Mapping[str, str], progress: Progress
) -> None:
    """PNG files numbered from 000000, in a folder that appears once all are written."""
    temporary = path.with_name(f".condgan-{secrets.token_hex(8)}.part")
    try:
        temporary.mkdir(parents=True)
        for number, frame in enumerate(frames):
            images.save_png(temporary / f"{number:06d}.png", frame, text)
            progress(number + 1, count)
        output.check_free(path)
        os.replace(temporary, path)
    except OSError as error:
        raise output.unwritable(path, error) from None
    finally:
        output.remove(temporary)  # after the move there is none


def walks_of(generator: Generator, stops: str, frames: int, seed: int, labels: Labels | None) -> list[walks.Walk]:
    """The walks that are shown at the same time: one between classes, or one for each class between seeds.

    Raises:
        CondganError: as for ``Generator.walk``; too many classes; or vectors, which have no picture.
    """
    recipe, domain = generator.recipe, generator.domain
    if domain.vector is not None:
        raise ArgumentError("walk", stops, f"{recipe.name} generates vectors, which have no picture")
    conditions: list[str | None] = [None]
    if labels is not None:
        conditions = [domain.class_names[label] for label in labels.tolist()]
        if len(conditions) > sampling.MOST_COLUMNS:
            raise CondganError(f"{len(conditions)} classes: a walk shows 1 to {sampling.MOST_COLUMNS}")
        if walks.seeds(stops, domain) is None:
            raise CondganError(f"`sequence` and `walk={stops}` both name classes: choose one")
    elif walks.seeds(stops, domain) is not None and domain.condition is None:
        conditions = [domain.class_names[label] for label in sampling.shown(domain).tolist()]
        conditions = conditions if recipe.conditional else [None] * sampling.GRID_ROWS
    return [
        walks.plan(generator.sampler, recipe, domain, stops, frames, seed, first, condition)
        for first, condition in enumerate(conditions)
    ]


def pictures_of(paths: list[walks.Walk], frames: int, scale: int | None, strip: bool) -> Iterator[images.Pixels]:
    """Each frame of walks that are shown at the same time: side by side, or in a strip one below the other."""
    for start in range(0, frames, walks.CHUNK):
        parts = [path.images(start, start + walks.CHUNK) for path in paths]
        for frame in zip(*parts, strict=True):
            yield np.concatenate([images.row(image[None], scale) for image in frame], axis=0 if strip else 1)
