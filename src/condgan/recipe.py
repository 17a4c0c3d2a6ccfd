"""The recipe: a frozen, typed description of a whole experiment.

Overrides ``section.field=value`` change it, and nothing else does.
"""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from condgan.errors import CondganError, nearest

FORMAT: Literal[1] = 1  # of recipes in run folders, checkpoints and generator files


def _split(value: object) -> object:
    """A tuple as it is typed on a command line: ``128,256`` (or ``none`` for an empty one)."""
    if isinstance(value, str):
        return [] if value == "none" else [part.strip() for part in value.split(",")]
    return [value] if isinstance(value, int | float) else value


def _absent(value: object) -> object:
    return None if value == "none" else value


Count = Annotated[int, Field(ge=1)]
Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=65536)], ...], BeforeValidator(_split)]
Pair = Annotated[tuple[float, float], BeforeValidator(_split)]
Optional = BeforeValidator(_absent)
Device = Annotated[str, Field(pattern=r"^(cpu|cuda(:\d{1,3})?)$")]
Threads = Annotated[int, Field(ge=1, le=1024)]


class Section(BaseModel):
    """A part of a recipe: frozen, and a field that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class Data(Section):
    """Which labelled images, and how they are brought to one shape."""

    source: str = Field("mnist", min_length=1)
    """A built-in dataset, or the path of a folder of class folders, an .npz, or IDX files."""
    size: int = Field(28, ge=4, le=1024)
    """Height and width in pixels; images of other sizes are resized with antialiasing."""
    channels: Annotated[Literal[1, 3] | None, Optional] = None
    """1 (grey) or 3 (RGB); none: 3 if any image has colour."""
    fit: Literal["pad", "crop", "stretch"] = "pad"
    """What happens to images that are not square."""
    train_on: Literal["train", "train+validation"] = "train"
    """The splits that are trained on. The published recipes use all that is not test."""

    @model_validator(mode="before")
    @classmethod
    def _channels_as_typed(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("channels") in ("1", "3"):
            return values | {"channels": int(values["channels"])}  # Literal takes no number written as text
        return values


class Latent(Section):
    """The noise that a picture is made from."""

    dim: int = Field(100, ge=1, le=65536)
    distribution: Literal["normal", "uniform"] = "normal"
    """normal: N(0, 1) in each dimension; uniform: on [0, 1]."""


class MLP(Section):
    """A stack of linear layers."""

    hidden: Widths
    """Units of each hidden layer."""
    condition: Literal["embedding", "one-hot", "none"] = "embedding"
    """How the label enters: a learned (K, K) embedding or a one-hot vector beside the input, or not at all."""
    branches: Annotated[Annotated[tuple[int, int], BeforeValidator(_split)] | None, Optional] = None
    """Units of a first layer for the input and of one for the label, joined by the first of ``hidden``."""
    activation: Literal["relu", "leaky-relu", "prelu", "maxout"] = "leaky-relu"
    """leaky-relu has slope 0.2."""
    pieces: Widths = ()
    """For maxout: linear pieces of the input branch, of the label branch, then of each hidden layer."""
    norm: Literal["none", "batch"] = "none"
    norm_eps: float = Field(1e-5, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    plain_first: bool = False
    """The first hidden layer has neither normalisation nor dropout."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.branches and self.condition == "none":
            raise ValueError("branches need a condition: set condition=one-hot, or branches=none")
        layers = (2 if self.branches else 0) + len(self.hidden)
        if self.activation == "maxout" and len(self.pieces) != layers:
            raise ValueError(f"maxout needs pieces for each of its {layers} layers, given {len(self.pieces)}")
        return self


class Generator(MLP):
    """Latents and labels to images."""

    output: Literal["tanh", "sigmoid"] = "tanh"
    """tanh: images are scaled to [-1, 1]; sigmoid: to [0, 1]."""


class Discriminator(MLP):
    """Images and labels to one logit each (a sigmoid, where a paper has one, is part of the loss)."""


class Loss(Section):
    """What the discriminator and the generator minimise."""

    name: Literal["bce", "least-squares"] = "bce"
    """bce: cross-entropy, non-saturating for the generator."""
    halved: bool = False
    """The discriminator's loss is the mean of its real and fake parts, not their sum."""


