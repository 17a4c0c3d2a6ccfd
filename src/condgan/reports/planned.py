"""The plan of a study in its report: what its trainings share, what varies, and the command that repeats it."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from condgan.errors import CondganError
from condgan.experiments import spaces, sweep
from condgan.experiments.study import Study
from condgan.recipe import Recipe, builtin
from condgan.recipe.text import differences, present, to_json, typed
from condgan.reports import of_run
from condgan.reports.document import Code, Paragraph, Section, Table
from condgan.reports.language import Words
from condgan.reports.subject import Subject

MOST_FIELDS, MOST_VALUES = 20, 8
MACHINE = ("machine.device", "machine.threads")  # which describe the machine of a run
USUAL = {"metrics": ["fid"], "trials": 20, "seeds": 1, "sampler": "tpe"}  # of a sweep that says nothing of them


def setup(study: Study, subjects: Sequence[Subject], words: Words) -> Section:
    """What all trainings have in common, and what varies between them."""
    section = Section("setup", words("setup.title"))
    every = [of_run.rows(subject, words) for subject in subjects]
    shared = [row for row in every[0] if all(row in rows for rows in every)]
    if len(subjects) > 1:
        section.add(Paragraph(words("study.shared")))
    section.add(Table((words("setup.field"), words("setup.value")), tuple(shared)))
    varying = tuple((f"`{name}`", values) for name, values in varies(study, subjects, words))
    if not varying:
        return section
    header = (words("setup.field"), words("study.values"))
    return section.add(Paragraph(words("study.varies")), Table(header, varying[:MOST_FIELDS]))


def varies(study: Study, subjects: Sequence[Subject], words: Words) -> list[tuple[str, str]]:
    """Each field that varies, with its values: as the plan has them, else as the trainings have."""
    of = study.described()["plan"]
    planned = dict(str(word).partition("=")[::2] for word in listed(of.get("words")))
    recipes = [subject.recipe for subject in subjects]
    differing = [text.partition("=")[0] for one in recipes for text in differences(one, recipes[0], "machine")]
    names = dict.fromkeys(name for name in differing if name != "seed" and not covered(name, planned))
    found = [(name, values) for name, values in planned.items() if several(values)]
    found += [(name, enumerated([present(one, name) for one in recipes], words)) for name in names]
    seeds = sorted({one.seed for one in recipes})
    return found if len(seeds) < 2 else [*found, ("seed", enumerated(seeds, words))]


def listed(value: object) -> list[Any]:
    """What should be a list, in a file that anyone may have written."""
    return value if isinstance(value, list) else []


def several(text: str) -> bool:
    """Whether words of a space have more than one value."""
    return any(mark in text for mark in (",", "/", ".."))


def covered(name: str, planned: Mapping[str, str]) -> bool:
    """Whether a field is one of those that the plan names: ``optim.g.lr`` is one of ``optim.lr``."""
    parts = name.split(".")
    return any(field in (name, f"{parts[0]}.{parts[-1]}") or f"+{name}=" in f"+{of}" for field, of in planned.items())


def enumerated(values: Sequence[Any], words: Words) -> str:
    """Values once each: a range of whole numbers, or a list."""
    once = list(dict.fromkeys(values))
    if len(once) > 2 and all(type(one) is int for one in once) and once == list(range(once[0], once[-1] + 1)):
        return words("study.from-to", first=once[0], last=once[-1])
    shown = words.between.join(map(typed, once[:MOST_VALUES]))
    return shown if len(once) <= MOST_VALUES else f"{shown}{words.between}..."


def repeat(study: Study, words: Words) -> Section:
    """The command that trains it all again, and those that continue it and report on it."""
    folder = shlex.quote(str(study.folder))
    section = Section("repeat", words("repeat.title"))
    base = planned_recipe(study)
    if (made := command(study)) is not None:
        section.add(Paragraph(words("study.again")), Code(made, "console"))
    if base is not None and base.name not in builtin.RECIPES:
        section.add(Paragraph(words("study.recipe")), Code(to_json(base).strip(), "json"))
    goes_on = f"condgan resume {folder}\ncondgan report {folder} -o report.html"
    return section.add(Paragraph(words("study.plan")), Code(goes_on, "console"))


def command(study: Study) -> str | None:
    """The command that trains all of a study again; none of an unknown kind.

    Raises:
        CondganError: the plan is damaged.
    """
    described = study.described()
    make = COMMANDS.get(described["kind"])
    return None if make is None else make(described["plan"], planned_recipe(study))


def ordered(study: Study) -> int | None:
    """How many trainings a study orders in all; none where that depends on what comes of them, or is not written.

    Raises:
        CondganError: the plan is damaged.
    """
    described = study.described()
    count = ORDERED.get(described["kind"])
    try:
        return None if count is None else count(described["plan"])
    except (KeyError, TypeError, ValueError):
        return None


def planned_recipe(study: Study) -> Recipe | None:
    """The recipe that a plan starts from, if it has one."""
    of = study.completed()["plan"]
    return None if "recipe" not in of else Recipe.model_validate(of["recipe"])


def again(verb: str, base: Recipe | None, given: Sequence[str], options: Mapping[str, str | None]) -> str:
    """A command that starts from a recipe: its name, or a file, with what differs, and with its data.

    ``options`` are by name; a value of none is an option without one.
    """
    if base is None:
        return shlex.join(["condgan", verb, *given, *flags(options)])
    known = builtin.RECIPES.get(base.name)
    changes = [] if known is None else changed(base, known, given)
    source = base.data.source
    data = {"data": source} if source and (known is None or source != known.data.source) else {}
    name = base.name if known is not None else "recipe.json"
    return shlex.join(["condgan", verb, name, *changes, *given, *flags({**data, **options})])


def flags(options: Mapping[str, str | None]) -> list[str]:
    """Options as they are typed."""
    return [word for name, value in options.items() for word in (f"--{name}", value) if word is not None]


def changed(base: Recipe, known: Recipe, given: Sequence[str]) -> list[str]:
    """The overrides that a recipe needs beside words that are given anyway."""
    try:
        known = spaces.parse(known, given).base
    except CondganError:  # words that this recipe does not allow are shown, and refused where they are typed
        return []
    changes = differences(base, known)
    return [text for text in changes if text.partition("=")[0] not in ("data.source", *MACHINE)]


def of_seeds(of: Mapping[str, Any], base: Recipe | None) -> str:
    """``condgan train`` with several seeds."""
    return again("train", base, (), {"seeds": str(of.get("seeds", "?"))})


def of_sweep(of: Mapping[str, Any], base: Recipe | None) -> str:
    """``condgan sweep ...``, with the options that are not the usual ones."""
    options: dict[str, str | None] = {}
    for name, usual in USUAL.items():
        value = of.get(name, usual)
        if value == "one-at-a-time":
            options[value] = None
        elif value != usual:
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            options["metric" if name == "metrics" else name] = text
    return again("sweep", base, [str(word) for word in listed(of.get("words"))], options)


def of_claims(of: Mapping[str, Any], base: Recipe | None) -> str:
    """``condgan reproduce``."""
    return again("reproduce", base, (), {"budget": str(of.get("budget", "quick"))})


def of_worth(of: Mapping[str, Any], base: Recipe | None) -> str:
    """``condgan worth``."""
    source = "mnist" if base is None else base.data.source
    return again("worth", None, (source,), minutes(of))


def of_cure(of: Mapping[str, Any], base: Recipe | None) -> str:
    """``condgan cure``."""
    return again("cure", None, (str(of.get("of", "RUN")),), minutes(of))


def minutes(of: Mapping[str, Any]) -> dict[str, str | None]:
    """How long a plan may take, if it says so."""
    given = of.get("minutes")
    return {"minutes": f"{given:g}"} if isinstance(given, int | float) else {}


ORDERED: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "seeds": lambda of: int(of["seeds"]),
    "sweep": lambda of: int(of["trials"]) * int(of["seeds"]) + max(sweep.CONFIRMED, int(of["seeds"])),
    "worth": lambda of: int(of["generators"]),
}
"""How many trainings each kind of plan orders; of others it is not known before their end."""


COMMANDS: dict[str, Callable[[Mapping[str, Any], Recipe | None], str]] = {
    "seeds": of_seeds,
    "sweep": of_sweep,
    "reproduction": of_claims,
    "worth": of_worth,
    "cure": of_cure,
}
"""The command of each kind of study, of its plan and of the recipe it starts from."""
