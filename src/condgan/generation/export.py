"""Pictures and datasets on disk, made by a generator."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from condgan.arrays import Conditions, Samples
from condgan.data import writers
from condgan.data.readers.npz import read_conditions
from condgan.errors import ArgumentError, CondganError
from condgan.generation import classes as labels
from condgan.generation import generator, sampling
from condgan.generation.generator import Generator
from condgan.pictures import images

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
SAMPLES = Path("samples.npz")
CHUNK = 4096  # pictures made at a time; those before them are written meanwhile

Tell = Callable[[int, int], None]
"""Hears how many pictures are written, of how many."""


def to_file(
    path: Path,
    sequence: str | None,
    *,
    seed: int = 0,
    output: Path | None = None,
    grid: bool = False,
    per_class: int | None = None,
    conditions: Path | None = None,
    checkpoint: str = "last",
    scale: int | None = None,
    engine: str | None = None,
    tell: Tell = lambda written, count: None,
) -> Path:
    """Sample from the run or generator file at ``path`` into one file or folder -> its path.

    Args:
        path: as for `generator.load`.
        sequence: classes for a row; none: with ``grid`` or ``per_class`` instead, or each class once.
        seed: decides every picture.
        output: default ``result.png``, ``grid.png`` or ``samples.npz``. Vectors are always an .npz.
        grid: ten rows, column = class.
        per_class: images of each class, as an .npz or (no ending) a folder of class folders.
        conditions: a file of vector conditions, one picture each, as a row or an .npz.
        checkpoint: of a run, ``last`` or ``best``.
        scale: whole-number enlargement of a PNG.
        engine: as for `generator.load`.
        tell: hears of the pictures of a dataset as they are written.

    Raises:
        CondganError: two of sequence, grid, per_class and conditions; what the generator cannot be asked for; a bad
            class, condition, seed, path or number.
    """
    subjects = {"sequence": sequence, "grid": grid or None, "per_class": per_class, "conditions": conditions}
    given = [f"`{name}`" for name, value in subjects.items() if value is not None]
    if len(given) > 1:
        raise CondganError(f"{' and '.join(given)} were given: choose one")
    if scale is not None and not 1 <= scale <= 64:
        raise ArgumentError("scale", scale, "expected 1 to 64")
    if per_class is not None:
        if per_class < 1:
            raise ArgumentError("per_class", per_class, "expected at least 1")
        if output is not None and output.suffix.lower() in PICTURES:
            raise CondganError(f"{output}: a dataset is {writers.listed()}, not one picture")
    made = generator.load(path, checkpoint, engine)
    if conditions is None and made.domain.condition is not None and made.recipe.conditional:
        raise CondganError(
            f"{made.recipe.name} has vector conditions of length {made.domain.condition}: `conditions=FILE.npz`, with "
            f"conditions float (N, {made.domain.condition})"
        )
    asked = None if conditions is None else read_conditions(conditions, made.length())
    if made.domain.vector is not None:
        if grid:
            raise ArgumentError(
                "grid", grid, f"{made.recipe.name} generates vectors, which have no picture: leave it out"
            )
        chosen: Conditions = classes(made, sequence, per_class) if asked is None else asked
        return dataset(made, chosen, seed, output or SAMPLES, tell)
    if asked is not None and output is not None and writers.of(output).ending and writers.of(output).vectors:
        return dataset(made, asked, seed, output, tell)
    if per_class is not None:
        if not made.recipe.conditional:
            raise CondganError(f"{made.recipe.name} is unconditional: its images have no class to be labelled with")
        return dataset(made, labels.balanced(per_class, made.domain), seed, output or SAMPLES, tell)
    output = output or Path("grid.png" if grid else "result.png")
    if output.suffix.lower() != ".png":
        raise CondganError(
            f"{output}: a row or a grid is a .png (`per_class`: an .npz or a folder; `conditions`: an .npz)"
        )
    if grid:
        picture = sampling.grid(made.sampler, made.recipe, made.domain, seed, scale)
    elif asked is not None:
        picture = images.row(made.sample_conditions(asked, seed), scale)
    else:
        picture = row(made, sequence, seed, scale)
    caption = sampling.caption(made.recipe, made.domain, seed, made.images_seen)
    images.save_png(output, picture, caption | ({"sequence": sequence} if sequence else {}))
    return output


def row(made: Generator, sequence: str | None, seed: int, scale: int | None) -> images.Pixels:
    """The pictures of a sequence side by side; without one, each class that there is room for."""
    if sequence is not None:
        return images.row(made.sample(sequence, seed), scale)
    if made.domain.condition is not None:  # and an unconditional generator
        return images.row(made.sample_any(sampling.GRID_ROWS, seed), scale)
    return images.row(made.sample_classes(sampling.shown(made.domain), seed), scale)


def classes(made: Generator, sequence: str | None, per_class: int | None) -> npt.NDArray[np.int64]:
    """The classes of vectors, (N,): a sequence, so many of each, or each that a picture has room for.

    Raises:
        CondganError: a class that is not there, or an unconditional generator.
    """
    if not made.recipe.conditional:
        raise CondganError(f"{made.recipe.name} is unconditional: Generator.sample_any makes its vectors, in Python")
    if per_class is not None:
        return labels.balanced(per_class, made.domain)
    return sampling.shown(made.domain) if sequence is None else labels.parse(sequence, made.domain)


def dataset(made: Generator, conditions: Conditions, seed: int, output: Path, tell: Tell) -> Path:
    """A dataset of samples for conditions (N, ...), in this order, which can be trained on; written as generated."""
    from condgan.data.writers.output import writer

    domain = made.domain
    with writer(output, len(conditions), domain.shape, domain.class_names, domain.condition) as out:
        for samples, given in parts(made, conditions, seed):
            out.write(samples, given)
            tell(out.written, len(conditions))
    return output


def parts(made: Generator, conditions: Conditions, seed: int) -> Iterator[tuple[Samples, Conditions]]:
    """Samples and their conditions, CHUNK by CHUNK; the next are generated while these are used."""
    sample = made.sample_classes if conditions.ndim == 1 else made.sample_conditions
    with ThreadPoolExecutor(1) as pool:
        coming: Future[Samples] = pool.submit(sample, conditions[:CHUNK], seed, 0)
        for first in range(0, len(conditions), CHUNK):
            samples, following = coming.result(), first + CHUNK
            if following < len(conditions):
                coming = pool.submit(sample, conditions[following : following + CHUNK], seed, following)
            yield samples, conditions[first:following]