class Optimiser(Section):
    """One network's optimiser, with schedules that are pure functions of progress."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(2e-4, gt=0)
    betas: Pair = (0.9, 0.999)
    """adam, adamw."""
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "linear", "exponential"] = "constant"
    """linear: to 0 at the last step; exponential: divided by ``decay`` each step, down to ``lr_floor``."""
    decay: float = Field(1.00004, ge=1)
    lr_floor: float = Field(1e-6, ge=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    """sgd: at the start."""
    momentum_end: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, Optional] = None
    """sgd: reached linearly over ``momentum_epochs``; none: as at the start."""
    momentum_epochs: Count = 1

    @model_validator(mode="after")
    def _betas_in_range(self) -> Self:
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas must lie in [0, 1), given {self.betas[0]:g},{self.betas[1]:g}")
        return self


class Optim(Section):
    """The optimisers of generator and discriminator; ``optim.lr=...`` sets both."""

    g: Optimiser = Optimiser()
    d: Optimiser = Optimiser()


class Train(Section):
    """The loop."""

    batch: int = Field(64, ge=2, le=1 << 20)
    epochs: Count = 100
    order: Literal["g-first", "d-first"] = "d-first"
    """Which network steps first on a batch."""
    fakes: Literal["shared", "fresh"] = "shared"
    """shared: both networks step on the same generated batch; fresh: each step generates its own."""
    fake_labels: Literal["uniform", "real"] = "uniform"
    """Labels of the generated images: uniform over classes, or those of the real batch."""
    critic_steps: int = Field(1, ge=1, le=100)
    """Discriminator steps for each generator step (n_critic), all on the same real batch."""
    generator_batch: Literal["real", "full"] = "real"
    """Images in a generator step: as many as the real batch has, or always ``batch`` (for fresh fakes)."""
    ema: Annotated[Annotated[float, Field(ge=0, lt=1)] | None, Optional] = None
    """Decay per step of the averaged generator that is sampled from; none: the generator as it is."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.fakes == "shared" and self.critic_steps > 1 and self.order == "g-first":
            raise ValueError("shared fakes with g-first allow one discriminator step: critic_steps=1 or fakes=fresh")
        if self.fakes == "shared" and self.generator_batch == "full":
            raise ValueError("generator_batch=full needs fakes=fresh")
        if self.fake_labels == "real" and self.generator_batch == "full":
            raise ValueError("fake_labels=real needs generator_batch=real: a ragged batch has no labels to spare")
        return self


class Output(Section):
    """What a run writes while it trains; none of it changes what is learnt."""

    log_every: Count = 50
    """Steps between two lines of the log (counted from the start of each epoch); a line is the mean over them."""
    grid_every: Count = 60_000
    """Images seen between two class grids."""
    checkpoint_every: float = Field(60.0, gt=0, le=60)
    """Seconds of work that a kill may cost."""
    sequence: Annotated[str | None, Optional] = None
    """Classes of result.png, as for ``condgan sample``; none: each class once."""


class Machine(Section):
    """Where a run computes; none: picked by measuring, and recorded with the run."""

    device: Annotated[Device | None, Optional] = None
    """cpu, cuda or cuda:N."""
    threads: Annotated[Threads | None, Optional] = None


class Recipe(Section):
    """A whole experiment."""

    format: Literal[1] = FORMAT
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    source: str
    """Where the setup was published, or that it was not."""
    notes: Annotated[tuple[str, ...], Field()] = ()
    """What the source leaves open and was chosen here, and where this differs from it."""
    engine: Literal["torch"] = "torch"
    seed: int = Field(0, ge=0, lt=1 << 63)
    data: Data = Data()
    latent: Latent = Latent()
    generator: Generator
    discriminator: Discriminator
    loss: Loss = Loss()
    optim: Optim = Optim()
    train: Train = Train()
    output: Output = Output()
    machine: Machine = Machine()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.generator.condition == "none") != (self.discriminator.condition == "none"):
            raise ValueError(
                f"generator.condition={self.generator.condition} and discriminator.condition="
                f"{self.discriminator.condition}: either both networks see the label or neither does"
            )
        return self

    @property
    def conditional(self) -> bool:
        """Whether the asked label reaches the networks."""
        return self.generator.condition != "none"


