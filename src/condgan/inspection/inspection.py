"""The job of ``condgan data``: what a dataset is, how it was read, and which recipe suits it."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from condgan import data as datasets
from condgan import engines
from condgan.arrays import Images
from condgan.data import Dataset, sampled
from condgan.data.readers import BUILT_IN
from condgan.data.readers.reader import Progress, silent
from condgan.data.writers.paths import check_free
from condgan.errors import ArgumentError, CondganError
from condgan.inspection import facts, opening
from condgan.pictures import images
from condgan.recipe import Data, Recipe, builtin
from condgan.recipe.suited import Suggestion, suggested
from condgan.recipe.text import override_section
from condgan.storage.files import check_writable
from condgan.storage.manifest import begin

MEANS, SHEET = "means.png", "contact-sheet.png"
ROWS, COLUMNS = 10, 20  # of the contact sheet
ONE_CLASS = "gan-mlp"  # the recipe without conditions
SECONDS, TIMED_ROWS = 2.0, 2048  # of steps that are timed, and the images that they see


class Inspection(BaseModel):
    """What a dataset is.

    Attributes:
        name: of the dataset.
        how: where labels and splits were read, in words.
        classes: images of each class, over all splits.
        splits: images of train, validation and test, as a training uses them.
        drawn: which of these splits condgan draws.
        channels: 1 or 3, as a training uses them.
        size: height and width of the images; none if they differ.
        range: the lowest and the highest value; none where it is not known.
        background: what transparent pixels and bars get; auto where there are none.
        skipped: files that were not read, by reason.
        notices: what was done to the images.
        duplicates: images that equal an earlier one; across splits; with another label.
        near_duplicates: validation and test images that nearly equal one of another split.
        warnings: what may go wrong.
        recipe, overrides, reason: what suits it, and why.
        minutes: that this takes here, about; none where it was not timed.
        pictures: files that were written.
        looked_at: how many images were read for this; none: all of them.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    how: str
    classes: Mapping[str, int]
    splits: Mapping[str, int]
    drawn: tuple[str, ...]
    channels: int
    size: tuple[int, int] | None
    range: tuple[float, float] | None
    background: str
    skipped: Mapping[str, int]
    notices: tuple[str, ...]
    duplicates: Mapping[str, int]
    near_duplicates: int
    warnings: tuple[str, ...]
    recipe: str
    overrides: tuple[str, ...]
    reason: str
    minutes: float | None
    pictures: tuple[str, ...] = ()
    looked_at: int | None = None


def inspect(
    source: str,
    *overrides: str,
    output: Path | None = None,
    timed: bool = True,
    progress: Progress = silent,
    most: int | None = None,
) -> Inspection:
    """Describe labelled images before anyone trains on them.

    Args:
        source: as ``data`` of a training: a built-in name, or a path.
        overrides: ``data.field=value``.
        output: a folder for pictures: the mean and examples of each class.
        timed: whether to time some steps of the recipe that is suggested.
        progress: called while files are read.
        most: read about so many images of a large dataset at most, which is said; classes and splits are counted over
            all (splits that condgan draws as if all images differed). Then nothing is timed, and no pictures are
            written.

    Raises:
        CondganError: it cannot be read as labelled images.
    """
    own = source not in BUILT_IN
    form = override_section("data", Data(source=source, train_on="auto"), overrides)
    suggestion = suited(source, form)
    if own:
        form = override_section("data", form, [t for t in suggestion.overrides if t.startswith("data.")])
        form = override_section("data", form, overrides)
    if output is not None:
        if own and Path(source).is_dir() and Path(source).resolve() in (output.resolve(), *output.resolve().parents):
            raise ArgumentError("output", output, f"it lies in {source}: give a folder outside of the dataset")
        for name in (MEANS, SHEET):
            check_free(output / name)
        check_writable(output / MEANS)
    sample = None if most is None else datasets.sources.sample(source, form, most)
    if sample is None:
        dataset = datasets.load(form, progress=progress)
        totals = {label: sum(counts.values()) for label, counts in opening.class_counts(dataset).items()}
        splits = {name: len(split) for name, split in dataset.splits.items()}
    else:
        dataset, totals, splits = sampled.outlined(sample)
        timed, output = False, None
    looked_at = None if sample is None else sum(map(len, dataset.splits.values()))
    if dataset.train.images.ndim == 2:
        raise CondganError(f"{source} has vectors: only images are described, `condgan train` takes both")
    if len(dataset.class_names) == 1 and own:
        suggestion = replace(suggestion, recipe=ONE_CLASS, reason=f"{suggestion.reason}; one class needs no condition")
    recipe = builtin.get(suggestion.recipe, [*suggestion.overrides, *overrides])
    equal, near = facts.duplicates(dataset), facts.near_duplicates(dataset)
    sizes = list(dataset.sizes)
    named = {text.partition("=")[0] for text in overrides}
    chosen = [text for text in suggestion.overrides if text.partition("=")[0] not in named] if own else []
    return Inspection(
        name=dataset.name,
        how=dataset.how or ("built-in" if not own else "arrays of images and labels"),
        classes=totals,
        splits=splits,
        drawn=dataset.drawn,
        channels=dataset.domain().channels,
        size=sizes[0] if len(sizes) == 1 else (None if sizes else dataset.train.images.shape[2:4]),
        range=dataset.pixels,
        background=dataset.background,
        skipped=dict(dataset.skipped),
        notices=(*partly(looked_at, sum(splits.values())), *dataset.notices),
        duplicates=equal,
        near_duplicates=near,
        warnings=facts.warnings(dataset, equal, near, totals, splits["train"]),
        recipe=suggestion.recipe,
        overrides=(*chosen, *overrides),
        reason=suggestion.reason,
        minutes=minutes(recipe, dataset) if timed else None,
        pictures=() if output is None else draw(dataset, output),
        looked_at=looked_at,
    )


