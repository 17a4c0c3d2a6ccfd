"""A generator of images or vectors: one file with its recipe in the header, or the one inside a run."""

from collections.abc import Iterable, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from condgan import engines
from condgan.data.vectors import vectors
from condgan.engines import Samples, State
from condgan.errors import CondganError, nearest
from condgan.generation import classes as labels
from condgan.generation import sampling
from condgan.recipe import Domain, Recipe
from condgan.recipe.rules import unfit
from condgan.runs import checkpoint
from condgan.runs.run import Run
from condgan.storage import weights

KIND = "generator"
SHIPPED = ("mnist",)
"""Names of the trained generators in the package, each made by the recipe of its name."""


class Generator:
    """A trained generator.

    Attributes:
        recipe: the experiment that trained it.
        domain: what it makes, and for which classes or vector conditions.
        images_seen: how far its training had come.
        facts: what else its file says: of one in the package its ``provenance`` and its measured ``figures``.
        engine: that makes its pictures.
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
        self.engine = engine or recipe.engine
        self.sampler = engines.load(self.engine).sampler(recipe, domain, state)

    def sample(
        self, asked: str | int | Iterable[str | int] | npt.NDArray[np.floating], seed: int = 0, first: int = 0
    ) -> Samples:
        """Pictures of the asked classes, or for the asked conditions -> (N, C, H, W) uint8, or vectors (N, D) float32.

        Args:
            asked: ``"2026"``, ``[2, 0, 2, 6]``, ``"cat,dog"`` or ``["cat", "dog"]``; where conditions are vectors,
                those: floats (N, V).
            seed: 0 ... 2**63 - 1; with ``first`` and the condition, it decides each picture at any batch size.
            first: number of the first picture under this seed.

        Raises:
            CondganError: no such class, an empty sequence, a seed out of range, or a generator without conditions.
        """
        if not self.recipe.conditional:
            raise CondganError(
                f"{self.recipe.name} is unconditional: it cannot be asked for a class; "
                "`condgan sample PATH --grid` or Generator.sample_any shows what it makes"
            )
        if self.domain.condition is not None:
            try:
                conditions = np.asarray(asked)
            except ValueError:
                raise CondganError("conditions have rows of different lengths: expected floats (N, V)") from None
            return self.sample_conditions(conditions, seed, first)
        if isinstance(asked, np.ndarray) and asked.dtype.kind == "f":
            self.length()
        return self.sample_classes(labels.parse(asked, self.domain), seed, first)

    def sample_any(self, count: int, seed: int = 0, first: int = 0) -> Samples:
        """``count`` pictures, the classes in turn (or none, if the generator has none) -> as ``sample``.

        Raises:
            CondganError: less than one, a seed out of range, or a generator whose conditions are vectors.
        """
        if count < 1:
            raise CondganError(f"{count} pictures asked for: at least 1")
        if self.domain.condition is not None and self.recipe.conditional:
            raise CondganError(f"{self.recipe.name} has vector conditions: Generator.sample asks for them")
        return sampling.pictures(self.sampler, self.recipe, sampling.in_turn(self.domain, count, first), seed, first)

    def sample_conditions(self, conditions: npt.NDArray[Any], seed: int, first: int = 0) -> Samples:
        """Pictures for vector conditions, floats (N, V) -> as ``sample``.

        Raises:
            CondganError: they are of another type or shape, or not finite; the seed or first number is out of range;
                the generator has classes.
        """
        asked = vectors("conditions", conditions, self.length())
        return sampling.pictures(self.sampler, self.recipe, asked, seed, first)

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
        given = vectors("weights", weights, self.domain.classes)
        return sampling.pictures(self.sampler, self.recipe, given, seed, first)

    def length(self) -> int:
        """V, of the vector conditions that it is asked for.

        Raises:
            CondganError: it is asked for classes, or for nothing.
        """
        if self.domain.condition is None or not self.recipe.conditional:
            has = f"has {self.domain.classes} classes" if self.recipe.conditional else "is unconditional"
            raise CondganError(f"{self.recipe.name} {has}: it cannot be asked for vector conditions")
        return self.domain.condition

    def sample_classes(self, classes: npt.NDArray[np.int64], seed: int, first: int = 0) -> Samples:
        """Pictures of the classes with these indexes, (N,) int64 -> as ``sample``.

        Raises:
            CondganError: an index, the seed or the first number is out of range, or the generator has no classes.
        """
        if self.domain.condition is not None:
            raise CondganError(f"{self.recipe.name} has vector conditions: it cannot be asked for classes")
        if len(classes) and not (classes.min() >= 0 and classes.max() < self.domain.classes):
            raise CondganError(f"class index out of range: this generator has 0 to {self.domain.classes - 1}")
        return sampling.pictures(self.sampler, self.recipe, classes, seed, first)


def save(
    path: Path, recipe: Recipe, domain: Domain, images_seen: int, state: State, facts: Mapping[str, Any] | None = None
) -> None:
    """Write a generator file, with what else is known of it (``Generator.facts``)."""
    description = {"recipe": recipe.model_dump(mode="json"), "domain": domain.model_dump(mode="json")}
    weights.save(path, KIND, description | {"images_seen": images_seen, "facts": dict(facts or {})}, state)


def load(path: str | Path, which: str = "last", engine: str | None = None) -> Generator:
    """The generator of a run (its average, if the recipe has one), of a generator file, or of the package.

    Args:
        path: a run folder or a file; where nothing lies there, the name of a generator in the package: ``mnist``.
        which: the checkpoint of a run, ``last`` or ``best``.
        engine: ``torch`` or ``jittor``, to make its pictures with; none: the one that trained it. Two engines make the
            same pictures, but for a grey level here and there.

    Raises:
        CondganError: nothing there, damaged, or of a newer format; no such engine, or it is not installed.
    """
    path = Path(path)
    if path.is_dir():
        return _of_run(Run.open(path), which, engine)
    if is_shipped(path):
        with as_file(files("condgan.generation") / "files" / f"{path}.safetensors") as file:
            return _of_file(file, engine)
    if not path.exists():
        raise CondganError(
            f'no run and no generator file at "{path}"{nearest(str(path), SHIPPED)}: `condgan train` makes one, and '
            f"{' and '.join(SHIPPED)} is in the package"
        )
    return _of_file(path, engine)


def is_shipped(path: Path) -> bool:
    """Whether a path names a generator in the package: nothing lies there, so that a user's own file comes first."""
    return str(path) in SHIPPED and not path.exists()


def _of_file(path: Path, engine: str | None) -> Generator:
    return _made(path, engine, *weights.load(path, KIND))


def _made(path: Path, engine: str | None, description: dict[str, Any], state: State) -> Generator:
    recipe, domain = checkpoint.subject(path, description)
    reason = unfit(recipe, domain)
    if reason:
        raise CondganError(f"{path} is damaged: {reason}")
    seen, facts = description.get("images_seen"), description.get("facts")
    seen, facts = seen if isinstance(seen, int) else 0, facts if isinstance(facts, dict) else None
    try:
        return Generator(recipe, domain, seen, state, facts, engine)
    except CondganError as error:
        raise CondganError(f"{path}: {error}") from None


def _of_run(run: Run, which: str, engine: str | None) -> Generator:
    path = run.checkpoint(which)
    if not path.exists():
        cure = "it appears within a minute of training" if which == "last" else "it takes evaluation during training"
        raise CondganError(f"{run.folder} has no {which} checkpoint: {cure}")
    recipe = run.recipe()
    prefix = "generator." if recipe.train.ema is None else "ema."
    return _made(path, engine, *weights.load(path, checkpoint.KIND, prefix))
