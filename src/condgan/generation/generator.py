"""A generator of images or vectors: one file with its recipe in the header, or the one inside a run."""

from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan import arguments, engines
from condgan.arrays import Samples
from condgan.data.vectors import vectors
from condgan.engines import State
from condgan.errors import ArgumentError, CondganError, nearest
from condgan.generation import classes as labels
from condgan.generation import sampling
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
        images_seen: during training.
        facts: further entries of its file: of one in the package its ``provenance`` and its measured ``figures``.
        engine: the engine that computes its images.
    """

    def __init__(
        self,
        recipe: Recipe,
        domain: Domain,
        images_seen: int,
        state: State,
        facts: Mapping[str, Any] | None = None,
        engine: str | None = None,
    ) -> None:
        """``engine`` is that of the recipe unless another is named."""
        self.recipe, self.domain, self.images_seen, self.facts = recipe, domain, images_seen, dict(facts or {})
        self.state = state
        self.engine = engine or recipe.machine.engine
        self.sampler = engines.load(self.engine).sampler(recipe, domain, state)

    def __repr__(self) -> str:
        """``<Generator mnist: 10 classes -> 1x28x28, 3000000 images seen, engine=torch>``."""
        domain = self.domain
        condition = f"{domain.classes} classes" if domain.condition is None else f"vectors of {domain.condition}"
        form = f"{domain.channels}x{domain.size}x{domain.size}" if domain.vector is None else f"{domain.vector} numbers"
        return (
            f"<Generator {self.recipe.name}: {condition if self.recipe.conditional else 'unconditional'} -> {form}, "
            f"{self.images_seen} images seen, engine={self.engine}>"
        )

    def sample(
        self, conditions: str | int | Iterable[str | int] | npt.NDArray[np.floating], seed: int = 0, first: int = 0
    ) -> Samples:
        """Images of classes, or for vector conditions -> (N, C, H, W) uint8, or vectors (N, D) float32.

        Args:
            conditions: ``"2026"``, ``[2, 0, 2, 6]``, ``"cat,dog"`` or ``["cat", "dog"]``; of a generator with vector
                conditions, floats (N, V).
            seed: 0 ... 2**63 - 1; with ``first`` and the condition, it determines each image at any batch size.
            first: number of the first image under this seed.

        Raises:
            CondganError: an unknown class, an empty sequence, a seed out of range, or an unconditional generator.
        """
        if not self.recipe.conditional:
            raise CondganError(
                f"{self.recipe.name} is unconditional and has no classes: `condgan sample PATH --grid`, or "
                "Generator.sample_any, draws from it"
            )
        if self.domain.condition is not None:
            return self.sample_conditions(rows("conditions", conditions), seed, first)
        if isinstance(conditions, np.ndarray) and conditions.dtype.kind == "f":
            self.length()
        return self.sample_classes(labels.parse(conditions, self.domain), seed, first)

    def sample_any(self, count: int, seed: int = 0, first: int = 0) -> Samples:
        """``count`` images, the classes in turn if the generator has any -> as ``sample``.

        Raises:
            CondganError: less than one, a seed out of range, or a generator with vector conditions.
        """
        count = arguments.integer("count", count, 1, MOST_AT_ONCE, "images")
        if self.domain.condition is not None and self.recipe.conditional:
            raise CondganError(f"{self.recipe.name} has vector conditions: pass them to Generator.sample")
        return sampling.pictures(self.sampler, self.recipe, sampling.in_turn(self.domain, count, first), seed, first)

    def sample_conditions(self, conditions: npt.NDArray[Any], seed: int, first: int = 0) -> Samples:
        """Images for vector conditions, floats (N, V) -> as ``sample``.

        Raises:
            CondganError: they are of another type or shape, or not finite; the seed or first number is out of range;
                the generator has no vector conditions.
        """
        checked = vectors("conditions", conditions, self.length())
        return sampling.pictures(self.sampler, self.recipe, checked, seed, first)

    def sample_weights(self, weights: npt.NDArray[Any], seed: int = 0, first: int = 0) -> Samples:
        """Pictures for weighted sums of the classes, floats (N, K) -> as ``sample``.

        A row that is 1 at one class and 0 elsewhere gives the picture of that class; rows between two such rows lead
        from one class to the other.

        Raises:
            CondganError: they are of another type or shape, or not finite; the seed or first number is out of range;
                the generator has vector conditions or none.
        """
        if self.domain.condition is not None or not self.recipe.conditional:
            has = "has vector conditions" if self.recipe.conditional else "is unconditional"
            raise CondganError(f"{self.recipe.name} {has}: class weights need a generator with classes")
        given = vectors("weights", rows("weights", weights), self.domain.classes)
        return sampling.pictures(self.sampler, self.recipe, given, seed, first)

    def length(self) -> int:
        """V, of its vector conditions.

        Raises:
            CondganError: it has none.
        """
        if self.domain.condition is None or not self.recipe.conditional:
            has = f"has {self.domain.classes} classes" if self.recipe.conditional else "is unconditional"
            raise CondganError(f"{self.recipe.name} {has}: it takes no vector conditions")
        return self.domain.condition

    def sample_classes(self, classes: npt.NDArray[np.int64], seed: int, first: int = 0) -> Samples:
        """Images of the classes with these indexes, (N,) int64 -> as ``sample``.

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