def partly(looked_at: int | None, count: int) -> tuple[str, ...]:
    """That not all images were read, if so."""
    if looked_at is None:
        return ()
    return (f"{looked_at} of {count} images were read for this; classes and splits are counted over all",)


def suited(source: str, form: Data) -> Suggestion:
    """The recipe for a dataset: the default for one that is built in."""
    if source in BUILT_IN:
        return Suggestion(builtin.DEFAULT, (), "built-in data, as published")
    return suggested(*datasets.sources.peek(source, form))


def minutes(recipe: Recipe, dataset: Dataset) -> float:
    """About how long a training takes on this machine, by timing some of its steps on some of the images."""
    rows = dataset.trained_on(recipe.data)
    some = datasets.Split(*rows.take(slice(min(len(rows), TIMED_ROWS))))
    engine = engines.load(recipe.machine.engine).build(recipe, dataset.domain(), some, None)
    engine.run(0, 4)
    steps, started = 0, time.monotonic()
    while time.monotonic() - started < SECONDS:
        engine.run(4 + steps, 8)
        steps += 8
    each = (time.monotonic() - started) / steps
    return round(each * recipe.train.epochs * -(-len(rows) // recipe.train.batch) / 60, 1)


def draw(dataset: Dataset, folder: Path) -> tuple[str, ...]:
    """Write the mean and examples of each class, of at most twenty classes -> the files."""
    count = len(dataset.class_names) or 1
    shown = np.linspace(0, count - 1, min(count, COLUMNS)).round().astype(int)
    labels = dataset.train.labels if dataset.class_names else np.zeros(len(dataset.train), int)
    titles = [dataset.class_names[label] for label in shown] if dataset.class_names else None
    means, sheet = [], np.zeros((ROWS, len(shown), *dataset.train.images.shape[1:]), np.uint8)
    for column, label in enumerate(shown):
        members = np.flatnonzero(labels == label)
        means.append(dataset.train.images[members].mean(axis=0).round().astype(np.uint8))
        examples = members[:: max(1, len(members) // ROWS)][:ROWS]
        sheet[: len(examples), column] = dataset.train.images[examples]
    return tuple(
        str(save(folder / name, tiles, len(shown), titles))
        for name, tiles in ((MEANS, np.stack(means)), (SHEET, sheet.reshape(-1, *sheet.shape[2:])))
    )


def save(path: Path, tiles: Images, columns: int, titles: list[str] | None) -> Path:
    """Write a grid."""
    manifest = begin(synthetic=False).of("picture", shows="training images")
    images.save_png(path, images.grid(tiles, columns, titles), manifest)
    return path
