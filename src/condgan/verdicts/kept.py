"""Verdicts that were written: read back from the files of a study, which anyone may have changed."""

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from condgan.errors import CondganError
from condgan.experiments.study import PLAN, Study
from condgan.runs import moment
from condgan.verdicts import cure, worth
from condgan.verdicts.cure import SHOWN
from condgan.verdicts.verdict import Word

Kind = Literal["worth", "cure"]
KINDS: tuple[Kind, ...] = ("worth", "cure")
DEPTH = 3  # folders from a run up to its study, at most


class Written(BaseModel):
    """What all verdicts have: a sentence, which is English."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    sentence: str


class Points(BaseModel):
    """A difference in points, with its interval."""

    difference: float
    low: float
    high: float


class Rarest(Points):
    """That of the rarest class."""

    name: str = Field(alias="class")


class Tried(BaseModel):
    """A way to train the classifier, in per cent of validation images."""

    way: str
    value: float
    spread: float
    n: int


class Worth(Written, Points):
    """Whether synthetic images help; the fields are those of ``worth.json``."""

    verdict: Word
    way: str
    base: str
    base_accuracy: float
    balanced: bool
    rarest: Rarest | None
    table: tuple[Tried, ...]
    notes: tuple[str, ...]
    train_images: int
    test_images: int
    needed_images: int | None = None
    command: str


class Named(BaseModel):
    """A fault."""

    kind: str


class Branch(BaseModel):
    """A cure that was tried; none: the run as it is."""

    cure: tuple[str, ...]
    fid: float | None


class Cure(Written):
    """What was tried on a run, and what came of it; the fields are those of ``cure.json``."""

    cured: bool
    cure: tuple[str, ...] | None
    before: dict[str, float] | None
    as_it_is: dict[str, float] | None
    after: dict[str, float] | None
    run: str | None
    of: str
    findings: tuple[Named, ...]
    left: tuple[str, ...]
    table: tuple[Branch, ...]

    @property
    def better(self) -> bool:
        """Whether the best branch has a lower Frechet distance than none by fresh seeds, or none has none."""
        as_it_is, after = (None if one is None else one.get(SHOWN[0]) for one in (self.as_it_is, self.after))
        return after is not None and (as_it_is is None or after < as_it_is)


AnyVerdict = TypeVar("AnyVerdict", bound=Written)


def read(place: Path, kind: type[AnyVerdict]) -> AnyVerdict | None:
    """A verdict; none where there is no such file, or it is damaged."""
    try:
        return kind.model_validate_json(place.read_bytes())
    except (OSError, ValidationError, ValueError, RecursionError):
        return None


def of_worth(folder: Path) -> Worth | None:
    """That of a study of worth."""
    return read(folder / worth.FILE, Worth)


def of_cure(folder: Path) -> Cure | None:
    """That of a study of a cure."""
    return read(folder / cure.FILE, Cure)


def beside(path: Any) -> list[tuple[Kind, Path]]:
    """The studies whose verdict is shown with a run, or with data: those that are where their command puts them.

    Of a run the study that trained it, and ``RUN-cure`` beside it; of a study its own; of data ``runs/worth-DATA``.
    """
    folder, _ = moment.parse(str(path))
    found: list[tuple[Kind, Path]] = []
    if (folder / PLAN).is_file():
        return [(kind, folder) for kind in KINDS if has(folder, kind)]
    if (folder / "recipe.json").is_file():
        above = next((one for one in folder.resolve().parents[:DEPTH] if (one / PLAN).is_file()), None)
        if above is not None:
            found += [(kind, above) for kind in KINDS if has(above, kind)]
        cured = cure.folder_of(folder)
        if has(cured, "cure") and (one := of_cure(cured)) is not None and Path(one.of).name == folder.name:
            found.append(("cure", cured))
        return found
    place = worth.folder_of(path)
    return [("worth", place)] if has(place, "worth") and of_data(place, path) else []


def has(folder: Path, kind: Kind) -> bool:
    """Whether a folder is a study of a kind that has a verdict."""
    try:
        known = (folder / PLAN).is_file() and Study(folder).kind() == kind
    except CondganError:
        return False
    return known and (of_worth if kind == "worth" else of_cure)(folder) is not None


def of_data(folder: Path, path: Any) -> bool:
    """Whether a study of worth is one of this data."""
    from condgan.data import sources

    try:
        return worth.written(Study(folder)).recipe.data.source == sources.place(str(path))
    except CondganError:
        return False


def told(path: Any) -> list[dict[str, str]]:
    """The verdicts beside a path: kind, sentence, study."""
    sentences = {"worth": of_worth, "cure": of_cure}
    found = [(kind, folder, sentences[kind](folder)) for kind, folder in beside(path)]
    return [
        {"kind": kind, "sentence": one.sentence, "study": str(folder)} for kind, folder, one in found if one is not None
    ]
