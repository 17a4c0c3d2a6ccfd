"""A study as its arms: trainings that differ in their seed alone, what sets them apart, and their figures together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from condgan.errors import CondganError
from condgan.experiments.study import Study
from condgan.experiments.table import Spread, spreads
from condgan.experiments.trainings import CHANCE
from condgan.recipe import Recipe
from condgan.recipe.text import differences, present, typed
from condgan.results.figure import Figure

MOST_FIELDS = 12  # that set arms apart
LEFT_OUT = (*CHANCE, "evaluation")  # of what is told of an arm: none of these changes what is learnt


@dataclass(frozen=True)
class Arm:
    """Trainings of one recipe.

    Attributes:
        name: their folder in the study; empty where they lie in the study itself.
        trials: their names, in the order in which they began.
        settings: the values of the fields in which arms differ, in the order of ``Overview.fields``; empty texts where
            no training has its recipe yet.
        figures: by metric, over the trainings that have finished.
    """

    name: str
    trials: tuple[str, ...]
    settings: tuple[str, ...]
    figures: Mapping[str, Spread]


@dataclass(frozen=True)
class Overview:
    """The arms of a study.

    Attributes:
        fields: in which arms differ, as ``section.field``; at most twelve.
        arms: in the order in which they began.
    """

    fields: tuple[str, ...]
    arms: tuple[Arm, ...]


def of(study: Study, figures: Mapping[str, Mapping[str, float]]) -> Overview:
    """The arms of a study.

    Args:
        study: of any kind.
        figures: of trials by metric; those of trials that have not finished are not counted.
    """
    begun, outcomes = study.read()
    named: dict[str, list[str]] = {}
    for trial in begun:
        folder = PurePosixPath(trial).parent
        named.setdefault("" if folder == PurePosixPath(".") else folder.as_posix(), []).append(trial)
    recipes = {name: first_recipe(study, trials) for name, trials in named.items()}
    known = [recipe for recipe in recipes.values() if recipe is not None]
    apart = [text.partition("=")[0] for one in known for text in differences(one, known[0], *LEFT_OUT)]
    fields = tuple(dict.fromkeys(together(field, known) for field in apart))[:MOST_FIELDS]
    arms = []
    for name, trials in named.items():
        ended = [one for one in trials if (outcome := outcomes.get(one)) is not None and outcome.state == "finished"]
        found = [
            {metric: Figure(metric=metric, value=value) for metric, value in figures.get(one, {}).items()}
            for one in ended
        ]
        recipe = recipes[name]
        settings = tuple("" if recipe is None else typed(present(recipe, field)) for field in fields)
        arms.append(Arm(name, tuple(trials), settings, spreads(found)))
    return Overview(fields, tuple(arms))


def together(field: str, recipes: Sequence[Recipe]) -> str:
    """``optim.lr`` for ``optim.g.lr`` where both networks have the same in each recipe; else the field as it is."""
    parts = field.split(".")
    if len(parts) != 3:
        return field
    one, both = (".".join((parts[0], part, parts[2])) for part in ("g", "d"))
    same = all(present(recipe, one) == present(recipe, both) for recipe in recipes)
    return f"{parts[0]}.{parts[2]}" if same else field


def first_recipe(study: Study, trials: list[str]) -> Recipe | None:
    """The recipe of the first training that has one; none where none has, or it is damaged."""
    for trial in trials:
        run = study.run(trial)
        if (run.folder / "recipe.json").is_file():
            try:
                return run.recipe
            except CondganError:
                continue
    return None


def at_work(study: Study) -> bool:
    """Whether a process works on a study; where the folder's permissions hide it, no."""
    from filelock import FileLock, Timeout

    path = study.folder / ".lock"
    try:
        if path.is_file():
            with FileLock(path, blocking=False):
                pass
    except Timeout:
        return True
    except OSError:
        return False
    return False