class Domain(Section):
    """What images a generator makes: fixed by the dataset that it was trained on."""

    channels: Literal[1, 3]
    size: int = Field(ge=4, le=1024)
    class_names: Annotated[tuple[Annotated[str, Field(max_length=200)], ...], Field(min_length=1, max_length=100_000)]
    data: str
    """Name of the dataset."""
    data_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def classes(self) -> int:
        """The number of classes, K."""
        return len(self.class_names)


def to_json(recipe: Section) -> str:
    """The whole recipe as indented JSON, every field written out."""
    return json.dumps(recipe.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def override(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """The recipe with ``section.field=value`` strings applied, all errors reported at once.

    A field of every part of a section may be set on the section: ``optim.lr=1e-4`` sets ``optim.g.lr`` and
    ``optim.d.lr``. Later strings win.

    Raises:
        CondganError: naming each unknown field (with the nearest known one) and each value out of range.
    """
    values = recipe.model_dump()
    problems: list[str] = []
    for text in overrides:
        path, equals, value = text.partition("=")
        if not equals or not path:
            problems.append(f'"{text}" is not an override: write section.field=value, as in train.batch=128')
            continue
        targets = _targets(Recipe, path.split("."))
        if not targets:
            problems.append(f'unknown field "{path}"{nearest(path, _paths(Recipe))}: `condgan recipes NAME` shows all')
        for target in targets:
            inner = values
            for name in target[:-1]:
                inner = inner[name]
            inner[target[-1]] = value
    try:
        changed = Recipe.model_validate(values)
    except ValidationError as error:
        problems += explain(error)
    if problems:
        raise CondganError("; ".join(dict.fromkeys(problems)))
    return changed


def explain(error: ValidationError) -> list[str]:
    """Each problem of a failed validation in one clause: field, what is wrong, what was given."""
    clauses = []
    for problem in error.errors(include_url=False):
        location = [str(part) for part in problem["loc"]]
        path = ".".join(location) or "recipe"
        if problem["type"] == "extra_forbidden":
            clauses.append(f'unknown field "{path}"{nearest(path, _paths(Recipe))}')
        elif problem["type"] == "value_error":
            clauses.append(f"{path}: {str(problem['msg']).removeprefix('Value error, ')}")
        else:
            given = problem["input"]
            hint = ""
            if problem["type"] == "literal_error" and isinstance(given, str):
                hint = nearest(given, re.findall("'([^']+)'", problem["ctx"]["expected"]))
            message = problem["msg"][0].lower() + problem["msg"][1:]
            clauses.append(f"{path}={given if isinstance(given, str) else repr(given)[:80]}: {message}{hint}")
    return clauses


def from_json(text: str | bytes, what: str) -> Recipe:
    """A recipe from JSON that someone else may have written.

    Raises:
        CondganError: ``what`` is of a newer format, or no valid recipe.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError
        raise CondganError(f"{what} is not JSON ({error})") from None
    return from_values(values, what)


def from_values(values: object, what: str) -> Recipe:
    """A recipe from parsed JSON that someone else may have written.

    Raises:
        CondganError: ``what`` is of a newer format, or no valid recipe.
    """
    version = values.get("format") if isinstance(values, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise CondganError(f"{what} has recipe format {version}, this condgan reads up to {FORMAT}: upgrade condgan")
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise CondganError(f"{what} is not a recipe: {'; '.join(explain(error)[:5])}") from None


def _sections(model: type[Section]) -> dict[str, type[Section]]:
    return {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    }


def _targets(model: type[Section], path: list[str]) -> list[list[str]]:
    """The fields that a path names: one, or one in each part of a section; none if it is unknown or a section."""
    head, rest = path[0], path[1:]
    sections = _sections(model)
    if head in sections:
        return [[head, *target] for target in _targets(sections[head], rest)] if rest else []
    if head in model.model_fields:
        return [] if rest else [path]
    if sections and len(sections) == len(model.model_fields) and len(set(sections.values())) == 1:
        return [[name, *target] for name, part in sections.items() for target in _targets(part, path)]
    return []


def _paths(model: type[Section], prefix: str = "") -> list[str]:
    """Every ``section.field`` of a recipe, for suggestions."""
    found = []
    for name in model.model_fields:
        section = _sections(model).get(name)
        found += _paths(section, f"{prefix}{name}.") if section else [prefix + name]
    return found
