"""Trained generators of images or vectors: sampling, saving and loading."""

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import as_file, files
from os import PathLike, fspath
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from condgan import arguments, engines
from condgan.arrays import Samples, Vectors
from condgan.data.vectors import vectors
from condgan.engines import State
from condgan.errors import ArgumentError, CondganError, nearest
from condgan.generation import sampling, walks
from condgan.generation.classes import Classes, parse, positions
from condgan.generation.fingerprint import fingerprint
from condgan.recipe import Domain, Recipe
from condgan.recipe.rules import unfit
from condgan.runs import checkpoint as checkpoints
from condgan.runs import moment
from condgan.runs.run import Run
from condgan.storage import weights

KIND = "generator"
SHIPPED = ("mnist",)
"""Names of the trained generators in the package; each is also the name of its recipe."""
CHECKPOINTS = ("last", "best")
MOST_AT_ONCE = 1_000_000_000  # images: more numbers than memory has room for are surely a mistake


class Generator:
    """A trained generator.

    Attributes:
        recipe: the experiment that trained it.
        domain: the shape of its images or vectors, and its classes or vector conditions.
        images_seen: images seen in training, repeats included.
        facts: further entries of its file; a generator of the package has ``provenance`` and measured ``figures``.
        state: its weights by name.
        engine: the engine that computes its images.
        watermark: the fingerprint of the key whose mark its images have; none: they have none.
    """

    watermark: str | None = None

    def __init__(
        self,
        recipe: Recipe,
        domain: Domain,
        images_seen: int,
        state: State,
        facts: Mapping[str, Any] | None = None,
        engine: str | None = None,
    ) -> None:
        """``engine`` defaults to that of the recipe."""
        self.recipe, self.domain, self.images_seen, self.facts = recipe, domain, images_seen, dict(facts or {})
        self.state = state
        self.engine = engine or recipe.machine.engine
        self.sampler = engines.load(self.engine).sampler(recipe, domain, state)

    @cached_property
    def sha256(self) -> str:
        """The hash of its weights and networks, wherever they were loaded from."""
        return fingerprint(self.recipe, self.domain, self.state)

    def __repr__(self) -> str:
        """``<Generator mnist: 10 classes -> 1x28x28, 3000000 images seen, engine=torch>``."""
        domain = self.domain
        condition = f"{domain.classes} classes" if domain.condition is None else f"vectors of {domain.condition}"
        condition = condition if self.recipe.conditional else "unconditional"
        form = "x".join(map(str, domain.shape)) if domain.vector is None else f"{domain.vector} numbers"
        seen = f"{self.images_seen} images seen"
        return f"<Generator {self.recipe.name}: {condition} -> {form}, {seen}, engine={self.engine}>"

    def sample(
        self,
        conditions: Classes | npt.NDArray[np.floating] | None = None,
        seed: int = 0,
        first: int = 0,
        *,
        index: Classes | None = None,
    ) -> Samples:
        """Sample one image, (N, C, H, W) uint8, or one vector, (N, D) float32, for each class or vector condition.

        Args:
            conditions: names of classes, ``"2026"``, ``[2, 0, 2, 6]``, ``"cat,dog"`` or ``["cat", "dog"]``; a number
                is the name that it is written as. Of a generator with vector conditions, floats (N, V).
            seed: 0 ... 2**63 - 1; with ``first`` and the condition, it determines each image at any batch size.
            first: number of the first image under this seed, 0 or more.
            index: instead of names, positions of classes, ``[3, 0]``, ``3`` or ``"3,0"``.

        Raises:
            CondganError: an unknown class, an empty sequence, conditions that are not finite floats (N, V), a seed or
                first number out of range, an unconditional generator, or both names and positions.
        """
        if not self.recipe.conditional:
            raise CondganError(
                f"{self.recipe.name} is unconditional and has no classes: `condgan sample PATH --grid`, or "
                "Generator.sample_any, draws from it"
            )
        if index is not None:
            if conditions is not None:
                raise ArgumentError("index", arguments.shown(index), "goes without names of classes")
            if self.domain.condition is not None:
                raise CondganError(f"{self.recipe.name} has vector conditions: `index` takes positions of classes")
            return self.sample_classes(positions(index, self.domain), seed, first)
        if self.domain.condition is not None or (isinstance(conditions, np.ndarray) and conditions.dtype.kind == "f"):
            return self.sample_conditions(conditions, seed, first)
        return self.sample_classes(parse(cast("Classes", conditions), self.domain), seed, first)

    def walk(
        self, stops: Classes, frames: int = 60, seed: int = 0, first: int = 0, condition: str | int | None = None
    ) -> Samples:
        """Sample images on the way from stop to stop, (frames, C, H, W) uint8, or vectors (frames, D) float32.

        Each stop is a frame; those between are at even distances. Between classes, class weights are interpolated
        linearly under one latent, that of ``sample(..., seed, first)``; between seeds, the latents spherically.

        Args:
            stops: names of classes, ``"cat,dog,cat"`` or a list; or seeds, ``"seed:1,seed:2"``.
            frames: at least one for each stop.
            seed: of the latent, where stops are classes.
            first: number of the latent under its seed.
            condition: the class of all frames, where stops are seeds.

        Raises:
            CondganError: an unknown class, fewer than two stops, a number out of range, a missing condition; the
                generator has vector conditions, or no classes to walk between.
        """
        return walks.plan(self.sampler, self.recipe, self.domain, stops, frames, seed, first, condition).images()

    def sample_any(self, count: int, seed: int = 0, first: int = 0) -> Samples:
        """Sample ``count`` images; of a generator with classes, they follow each other. Returns as ``sample``.

        Raises:
            CondganError: a count below 1, a seed or first number out of range, or a generator with vector conditions.
        """
        count = arguments.integer("count", count, 1, MOST_AT_ONCE, "images")
        if self.domain.condition is not None and self.recipe.conditional:
            raise CondganError(f"{self.recipe.name} has vector conditions: pass them to Generator.sample")
        return sampling.pictures(self.sampler, self.recipe, sampling.in_turn(self.domain, count, first), seed, first)

    def sample_classes(self, classes: npt.NDArray[np.int64], seed: int, first: int = 0) -> Samples:
        """Sample an image for each class index, (N,) int64. Arguments and result as for ``sample``.

        Raises:
            CondganError: an index, the seed or the first number is out of range, or the generator has no classes.
        """
        if self.domain.condition is not None:
            raise CondganError(f"{self.recipe.name} has vector conditions, and no classes")
        classes = np.asarray(classes)
        if classes.dtype.kind not in "iu" or classes.ndim != 1:
            raise CondganError(f"classes are {classes.dtype} {classes.shape}: expected indexes of classes, int64 (N,)")
        if len(classes) and not (classes.min() >= 0 and classes.max() < self.domain.classes):
            raise CondganError(f"class index out of range: this generator has 0 to {self.domain.classes - 1}")
        return sampling.pictures(self.sampler, self.recipe, classes, seed, first)

    def sample_conditions(self, conditions: Any, seed: int, first: int = 0) -> Samples:
        """Sample an image for each vector condition, floats (N, V). Arguments and result as for ``sample``.

        Raises:
            CondganError: conditions of another type or shape, or not finite; the seed or first number is out of range;
                the generator has no vector conditions.
        """
        checked = floats("conditions", conditions, self.length())
        return sampling.pictures(self.sampler, self.recipe, checked, seed, first)

    def sample_weights(self, weights: npt.NDArray[Any], seed: int = 0, first: int = 0) -> Samples:
        """Sample an image for each weighted sum of the classes, floats (N, K). Arguments and result as for ``sample``.

        A row that is 1 at one class and 0 elsewhere gives the image of that class; rows between two such rows lead
        from one class to the other.

        Raises:
            CondganError: weights of another type or shape, or not finite; the seed or first number is out of range;
                the generator has no classes.
        """
        if self.domain.condition is not None or not self.recipe.conditional:
            raise CondganError(f"{self.recipe.name} {self._kind()}: class weights need a generator with classes")
        checked = floats("weights", weights, self.domain.classes)
        return sampling.pictures(self.sampler, self.recipe, checked, seed, first)

    def length(self) -> int:
        """The length of its vector conditions, V.

        Raises:
            CondganError: the generator has none.
        """
        if self.domain.condition is None or not self.recipe.conditional:
            raise CondganError(f"{self.recipe.name} {self._kind()}: it takes no vector conditions")
        return self.domain.condition

    def _kind(self) -> str:
        if not self.recipe.conditional:
            return "is unconditional"
        return f"has {self.domain.classes} classes" if self.domain.condition is None else "has vector conditions"


