"""What can be trained, and trainings that are asked for. Their checks and messages are those of the command line."""

import shlex
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from condgan.errors import ArgumentError, CondganError, in_one_line
from condgan.recipe import Recipe, builtin
from condgan.recipe.text import differences
from condgan.runs import moment
from condgan.studio import places
from condgan.studio.parts import Order, With
from condgan.training import beginning
from condgan.verdicts.plan import LEAST_MINUTES, MOST_MINUTES

router = APIRouter(tags=["training"])
SOURCE, KEY = "data.source", "watermark.key"


class Train(Order):
    """A training that is asked for: what `condgan train` takes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recipe": "mnist-fast", "overrides": ["train.epochs=2"]}]}
    )

    recipe: str | None = Field(None, max_length=200)
    """A built-in recipe, or the name of a run whose recipe is taken; none: one that suits the data."""
    overrides: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=200)
    """``section.field=value``."""
    data: str | None = Field(None, max_length=1000)
    """A built-in dataset, or one of those that the studio lists."""
    start: str | None = Field(None, max_length=300)
    """A run whose networks it begins with."""
    run: str | None = Field(None, max_length=200)
    """The name of the new run; none: a name of its own."""
    seeds: Annotated[int, Field(ge=1, le=100)] | None = None
    """So many trainings, as a study."""


Minutes = Annotated[float, Field(ge=LEAST_MINUTES, le=MOST_MINUTES)]


class Worth(Order):
    """A question to a dataset: do synthetic images help?"""

    data: Annotated[str, Field(max_length=1000)]
    minutes: Minutes = 20
    run: str | None = Field(None, max_length=200)


class Cure(Order):
    """A run that is to be cured."""

    of: Annotated[str, Field(max_length=300)]
    minutes: Minutes = 20
    run: str | None = Field(None, max_length=200)


@router.get("/recipes")
def recipes() -> dict[str, Any]:
    """The built-in recipes with all their fields, and the schema of a recipe."""
    found = [
        {"name": name, "source": one.source, "recipe": one.model_dump(mode="json")}
        for name, one in builtin.RECIPES.items()
    ]
    return {"recipes": found, "default": builtin.DEFAULT, "schema": Recipe.model_json_schema()}


@router.post("/check")
def check(order: Train, parts: With) -> dict[str, Any]:
    """Whether a training can be: its command, its whole recipe, and how that differs from the built-in one.

    Of one that cannot be, ``problem`` says why: that is an answer to the question, and no error.
    """
    try:
        recipe, reason = planned(order, parts)
        if order.run is not None:
            places.new(parts.settings, order.run)
    except CondganError as error:
        return {
            "problem": in_one_line(str(error)),
            "field": error.argument if isinstance(error, ArgumentError) else None,
        }
    known = builtin.RECIPES.get(recipe.name)
    return {
        "problem": None,
        "command": shlex.join(["condgan", *words(order, parts)]),
        "recipe": recipe.model_dump(mode="json"),
        "changes": [] if known is None else [*differences(recipe, known)],
        "reason": reason,
    }


@router.post("/runs", status_code=202)
def train(order: Train, parts: With) -> dict[str, str]:
    """Let a training wait for its turn; it is checked before.

    Raises:
        CondganError: it cannot be trained, with the reason.
    """
    recipe, _ = planned(order, parts)
    with parts.queue.locked():
        name = order.run or parts.queue.name(recipe.name)
        job = parts.queue.add(words(order.model_copy(update={"run": name}), parts), name, new=True)
    return {"job": job.id, "run": name}


@router.post("/worth", status_code=202)
def worth(order: Worth, parts: With) -> dict[str, str]:
    """Let `condgan worth` wait for its turn."""
    source = places.data(parts.settings, order.data)
    return asked("worth", source, order.minutes, order.run, parts)


@router.post("/cure", status_code=202)
def cure(order: Cure, parts: With) -> dict[str, str]:
    """Let `condgan cure` wait for its turn."""
    run = places.run(parts.settings, order.of)
    return asked("cure", str(run.folder), order.minutes, order.run, parts)


def asked(what: str, of: str, minutes: float, run: str | None, parts: With) -> dict[str, str]:
    """Let a command that makes a study wait for its turn."""
    with parts.queue.locked():
        name = run or parts.queue.name(what)
        told = (what, of, *options(minutes=f"{minutes:g}", study=str(places.new(parts.settings, name))))
        return {"job": parts.queue.add(told, name, new=True).id, "run": name}


@router.delete("/jobs/{job}")
def remove(job: str, parts: With) -> dict[str, str]:
    """Take back a job that waits, end one that runs, or forget one that failed."""
    parts.queue.remove(job)
    return {"job": job}


def planned(order: Train, parts: With) -> tuple[Recipe, str]:
    """The recipe of an order, and why, where it was chosen here.

    Raises:
        CondganError: an unknown recipe, field, value, dataset or run.
    """
    for text in order.overrides:
        if text.partition("=")[0].strip() in (SOURCE, "source", "data"):
            raise ArgumentError("data", text, "name the dataset as `data`")
        if text.startswith(KEY):  # a path, and paths that a request names lie below the studio's folders
            raise ArgumentError("watermark.key", text, "a training with a mark is started in a terminal")
    source = None if order.data is None else places.data(parts.settings, order.data)
    start = None if order.start is None else str(started(order.start, parts))
    return beginning.planned(base(order, parts), order.overrides, source, None, start)


def base(order: Train, parts: With) -> str | Recipe | None:
    """The recipe that an order begins with.

    Raises:
        CondganError: neither a built-in recipe nor a run has this name.
    """
    if order.recipe is None or order.recipe in builtin.RECIPES:
        return order.recipe
    try:
        return places.run(parts.settings, order.recipe).recipe
    except places.MissingError:
        raise CondganError(f'no recipe and no run is named "{order.recipe[:60]}"') from None


def started(name: str, parts: With) -> str:
    """The path of a run, or of its generator after an epoch.

    Raises:
        MissingError: there is none.
    """
    folder, epoch = moment.parse(name)
    run = places.run(parts.settings, str(folder))
    return str(run.folder) if epoch is None else f"{run.folder}@{epoch}"


def words(order: Train, parts: With) -> tuple[str, ...]:
    """The command of an order, after ``condgan``."""
    known = order.recipe is None or order.recipe in builtin.RECIPES
    recipe = order.recipe if known else str(places.run(parts.settings, order.recipe or "").folder / "recipe.json")
    given = {
        "data": None if order.data is None else places.data(parts.settings, order.data),
        "from": None if order.start is None else started(order.start, parts),
        "seeds": None if order.seeds is None else str(order.seeds),
        "run": None if order.run is None else str(parts.settings.runs / order.run),
    }
    return ("train", *([recipe] if recipe else []), *order.overrides, *options(**given))


def options(**given: str | None) -> list[str]:
    """Options of a command by name, without those that are None."""
    return [part for name, value in given.items() if value is not None for part in (f"--{name}", value)]
