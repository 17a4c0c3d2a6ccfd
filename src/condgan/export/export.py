"""The one function that writes samples of a generator: as a picture, as a walk, or as a dataset."""

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from condgan import arguments
from condgan.arrays import Conditions, Labels
from condgan.data import writers
from condgan.data.readers.npz import read_conditions
from condgan.data.writers.output import clear
from condgan.data.writers.paths import check_free, free
from condgan.errors import ArgumentError, CondganError
from condgan.export import frames as walks
from condgan.export import options
from condgan.export.dataset import wanted_counts, write_dataset
from condgan.export.frames import Progress
from condgan.export.keep import Judge
from condgan.generation import jobs, sampling
from condgan.generation.classes import MOST_NAMED, counted, parse, positions
from condgan.generation.counts import Counts, check_total
from condgan.generation.generator import Generator, load
from condgan.generation.marked import marked
from condgan.marks import keys
from condgan.marks.keys import Key
from condgan.pictures import images
from condgan.pictures.labelling import Language
from condgan.recipe.fingerprint import fingerprint
from condgan.storage.manifest import Manifest, begin

PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}


def to_file(
    path: str | PathLike[str],
    sequence: str | None = None,
    *,
    index: str | None = None,
    seed: int = 0,
    output: str | PathLike[str] | None = None,
    grid: bool = False,
    exact: bool = False,
    per_class: int | None = None,
    count: int | None = None,
    counts: str | None = None,
    balance: Path | None = None,
    walk: str | None = None,
    frames: int | None = None,
    conditions: Path | None = None,
    format: str | None = None,
    keep: float | None = None,
    shard_size: int | None = None,
    checkpoint: str = "last",
    scale: int | None = None,
    truncation: float | None = None,
    engine: str | None = None,
    producer: str | None = None,
    visible_label: Language | None = None,
    watermark: Key | str | PathLike[str] | None = None,
    progress: Progress = lambda written, count: None,
    say: Callable[[str], None] = lambda words: None,
) -> Path:
    """Sample from the run or generator file at ``path`` into one file or folder, which must be free -> its path.

    Args:
        path: as for `generator.load`.
        sequence: names of classes for a row; none: what another option says, or each class once.
        index: positions of classes, ``3,0``, instead of names.
        seed: 0 ... 2**63 - 1, determines every sample.
        output: default ``result.png``, ``grid.png``, ``walk.gif`` or ``samples.npz``, or ``result-2.png`` and so on
            where that exists. Vectors are always an .npz, datasets also a folder of class folders (no ending).
        grid: ten rows, column = class.
        exact: a row at the generator's own size.
        per_class: a dataset with this many of each class.
        count: a dataset with this many of each class in ``sequence`` or ``index``.
        counts: a dataset with as many of each class as this says, ``cat=500,dog=20``.
        balance: a dataset of what the labelled dataset at this path lacks, as `counts.lacking` has it.
        walk: stops, as for `Generator.walk`, into a .gif, a .png (a strip), or a folder of frames. Between seeds, each
            class of ``sequence`` or ``index`` is shown.
        frames: of a walk; default 60, in a strip 10.
        conditions: a file of vector conditions, one sample each, as a row or an .npz.
        format: of a dataset, a name in ``data.writers``; none: that of the ending of ``output``, class folders without.
        keep: of a dataset, only images that the data's classifier reads as their class with at least this probability.
        shard_size: samples that are written at a time: of each file, where the format has several; default 10,000.
        checkpoint: of a run, ``last`` or ``best``.
        scale: whole-number enlargement of a picture, 1 to 64.
        truncation: of a picture, latents within plus or minus this, above 0, 8 at most, as `draws.truncation` has it.
        engine: as for `generator.load`.
        producer: who answers for the files, as they say themselves; none: ``CONDGAN_PRODUCER`` of the environment, else
            condgan.
        visible_label: ``en`` or ``zh``: the words "AI-generated" or "AI生成" below a picture.
        watermark: a key or the path of a key file, whose invisible mark each image gets: `generation.marked`.
        progress: called as samples are written.
        say: called with what was generated, in words.

    Raises:
        CondganError: options that exclude each other, or that this generator does not support; a bad class,
            condition, seed, path or number; something is at the path of the output.
    """
    output = None if output is None else arguments.path("output", output)
    seed, path = sampling.check_seed(seed), fspath(path)
    given = {
        "sequence": sequence, "index": index, "grid": grid, "per_class": per_class, "count": count, "counts": counts,
        "balance": balance, "conditions": conditions, "walk": walk, "frames": frames, "scale": scale, "exact": exact,
        "visible_label": visible_label, "format": format, "keep": keep, "shard_size": shard_size,
        "truncation": truncation,
    }  # fmt: skip
    options.check(given)
    dataset = any(given[name] is not None for name in options.DATASETS)
    row = writers.of(Path("") if output is None else output, format)
    if dataset and output is not None and output.suffix.lower() in PICTURES:
        raise CondganError(f"{output}: a dataset is not one picture, but {writers.listed()}")
    if (dataset or format) and output is not None:
        writers.check_ending(output)
    if output is not None:
        clear(output)
        check_free(output)
        if output.name in ("", ".."):
            raise ArgumentError("output", str(output), "expected the path of a new file or folder")
    told, key = begin(producer), keys.of(watermark, say)
    generator, scale = load(path, checkpoint, engine), 1 if exact else scale
    recipe, domain = generator.recipe, generator.domain
    if key is not None:
        generator = marked(generator, key)
    told = of_generator(told, generator)
    bounded = {"truncation": sampling.check_bound(truncation)}
    if walk is not None:
        output = output or free("walk.gif")
        labels = chosen(generator, sequence, index)
        along = walks.job(generator, walk, frames, seed, labels, output, scale, visible_label)
        along = along.model_copy(update=bounded)
        say(walks.write(generator, along, output, told, progress))
        return output
    if conditions is None and domain.condition is not None and recipe.conditional:
        raise CondganError(
            f"{recipe.name} has vector conditions of length {domain.condition}: `conditions=FILE.npz`, with "
            f"conditions float (N, {domain.condition})"
        )
    if domain.vector is not None and (grid or exact):
        argument = "grid" if grid else "exact"
        raise ArgumentError(argument, True, f"{recipe.name} generates vectors, which have no picture: leave it out")
    wanted: Conditions
    vectors = None if conditions is None else read_conditions(conditions, generator.length())
    if domain.vector is not None or dataset or format or (output is not None and row.ending and output.suffix):
        if truncation is not None:
            raise ArgumentError("truncation", truncation, "is for pictures, and this is a dataset: leave it out")
        row = row if output is not None or format else writers.of(Path("samples.npz"))
        output = output or free("samples.npz" if row.vectors else f"samples{row.ending}")
        if vectors is None and not recipe.conditional:
            raise CondganError(
                f"{recipe.name} is unconditional: Generator.sample_any draws its samples, in Python; "
                "a dataset needs classes"
            )
        counts_of: Counts | None = None
        asked: Conditions | None = None
        if dataset:
            counts_of = wanted_counts(generator, given, chosen(generator, sequence, index), say)
            check_total(str(output), counts_of)
        else:
            asked = row_classes(generator, sequence, index) if vectors is None else vectors
        judge = None if keep is None else Judge(generator, str(path), keep, say)
        write_dataset(
            generator, counts_of, asked, seed, output, row, told, str(path), shard=shard_size, judge=judge,
            progress=progress, say=say,
        )  # fmt: skip
        if counts_of is not None:
            say(answer_counts(generator, counts_of))
        elif asked is not None:
            say(answer(generator, asked))
        return output
    output = output or free("grid.png" if grid else "result.png")
    if output.suffix.lower() != ".png":
        raise CondganError(
            f"{output}: a row or a grid is a .png (`per_class`: an .npz or a folder; `conditions`: an .npz)"
        )
    job: jobs.Row
    if grid:
        job = jobs.grid(recipe, domain, seed, None, scale, visible_label)
    else:
        wanted = row_classes(generator, sequence, index) if vectors is None else vectors
        job = jobs.row(recipe, domain, wanted, seed, scale, visible_label)
    job = job.model_copy(update=bounded)
    picture, wanted = job.draw(generator), job.classes(generator)
    check_free(output)
    images.save_png(output, picture, told.of("grid" if grid else "row", jobs.recorded(job)))
    say(answer(generator, wanted))
    return output