def rows(argument: str, values: Any) -> npt.NDArray[Any]:
    """What is passed as floats (N, V), as an array.

    Raises:
        CondganError: its rows differ in length.
    """
    try:
        return np.asarray(values)
    except ValueError:
        raise CondganError(f"{argument} have rows of different lengths: expected floats (N, V)") from None


def save(
    path: Path, recipe: Recipe, domain: Domain, images_seen: int, state: State, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a generator file, with further entries (``Generator.facts``)."""
    description = {"recipe": recipe.model_dump(mode="json"), "domain": domain.model_dump(mode="json")}
    weights.save(path, KIND, description | {"images_seen": images_seen, "facts": dict(facts or {})}, state)


def load(path: str | PathLike[str], checkpoint: str = "last", engine: str | None = None) -> Generator:
    """The generator of a run (its average, if the recipe has one), of a generator file, or of the package.

    Args:
        path: a run or its folder, a file, or a moment of a run: ``runs/a@100`` is its generator after 100 epochs; where
            nothing exists at this path, the name of a generator in the package: ``mnist``.
        checkpoint: of a run, ``last`` or ``best``.
        engine: ``torch`` or ``jittor``, which computes its images; none: the one that trained it. Two engines give the
            same images, but for a grey level here and there.

    Raises:
        CondganError: nothing there, damaged, or of a newer format; an unknown engine, or one that is not installed.
    """
    path, epoch = moment.parse(path)
    check_checkpoint(checkpoint)
    if path.is_dir() or epoch is not None:
        return of_run(Run.open(path), checkpoint, engine, epoch)
    if is_shipped(path):
        with as_file(files("condgan.generation") / "files" / f"{path}.safetensors") as file:
            return _of_file(file, engine)
    if not path.exists():
        raise CondganError(
            f'no run and no generator file at "{path}"{nearest(str(path), SHIPPED)}: `condgan train` writes one, and '
            f"{' and '.join(SHIPPED)} is in the package"
        )
    return _of_file(path, engine)


def check_checkpoint(checkpoint: str) -> None:
    """Refuse a name that no checkpoint has.

    Raises:
        ArgumentError: it is neither ``last`` nor ``best``.
    """
    if checkpoint not in CHECKPOINTS:
        raise ArgumentError("checkpoint", checkpoint, f"expected {' or '.join(CHECKPOINTS)}")


def of_run(run: Run, checkpoint: str = "last", engine: str | None = None, epoch: int | None = None) -> Generator:
    """The generator in a run's ``last`` or ``best`` checkpoint, or that after some epochs.

    Raises:
        CondganError: there is no such checkpoint, the generator of that epoch was not kept, or as for ``load``.
    """
    check_checkpoint(checkpoint)
    path = run.checkpoint(checkpoint)
    if epoch is not None:
        if checkpoint != "last":
            raise ArgumentError("checkpoint", checkpoint, f"{run.folder}@{epoch} names an epoch already")
        there = run.epochs()
        if epoch in there:
            return _of_file(there[epoch], engine)
        last = run.last_epoch()
        if epoch != last:
            kept = ", ".join(f"@{number}" for number in sorted({*there, *([] if last is None else [last])}))
            raise CondganError(
                f"{run.folder} has no generator of epoch {epoch}{f', but {kept}' if kept else ''}: "
                f"output.keep_every=EPOCHS keeps more"
            )
    if not path.exists():
        cure = {"last": "it appears within a minute of training", "best": "it takes evaluation during training"}
        raise CondganError(f"{run.folder} has no {checkpoint} checkpoint: {cure[checkpoint]}")
    prefix = "generator." if run.recipe.train.ema is None else "ema."
    return _restored(path, engine, *weights.load(path, checkpoints.KIND, prefix))


def is_shipped(path: Path) -> bool:
    """Whether a path names a generator in the package. An existing file of this name comes first."""
    return str(path) in SHIPPED and not path.exists()


def _of_file(path: Path, engine: str | None) -> Generator:
    return _restored(path, engine, *weights.load(path, KIND))


def _restored(path: Path, engine: str | None, description: dict[str, Any], state: State) -> Generator:
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