def floats(argument: str, values: Any, length: int) -> Vectors:
    """Floats (N, length), given as an array or as a list of rows -> float32.

    Raises:
        CondganError: rows of different lengths, another type or shape, or numbers that are not finite.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise CondganError(f"{argument} have rows of different lengths: expected floats (N, V)") from None
    return vectors(argument, array, length)


def save(
    path: Path, recipe: Recipe, domain: Domain, images_seen: int, state: State, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a generator file, with further entries (``Generator.facts``)."""
    description = {"recipe": recipe.model_dump(mode="json"), "domain": domain.model_dump(mode="json")}
    weights.save(path, KIND, description | {"images_seen": images_seen, "facts": dict(facts or {})}, state)


def load(path: str | PathLike[str], checkpoint: str = "last", engine: str | None = None) -> Generator:
    """Load the generator of a run (its weight average, if the recipe has one), of a file, or of the package.

    Args:
        path: a run or its folder; ``runs/a@100``, its generator after 100 epochs; a generator file; or ``mnist``, the
            generator in the package, if no file has this name.
        checkpoint: of a run, ``last`` or ``best``.
        engine: ``torch`` or ``jittor``, which computes its images; default: the one that trained it. The images of two
            engines differ by a grey level in a few pixels.

    Raises:
        CondganError: the file is missing, damaged, or of a newer format; the engine is unknown or not installed.
    """
    given, (path, epoch) = path, moment.parse(path)
    check_checkpoint(checkpoint)
    if is_shipped(given):
        with as_file(files("condgan.generation") / "files" / f"{path}.safetensors") as file:
            return _read(file, engine)
    if path.is_dir() or epoch is not None:
        return of_run(Run.open(path), checkpoint, engine, epoch)
    if not path.exists():
        raise CondganError(
            f'no run and no generator file at "{path}"{nearest(str(path), SHIPPED)}: `condgan train` writes one, and '
            f"{' and '.join(SHIPPED)} is in the package"
        )
    return _read(path, engine)


