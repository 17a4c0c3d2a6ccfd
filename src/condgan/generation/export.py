"""Samples of a generator, written as a picture or as a dataset."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from condgan.arrays import Conditions, Samples
from condgan.data import writers
from condgan.data.readers.npz import read_conditions
from condgan.errors import ArgumentError, CondganError
from condgan.generation import sampling
from condgan.generation.classes import parse
from condgan.generation.generator import Generator, load
from condgan.pictures import images

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
CHUNK = 4096  # samples generated at a time, while those before them are written

Progress = Callable[[int, int], None]
"""Called with the number of samples written, and the number of all."""


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
    progress: Progress = lambda written, count: None,
) -> Path:
    """Sample from the run or generator file at ``path`` into one file or folder -> its path.

    Args:
        path: as for `generator.load`.
        sequence: classes for a row; none: with ``grid`` or ``per_class`` instead, or each class once.
        seed: 0 ... 2**63 - 1, determines every sample.
        output: default ``result.png``, ``grid.png`` or ``samples.npz``. Vectors are always an .npz.
        grid: ten rows, column = class.
        per_class: samples of each class, as an .npz or (no ending) a folder of class folders.
        conditions: a file of vector conditions, one sample each, as a row or an .npz.
        checkpoint: of a run, ``last`` or ``best``.
        scale: whole-number enlargement of a PNG, 1 to 64.
        engine: as for `generator.load`.
        progress: called as the samples of a dataset are written.

    Raises:
        CondganError: more than one of sequence, grid, per_class and conditions; one that this generator does not
            support; a bad class, condition, seed, path or number.
    """
    choices = {"sequence": sequence, "grid": grid or None, "per_class": per_class, "conditions": conditions}
    given = [f"`{name}`" for name, value in choices.items() if value is not None]
    if len(given) > 1:
        raise CondganError(f"{' and '.join(given)} were given: choose one")
    if scale is not None and not 1 <= scale <= 64:
        raise ArgumentError("scale", scale, "expected 1 to 64")
    if per_class is not None:
        if per_class < 1:
            raise ArgumentError("per_class", per_class, "expected at least 1")
        if output is not None and output.suffix.lower() in PICTURES:
            raise CondganError(f"{output}: a dataset is {writers.listed()}, not one picture")
    generator = load(path, checkpoint, engine)
    recipe, domain = generator.recipe, generator.domain
    if conditions is None and domain.condition is not None and recipe.conditional:
        raise CondganError(
            f"{recipe.name} has vector conditions of length {domain.condition}: `conditions=FILE.npz`, with "
            f"conditions float (N, {domain.condition})"
        )
    if domain.vector is not None and grid:
        raise ArgumentError("grid", grid, f"{recipe.name} generates vectors, which have no picture: leave it out")
    vectors = None if conditions is None else read_conditions(conditions, generator.length())
    form = None if vectors is None or output is None else writers.of(output)
    if domain.vector is not None or per_class is not None or (form and form.ending and form.vectors):
        wanted = dataset_classes(generator, sequence, per_class) if vectors is None else vectors
        return write_dataset(generator, wanted, seed, output or Path("samples.npz"), progress)
    output = output or Path("grid.png" if grid else "result.png")
    if output.suffix.lower() != ".png":
        raise CondganError(
            f"{output}: a row or a grid is a .png (`per_class`: an .npz or a folder; `conditions`: an .npz)"
        )
    if grid:
        picture = sampling.grid(generator.sampler, recipe, domain, seed, scale)
    else:
        picture = images.row(row(generator, sequence, vectors, seed), scale)
    caption = sampling.caption(recipe, domain, seed, generator.images_seen)
    images.save_png(output, picture, caption | ({"sequence": sequence} if sequence else {}))
    return output


def row(generator: Generator, sequence: str | None, vectors: Conditions | None, seed: int) -> Samples:
    """One image for each class of a sequence or each vector condition; by default for each class that fits."""
    if vectors is not None:
        return generator.sample_conditions(vectors, seed)
    if sequence is not None:
        return generator.sample(sequence, seed)
    if generator.domain.condition is not None:  # an unconditional generator, of data with vector conditions
        return generator.sample_any(sampling.GRID_ROWS, seed)
    return generator.sample_classes(sampling.shown(generator.domain), seed)


def dataset_classes(generator: Generator, sequence: str | None, per_class: int | None) -> Conditions:
    """The classes of a dataset, (N,): a sequence, ``per_class`` of each in turn, or each that a picture would show.

    Raises:
        CondganError: an unknown class, or an unconditional generator.
    """
    recipe, domain = generator.recipe, generator.domain
    if not recipe.conditional:
        raise CondganError(
            f"{recipe.name} is unconditional: Generator.sample_any draws its samples, in Python; "
            "a dataset needs classes"
        )
    if per_class is not None:
        return sampling.in_turn(domain, per_class * domain.classes)  # so that a larger dataset begins with a smaller
    return sampling.shown(domain) if sequence is None else parse(sequence, domain)


def write_dataset(generator: Generator, conditions: Conditions, seed: int, output: Path, progress: Progress) -> Path:
    """Write a dataset of samples for conditions (N, ...), in this order, which can be trained on."""
    from condgan.data.writers.output import writer

    domain, count = generator.domain, len(conditions)
    sample = generator.sample_classes if conditions.ndim == 1 else generator.sample_conditions
    names, length = domain.class_names, domain.condition
    with writer(output, count, domain.shape, names, length) as out, ThreadPoolExecutor(1) as pool:
        next_samples = pool.submit(sample, conditions[:CHUNK], seed, 0)
        for start in range(0, count, CHUNK):
            samples, stop = next_samples.result(), start + CHUNK
            if stop < count:
                next_samples = pool.submit(sample, conditions[stop : stop + CHUNK], seed, stop)
            out.write(samples, conditions[start:stop])
            progress(out.written, count)
    return output