def of_generator(manifest: Manifest, generator: Generator) -> Manifest:
    """A manifest that names the generator."""
    recipe = generator.recipe
    facts = {"recipe": recipe.name, "recipe_sha256": fingerprint(recipe), "data": generator.domain.data}
    seen = {"generator_sha256": generator.sha256, "images_seen": generator.images_seen}
    return manifest.model_copy(update=facts | seen | {"watermark": generator.watermark})


def chosen(generator: Generator, sequence: str | None, index: str | None) -> Labels | None:
    """The classes that are named, or given by position; None without either.

    Raises:
        CondganError: an unknown class, or a generator without classes.
    """
    given = index if sequence is None else sequence
    if given is None:
        return None
    if not generator.recipe.conditional:
        raise CondganError(f"{generator.recipe.name} is unconditional and has no classes: `grid` draws from it")
    if generator.domain.condition is not None:
        raise CondganError(f"{generator.recipe.name} has vector conditions, and no classes")
    return (positions if sequence is None else parse)(given, generator.domain)


def row_classes(generator: Generator, sequence: str | None, index: str | None) -> Conditions:
    """One condition for each image of a row: the classes that are given, or each class that fits."""
    labels = chosen(generator, sequence, index)
    if labels is not None:
        return labels
    if generator.domain.condition is not None:  # an unconditional generator, of data with vector conditions
        return sampling.in_turn(generator.domain, jobs.GRID_ROWS)
    return sampling.shown(generator.domain)


def answer_counts(generator: Generator, counts: Counts) -> str:
    """What was generated, in words: ``520 images: cat=500, dog=20``."""
    words = [f"{generator.domain.class_names[label]}={counts[label]}" for label in np.flatnonzero(counts)]
    more = f", ... ({len(words)} classes)" if len(words) > MOST_NAMED else ""
    noun = "image" if generator.domain.vector is None else "vector"
    total = int(counts.sum())
    return f"{total} {noun}{'' if total == 1 else 's'}: {', '.join(words[:MOST_NAMED])}{more}"


def answer(generator: Generator, conditions: Conditions) -> str:
    """What was generated, in words: ``520 images: cat=500, dog=20``."""
    count, noun = len(conditions), "image" if generator.domain.vector is None else "vector"
    words = f"{count} {noun}{'' if count == 1 else 's'}"
    if not generator.recipe.conditional:
        return f"{words} without classes"
    if generator.domain.condition is not None:
        return f"{words}, one for each condition"
    return f"{words}: {counted(conditions, generator.domain)}"