def check_checkpoint(checkpoint: str) -> None:
    """Raise an ArgumentError unless the name is ``last`` or ``best``."""
    if checkpoint not in CHECKPOINTS:
        raise ArgumentError("checkpoint", checkpoint, f"expected {' or '.join(CHECKPOINTS)}")


def of_run(run: Run, checkpoint: str = "last", engine: str | None = None, epoch: int | None = None) -> Generator:
    """Load the generator in a run's ``last`` or ``best`` checkpoint, or that after an epoch.

    Raises:
        CondganError: the checkpoint does not exist, the generator of that epoch was not kept, or as for ``load``.
    """
    check_checkpoint(checkpoint)
    if epoch is not None:
        if checkpoint != "last":
            raise ArgumentError("checkpoint", checkpoint, f"{run.folder}@{epoch} names an epoch already")
        kept = run.epochs()
        if epoch in kept:
            return _read(kept[epoch], engine)
        last = run.last_epoch()
        if epoch != last:
            epochs = sorted({*kept, *([] if last is None else [last])})
            available = ", ".join(f"@{number}" for number in epochs)
            raise CondganError(
                f"{run.folder} has no generator of epoch {epoch}{f', but {available}' if available else ''}: "
                f"output.keep_every=EPOCHS keeps more"
            )
    path = run.checkpoint(checkpoint)
    if not path.exists():
        cure = {"last": "it appears within a minute of training", "best": "it takes evaluation during training"}
        raise CondganError(f"{run.folder} has no {checkpoint} checkpoint: {cure[checkpoint]}")
    return _read(path, engine, checkpoints.KIND, "generator." if run.recipe.train.ema is None else "ema.")


def is_shipped(path: str | PathLike[str]) -> bool:
    """Whether a generator in the package is named; a file or folder of that name is written as a path, ``./mnist``."""
    return fspath(path) in SHIPPED


def _read(path: Path, engine: str | None, kind: str = KIND, prefix: str = "") -> Generator:
    """Read the generator of a file; its weights are those whose names begin with ``prefix``."""
    description, state = weights.load(path, kind, prefix)
    recipe, domain = checkpoints.subject(path, description)
    reason = unfit(recipe, domain)
    if reason:
        raise CondganError(f"{path} is damaged: {reason}")
    seen, facts = description.get("images_seen"), description.get("facts")
    seen, facts = seen if isinstance(seen, int) else 0, facts if isinstance(facts, dict) else None
    try:
        return Generator(recipe, domain, seen, state, facts, engine)
    except CondganError as error:
        raise CondganError(f"{path}: {error}") from None
