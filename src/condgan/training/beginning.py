"""What a new training begins with: the recipe that suits its data, and the networks of another run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy.typing as npt

from condgan.data import Dataset, Given, identity, sources
from condgan.data.identity import Known
from condgan.data.readers import BUILT_IN
from condgan.engines import State
from condgan.engines.engine import Engine
from condgan.errors import CondganError
from condgan.generation import generator
from condgan.recipe import Domain, Recipe, builtin
from condgan.recipe.suited import USUAL, suggested
from condgan.recipe.text import override
from condgan.runs import checkpoint as checkpoints
from condgan.runs import moment
from condgan.runs.run import Run
from condgan.storage import privacy

MOST_NAMED = 5
NETWORKS = ("generator.", "discriminator.", "ema.")
BY_CLASS = ("condition.weight", "gain.weight", "bias.weight", "classes.weight", "classes.bias")
"""Arrays whose rows are classes, where conditions are classes."""


def planned(
    recipe: str | PathLike[str] | Recipe | None,
    overrides: Iterable[str],
    data: Given | None = None,
    epochs: int | None = None,
    start: str | PathLike[str] | None = None,
) -> tuple[Recipe, str]:
    """The recipe that is to be trained, and why, where it was chosen here. Arguments as for ``training.train``.

    Raises:
        CondganError: there is no such recipe, field or data.
    """
    chosen = [*overrides, *[f"train.epochs={epochs}"] * (epochs is not None)]
    reason = ""
    if recipe is None:
        recipe, suits, reason = suited(chosen, data, start)
        chosen = [*suits, *chosen]
    return override(recipe, chosen) if isinstance(recipe, Recipe) else builtin.get(recipe, chosen), reason


def suited(
    overrides: Iterable[str], data: Given | None, start: str | PathLike[str] | None
) -> tuple[str | Recipe, tuple[str, ...], str]:
    """The recipe for data of one's own: it, its overrides, and why; the default for built-in data.

    Raises:
        CondganError: there are no such data.
    """
    if start is not None:
        return Start.open(start).recipe, (), ""
    overrides = list(overrides)
    given = [text.partition("=")[2] for text in overrides if text.startswith("data.source=")]
    source = data if data is not None else (given[-1] if given else None)
    if source is None or str(source) in BUILT_IN:
        return builtin.DEFAULT, (), ""
    form = override(builtin.get(builtin.DEFAULT), [t for t in overrides if t.startswith("data.")]).data
    sizes: Mapping[Any, int]
    if isinstance(source, Dataset):
        split = source.train
        count, sizes = sum(map(len, source.splits.values())), {split.images.shape[2:]: 1}
    elif isinstance(source, tuple | list):
        dataset = sources.load(form.model_copy(update={"size": USUAL}), source)
        split, count = dataset.train, sum(map(len, dataset.splits.values()))
        sizes = dataset.sizes or {split.images.shape[2:]: count}
    else:
        count, sizes = sources.peek(str(source), form)
    if any(len(size) != 2 for size in sizes):
        return builtin.DEFAULT, (), ""  # vectors
    suggestion = suggested(count, sizes, {text.partition("=")[0] for text in overrides})
    reason = f"recipe {' '.join([suggestion.recipe, *suggestion.overrides])}, for {suggestion.reason}"
    return suggestion.recipe, suggestion.overrides, reason


@dataclass(frozen=True, eq=False)
class Start:
    """The networks that a training begins with.

    Attributes:
        name: of the run or file, as it was given.
        recipe, domain: of the training that they come from.
        step: where they stand; none where the file does not tell.
        state: arrays by name, those of ``NETWORKS``.
        known: the splits of that run; an image that it was tested on is not trained on here.
    """

    name: str
    recipe: Recipe
    domain: Domain
    step: int | None
    state: State
    known: Known | None

    @classmethod
    def open(cls, start: str | PathLike[str]) -> "Start":
        """The networks of a run's last checkpoint, or of a generator alone (``RUN@100``, a generator file).

        Raises:
            CondganError: there is no such run, checkpoint or file.
        """
        place, epoch = moment.parse(start, "start")
        known = identity.load(Run(place).splits_file) if place.is_dir() else None
        if place.is_dir() and epoch is None:
            path = Run.open(place).checkpoint()
            if not path.exists():
                raise CondganError(f"{place} has no checkpoint yet: `condgan resume {place}` continues it")
            loaded = checkpoints.load(path)
            state = {name: array for name, array in loaded.state.items() if name.startswith(NETWORKS)}
            return cls(str(place), loaded.recipe, loaded.domain, loaded.step, state, known)
        alone = generator.load(start)
        state = {part + name: array for part in ("generator.", "ema.") for name, array in alone.state.items()}
        return cls(str(start), alone.recipe, alone.domain, None, state, known)

    def into(self, engine: Engine, recipe: Recipe, domain: Domain) -> tuple[State, str]:
        """Put the weights into an engine at step 0 -> its generator, and what was taken over in a sentence.

        Rows and columns of classes go to the class of the same name; new classes, and arrays of another shape, stay as
        they were initialised.

        Raises:
            CondganError: nothing fits.
        """
        state = engine.state()
        taken, fresh = list[str](), list[str]()
        for name in [name for name in state if name.startswith(NETWORKS)]:
            old = self.state.get(name)
            array = None if old is None else self.transferred(name, state[name], old, recipe, domain)
            (fresh if array is None else taken).append(name)
            state[name] = state[name] if array is None else array
        if not any(name.startswith("generator.") and not name.endswith(BY_CLASS) for name in taken):
            raise CondganError(
                f"{self.name} has no weights that fit {recipe.name}: begin with a run of the same networks and size"
            )
        engine.load(state)
        return engine.generator_state(), self.words(taken, fresh, domain)

    def words(self, taken: list[str], fresh: list[str], domain: Domain) -> str:
        """Which arrays were taken over and which are as they were initialised, and which classes are new."""
        where = "" if self.step is None else f" (step {self.step})"
        new = [label for label in domain.class_names if label not in self.domain.class_names]
        anew = [f"{len(fresh)} initialised ({some(fresh)})"] if fresh else []
        anew += [f"new classes: {some(new)}"] if new else []
        of = f"{len(taken)} of {len(taken) + len(fresh)} arrays of the networks taken over"
        return "; ".join([f"begins with {self.name}{where}: {of}", *anew])

    def transferred(
        self, name: str, fresh: npt.NDArray[Any], old: npt.NDArray[Any], recipe: Recipe, domain: Domain
    ) -> npt.NDArray[Any] | None:
        """An old array in the shape of a fresh one; none if it does not fit."""
        before, after = self.domain.class_names, domain.class_names
        if not before or not after or old.ndim != fresh.ndim:
            return old if old.shape == fresh.shape else None
        result, places = fresh.copy(), {label: row for row, label in enumerate(before)}
        pairs = [(row, places[label]) for row, label in enumerate(after) if label in places]
        if name.endswith(BY_CLASS) and (len(old), len(fresh)) == (len(before), len(after)):
            width = min(old.shape[1:] + fresh.shape[1:], default=None)  # of an embedding: as many as there are classes
            for row, place in pairs:
                result[row] = 0  # where it is wider now, so that known classes look as before
                result[row : row + 1, ..., :width] = old[place : place + 1, ..., :width]
            return result
        network = recipe.discriminator if name.startswith("discriminator.") else recipe.generator
        widths = old.shape[1:2] + fresh.shape[1:2]
        rest = old.shape[:1] + old.shape[2:] == fresh.shape[:1] + fresh.shape[2:]
        if rest and len(widths) == 2 and widths[1] - widths[0] == len(after) - len(before) and first(name):
            own = widths[0] - len(before)  # columns of latents or pixels; those of the condition come last
            result[:, :own] = old[:, :own]
            if network.condition != "one-hot":
                pairs = [(column, column) for column in range(min(len(before), len(after)))]
            for column, place in pairs:
                result[:, own + column] = old[:, own + place]
            return result
        return old if old.shape == fresh.shape else None

    def facts(self) -> Mapping[str, object]:
        """For the provenance of the run that begins here."""
        return {
            "start": privacy.told(self.name),
            "step": self.step,
            "recipe": self.recipe.name,
            "data_sha256": self.domain.data_sha256,
        }


def some(names: list[str]) -> str:
    """The first names of many."""
    return ", ".join(names[:MOST_NAMED]) + ", ..." * (len(names) > MOST_NAMED)


def first(name: str) -> bool:
    """Whether an array is the weight of a first layer, which sees the condition beside its input."""
    return (
        name.endswith(("hidden.0.linear.weight", "first.linear.weight")) or "branches.1." in name or ".enter." in name
    )
