"""The recipe: a frozen, typed description of a whole experiment. ``recipe_text`` reads and writes it as text."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

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


class Evaluation(Section):
    """Measuring during training, against validation images; none of it changes what is learnt."""

    every: Annotated[Count | None, Optional] = 300_000
    """Images seen between two evaluations (the last is at the end); none: only ``condgan evaluate`` measures."""
    images: int = Field(5000, ge=2, le=1_000_000)
    """Generated images of an evaluation, in the classes' proportions of the validation images."""
    select: Literal["fid", "kid", "label_accuracy"] = "fid"
    """Chooses checkpoints/best; where there are too few images for a Frechet distance, kid does."""
    patience: Annotated[Count | None, Optional] = None
    """Stop after this many evaluations without a new best; none: train all epochs."""


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
    evaluation: Evaluation = Evaluation()
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
